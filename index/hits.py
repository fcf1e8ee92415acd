"""Where one description is met: each channel is searched apart, and what is found there has a probability."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from heapq import nlargest
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from playhead.index import words
from playhead.index.calibrate import curve
from playhead.index.catalog import EVERYWHERE
from playhead.index.senses import as_seen
from playhead.media.images import read_image
from playhead.models.roles import Role
from playhead.models.runtime import one_thread
from playhead.types import PICTORIAL, Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog, Row, Within
    from playhead.index.nearest import NearestVectors
    from playhead.index.query import Query
    from playhead.models.registry import Models
    from playhead.models.roles import Curve
    from playhead.settings import Settings

    Remembered = dict[tuple[str, str], NDArray[np.float32]]
    Likely = tuple[Row, float]
    """A segment, and the probability that it is what was asked for."""

_LEAST = 0.02  # a hit below this probability is not followed up
_FOLLOWED = 400  # hits of one channel that are followed up at most, the likeliest first …
_FOR_EACH = 20  # … and for each moment that is wanted, where few are
_HITS = 4  # for each moment that is wanted: the last of these says how likely moments will be …
_SHARE = 0.3  # … and what is less likely than this share of it is left out, where few are wanted …
_FEW = 100  # … unless there are no more hits than these
_ALIKE = 100  # segments of one vector, or as many as moments are wanted, the surest first
_REMEMBERED = 256  # descriptions whose vectors are kept from one search to the next
_CROSSED = range(3)  # of a query and a text, how many may have crossed from another model's space


class Found(NamedTuple):
    """Segments that fit, and how likely those are that were left out; 0 where none were."""

    hits: list[Likely]
    rest: float


@dataclass(frozen=True, slots=True)
class _Near:
    """Similarities of a channel's nearest vectors by id, best first; and its curves, of which one fits a text."""

    channel: Channel
    similarities: dict[str, float]
    curves: Sequence[Curve]
    which: Callable[[str], int] = lambda _: 0

    def likely(self, least: float) -> list[str]:
        """Those that may be so likely, best first."""
        similarity = min(fits.least(least) for fits in self.curves)
        return [i for i, n in self.similarities.items() if n >= similarity]

    def presumed(self, vector_id: str) -> float:
        """How likely what stands at a vector is, whatever it says: by the curve that makes it least."""
        return min(fits.at(self.similarities[vector_id]) for fits in self.curves)

    def probability(self, vector_id: str, row: Row) -> float:
        """That a segment of this vector is meant."""
        return self.curves[self.which(row.text)].at(self.similarities[vector_id]) * row.score


