"""Nearest vectors by Chroma: derived from the catalogue, never trusted to be current, rebuilt without a model.

Chroma can be destroyed by a kill or by two writers, so a generation is never written to once it is in use: the next
one grows beside it and a pointer file is switched by rename.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.errors import StorageError
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog
    from playhead.types import Channel


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Generation:
    """A finished Chroma store and the revision of the catalogue that it mirrors."""

    folder: Path
    revision: int


class VectorIndex:
    """The derived index below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clients: dict[str, Any] = {}
        self._opening = threading.RLock()

    def current(self) -> Generation | None:
        """The generation in use; `None` when there is none or its pointer is damaged."""
        try:
            pointer = json.loads((self._folder / "current.json").read_text(encoding="utf-8"))
            generation = Generation(self._folder / str(pointer["folder"]), int(pointer["revision"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return generation if generation.folder.is_dir() and generation.folder.parent == self._folder else None

    def nearest(
        self, channel: Channel, space: str, vector: NDArray[np.float32], count: int
    ) -> list[tuple[str, float]] | None:
        """Ids and similarities of the `count` nearest vectors, best first; `None` when the index cannot answer."""
        generation = self.current()
        if generation is None:
            return None
        try:
            collection = self._collection(generation.folder, channel, space, create=False)
            if collection is None:
                return None
            found = collection.query(query_embeddings=[vector.tolist()], n_results=count, include=["distances"])
        except Exception as error:  # noqa: BLE001 - damaged, read-only, or replaced while it was read
            _log.warning("The vector index cannot be read, so every vector is compared: %s", _reason(error))
            return None
        return [(i, 1 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def update(
        self, catalog: Catalog, *, anew: bool = False, progress: Callable[[Progress], None] = lambda _: None
    ) -> None:
        """Bring the index up to the catalogue's revision; `anew` builds it from nothing. Needs the write lock."""
        before, revision = self.current(), catalog.revision
        if before and before.revision == revision and not anew:
            return
        try:
            self._clear(keep=before)
            target = self._build(revision, None if anew else before, catalog, progress)
            self._switch(target, revision)
            self._clear(keep=Generation(target, revision))
        except Exception as error:
            with suppress(OSError):
                self._clear(keep=before)  # what was half built may be what filled the disk
            raise StorageError(
                "The vector index was not updated",
                _reason(error),
                "What was indexed is safe and can be searched. Make room if the disk is full, then: playhead rebuild",
            ) from error

    def _build(
        self, revision: int, before: Generation | None, catalog: Catalog, progress: Callable[[Progress], None]
    ) -> Path:
        """A new generation: from a copy of the one before where that is sound, else from nothing."""
        if before:
            try:
                target = self._new_folder(revision)
                shutil.copytree(before.folder, target, dirs_exist_ok=True)
                self._fill(target, catalog, progress)
            except Exception as error:  # noqa: BLE001 - whatever ails the old store, the catalogue has everything
                _log.warning("The vector index is damaged and is made anew: %s", _reason(error))
                self._clear(keep=before)
            else:
                return target
        target = self._new_folder(revision)
        self._fill(target, catalog, progress)
        return target

    def _new_folder(self, revision: int) -> Path:
        """A folder under a name that never comes back: open readers know a generation by its path."""
        folder = self._folder / f"generation-{revision}-{os.urandom(4).hex()}"
        folder.mkdir(parents=True)
        return folder

    def verify(self, catalog: Catalog) -> list[str]:
        """What is wrong: staleness, and every stored vector that a query does not reach."""
        generation = self.current()
        if generation is None:
            return ["there is no vector index"] if catalog.spaces() else []
        if generation.revision != catalog.revision:
            return [f"the vector index is of revision {generation.revision}, the catalogue of {catalog.revision}"]
        try:
            if os.access(self._folder, os.W_OK):
                return self._unreachable(generation.folder, catalog)
            with tempfile.TemporaryDirectory() as scratch:  # Chroma writes even to read
                copy = shutil.copytree(generation.folder, Path(scratch) / "copy", copy_function=shutil.copyfile)
                for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
                    folder.chmod(0o700)  # copytree took the modes of folders over
                return self._unreachable(copy, catalog)
        except Exception as error:  # noqa: BLE001 - a damaged store fails in many ways
            return [f"the vector index cannot be read: {_reason(error)}"]

    def _unreachable(self, folder: Path, catalog: Catalog) -> list[str]:
        problems = []
        for channel, space, count in catalog.spaces():
            ids, matrix = catalog.vectors(channel, space)
            collection = self._collection(folder, channel, space, create=False)
            stored = collection.count() if collection else 0
            reached: set[str] = set()
            if stored:
                found = collection.query(query_embeddings=[matrix[0].tolist()], n_results=stored, include=[])
                reached = set(found["ids"][0])
            if missing := len(set(ids) - reached):
                problems.append(f"{channel}: {missing} of {count} vectors cannot be reached by query")
            if extra := len(reached - set(ids)):
                problems.append(f"{channel}: {extra} vectors are not in the catalogue")
        return problems

    def close(self) -> None:
        """Let go of open stores."""
        for folder in list(self._clients):
            self._let_go(folder)

    def _fill(self, target: Path, catalog: Catalog, progress: Callable[[Progress], None]) -> None:
        spaces = catalog.spaces()
        names = {collection_name(channel, space) for channel, space, _ in spaces}
        client = self._client(target)
        for collection in client.list_collections():
            if collection.name not in names:
                client.delete_collection(collection.name)
        batch = min(2000, client.get_max_batch_size())
        for channel, space, count in spaces:
            collection = self._collection(target, channel, space, create=True)
            ids, matrix = catalog.vectors(channel, space)
            there, wanted = set(collection.get(include=[])["ids"]), set(ids)
            gone, new = sorted(there - wanted), [n for n, i in enumerate(ids) if i not in there]
            for start in range(0, len(gone), batch):
                collection.delete(ids=gone[start : start + batch])
            for start in range(0, len(new), batch):
                rows = new[start : start + batch]
                collection.upsert(ids=[ids[n] for n in rows], embeddings=matrix[rows])
                progress(Progress("indexing vectors", str(channel), count - len(new) + start + len(rows), count))

    def _switch(self, target: Path, revision: int) -> None:
        partial = self._folder / "current.json.part"
        partial.write_text(json.dumps({"folder": target.name, "revision": revision}), encoding="utf-8")
        os.replace(partial, self._folder / "current.json")

    def _clear(self, keep: Generation | None) -> None:
        """Remove every generation but one: old ones, and those left half-built by a kill."""
        for folder in self._folder.glob("generation-*"):
            if keep is None or folder != keep.folder:
                self._let_go(str(folder))
                shutil.rmtree(folder)

    def _client(self, folder: Path) -> Any:
        import chromadb
        from chromadb.config import Settings

        with self._opening:
            if str(folder) not in self._clients:
                for gone in [name for name in self._clients if not os.path.isdir(name)]:
                    self._let_go(gone)  # another process made a new generation: its files would be held for good
                settings = Settings(anonymized_telemetry=False)
                self._clients[str(folder)] = chromadb.PersistentClient(str(folder), settings=settings)
            return self._clients[str(folder)]

    def _let_go(self, folder: str) -> None:
        with self._opening:
            if client := self._clients.pop(folder, None):
                client.close()

    def _collection(self, folder: Path, channel: Channel, space: str, *, create: bool) -> Any:
        from chromadb.errors import NotFoundError

        client, name = self._client(folder), collection_name(channel, space)
        if create:
            return client.get_or_create_collection(
                name,
                configuration={"hnsw": {"space": "cosine"}},
                metadata={"channel": str(channel), "encoder": space},
                embedding_function=None,
            )
        try:
            return client.get_collection(name, embedding_function=None)
        except NotFoundError:
            return None


def collection_name(channel: Channel, space: str) -> str:
    """What Chroma calls the vectors of a channel by an encoder."""
    return f"{channel}-{hashlib.sha256(space.encode()).hexdigest()[:16]}"


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.lower() or type(error).__name__
