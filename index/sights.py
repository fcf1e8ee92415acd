"""What a stretch of footage looks like, asked of the picture model; the things in it, and the words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from playhead import prompts
from playhead.errors import MediaError
from playhead.index.calibrate import curve
from playhead.index.tell import citation, quoted
from playhead.index.watch import digest
from playhead.media.images import read_image
from playhead.models.roles import COMPOSED
from playhead.strict_yaml import ours
from playhead.types import Channel, Citation, Segment, Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from playhead.index.library import Library
    from playhead.models.roles import Image, Vectors
    from playhead.types import Video

_LIKELY = 0.6
_LIKELY_ALONE = 0.8  # of a sight that no detected thing speaks for, too
_HOLDS = 0.5  # an object whose detector is less sure is not told
_LOOKED_AT = 3
_MOST_COMPARED = 12
_LEAST_LETTERS, _LEAST_WORDS = 3, 3
_LEAST_UNSPACED = 6
_RUN = re.compile(r"(.{1,4}?)\1{7,}")


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that a stretch may look like; the fields are those of `prompts/story.yaml`."""

    ask: str
    tell: str = ""
    title: str = ""
    place: bool = False
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One scene, as far as it can be told, and what that rests on. `pictures` are times worth showing, best first."""

    video: Video
    span: Span
    pictures: tuple[float, ...]
    sight: Sight | None = None
    place: Sight | None = None
    things: tuple[str, ...] = ()
    caption: str = ""
    said: str = ""
    written: str = ""
    evidence: tuple[Citation, ...] = ()

    @property
    def look(self) -> str:
        """The same for scenes that look alike, as far as can be told; empty where nothing is seen."""
        likeness = [sight.tell for sight in (self.sight, self.place) if sight]
        return self.caption or ", ".join(likeness or sorted(self.things))

    @property
    def words(self) -> str:
        """What is said and written in it."""
        return f"{self.said} {self.written}".strip()


@cache
def words() -> dict[str, Any]:
    """The worked sentences and sights of `prompts/story.yaml`."""
    return dict(ours(prompts.read_data("story.yaml")))


@cache
def sights() -> tuple[Sight, ...]:
    """Every sight that is asked for."""
    return tuple(Sight(**sight | {"needs": tuple(sight.get("needs", ()))}) for sight in words()["sights"])


class Looker:
    """Looks at the scenes of one library; what the sights mean to its picture model is worked out once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._model = library.models.picture
        self._asked: Vectors = self._model.encode_texts([sight.ask for sight in sights()])

    def look(self, video: Video, span: Span, beside: Sequence[Span] = ()) -> Seen:
        """One scene. What is said across a cut to one of those `beside` it belongs to the scene with more of it."""
        library = self._library
        inside = [s for s in library.observed(video, (), span) if s.span.overlap_s(span) or _starts(s.span, span)]
        pictures = _spread([s for s in library.pictures(video, span) if s.thumbnail])
        best = _best(pictures, [self._image(picture) for picture in pictures], span)
        things = [s for s in inside if s.channel is Channel.OBJECT and s.score >= _HOLDS]
        looks = library.picture_vectors(video, span)
        sight, place = self._looks_like(looks, frozenset(s.text for s in things))
        told = {channel: [s for s in inside if s.channel is channel] for channel in Channel}
        spoken = [s for s in told[Channel.SPEECH] if _worth_saying(s.text) and _at_home(s.span, span, beside)]
        writing = [s for s in told[Channel.TEXT] if _worth_reading(s.text)]
        captions = [s for s in told[Channel.CAPTION] if not s.text.endswith(COMPOSED)]
        rests_on = [citation(s, video, library.folder) for s in (*captions[:1], *things, *writing, *spoken)]
        if best and not captions:
            rests_on += [self._cited(video, best[0], s) for s in (sight, place) if s]
        return Seen(
            video,
            span,
            tuple(dict.fromkeys([*(_middle_s(s, span) for s in writing[:1]), *(_shown_at(s, span) for s in best)])),
            sight,
            place,
            tuple(dict.fromkeys(s.text for s in things)),
            quoted(captions[0].text) if captions else "",
            quoted(" ".join(s.text for s in spoken)),
            quoted(" / ".join(dict.fromkeys(s.text for s in writing))),
            tuple(rests_on),
        )

    def _looks_like(self, looks: Vectors, things: frozenset[str]) -> tuple[Sight | None, Sight | None]:
        """What happens and where, each if it is likely, and likelier than anything else of its kind."""
        if not len(looks):
            return None, None
        likeness = (looks @ self._asked.T).mean(axis=0)
        fits = [self._model.calibration(row) or curve("picture", self._model.id) for row in self._asked]
        likely = [fit.at(float(value)) for fit, value in zip(fits, likeness, strict=True)]
        return _likeliest(False, likely, things), _likeliest(True, likely, things)

    def _cited(self, video: Video, picture: Segment, sight: Sight) -> Citation:
        key = digest(picture.id, "sight", sight.ask, self._model.id)
        path = self._library.folder / picture.thumbnail
        return Citation(key, video, picture.span, Channel.PICTURE, sight.ask, path)

    def _image(self, picture: Segment) -> Image | None:
        try:
            folder = self._library.folder
            return read_image(folder / picture.thumbnail, [folder], self._library.settings.limits)
        except MediaError:
            return None


