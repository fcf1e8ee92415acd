"""What to look for: checked once, at the door."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import QueryError
from playhead.types import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, and bytes that are not UTF-8
MOST_CHARACTERS = 2_000
MOST_MOMENTS = 1_000


@dataclass(frozen=True, slots=True)
class Query:
    """A search that makes sense. `channels` empty means all."""

    words: str
    image: Path | None = None
    between: tuple[float, float] | None = None
    channels: frozenset[Channel] = frozenset()
    limit: int = 5

    @classmethod
    def make(
        cls,
        words: str,
        *,
        image: str | Path | None,
        between: tuple[float, float] | None,
        channels: Iterable[Channel | str],
        limit: int,
    ) -> Query:
        """The query, or a `QueryError` that says what does not fit."""
        words = " ".join(_NOT_TEXT.sub(" ", words).split())
        if not words and image is None:
            raise QueryError("Nothing to search for", "the query is empty", "Describe what you saw or heard")
        if len(words) > MOST_CHARACTERS:
            raise QueryError(
                "The query is too long",
                f"it has {len(words):,} characters and {MOST_CHARACTERS:,} are read",
                "Describe one moment in a sentence",
            )
        if words and not re.search(r"\w", words):
            raise QueryError("Nothing to search for", "the query holds no word", "Describe what you saw or heard")
        if between is not None and not (all(map(math.isfinite, between)) and between[0] < between[1]):
            raise QueryError(f"The time range {between[0]}-{between[1]} is empty", "", "Give a start before an end")
        if not 1 <= limit <= MOST_MOMENTS:
            raise QueryError(f"{limit} moments cannot be shown", f"between 1 and {MOST_MOMENTS:,} can")
        return cls(words, Path(image) if image is not None else None, between, _known(channels), limit)


def _known(channels: Iterable[Channel | str]) -> frozenset[Channel]:
    try:
        return frozenset(Channel(channel) for channel in channels)
    except ValueError as error:
        raise QueryError(str(error), "", f"Channels are: {', '.join(Channel)}") from error
