"""Timelines: which stretch of which footage is shown when, counted in whole frames of exact rates.

A container says 29.97002997; the rate is 30000/1001. Cuts are found by frames from the first of the footage, so that
a film that begins at 1.4 s, or runs for hours at 29.97 frames a second, is cut on the frames that are meant.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.types import Span, Video

TIMECODE_RATES = tuple(
    Fraction(*rate)
    for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
)
"""Rates that timecode (SMPTE ST 12-1) and Final Cut Pro know."""

USUAL_RATE = Fraction(25)
DROP_RATES = frozenset({Fraction(30000, 1001), Fraction(60000, 1001)})
_NEAR = Fraction(3, 10_000)  # how far an average may be off; 29.97 and 30 are a thousandth apart
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")
_RESERVED_REELS = frozenset({"AX", "BL", "BLACK", "BARS"})
_REEL_LETTERS = 8


def one_line(text: str) -> str:
    """A name that cannot break a file: no line ends, no control characters, nothing that turns the text around it."""
    kept = "".join(" " if _unseen(letter) else letter for letter in text if letter not in _OVERRIDES)
    return " ".join(kept.split())


def _unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")


def exact_rate(rate_hz: float) -> Fraction:
    """The rate that an average stands for: one that timecode knows where it is near one, else a short fraction."""
    given = Fraction(rate_hz)
    for rate in TIMECODE_RATES:
        if abs(rate - given) <= rate * _NEAR:
            return rate
    return given.limit_denominator(1001)


def timecode_rate(rate: Fraction) -> Fraction:
    """A rate of timecode that holds every frame of this one, or the nearest faster one; 60 at most."""
    if rate in TIMECODE_RATES:
        return rate
    multiples = [known for known in TIMECODE_RATES if (known / rate).denominator == 1]
    faster = [known for known in TIMECODE_RATES if known > rate]
    return next(iter([*multiples, *faster]), TIMECODE_RATES[-1])


@dataclass(frozen=True, slots=True)
class Medium:
    """Footage as a timeline refers to it. Its first frame has the number `first_frame`, by its own clock."""

    video: Video
    rate: Fraction
    reel: str = ""
    varies: bool = False

    @property
    def name(self) -> str:
        """Its file's name, on one line."""
        return one_line(self.video.name) or "footage"

    @property
    def first_frame(self) -> int:
        """The number of its first frame; no clock of an editor begins before 0."""
        return max(0, round(self.video.start_s * self.rate))

    @property
    def frames(self) -> int:
        """How many frames it lasts."""
        return max(1, round(self.video.duration_s * self.rate))

    def frame_at(self, time_s: float) -> int:
        """The number of the frame that begins nearest to a time of its clock."""
        return self.first_frame + round((time_s - self.video.start_s) * self.rate)


@dataclass(frozen=True, slots=True)
class Event:
    """Frames `[begin, end)` of the timeline show a medium from its frame `first` on, counted at the medium's rate."""

    medium: Medium
    first: int
    begin: int
    end: int
    title: str = ""

    def first_at(self, rate: Fraction) -> int:
        """The first frame, counted at another rate."""
        return round(self.first / self.medium.rate * rate)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is shown when, at one rate, in order and none over another; `cut_short` and `dropped` count the rest."""

    title: str
    rate: Fraction
    events: tuple[Event, ...]
    cut_short: int = 0
    dropped: int = 0

    @property
    def media(self) -> tuple[Medium, ...]:
        """The footage, each once, in order."""
        return tuple({event.medium.video.id: event.medium for event in self.events}.values())

    @property
    def end(self) -> int:
        """Its length in frames."""
        return max((event.end for event in self.events), default=0)


@dataclass(frozen=True, slots=True)
class Placed:
    """A stretch of footage to be shown from `at_s` of the timeline on; without it, right after the one before."""

    medium: Medium
    span: Span
    at_s: float | None = None
    title: str = ""


def lay(title: str, rate: Fraction, placed: Sequence[Placed]) -> Timeline:
    """A timeline at that rate. What lies over what follows is cut short; a gap of one frame is none."""
    events: list[Event] = []
    ends = Fraction(0)
    for one in placed:
        medium = one.medium
        first = min(medium.frame_at(one.span.start_s), medium.first_frame + medium.frames - 1)
        lasts = max(1, medium.frame_at(one.span.end_s) - first) / medium.rate
        begins = ends if one.at_s is None else Fraction(one.at_s)
        ends = begins + lasts
        begin = round(begins * rate)
        events.append(Event(medium, first, begin, max(begin + 1, round(ends * rate)), one.title))
    return _in_order(title, rate, events)


def _in_order(title: str, rate: Fraction, events: list[Event]) -> Timeline:
    events.sort(key=lambda event: event.begin)
    kept, cut_short = [], 0
    for event, following in pairwise([*events, None]):
        assert event is not None
        end = event.end
        if following is not None and (following.begin < end or following.begin == end + 1):
            cut_short += following.begin < end - 1
            end = following.begin
        if end > event.begin:
            kept.append(replace(event, end=end))
    return Timeline(title, rate, tuple(kept), cut_short, len(events) - len(kept))


def reels(names: Sequence[str]) -> list[str]:
    """A reel for each name: at most eight letters and digits, no two the same, as CMX3600 wants them."""
    given: list[str] = []
    taken = set(_RESERVED_REELS)
    for name in names:
        plain = unicodedata.normalize("NFKD", name.rpartition(".")[0] or name).upper()
        base = re.sub(r"[^A-Z0-9]", "", plain)[:_REEL_LETTERS] or "REEL"
        reel, number = base, 1
        while reel in taken:
            number += 1
            reel = f"{base[: _REEL_LETTERS - len(str(number))]}{number}"
        taken.add(reel)
        given.append(reel)
    return given
