"""A query into moments: each channel is searched apart, hits grow into spans, spans of one moment are joined."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from playhead.index import words
from playhead.index.calibrate import MATCH, curve
from playhead.index.catalog import EVERYWHERE, Within
from playhead.index.query import Query
from playhead.media.images import read_image
from playhead.types import Channel, Evidence, Moment, SearchResult, Segment, Span, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog
    from playhead.index.vectors import VectorIndex
    from playhead.models.registry import Models
    from playhead.settings import Settings
    from playhead.types import Video

_LEAST = 0.02  # a hit below this probability is not followed up
_NEAREST = 400  # hits of one channel that are followed up
_GROW = 0.7  # neighbours join a hit from this share of its probability on
_FILLS = 0.3  # a sentence that fills this share of its shot stands for the shot
_LEAN_S = 0.3  # … even if it leans this far out of it
_SHOWN = 5  # evidence shown of one moment
_WORTH = 0.1  # … and none weaker than this, beside the strongest

__all__ = ["Query", "Searcher"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment, or several neighbours that became one span, and how likely it is what was asked for."""

    segment: Segment
    span: Span
    probability: float


class Searcher:
    """Searches one library with one set of models."""

    def __init__(
        self, catalog: Catalog, vectors: VectorIndex, models: Models, settings: Settings, library: Path
    ) -> None:
        self._catalog, self._vectors, self._models = catalog, vectors, models
        self._settings, self._library = settings, library
        self._notes: list[str] = []

    def search(self, query: Query, video: Video | None = None) -> SearchResult:
        """Moments that match, best first; where none does, `no_match` and the nearest there are."""
        if not self._catalog.videos():
            note = "The library is empty. Fill it with: playhead index PATH"
            return SearchResult(query.words, (), no_match=True, notes=(note,))
        for channel in sorted(query.channels - self._catalog.observed()):
            self._note(f"No video was indexed for {channel}. To do so: playhead index PATH --channels {channel}")
        within = Within(video.id if video else "", *(query.between or ()))
        if video and query.between and not (within.start_s < video.span.end_s and video.span.start_s < within.end_s):
            self._note(f"{video.name} plays from {format_time(video.start_s)} to {format_time(video.span.end_s)}")
        hits = [hit for hit in self._hits(query, within) if _inside(hit.segment, within)]
        moments = self._moments(hits)
        matching = [m for m in moments if m.score >= MATCH][: query.limit]
        nearest = () if matching else tuple(moments[: query.limit])
        return SearchResult(query.words, tuple(matching), not matching, tuple(self._notes), nearest)

    def _hits(self, query: Query, within: Within) -> list[Hit]:
        found: dict[str, Hit] = {}
        for hit in (*self._seen(query, within), *self._meant(query, within), *self._worded(query, within)):
            known = found.get(hit.segment.id)
            if hit.probability >= _LEAST and (known is None or known.probability < hit.probability):
                found[hit.segment.id] = hit
        return list(found.values())

    # Channels

    def _seen(self, query: Query, within: Within) -> Iterable[Hit]:
        """Pictures by words, by an image, or by both (the geometric mean of the two)."""
        if not _wanted(Channel.PICTURE, query):
            return []
        encoder, scores = self._models.picture, list[dict[str, float]]()
        if query.words and not self._unreadable(
            encoder.unreadable(query.words), "Pictures were not searched by these words"
        ):
            vector = encoder.encode_texts([query.words])[0]
            scores.append(self._near(Channel.PICTURE, encoder.id, vector, "picture", within))
        if query.image is not None:
            image = read_image(query.image, [query.image.parent], self._settings.limits)
            vector = encoder.encode_images([image])[0]
            scores.append(self._near(Channel.PICTURE, encoder.id, vector, "picture_by_image", within))
        return self._expand(_both(scores))

    def _meant(self, query: Query, within: Within) -> Iterable[Hit]:
        """What was said or written, by meaning."""
        textual = [c for c in Channel if c is not Channel.PICTURE and _wanted(c, query)]
        if not query.words or not textual or query.image is not None:
            return []
        encoder = self._models.sentences
        if self._unreadable(
            encoder.unreadable(query.words), "What was said and written was searched for the exact words only"
        ):
            return []
        vector = encoder.encode([query.words])[0]
        near: dict[str, float] = {}
        for channel in textual:
            near |= self._near(channel, encoder.id, vector, str(channel), within)
        return self._expand(near)

    def _worded(self, query: Query, within: Within) -> Iterable[Hit]:
        """What was said or written, word for word."""
        if not query.words or query.image is not None:
            return []
        found = words.matches(self._catalog, query.words, within)
        return [Hit(s, s.span, probability) for s, probability in found if _wanted(s.channel, query)]

    def _near(
        self, channel: Channel, space: str, vector: NDArray[np.float32], name: str, within: Within
    ) -> dict[str, float]:
        """Probability by vector id. Exact up to `exact_limit` vectors, within bounds always; else by Chroma."""
        counts = {s: n for c, s, n in self._spaces if c is channel}
        count = counts.get(space, 0)
        if others := sum(counts.values()) - count:
            self._note(
                f"{others} of {sum(counts.values())} {channel} vectors were made by another model and not compared. "
                "Index those files again with this one: playhead index PATH"
            )
        if not count or not vector.any():
            return {}
        fits = curve(name, space)
        if within == EVERYWHERE and count > self._settings.exact_limit and self._is_current():
            near = self._vectors.nearest(channel, space, vector, _NEAREST)
            if near is not None:
                return {i: fits.at(similarity) for i, similarity in near}
        ids, matrix = self._catalog.vectors(channel, space, within)
        if not ids:
            return {}
        probabilities = fits(matrix @ vector)
        best = np.argsort(-probabilities, kind="stable")[:_NEAREST]
        return {ids[n]: float(probabilities[n]) for n in best if probabilities[n] >= _LEAST}

    @cached_property
    def _spaces(self) -> list[tuple[Channel, str, int]]:
        return self._catalog.spaces()

    def _is_current(self) -> bool:
        generation = self._vectors.current()
        return generation is not None and generation.revision == self._catalog.revision

    def _expand(self, near: dict[str, float]) -> Iterable[Hit]:
        found = self._catalog.segments_by_vector(near)
        return [Hit(s.segment, s.segment.span, near[s.vector_id] * s.segment.score) for s in found]

    def _unreadable(self, why: str, so: str) -> bool:
        if why:
            self._note(f"{so}: {why}. Models for other languages: docs/models.md")
        return bool(why)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    # Moments

    def _moments(self, hits: Sequence[Hit]) -> list[Moment]:
        by_video: dict[str, list[Hit]] = {}
        for hit in hits:
            by_video.setdefault(hit.segment.video_id, []).append(hit)
        moments = []
        for video_id, of_video in by_video.items():
            video = self._catalog.video(video_id)
            if video is None:
                continue
            shots = self._catalog.shots(video_id)
            starts = [shot.start_s for shot in shots]
            grown = [hit for channel in Channel for hit in grow(_on(channel, of_video), starts)]
            grown = [framed(hit, shots, starts) if hit.segment.channel is Channel.SPEECH else hit for hit in grown]
            moments += [self._moment(video, group) for group in join(grown)]
        return sorted(moments, key=lambda m: (-m.score, m.video.id, m.span))

    def _moment(self, video: Video, group: Sequence[Hit]) -> Moment:
        """The span is that of the strongest evidence; channels that agree make it more likely (noisy or)."""
        best: dict[Channel, float] = {}
        for hit in group:
            best[hit.segment.channel] = max(hit.probability, best.get(hit.segment.channel, 0.0))
        missed = float(np.prod([1 - probability for probability in best.values()]))
        evidence = tuple(
            Evidence(
                hit.segment.channel,
                hit.segment.span,
                hit.probability,
                hit.segment.text,
                self._library / hit.segment.thumbnail if hit.segment.thumbnail else None,
            )
            for hit in group[:_SHOWN]
            if hit is group[0] or hit.probability >= _WORTH
        )
        return Moment(video, group[0].span, 1 - missed, evidence)


