"""The nearest vectors: derived from the catalogue, never trusted to be current, rebuilt without a model.

Up to `exact_limit` vectors of a channel are compared (`scan.py`); beyond, Chroma has them as well. Chroma can be
destroyed by a kill or by two writers, so nothing is written to once it is in use: what is new grows beside it, and a
pointer file is switched by rename.
"""

from __future__ import annotations

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

from playhead.errors import LibraryError, StorageError, reason_of
from playhead.index.collection import fill, reached
from playhead.index.part import collection_name
from playhead.index.part_writing import sync
from playhead.index.scan import DAMAGES, Listed, Scan, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy as np
    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog, Within
    from playhead.types import Channel, Progress


_log = logging.getLogger(__name__)
_PARTS = "parts.json"


@dataclass(frozen=True, slots=True)
class Generation:
    """A finished index, the revision of the catalogue that it mirrors, and the collections that Chroma has of it."""

    folder: Path
    revision: int
    collections: tuple[str, ...] = ()


class VectorIndex:
    """The derived index below `folder`. Channels with more than `exact_limit` vectors are put into Chroma too."""

    def __init__(self, folder: Path, exact_limit: int) -> None:
        self._folder, self._exact_limit = folder, exact_limit
        self._clients: dict[str, Any] = {}
        self._read: tuple[tuple[int, int], list[Listed]] = ((0, 0), [])
        self._scan = Scan(folder, self._listed)
        self._opening = threading.RLock()

    def current(self) -> Generation | None:
        """The generation in use; `None` when there is none or its pointer is damaged."""
        try:
            pointer = json.loads((self._folder / "current.json").read_text(encoding="utf-8"))
            collections = tuple(map(str, pointer.get("collections", ())))
            generation = Generation(self._folder / str(pointer["folder"]), int(pointer["revision"]), collections)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return generation if generation.folder.is_dir() and generation.folder.parent == self._folder else None

    def compared(
        self,
        catalog: Catalog,
        channel: Channel,
        space: str,
        vector: NDArray[np.float32],
        count: int,
        within: Within,
    ) -> dict[str, float]:
        """Similarity by id of the `count` nearest vectors there, best first; of the catalogue as it is now."""
        return self._scan.nearest(catalog, (channel, space), vector, count, within)

    def nearest(
        self, channel: Channel, space: str, vector: NDArray[np.float32], count: int
    ) -> list[tuple[str, float]] | None:
        """Ids and similarities of the `count` nearest vectors by Chroma, best first; `None` when it cannot answer."""
        generation = self.current()
        if generation is None or collection_name(channel, space) not in generation.collections:
            return None
        try:
            collection = self._collection(generation.folder, channel, space, create=False)
            if collection is None:
                return None
            found = collection.query(query_embeddings=[vector.tolist()], n_results=count, include=["distances"])
        except Exception as error:  # noqa: BLE001 - damaged, read-only, or replaced while it was read
            _log.warning("The vector index cannot be read, so every vector is compared: %s", reason_of(error))
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
            after = self._build(revision, None if anew else before, catalog, progress)
            self._switch(after)
            self._clear(keep=after)
        except Exception as error:
            with suppress(OSError):
                self._clear(keep=before)  # what was half built may be what filled the disk
            if isinstance(error, LibraryError):  # the catalogue cannot be read
                raise
            raise StorageError(
                "The vector index was not updated",
                reason_of(error),
                "What was indexed is safe and can be searched. Make room if the disk is full, then: playhead rebuild",
            ) from error

    def catch_up(self, catalog: Catalog) -> None:
        """`update` while more is to come. Not where Chroma takes part: its whole store would be copied each time."""
        if not any(count > self._exact_limit for *_, count in catalog.spaces()):
            self.update(catalog)

    def _build(
        self, revision: int, before: Generation | None, catalog: Catalog, progress: Callable[[Progress], None]
    ) -> Generation:
        """A new generation: what is sound of the one before stays, the rest comes from the catalogue."""
        listed = self._scan.update(catalog, _parts(before), progress)
        large = [(c, space) for c, space, count in catalog.spaces() if count > self._exact_limit]
        target = self._chroma(revision, before, catalog, large, progress) if large else self._new_folder(revision)
        (target / _PARTS).write_text(to_json(listed), encoding="utf-8")
        sync(target / _PARTS)
        return Generation(target, revision, tuple(collection_name(*key) for key in large))

    def _chroma(
        self,
        revision: int,
        before: Generation | None,
        catalog: Catalog,
        large: list[tuple[Channel, str]],
        progress: Callable[[Progress], None],
    ) -> Path:
        """A new folder with a Chroma store: from a copy of the one before where that is sound, else from nothing."""
        target = self._new_folder(revision)
        if before and before.collections:
            try:
                shutil.copytree(before.folder, target, dirs_exist_ok=True)
                self._fill(target, catalog, large, progress)
            except Exception as error:  # noqa: BLE001 - whatever ails the old store, the catalogue has everything
                _log.warning("The vector index is damaged and is made anew: %s", reason_of(error))
                self._remove(target)
                target = self._new_folder(revision)
            else:
                return target
        self._fill(target, catalog, large, progress)
        return target

    def _listed(self) -> list[Listed]:
        """The parts in use; the same list as long as nobody pointed to another generation."""
        try:
            stat = os.stat(self._folder / "current.json")
            pointer = stat.st_ino, stat.st_mtime_ns
        except OSError:
            pointer = (0, 0)
        if self._read[0] != pointer:
            self._read = pointer, _parts(self.current())
        return self._read[1]

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
            listed = _parts(generation)
            problems = self._altered(listed) + self._unheld(listed, catalog)
            if not generation.collections:
                return problems
            if os.access(self._folder, os.W_OK):
                return problems + self._unreachable(generation.folder, generation.collections, catalog)
            with tempfile.TemporaryDirectory() as scratch:  # Chroma writes even to read
                copy = shutil.copytree(generation.folder, Path(scratch) / "copy", copy_function=shutil.copyfile)
                for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
                    folder.chmod(0o700)  # copytree took the modes of folders over
                return problems + self._unreachable(copy, generation.collections, catalog)
        except Exception as error:  # noqa: BLE001 - a damaged store fails in many ways
            return [f"the vector index cannot be read: {reason_of(error)}"]

    def _altered(self, listed: list[Listed]) -> list[str]:
        """What of the parts is not as it was written."""
        return [
            f"{channel}: the vector index's {' and '.join(altered)} in {one.folder} changed since it was written"
            for one in listed
            for (channel, _), part in self._scan.read(one).items()
            if (altered := part.altered())
        ]

    def _unheld(self, listed: list[Listed], catalog: Catalog) -> list[str]:
        """What the parts lack or have beyond the catalogue, byte by byte."""
        expected: dict[tuple[Channel, str], set[str]] = {}
        stored: dict[tuple[Channel, str], set[str]] = {}
        held: dict[tuple[Channel, str], set[str]] = {}
        for one in listed:
            parts = self._scan.read(one)
            rows = {key: part.row_of_id() for key, part in parts.items()}
            for key, part in parts.items():
                stored.setdefault(key, set()).update(part.standing_ids())
            for video_id in one.contents:
                for channel, space, vector_id, *_, data in catalog.placed(video_id):
                    key = channel, space
                    row = rows.get(key, {}).get(vector_id)
                    if row is not None and parts[key].arrays["vectors"][row].tobytes() == data:
                        held.setdefault(key, set()).add(vector_id)
        for video_id in catalog.contents():
            for channel, space, vector_id, *_ in catalog.placed(video_id):
                expected.setdefault((channel, space), set()).add(vector_id)
        return _differences(expected, stored, held)

    def _unreachable(self, folder: Path, collections: Collection[str], catalog: Catalog) -> list[str]:
        """What Chroma lacks or has beyond the catalogue, by asking for everything."""
        expected: dict[tuple[Channel, str], set[str]] = {}
        found: dict[tuple[Channel, str], set[str]] = {}
        for channel, space, _ in catalog.spaces():
            if collection_name(channel, space) not in collections:
                continue
            expected[channel, space] = catalog.vector_ids(channel, space)
            collection = self._collection(folder, channel, space, create=False)
            found[channel, space] = reached(collection) if collection else set()
        return _differences(expected, found, found)

    def close(self) -> None:
        """Let go of open stores."""
        for folder in list(self._clients):
            self._let_go(folder)
        self._scan.close()

    def _fill(
        self,
        target: Path,
        catalog: Catalog,
        large: list[tuple[Channel, str]],
        progress: Callable[[Progress], None],
    ) -> None:
        names = {collection_name(channel, space) for channel, space in large}
        client = self._client(target)
        for collection in client.list_collections():
            if collection.name not in names:
                client.delete_collection(collection.name)
        batch = min(2000, client.get_max_batch_size())
        for channel, space in large:
            collection = self._collection(target, channel, space, create=True)
            fill(collection, catalog, channel, space, batch, progress)

    def _switch(self, generation: Generation) -> None:
        partial = self._folder / "current.json.part"
        pointer = {
            "folder": generation.folder.name,
            "revision": generation.revision,
            "collections": generation.collections,
        }
        partial.write_text(json.dumps(pointer), encoding="utf-8")
        sync(partial)
        os.replace(partial, self._folder / "current.json")

    def _clear(self, keep: Generation | None) -> None:
        """Remove what a generation does not need: old ones and their parts, and those left half-built by a kill."""
        needed = {keep.folder.name, *(one.folder for one in _parts(keep))} if keep else set()
        for folder in (*self._folder.glob("generation-*"), *self._folder.glob("part-*")):
            if folder.name not in needed:
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
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


def _parts(generation: Generation | None) -> list[Listed]:
    """The parts of a generation; none where their list is gone or damaged."""
    if generation is None:
        return []
    try:
        return from_json((generation.folder / _PARTS).read_text(encoding="utf-8"))
    except DAMAGES as error:
        _log.warning("The list of the vector index's parts cannot be read: %s", reason_of(error))
        return []


def _differences(
    expected: dict[tuple[Channel, str], set[str]],
    stored: dict[tuple[Channel, str], set[str]],
    reached: dict[tuple[Channel, str], set[str]],
) -> list[str]:
    problems = []
    for key in sorted(expected.keys() | stored.keys()):
        wanted = expected.get(key, set())
        if missing := len(wanted - reached.get(key, set())):
            problems.append(f"{key[0]}: {missing} of {len(wanted)} vectors cannot be reached by query")
        if extra := len(stored.get(key, set()) - wanted):
            problems.append(f"{key[0]}: {extra} vectors are not in the catalogue")
    return problems
