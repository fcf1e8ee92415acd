"""A story on its way into files: its pictures, the pages to read, and the film."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.media.decode import Sample, Wants, decode
from playhead.media.images import write_picture
from playhead.models.cache import write_atomically
from playhead.tools.naming import fingerprint
from playhead.tools.story_film import CANVAS, NEARLY, Leaf, shot, undrawn, written
from playhead.tools.story_pages import markdown, web_page
from playhead.types import Clip, Document, Image, Origin, Page, Part, Progress, Source, Span, Story, format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playhead.index.narrate import Telling
    from playhead.index.sights import Seen
    from playhead.media.decode import Event
    from playhead.tools.contract import Context
    from playhead.tools.story_film import Script
    from playhead.types import Video

_MOST_PICTURES = 4
_SIDE = 1280
_SHAPE = (CANVAS.width, CANVAS.height, float(CANVAS.rate_hz))


@dataclass(frozen=True, slots=True)
class _Taken:
    """A picture of a scene, as a file."""

    path: Path
    video: Video
    time_s: float
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Options:
    """Whether there is to be a film, of moving pictures, with a voice, and about how long."""

    film: bool
    clips: bool
    voice: bool
    minutes: float | None = None


class Book:
    """One story on its way into files, below a folder that is nobody's until they are all there."""

    def __init__(
        self, title: str, tellings: Sequence[Telling], options: Options, work: Path, context: Context
    ) -> None:
        self._title, self._tellings, self._options = title, tellings, options
        self._work, self._context = work, context
        said = [title, [t.text for t in tellings], [c.id for t in tellings for c in t.evidence]]
        self._stem = f"story-{fingerprint(repr(options), said)}"

    def bound(self, notes: tuple[str, ...]) -> Story:
        """Make everything, and then move it to where it belongs."""
        taken = self._pictures()
        pages = [self._page(telling, own) for telling, own in zip(self._tellings, taken, strict=True)]
        origin = Origin(Source.COMPOSED, _used(self._tellings))
        documents = [
            self._document("md", markdown(self._title, pages), origin),
            self._document("html", web_page(self._title, pages), origin),
        ]
        film, more = self._film(taken, documents) if self._options.film else (None, ())
        kept = [page.image.path for page in pages if page.image] + [d.path for d in documents]
        for path in [*kept, *([film.path] if film else [])]:
            path.replace(self._final(path))
        return Story(
            self._title,
            tuple(_moved_page(page, self._context.folder) for page in pages),
            tuple(Document(self._final(d.path), d.format, d.origin) for d in documents),
            film and Clip(self._final(film.path), film.duration_s, film.origin, *_SHAPE, film.has_audio, film.text),
            (*notes, *more),
        )

    def _final(self, path: Path) -> Path:
        return self._context.folder / path.name

    def _pictures(self) -> list[list[_Taken]]:
        """For each page its pictures, the clearest first; a page of several recordings has one of each."""
        wanted = [_wanted(telling.scenes, self._options.film) for telling in self._tellings]
        times: dict[str, tuple[Video, set[float]]] = {}
        for video, time_s in (pair for page in wanted for pair in page):
            times.setdefault(video.id, (video, set()))[1].add(time_s)
        found: dict[tuple[str, float], _Taken] = {}
        for number, (video, at_s) in enumerate(times.values()):
            self._context.progress(Progress("taking pictures", video.name, number, len(times)))
            found |= self._taken(video, sorted(at_s), number)
        named = []
        for number, page in enumerate(wanted, 1):
            own = [found[video.id, time_s] for video, time_s in page if (video.id, time_s) in found]
            if own:
                first = self._work / f"{self._stem}-{number:02d}.jpg"
                first.write_bytes(own[0].path.read_bytes())
                own[0] = _Taken(first, own[0].video, own[0].time_s, own[0].size)
            named.append(own)
        return named

    def _taken(self, video: Video, times: list[float], number: int) -> dict[tuple[str, float], _Taken]:
        limits = self._context.library.settings.limits
        wants = Wants(sound=False, subtitles=False, key_side=_SIDE, at_s=tuple(times))
        found = {}
        with self._context.open(str(video.path)) as file:
            samples = self._samples(video.name, decode(file, wants, limits))
            for time_s, sample in zip(times, samples, strict=False):
                assert sample.key is not None
                path = self._work / f"{number:03d}-{round(time_s * 1000):09d}.jpg"
                write_picture(sample.key, path)
                size = (sample.key.shape[1], sample.key.shape[0])
                found[video.id, time_s] = _Taken(path, video, sample.time_s, size)
        return found

    def _samples(self, name: str, events: Iterator[Event]) -> Iterator[Sample]:
        """The pictures among what the decoder says; whatever it says is a sign of progress."""
        for event in events:
            self._context.progress(Progress("taking pictures", name))
            if isinstance(event, Sample):
                yield event

    def _page(self, telling: Telling, taken: Sequence[_Taken]) -> Page:
        image = None
        if taken:
            part = Part(taken[0].video, Span(taken[0].time_s, taken[0].time_s))
            image = Image(taken[0].path, *taken[0].size, Origin(Source.RETRIEVED, (part,)), telling.scenes[0].look)
        return Page(telling.text, image, telling.evidence)

    def _document(self, kind: str, text: str, origin: Origin) -> Document:
        path = self._work / f"{self._stem}.{kind}"
        write_atomically(path, [text.encode()])
        return Document(path, kind, origin)

    def _film(self, taken: Sequence[Sequence[_Taken]], documents: list[Document]) -> tuple[Clip, tuple[str, ...]]:
        context, options = self._context, self._options
        leaves = [self._leaf(telling, own) for telling, own in zip(self._tellings, taken, strict=True)]
        voice = context.library.models.voice if options.voice else None
        sound = self._work / "sound.wav"
        target_s = options.minutes * 60 if options.minutes else None
        script = written(self._title, leaves, voice, sound, target_s, context)
        path = shot(script, self._title, self._work / f"{self._stem}.mp4", sound if voice else None, voice, context)
        parts_used = script.parts or _used(self._tellings)
        note = "The voice is synthetic." if voice else ""
        origin = Origin(Source.COMPOSED, parts_used, voice.id if voice else "", 0 if voice else None, "", note)
        documents.append(self._document("srt", script.subtitles(), Origin(Source.COMPOSED, _used(self._tellings))))
        text = "\n".join(telling.text for telling in self._tellings)
        return Clip(path, script.length_s, origin, *_SHAPE, voice is not None, text), _film_notes(script, target_s)

    def _leaf(self, telling: Telling, taken: Sequence[_Taken]) -> Leaf:
        one = len(telling.scenes) == 1
        order = tuple(t.time_s if one else float(n) for n, t in enumerate(taken))
        if not self._options.clips:
            return Leaf(telling.text, tuple(t.path for t in taken), (), order)
        scenes = {scene.video.id: scene for scene in telling.scenes}
        shown = taken[:1] if one else taken  # a recording goes on rather than begin anew
        clips = tuple(Part(t.video, scenes[t.video.id].span) for t in shown)
        return Leaf(telling.text, tuple(t.path for t in taken), clips, order, tuple(t.time_s for t in taken))