def grow(hits: Sequence[Hit], shot_starts: Sequence[float]) -> list[Hit]:
    """Join each hit with its touching neighbours in the same shot that are nearly as likely, strongest first.

    Utterances stay apart: they are spans of their own already.
    """
    if not hits or hits[0].segment.channel is Channel.SPEECH:
        return list(hits)
    order = sorted(hits, key=lambda hit: (hit.span, hit.segment.id))
    shots = [bisect_right(shot_starts, hit.span.start_s + 1e-6) for hit in order]
    free, grown = set(range(len(order))), []
    for peak in sorted(free, key=lambda n: (-order[n].probability, n)):
        if peak not in free:
            continue
        free.discard(peak)
        span, least = order[peak].span, _GROW * order[peak].probability
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
        grown.append(replace(order[peak], span=span))
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
    for hit in sorted(hits, key=lambda h: (-h.probability, h.span, h.segment.id)):
        for group in groups:
            head = group[0].span
            shorter = min(head.duration_s, hit.span.duration_s)
            if head.overlap_s(hit.span) > 0.5 * shorter or head == hit.span:
                group.append(hit)
                break
        else:
            groups.append([hit])
    return groups


def touches(one: Span, other: Span) -> bool:
    """Whether two spans overlap or follow each other without a gap."""
    return one.start_s <= other.end_s + 1e-3 and other.start_s <= one.end_s + 1e-3


def _on(channel: Channel, hits: Iterable[Hit]) -> list[Hit]:
    return [hit for hit in hits if hit.segment.channel is channel]


def _wanted(channel: Channel, query: Query) -> bool:
    return not query.channels or channel in query.channels


def _inside(segment: Segment, within: Within) -> bool:
    """The same as the catalogue's own: a vector may stand for segments elsewhere too."""
    start_s, end_s = segment.span.start_s, max(segment.span.end_s, segment.span.start_s + 1e-6)
    return within.video_id in ("", segment.video_id) and start_s < within.end_s and within.start_s < end_s


def _both(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    if len(scores) < 2:
        return scores[0] if scores else {}
    words_like, image_like = scores
    return {i: (words_like.get(i, _LEAST) * p) ** 0.5 for i, p in image_like.items()}
