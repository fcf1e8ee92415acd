"""How often the image moderator sees harm, and what that costs: over folders of pictures and films.

    python benchmarks/image_safety.py DIR... [--spec open-nsfw] [--fps 0.5] [--top 5] [--json]

Every image below each DIR is judged, and of every film the frames at `--fps`. For each DIR: how many reach each
threshold, by category, the highest with their cues, and CPU-ms a picture. Nothing knows what is in the pictures: over
folders that you know to be harmless these are false positives, over folders of weapons they are right.
With `--json` the last line is one object, and the highest are left out of it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.errors import PlayheadError
from playhead.media.decode import Sample, Wants, decode
from playhead.media.files import open_file
from playhead.models.captioned import open_image
from playhead.models.registry import OFFLINE, Models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playhead.models.roles import Finding, Image, ImageModerator

AT = (0.3, 0.5, 0.7, 0.9)
BATCH = 16
IMAGES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
FILMS = {".mp4", ".mkv", ".avi", ".mov", ".webm"}


def main() -> int:
    arguments = _arguments()
    try:
        moderator = Models({"image_safety": arguments.spec}, threads=arguments.threads).image_safety
        results = {str(folder): measure(moderator, folder, arguments.fps) for folder in arguments.folder}
    except PlayheadError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for name, result in results.items():
        _show(name, result, arguments.top)
    if arguments.json:
        machine = f"{platform.machine()} python {platform.python_version()}"
        counts = {name: {key: result[key] for key in result if key != "highest"} for name, result in results.items()}
        print(json.dumps({"moderator": moderator.id, "machine": machine, "folders": counts}))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--spec", default=OFFLINE["image_safety"], help="an image moderator, as in the settings")
    parser.add_argument("--fps", type=float, default=0.5, help="frames judged for each second of film")
    parser.add_argument("--top", type=int, default=5, help="how many of the highest are shown")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    return parser.parse_args()


def measure(moderator: ImageModerator, folder: Path, fps: float) -> dict[str, Any]:
    """Pictures judged, how many reach each threshold, the highest first, and CPU-ms spent on judging each."""
    judged: list[tuple[str, tuple[Finding, ...]]] = []
    spent_s = 0.0
    for names, images in _batches(folder, fps):
        started = time.process_time()
        judged += zip(names, moderator.moderate(images), strict=True)
        spent_s += time.process_time() - started
    by_category = {category: _scores(judged, category) for category in sorted(moderator.categories)}
    return {
        "pictures": len(judged),
        "reach": {c: {str(at): sum(row[0] >= at for row in rows) for at in AT} for c, rows in by_category.items()},
        "highest": by_category,
        "cpu_ms": round(1000 * spent_s / max(1, len(judged)), 1),
    }


def _scores(judged: Sequence[tuple[str, tuple[Finding, ...]]], category: str) -> list[tuple[float, str, str]]:
    found = [(f.score, name, f.cue) for name, findings in judged for f in findings if f.category == category]
    return sorted(found, reverse=True)


def _batches(folder: Path, fps: float) -> Iterator[tuple[list[str], list[Image]]]:
    names: list[str] = []
    images: list[Image] = []
    for name, image in _pictures(folder, fps):
        names.append(name)
        images.append(image)
        if len(images) == BATCH:
            yield names, images
            names, images = [], []
    if images:
        yield names, images


def _pictures(folder: Path, fps: float) -> Iterator[tuple[str, Image]]:
    """Every image that opens and the frames of every film, each with a name; what cannot be read is left out."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in IMAGES and (image := open_image(path)) is not None:
            yield path.name, image
        elif path.suffix.lower() in FILMS:
            yield from _frames(path, folder, fps)


def _frames(path: Path, folder: Path, fps: float) -> Iterator[tuple[str, Image]]:
    wants = Wants(keys=False, sound=False, subtitles=False, fps=fps)
    try:
        with open_file(path, [folder]) as file, closing(decode(file, wants)) as events:
            for event in events:
                if isinstance(event, Sample):
                    yield f"{path.name} at {event.time_s:.1f} s", event.image
    except PlayheadError as error:
        print(f"left out: {error}", file=sys.stderr)


def _show(name: str, result: dict[str, Any], top: int) -> None:
    print(f"{name}: {result['pictures']} pictures, {result['cpu_ms']} CPU-ms each")
    for category, reach in result["reach"].items():
        print(f"  {category:<14} " + "   ".join(f">= {at}: {count}" for at, count in reach.items()))
        for score, picture, cue in result["highest"][category][:top]:
            print(f"    {score:.3f}  {picture}  ({cue})")


if __name__ == "__main__":
    sys.exit(main())
