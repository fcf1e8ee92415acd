"""Sound into utterances: voice activity first, so that silence is never turned into words, then recognition.

Works on a stream and holds half a minute of sound for each window that waits, however long the recording.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import UnreadableMediaError
from playhead.index.workers import Workers
from playhead.media.decode import Probe, SoundPiece, Wants, decode
from playhead.models.roles import SAMPLE_RATE_HZ
from playhead.types import Progress, Span, Transcript, Utterance, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from playhead.media.files import MediaFile
    from playhead.models.registry import Models
    from playhead.models.roles import Sound, Transcriber, VoiceActivity
    from playhead.types import Limits

_WINDOW = 512
_PER_S = SAMPLE_RATE_HZ / _WINDOW
_START, _STOP = 0.5, 0.35  # speech begins above the first probability and ends below the second
_SILENCE = round(0.5 * _PER_S)  # … for this many windows
_SHORTEST = round(0.2 * _PER_S)
_LONGEST = round(28 * _PER_S)  # recognisers see 30 s at a time
_GAP = round(3 * _PER_S)  # speech further apart is not one stretch
_TAIL = round(6 * _PER_S)  # where endless speech is cut: the quietest window of these
_PAD = round(0.25 * SAMPLE_RATE_HZ)
_BETWEEN = round(0.75 * SAMPLE_RATE_HZ)  # silence between stretches that share a window: no word runs across it
_FULL = round(28.5 * SAMPLE_RATE_HZ)

_ABBREVIATION = re.compile(
    r"(mr|mrs|ms|dr|prof|st|sr|jr|rev|gen|col|capt|lt|sgt|vs|no|e\.g|i\.e|[a-z])\.", re.IGNORECASE
)
_LEAN_S = 0.5  # a recogniser's word times are off by up to this; where the voice sets in and ends is known better
_PAUSE_S = 0.7  # words further apart than this belong to two utterances
_MOST_WORDS = 40


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech without a long pause: its sound, where in it somebody speaks, and when it begins in the recording."""

    sound: Sound
    voiced: Sequence[Span]
    start_s: float


class Listener:
    """Hears a recording piece by piece and knows at the end what was said."""

    def __init__(self, voice: VoiceActivity, transcriber: Transcriber, workers: Workers, language: str = "") -> None:
        self._voice, self._transcriber, self._language = voice, transcriber, language
        self._workers = workers
        self._waiting: list[Stretch] = []
        self._heard: list[Future[list[Utterance]]] = []
        self._restart(0.0)

    def _restart(self, start_s: float) -> None:
        self._stream = self._voice.start()
        self._sound: Sound = np.zeros(0, np.float32)
        self._probabilities: list[float] = []
        self._origin_s = self._next_s = start_s

    def hear(self, piece: SoundPiece) -> None:
        """Take the next piece; one that does not follow the last begins a new recording."""
        if abs(piece.start_s - self._next_s) > 0.1:
            self._recognise(final=True)
            self._restart(piece.start_s)
        self._next_s += len(piece.samples) / SAMPLE_RATE_HZ
        self._sound = np.concatenate([self._sound, piece.samples])
        self._probabilities += self._stream.feed(piece.samples).tolist()
        self._recognise(final=False)

    def end(self) -> None:
        """No more pieces follow: the last of them are recognised meanwhile."""
        self._recognise(final=True)
        self._send()

    def finish(self) -> tuple[Utterance, ...]:
        """Everything that was said, in order of time."""
        self.end()
        return tuple(utterance for heard in self._heard for utterance in heard.result())

    def _recognise(self, *, final: bool) -> None:
        """Recognise what is complete and let go of it."""
        while regions := speech_regions(self._probabilities):
            first, stop, taken = regions[0][0], regions[0][0], 0
            for start, end in regions:
                if start - stop > _GAP or end - first > _LONGEST:
                    break
                stop, taken = end, taken + 1
            if taken == 0:
                tail = self._probabilities[first + _LONGEST - _TAIL : first + _LONGEST]
                stop = first + _LONGEST - _TAIL + int(np.argmin(tail))
            elif taken == len(regions) and len(self._probabilities) - stop <= _GAP and not final:
                return
            self._take([(max(a, first), min(b, stop)) for a, b in regions if a < stop])
            self._forget(stop)
        self._forget(max(0, len(self._probabilities) - _SILENCE))

    def _take(self, regions: Sequence[tuple[int, int]]) -> None:
        """A recogniser pays for a whole window however little is in it: stretches share one as long as they fit."""
        start, stop = max(0, regions[0][0] * _WINDOW - _PAD), regions[-1][1] * _WINDOW + _PAD
        start_s = start / SAMPLE_RATE_HZ
        voiced = [Span(a / _PER_S - start_s, b / _PER_S - start_s) for a, b in regions]
        stretch = Stretch(self._sound[start:stop].copy(), voiced, self._origin_s + start_s)
        if sum(len(s.sound) + _BETWEEN for s in self._waiting) + len(stretch.sound) > _FULL:
            self._send()
        self._waiting.append(stretch)

    def _send(self) -> None:
        if self._waiting:
            self._heard.append(self._workers.call(self._words, self._waiting))
            self._waiting = []

    def _words(self, stretches: Sequence[Stretch]) -> list[Utterance]:
        """What is said in stretches laid one behind the other with silence between, each at its own time again."""
        silence = np.zeros(_BETWEEN, np.float32)
        starts_s = list(accumulate(((len(s.sound) + _BETWEEN) / SAMPLE_RATE_HZ for s in stretches), initial=0.0))
        sound = np.concatenate([part for s in stretches for part in (s.sound, silence)][:-1])
        voiced = [moved(v, at) for s, at in zip(stretches, starts_s, strict=False) for v in s.voiced]
        said = self._transcriber.transcribe(sound, self._language)
        timed = (replace(u, words=snapped(u.words, voiced)) for u in said)
        found = []
        for utterance in split(timed):
            middle_s = (utterance.span.start_s + utterance.span.end_s) / 2 + _BETWEEN / SAMPLE_RATE_HZ / 2
            home = min(len(stretches), bisect_right(starts_s, middle_s)) - 1
            found.append(shifted(utterance, stretches[home].start_s - starts_s[home]))
        return found

    def _forget(self, windows: int) -> None:
        self._sound = self._sound[windows * _WINDOW :]
        self._probabilities = self._probabilities[windows:]
        self._origin_s += windows * _WINDOW / SAMPLE_RATE_HZ


