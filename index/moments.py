"""Hits into moments: neighbours grow into spans, a sentence may stand for its shot, what shows the same is joined."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.types import Channel, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from playhead.index.catalog import Row

GROW = 0.7
"""Neighbours join a hit from this share of its probability on."""
_FILLS = 0.3  # a sentence that fills this share of its shot stands for the shot
_LEAN_S = 0.3  # … even if it leans this far out of it
_STRETCH_S = 10.0  # hits are compared with those of the same stretch of time


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment, or several neighbours that became one span, and how likely it is what was asked for."""

    row: Row
    span: Span
    probability: float


def grouped(hits: Iterable[Hit], shots: Sequence[Span]) -> list[list[Hit]]:
    """The hits of one video as groups that each show one moment, strongest first."""
    of_channel: dict[str, list[Hit]] = {}
    for hit in hits:
        of_channel.setdefault(hit.row.channel, []).append(hit)
    starts = [shot.start_s for shot in shots]
    grown = [hit for alike in of_channel.values() for hit in grow(alike, starts)]
    return join([framed(hit, shots, starts) if hit.row.channel == Channel.SPEECH else hit for hit in grown])


def grow(hits: Sequence[Hit], shot_starts: Sequence[float]) -> list[Hit]:
    """Join each hit with its touching neighbours in the same shot that are nearly as likely, strongest first.

    Utterances and events of motion stay apart: they are spans of their own already.
    """
    if len(hits) < 2 or hits[0].row.channel in (Channel.SPEECH, Channel.MOTION):
        return list(hits)
    order = sorted(hits, key=_place)
    shots = [bisect_right(shot_starts, hit.span.start_s + 1e-6) for hit in order]
    free, grown = set(range(len(order))), []
    for peak in sorted(free, key=lambda n: (-order[n].probability, n)):
        if peak not in free:
            continue
        free.discard(peak)
        span, least = order[peak].span, GROW * order[peak].probability
        for step in (1, -1):
            n = peak + step
            while (
                n in free
                and shots[n] == shots[peak]
                and order[n].probability >= least
                and touches(order[n].span, span)
            ):
                span = span.union(order[n].span)
                free.discard(n)
                n += step
        grown.append(Hit(order[peak].row, span, order[peak].probability))
    return grown


def framed(hit: Hit, shots: Sequence[Span], starts: Sequence[float]) -> Hit:
    """A sentence that fills a good part of the shot it is said in stands for the whole shot."""
    middle_s = (hit.span.start_s + hit.span.end_s) / 2
    home = bisect_right(starts, middle_s) - 1
    if home < 0 or middle_s >= shots[home].end_s:
        return hit
    shot = shots[home]
    inside = shot.start_s - _LEAN_S <= hit.span.start_s and hit.span.end_s <= shot.end_s + _LEAN_S
    return replace(hit, span=shot) if inside and hit.span.duration_s >= _FILLS * shot.duration_s else hit


def join(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Groups of hits that show the same moment: each overlaps the strongest of its group by half of the shorter."""
    groups: list[list[Hit]] = []
    near: dict[int, list[int]] = {}  # the groups whose head reaches into each stretch of time
    for hit in sorted(hits, key=lambda h: (-h.probability, *_place(h))):
        stretches = range(int(hit.span.start_s // _STRETCH_S), int(hit.span.end_s // _STRETCH_S) + 1)
        for number in sorted({number for stretch in stretches for number in near.get(stretch, ())}):
            if _same(groups[number][0].span, hit.span):
                groups[number].append(hit)
                break
        else:
            for stretch in stretches:
                near.setdefault(stretch, []).append(len(groups))
            groups.append([hit])
    return groups


def _place(hit: Hit) -> tuple[float, float, str]:
    return hit.span.start_s, hit.span.end_s, hit.row.id


def _same(head: Span, span: Span) -> bool:
    """Whether two spans share half of the shorter, or are one."""
    return head.overlap_s(span) > 0.5 * min(head.duration_s, span.duration_s) or head == span


def touches(one: Span, other: Span) -> bool:
    """Whether two spans overlap or follow each other without a gap."""
    return one.start_s <= other.end_s + 1e-3 and other.start_s <= one.end_s + 1e-3


def united(spans: Iterable[Span], gap_s: float = 0.0) -> list[Span]:
    """The time that spans of one video cover, in order; those that lie `gap_s` apart or less are one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start_s <= found[-1].end_s + gap_s:
            found[-1] = found[-1].union(span)
        else:
            found.append(span)
    return found
