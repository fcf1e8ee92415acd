"""A clause as the router reads it: signs and pronouns are what they stand for, and an unsaid verb is said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.agent.catalogue.given import sign_of
from playhead.agent.catalogue.words import DEFINITE, WITH, Token, is_plain_verb, is_verb, tokens, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from playhead.agent.catalogue.clauses import Clause, Request
    from playhead.agent.catalogue.matching import Context, Match

_PRONOUNS = frozenset({"it", "them", "this", "these", "its", "result"})
_POINTING = frozenset({"this", "these"})


@dataclass(frozen=True, slots=True)
class ReadClause:
    """A clause as the router reads it: its tokens, its nearness to each tool, and whether it only tells."""

    tokens: Sequence[Token]
    near: NDArray[np.float64]
    tells: bool

    @property
    def said(self) -> list[Token]:
        """Its content words and media, without what signs stand for."""
        return [t for t in self.tokens if t.is_content or (t.is_medium and sign_of(t.word) is None)]

    @property
    def speaks(self) -> bool:
        """Whether it has a word beside what the request brings along."""
        return bool(self.said)

    @property
    def media(self) -> set[str]:
        """The types that it names."""
        return {token.sense[1:] for token in self.tokens if token.is_medium}

    def refers(self, match: Match) -> bool:
        """Whether a match may speak of what a tool has made: "the summary", "transcribed"."""
        said = [self.tokens[place] for place in match.places]
        return not any(is_verb(token.word) for token in said) and (match.refers or any(t.is_participle for t in said))

    def verbs_of(self, match: Match) -> set[int]:
        """The verb that a noun stands behind; with -ing ("an image showing a waveform") the one before too.

        A match with a plain verb of its own has no other, and "with" keeps a noun from the verb before it.
        """
        first = min(match.places)
        if any(is_plain_verb(self.tokens[place].word) for place in match.places):
            return set()
        start = max((i for i, token in enumerate(self.tokens[:first]) if token.sense == WITH), default=0)
        before = [i for i in range(start, first) if is_verb(self.tokens[i].word)]
        participle = bool(before) and self.tokens[before[-1]].word.endswith("ing")
        return set(before[-2:] if participle else before[-1:])


class Reader:
    """Reads the clauses of a request, one after the other."""

    def __init__(self, request: Request, context: Context) -> None:
        self._request, self._context = request, context
        self._verb: Token | None = None

    def read(self, clause: Clause, near: NDArray[np.float64]) -> ReadClause:
        """The clause with the verb of the one before, where it goes on without: "extract an image and a sound"."""
        read = self._tokens(clause)
        own = [token for token in read if token.is_action]
        if not own and self._verb and clause.cue in {",", "and"}:
            read = [replace(self._verb, at=-1), *read]
        if clause.tells or (clause.opens and not own):
            self._verb = None
        elif own:
            self._verb = own[-1]
        return ReadClause(read, near, clause.tells)

    def _tokens(self, clause: Clause) -> list[Token]:
        counted = {token.at: token for token in tokens(clause.text)}
        read = (
            self._stand_in(word, at, pointing=at + 1 in counted)
            if sign_of(word) is not None or at not in counted
            else counted[at]
            for at, word in enumerate(words(clause.text))
        )
        return [token for token in read if token]

    def _stand_in(self, word: str, at: int, *, pointing: bool) -> Token | None:
        """What a sign or a pronoun stands for; "this" before a noun only points at it."""
        sign = sign_of(word)
        if sign is not None:
            return Token(f"@{self._request.given[sign].kind}", word, at)
        if pointing and word in _POINTING:
            return Token(DEFINITE, word, at)
        if word in _PRONOUNS and self._context.salient:
            return Token(f"@{self._context.salient}", word, at)
        return None