def speech_regions(probabilities: Sequence[float]) -> list[tuple[int, int]]:
    """Half-open runs of windows that hold speech. A pause shorter than half a second does not end a run."""
    regions: list[tuple[int, int]] = []
    start, quiet = -1, 0
    for window, probability in enumerate(probabilities):
        if start < 0:
            if probability >= _START:
                start, quiet = window, 0
        elif probability >= _STOP:
            quiet = 0
        else:
            quiet += 1
            if quiet >= _SILENCE:
                regions.append((start, window + 1 - quiet))
                start = -1
    if start >= 0:
        regions.append((start, len(probabilities) - quiet))
    return [(a, b) for a, b in regions if b - a >= _SHORTEST]


def snapped(words: Sequence[Word], voiced: Sequence[Span]) -> tuple[Word, ...]:
    """The words, the first of each stretch of voice beginning where it sets in and the last ending where it ends."""
    found = list(words)
    for region in voiced:
        inside = [n for n, w in enumerate(found) if region.overlap_s(w.span) > 0.5 * w.span.duration_s]
        if not inside:
            continue
        first = found[inside[0]]
        if abs(first.span.start_s - region.start_s) < _LEAN_S and region.start_s < first.span.end_s:
            found[inside[0]] = replace(first, span=Span(region.start_s, first.span.end_s))
        last = found[inside[-1]]
        if abs(last.span.end_s - region.end_s) < _LEAN_S and last.span.start_s < region.end_s:
            found[inside[-1]] = replace(last, span=Span(last.span.start_s, region.end_s))
    return tuple(found)


def split(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Utterances cut at the end of sentences and at pauses, by their word times."""
    found: list[Utterance] = []
    for utterance in utterances:
        if not utterance.words:
            found.append(utterance)
            continue
        held: list[list[Word]] = [[]]
        for word in utterance.words:
            if held[-1] and _ends(held[-1], word):
                held.append([])
            held[-1].append(word)
        rest = utterance.text
        for words in held:
            text, rest = _part(rest, words)
            found.append(Utterance(words[0].span.union(words[-1].span), text, tuple(words)))
    return found


def _part(text: str, words: Sequence[Word]) -> tuple[str, str]:
    """The beginning of `text` that `words` spell, and what is left: languages differ in where they put spaces."""
    end = 0
    for word in words:
        spoken = word.text.strip()
        at = text.find(spoken, end)
        if at < 0:
            return " ".join(w.text.strip() for w in words), text[end:]
        end = at + len(spoken)
    return text[:end].strip(), text[end:]


def _ends(held: Sequence[Word], word: Word) -> bool:
    last = held[-1]
    said = last.text.strip().rstrip("\"'”’)")
    ended = said.endswith((".", "?", "!", "。", "？", "！")) and not _ABBREVIATION.fullmatch(said)
    return ended or word.span.start_s - last.span.end_s > _PAUSE_S or len(held) >= _MOST_WORDS


def shifted(utterance: Utterance, by_s: float) -> Utterance:
    """The same utterance, `by_s` later."""

    words = tuple(Word(moved(w.span, by_s), w.text) for w in utterance.words)
    return Utterance(moved(utterance.span, by_s), utterance.text, words)


def moved(span: Span, by_s: float) -> Span:
    """The same span, `by_s` later."""
    return Span(span.start_s + by_s, span.end_s + by_s)


def transcribe(
    file: MediaFile,
    models: Models,
    language: str = "",
    limits: Limits | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Transcript:
    """Everything said in an open file. Raises `MediaError`; a file without sound says so, silence is empty."""
    start_s = total_s = 0.0
    with Workers(models.threads) as workers:
        listener = Listener(models.voice_activity, models.speech, workers, language)
        for event in decode(file, Wants(picture=False, subtitles=False), limits):
            if isinstance(event, Probe):
                if event.audio is None:
                    raise UnreadableMediaError(f"{file.name} cannot be transcribed", "it has no sound")
                start_s, total_s = event.start_s, event.stated_duration_s or 0.0
            elif isinstance(event, SoundPiece):
                listener.hear(event)
                progress(Progress("listening", file.name, min(event.start_s - start_s, total_s), total_s))
        return Transcript(listener.finish(), models.speech.id, language)
