"""Whether a sentence says what its evidence says: a citation that exists is no proof that it holds the claim.

A language model that obeys what footage tells it can write anything and put `[1]` after it. So a sentence is kept
where most of its words stand in what it cites, or where it is near to that in meaning, which lets honest paraphrases
and translations through. Codes, addresses and long numbers must be there letter by letter, and no clause of more than
a word or two may be about something else. One word changed among true ones is not seen, nor is a "not": the sentence
says what it is about, and a person can look. What footage itself claims is not checked: for that it is cited.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from playhead.index.words import UNSPACED, says_something
from playhead.prompts import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.models.roles import SentenceEncoder, Vectors
    from playhead.types import Answer, Claim

# Measured on tests/index/paraphrases.py: honest sentences lie at 0.48 and above, forged ones at 0.43 and below, but
# for one whose wrong year gives it away.
_ALIKE = 0.46
_CLAUSE_ALIKE = 0.28
_WORDS = 0.75
_LEAST = 2
_STEM = 5
_MOST_TEXTS = 400
_WORD = re.compile(r"\w+")
_EXACT = re.compile(r"\w+(?:[.:/@?=&-]+\w+)*")
_LONG_NUMBER = re.compile(r"\d{3}")
_ADDRESS = re.compile(r"//|@|\w\.\w+/|^/\w")
_CLAUSE = re.compile(r"[,;:()–—。、，；：]| (?:and|but|while|because|since|so|und|aber|weil|et|mais|y|pero|porque) ")
_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")
# Words that tell that something is shown or said, not what: they prove nothing.
_FRAME = frozenset(
    "video film footage clip scene shot picture image frame screen shown shows show seen see appears visible says "
    "say said saying tells told mentions speaker speaks spoken person people written writes write writing text sign "
    "reads read title first next finally also another can cannot could will would must should may might being them "
    "something anything nothing descriptive temporal causal".split()
)


def supported(answer: Answer, encoder: SentenceEncoder, instructions: str = "") -> Answer:
    """The answer without sentences that their evidence does not bear out; they are counted as dropped.

    Nor is a sentence kept that repeats the `instructions` that the model was given.
    """
    ours = runs(instructions)
    kept = tuple(claim for claim in answer.claims if _Cited(claim, encoder, ours).stands)
    return replace(answer, claims=kept, dropped=answer.dropped + len(answer.claims) - len(kept))


class _Cited:
    """One sentence beside what it cites."""

    def __init__(self, claim: Claim, encoder: SentenceEncoder, ours: frozenset[str] = frozenset()) -> None:
        self._sentence, self._encoder, self._ours = claim.text, encoder, ours
        self._cited = list(dict.fromkeys(c.text for c in claim.evidence if c.text.strip()))
        self._all = " ".join(self._cited)

    @property
    def stands(self) -> bool:
        """Whether the evidence bears the sentence out."""
        if not self._cited or not self._exact() or self._repeats_us():
            return False
        return self._near() and self._clauses_stand()

    def _near(self) -> bool:
        """Whether most of its words stand in the evidence, or it is near to that in meaning."""
        found = units(self._sentence)
        if says_something(self._sentence) and found and self._share(found) >= _WORDS:
            return True
        return self._likeness(self._sentence) >= _ALIKE

    def _exact(self) -> bool:
        """Whether every code, address and long number stands in the evidence."""
        there = "".join(_WORD.findall(self._all.casefold()))
        exact = (
            word for word in _EXACT.findall(self._sentence) if _LONG_NUMBER.search(word) or _ADDRESS.search(word)
        )
        return all("".join(_WORD.findall(word.casefold())) in there for word in exact)

    def _repeats_us(self) -> bool:
        """Whether it holds words of the instructions that the footage does not say."""
        return bool((runs(self._sentence) & self._ours) - runs(self._all))

    def _clauses_stand(self) -> bool:
        """Whether no clause is about something else: one true half does not carry the other."""
        clauses = [part for part in _CLAUSE.split(self._sentence) if part.strip()]
        return len(clauses) < 2 or all(map(self._clause_stands, clauses))

    def _clause_stands(self, clause: str) -> bool:
        found = units(clause)
        missing = [unit for unit in found if unit not in self._there]
        return len(missing) < _LEAST or self._likeness(clause) >= _CLAUSE_ALIKE

    def _share(self, found: Sequence[str]) -> float:
        return sum(unit in self._there for unit in found) / len(found)

    @cached_property
    def _there(self) -> frozenset[str]:
        return frozenset(units(self._all))

    @cached_property
    def _vectors(self) -> Vectors:
        """Of all that is cited together, each citation, and each sentence of one."""
        parts = [part for text in self._cited for part in _END.split(text) if part.strip()]
        return self._encoder.encode(list(dict.fromkeys([self._all, *self._cited, *parts]))[:_MOST_TEXTS])

    def _likeness(self, text: str) -> float:
        """How near a text is in meaning to what is cited; 0 where the encoder does not know a language of the two."""
        if self._encoder.unreadable(text) or self._encoder.unreadable(self._all):
            return 0.0
        return float((self._vectors @ self._encoder.encode([text])[0]).max())


def units(text: str) -> list[str]:
    """What a text says, to be looked for elsewhere: beginnings of telling words, pairs of signs without spaces."""
    found = []
    for word in _WORD.findall(text.casefold()):
        if UNSPACED.search(word):
            found += [word[n : n + 2] for n in range(max(1, len(word) - 1))]
        elif word not in _FRAME and says_something(word):
            found.append(word if len(word) <= _STEM else word[: max(_STEM - 1, min(_STEM + 1, len(word) - 3))])
    return found
