"""The vectors of a library as a Chroma store of LangChain: a copy of one channel, to be searched and not written to.

Two processes that open one Chroma folder can destroy it (ADR 2), so nobody else is ever given that of a library. The
copy is made from the catalogue, under the name that the collection has in the library, and goes when the store does.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from langchain_core.embeddings import Embeddings

from playhead.errors import InputError, ModelError
from playhead.index.part import collection_name
from playhead.safety.gate import Gate
from playhead.types import PICTORIAL, Channel, Door

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_chroma import Chroma

    from playhead.index.library import Library
    from playhead.types import Segment

_BATCH = 2000
_MAKING = ("from_documents", "from_texts", "afrom_documents", "afrom_texts")


def vector_store(library: Library, channel: Channel | str = Channel.SPEECH, gate: Gate | None = None) -> Chroma:
    """A `langchain_chroma.Chroma` over a copy of one channel, with an entry for each segment.

    Text queries are encoded as the library encodes them; they, and what is found, pass the gate. Writing to it raises
    `InputError`. It does not see what is indexed later. Needs the package `langchain-chroma`.
    """
    try:
        from langchain_chroma import Chroma
    except ImportError as error:
        why, fix = "langchain-chroma is not installed", "Run: pip install langchain-chroma"
        raise ModelError("The vector store cannot be opened", why, fix) from error
    if channel not in set(Channel):
        raise InputError(f"There is no channel {channel!r}", "", f"Channels are: {', '.join(Channel)}")
    kind, judge = Channel(channel), gate or Gate.of(library)
    with ExitStack() as clearing:
        folder = tempfile.mkdtemp(prefix="playhead-vectors-")
        clearing.callback(shutil.rmtree, folder, ignore_errors=True)
        client = _client(folder)
        clearing.callback(client.close)
        store = Chroma(
            _copied(library, kind, judge, client), LibraryEmbeddings(library, kind, judge),
            client=ReadOnlyClient(client, judge), create_collection_if_not_exists=False,
        )  # fmt: skip
        weakref.finalize(store, clearing.pop_all().close)
    for name in _MAKING:
        setattr(store, name, partial(_only_searched, name))
    return store


def _copied(library: Library, kind: Channel, gate: Gate, client: Any) -> str:
    """The name of the collection into which what the library has on a channel was copied. Raises `InputError`."""
    segments, matrix, space = library.vectors(kind)
    if not segments:
        why = f"no vectors of {space} are there"
        raise InputError(f"Nothing can be found on {kind}", why, "Index footage on it")
    collection = client.create_collection(
        collection_name(kind, space), configuration={"hnsw": {"space": "cosine"}},
        metadata={"channel": str(kind), "encoder": space}, embedding_function=None,
    )  # fmt: skip
    names = {video.id: str(video) for video in library.videos()}
    for start in range(0, len(segments), _BATCH):
        part = segments[start : start + _BATCH]
        collection.add(
            ids=[segment.id for segment in part],
            embeddings=matrix[start : start + _BATCH],
            documents=[gate.mask(segment.text) or f"{kind}: shown, without words" for segment in part],
            metadatas=[_where(segment, names[segment.video_id], library.folder) for segment in part],
        )
    return collection_name(kind, space)


def _only_searched(name: str, *_: object, **__: object) -> NoReturn:
    why = "it is a copy of what a library holds, only to be searched"
    raise InputError(f"{name} cannot be used on the vector store", why, "Index footage with Library.add")


class LibraryEmbeddings(Embeddings):
    """The encoder by which one channel of a library is searched. What is encoded passes the gate as a request."""

    def __init__(self, library: Library, channel: Channel, gate: Gate) -> None:
        self._models, self._pictorial, self._gate = library.models, channel in PICTORIAL, gate

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One unit vector for each text."""
        self._gate.text(Door.REQUEST, texts, "the search")
        encode = self._models.picture.encode_texts if self._pictorial else self._models.sentences.encode
        return encode(texts).tolist()  # type: ignore[no-any-return]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text."""
        return self.embed_documents([text])[0]


class _ReadOnly:
    """Something of Chroma's of which only what is listed in `_READS` can be used."""

    _READS: ClassVar[frozenset[str]]

    def __init__(self, inner: Any, gate: Gate) -> None:
        self._inner, self._gate = inner, gate

    def __getattr__(self, name: str) -> Any:
        if name not in self._READS:
            _only_searched(name)
        return getattr(self._inner, name)


class ReadOnlyClient(_ReadOnly):
    """A client whose collections can be read."""

    _READS = frozenset(["count_collections", "heartbeat"])

    def get_collection(self, name: str, **how: Any) -> ReadOnlyCollection:
        """The collection, without an encoder of its own."""
        how.setdefault("embedding_function", None)
        return ReadOnlyCollection(self._inner.get_collection(name, **how), self._gate)


class ReadOnlyCollection(_ReadOnly):
    """A collection that can be read; the texts that it gives pass the gate as an answer."""

    _READS = frozenset(["configuration", "count", "id", "metadata", "name"])

    def query(self, **how: Any) -> Any:
        """The nearest entries."""
        return self._let_out(self._inner.query(**how))

    def get(self, **how: Any) -> Any:
        """The entries that are named or filtered."""
        return self._let_out(self._inner.get(**how))

    def _let_out(self, found: Any) -> Any:
        texts = _flat(found.get("documents"))
        self._gate.text(Door.ANSWER, texts, "what was found")
        self._gate.remember([texts, [where["video"] for where in _flat(found.get("metadatas"))]])
        return found


def _flat(value: Any) -> list[Any]:
    """What is in a list, or in lists in it."""
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, list) else [value] if value else []


def _where(segment: Segment, video: str, folder: Path) -> dict[str, str | float]:
    """What an entry is filtered by; the keys are those of `MomentRetriever`."""
    picture = {"thumbnail": str(folder / segment.thumbnail)} if segment.thumbnail else {}
    where = {"video_id": segment.video_id, "video": video, **picture}
    return {**where, "channel": str(segment.channel), "start_s": segment.span.start_s, "end_s": segment.span.end_s}


def _client(folder: str) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
