"""A folder of captioned images: what a picture head learns from and what picture search is measured on.

`captions.jsonl` holds a line `{"image": "dog.jpg", "captions": ["a dog runs", …]}` for each image; `captions.csv` has
the columns `image` and `caption`, one caption a row. Images lie beside that file or in `images/` next to it.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playhead.models.roles import Image

NAMES = ("captions.jsonl", "captions.csv")
_MOST_PIXELS = 100_000_000
_FIX = 'It holds lines {"image": "dog.jpg", "captions": ["a dog runs"]}, or CSV columns image,caption.'


@dataclass(frozen=True, slots=True)
class Captioned:
    """An image file, which may not exist, and what people wrote about it."""

    path: Path
    captions: tuple[str, ...]


def read_captions(source: Path) -> list[Captioned]:
    """Every image that has a caption, in the order of the file; `source` is that file or its folder.

    Raises `InputError` for a missing or damaged file and for one without captions.
    """
    file = _captions_file(source)
    found: dict[str, list[str]] = {}
    try:
        for image, caption in (_json_rows if file.suffix == ".jsonl" else _csv_rows)(file):
            found.setdefault(image, []).append(caption)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"captions cannot be read: {file}", str(error), _FIX) from None
    wanted = [(name, tuple(c for c in captions if c.strip())) for name, captions in found.items()]
    captioned = [Captioned(_image_file(file.parent, name), captions) for name, captions in wanted if captions]
    if not captioned:
        raise InputError(f"no captions in {file}", fix=_FIX)
    return captioned


def open_image(path: Path) -> Image | None:
    """The picture upright in RGB, or None where the file is missing, damaged, no image, or far too large."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        with Pillow.open(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, EOFError, Pillow.DecompressionBombError):
        return None


def _captions_file(source: Path) -> Path:
    if source.is_file():
        return source
    if not source.is_dir():
        raise InputError(f"there is no folder {source}", fix="Give a folder of captioned images.")
    for name in NAMES:
        if (source / name).is_file():
            return source / name
    raise InputError(f"{source} has no captions", f"there is neither {' nor '.join(NAMES)}", _FIX)


def _image_file(folder: Path, name: str) -> Path:
    inside = folder / "images" / name
    return inside if inside.is_file() else folder / name


def _json_rows(file: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            image, captions = row["image"], row["captions"]
            if not (isinstance(image, str) and isinstance(captions, list)):
                raise TypeError
        except (ValueError, TypeError, KeyError):
            raise InputError(f"line {number} of {file} is no captioned image", fix=_FIX) from None
        yield from ((image, str(caption)) for caption in captions)


def _csv_rows(file: Path) -> Iterator[tuple[str, str]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        if not {"image", "caption"} <= set(rows.fieldnames or ()):
            raise InputError(f"{file} has no columns image and caption", fix=_FIX)
        yield from ((row["image"] or "", row["caption"] or "") for row in rows)
