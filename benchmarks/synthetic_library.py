"""A library of any size, made up: what searching it costs is real, what it shows is not.

    python benchmarks/synthetic_library.py FOLDER [--segments 100000] [--seed 0]

Pictures are mixed from the photographs that the picture head was judged by, sentences from text that is installed
here, with the vectors of the models themselves: a video has a dozen scenes, shots mix two of them, pictures drift
within a shot, and one in fifty is the same as one before. Of ten segments six are pictures, three sentences and one
an object. All of it goes through `Catalog.put` and the index as footage does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
from importlib.metadata import distributions
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from playhead.index.catalog import Catalog, ChannelRecord, Record, StoredSegment
from playhead.index.vectors import VectorIndex
from playhead.models.registry import OFFLINE, Models
from playhead.settings import Settings
from playhead.types import Channel, Segment, Span, Video, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PICTURES, SENTENCES, OBJECTS = 1_200, 600, 200  # of a video of twenty minutes
SHOT, SCENES = 6, 12
BASES = 600  # sentences that are encoded; the others are mixed from them
THINGS = ("person", "car", "dog", "chair", "bicycle", "cup", "book", "bird", "boat", "clock")


class Sources(NamedTuple):
    """What everything is mixed from."""

    pictures: NDArray[np.float32]
    sentences: list[str]
    said: NDArray[np.float32]
    things: NDArray[np.float32]
    spaces: tuple[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(build(arguments.folder, arguments.segments, arguments.seed)))
    return 0


def build(folder: Path, segments: int, seed: int) -> dict[str, float]:
    """Fill the folder; how long the catalogue, the index, and one further video took, in seconds."""
    folder.mkdir(parents=True)
    sources, chance = read_sources(), np.random.default_rng(seed)
    count = -(-segments // (PICTURES + SENTENCES + OBJECTS))
    videos = records_of(sources, count, chance)
    catalog = Catalog(folder / "catalog.sqlite", create=True)
    index = VectorIndex(folder / "vectors", Settings().exact_limit)
    began = time.perf_counter()
    for _ in range(count - 1):
        record = next(videos)
        catalog.put(record, record.video.path)
    stored = time.perf_counter()
    index.update(catalog)
    built = time.perf_counter()
    last = next(videos)
    catalog.put(last, last.video.path)
    put = time.perf_counter()
    index.update(catalog)
    added = time.perf_counter()
    catalog.close()
    return {
        "catalogue_s": stored - began,
        "index_s": built - stored,
        "one_more_put_s": put - built,
        "one_more_index_s": added - put,
    }


def records_of(sources: Sources, count: int, chance: np.random.Generator) -> Iterator[Record]:
    """So many videos, one after the other."""
    spread = [_spread(anchors) for anchors in (sources.pictures, sources.said)]
    for number in range(count):
        video_id = hashlib.sha256(f"synthetic {number}".encode()).hexdigest()
        name = Path(f"/synthetic/{number:06}.mp4")
        record = Record(Video(video_id, name.name, name, float(PICTURES), width=1280, height=720, has_audio=True))
        record.shots = [Span(float(start), float(start + SHOT)) for start in range(0, PICTURES, SHOT)]
        _show(record, sources, spread[0], chance)
        _say(record, sources, spread[1], chance)
        _see(record, sources, chance)
        yield record


def _show(record: Record, sources: Sources, spread: NDArray[np.float32], chance: np.random.Generator) -> None:
    shots = PICTURES // SHOT
    scenes = chance.choice(len(sources.pictures), SCENES)
    pairs, share = chance.choice(scenes, (shots, 2)), chance.beta(2, 1, (shots, 1)).astype(np.float32)
    mixed = share * sources.pictures[pairs[:, 0]] + (1 - share) * sources.pictures[pairs[:, 1]]
    seen = np.repeat(_blurred(mixed, spread, 0.6, 0.25, chance), SHOT, axis=0)
    vectors = _unit(_blurred(seen, spread, 0.15, 0.1, chance))
    again = chance.random(PICTURES) < 0.02
    vectors[again] = vectors[0]
    record.channels[Channel.PICTURE] = ChannelRecord("synthetic", sources.spaces[0])
    for second, vector in enumerate(vectors):
        segment = _segment(record, Channel.PICTURE, second, second + 1)
        record.segments.append(StoredSegment(segment, segment.id))
        record.vectors[segment.id] = Channel.PICTURE, sources.spaces[0], vector


def _say(record: Record, sources: Sources, spread: NDArray[np.float32], chance: np.random.Generator) -> None:
    pairs = chance.choice(len(sources.sentences), (SENTENCES, 2))
    bases = pairs % BASES
    vectors = _unit(_blurred(sources.said[bases[:, 0]] + sources.said[bases[:, 1]], spread, 0.6, 0.25, chance))
    record.channels[Channel.SPEECH] = ChannelRecord("synthetic", sources.spaces[1])
    for number, (one, other) in enumerate(pairs):
        first, second = sources.sentences[one].split(), sources.sentences[other].split()
        text = " ".join([*first[: len(first) // 2], *second[len(second) // 2 :]])
        segment = _segment(record, Channel.SPEECH, 2 * number, 2 * number + 1.8, text)
        record.segments.append(StoredSegment(segment, segment.id))
        record.vectors[segment.id] = Channel.SPEECH, sources.spaces[1], vectors[number]


def _see(record: Record, sources: Sources, chance: np.random.Generator) -> None:
    record.channels[Channel.OBJECT] = ChannelRecord("synthetic", sources.spaces[1])
    popular = 1 / np.arange(1, len(THINGS) + 1)
    for number, thing in enumerate(chance.choice(len(THINGS), OBJECTS, p=popular / popular.sum())):
        score = float(chance.uniform(0.5, 1.0))
        segment = _segment(record, Channel.OBJECT, 6 * number, 6 * number + 1, THINGS[thing], score)
        vector_id = f"thing-{thing}"
        record.segments.append(StoredSegment(segment, vector_id))
        record.vectors[vector_id] = Channel.OBJECT, sources.spaces[1], sources.things[thing]


def _segment(
    record: Record, channel: Channel, start_s: float, end_s: float, text: str = "", score: float = 1.0
) -> Segment:
    name = hashlib.sha256(f"{record.video.id} {channel} {start_s}".encode()).hexdigest()[:32]
    said = text.split() if channel is Channel.SPEECH else []
    ends = np.linspace(start_s, end_s, len(said) + 1).round(2).tolist()
    words = tuple(Word(Span(*span), word) for span, word in zip(pairwise(ends), said, strict=True))
    return Segment(name, record.video.id, channel, Span(start_s, end_s), "synthetic", text, score, words=words)


def read_sources() -> Sources:
    """Photographs and sentences, with their vectors by the models of the offline profile."""
    models = Models(dict(OFFLINE), threads=1)
    head = models.picture._head  # type: ignore[attr-defined]
    sentences = texts()
    said = models.sentences.encode(sentences[:BASES])
    spaces = models.picture.id, models.sentences.id
    return Sources(head.cohort, sentences, said, models.sentences.encode(list(THINGS)), spaces)


def texts() -> list[str]:
    """Sentences from what the installed packages say of themselves, in a fixed order."""
    found: set[str] = set()
    for package in distributions():
        body = str(package.metadata.get_payload() or package.metadata.get("Description", ""))
        found |= {" ".join(part.split()) for part in re.split(r"(?<=[.!?])\s+|\n\n", body)}
    plain = [text for text in found if 40 <= len(text) <= 160 and re.fullmatch(r"[A-Z][\w ,.'’-]+[.!?]", text)]
    plain.sort(key=lambda text: hashlib.sha256(text.encode()).digest())
    if len(plain) < BASES:
        sys.exit(f"The installed packages hold {len(plain)} sentences, and {BASES} are needed")
    return plain


def _spread(anchors: NDArray[np.float32]) -> NDArray[np.float32]:
    """By which noise is drawn as the anchors lie."""
    values, directions = np.linalg.eigh(anchors.T @ anchors / len(anchors))
    return (directions * np.sqrt(np.maximum(values, 0))).astype(np.float32)


def _blurred(
    rows: NDArray[np.float32], spread: NDArray[np.float32], along: float, beside: float, chance: np.random.Generator
) -> NDArray[np.float32]:
    drawn = chance.standard_normal((2, *rows.shape)).astype(np.float32)
    return _unit(rows) + along * (drawn[0] @ spread.T) + beside / np.sqrt(rows.shape[1]) * drawn[1]


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


if __name__ == "__main__":
    sys.exit(main())
