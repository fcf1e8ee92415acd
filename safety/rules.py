"""What is judged by words alone: sexual content with minors, and the word lists of a policy.

Rules need no training data, hold in any classifier's absence, and say which words they rest on.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from playhead.models.disguises import readings
from playhead.models.roles import Finding
from playhead.safety.policy import MINORS, shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

RULES = "rules-1"
_CERTAIN, _TOGETHER, _BARE, _HOMELY, _GUARDED = 1.0, 0.9, 0.4, 0.25, 0.25
_LIKELY = 0.5
_PASSAGE = re.compile(r"[^.!?\n]+[.!?\n]*")
_LONGEST = 400
_NUMBER = (
    r"(?:[1-9]|1[0-7]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen)"
)
_AGE = (
    rf"{_NUMBER}[ -]?(?:years?|yrs?)[ -]?old|{_NUMBER} ?y/?o|aged? {_NUMBER}"
    rf"|(?:boy|girl|son|daughter|brother|sister|niece|nephew)[ ,(]{{1,2}}{_NUMBER}"
    rf"|(?:s?he|they)(?: is| are|['’]s|['’]re) {_NUMBER}(?! ?(?:[%:.]|seconds?|minutes?|hours?|metres?|meters?|feet))"
)
_UNSPACED = re.compile("[\u0900-\u097f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # words that run into one another


def minors(text: str, sexual: Finding | None) -> Finding:
    """How far a text puts minors and sex together, by its words and by the passage that a classifier calls sexual."""
    found = [_of_passage(passage) for reading in readings(text) for passage in _passages(reading)]
    if sexual is not None and sexual.score >= _LIKELY and (young := _first("minors", sexual.cue)):
        found.append(Finding(MINORS, sexual.score, f"“{young}” in a passage that reads as sexual"))
    return max(found, key=lambda finding: finding.score, default=Finding(MINORS, 0.0))


def listed(text: str, words: Mapping[str, tuple[str, ...]]) -> list[Finding]:
    """Certain findings for the words of a policy that are in the text."""
    found = []
    for category, phrases in words.items():
        pattern = _pattern(tuple(phrases))
        hit = next((hit[0] for reading in readings(text) if (hit := pattern.search(reading))), None)
        if hit is not None:
            found.append(Finding(category, _CERTAIN, f"“{hit}”, on the policy's list"))
    return found


def _of_passage(passage: str) -> Finding:
    if explicit := _first("explicit", passage):
        return Finding(MINORS, _GUARDED if _first("guarded", passage) else _CERTAIN, f"“{explicit}”")
    passage = _shipped("innocent").sub(" ; ", passage)
    young = _first("minors", passage)
    if not young:
        return Finding(MINORS, 0.0)
    if together := _first("sexual", passage):
        score = _GUARDED if _first("guarded", passage) else _TOGETHER
        return Finding(MINORS, score, f"“{young}” and “{together}” in one passage")
    if bare := _first("bare", passage):
        score = _HOMELY if _first("homely", passage) or _first("guarded", passage) else _BARE
        return Finding(MINORS, score, f"“{young}” and “{bare}” in one passage")
    return Finding(MINORS, 0.0)


def _passages(text: str) -> Iterator[str]:
    """Sentences, in pieces of bounded length that overlap by half."""
    for found in _PASSAGE.finditer(text):
        sentence = found[0]
        for start in range(0, max(1, len(sentence) - _LONGEST // 2), _LONGEST // 2):
            yield sentence[start : start + _LONGEST]


def _first(kind: str, passage: str) -> str:
    hit = _shipped(kind).search(passage)
    return hit[0] if hit else ""


@cache
def _shipped(kind: str) -> re.Pattern[str]:
    return _pattern(tuple(shipped("words.yaml")[kind]), _AGE if kind == "minors" else "")


@cache
def _pattern(phrases: tuple[str, ...], more: str = "") -> re.Pattern[str]:
    """Matches any of the phrases as whole words, however their words are set apart."""
    options = {phrase: r"[\s_-]+".join(map(re.escape, phrase.split())) for phrase in _longest_first(phrases)}
    unspaced = [option for phrase, option in options.items() if _UNSPACED.search(phrase)]
    spaced = [option for option in options.values() if option not in unspaced] + ([more] if more else [])
    whole = [rf"(?<![^\W_])(?:{'|'.join(spaced)})(?![^\W_])"] if spaced else []
    return re.compile("|".join([*whole, *unspaced]) or r"(?!)", re.IGNORECASE)


def _longest_first(phrases: Iterable[str]) -> list[str]:
    return sorted(phrases, key=len, reverse=True)
