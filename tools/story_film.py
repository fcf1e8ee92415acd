"""The film of a story: its pages spoken, their pictures gently moved, words beneath, in bounded memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from playhead.media.decode import Sample, Wants, decode
from playhead.media.filming import Canvas, FilmWriter
from playhead.media.images import read_image
from playhead.media.origins import SourceType, line
from playhead.media.slides import LINE_CHARACTERS, LINES, blended, drawable, fitted, moved, subtitle, title_card
from playhead.media.subtitles import write_subtitles
from playhead.media.waves import wave_file
from playhead.models.speakable import paragraphs, sentences, shorter
from playhead.models.speaking import spoken
from playhead.tools.making import short
from playhead.types import Part, Progress, Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playhead.media.slides import Pixels, Strip
    from playhead.models.roles import Sound, Voice
    from playhead.tools.contract import Context

CANVAS = Canvas(1280, 720, 25)
NEARLY = 1.1
"""A film this many times longer or shorter than was asked for is still about as long."""
_RATE_HZ = 24_000  # of a film in which nobody speaks: only its clock is needed
_FADE_FRAMES = 12
_LEAD_S, _TAIL_S = 0.5, 0.9
_LEAST_PAGE_S, _LEAST_PICTURE_S, _MOST_PICTURE_S = 4.0, 3.2, 8.0
_MOST_STRETCH_S = 3.0  # for each picture there is beyond what is said
_TITLE_S = 4.0
_CLIP_LEAD_S = 1.0
_READ_CHARACTERS_S, _SAID_CHARACTERS_S = 15.0, 14.0


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of the film: what is said, and the stills or the stretches of footage that are shown meanwhile.

    They stand in order of worth; of those that are shown, `order` says which comes first, and `times` what of a
    stretch is worth most.
    """

    text: str
    pictures: tuple[Path, ...]
    parts: tuple[Part, ...]
    order: tuple[float, ...] = ()
    times: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """Words, and when they are shown."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class _Slide:
    """One picture of the film, for so many frames."""

    frames: int
    picture: Path | None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """When what is shown and said, to the frame."""

    slides: tuple[_Slide, ...]
    cues: tuple[Cue, ...]
    parts: tuple[Part, ...]
    unsaid: tuple[str, ...] = ()

    @property
    def length_s(self) -> float:
        """Of the whole film."""
        return sum(slide.frames for slide in self.slides) / CANVAS.rate_hz

    def subtitles(self) -> str:
        """The cues as SRT."""
        return write_subtitles([Utterance(cue.span, cue.text) for cue in self.cues], "srt")


def written(
    title: str, leaves: Sequence[Leaf], voice: Voice | None, sound: Path, target_s: float | None, context: Context
) -> Script:
    """Speak the story into the WAV file `sound`, and say from what is heard when what is shown."""
    rate_hz = voice.rate_hz if voice else _RATE_HZ
    clock = _Clock(leaves, target_s)
    slides, cues, parts, unsaid = [], list[Cue](), list[Part](), list[str]()
    with wave_file(sound, rate_hz) if voice else _silence() as add:
        for number, leaf in enumerate([Leaf(title, leaves[0].pictures[:1], ()), *leaves]):
            context.progress(Progress("speaking", title, number, len(leaves) + 1))
            start_s = clock.now_s
            heard_s = _LEAD_S
            first = len(cues)
            add(np.zeros(round(_LEAD_S * rate_hz), np.float32))
            for sentence, samples in _said(leaf.text, voice, rate_hz):
                if sentence and number:
                    cues += _cues(sentence, start_s + heard_s, len(samples) / rate_hz)
                if voice and len(samples):
                    add(samples)
                heard_s += len(samples) / rate_hz
            cues[first:] = _in_quotes(cues[first:])
            unsaid += _unreadable(leaf.text, voice)
            frames = clock.frames(leaf, heard_s + _TAIL_S, title=number == 0)
            add(np.zeros(max(0, round(clock.now_s * rate_hz) - round((start_s + heard_s) * rate_hz)), np.float32))
            for slide in _slides(leaf, frames, title=number == 0):
                if slide.part:
                    parts.append(Part(slide.part.video, slide.part.span, start_s))
                start_s += slide.frames / CANVAS.rate_hz
                slides.append(slide)
    return Script(tuple(slides), tuple(_apart(cues)), tuple(parts), tuple(unsaid))


class _Clock:
    """How far the film is, and how long a page may be, so that in the end it is as long as was asked for."""

    def __init__(self, leaves: Sequence[Leaf], target_s: float | None) -> None:
        self._target_s, self._at = target_s, 0
        self._left = [_guess_s(leaf.text) for leaf in leaves]

    @property
    def now_s(self) -> float:
        return self._at / CANVAS.rate_hz

    def frames(self, leaf: Leaf, needed_s: float, *, title: bool) -> int:
        """The frames of the next page, which needs at least so long."""
        length_s = max(needed_s, _TITLE_S if title else _LEAST_PAGE_S)
        if not title:
            slack_s = self._target_s - self.now_s - length_s - sum(self._left[1:]) if self._target_s else 0.0
            self._left.pop(0)
            share = slack_s / (len(self._left) + 1)
            length_s += min(max(0.0, share), _MOST_STRETCH_S * max(1, len(leaf.pictures)))
        frames = round(length_s * CANVAS.rate_hz)
        self._at += frames
        return frames


def _guess_s(text: str) -> float:
    return max(_LEAST_PAGE_S, len(text) / _SAID_CHARACTERS_S + _LEAD_S + _TAIL_S)


def told_s(texts: Sequence[str]) -> float:
    """About how long a film of these pages lasts at least, its title included."""
    return _TITLE_S + sum(map(_guess_s, texts))


@contextmanager
def _silence() -> Iterator[Callable[[Sound], int]]:
    yield len


def _said(text: str, voice: Voice | None, rate_hz: int) -> Iterator[tuple[str, Sound]]:
    """Each sentence with its sound; without a voice, with silence for as long as it takes to read it."""
    for paragraph in paragraphs(text):
        for sentence in sentences(paragraph):
            if voice and not voice.unreadable(sentence):
                yield from spoken(voice, sentence)
            else:
                length_s = max(1.5, len(sentence) / _READ_CHARACTERS_S)
                yield sentence, np.zeros(round(length_s * rate_hz), np.float32)
            yield "", np.zeros(round(0.3 * rate_hz), np.float32)


def _unreadable(text: str, voice: Voice | None) -> list[str]:
    said = [sentence for paragraph in paragraphs(text) for sentence in sentences(paragraph)]
    return [sentence for sentence in said if voice and voice.unreadable(sentence)]


def _cues(sentence: str, start_s: float, length_s: float) -> list[Cue]:
    """A sentence as subtitles of at most two lines, each for its share of the time."""
    pieces = list(shorter(sentence, LINE_CHARACTERS * LINES - 8))
    cues, whole = [], sum(map(len, pieces))
    for piece in pieces:
        end_s = start_s + length_s * len(piece) / whole
        cues.append(Cue(Span(start_s, end_s), piece))
        start_s = end_s
    return cues


def _in_quotes(cues: Sequence[Cue]) -> Iterator[Cue]:
    """The cues of a page, where a quotation that goes on over several has its marks in each."""
    within = False
    for cue in cues:
        begins, within = within, cue.text.rfind("“") > cue.text.rfind("”") or (within and "”" not in cue.text)
        yield Cue(cue.span, f"{'“' if begins else ''}{cue.text}{'”' if within else ''}")


def _apart(cues: Sequence[Cue]) -> Iterator[Cue]:
    """Each cue a little longer than it is heard, as far as the next allows."""
    for number, cue in enumerate(cues):
        limit_s = cues[number + 1].span.start_s if number + 1 < len(cues) else cue.span.end_s + 1
        yield Cue(Span(cue.span.start_s, max(cue.span.end_s, min(cue.span.end_s + 0.6, limit_s))), cue.text)


def _slides(leaf: Leaf, frames: int, *, title: bool) -> Iterator[_Slide]:
    """The pictures of a page, each for its share of the frames: none too short, none for too long."""
    length_s = frames / CANVAS.rate_hz
    shown = leaf.parts if leaf.parts else leaf.pictures
    most = max(1, int(length_s / _LEAST_PICTURE_S))
    wanted = max(1, min(most, len(shown), round(length_s / 4.5)))
    if title or not shown:
        yield _Slide(frames, leaf.pictures[0] if leaf.pictures else None)
        return
    count = wanted if leaf.parts else max(wanted, min(most, int(np.ceil(length_s / _MOST_PICTURE_S))))
    best = sorted(range(min(count, len(shown))), key=lambda n: leaf.order[n])
    for number in range(count):
        share = frames * (number + 1) // count - frames * number // count
        index = best[number % len(best)]
        picture = leaf.pictures[index] if index < len(leaf.pictures) else leaf.pictures[0] if leaf.pictures else None
        part = _running(leaf.parts[index], leaf.times[index], share / CANVAS.rate_hz) if leaf.parts else None
        yield _Slide(share, picture, part)


def _running(part: Part, time_s: float, length_s: float) -> Part:
    """So much of a stretch, from a little before a time in it; of a shorter one all."""
    latest_s = max(part.span.start_s, part.span.end_s - length_s)
    start_s = min(max(part.span.start_s, time_s - _CLIP_LEAD_S), latest_s)
    return Part(part.video, Span(start_s, min(part.span.end_s, start_s + length_s)))


def shot(script: Script, title: str, target: Path, sound: Path | None, voice: Voice | None, context: Context) -> Path:
    """Draw and encode the film, frame by frame; its metadata say that a machine put it together, and who speaks."""
    says = line(SourceType.CHANGED_BY_MODEL, short(voice.id)) if voice else line(SourceType.COMPOSITE)
    total = sum(slide.frames for slide in script.slides)
    strips = _Strips(script.cues)
    with FilmWriter(target, CANVAS.rate_hz, sound=sound, comment=says) as film:
        before: Iterator[Pixels] | None = None
        for number, slide in enumerate(script.slides):
            frames = _frames(slide, number, title, target.parent, context)
            for n in range(slide.frames):
                frame = next(frames)
                if before is not None and n < _FADE_FRAMES:
                    frame = blended(next(before), frame, (n + 1) / (_FADE_FRAMES + 1))
                frame = np.array(frame, copy=True)
                strips.over(frame, film.frames / CANVAS.rate_hz)
                film.add(frame)
                if film.frames % CANVAS.rate_hz == 0:
                    done_s = film.frames / CANVAS.rate_hz
                    context.progress(Progress("filming", target.name, done_s, total / CANVAS.rate_hz))
            before = frames
    return target


def _frames(slide: _Slide, number: int, title: str, folder: Path, context: Context) -> Iterator[Pixels]:
    """Every frame of one slide, and as many again as are needed to fade it out."""
    length = slide.frames + _FADE_FRAMES
    still = _still(slide, folder, context)
    if number == 0:
        still = title_card(title, still, CANVAS)
    elif slide.part is None:
        still = fitted(still, CANVAS)
    else:
        yield from _clip(slide, length, context)
        return
    for n in range(length):
        yield moved(still, CANVAS, n / length, number)


def _still(slide: _Slide, folder: Path, context: Context) -> Pixels:
    if slide.picture is None:
        return np.full((CANVAS.height, CANVAS.width, 3), (40, 52, 66), np.uint8)
    return read_image(slide.picture, [folder], context.library.settings.limits)


def _clip(slide: _Slide, length: int, context: Context) -> Iterator[Pixels]:
    """The footage itself, from the start of its part on; where it ends, its last frame stands."""
    assert slide.part is not None
    span, video = slide.part.span, slide.part.video
    times = tuple(t for n in range(length) if (t := span.start_s + n / CANVAS.rate_hz) < max(span.end_s, 1e-3))
    wants = Wants(sound=False, subtitles=False, key_side=CANVAS.width, at_s=times or (span.start_s,))
    last = np.full((CANVAS.height, CANVAS.width, 3), (40, 52, 66), np.uint8)
    given = 0
    with context.open(str(video.path)) as file:
        for event in decode(file, wants, context.library.settings.limits):
            if isinstance(event, Sample) and event.key is not None:
                last = fitted(event.key, CANVAS, 1.0)
                yield last
                given += 1
    for _ in range(given, length):
        yield last


class _Strips:
    """The subtitles, drawn once each when they are first needed."""

    def __init__(self, cues: Sequence[Cue]) -> None:
        self._cues, self._next = list(cues), 0
        self._strip: Strip | None = None
        self._drawn = -1

    def over(self, frame: Pixels, now_s: float) -> None:
        """Lay what is said now over a frame; frames come in order of time."""
        while self._next < len(self._cues) and self._cues[self._next].span.end_s <= now_s:
            self._next += 1
        if self._next == len(self._cues) or self._cues[self._next].span.start_s > now_s:
            return
        if self._drawn != self._next:
            self._strip, self._drawn = subtitle(self._cues[self._next].text, CANVAS), self._next
        if self._strip is not None:
            self._strip.over(frame)


def undrawn(script: Script) -> int:
    """How many subtitles are in letters that the film's font has not."""
    return sum(not drawable(cue.text) for cue in script.cues)
