"""Which tools a request speaks of, and where: its clauses against a catalogue by words, by meaning and by type.

Words: how much of a tool's short phrases the clause holds (`patterns.py`). Meaning: how near the whole clause is to
the same phrases in a sentence encoder's space. Types: what is at hand where the clause stands. The best tool takes
the words that speak for it; what is left may speak for another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from playhead.agent.catalogue.clauses import Request
from playhead.agent.catalogue.given import sign_of
from playhead.agent.catalogue.matching import Context, Match
from playhead.agent.catalogue.ordering import in_order, turned
from playhead.agent.catalogue.patterns import Patterns
from playhead.agent.catalogue.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from playhead.agent.catalogue.cards import Catalogue, ToolCard
    from playhead.agent.catalogue.reading import ReadClause
    from playhead.models.roles import SentenceEncoder

_ACCEPT, _ACCEPT_MORE = 0.62, 0.74  # the score of the first tool of a clause, and of each after it
_LENIENT = 0.45  # of the first tool, where nothing else is found in the whole request
_ALONE, _GUESS = 0.75, 0.5  # of meaning alone: for a clause that asks, for a request without any other tool
_MOST_TOOLS = 6  # of one clause
_MEANING = 0.35  # the share of meaning in a score, beside words
_UNLIKE, _LIKE = 0.15, 0.65  # likenesses of sentence vectors that count as none and as full
_SALIENT, _AT_HAND, _MISSING = 0.08, 0.04, -0.05  # what a tool takes was spoken of last, is there, is not
_TELLS = 0.57  # a clause that only tells what there is
_REFERRED = 0.7  # "the voiceover", where a verb speaks for another tool
_KNOWN = 0.1  # "the transcribed text", when a tool that transcribes has had its turn


@dataclass(frozen=True, slots=True)
class Mention:
    """A tool that a clause asks for: how sure that is, and where the clause stands in the request."""

    tool: str
    clause: str
    score: float
    start: int
    end: int


@dataclass(slots=True)
class _Sofar:
    """What has been read: what the clauses leave behind, and the tools that have had their turn."""

    context: Context = field(default_factory=Context)
    known: set[str] = field(default_factory=set)


class Router:
    """Finds the tools of a catalogue in requests."""

    def __init__(self, catalogue: Catalogue, encoder: SentenceEncoder) -> None:
        self._catalogue, self._encoder = catalogue, encoder
        self._patterns = Patterns(catalogue)
        self._tools = list(catalogue.cards)
        said = [(i, text) for i, card in enumerate(catalogue) for text in _sayings(card)]
        self._owners = np.array([i for i, _ in said])
        self._sayings = encoder.encode([text for _, text in said])

    def route(self, request: str) -> tuple[Mention, ...]:
        """The tools that a request speaks of, in the order in which they are to run; one may come more than once."""
        return self.route_read(Request.read(request))

    def route_read(self, request: Request) -> tuple[Mention, ...]:
        """As `route`, for a request already taken apart."""
        if not request.clauses or not self._tools:
            return ()
        meanings = self._meanings(request)
        return tuple(
            Mention(match.tool, clause.text, match.score, clause.start, clause.end)
            for clause, matches in in_order(self._catalogue, request.clauses, self._found(request, meanings))
            for match in matches
        )

    def _meanings(self, request: Request) -> NDArray[np.float64]:
        """How near each clause is to each tool, from 0 to 1."""
        likeness = self._encoder.encode([request.spoken(clause) for clause in request.clauses]) @ self._sayings.T
        best = np.stack([likeness[:, self._owners == i].max(axis=1) for i in range(len(self._tools))], axis=1)
        near: NDArray[np.float64] = np.clip((best.astype(np.float64) - _UNLIKE) / (_LIKE - _UNLIKE), 0.0, 1.0)
        return near

    def _found(self, request: Request, meanings: NDArray[np.float64]) -> list[list[Match]]:
        """The tools of each clause; where there are none at all, those that a milder measure lets pass."""
        for accept in (_ACCEPT, _LENIENT):
            found = self._mentions(request, meanings, accept)
            if any(found):
                return found
        clause, tool = np.unravel_index(int(meanings.argmax()), meanings.shape)
        found[int(clause)] = self._by_meaning(int(tool), float(meanings[clause, tool]), _GUESS)
        return found

    def _by_meaning(self, tool: int, score: float, least: float) -> list[Match]:
        return [Match(self._tools[tool], score, frozenset({0}))] if score >= least else []

    def _mentions(self, request: Request, meanings: NDArray[np.float64], accept: float) -> list[list[Match]]:
        """The tools of each clause, read from the first to the last."""
        sofar = _Sofar()
        reader = Reader(request, sofar.context)
        found = []
        for clause, near in zip(request.clauses, meanings, strict=True):
            read = reader.read(clause, near)
            found.append(self._choose(read, sofar, accept))
            self._leave(sofar, read, found[-1])
        return found

    def _leave(self, sofar: _Sofar, clause: ReadClause, chosen: Sequence[Match]) -> None:
        """Notes what a clause leaves behind for those that follow."""
        context, read = sofar.context, clause.tokens
        if clause.tells:
            context.told |= {token.sense for token in read if token.is_content}
        kinds = [token.sense[1:] for token in read if token.is_medium]
        kinds += [self._catalogue[match.tool].output for match in chosen]
        context.at_hand |= set(kinds)
        if kinds and any(token.is_content or sign_of(token.word) is None for token in read):
            context.salient = kinds[-1]
        sofar.known |= {match.tool for match in chosen}

    def _choose(self, clause: ReadClause, sofar: _Sofar, accept: float) -> list[Match]:
        """The tools of a clause: the best one takes its words, and the others are laid beside what is left."""
        chosen: list[Match] = []
        taken: set[int] = set()
        while clause.speaks and len(chosen) < _MOST_TOOLS:
            best = self._best(clause, sofar, chosen, taken)
            if best is None or best.score < (_ACCEPT_MORE if chosen else accept):
                break
            said = best.tool in sofar.known and clause.refers(best)
            chosen.append(replace(best, refers=said))
            taken |= best.places if said else best.places | clause.verbs_of(best)
        if not chosen and not clause.tells and self._asks(clause):
            chosen = self._nearest(clause, sofar.context)
        return turned(self._catalogue, chosen, clause.tokens)

    def _asks(self, clause: ReadClause) -> bool:
        """Whether a clause has a verb that the catalogue knows, and another word that it knows."""
        known = [token for token in clause.said if self._patterns.knows(token)]
        return len(known) > 1 and any(token.is_action for token in known)

    def _nearest(self, clause: ReadClause, context: Context) -> list[Match]:
        """The tool nearest in meaning, for a clause that asks in words of its own."""
        fits = [_fit(self._catalogue[tool], clause.media, context) for tool in self._tools]
        scores = clause.near + np.array(fits)
        return self._by_meaning(int(scores.argmax()), float(scores.max()), _ALONE)

    def _best(self, clause: ReadClause, sofar: _Sofar, chosen: Sequence[Match], taken: set[int]) -> Match | None:
        """The tool that the words not taken speak for most; "the voiceover" gives way to a tool with a verb."""
        done = {match.tool for match in chosen}
        matches = [
            replace(match, score=self._score(match, clause, sofar))
            for match in self._patterns.matches(clause.tokens, taken, sofar.context)
            if match.tool not in done
        ]
        made = self._made(matches, clause, sofar.known)
        matches = [
            m if m.tool in sofar.known or not m.places & made else replace(m, score=m.score * _REFERRED)
            for m in matches
        ]
        acting = any(m.acts and not m.refers for m in chosen) or any(
            m.acts and m.score >= _ACCEPT_MORE and not (m.tool in sofar.known and clause.refers(m)) for m in matches
        )
        weighed = [replace(m, score=m.score * _REFERRED) if m.refers and acting else m for m in matches]
        return max(weighed, key=lambda match: match.score, default=None)

    def _made(self, matches: Sequence[Match], clause: ReadClause, known: set[str]) -> set[int]:
        """The places of words like "transcribed" that speak of what a tool has made that had its turn."""
        said = [m for m in matches if m.tool in known and m.score >= _ACCEPT and clause.refers(m)]
        places = {place for match in said for place in match.places}
        return {
            place for place in places if clause.tokens[place].is_participle and not clause.tokens[place].is_general
        }

    def _score(self, match: Match, clause: ReadClause, sofar: _Sofar) -> float:
        near = float(clause.near[self._tools.index(match.tool)])
        score = (1 - _MEANING) * match.score + _MEANING * near
        score += _fit(self._catalogue[match.tool], clause.media, sofar.context)
        score += _KNOWN if match.tool in sofar.known and clause.refers(match) else 0.0
        return score * (_TELLS if clause.tells else 1.0)


def _sayings(card: ToolCard) -> tuple[str, ...]:
    return (f"{card.name}: {card.description}", *card.phrases)


def _fit(card: ToolCard, media: set[str], context: Context) -> float:
    """What the types of the clause and those at hand say for a tool."""
    if not card.inputs or not (context.at_hand or media):
        return 0.0
    if card.inputs[0] in (media or {context.salient}):
        return _SALIENT
    return _AT_HAND if (context.at_hand | media) & set(card.inputs) else _MISSING