class Finder:
    """Finds the segments that fit one description; `note` is told what a person should know."""

    def __init__(
        self,
        catalog: Catalog,
        vectors: NearestVectors,
        models: Models,
        settings: Settings,
        note: Callable[[str], None],
        remembered: Remembered,
    ) -> None:
        self._catalog, self._vectors, self._models = catalog, vectors, models
        self._settings, self._note, self._remembered = settings, note, remembered
        self._noted: set[str] = set()
        self._alike, self._most = _ALIKE, _FOLLOWED
        self._likenesses: dict[tuple[str, str], NDArray[np.float32]] = {}

    def found(self, query: Query, within: Within, *, few: bool = False) -> Found:
        """Each segment that fits, with its best probability. Ties of the query are not looked at.

        `few`: without hits that are much less likely than the moments that the query wants are taken to be.
        """
        for channel in sorted(query.channels - self._observed) if query.channels else ():
            option = "--as" if channel in (Channel.THERMAL, Channel.DEPTH) else "--channels"
            self._note(f"No video was indexed for {channel}. To do so: playhead index PATH {option} {channel}")
        self._alike = max(_ALIKE, query.limit)
        self._most = max(_ALIKE, min(_FOLLOWED, _FOR_EACH * query.limit)) if few else _FOLLOWED
        with one_thread(), ThreadPoolExecutor(1) as beside:
            seen = beside.submit(self._seen, query, within)
            meant, worded = self._meant(query, within), self._worded(query, within)
            near = [*seen.result(), *meant]
            like = self._like(query.image, query, within) if query.image else []
        for note in sorted(self._noted):  # whichever came first
            self._note(note)
        # Of one video all is read, however little of it is asked for.
        expected = _expected(near, worded, _HITS * query.limit) if few and not like and not within.video_id else 0.0
        hits, rest = self._followed(near, within, max(_LEAST, _SHARE * expected))
        if like:
            pictured, rest = self._followed(like, within, _LEAST)
            hits = _both(hits, pictured) if near else pictured
        if few and len(worded) == self._most:  # others may have the words as well
            rest = max(rest, worded[-1][1])
        best: dict[str, Likely] = {}
        for row, probability in chain(hits, worded):
            known = best.get(row.id)
            if probability >= _LEAST and (known is None or known[1] < probability):
                best[row.id] = row, probability
        return Found(list(best.values()), rest)

    def _seen(self, query: Query, within: Within) -> list[_Near]:
        """Pictures by words."""
        channels, encoder = _compared(query, PICTORIAL), self._models.picture
        if not query.words or not channels:
            return []
        if self._unreadable(encoder.unreadable(query.words), "Pictures were not searched by these words"):
            return []
        vector = self._vector(encoder.id, query.words, lambda: encoder.encode_texts([query.words])[0])
        fits = encoder.calibration(vector) or curve("picture", encoder.id)
        return [_Near(c, self._near(c, encoder.id, vector, within), [fits]) for c in channels]

    def _like(self, image: Path, query: Query, within: Within) -> list[_Near]:
        """Pictures by an image, seen as those of each channel were."""
        encoder = self._models.picture
        fits, found = curve("picture_by_image", encoder.id), []
        for channel in _compared(query, PICTORIAL):
            kind = "image" if channel is Channel.PICTURE else "image without colour"
            if (kind, str(image)) not in self._likenesses:
                seen = as_seen(self._read(image), channel)
                self._likenesses[kind, str(image)] = encoder.encode_images([seen])[0]
            vector = self._likenesses[kind, str(image)]
            found.append(_Near(channel, self._near(channel, encoder.id, vector, within), [fits]))
        return found

    def _meant(self, query: Query, within: Within) -> list[_Near]:
        """What was said or written, by meaning."""
        textual = _compared(query, [channel for channel in Channel if channel not in PICTORIAL])
        if not query.words or not textual or query.image is not None:
            return []
        encoder = self._models.sentences
        if self._unreadable(
            encoder.unreadable(query.words), "What was said and written was searched for the exact words only"
        ):
            return []
        vector = self._vector(encoder.id, query.words, lambda: encoder.encode([query.words])[0])
        crossed = partial(encoder.crossed, query.words)
        return [
            _Near(c, self._near(c, encoder.id, vector, within), [curve(c, encoder.id, n) for n in _CROSSED], crossed)
            for c in textual
        ]

    def _worded(self, query: Query, within: Within) -> list[Likely]:
        """What was said or written, word for word."""
        if not query.words or query.image is not None:
            return []
        return words.matches(
            self._catalog, query.words, within, query.channels, self._most, curve("words").least(_LEAST)
        )

    def _near(self, channel: Channel, space: str, vector: NDArray[np.float32], within: Within) -> dict[str, float]:
        """Similarity by vector id. All compared up to `exact_limit` vectors, within bounds always; else by Chroma."""
        counts = {s: n for c, s, n in self._spaces if c is channel}
        count = counts.get(space, 0)
        if others := sum(counts.values()) - count:
            self._noted.add(
                f"{others} of {sum(counts.values())} {channel} vectors were made by another model and not compared. "
                f"{self._remedy(channel)}"
            )
        if not count or not vector.any():
            return {}
        if within == EVERYWHERE and count > self._settings.exact_limit and self._is_current():
            near = self._vectors.nearest(channel, space, vector, self._most)
            if near is not None:
                return dict(sorted(near, key=lambda pair: (-pair[1], pair[0])))
        return self._vectors.compared(self._catalog, channel, space, vector, self._most, within)

    def _remedy(self, channel: Channel) -> str:
        role = Role.PICTURE if channel in PICTORIAL else Role.SENTENCES
        model = f"--model {role}={self._models.spec(role)}"
        if role is Role.PICTURE:
            return f"Index those files again: playhead index PATH {model}"
        return f"To make them anew without watching again: playhead reembed {model}"

    @cached_property
    def _observed(self) -> set[Channel]:
        return self._catalog.observed()

    @cached_property
    def _spaces(self) -> list[tuple[Channel, str, int]]:
        return self._catalog.spaces()

    def _is_current(self) -> bool:
        generation = self._vectors.current()
        return generation is not None and generation.revision == self._catalog.revision

    def _vector(self, encoder: str, asked: str, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """A description is encoded once, in however many videos it is looked for."""
        known = self._remembered.get((encoder, asked))
        if known is None:
            known = self._remembered[encoder, asked] = make()
            for oldest in list(self._remembered)[:-_REMEMBERED]:
                self._remembered.pop(oldest, None)
        return known

    def _read(self, image: Path) -> NDArray[np.uint8]:
        return read_image(image, [image.parent], self._settings.limits)

    def _followed(self, near: Sequence[_Near], within: Within, least: float) -> Found:
        """The segments of those that may be so likely; of all, where they are few in any case."""
        if sum(len(one.likely(_LEAST)) for one in near) <= _FEW:
            least = _LEAST
        hits: list[Likely] = []
        rest, most = least if least > _LEAST else 0.0, max(self._most, 2 * self._alike)
        for one in near:
            if not (likely := one.likely(least)):
                continue
            rows = self._catalog.found_by_vector(likely, within, channels=[one.channel], alike=self._alike, most=most)
            hits += [(row, one.probability(vector_id, row)) for row, vector_id in rows]
            places = Counter(vector_id for _, vector_id in rows)
            short = [vector_id for vector_id, count in places.items() if count == self._alike]
            if len(likely) == self._most or len(rows) == most:
                short.append(likely[-1])
            rest = max([rest, *map(one.presumed, short)])
        return Found(hits, rest)

    def _unreadable(self, why: str, so: str) -> bool:
        if why:
            self._noted.add(f"{so}: {why}. Models for other languages: docs/models.md")
        return bool(why)


def _compared(query: Query, channels: Iterable[Channel]) -> list[Channel]:
    """Those whose vectors are compared: none where nothing but phrases in quotes is wanted."""
    if words.only_phrases(query.words):
        return []
    return [channel for channel in channels if not query.channels or channel in query.channels]


def _expected(near: Iterable[_Near], worded: Iterable[Likely], count: int) -> float:
    """How likely the least of so many hits is; 0 where there are fewer."""
    by_meaning = (one.presumed(vector_id) for one in near for vector_id in islice(one.similarities, count))
    most = nlargest(count, chain((probability for _, probability in worded), by_meaning))
    return most[-1] if len(most) == count else 0.0


def _both(by_words: Iterable[Likely], by_image: Iterable[Likely]) -> list[Likely]:
    """What looks like the image and fits the words: the geometric mean of the two."""
    fits = {row.id: probability for row, probability in by_words}
    return [(row, (fits.get(row.id, _LEAST) * likeness) ** 0.5) for row, likeness in by_image]
