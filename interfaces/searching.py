"""A search as every way in makes it: the words pass the gate, and so does what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playhead.safety.texts import texts_of, with_texts
from playhead.types import Door

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.index.library import Library
    from playhead.safety.gate import Gate
    from playhead.types import SearchResult, Segment


def search(
    library: Library,
    gate: Gate,
    words: str,
    *,
    image: Path | None = None,
    like: Path | None = None,
    around_s: float | None = None,
    **where: Any,
) -> tuple[SearchResult, list[list[Segment]]]:
    """The moments that fit, and what was said and seen up to `around_s` seconds around each; as the policy masks it.

    That is remembered as what footage says. `where` is what `Library.search` takes besides. Raises `BlockedError`,
    `QueryError`.
    """
    gate.text(Door.REQUEST, [words], "the search")
    result = library.search_like(like, **where) if like else library.search(words, image=image, **where)
    found = result.moments or result.nearest
    told = [] if around_s is None else [library.around(moment, around_s) for moment in found]
    gate.text(Door.ANSWER, texts_of((result, told)), "what was found")
    gate.remember((result, told))
    return with_texts((result, told), gate.mask)
