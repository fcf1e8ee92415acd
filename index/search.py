"""A query into moments: what each description is met by, tied in time, judged by the threshold."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from playhead.index.calibrate import MATCH
from playhead.index.catalog import Within
from playhead.index.compose import AnyPlaced, beside, ranked, tied
from playhead.index.hits import Finder
from playhead.index.moments import GROW, Hit, grouped
from playhead.index.query import Link, Query
from playhead.types import Channel, Evidence, Moment, SearchResult, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from playhead.index.catalog import Catalog
    from playhead.index.hits import Likely, Remembered
    from playhead.index.nearest import NearestVectors
    from playhead.index.phrases import Reading
    from playhead.models.registry import Models
    from playhead.settings import Settings
    from playhead.types import Span, Video

_SHOWN = 5  # evidence shown of one moment
_WORTH = 0.1  # … and none weaker than this, beside the strongest
_OTHERS = 2  # channels that may make a moment likelier which is not likely enough by the strongest
_VIDEOS = 100  # videos in which moments are tied to others: those with the best


@dataclass(frozen=True, slots=True)
class _Found:
    """A moment that was found; its evidence is put together where it is given out."""

    video: Video
    span: Span
    score: float
    group: Sequence[Hit]


class Searcher:
    """Searches one library with one set of models."""

    def __init__(
        self,
        catalog: Catalog,
        vectors: NearestVectors,
        models: Models,
        settings: Settings,
        library: Path,
        remembered: Remembered,
    ) -> None:
        self._catalog, self._library = catalog, library
        self._finder = Finder(catalog, vectors, models, settings, self._note, remembered)
        self._notes: list[str] = []

    def search(self, query: Query, video: Video | None = None) -> SearchResult:
        """Moments that match, best first; where none does, `no_match` and the nearest there are."""
        if self._catalog.empty:
            self._note("The library is empty. Fill it with: playhead index PATH")
            return self._result(query, [])
        within = _within(query, video)
        if previewed := self._catalog.previewed(within.video_id):
            which = "It was" if video else "1 video was" if previewed == 1 else f"{previewed} videos were"
            self._note(f"{which} only looked at in a preview, not listened to or read. For that: playhead index PATH")
        if video and query.span_s and not (within.start_s < video.span.end_s and video.span.start_s < within.end_s):
            self._note(f"{video.name} plays from {format_time(video.start_s)} to {format_time(video.span.end_s)}")
        if query.links:
            return self._result(query, self._moments(query, within))
        return self._result(query, [self._moment(found) for found in self._best(query, within)])

    def read(self, reading: Reading, video: Video | None = None) -> SearchResult:
        """The better of several readings of the same words.

        Words that were said or written just so are taken as they stand. Otherwise descriptions are tied; but with
        `while`, and with a first word `before` or `after`, only where that finds what is likelier.
        """
        whole = reading.whole
        if reading.in_doubt and self._catalog.holds_phrase(whole.words, _within(whole, video), whole.channels):
            return self.search(whole, video)
        if reading.note:
            self._note(reading.note)
        if reading.tied is None:
            return self.search(reading.plain, video)
        composed = self.search(reading.tied, video)
        clear = reading.tied.words and Link.WHILE not in {link for link, _ in reading.tied.links}
        if reading.meant or (clear and composed.moments):
            return composed
        plain = self.search(reading.plain, video)
        if clear and plain.moments:
            note = f"Nothing here is “{reading.tied}”. Nearest are what the words would find as they stand"
            return replace(composed, nearest=plain.moments, notes=(*composed.notes, note))
        if _best(composed) >= _best(plain):
            return composed
        note = f"Taken as the words stand: “{reading.tied}” is less likely. In capitals it is looked for all the same"
        return replace(plain, notes=(*plain.notes, note))

    def _result(self, query: Query, moments: Sequence[Moment]) -> SearchResult:
        matching = _at_most(query, (m for m in moments if m.score >= MATCH))
        nearest = () if matching else _at_most(query, moments)
        return SearchResult(str(query), matching, not matching, tuple(self._notes), nearest)

    def _moments(self, query: Query, within: Within) -> list[Moment]:
        """Every moment that might be meant, best first."""
        described = bool(query.words) or query.image is not None
        hits = self._finder.found(query, within).hits if described else ()
        found = [self._moment(each) for each in self._described(query, hits, within)] if described else None
        for link, other in query.links:
            if found is None:
                found = beside(link, self._moments(other, within), cache(self._catalog.shots), within)
            else:
                found = self._tied(link, found, other, within)
        return found or []

    def _tied(self, link: Link, moments: Sequence[Moment], other: Query, within: Within) -> list[Moment]:
        """Video by video, so that neither of the two is hidden by better ones elsewhere."""
        by_video: dict[str, list[Moment]] = {}
        for moment in moments:
            by_video.setdefault(moment.video.id, []).append(moment)
        if len(by_video) > _VIDEOS:
            self._note(f"Moments were tied in the {_VIDEOS} likeliest of {len(by_video)} videos")
        found: list[Moment] = []
        for video_id, here in islice(by_video.items(), _VIDEOS):
            found += tied(link, here, self._moments(other, replace(within, video_id=video_id)))
        return ranked(found)

    def _best(self, query: Query, within: Within) -> Sequence[_Found]:
        """As many of the best as the query wants, by the likeliest hits, or by all where those are not enough."""
        hits, rest = self._finder.found(query, within, few=True)
        best = _at_most(query, self._described(query, hits, within, best_only=True))
        if _may_miss(query, best, rest):
            hits, _ = self._finder.found(query, within)
            best = _at_most(query, self._described(query, hits, within, best_only=True))
        return best

    def _described(
        self, query: Query, hits: Iterable[Likely], within: Within, *, best_only: bool = False
    ) -> list[_Found]:
        """The moments of these hits, or as many of the best as the query wants, best first."""
        by_video: dict[str, list[Likely]] = {}
        for row, probability in hits:
            by_video.setdefault(row.video_id, []).append((row, probability))
        most = {v: _likelihood((row.channel, probability) for row, probability in by_video[v]) for v in by_video}
        found: list[_Found] = []
        for video, shots in self._catalog.shown(sorted(by_video, key=most.__getitem__, reverse=True)):
            if best_only and _enough(query, found, most[video.id]):
                break
            here = [Hit(row, row.span, probability) for row, probability in by_video[video.id]]
            found += [_found(video, group, within) for group in grouped(here, shots)]
        return ranked(found)

    def _moment(self, found: _Found) -> Moment:
        evidence = tuple(
            Evidence(
                Channel(hit.row.channel),
                hit.row.span,
                hit.probability,
                hit.row.text,
                self._library / hit.row.thumbnail if hit.row.thumbnail else None,
                id=hit.row.id,
            )
            for hit in found.group[:_SHOWN]
            if hit is found.group[0] or hit.probability >= _WORTH
        )
        return Moment(found.video, found.span, found.score, evidence)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)


def _found(video: Video, group: Sequence[Hit], within: Within) -> _Found:
    """The span is that of the strongest evidence, as far as it lies within.

    Channels that agree make it more likely: they are taken to err independently (noisy or).
    """
    likelihood = _likelihood((hit.row.channel, hit.probability) for hit in group)
    return _Found(video, within.part_of(group[0].span), likelihood, group)


def _likelihood(hits: Iterable[tuple[str, float]]) -> float:
    """Of a group of hits, by channel and probability; of all hits in a video, more than any group of them has."""
    best: dict[str, float] = {}
    for channel, probability in hits:
        if probability > best.get(channel, 0.0):
            best[channel] = probability
    if len(best) == 1:
        return best.popitem()[1]
    return 1 - math.prod([1 - best[channel] for channel in sorted(best)])


def _enough(query: Query, moments: Sequence[_Found], least: float) -> bool:
    """Whether no moment that is at most so likely is wanted any more."""
    better = [moment for moment in moments if moment.score > least + 1e-9]
    return len(better) >= query.limit and len(_at_most(query, ranked(better))) == query.limit


def _may_miss(query: Query, best: Sequence[_Found], rest: float) -> bool:
    """Whether hits that are as likely as `rest` could make a moment, make one longer, or make one match at all."""
    full = len(best) == query.limit
    if rest >= GROW * max(MATCH, best[-1].score if full else 0.0):
        return True
    return bool(best) and best[0].score < MATCH <= 1 - (1 - best[0].score) * (1 - rest) ** _OTHERS


def _at_most(query: Query, moments: Iterable[AnyPlaced]) -> tuple[AnyPlaced, ...]:
    """As many as the query wants, and of one video no more than it wants."""
    of_video: Counter[str] = Counter()
    kept: list[AnyPlaced] = []
    for moment in moments:
        of_video[moment.video.id] += 1
        if not query.per_video or of_video[moment.video.id] <= query.per_video:
            kept.append(moment)
        if len(kept) == query.limit:
            break
    return tuple(kept)


def _within(query: Query, video: Video | None) -> Within:
    return Within(video.id if video else "", *(query.span_s or ()))


def _best(result: SearchResult) -> float:
    return max((moment.score for moment in result.moments), default=0.0)
