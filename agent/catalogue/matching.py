"""How well a clause holds a short phrase of a tool.

A phrase need not stand there word for word: most of its weight must, near together and not yet taken by another tool.
Media keep their order, since "audio from video" and "video from audio" ask for two things.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playhead.agent.catalogue.given import sign_of
from playhead.agent.catalogue.words import DEFINITE, INTO, OUT_OF, Token, is_plain_verb, is_weak

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from playhead.agent.catalogue.cards import ToolCard

_LEAST_COVER = 0.55  # of a phrase's weight
_FRESH = 0.75  # of the weight of its content words, that no other tool has taken
_IMPLIED = 0.7  # what a medium counts that the clause leaves unsaid but is at hand
_TURNED = 0.95  # "audio from the video": two media and a direction, nothing else
_DISORDER, _TWIST, _FAR = 0.5, 0.95, 0.7  # media in the wrong order, any words so, words far apart
_AHEAD = 0.7  # media before the verb: in "use the image to create a poster" no image is made
_FOREIGN = 0.75  # another medium in between: "generate an image of the audio" makes no audio
_GAP = 0.998  # for each word between
_SLACK_VERB, _SLACK_NOUN = 5, 2  # words between that do not yet count as far
_TOLD = 0.7  # nouns only, and of something that the request brings along
_FULL, _BRIEF = 5.0, 0.75  # a phrase of that weight counts in full, the lightest so much
_LONGER, _LONGEST = 0.005, 10.0  # of two that count in full the longer wins
_WORKED = 0.01  # worked phrases tell tools apart better than descriptions


@dataclass(frozen=True, slots=True)
class Pattern:
    """A short phrase of a tool: its senses in order, and the weight of each; `worked` when it is no description."""

    card: ToolCard
    senses: tuple[str, ...]
    weights: tuple[float, ...]
    worked: bool

    @property
    def is_turn(self) -> bool:
        """Whether it is two media and the direction between them."""
        return self.senses[1] in {INTO, OUT_OF} if len(self.senses) == 3 else False

    @property
    def rarest(self) -> str:
        """The content word that the fewest tools share."""
        return max((w, meaning) for meaning, w in zip(self.senses, self.weights, strict=True) if meaning[0] != "@")[1]


@dataclass(frozen=True, slots=True)
class Match:
    """How well a clause holds a phrase: `places` are those of its tokens.

    `acts`: a verb is among them; `refers`: they are a noun after "the", that may speak of what is already there.
    """

    tool: str
    score: float
    places: frozenset[int]
    acts: bool = True
    refers: bool = False


@dataclass(slots=True)
class Context:
    """What the clauses read so far leave behind: types at hand, the last of them, and nouns that only told."""

    at_hand: set[str] = field(default_factory=set)
    salient: str = ""
    told: set[str] = field(default_factory=set)


def _between(token: Token) -> bool:
    """Whether a word may stand between a medium and the direction behind it ("text taken from the image")."""
    return not token.is_content or is_weak(token.sense) or token.is_action


class Laid:
    """A clause laid out for phrases to be laid beside it."""

    def __init__(self, clause: Sequence[Token], taken: Collection[int], context: Context) -> None:
        self._clause, self._taken, self._context = clause, taken, context
        self.places: dict[str, list[int]] = defaultdict(list)
        for place, token in enumerate(clause):
            self.places[token.sense].append(place)
        self._media = {meaning for meaning in self.places if meaning[0] == "@"}

    def turn(self, pattern: Pattern) -> Match | None:
        """Two media with the direction between them, side by side but for a verb or a "the"."""
        first, direction, second = pattern.senses
        for at in self.places.get(direction, ()):
            before = self._beside(at, -1, 1)
            after = self._beside(at, 1, 2)
            if before is None or after is None or (before if direction == OUT_OF else after) in self._taken:
                continue
            if (self._clause[before].sense, self._clause[after].sense) == (first, second):
                return Match(pattern.card.name, _TURNED, frozenset((before, at, after)), acts=False, refers=True)
        return None

    def _beside(self, at: int, step: int, most: int) -> int | None:
        """The medium next to a place, past as many content words as that."""
        at += step
        while 0 <= at < len(self._clause) and not self._clause[at].is_medium:
            token = self._clause[at]
            most -= token.is_content and not is_weak(token.sense)
            if most < 0 or token.sense in {INTO, OUT_OF} or (step < 0 and not _between(token)):
                return None
            at += step
        return at if 0 <= at < len(self._clause) else None

    def match(self, pattern: Pattern) -> Match | None:
        """A phrase of content words and media; its rarest content word must be there."""
        held = self._held(pattern)
        if pattern.rarest not in self.places or self._speaks_of_others(pattern):
            return None
        cover = self._cover(pattern, held)
        if cover < _LEAST_COVER:
            return None
        found = (self._at(pattern, held, anchor, cover) for anchor in self.places[pattern.rarest])
        return max(filter(None, found), key=lambda match: match.score, default=None)

    def _held(self, pattern: Pattern) -> list[tuple[str, float]]:
        return [
            (meaning, weight)
            for i, (meaning, weight) in enumerate(zip(pattern.senses, pattern.weights, strict=True))
            if len(self.places.get(meaning, ())) > pattern.senses[:i].count(meaning)
        ]

    def _speaks_of_others(self, pattern: Pattern) -> bool:
        """Whether the clause leaves out a medium of the phrase and names other media instead."""
        missing = {meaning for meaning in pattern.senses if meaning[0] == "@"} - self._media
        if not missing or not self._media:
            return False
        card = pattern.card
        makes = f"@{card.output}" in missing and card.output not in card.inputs
        return makes or not self._media <= set(pattern.senses)

    def _cover(self, pattern: Pattern, held: Iterable[tuple[str, float]]) -> float:
        mass = sum(weight for _, weight in held)
        if not self._media:
            mass += _IMPLIED * sum(
                weight
                for meaning, weight in zip(pattern.senses, pattern.weights, strict=True)
                if meaning[0] == "@" and meaning[1:] in self._context.at_hand
            )
        return mass / sum(pattern.weights)

    def _at(self, pattern: Pattern, held: Sequence[tuple[str, float]], anchor: int, cover: float) -> Match | None:
        """The phrase with each of its words as near to `anchor` as it comes, if enough of them are free."""
        at = self._near([meaning for meaning, _ in held], anchor)
        content = {place: weight for place, (meaning, weight) in zip(at, held, strict=True) if meaning[0] != "@"}
        if sum(weight for place, weight in content.items() if place not in self._taken) < _FRESH * sum(
            content.values()
        ):
            return None
        acts = any(self._clause[place].is_action for place in content)
        mass = sum(weight for _, weight in held)
        score = cover * (_BRIEF + (1 - _BRIEF) * min(1.0, mass / _FULL)) * self._layout(at, acts=acts)
        score += _LONGER * min(mass, _LONGEST) + (_WORKED if pattern.worked else 0.0)
        score *= _TOLD if not acts and self._only_told(content, max(at)) else 1.0
        return Match(pattern.card.name, score, frozenset(at), acts, not acts and self._refers(content))

    def _near(self, meanings: Iterable[str], anchor: int) -> list[int]:
        """A place for each sense, none twice: a free one rather than one taken, and near rather than far."""
        at: list[int] = []
        for meaning in meanings:
            free = (place for place in self.places[meaning] if place not in at)
            at.append(min(free, key=lambda place: (place in self._taken, abs(place - anchor))))
        return at

    def _layout(self, at: Sequence[int], *, acts: bool) -> float:
        """What the order and the distance of a phrase's words leave of its score."""
        first, last = self._clause[min(at)], self._clause[max(at)]
        media = [place for place in at if self._clause[place].is_medium]
        inside = {token.sense for token in self._clause[min(at) : max(at)] if token.is_medium}
        foreign = not inside <= {self._clause[place].sense for place in media}
        far = last.at - first.at > len(at) + (_SLACK_VERB if acts else _SLACK_NOUN)
        order = (1 if media == sorted(media) else _DISORDER) * (1 if list(at) == sorted(at) else _TWIST)
        order *= (
            _AHEAD
            if media and any(is_plain_verb(self._clause[place].word) for place in at if place > media[-1])
            else 1
        )
        return float(order * (_FOREIGN if foreign else 1) * (_FAR if far else 1) * _GAP ** (last.at - first.at))

    def _only_told(self, nouns: Iterable[int], last: int) -> bool:
        """Whether nouns name what the request brings along: told before, or with quoted words right behind."""
        following = self._clause[last + 1] if last + 1 < len(self._clause) else None
        quoted = following is not None and following.sense == "@text" and sign_of(following.word) is not None
        return quoted or all(self._clause[place].sense in self._context.told for place in nouns)

    def _refers(self, nouns: Collection[int]) -> bool:
        """Whether "the" or its like stands before a noun, one word between at most, and no "of" behind."""
        first, last = min(nouns), max(nouns)
        before = self._clause[max(0, first - 2) : first]
        behind = self._clause[last + 1].word if last + 1 < len(self._clause) else ""
        return behind != "of" and any(t.sense == DEFINITE and self._clause[first].at - t.at <= 2 for t in before)
