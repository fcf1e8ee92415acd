"""Moments tied in time: this then that, this before, after or while that, this and not that.

The score of two moments together is the geometric mean of both where each matches; otherwise it is the lower one, and
under the threshold, since a strong half does not make up for one that is not there. A moment far less likely than the
best for its description in that video is no match.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from playhead.index.calibrate import MATCH
from playhead.index.query import Link
from playhead.types import Moment, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from playhead.index.catalog import Within
    from playhead.types import Video

_MOST = 200  # moments of one video that are tied to others
_MEET_S = 0.25  # one moment follows another if it begins no more than this before the other ends
_BESIDE_S = 10.0  # what comes right before or after a moment is no longer than this
_JUST_UNDER = 0.99 * MATCH
_SHARE = 0.5  # of the best score that a description has, which a moment needs to count as a match for it


def tied(link: Link, moments: Sequence[Moment], others: Sequence[Moment]) -> list[Moment]:
    """The moments of a video that stand to one of the others of that video as `link` says, best first."""
    if link is Link.NOT:
        return ranked(_not(moment, others[:_MOST]) for moment in moments)
    return ranked(_TIES[link](_judged(moments[:_MOST]), _judged(others[:_MOST])))


def beside(
    link: Link, moments: Iterable[Moment], shots: Callable[[str], Sequence[Span]], within: Within
) -> list[Moment]:
    """Whatever comes right before or after each moment: the rest of the shot there, ten seconds at most."""
    found: dict[tuple[str, Span], Moment] = {}
    for moment in moments:
        video = moment.video
        span = _neighbour(link, moment.span, shots(video.id) or [video.span])
        if span is not None and within.start_s < span.end_s and span.start_s < within.end_s:
            span = within.part_of(span)
            found.setdefault((video.id, span), replace(moment, span=span))
    return ranked(found.values())


class Placed(Protocol):
    """What has a place in the order of what was found."""

    @property
    def video(self) -> Video:
        """The video it is in."""

    @property
    def span(self) -> Span:
        """When it is, in seconds of that video."""

    @property
    def score(self) -> float:
        """How likely it is what was asked for, 0 to 1."""


AnyPlaced = TypeVar("AnyPlaced", bound=Placed)


def ranked(moments: Iterable[AnyPlaced]) -> list[AnyPlaced]:
    """Best first; the same order for the same moments."""
    return sorted(moments, key=lambda moment: (-moment.score, moment.video.id, moment.span))


@dataclass(frozen=True, slots=True)
class _Part:
    """A moment, and whether it is a match for its own description."""

    moment: Moment
    matches: bool

    @property
    def span(self) -> Span:
        return self.moment.span


def _judged(moments: Sequence[Moment]) -> list[_Part]:
    least = max(MATCH, _SHARE * max((moment.score for moment in moments), default=0.0))
    return [_Part(moment, moment.score >= least) for moment in moments]


def _then(parts: Sequence[_Part], others: Sequence[_Part]) -> Iterator[Moment]:
    """Each pair with nothing like its first between the two."""
    for part in parts:
        later = _next([o for o in others if _follows(o, part)])
        if later is None:
            continue
        likes = [p for p in parts if _follows(later, p) and p.matches >= part.matches]
        if max(likes, key=lambda p: p.span.end_s) is part:
            yield replace(_together(part, later), span=part.span.union(later.span))


def _before(parts: Sequence[_Part], others: Sequence[_Part]) -> Iterator[Moment]:
    for part in parts:
        later = _likeliest(o for o in others if _follows(o, part))
        if later is not None:
            yield _together(part, later)


def _after(parts: Sequence[_Part], others: Sequence[_Part]) -> Iterator[Moment]:
    for part in parts:
        earlier = _likeliest(o for o in others if _follows(part, o))
        if earlier is not None:
            yield _together(part, earlier)


def _while(parts: Sequence[_Part], others: Sequence[_Part]) -> Iterator[Moment]:
    for part in parts:
        other = _likeliest(o for o in others if _meet(o.span, part.span))
        if other is not None:
            start_s = max(part.span.start_s, other.span.start_s)
            span = Span(start_s, max(start_s, min(part.span.end_s, other.span.end_s)))
            yield replace(_together(part, other), span=span)


_TIES = {Link.THEN: _then, Link.BEFORE: _before, Link.AFTER: _after, Link.WHILE: _while}


def _not(moment: Moment, others: Sequence[Moment]) -> Moment:
    """Less likely by how likely the other is, and by how much of the time it takes."""
    spoiled = max((o.score * _covered(moment.span, o.span) for o in others), default=0.0)
    return replace(moment, score=moment.score * (1 - spoiled))


def _covered(span: Span, other: Span) -> float:
    return span.overlap_s(other) / span.duration_s if span.duration_s else float(_meet(span, other))


def _follows(later: _Part, earlier: _Part) -> bool:
    return later.span.start_s >= earlier.span.end_s - _MEET_S and later.span.start_s > earlier.span.start_s


def _meet(one: Span, other: Span) -> bool:
    return one.overlap_s(other) > 0 or one == other


def _next(parts: Sequence[_Part]) -> _Part | None:
    """The first of those that match; where none does, the likeliest."""
    matching = [part for part in parts if part.matches]
    return min(matching, key=lambda part: part.span.start_s) if matching else _likeliest(parts)


def _likeliest(parts: Iterable[_Part]) -> _Part | None:
    return max(parts, key=lambda part: part.moment.score, default=None)


def _together(part: _Part, other: _Part) -> Moment:
    both = (part.moment.score, other.moment.score)
    count = 1 + max(evidence.part for evidence in part.moment.evidence)
    evidence = (*part.moment.evidence, *(replace(e, part=e.part + count) for e in other.moment.evidence))
    if part.matches and other.matches:
        return replace(part.moment, score=(both[0] * both[1]) ** 0.5, evidence=evidence)
    return replace(part.moment, score=min(*both, _JUST_UNDER), evidence=evidence)


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
