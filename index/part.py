"""Vectors of one channel in files that are mapped, not read, with where they stand; and the nearest among them.

A scan in two steps: a sketch of every vector along its leading principal directions, in float32, finds the likeliest;
those are compared in full. A part is never changed once it is made.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from playhead.index.catalog import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from playhead.index.catalog import Within
    from playhead.types import Channel

DIRECTIONS = 64  # of a sketch; benchmarks/search_scale.py measures what that finds
FULL = 2_048  # up to so many vectors are compared in full without a sketch
FOR_ROOT = 8.4  # … and of more, so many for each of their square root that are the likeliest by their sketch
_FEW = 8  # where a filter leaves less than one in so many, sketches are compared of those alone
_SAMPLE = 4_096  # scores that tell which are among the best
_BLOCK = 512  # vectors that are widened at once: they stay in the processor's cache
_HELD_BYTES = 64 * 2**20  # a sketch up to this size is read into memory
_BIAS = np.float32(2.0**112)  # between the exponents of float16 and float32


@dataclass(frozen=True, slots=True)
class Shape:
    """How much a part holds, by which its files are mapped: vectors, their length, places, length of an id."""

    rows: int
    dim: int
    places: int
    id_bytes: int

    @property
    def files(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """The type and shape of each file by its ending."""
        sketched, directions = self.rows > FULL, min(DIRECTIONS, self.dim)
        return {
            "vectors": ("<f2", (self.rows, self.dim)),
            "ids": (f"S{self.id_bytes}", (self.rows,)),
            "row": ("<i4", (self.places,)),
            "video": ("<i4", (self.places,)),
            "span": ("<f8", (2, self.places)),
            "sketch": ("<f4", (self.rows if sketched else 0, directions)),
            "directions": ("<f4", (directions if sketched else 0, self.dim)),
        }


@dataclass(frozen=True)
class Part:
    """Vectors with their ids (`vectors`, `ids`) and every place where one stands (`row`, `video`, `span`).

    `videos` gives each video's number; places are in order of it. Only places in `live` videos count. `digests` are
    those that the arrays had when they were written to files; none in memory, and in files of the form before.
    """

    arrays: Mapping[str, NDArray[Any]]
    videos: Mapping[str, int]
    live: Collection[str]
    digests: Mapping[str, str] = field(default_factory=dict)

    def nearest(self, vector: NDArray[np.float32], count: int, within: Within) -> list[tuple[str, float]]:
        """Ids and similarities of the nearest vectors that stand somewhere within, best first, by id where equal."""
        rows = self._rows(within)
        if len(rows) > FULL:
            rows = self._likeliest(vector, rows)
        similarities = likenesses(self.arrays["vectors"], rows, vector)
        if len(rows) > count:
            kept = similarities >= np.partition(similarities, -count)[-count]
            rows, similarities = rows[kept], similarities[kept]
        ids = self.arrays["ids"][rows]
        best = np.lexsort((ids, -similarities))[:count]
        return [(ids[n].decode(), float(similarities[n])) for n in best]

    def _likeliest(self, vector: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.intp]:
        towards = self.arrays["directions"] @ vector
        count = max(FULL, round(FOR_ROOT * len(rows) ** 0.5))
        if len(rows) * _FEW < len(self._sketch):
            return rows[highest(self._sketch[rows] @ towards, count)]
        scores = self._sketch @ towards
        if len(rows) == len(scores):
            return highest(scores, count)
        return rows[highest(scores[rows], count)]

    @cached_property
    def _sketch(self) -> NDArray[np.float32]:
        """In memory where it is small: a search passes over all of it, which is quicker in large pages."""
        mapped = self.arrays["sketch"]
        return mapped.copy() if mapped.nbytes <= _HELD_BYTES else mapped

    def _rows(self, within: Within) -> NDArray[np.intp]:
        """The vectors that stand somewhere within, in order."""
        if within.video_id:
            if within.video_id not in self.live:
                return np.zeros(0, np.intp)
            rows: NDArray[np.intp] = np.unique(self.arrays["row"][self._of_video(within)]).astype(np.intp)
            return rows
        if within == EVERYWHERE:
            return self._standing
        starts, ends = self.arrays["span"]
        inside = (starts < within.end_s) & (ends > within.start_s)
        return self._marked(inside if self._is_live is None else inside & self._is_live)

    def _of_video(self, within: Within) -> NDArray[np.intp]:
        number = self.videos[within.video_id]
        first, last = np.searchsorted(self.arrays["video"], [number, number + 1])
        starts, ends = self.arrays["span"][:, first:last]
        places: NDArray[np.intp] = first + np.flatnonzero((starts < within.end_s) & (ends > within.start_s))
        return places

    def _marked(self, places: NDArray[np.bool_]) -> NDArray[np.intp]:
        marked = np.zeros(len(self.arrays["vectors"]), np.bool_)
        marked[self.arrays["row"][places]] = True
        return np.flatnonzero(marked)

    @cached_property
    def _standing(self) -> NDArray[np.intp]:
        if self._is_live is None:
            return np.arange(len(self.arrays["vectors"]))
        return self._marked(self._is_live)

    @cached_property
    def _is_live(self) -> NDArray[np.bool_] | None:
        """Which places count; `None` where all do."""
        if len(self.live) == len(self.videos):
            return None
        counts = np.zeros(len(self.videos), np.bool_)
        counts[[self.videos[video_id] for video_id in self.live]] = True
        live: NDArray[np.bool_] = counts[self.arrays["video"]]
        return live

    def standing_ids(self) -> list[str]:
        """The names of the vectors that count."""
        return [i.decode() for i in self.arrays["ids"][self._standing].tolist()]

    def altered(self) -> list[str]:
        """The arrays that are not as they were written. Reads every byte."""
        return [name for name, digest in self.digests.items() if digest_of(self.arrays[name]) != digest]

    def row_of_id(self) -> dict[str, int]:
        """Where each vector is."""
        return {i.decode(): row for row, i in enumerate(self.arrays["ids"].tolist())}


def mapped(folder: Path, name: str, shape: Shape, videos: int) -> dict[str, NDArray[Any]]:
    """The arrays of a part of so many videos.

    Raises `OSError` or `ValueError` where a file is gone or not of its size, or a place leads nowhere.
    """
    arrays = {
        ending: _mapped(folder / f"{name}.{ending}", np.dtype(kind), size)
        for ending, (kind, size) in shape.files.items()
    }
    row, video = arrays["row"], arrays["video"]
    if len(row) and (row.min() < 0 or row.max() >= shape.rows):
        raise ValueError(f"{name}.row leads to vectors that are not there")
    if len(video) and (video[0] < 0 or video[-1] >= videos or (video[:-1] > video[1:]).any()):
        raise ValueError(f"{name}.video leads to videos that are not there")
    return arrays


def _mapped(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    size, expected = os.stat(path).st_size, kind.itemsize * int(np.prod(shape))
    if size != expected:
        raise ValueError(f"{path.name} has {size} bytes and should have {expected}")
    return np.memmap(path, kind, "r", shape=shape).view(np.ndarray) if size else np.zeros(shape, kind)


def highest(scores: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Where the `count` highest scores are, in order of place.

    A sample says from which score on to look, so that a million scores are passed over once.
    """
    if len(scores) <= count:
        return np.arange(len(scores))
    found = np.arange(len(scores))
    if (step := len(scores) // _SAMPLE) > 1:
        sample = scores[::step]
        nth = min(len(sample), 2 * count // step + 8)
        likely = np.flatnonzero(scores >= np.partition(sample, -nth)[-nth])
        found = likely if len(likely) >= count else found
    if len(found) == count:
        return found
    among = np.argpartition(scores[found], -count)[-count:]
    return np.sort(found[among])


def likenesses(
    vectors: NDArray[np.float16], rows: NDArray[np.intp], vector: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The product of the vectors in these rows with another; of each the same, whatever others there are."""
    products, enlarged = np.empty(len(rows), np.float32), vector * _BIAS
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        np.vecdot(_moved(vectors[rows[block]]), enlarged, out=products[block])
    return products


def widened(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """float16 as float32, by moving bits: NumPy's own conversion takes more than twice as long."""
    numbers = _moved(vectors)
    numbers *= _BIAS
    return numbers


def _moved(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """The same without the bias: each is too small by that factor."""
    bits = vectors.view(np.int16).astype(np.int32)
    bits <<= 13  # the sign is drawn into the three bits that are cleared next
    bits &= ~0x70000000
    return bits.view(np.float32)


def digest_of(array: NDArray[Any]) -> str:
    """SHA-256 of an array's bytes, which are those of its file."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def collection_name(channel: Channel, space: str) -> str:
    """What the files and the collection of a channel's vectors by an encoder are called."""
    return f"{channel}-{hashlib.sha256(space.encode()).hexdigest()[:16]}"
