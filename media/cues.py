"""Cues: what is said, cut into pieces that can be read while they are shown.

The rules and their defaults are those of Netflix's Timed Text Style Guide (General Requirements; English): 42 letters
a line, two lines, 20 letters a second, 5/6 s to 7 s, two frames between cues, gaps of less than half a second closed
to that. The BBC's Subtitle Guidelines ask for the same breaks. Times are those of the words, where words have times.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.media.line_breaks import Token, break_cost, into_lines, length, reach, tokens, width
from playhead.types import Span, Utterance, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PAUSE_S = 1.5  # whoever waits so long begins anew
_CLOSE_S = 0.5  # a shorter gap flickers
_SLACK_S = 0.05
_ONE_CUE = 8.0
_LITTLE = 12
_LEAST_S = 0.1


@dataclass(frozen=True, slots=True)
class Rules:
    """How much may be shown at once, and for how long. `gap_s` stays empty between two cues."""

    line_width: int = 42
    lines: int = 2
    per_second: float = 20.0
    shortest_s: float = 5 / 6
    longest_s: float = 7.0
    gap_s: float = 2 / 25


@dataclass(frozen=True, slots=True)
class Timed:
    """A token and when it is said."""

    token: Token
    span: Span


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said without a long pause. It may be shown until `until_s`, where the footage ends."""

    words: tuple[Timed, ...]
    until_s: float

    @property
    def span(self) -> Span:
        """From its first word to its last."""
        return Span(self.words[0].span.start_s, max(word.span.end_s for word in self.words))

    @property
    def width(self) -> int:
        """How wide it is on one line."""
        return length([word.token for word in self.words])


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines that are shown over a span."""

    span: Span
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, as a file has them."""
        return "\n".join(self.lines)


def spoken(utterances: Iterable[Utterance], part: Span, rules: Rules, at_s: float | None = None) -> list[Spoken]:
    """What is said in part of a video, word by word; on a clock on which the part begins at `at_s`.

    A word belongs to the part that holds its middle, so that two parts that follow each other share none.
    """
    shift_s = 0.0 if at_s is None else at_s - part.start_s
    found: list[Spoken] = []
    for said in utterances:
        inside = [word for word in timed(said, rules.line_width) if part.start_s <= _middle(word.span) < part.end_s]
        moved = [replace(word, span=_moved(word.span, part, shift_s)) for word in inside]
        found += [Spoken(tuple(words), part.end_s + shift_s) for words in _without_pauses(moved)]
    return found


def _middle(span: Span) -> float:
    return (span.start_s + span.end_s) / 2


def _moved(span: Span, part: Span, shift_s: float) -> Span:
    return Span(max(span.start_s, part.start_s) + shift_s, min(span.end_s, part.end_s) + shift_s)


def _without_pauses(words: Sequence[Timed]) -> Iterable[list[Timed]]:
    current: list[Timed] = []
    for word in words:
        if current and word.span.start_s - current[-1].span.end_s >= _PAUSE_S:
            yield current
            current = []
        current.append(word)
    if current:
        yield current


def timed(said: Utterance, widest: int) -> list[Timed]:
    """The tokens of an utterance and when each is said; spread evenly by letters where only the whole has a time."""
    words = said.words if _letters(said.text) == "".join(_letters(w.text) for w in said.words) else ()
    words = tuple(w for w in words if _letters(w.text)) or (Word(said.span, said.text),)
    firsts, count = [], 0
    for word in words:
        firsts.append(count)
        count += len(_letters(word.text))

    def when(letter: int, past: int) -> float:
        number = bisect_right(firsts, letter) - 1
        span, share = words[number].span, (letter + past - firsts[number]) / len(_letters(words[number].text))
        return span.start_s + span.duration_s * share

    found, latest_s = [], said.span.start_s if not said.words else words[0].span.start_s
    for token in tokens(said.text, widest):
        start_s = max(latest_s, when(token.first, 0))
        latest_s = max(start_s, when(token.last - 1, 1))
        found.append(Timed(token, Span(start_s, latest_s)))
    return found


def _letters(text: str) -> str:
    return "".join(text.split())


def cut(said: Iterable[Spoken], rules: Rules) -> list[Cue]:
    """The cues, in order of time, none over another. What is said too fast to be read so is shown all the same."""
    pieces = sorted((piece for one in said for piece in _divided(one, rules)), key=lambda piece: piece.span)
    together: list[Spoken] = []
    for piece in pieces:
        merged = _merged(together[-1], piece, rules) if together else None
        if merged:
            together[-1] = merged
        else:
            together.append(piece)
    return _shown(together, rules)