def _likeliest(place: bool, likely: Sequence[float], things: frozenset[str]) -> Sight | None:
    """The likeliest sight, if it holds: where one is likelier that does not, the others are not to be believed."""
    number = max((n for n, sight in enumerate(sights()) if sight.place is place), key=lambda n: likely[n])
    sight = sights()[number]
    least = _LIKELY if things & set(sight.needs) else 1.0 if sight.needs else _LIKELY_ALONE
    return sight if sight.tell and likely[number] >= least else None


def _spread(pictures: Sequence[Segment]) -> list[Segment]:
    """At most so many of them, evenly."""
    kept = min(len(pictures), _MOST_COMPARED)
    return [pictures[n * len(pictures) // kept] for n in range(kept)]


def _best(pictures: Sequence[Segment], images: Sequence[Image | None], span: Span) -> list[Segment]:
    """Of each third of a scene the picture with most to see in it, the clearest first."""
    parts: dict[int, tuple[float, Segment]] = {}
    for picture, image in zip(pictures, images, strict=True):
        if image is None:
            continue
        middle_s = min(max((picture.span.start_s + picture.span.end_s) / 2, span.start_s), span.end_s)
        part = min(_LOOKED_AT - 1, int(_LOOKED_AT * (middle_s - span.start_s) / max(span.duration_s, 1e-6)))
        clear = _clearness(image)
        if part not in parts or clear > parts[part][0]:
            parts[part] = (clear, picture)
    return [picture for _, picture in sorted(parts.values(), key=lambda p: (-p[0], p[1].id))]


def _clearness(image: Image) -> float:
    """Edges and contrast: little of either in a fade, a blur or a blank."""
    grey = image.mean(axis=2)
    edges = float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())
    return edges + 0.2 * float(grey.std())


def _shown_at(picture: Segment, span: Span) -> float:
    return min(max(picture.span.start_s, span.start_s), span.end_s)


def _middle_s(written: Segment, span: Span) -> float:
    """When writing is surely to be seen, which may come and go slowly."""
    return (max(written.span.start_s, span.start_s) + min(written.span.end_s, span.end_s)) / 2


def _at_home(said: Span, span: Span, beside: Sequence[Span]) -> bool:
    """Whether no other scene has more of what is said; of two with as much it is the earlier one."""
    here = (said.overlap_s(span), -span.start_s)
    return all(here > (said.overlap_s(other), -other.start_s) for other in beside)


def _starts(inner: Span, outer: Span) -> bool:
    return outer.start_s <= inner.start_s < outer.end_s


def _worth_saying(text: str) -> bool:
    """Whether it is a sentence rather than a noise that was taken for a word."""
    letters = [c for c in text if c.isalpha()]
    if _RUN.search(text) or len(set(letters)) < _LEAST_LETTERS:
        return False
    return len(text.split()) >= _LEAST_WORDS or len(letters) >= 2 * _LEAST_UNSPACED


def _worth_reading(text: str) -> bool:
    letters = [c for c in text if c.isalnum()]
    return len(letters) >= _LEAST_LETTERS and not _RUN.search(text)