def _used(tellings: Sequence[Telling]) -> tuple[Part, ...]:
    """The footage that a story tells of, in order."""
    return tuple(Part(scene.video, scene.span) for telling in tellings for scene in telling.scenes)


def _wanted(scenes: Sequence[Seen], film: bool) -> list[tuple[Video, float]]:
    """The pictures of a page, the best first: one for each recording, or in a film several of the only one."""
    if not film:
        return [(scene.video, time_s) for scene in scenes[:1] for time_s in scene.pictures[:1]]
    if len(scenes) > 1:
        return [(scene.video, time_s) for scene in scenes[:_MOST_PICTURES] for time_s in scene.pictures[:1]]
    return [(scenes[0].video, time_s) for time_s in dict.fromkeys(scenes[0].pictures[:_MOST_PICTURES])]


def _moved_page(page: Page, folder: Path) -> Page:
    return replace(page, image=page.image and replace(page.image, path=folder / page.image.path.name))


def _film_notes(script: Script, target_s: float | None) -> tuple[str, ...]:
    """What is not as it was asked for, and what is missing in the film, and where it is all the same."""
    notes = []
    if target_s and not target_s / NEARLY <= script.length_s <= target_s * NEARLY:
        why = "to tell it takes so long" if script.length_s > target_s else "there is no more to tell"
        notes.append(f"The film lasts {format_time(script.length_s)}, not {format_time(target_s)}: {why}.")
    if script.unsaid:
        said = "; ".join(f"“{sentence}”" for sentence in script.unsaid[:3])
        notes.append(f"Shown but not spoken, since the voice cannot read it ({len(script.unsaid)} in all): {said}")
    if missing := undrawn(script):
        notes.append(
            f"In letters that the film's font has not, and so in the .srt alone: {missing} of the subtitles."
        )
    return tuple(notes)
