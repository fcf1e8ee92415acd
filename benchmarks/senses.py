"""How well words find pictures that heat or distance drew: photographs shown as grey, as false colours, and crushed.

    python benchmarks/senses.py FOLDER [--photographs 400] [--captions 2] [--spec concepts:head] [--json]

FOLDER is as for `image_recall.py`. The brightness of a photograph stands in for heat. `… turned to grey` are false
colours as the index shows them to the encoder. With `--json` the last line is one object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from image_recall import measure

from playhead.index.senses import as_seen
from playhead.models.captioned import read_captions
from playhead.models.registry import PROFILES, Models
from playhead.types import Channel

MAPS = {
    "inferno": cv2.COLORMAP_INFERNO,
    "hot": cv2.COLORMAP_HOT,
    "jet": cv2.COLORMAP_JET,
    "turbo": cv2.COLORMAP_TURBO,
}
CRUSHED = 16  # levels of grey that are left of 256: a sensor that uses a sixteenth of its 16 bits


def grey(image: Any) -> Any:
    """The brightness alone."""
    return as_seen(image, Channel.THERMAL)


def coloured(image: Any, name: str) -> Any:
    """The brightness in false colours."""
    return cv2.applyColorMap(np.ascontiguousarray(grey(image)[..., 0]), MAPS[name])[..., ::-1]


def ways() -> dict[str, Any]:
    """What is done to a photograph, by name."""
    found: dict[str, Any] = {
        "colour": lambda image: image,
        "grey": grey,
        "grey, inverted": lambda image: 255 - grey(image),
        "crushed": lambda image: grey(image) // (256 // CRUSHED),
    }
    for name in MAPS:
        found[name] = lambda image, name=name: coloured(image, name)
        found[f"{name}, turned to grey"] = lambda image, name=name: grey(coloured(image, name))
    return found


class Shown:
    """A picture model that sees every picture in one of these ways."""

    def __init__(self, encoder: Any, way: Any) -> None:
        self._encoder, self._way = encoder, way

    def encode_images(self, images: list[Any]) -> Any:
        return self._encoder.encode_images([np.ascontiguousarray(self._way(image)) for image in images])

    def encode_texts(self, texts: list[str]) -> Any:
        return self._encoder.encode_texts(texts)


def main() -> None:
    """Print recall for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photographs", type=int, default=400, help="the first so many")
    parser.add_argument("--captions", type=int, default=2, help="of each, the first so many")
    parser.add_argument("--spec", default=PROFILES["offline"]["picture"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    asked = [
        replace(one, captions=one.captions[: arguments.captions])
        for one in read_captions(arguments.folder)[: arguments.photographs]
    ]
    encoder = Models({"picture": arguments.spec}).picture
    results = {name: measure(Shown(encoder, way), asked) for name, way in ways().items()}
    for name, result in results.items():
        print(f"{name:24} R@1 {result['R@1']:6.1%}   R@10 {result['R@10']:6.1%}")
    if arguments.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
