"""Chapters as lines for YouTube and as metadata for ffmpeg.

YouTube shows chapters where a description lists at least three times, the first 0:00, in order, each ten seconds long
at least (YouTube Help, "Video chapters"), and takes no angle brackets. The other form is ffmpeg's "Metadata" format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from playhead.media.timelines import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.media.timelines import Timeline

_SHORTEST_S = 10
_FEWEST = 3
_HALF = Fraction(1, 2)  # the frame nearest to 0:20 may begin just before it
_SPECIAL = re.compile(r"[=;#\\]")
_ANGLES = str.maketrans("<>", "‹›")


@dataclass(frozen=True, slots=True)
class Chapter:
    """Frames `[begin, end)` under one title."""

    begin: int
    end: int
    title: str


def chapters(timeline: Timeline) -> list[Chapter]:
    """A chapter for each event, under its title or the name of its footage and when it is shown there."""
    found = []
    for event in timeline.events:
        first_s = (event.first - event.medium.first_frame + _HALF) / event.medium.rate
        title = one_line(event.title) or f"{event.medium.name} {clock(first_s)}"
        found.append(Chapter(event.begin, event.end, title))
    return found


def clock(time_s: Fraction) -> str:
    """`m:ss`, or `h:mm:ss` from one hour on; the second that has begun."""
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def as_youtube(timeline: Timeline) -> tuple[str, tuple[str, ...]]:
    """The lines of a description, and what had to be changed for YouTube to take them for chapters."""
    given = chapters(timeline)
    starts = [int((chapter.begin + _HALF) / timeline.rate) for chapter in given]
    kept: list[tuple[int, str]] = []
    for start_s, chapter in zip(starts, given, strict=True):
        if not kept or start_s - kept[-1][0] >= _SHORTEST_S:
            kept.append((start_s if kept else 0, chapter.title))
    if len(kept) > 1 and timeline.end / timeline.rate - kept[-1][0] < _SHORTEST_S:
        kept.pop()
    lines = [f"{clock(Fraction(start_s))} {title.translate(_ANGLES)}\n" for start_s, title in kept]
    return "".join(lines), _changed(starts, kept)


def _changed(starts: Sequence[int], kept: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    notes = []
    if starts and starts[0] > 0:
        notes.append(f"YouTube's first chapter must begin at 0:00; it begins at {clock(Fraction(starts[0]))}.")
    if merged := len(starts) - len(kept):
        notes.append(
            f"{merged} of {len(starts)} chapters were merged into those before: YouTube takes none of less than "
            f"{_SHORTEST_S} s."
        )
    if len(kept) < _FEWEST:
        notes.append(f"YouTube shows chapters only where there are {_FEWEST} or more; here is {len(kept)}.")
    return tuple(notes)


def as_ffmetadata(timeline: Timeline) -> str:
    """Chapters that `ffmpeg -i film -i FILE -map_chapters 1 …` puts into a film, counted in its frames."""
    base = 1 / timeline.rate
    parts = (
        f"\n[CHAPTER]\nTIMEBASE={base.numerator}/{base.denominator}\nSTART={chapter.begin}\nEND={chapter.end}\n"
        f"title={_escaped(chapter.title)}\n"
        for chapter in chapters(timeline)
    )
    return f";FFMETADATA1\ntitle={_escaped(timeline.title)}\n{''.join(parts)}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", one_line(text))
