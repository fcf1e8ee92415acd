"""What a stretch of footage shows, shot by shot: a draft from everything observed, and what of it holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.errors import MediaError
from playhead.index.tell import citation, ended, listed, named, quoted
from playhead.index.watch import digest
from playhead.media.images import read_image
from playhead.models.captions import ConceptNamer
from playhead.models.roles import COMPOSED
from playhead.types import PICTORIAL, Channel, Citation, Claim, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from playhead.index.library import Library
    from playhead.types import Video

_LIKELY = 0.35  # a concept that the classifier gives less is not even drafted
_HOLDS = 0.5  # an object whose detector is less sure needs another witness


@dataclass(frozen=True, slots=True)
class Scene:
    """One shot: the things, concepts and words in it, each with what it rests on; `sure` are ids beyond doubt."""

    span: Span
    things: tuple[Citation, ...]
    concepts: tuple[Citation, ...]
    words: tuple[Citation, ...]
    sure: frozenset[str] = frozenset()

    @property
    def evidence(self) -> tuple[Citation, ...]:
        """Everything, in the order in which it is told."""
        return (*self.things, *self.concepts, *self.words)


def draft(library: Library, video: Video, span: Span) -> list[Scene]:
    """Every shot of a stretch with all that was observed in it, however weak."""
    segments = library.observed(video, (), span)
    shots = [shot for shot in library.shots(video) if shot.overlap_s(span)] or [span]
    scenes = []
    for shot in shots:
        inside = [s for s in segments if s.span.overlap_s(shot) > 0 or shot.start_s <= s.span.start_s < shot.end_s]
        seen = [citation(s, video, library.folder) for s in inside]
        things = tuple(c for c in seen if c.channel is Channel.OBJECT)
        words = tuple(c for c in seen if c.channel in (Channel.TEXT, Channel.SPEECH, Channel.CAPTION))
        sure = frozenset(s.id for s in inside if s.score >= _HOLDS)
        scenes.append(Scene(shot, things, tuple(_concepts(library, video, shot)), words, sure))
    return scenes


def _concepts(library: Library, video: Video, shot: Span) -> Iterable[Citation]:
    """What the picture classifier takes the shot for, from its first thumbnail."""
    namer = library.models.picture
    pictures = library.pictures(video, shot)
    if not isinstance(namer, ConceptNamer) or not pictures:
        return
    first = pictures[0]
    path = library.folder / first.thumbnail
    try:
        image = read_image(path, [library.folder], library.settings.limits)
    except MediaError:
        return
    for name, chance in namer.name_concepts(image, 1):
        if chance >= _LIKELY:
            key = digest(first.id, name)
            yield Citation(key, video, first.span, Channel.PICTURE, name, path)


def refined(library: Library, video: Video, scenes: Sequence[Scene]) -> list[Scene]:
    """The scenes without what only one unsure witness saw.

    A concept must be found by the search as well, in its own shot; an object of a detector that is not sure must be.
    """
    kept = []
    for scene in scenes:
        things = tuple(c for c in scene.things if c.id in scene.sure or _found(library, video, scene.span, c.text))
        concepts = tuple(c for c in scene.concepts if _found(library, video, scene.span, c.text))
        kept.append(replace(scene, things=things, concepts=concepts))
    return kept


def _found(library: Library, video: Video, span: Span, what: str) -> bool:
    within = (span.start_s, span.end_s)
    return bool(library.search(named(what), video=video, between=within, channels=PICTORIAL, limit=1).moments)


def described(scenes: Sequence[Scene]) -> list[Claim]:
    """A sentence for each scene that shows or says something."""
    return [Claim(text, scene.evidence) for scene in scenes if (text := _sentence(scene))]


def _sentence(scene: Scene) -> str:
    things = [c.text for c in scene.things]
    labels = list(
        dict.fromkeys([*things, *(c.text for c in scene.concepts if not set(c.text.split()) & set(things))])
    )
    written = [quoted(c.text) for c in scene.words if c.channel is Channel.TEXT]
    said = [quoted(c.text) for c in scene.words if c.channel is Channel.SPEECH]
    captions = [quoted(c.text.removesuffix(COMPOSED)) for c in scene.words if c.channel is Channel.CAPTION]
    parts = [ended(" ".join(captions)) if captions else ""]
    if labels and not captions:
        parts.append(f"{listed([named(label) for label in labels])} {'is' if len(labels) == 1 else 'are'} to be seen")
    if written and not captions:
        parts.append(f"the writing on screen is “{_short(' / '.join(written))}”")
    if said:
        parts.append(f"somebody says: “{' '.join(said)}”")
    text = "; ".join(part for part in parts if part)
    return ended(text[:1].upper() + text[1:]) if text else ""


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"
