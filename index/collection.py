"""A collection of Chroma brought up to the catalogue, in batches: no matrix of a whole channel is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.index.catalog import Catalog
    from playhead.types import Channel

_PAGE = 10_000


def fill(
    collection: Any, catalog: Catalog, channel: Channel, space: str, batch: int, progress: Callable[[Progress], None]
) -> int:
    """How many vectors it holds now: those of a channel by an encoder, `batch` of them sent at a time."""
    there, wanted = _ids(collection), catalog.vector_ids(channel, space)
    gone, new = sorted(there - wanted), sorted(wanted - there)
    for start in range(0, len(gone), batch):
        collection.delete(ids=gone[start : start + batch])
    for start in range(0, len(new), batch):
        ids = new[start : start + batch]
        collection.upsert(ids=ids, embeddings=catalog.vectors_of(ids))
        progress(Progress("indexing vectors", str(channel), len(wanted) - len(new) + start + len(ids), len(wanted)))
    return len(wanted)


def reached(collection: Any) -> set[str]:
    """The ids that a query for everything finds."""
    stored = collection.count()
    if not stored:
        return set()
    any_vector = collection.get(include=["embeddings"], limit=1)["embeddings"]
    return set(collection.query(query_embeddings=any_vector, n_results=stored, include=[])["ids"][0])


def _ids(collection: Any) -> set[str]:
    found: set[str] = set()
    while page := collection.get(include=[], limit=_PAGE, offset=len(found))["ids"]:
        found.update(page)
    return found
