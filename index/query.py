"""What to look for: a description, others tied to it in time, and where to look. Immutable; checked at the door."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import QueryError
from playhead.index.words import says_something
from playhead.types import PICTORIAL, Channel, format_time

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, and bytes that are not UTF-8
MOST_CHARACTERS = 2_000
MOST_MOMENTS = 1_000
MOST_LINKS = 8


class Link(StrEnum):
    """How one description stands to another in time."""

    THEN = "then"
    BEFORE = "before"
    AFTER = "after"
    WHILE = "while"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Query:
    """A description in words, by an image or both, to which others can be tied.

        Query("the rocket starts").then("people cheer").inside("talk.mp4")
        Query("a dog").on("picture").during(Query("hello").on("speech"))

    Every method gives a new query. `channels` empty means all, `video` empty all videos, `per_video` 0 no bound.
    Nothing described before `before` or `after` stands for whatever comes right before or after.
    """

    words: str = ""
    image: Path | None = None
    channels: frozenset[Channel] = frozenset()
    links: tuple[tuple[Link, Query], ...] = ()
    video: str = ""
    span_s: tuple[float, float] | None = None
    limit: int = 5
    per_video: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.words, str):
            raise QueryError(f"{self.words!r} is no description", "", "Give words as a string")
        object.__setattr__(self, "words", " ".join(_NOT_TEXT.sub(" ", self.words).split()))

    def like(self, image: str | os.PathLike[str]) -> Query:
        """What looks like an image file as well."""
        return replace(self, image=Path(image))

    def on(self, *channels: Channel | str) -> Query:
        """Only what was observed on these channels. Raises `QueryError` for one that there is not."""
        try:
            return replace(self, channels=frozenset(Channel(channel) for channel in channels))
        except ValueError as error:
            raise QueryError(str(error), "", f"Channels are: {', '.join(Channel)}") from error

    def then(self, other: Query | str) -> Query:
        """This, and the next `other` after it; the moment spans both."""
        return self.tie(Link.THEN, other)

    def before(self, other: Query | str) -> Query:
        """This, where `other` comes later in the same video."""
        return self.tie(Link.BEFORE, other)

    def after(self, other: Query | str) -> Query:
        """This, where `other` came earlier in the same video."""
        return self.tie(Link.AFTER, other)

    def during(self, other: Query | str) -> Query:
        """This while `other`: the time that both share."""
        return self.tie(Link.WHILE, other)

    def without(self, other: Query | str) -> Query:
        """This where there is not `other` at the same time."""
        return self.tie(Link.NOT, other)

    def inside(self, video: str) -> Query:
        """Only in one video, by id, name or path."""
        return replace(self, video=video)

    def between(self, start_s: float | None, end_s: float | None) -> Query:
        """Only between two times in seconds; `None` leaves an end open. A range within a range is what both hold.

        Raises `QueryError` for a range that is empty.
        """
        start_s, end_s = -math.inf if start_s is None else start_s, math.inf if end_s is None else end_s
        if not start_s < end_s:  # also false for not-a-number
            raise QueryError(f"The time range {_range(start_s, end_s)} is empty", "", "Give a start before an end")
        if self.span_s:
            both = max(start_s, self.span_s[0]), min(end_s, self.span_s[1])
            if not both[0] < both[1]:
                ranges = f"{_range(*self.span_s)} and {_range(start_s, end_s)}"
                raise QueryError(
                    "The time ranges contradict each other", f"{ranges} share nothing", "Give one of them"
                )
            start_s, end_s = both
        return replace(self, span_s=None if math.isinf(start_s) and math.isinf(end_s) else (start_s, end_s))

    def top(self, limit: int, per_video: int = 0) -> Query:
        """At most `limit` moments, and at most `per_video` of one video."""
        return replace(self, limit=limit, per_video=per_video)

    def narrowed(
        self,
        *,
        image: str | os.PathLike[str] | None = None,
        between: tuple[float | None, float | None] | None = None,
        channels: Channel | str | Iterable[Channel | str] = (),
        limit: int | None = None,
        per_video: int | None = None,
    ) -> Query:
        """The checked query with what a call adds to it; `channels` hold for every part."""
        kinds = (channels,) if isinstance(channels, str) else tuple(channels)
        query = self if image is None else self.like(image)
        query = query.between(*between) if between else query
        query = query._everywhere_on(kinds) if kinds else query
        return query.top(
            self.limit if limit is None else limit, self.per_video if per_video is None else per_video
        ).checked()

    def _everywhere_on(self, channels: Iterable[Channel | str]) -> Query:
        links = tuple((link, other._everywhere_on(channels)) for link, other in self.links)
        return replace(self.on(*channels), links=links)

    def checked(self) -> Query:
        """Itself, or a `QueryError` that says what does not make sense."""
        if not isinstance(self.limit, int) or not isinstance(self.per_video, int):
            raise QueryError(
                f"{self.limit!r} and {self.per_video!r} are no numbers of moments", "", "Give whole numbers"
            )
        if not 1 <= self.limit <= MOST_MOMENTS:
            raise QueryError(f"{self.limit} moments cannot be shown", f"between 1 and {MOST_MOMENTS:,} can")
        if self.per_video < 0:
            raise QueryError(f"{self.per_video} moments of a video cannot be shown", "", "0 stands for any number")
        self._check_description()
        if len(self.links) > MOST_LINKS:
            raise QueryError(f"The query ties {len(self.links)} descriptions", f"up to {MOST_LINKS} can be", "")
        for _, other in self.links:
            if other.video or other.span_s:
                raise QueryError(f"“{other}” says where to look", "a part of a query cannot", "Say it of the whole")
            other.checked()
        return self

    def _check_description(self) -> None:
        described = bool(self.words) or self.image is not None
        if not described and (not self.links or self.links[0][0] not in (Link.BEFORE, Link.AFTER)):
            why = "the query says only where to look" if self.video or self.span_s else "the query is empty"
            raise QueryError("Nothing to search for", why, "Describe what you saw or heard")
        check_length(self.words)
        if self.words and not re.search(r"\w", self.words):
            raise QueryError("Nothing to search for", "the query holds no word", "Describe what you saw or heard")
        if self.words and not says_something(self.words):
            why = f"“{self.words}” says nothing by itself"
            raise QueryError(
                "Nothing to search for", why, "Describe what you saw or heard, or put it in double quotes"
            )
        if self.image is not None and self.channels and not self.channels & set(PICTORIAL):
            raise QueryError(
                "An image is only looked for in pictures", "", "Add picture to the channels, or name none"
            )

    def tie(self, link: Link, other: Query | str) -> Query:
        """This tied to `other` in time."""
        operand = other if isinstance(other, Query) else Query(other)
        return replace(self, links=(*self.links, (link, operand)))

    def __str__(self) -> str:
        """The query in words, with its operators in capitals."""
        parts = [self.words] if self.words else []
        if self.image is not None:
            parts.append(f"[{self.image.name}]")
        parts += [f"{link.upper()} {f'({other})' if other.links else other}" for link, other in self.links]
        if self.video:
            parts.append(f"IN {self.video}")
        if self.span_s:
            parts.append(_bounds(*self.span_s))
        return " ".join(parts)


def check_length(text: str) -> None:
    """Raise `QueryError` for more than a query may say."""
    if len(text) > MOST_CHARACTERS:
        why = f"it has {len(text):,} characters and {MOST_CHARACTERS:,} are read"
        raise QueryError("The query is too long", why, "Describe one moment in a sentence")


def _bounds(start_s: float, end_s: float) -> str:
    if math.isinf(start_s):
        return f"BEFORE {format_time(end_s)}"
    if math.isinf(end_s):
        return f"AFTER {format_time(start_s)}"
    return f"BETWEEN {format_time(start_s)} AND {format_time(end_s)}"


def _range(start_s: float, end_s: float) -> str:
    return "–".join(format_time(end) if math.isfinite(end) else str(end) for end in (start_s, end_s))
