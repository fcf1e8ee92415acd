"""Nearest vectors by a Chroma server or cluster: a mirror of the catalogue, known to be current or not asked.

A mirror is marked: with the catalogue's revision and a stamp that is new each time, at the server and in a small file
beside the catalogue. A server that was emptied, put back from a copy or filled by a copy of this library has another
stamp. While it cannot be asked, searches compare every vector of the catalogue, which is slower and never wrong.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from playhead.errors import VectorServerError
from playhead.index.chroma_server import ChromaServer
from playhead.index.collection import fill, reached
from playhead.index.part import collection_name
from playhead.index.vector_address import address_of
from playhead.index.vectors import VectorIndex
from playhead.models.cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from pydantic import SecretStr

    from playhead.index.catalog import Catalog, Within
    from playhead.index.vector_address import Address
    from playhead.types import Channel, Progress

T = TypeVar("T")
ANSWER_S, STORE_S = 10.0, 120.0
_BATCH = 1000
_SILENCE_S = 10.0  # after a failure nobody asks again for so long

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """Which library is mirrored, which state of it, and by which update."""

    library: str
    revision: int
    stamp: str


class VectorServer:
    """The mirror of one library on one server. `folder` is where its mark is kept."""

    def __init__(self, url: str, token: SecretStr, folder: Path) -> None:
        self._server, self._file = ChromaServer(address_of(url, token), token), folder / "server.json"
        self._here = VectorIndex(folder, exact_limit=sys.maxsize)
        self._whole: dict[str, Any] = {}
        self._silent_until_s = 0.0
        self._trouble = ""

    @property
    def address(self) -> Address:
        """Where it is."""
        return self._server.address

    def trouble(self) -> str:
        """Why the server was not asked since this was last called, if it was not."""
        told, self._trouble = self._trouble, ""
        return told

    def current(self) -> Mark | None:
        """The mirror, where the server and this library agree about it."""
        mark = self._mark()
        if mark is None or self._read(lambda: self._marked(mark)) is not True:
            self._note("does not mirror this library")
            return None
        return mark

    def compared(
        self,
        catalog: Catalog,
        channel: Channel,
        space: str,
        vector: NDArray[np.float32],
        count: int,
        within: Within,
    ) -> dict[str, float]:
        """The nearest by comparing what lies here, which no server is asked for."""
        return self._here.compared(catalog, channel, space, vector, count, within)

    def nearest(
        self, channel: Channel, space: str, vector: NDArray[np.float32], count: int
    ) -> list[tuple[str, float]] | None:
        """Ids and similarities of the `count` nearest vectors, best first; `None` when the server cannot answer."""
        if (mark := self._mark()) is None:
            return None

        def ask() -> list[tuple[str, float]] | None:
            collection = self._collection(_name(mark.library, channel, space))
            if collection is None:
                return None
            found = collection.query(query_embeddings=[vector.tolist()], n_results=count, include=["distances"])
            return [(str(i), 1 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

        found = self._read(ask)
        if found is None:
            self._note("has lost vectors")
        return found

    def update(
        self, catalog: Catalog, *, anew: bool = False, progress: Callable[[Progress], None] = lambda _: None
    ) -> None:
        """Bring the mirror up to the catalogue's revision; `anew` makes it from nothing. Needs the write lock.

        Raises `VectorServerError`; the mirror is then known not to be current.
        """
        self._here.update(catalog, anew=anew, progress=progress)
        mark, revision = self._mark(), catalog.revision
        with self._server.within(STORE_S, "was not brought up to date"):
            if mark and self._marked(mark) and mark.revision == revision and not anew:
                return
            new = Mark(mark.library if mark else secrets.token_hex(8), revision, secrets.token_hex(8))
            self._whole.clear()
            self._set_mark(Mark(new.library, 0, "none"))
            self._fill(new.library, catalog, anew, progress)
            self._set_mark(new)
            self._keep(new)
            self._trouble, self._silent_until_s = "", 0.0

    def verify(self, catalog: Catalog) -> list[str]:
        """What is wrong: silence, staleness, and every stored vector that a query does not reach."""
        return self._here.verify(catalog) + self._verify(catalog)

    def _verify(self, catalog: Catalog) -> list[str]:
        mark, where = self._mark(), f"the vector server at {self._server.address}"
        if mark is None:
            return [f"{where} does not mirror this library"] if catalog.spaces() else []
        try:
            with self._server.within(STORE_S, "cannot be asked"):
                if not self._marked(mark):
                    return [f"{where} does not mirror this library"]
                if mark.revision != catalog.revision:
                    return [f"{where} is of revision {mark.revision}, the catalogue of {catalog.revision}"]
                return self._unreachable(mark.library, catalog)
        except VectorServerError as error:
            return [f"{where} cannot be asked: {error.why}"]

    def close(self) -> None:
        """Let go of the connections."""
        self._here.close()
        self._server.close()
        self._whole.clear()

    # The mark

    def _mark(self) -> Mark | None:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return Mark(str(kept["library"]), int(kept["revision"]), str(kept["stamp"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, mark: Mark) -> None:
        told = {"library": mark.library, "revision": mark.revision, "stamp": mark.stamp}
        write_atomically(self._file, [json.dumps(told).encode()])

    def _marked(self, mark: Mark) -> bool:
        there = self._server.get(_sign(mark.library))
        told = (there.metadata or {}) if there else {}
        return (told.get("revision"), told.get("stamp")) == (mark.revision, mark.stamp)

    def _set_mark(self, mark: Mark) -> None:
        told = {"revision": mark.revision, "stamp": mark.stamp}
        self._server.make(_sign(mark.library)).modify(metadata=told)

    # What is stored

    def _fill(self, library: str, catalog: Catalog, anew: bool, progress: Callable[[Progress], None]) -> None:
        spaces = catalog.spaces()
        names = {_name(library, channel, space) for channel, space, _ in spaces}
        for name in self._names(library):
            if anew or name not in names:
                self._server.drop(name)
        for channel, space, _ in spaces:
            collection = self._server.make(_name(library, channel, space))
            count = fill(collection, catalog, channel, space, min(_BATCH, self._server.most()), progress)
            collection.modify(metadata={"channel": str(channel), "encoder": space, "vectors": count})

    def _unreachable(self, library: str, catalog: Catalog) -> list[str]:
        problems = []
        for channel, space, count in catalog.spaces():
            wanted, collection = catalog.vector_ids(channel, space), self._server.get(_name(library, channel, space))
            found = reached(collection) if collection else set()
            if missing := len(wanted - found):
                problems.append(f"{channel}: {missing} of {count} vectors cannot be reached on the vector server")
            if extra := len(found - wanted):
                problems.append(f"{channel}: {extra} vectors on the vector server are not in the catalogue")
        return problems

    def _collection(self, name: str) -> Any:
        """A collection that has as many vectors as were stored; that is looked at when it is first asked."""
        collection = self._whole.get(name)  # which another thread may forget meanwhile
        if collection is None:
            collection = self._server.get(name)
            if collection is None or collection.count() != (collection.metadata or {}).get("vectors"):
                return None
            self._whole[name] = collection
        return collection

    def _names(self, library: str) -> list[str]:
        """This library's collections of vectors; those of others may be beside them."""
        return [name for name in self._server.names() if name.startswith(f"{_sign(library)}-")]

    def _read(self, ask: Callable[[], T]) -> T | None:
        """What the server answers; `None` where it does not, and then nobody asks again for a while."""
        if time.monotonic() < self._silent_until_s:
            self._note("did not answer")
            return None
        try:
            with self._server.within(ANSWER_S, "cannot be asked"):
                return ask()
        except VectorServerError as error:
            self._whole.clear()
            self._note(f"cannot be asked ({error.why})")
            self._silent_until_s = time.monotonic() + _SILENCE_S
            _log.info("%s", error)
            return None

    def _note(self, what: str) -> None:
        """The first trouble is the cause of the others."""
        self._trouble = self._trouble or (
            f"The vector server at {self._server.address} {what}. Every vector was compared instead. "
            f"When it is back: {self._server.address.rebuild}"
        )


def _sign(library: str) -> str:
    """The empty collection that bears a mirror's mark."""
    return f"playhead-{library}"


def _name(library: str, channel: Channel, space: str) -> str:
    return f"{_sign(library)}-{collection_name(channel, space)}"