def _divided(said: Spoken, rules: Rules) -> list[Spoken]:
    """Pieces that fit, ended where a clause ends or somebody draws breath: the cheapest way of all."""
    words, found = said.words, [word.token for word in said.words]
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * len(words)
    for start in range(len(words)):
        for end in range(start + 1, reach(found, start, rules.line_width, rules.lines) + 1):
            lasts_s = words[end - 1].span.end_s - words[start].span.start_s
            if lasts_s > rules.longest_s and end > start + 1:
                break
            cost = best[start][0] + _ONE_CUE + _price(words, start, end)
            if cost < best[end][0]:
                best[end] = (cost, start)
    pieces, end = [], len(words)
    while end:
        start = best[end][1]
        pieces.append(replace(said, words=words[start:end]))
        end = start
    return pieces[::-1]


def _price(words: Sequence[Timed], start: int, end: int) -> float:
    little = _ONE_CUE if length([w.token for w in words[start:end]]) < _LITTLE and end - start < len(words) else 0.0
    if end == len(words):
        return little
    pause_s = words[end].span.start_s - words[end - 1].span.end_s
    return little + max(0.0, 2 * break_cost(words[end - 1].token, words[end].token) - 8 * pause_s)


def _merged(before: Spoken, after: Spoken, rules: Rules) -> Spoken | None:
    """Both as one, where the first is too short to be read before the second begins, and one cue holds them."""
    if before.until_s != after.until_s:
        return None
    needed_s = max(rules.shortest_s, before.width / rules.per_second)
    if after.span.start_s - rules.gap_s - before.span.start_s >= needed_s:
        return None
    first = replace(after.words[0], token=replace(after.words[0].token, spaced=True))
    words = (*before.words, first, *after.words[1:])
    fits = reach([w.token for w in words], 0, rules.line_width, rules.lines) == len(words)
    lasts_s = after.span.end_s - before.span.start_s
    return replace(before, words=words) if fits and lasts_s <= rules.longest_s else None


def _shown(pieces: Sequence[Spoken], rules: Rules) -> list[Cue]:
    """When each is shown: from its first word on, long enough to read it, and away before the next."""
    cues: list[Cue] = []
    free_s = float("-inf")
    for number, piece in enumerate(pieces):
        start_s = max(piece.span.start_s, free_s)
        next_s = pieces[number + 1].span.start_s if number + 1 < len(pieces) else float("inf")
        needed_s = min(max(rules.shortest_s, piece.width / rules.per_second), rules.longest_s)
        end_s = max(min(piece.span.end_s, start_s + rules.longest_s), start_s + needed_s)
        if next_s - rules.gap_s - end_s < _CLOSE_S:
            end_s = min(next_s - rules.gap_s, start_s + rules.longest_s)
        end_s = min(max(end_s, start_s + _LEAST_S), piece.until_s)
        if end_s <= start_s:  # no time is left for it: it goes with the one before
            if cues:
                cues[-1] = replace(cues[-1], lines=(*cues[-1].lines, *_lines(piece, rules)))
            continue
        cues.append(Cue(Span(start_s, end_s), _lines(piece, rules)))
        free_s = end_s + rules.gap_s
    return cues


def _lines(piece: Spoken, rules: Rules) -> tuple[str, ...]:
    return into_lines([word.token for word in piece.words], rules.line_width, rules.lines)


def retold(cues: Sequence[Cue], texts: Sequence[str], rules: Rules) -> list[Cue]:
    """The same cues at the same times in other words."""
    broken = (into_lines(tokens(text, rules.line_width), rules.line_width, rules.lines) for text in texts)
    return [replace(cue, lines=lines) for cue, lines in zip(cues, broken, strict=True)]


def kept_to(cues: Sequence[Cue], rules: Rules) -> tuple[str, ...]:
    """What of the rules could not be kept, in words."""
    fast = sum(sum(map(width, c.lines)) / rules.per_second > c.span.duration_s + _SLACK_S for c in cues)
    short = sum(c.span.duration_s + _SLACK_S < rules.shortest_s for c in cues)
    tall = sum(len(c.lines) > rules.lines for c in cues)
    said = (
        (fast, f"must be read faster than {rules.per_second:g} letters a second, since it is said so fast"),
        (short, f"is shown for less than {rules.shortest_s:.2f} s, since the next follows at once"),
        (tall, f"has more than {rules.lines} lines"),
    )
    return tuple(f"{count} of {len(cues)} cues: each {what}." for count, what in said if count)
