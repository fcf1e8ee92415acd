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
        between: tuple[float | None, float | None] | None,
        channels: Channel | str | Iterable[Channel | str],
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
        if not 1 <= limit <= MOST_MOMENTS:
            raise QueryError(f"{limit} moments cannot be shown", f"between 1 and {MOST_MOMENTS:,} can")
        known = _known(channels)
        if image is not None and known and Channel.PICTURE not in known:
            raise QueryError(
                "An image is only looked for in pictures", "", "Leave out --channels, or add picture to it"
            )
        return cls(words, Path(image) if image is not None else None, _range(between), known, limit)


def _range(between: tuple[float | None, float | None] | None) -> tuple[float, float] | None:
    if between is None or between == (None, None):
        return None
    start_s = between[0] if between[0] is not None else -math.inf
    end_s = between[1] if between[1] is not None else math.inf
    if not start_s < end_s:  # also false for not-a-number
        raise QueryError(f"The time range {start_s:g}-{end_s:g} is empty", "", "Give a start before an end")
    return start_s, end_s


def _known(channels: Channel | str | Iterable[Channel | str]) -> frozenset[Channel]:
    if isinstance(channels, str):
        channels = (channels,)
    try:
        return frozenset(Channel(channel) for channel in channels)
    except ValueError as error:
        raise QueryError(str(error), "", f"Channels are: {', '.join(Channel)}") from error
