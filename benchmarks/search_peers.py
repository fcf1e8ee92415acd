"""Other ways to the nearest vectors, over the pictures of a library: NumPy, hnswlib, Chroma."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from playhead.index.catalog import EVERYWHERE
from playhead.types import Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog, Within

    Ask = Callable[[NDArray[np.float32]], list[str]]

BATCH, BLOCK = 2_000, 20_000


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a library as its catalogue has them, each in one place."""

    ids: list[str]
    vectors: NDArray[np.float16]
    videos: list[str]
    spans: NDArray[np.float64]

    @classmethod
    def of(cls, catalog: Catalog, space: str) -> Pictures:
        """All of them, read from the catalogue."""
        ids, data, videos, spans = list[str](), list[bytes](), list[str](), list[tuple[float, float]]()
        for video in catalog.contents():
            for channel, encoder, vector_id, start_s, end_s, vector in catalog.placed(video):
                if (channel, encoder) == (Channel.PICTURE, space):
                    ids.append(vector_id)
                    data.append(vector)
                    videos.append(video)
                    spans.append((start_s, end_s))
        vectors = np.frombuffer(b"".join(data), "<f2").reshape(len(ids), -1)
        return cls(ids, vectors, videos, np.array(spans))

    def inside(self, within: Within) -> NDArray[np.intp]:
        """The rows that lie within."""
        wanted = (self.spans[:, 0] < within.end_s) & (self.spans[:, 1] > within.start_s)
        if within.video_id:
            wanted &= np.array(self.videos) == within.video_id
        return np.flatnonzero(wanted)

    def nearest(self, vector: NDArray[np.float32], rows: NDArray[np.intp], count: int) -> list[str]:
        """The exact answer, slowly."""
        blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        scores = np.concatenate([np.vecdot(self.vectors[block].astype(np.float32), vector) for block in blocks])
        least = np.partition(scores, -count)[-count] if len(rows) > count else -np.inf
        likely = np.flatnonzero(scores >= least).tolist()
        best = sorted(likely, key=lambda n: (-scores[n], self.ids[rows[n]]))
        return [self.ids[rows[n]] for n in best[:count]]


class Peer(Protocol):
    """One way to the nearest."""

    build_s: float

    def asked(self, within: Within, count: int) -> Ask | None:
        """What finds the `count` nearest there; `None` where it cannot be narrowed."""
        ...


class ByNumpy:
    """One product with every vector in float32, in memory."""

    def __init__(self, pictures: Pictures) -> None:
        began = time.perf_counter()
        self._pictures, self._matrix = pictures, pictures.vectors.astype(np.float32)
        self.build_s = time.perf_counter() - began

    def asked(self, within: Within, count: int) -> Ask | None:
        """Of the rows that lie within."""
        rows = None if within == EVERYWHERE else self._pictures.inside(within)

        def ask(vector: NDArray[np.float32]) -> list[str]:
            scores = (self._matrix if rows is None else self._matrix[rows]) @ vector
            best = np.argpartition(-scores, count)[:count]
            return [self._pictures.ids[n] for n in (best if rows is None else rows[best])]

        return ask


class ByHnswlib:
    """A graph in memory (Malkov and Yashunin 2018), with the settings of its own examples."""

    def __init__(self, pictures: Pictures) -> None:
        import hnswlib

        began = time.perf_counter()
        self._ids = pictures.ids
        self._graph = hnswlib.Index(space="cosine", dim=pictures.vectors.shape[1])
        self._graph.init_index(len(pictures.ids), ef_construction=200, M=16)
        self._graph.add_items(pictures.vectors.astype(np.float32))
        self._graph.set_ef(100)
        self.build_s = time.perf_counter() - began

    def asked(self, within: Within, count: int) -> Ask | None:
        """Only everywhere: its filter is a call of Python for each vector that is met."""
        if within != EVERYWHERE:
            return None
        return lambda vector: [self._ids[n] for n in self._graph.knn_query(vector, count)[0][0]]


class ByChroma:
    """A store of its own with the defaults of Chroma, and its `where` for what lies within."""

    def __init__(self, pictures: Pictures) -> None:
        import chromadb
        from chromadb.config import Settings

        began = time.perf_counter()
        self._folder = tempfile.TemporaryDirectory()
        client = chromadb.PersistentClient(self._folder.name, settings=Settings(anonymized_telemetry=False))
        self._collection: Any = client.create_collection(
            "pictures", configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
        )
        for start in range(0, len(pictures.ids), BATCH):
            part = slice(start, start + BATCH)
            where = [
                {"video": video, "start_s": float(start_s), "end_s": float(end_s)}
                for video, (start_s, end_s) in zip(pictures.videos[part], pictures.spans[part], strict=True)
            ]
            self._collection.add(
                ids=pictures.ids[part], embeddings=pictures.vectors[part].astype(np.float32), metadatas=where
            )
        self.build_s = time.perf_counter() - began

    def asked(self, within: Within, count: int) -> Ask | None:
        """With `where`, but everywhere."""
        conditions: list[dict[str, Any]] = []
        if within.video_id:
            conditions = [{"video": within.video_id}]
        elif within != EVERYWHERE:
            conditions = [{"start_s": {"$lt": within.end_s}}, {"end_s": {"$gt": within.start_s}}]
        where = {"$and": conditions} if len(conditions) > 1 else conditions[0] if conditions else None

        def ask(vector: NDArray[np.float32]) -> list[str]:
            found = self._collection.query(
                query_embeddings=[vector.tolist()], n_results=count, where=where, include=[]
            )
            return list(found["ids"][0])

        return ask


PEERS: dict[str, Callable[[Pictures], Peer]] = {"numpy": ByNumpy, "hnswlib": ByHnswlib, "chroma": ByChroma}
