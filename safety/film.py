"""Films are judged by stretches: a picture a second, and passages of what is said and subtitled."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from playhead.index.listen import transcribe
from playhead.media.decode import End, Sample, Subtitle, Wants, decode, probe
from playhead.types import Decision, Progress, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from playhead.media.decode import Probe
    from playhead.media.files import MediaFile
    from playhead.models.registry import Models
    from playhead.safety.gate import Gate
    from playhead.types import Door, Limits, Utterance, Verdict

_SECOND_S = 1.0
_PASSAGE_S = 30.0


class Film:
    """One open file, and who judges it. `within` narrows to a part of it; `warnings` say what could not be judged."""

    def __init__(
        self,
        file: MediaFile,
        gate: Gate,
        door: Door,
        limits: Limits,
        *,
        within: Span | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._file, self._gate, self._door, self._limits = file, gate, door, limits
        self._within, self._progress = within or Span(-1e12, 1e12), progress
        self._subtitles: list[Utterance] = []
        self.warnings: tuple[str, ...] = ()

    def stretches(self, models: Models, known: Sequence[Utterance] | None = None) -> list[Verdict]:
        """The stretches that are more than allowed, in order of time; neighbours of one kind are one.

        `known` is what is said and written in it, where somebody listened already. Raises `MediaError` for a file
        that cannot be read, and `UnjudgedError` never: that is a verdict, too.
        """
        said = probe(self._file, self._limits)
        found = _joined(self._pictures(said)) if said.video or said.subtitles else []
        if known is None and said.audio:
            known = transcribe(self._file, models, "", self._limits, self._progress).utterances
        for words in (known or (), self._subtitles):
            found += _joined(self._words(words))
        return sorted(map(self._inside, found), key=lambda verdict: verdict.span or Span(0, 0))

    def _inside(self, verdict: Verdict) -> Verdict:
        """The verdict on no more than was asked for: the last picture may stand for less than a second."""
        if verdict.span is None:
            return verdict
        start_s, end_s = max(verdict.span.start_s, self._within.start_s), min(verdict.span.end_s, self._within.end_s)
        return replace(verdict, span=Span(start_s, max(start_s, end_s)))

    def _pictures(self, said: Probe) -> Iterator[Verdict]:
        """A verdict for each second's picture: it stands until the next. Subtitles are collected on the way."""
        held: Verdict | None = None
        wants = Wants(picture=said.video is not None, keys=False, sound=False)
        for event in decode(self._file, wants, self._limits):
            if isinstance(event, Subtitle):
                self._subtitles.append(event.utterance)
            if isinstance(event, End):
                self.warnings = event.warnings
            if not isinstance(event, Sample):
                continue
            if held is not None and held.span is not None:
                yield replace(held, span=Span(held.span.start_s, max(held.span.start_s, event.time_s)))
            held = self._picture(event)
            self._progress(Progress("judging pictures", self._file.name, event.time_s))
        if held is not None:
            yield held

    def _picture(self, sample: Sample) -> Verdict | None:
        span = Span(sample.time_s, sample.time_s + _SECOND_S)
        if not self._meant(span):
            return None
        return replace(self._gate.verdict(self._door, lambda: self._gate.judge.image(sample.image)), span=span)

    def _words(self, said: Sequence[Utterance]) -> Iterator[Verdict]:
        """A verdict for each passage."""
        for span, text in _passages(u for u in said if self._meant(u.span)):
            verdict = self._gate.verdict(self._door, partial(self._gate.judge.text, text))
            yield replace(verdict, span=span)

    def _meant(self, span: Span) -> bool:
        return span.start_s < self._within.end_s and span.end_s > self._within.start_s


def _passages(utterances: Iterable[Utterance]) -> Iterator[tuple[Span, str]]:
    """What is said, in passages of about half a minute."""
    held: list[Utterance] = []
    for said in utterances:
        if held and said.span.end_s - held[0].span.start_s > _PASSAGE_S:
            yield _passage(held)
            held = []
        held.append(said)
    if held:
        yield _passage(held)


def _passage(said: list[Utterance]) -> tuple[Span, str]:
    return Span(said[0].span.start_s, max(u.span.end_s for u in said)), " ".join(u.text for u in said)


def _joined(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """What is more than allowed; neighbours of one category and decision are one stretch with the worst score."""
    found: list[Verdict] = []
    for verdict in verdicts:
        if verdict.decision is Decision.ALLOW or verdict.span is None:
            continue
        last = found[-1] if found else None
        if last is not None and last.span is not None and _continues(last, verdict):
            worst = verdict if verdict.score > last.score else last
            found[-1] = replace(worst, span=last.span.union(verdict.span))
        else:
            found.append(verdict)
    return found


def _continues(last: Verdict, verdict: Verdict) -> bool:
    assert last.span is not None
    assert verdict.span is not None
    same = (last.category, last.decision) == (verdict.category, verdict.decision)
    return same and verdict.span.start_s - last.span.end_s < _SECOND_S / 10
