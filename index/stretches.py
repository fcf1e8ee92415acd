"""A video in stretches that are worth a page each: its shots, the long ones parted where somebody begins to speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.types import Channel, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.index.library import Library
    from playhead.types import Video

_LONG_S = 20.0
_PART_S = 14.0
_LEAST_S = 6.0


def parts(library: Library, video: Video, span: Span) -> list[Span]:
    """The stretches of part of a video, in order; together they are all of it."""
    starts = [s.span.start_s for s in library.observed(video, (Channel.SPEECH,), span)]
    shots = [_inside(shot, span) for shot in library.shots(video) if shot.overlap_s(span) > 0] or [span]
    return [part for shot in shots for part in _parted(shot, starts)]


def _inside(shot: Span, span: Span) -> Span:
    return Span(max(shot.start_s, span.start_s), min(shot.end_s, span.end_s))


def _parted(shot: Span, starts: list[float]) -> Iterator[Span]:
    """Parts of about `_PART_S`, each from where somebody begins to speak, if anybody does."""
    begin_s = shot.start_s
    while shot.end_s - begin_s > _LONG_S:
        aim_s = begin_s + _PART_S
        near = [s for s in starts if begin_s + _LEAST_S <= s <= min(begin_s + _LONG_S, shot.end_s - _LEAST_S)]
        end_s = min(near, key=lambda s: abs(s - aim_s)) if near else aim_s
        yield Span(begin_s, end_s)
        begin_s = end_s
    yield Span(begin_s, shot.end_s)
