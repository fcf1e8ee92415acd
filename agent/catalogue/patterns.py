"""The short phrases of a catalogue's tools, and those that a clause holds.

Every tool brings its name, the pieces of its description and its worked phrases. Each word of a phrase weighs by how
few tools of the catalogue share it (idf: Spärck Jones 1972, "A statistical interpretation of term specificity").
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from playhead.agent.catalogue.matching import Laid, Pattern
from playhead.agent.catalogue.words import DEFINITE, WITH, is_weak, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from playhead.agent.catalogue.cards import Catalogue, ToolCard
    from playhead.agent.catalogue.matching import Context, Match
    from playhead.agent.catalogue.words import Token

_PIECES = re.compile(
    r"[,.]|\b(?:or|such as|using|while|according to|based on|identifying|between|to (?:produce|create))\b"
)
_WEAK, _COMMON, _MEDIUM = 0.5, 0.3, 0.8  # weights: of "version", of what all tools share, of a medium beside others


def phrases(card: ToolCard) -> list[str]:
    """The tool's name, the pieces of its description, and its worked phrases."""
    pieces = [piece.strip() for piece in _PIECES.split(card.description)]
    return [card.name, *filter(None, pieces), *card.phrases]


class Patterns:
    """The phrases of a whole catalogue, found by any word of theirs."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._weights = _rarity(catalogue)
        self._by_sense: dict[str, list[Pattern]] = defaultdict(list)
        for card in catalogue:
            worked = set(map(_senses, card.phrases))
            for senses in dict.fromkeys(map(_senses, phrases(card))):
                self._add(card, senses, worked=senses in worked)

    def _add(self, card: ToolCard, senses: tuple[str, ...], *, worked: bool) -> None:
        if not senses:
            return
        pattern = Pattern(card, senses, tuple(self._weight(meaning) for meaning in senses), worked)
        for meaning in set(senses):
            self._by_sense[meaning].append(pattern)

    def _weight(self, meaning: str) -> float:
        if is_weak(meaning):
            return _WEAK
        return max(self._weights.get(meaning, 0.0), _COMMON) * (_MEDIUM if meaning[0] == "@" else 1.0)

    def knows(self, token: Token) -> bool:
        """Whether some tool's phrases have the word."""
        return token.sense in self._weights

    def matches(self, clause: Sequence[Token], taken: Collection[int], context: Context) -> Iterator[Match]:
        """Every phrase that the clause holds well enough with words that are not taken."""
        laid = Laid(clause, taken, context)
        patterns = {id(p): p for meaning in laid.places for p in self._by_sense.get(meaning, ())}
        for pattern in patterns.values():
            match = laid.turn(pattern) if pattern.is_turn else laid.match(pattern)
            if match:
                yield match


def _rarity(catalogue: Catalogue) -> dict[str, float]:
    holders: dict[str, set[str]] = defaultdict(set)
    for card in catalogue:
        for token in tokens(" . ".join(phrases(card))):
            holders[token.sense].add(card.name)
    return {meaning: math.log((len(catalogue) + 1) / len(tools)) for meaning, tools in holders.items()}


def _senses(phrase: str) -> tuple[str, ...]:
    """The senses of a phrase without small words, each but media once; two media keep the direction between them."""
    found = [token.sense for token in tokens(phrase) if token.sense not in {DEFINITE, WITH}]
    if any(meaning[0] not in "@<>" and not is_weak(meaning) for meaning in found):
        plain = [meaning for meaning in found if meaning[0] not in "<>"]
        return tuple(m for i, m in enumerate(plain) if m[0] == "@" or m not in plain[:i])
    turn = len(found) == 3 and found[0][0] == found[2][0] == "@" and found[1][0] in "<>" and found[0] != found[2]
    return tuple(found) if turn else ()
