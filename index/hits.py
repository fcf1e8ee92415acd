"""Where one description is met: each channel is searched apart, and what is found there has a probability."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

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
_FOR_EACH = 20  # … and for each moment that is wanted, where nothing else narrows them down
_ALIKE = 100  # segments of one vector, or as many as moments are wanted, the surest first
_REMEMBERED = 256  # descriptions whose vectors are kept from one search to the next
_CROSSED = range(3)  # of a query and a text, how many may have crossed from another model's space


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

    def found(self, query: Query, within: Within, *, few: bool = False) -> Iterable[Likely]:
        """Each segment that fits, with its best probability. Ties of the query are not looked at.

        `few`: nothing but the number of moments that the query wants decides which of the hits are needed.
        """
        for channel in sorted(query.channels - self._observed) if query.channels else ():
            option = "--as" if channel in (Channel.THERMAL, Channel.DEPTH) else "--channels"
            self._note(f"No video was indexed for {channel}. To do so: playhead index PATH {option} {channel}")
        self._alike = max(_ALIKE, query.limit)
        self._most = max(_ALIKE, min(_FOLLOWED, _FOR_EACH * query.limit)) if few else _FOLLOWED
        found: dict[str, Likely] = {}
        with one_thread(), ThreadPoolExecutor(1) as beside:
            seen = beside.submit(self._seen, query, within)
            told = [*self._meant(query, within), *self._worded(query, within)]
            hits = chain(seen.result(), told)
        for note in sorted(self._noted):  # whichever came first
            self._note(note)
        for row, probability in hits:
            known = found.get(row.id)
            if probability >= _LEAST and (known is None or known[1] < probability):
                found[row.id] = row, probability
        return found.values()

    def _seen(self, query: Query, within: Within) -> Iterable[Likely]:
        """Pictures by words, by an image, or by both (the geometric mean of the two)."""
        channels = _compared(query, PICTORIAL)
        if not channels:
            return []
        encoder = self._models.picture
        found: list[list[Likely]] = []
        if query.words and not self._unreadable(
            encoder.unreadable(query.words), "Pictures were not searched by these words"
        ):
            vector = self._vector(encoder.id, query.words, lambda: encoder.encode_texts([query.words])[0])
            fits = encoder.calibration(vector) or curve("picture", encoder.id)
            near = {i: n for channel in channels for i, n in self._near(channel, encoder.id, vector, within).items()}
            if query.image is None:
                least = fits.least(_LEAST)
                near = {i: n for i, n in near.items() if n >= least}
            found.append(self._expand(near, within, channels, lambda _: fits))
        if query.image is not None:
            near = {i: n for channel in channels for i, n in self._like(query.image, channel, within).items()}
            found.append(self._expand(near, within, channels, lambda _: curve("picture_by_image", encoder.id)))
        return _both(found)

    def _meant(self, query: Query, within: Within) -> Iterable[Likely]:
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
        found: list[Likely] = []
        for channel in textual:
            near = self._near(channel, encoder.id, vector, within)
            least = min(curve(channel, encoder.id, crossed).least(_LEAST) for crossed in _CROSSED)
            near = {i: n for i, n in near.items() if n >= least}
            found += self._expand(near, within, [channel], self._curves(channel, query.words))
        return found

    def _curves(self, channel: Channel, words: str) -> Callable[[str], Curve]:
        encoder = self._models.sentences
        return lambda text: curve(channel, encoder.id, encoder.crossed(words, text))

    def _worded(self, query: Query, within: Within) -> Iterable[Likely]:
        """What was said or written, word for word."""
        if not query.words or query.image is not None:
            return []
        return words.matches(
            self._catalog, query.words, within, query.channels, self._most, curve("words").least(_LEAST)
        )

    def _like(self, image: Path, channel: Channel, within: Within) -> dict[str, float]:
        """Similarity to an image, seen as the pictures of the channel were."""
        encoder, kind = self._models.picture, "image" if channel is Channel.PICTURE else "image without colour"
        if (kind, str(image)) not in self._likenesses:
            seen = as_seen(self._read(image), channel)
            self._likenesses[kind, str(image)] = encoder.encode_images([seen])[0]
        return self._near(channel, encoder.id, self._likenesses[kind, str(image)], within)

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
                return dict(near)
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

    def _expand(
        self, near: dict[str, float], within: Within, channels: Sequence[Channel], fits: Callable[[str], Curve]
    ) -> list[Likely]:
        """The segments of these vectors, each with its probability by the curve that fits its text."""
        if not near:
            return []
        surest = sorted(sorted(near), key=near.__getitem__, reverse=True)
        found = self._catalog.found_by_vector(
            surest, within, channels=channels, alike=self._alike, most=max(self._most, 2 * self._alike)
        )
        return [(row, fits(row.text).at(near[vector_id]) * row.score) for row, vector_id in found]

    def _unreadable(self, why: str, so: str) -> bool:
        if why:
            self._noted.add(f"{so}: {why}. Models for other languages: docs/models.md")
        return bool(why)


def _compared(query: Query, channels: Iterable[Channel]) -> list[Channel]:
    """Those whose vectors are compared: none where nothing but phrases in quotes is wanted."""
    if words.only_phrases(query.words):
        return []
    return [channel for channel in channels if not query.channels or channel in query.channels]


def _both(found: Sequence[list[Likely]]) -> list[Likely]:
    """What looks like the image and fits the words: the geometric mean of the two, or the only one there is."""
    if len(found) < 2:
        return found[0] if found else []
    words_like, image_like = found
    by_words = {row.id: probability for row, probability in words_like}
    return [(row, (by_words.get(row.id, _LEAST) * probability) ** 0.5) for row, probability in image_like]
