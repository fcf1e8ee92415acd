"""Moments tied in time: this then that, this before, after or while that, this and not that.

The score of two moments together is the geometric mean of both where each matches, else the lower one: a strong half
does not make up for one that is not there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from playhead.index.calibrate import MATCH
from playhead.index.query import Link
from playhead.types import Moment, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_MOST = 200  # moments of one video that are tied to others
_MEET_S = 0.25  # one moment follows another if it begins no more than this before the other ends
_BESIDE_S = 10.0  # what comes right before or after a moment is no longer than this


def tied(link: Link, moments: Sequence[Moment], others: Sequence[Moment]) -> list[Moment]:
    """The moments that stand to one of the others as `link` says, best first."""
    there = _by_video(others)
    found: list[Moment] = []
    for video_id, here in _by_video(moments).items():
        found += _TIES[link](here[:_MOST], there.get(video_id, [])[:_MOST])
    return ranked(found)


def beside(link: Link, moments: Iterable[Moment], shots: Callable[[str], Sequence[Span]]) -> list[Moment]:
    """Whatever comes right before or after each moment: the rest of the shot there, ten seconds at most."""
    found = []
    for moment in moments:
        span = _neighbour(link, moment.span, shots(moment.video.id))
        if span is not None:
            found.append(replace(moment, span=span))
    return ranked(found)


def ranked(moments: Iterable[Moment]) -> list[Moment]:
    """Best first; the same order for the same moments."""
    return sorted(moments, key=lambda moment: (-moment.score, moment.video.id, moment.span))


def _then(moments: Sequence[Moment], others: Sequence[Moment]) -> Iterator[Moment]:
    """Each pair with nothing like either between its two."""
    for moment in moments:
        later = _nearest([o for o in others if _follows(o, moment)], lambda o: o.span.start_s)
        if later is None:
            continue
        likes = [m for m in moments if _follows(later, m) and _counts(m) >= _counts(moment)]
        if max(likes, key=lambda m: m.span.end_s) is moment:
            yield replace(_together(moment, later), span=moment.span.union(later.span))


def _before(moments: Sequence[Moment], others: Sequence[Moment]) -> Iterator[Moment]:
    for moment in moments:
        later = _nearest([o for o in others if _follows(o, moment)], lambda o: o.span.start_s)
        if later is not None:
            yield _together(moment, later)


def _after(moments: Sequence[Moment], others: Sequence[Moment]) -> Iterator[Moment]:
    for moment in moments:
        earlier = _nearest([o for o in others if _follows(moment, o)], lambda o: -o.span.end_s)
        if earlier is not None:
            yield _together(moment, earlier)


def _while(moments: Sequence[Moment], others: Sequence[Moment]) -> Iterator[Moment]:
    for moment in moments:
        shared = [o for o in others if o.span.overlap_s(moment.span) > 0 or o.span == moment.span]
        if shared:
            other = max(shared, key=lambda o: o.score)
            start_s = max(moment.span.start_s, other.span.start_s)
            span = Span(start_s, max(start_s, min(moment.span.end_s, other.span.end_s)))
            yield replace(_together(moment, other), span=span)


def _not(moments: Sequence[Moment], others: Sequence[Moment]) -> Iterator[Moment]:
    for moment in moments:
        spoiling = [o.score for o in others if o.span.overlap_s(moment.span) > 0 or o.span == moment.span]
        yield replace(moment, score=moment.score * (1 - max(spoiling, default=0.0)))


_TIES = {Link.THEN: _then, Link.BEFORE: _before, Link.AFTER: _after, Link.WHILE: _while, Link.NOT: _not}


def _follows(later: Moment, earlier: Moment) -> bool:
    return later.span.start_s >= earlier.span.end_s - _MEET_S and later.span.start_s > earlier.span.start_s


def _counts(moment: Moment) -> bool:
    return moment.score >= MATCH


def _nearest(moments: Sequence[Moment], distance: Callable[[Moment], float]) -> Moment | None:
    """The nearest of those that match; where none does, the likeliest."""
    matching = [moment for moment in moments if _counts(moment)]
    if matching:
        return min(matching, key=distance)
    return max(moments, key=lambda moment: moment.score, default=None)


def _together(moment: Moment, other: Moment) -> Moment:
    both = (moment.score, other.score)
    score = (both[0] * both[1]) ** 0.5 if min(both) >= MATCH else min(both)
    return replace(moment, score=score, evidence=(*moment.evidence, *other.evidence))


def _neighbour(link: Link, span: Span, shots: Sequence[Span]) -> Span | None:
    if link is Link.AFTER:
        shot = next((s for s in shots if s.end_s > span.end_s + _MEET_S), None)
        return None if shot is None else _at_most(max(shot.start_s, span.end_s), shot.end_s, from_start=True)
    shot = next((s for s in reversed(shots) if s.start_s < span.start_s - _MEET_S), None)
    return None if shot is None else _at_most(shot.start_s, min(shot.end_s, span.start_s), from_start=False)


def _at_most(start_s: float, end_s: float, *, from_start: bool) -> Span:
    if from_start:
        return Span(start_s, min(end_s, start_s + _BESIDE_S))
    return Span(max(start_s, end_s - _BESIDE_S), end_s)


def _by_video(moments: Iterable[Moment]) -> dict[str, list[Moment]]:
    found: dict[str, list[Moment]] = defaultdict(list)
    for moment in moments:
        found[moment.video.id].append(moment)
    return found
