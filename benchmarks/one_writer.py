"""How much the one writer takes: hours of observed video committed a second, and what they weigh on disk.

    python benchmarks/one_writer.py [--hours 100] [--pictures 3600] [--texts 1200] [--library FOLDER] [--json]

Records are made up, of the form and density that workers send for an hour of video: distinct pictures with their
vector and thumbnail, and texts (objects, writing, speech) with theirs. They go the way that all records go.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image

from playhead import Settings
from playhead.index.catalog import Catalog, ChannelRecord, Record
from playhead.index.ingest import Ingest, Task
from playhead.index.observe import Options, embed_texts, recipe, space
from playhead.index.watch import stored, thumbnail_folder
from playhead.index.workers import Workers
from playhead.types import Channel, Span, Video

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.models.registry import Models
    from playhead.types import Progress

HOUR_S = 3600.0
PICTURE_DIMENSIONS, TEXT_DIMENSIONS = 768, 384  # those of the default models
CHANNELS = (Channel.PICTURE, Channel.OBJECT, Channel.TEXT, Channel.SPEECH)
WORDS = Path(__file__).read_text(encoding="utf-8").split()


@dataclass
class Named:
    """Models by name; sentences are random directions, as many numbers long as those of the default models."""

    chance: np.random.Generator
    id: str = "sentences"

    def identity(self, role: str) -> str:
        return str(role)

    @property
    def sentences(self) -> Named:
        return self

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return directions(self.chance, len(texts), TEXT_DIMENSIONS)


def directions(chance: np.random.Generator, count: int, dimensions: int) -> NDArray[np.float32]:
    rows = chance.standard_normal((count, dimensions), np.float32)
    return cast("NDArray[np.float32]", rows / np.linalg.norm(rows, axis=1, keepdims=True))


def hour(number: int, models: Named, pictures: int, texts: int) -> tuple[Task, Record]:
    """An hour of video as a worker would have observed it."""
    path, video_id = Path(f"/footage/{number:06}.mp4"), hashlib.sha256(str(number).encode()).hexdigest()
    options = Options(CHANNELS)
    known = cast("Models", models)
    channels = {c: ChannelRecord(recipe(c, known, options), space(c, known)) for c in CHANNELS}
    record = Record(Video(video_id, path.name, path, HOUR_S, 0.0, 1280, 720, True, ()), [], channels)
    edges = np.linspace(0, HOUR_S, pictures + 1)
    record.shots = [Span(float(a), float(b)) for a, b in zip(edges[:-1:8], edges[8::8], strict=False)]
    for span_s, vector in zip(edges, directions(models.chance, pictures, PICTURE_DIMENSIONS), strict=False):
        name = f"{thumbnail_folder(video_id)}/{round(span_s * 1000):09d}.jpg"
        span = Span(float(span_s), float(span_s) + HOUR_S / pictures)
        found = stored(video_id, Channel.PICTURE, span, "picture", thumbnail=name)
        record.segments.append(type(found)(found.segment, found.segment.id))
        record.vectors[found.segment.id] = (Channel.PICTURE, channels[Channel.PICTURE].space, vector)
    for n in range(texts):
        text = " ".join(models.chance.choice(WORDS, 9))
        start_s = n * HOUR_S / texts
        channel = CHANNELS[1 + n % 3]
        record.segments.append(stored(video_id, channel, Span(start_s, start_s + 4), str(channel), text=text))
    with Workers(1) as workers:
        embed_texts(record, known, workers)
    return Task(path, (path.parent,), video_id, frozenset(), options), record


def thumbnail(chance: np.random.Generator) -> bytes:
    """A JPEG of a size that thumbnails have."""
    coarse = chance.integers(0, 255, (9, 16, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(coarse).resize((320, 180), Image.Resampling.BICUBIC).save(data, "JPEG", quality=80)
    return data.getvalue()


def measure(library: Path, hours: int, pictures: int, texts: int) -> dict[str, float]:
    """Commit so many hours; the time that making them up takes is left out."""
    chance = np.random.default_rng(1)
    models = Named(chance)
    catalog = Catalog(library / "catalog.sqlite", create=True)

    def silent(_: Progress) -> None:
        pass

    ingest = Ingest(catalog, cast("Models", models), Settings(), library, silent, lambda: cast("Models", models))
    image, taken_s, cpu_s, slowest_s = thumbnail(chance), 0.0, 0.0, 0.0
    for number in range(hours):
        task, record = hour(number, models, pictures, texts)
        shown = {Path(s.segment.thumbnail).name: image for s in record.segments if s.segment.thumbnail}
        before_s, cpu_before_s = time.perf_counter(), time.process_time()
        ingest.commit(task, record, shown)
        last_s = time.perf_counter() - before_s
        taken_s, cpu_s, slowest_s = (
            taken_s + last_s,
            cpu_s + time.process_time() - cpu_before_s,
            max(slowest_s, last_s),
        )
    catalog.close()
    return {
        "hours": hours,
        "segments": hours * (pictures + texts),
        "hours_per_s": hours / taken_s,
        "segments_per_s": hours * (pictures + texts) / taken_s,
        "cpu_s_per_hour": cpu_s / hours,
        "slowest_commit_s": slowest_s,
        "last_commit_s": last_s,
        "catalogue_bytes_per_hour": os.path.getsize(library / "catalog.sqlite") / hours,
        "thumbnail_bytes_each": len(image),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=3600, help="distinct pictures in an hour")
    parser.add_argument("--texts", type=int, default=1200, help="segments with text in an hour")
    parser.add_argument("--library", type=Path, help="a new folder to keep; otherwise a temporary one")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = given.library or Path(folder)
        library.mkdir(parents=True, exist_ok=True)
        found = measure(library, given.hours, given.pictures, given.texts)
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, value in found.items():
        print(f"{name:26} {value:,.3f}")


if __name__ == "__main__":
    main()
