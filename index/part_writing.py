"""Parts made from the catalogue: in files, or in memory for what no file holds yet."""

from __future__ import annotations

import hashlib
import io
import json
import os
from array import array
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from playhead.index.part import DIRECTIONS, FULL, Part, Shape, collection_name, digest_of, mapped, widened
from playhead.types import Channel, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog

    Arrays = dict[str, NDArray[Any]]
    Place = tuple[str, float, float, bytes]

_SAMPLE, _ITERATIONS, _BLOCK = 8_192, 4, 16_384
_ABOUT = "part.json"


class Growing:
    """One channel's part while it grows; vectors go to `file` as they come, so that memory holds none of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._rows = file, dict[str, int]()
        self._row, self._video, self._start, self._end = array("i"), array("i"), array("d"), array("d")
        self._dim = 0

    def add(self, number: int, places: Sequence[Place]) -> None:
        """Where vectors stand in the video of this number, which must not be lower than the one before."""
        for vector_id, start_s, end_s, data in places:
            row = self._rows.setdefault(vector_id, len(self._rows))
            if row == len(self._rows) - 1 and self._file.tell() == row * len(data):
                self._file.write(data)
                self._dim = len(data) // 2
            self._row.append(row)
            self._video.append(number)
            self._start.append(start_s)
            self._end.append(max(end_s, start_s + 1e-6))

    def finished(self, vectors: NDArray[np.float16]) -> Arrays:
        """Every array but the vectors, which are given as they were written."""
        directions = principal(vectors) if len(vectors) > FULL else np.zeros((0, self._dim), np.float32)
        return {
            "ids": np.array([i.encode() for i in self._rows]),
            "row": np.frombuffer(self._row, np.int32),
            "video": np.frombuffer(self._video, np.int32),
            "span": np.array([self._start, self._end]),
            "sketch": sketched(vectors, directions),
            "directions": directions,
        }

    @property
    def size(self) -> tuple[int, int]:
        """Vectors, and the length of one."""
        return len(self._rows), self._dim


def principal(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """The directions along which the vectors are longest, `(n, dim)`: what a sketch keeps of them.

    Found in a sample, by subspace iteration from random ones (Halko et al. 2011).
    """
    sample = widened(vectors[:: -(-len(vectors) // _SAMPLE)])
    dim = sample.shape[1]
    directions = np.random.default_rng(0).standard_normal((dim, min(DIRECTIONS, dim))).astype(np.float32)
    for _ in range(_ITERATIONS):
        directions = np.linalg.qr(sample.T @ (sample @ directions))[0]
    return np.ascontiguousarray(directions.T)


def sketched(vectors: NDArray[np.float16], directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each vector along the directions; none without directions."""
    if not len(directions):
        return np.zeros((0, min(DIRECTIONS, vectors.shape[1])), np.float32)
    sketch = np.empty((len(vectors), len(directions)), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        sketch[start : start + _BLOCK] = widened(vectors[start : start + _BLOCK]) @ directions.T
    return sketch


def gathered(
    catalog: Catalog, videos: Collection[str], opened: Callable[[str], BinaryIO], progress: Callable[[Progress], None]
) -> dict[tuple[Channel, str], Growing]:
    """What the catalogue knows of these videos, by channel and encoder."""
    growing: dict[tuple[Channel, str], Growing] = {}
    for number, video_id in enumerate(videos):
        places: dict[tuple[Channel, str], list[Place]] = {}
        for channel, space, vector_id, start_s, end_s, data in catalog.placed(video_id):
            places.setdefault((channel, space), []).append((vector_id, start_s, end_s, data))
        for key, found in places.items():
            if key not in growing:
                growing[key] = Growing(opened(collection_name(*key)))
            growing[key].add(number, found)
        progress(Progress("indexing vectors", "", number + 1, len(videos)))
    return growing


def in_memory(catalog: Catalog, videos: Sequence[str]) -> dict[tuple[Channel, str], Part]:
    """Parts of these videos that are kept in memory."""
    buffers: dict[str, io.BytesIO] = {}
    growing = gathered(catalog, videos, lambda name: buffers.setdefault(name, io.BytesIO()), lambda _: None)
    numbers, parts = {video_id: n for n, video_id in enumerate(videos)}, {}
    for key, grown in growing.items():
        vectors = np.frombuffer(buffers[collection_name(*key)].getbuffer(), "<f2").reshape(grown.size)
        parts[key] = Part({"vectors": vectors, **grown.finished(vectors)}, numbers, videos)
    return parts


def write_part(
    folder: Path, catalog: Catalog, videos: Sequence[str], progress: Callable[[Progress], None] = lambda _: None
) -> None:
    """Parts of these videos as files in a new folder, safe on the disk when this returns."""
    folder.mkdir(parents=True)
    with ExitStack() as files:
        growing = gathered(
            catalog,
            videos,
            lambda name: files.enter_context((folder / f"{name}.vectors").open("wb")),
            progress,
        )
    spaces = [_finish(folder, key, grown) for key, grown in growing.items()]
    about = {"videos": list(videos), "spaces": spaces}
    (folder / _ABOUT).write_text(json.dumps(about | {"digest": _digest(about)}), encoding="utf-8")
    for path in (*folder.iterdir(), folder):
        sync(path)


def _finish(folder: Path, key: tuple[Channel, str], grown: Growing) -> dict[str, object]:
    name = collection_name(*key)
    vectors = np.memmap(folder / f"{name}.vectors", "<f2", "r", shape=grown.size).view(np.ndarray)
    arrays = grown.finished(vectors)
    digests = {"vectors": digest_of(vectors)}
    for ending, values in arrays.items():
        values.tofile(folder / f"{name}.{ending}")
        digests[ending] = digest_of(values)
    rows, dim = grown.size
    shape = {"rows": rows, "dim": dim, "places": len(arrays["row"]), "id_bytes": arrays["ids"].itemsize}
    return {"channel": key[0], "space": key[1], "shape": shape, "digests": digests}


def read_parts(folder: Path, live: Collection[str]) -> dict[tuple[Channel, str], Part]:
    """The parts in a folder. Raises `OSError`, `ValueError`, `KeyError` or `TypeError` where they are damaged.

    What they hold is not read for that: `Part.altered` tells the rest.
    """
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    if "digest" in about and about["digest"] != _digest({"videos": about["videos"], "spaces": about["spaces"]}):
        raise ValueError(f"{folder.name} is not described as it was")
    numbers = {str(video_id): n for n, video_id in enumerate(about["videos"])}
    if not set(live) <= numbers.keys():
        raise ValueError(f"{folder.name} lacks videos that it should hold")
    found = {}
    for one in about["spaces"]:
        key = Channel(one["channel"]), str(one["space"])
        arrays = mapped(folder, collection_name(*key), Shape(**one["shape"]), len(numbers))
        found[key] = Part(arrays, numbers, live, one.get("digests", {}))
    return found


def _digest(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
