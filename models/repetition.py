"""Loops in transcripts: a speech model that lost the thread says the same thing again and again."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from playhead.types import Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_REPEATS = 3
# Text that shrinks more than this is repetitive (the measure and the limit are Whisper's own).
MOST_COMPRESSION = 2.4
_NOT_WORD = re.compile(r"[^\w]+")
_RUN = re.compile(r"([^\W\d]{1,4}?)\1{7,}")


def without_loops(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
    """Each utterance cut after the first of its repetitions; more than three equal utterances in a row become one."""
    kept: list[Utterance] = []
    for text, run in groupby((cut_loop(utterance) for utterance in utterances), key=lambda u: _plain(u.text)):
        same = list(run)
        if text:
            kept += same if len(same) <= MOST_REPEATS else same[:1]
    return tuple(kept)


def cut_loop(utterance: Utterance) -> Utterance:
    """The utterance up to the end of the first occurrence of what it repeats, or as it is."""
    utterance = _without_runs(utterance)
    words = utterance.text.split()
    keep = _length_without_loop(words, 1 if _compression(utterance.text) > MOST_COMPRESSION else MOST_REPEATS)
    if keep == len(words):
        return utterance
    text = " ".join(words[:keep])
    timed = utterance.words[: _timed_words(utterance, text)]
    end_s = timed[-1].span.end_s if timed else utterance.span.end_s
    return replace(utterance, text=text, words=timed, span=Span(utterance.span.start_s, end_s))


def _without_runs(utterance: Utterance) -> Utterance:
    """Eight or more of the same letter or syllable in a row said once ("Hmmmmmmmm", "ははははははははは")."""
    words = tuple(replace(word, text=_RUN.sub(r"\1", word.text)) for word in utterance.words)
    return replace(utterance, text=_RUN.sub(r"\1", utterance.text), words=words)


def _length_without_loop(words: list[str], most_repeats: int) -> int:
    """How many words come before something is said for the second of more than `most_repeats` times in a row."""
    plain = [_plain(word) for word in words]
    for start in range(len(plain)):
        for size in range(1, (len(plain) - start) // (most_repeats + 1) + 1):
            if plain[start : start + size * (most_repeats + 1)] == plain[start : start + size] * (most_repeats + 1):
                return start + size
    return len(plain)


def _timed_words(utterance: Utterance, text: str) -> int:
    """How many timed words make up the first `len(text)` characters; words of a language without spaces are parts."""
    wanted, found = len(_plain(text)), 0
    for count, word in enumerate(utterance.words):
        if found >= wanted:
            return count
        found += len(_plain(word.text))
    return len(utterance.words)


def _plain(text: str) -> str:
    return _NOT_WORD.sub("", text).casefold()


def _compression(text: str) -> float:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0
