"""A text as it is said: taken apart at sentences, with what is written short spelt out.

What a voice knows itself (money, years, clock times, titles) is left to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SENTENCE = 300
"""Characters said in one breath: a longer sentence is taken apart at a comma, or where there is none at a blank."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)\]»]*\s+|(?<=[。！？])[」』”]*\s*")
_NO_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|e\.g|i\.e|No|approx|Fig|Vol|[A-Z])\.|\b(?:a|p)\.m\.)[\"”’)\]»]*\s+$"
)
_CLAUSE_END = re.compile(r"(?<=[,;:—–、，；：])\s*")
_SHORT = {
    r"e\.g\.": "for example",
    r"i\.e\.": "that is",
    r"etc\.": "et cetera",
    r"vs\.?": "versus",
    r"approx\.": "approximately",
    r"w/o": "without",
    r"w/": "with",
}
_NUMBERED = {"No": "number", "Fig": "figure", "Vol": "volume"}
_BEFORE_NUMBER = re.compile(rf"\b({'|'.join(_NUMBERED)})\. ?(?=\d)")
_HOURS = re.compile(r"\b(\d+):([0-5]\d):([0-5]\d)(?:\.\d+)?\b")
_TENTHS = re.compile(r"\b(\d+):([0-5]\d)\.\d+\b")
_ADDRESS = re.compile(r"https?://(?:www\.)?|\bwww\.")
_MARKS = re.compile(r"[*_`#|<>{}\[\]\\^~]+")


def paragraphs(text: str) -> list[str]:
    """Each paragraph on one line; a line break without an empty line ends none."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, none longer than `LONGEST_SENTENCE`."""
    found, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        following = text[end.end() : end.end() + 1]
        if not _NO_END.search(text[start : end.end()]) and not following.islower():
            found.append(text[start : end.end()].strip())
            start = end.end()
    found.append(text[start:].strip())
    return [part for sentence in found if sentence for part in shorter(sentence, LONGEST_SENTENCE)]


def shorter(text: str, most: int) -> Iterator[str]:
    """A text in pieces of at most `most` characters, cut at commas, else at blanks, else where it must be."""
    while len(text) > most:
        ends = [end.start() for end in _CLAUSE_END.finditer(text, most // 3, most)]
        ends = ends or [blank.start() for blank in re.finditer(r"\s", text[:most])]
        cut = ends[-1] if ends and ends[-1] else most
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text


def sayable(text: str, languages: frozenset[str]) -> str:
    """A sentence without marks that nobody says; for an English voice with short forms spelt out."""
    text = _MARKS.sub(" ", _ADDRESS.sub("", text))
    if "en" in languages:
        for short, long in _SHORT.items():
            text = re.sub(rf"(?<!\w){short}(?!\w)", long, text)
        text = _BEFORE_NUMBER.sub(lambda m: f"{_NUMBERED[m[1]]} ", text)
        text = _HOURS.sub(lambda m: _duration((m[1], "hour"), (m[2], "minute"), (m[3], "second")), text)
        text = _TENTHS.sub(lambda m: _duration((m[1], "minute"), (m[2], "second")), text)
    return " ".join(text.split())


def _duration(*parts: tuple[str, str]) -> str:
    said = [f"{int(count)} {unit}{'' if int(count) == 1 else 's'}" for count, unit in parts if int(count)]
    return " and ".join(said) or "0 seconds"
