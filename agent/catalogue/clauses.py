"""A request taken apart: what it brings along, and its clauses.

Clauses end at sentences and commas, and where "and", "then" or "after" starts another action.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from playhead.agent.catalogue.given import SIGN, Given, masked, sign_of
from playhead.agent.catalogue.words import is_verb, sense, words

_MOST_WORDS = 40
_MOST_CLAUSES, _HEAD = 100, 50
_JOINTS = "and then|and|then|after|before|followed by|so that|so|that|which|where|by|but|as well as|or|to"
_BREAK = re.compile(
    rf"(?P<stop>[.!?;:\n]+(?=\s|$)|(?<={SIGN} )(?=\s*[A-Z][a-z]* ))|(?P<comma>,\s)|\b(?P<word>(?i:{_JOINTS}))\s"
)
_ASKING = re.compile(r"(?:i|we|you)(?:'d| would| want| need| can| could|'ll| wish)\b|it to\b")
_FIRST_VERB = re.compile(r"(?:(?:also|finally|then|please|lastly|to|i)\s+)*([a-z-]+)")
_LEAD = r"(?:hi|hello|also|and|but|,|\s)*"
_WISHES = r"(?:want|need|would like|'d like|please|should|must)"
_I_DID = r"i(?:'ve| have(?! to)| recently| found| am(?! looking)| also have| saw| (?!need)\w+ed)"
_THERE_IS = r"(?:the|it|this|my|which|that)(?:\s+\S+){0,5}?\s+(?:is|are|was|were|has|have|contains?|includes?|reads?)"
_TELLING = re.compile(
    rf"{_LEAD}(?:{_I_DID}|{_THERE_IS}|found|you can find|here|there)\b(?!.*\b{_WISHES}\b)", re.IGNORECASE
)
_HAVING = re.compile(
    rf"{_LEAD}(?:i(?:'ve| have(?! to)| also have| recently| found)|there|here|the|this|my)\b", re.IGNORECASE
)
_WISH = re.compile(rf"\b{_WISHES}\b", re.IGNORECASE)
_ADJECTIVE = re.compile(r"\b(?:an?|more|new)\s+[\w-]+$", re.IGNORECASE)
_ALWAYS, _IF_ASKING = frozenset({"then", "and then", "followed by"}), frozenset("that which so where to".split())


@dataclass(frozen=True, slots=True)
class Clause:
    """Words that ask for one thing or tell one thing; `start` and `end` are places in the request.

    `cue` is the word that joins it to the one before; `opens` says that a sentence begins with it.
    """

    text: str
    start: int
    end: int
    cue: str = ""
    opens: bool = False

    @property
    def tells(self) -> bool:
        """Whether it only tells what there is ("I have a video with some noise")."""
        return bool(_TELLING.match(self.text))


@dataclass(frozen=True, slots=True)
class Source:
    """Something of a type that a request offers, and the place where it says so."""

    kind: str
    at: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request's clauses, with signs for the files, links and quotations that it brings along."""

    clauses: tuple[Clause, ...]
    given: tuple[Given, ...]

    @classmethod
    def read(cls, request: str) -> Request:
        """The request taken apart; of a very long one the first 50 clauses and the last 50."""
        text, given = masked(request)
        found = [_whole(clause, given) for clause in _clauses(text)]
        return cls(tuple(found if len(found) <= _MOST_CLAUSES else found[:_HEAD] + found[-_HEAD:]), given)

    def spoken(self, clause: Clause) -> str:
        """The clause as one would say it: "the image" for an image file."""
        parts = re.split(rf"({SIGN})\s*", clause.text)
        return "".join(
            f"the {self.given[sign].kind} " if (sign := sign_of(part)) is not None else part for part in parts
        )

    def sources(self) -> tuple[Source, ...]:
        """What the request offers: files, quotations, what links lead to, and things told of without a name."""
        named = [Source(thing.kind, thing.start) for thing in self.given if thing.kind != "url"]
        linked = [Source(thing.leads_to or "url", thing.start) for thing in self.given if thing.kind == "url"]
        told = [
            Source(kind, clause.start)
            for clause in self.clauses
            if _HAVING.match(clause.text)
            for kind in self._told(clause)
        ]
        return tuple(sorted([*named, *linked, *told], key=lambda source: source.at))

    def _told(self, clause: Clause) -> list[str]:
        """The media a telling clause has first, and after "and": in "an image with text" the text is inside."""
        kinds, joined = [], True
        for word in words(_WISH.split(clause.text)[0]):
            sign = sign_of(word)
            meaning = sense(word) if sign is None else f"@{self.given[sign].kind}"
            if meaning.startswith("@"):
                kinds += [meaning[1:]] if joined and sign is None and meaning != "@url" else []
                joined = False
            joined |= word == "and"
        return kinds


def _whole(clause: Clause, given: tuple[Given, ...]) -> Clause:
    """A clause that ends in a sign ends where the thing does that it stands for."""
    sign = sign_of(clause.text[-1])
    return clause if sign is None else replace(clause, end=given[sign].end)


def _clauses(text: str) -> list[Clause]:
    """The clauses of a masked request, in order; none is longer than 40 words."""
    found: list[Clause] = []
    start, cue, opens = 0, "", True
    for mark in _BREAK.finditer(text):
        if not _splits(text, start, mark):
            continue
        found += _pieces(text, start, mark.start(), cue, opens=opens)
        opens = mark["stop"] is not None or (opens and not text[start : mark.start()].strip())
        start, cue = mark.end(), (mark["word"] or "").lower() or ("" if mark["comma"] is None else ",")
    return found + _pieces(text, start, len(text), cue, opens=opens)


def _splits(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether a mark ends the clause: a conjunction does when an action or a wish follows it, and no verb before."""
    word = (mark["word"] or "").lower()
    if not word or word in _ALWAYS:
        return mark["comma"] is None or not _between_adjectives(
            text[max(start, mark.start() - 40) : mark.start()], text[mark.end() : mark.end() + 40]
        )
    following = text[mark.end() : mark.end() + 60].lower()
    if word in _IF_ASKING or word == "so that":
        return bool(_ASKING.match(following))
    first = _FIRST_VERB.match(following)
    if word in {"after", "before", "by"}:
        return first is not None and (word != "by" or first[1].endswith("ing"))
    before = text[max(start, mark.start() - 40) : mark.start()].split()
    acts = bool(_ASKING.match(following)) or bool(first and is_verb(first[1]))
    return acts and not (before and is_verb(before[-1].lower()))


def _between_adjectives(before: str, behind: str) -> bool:
    """Whether a comma parts two adjectives ("a new, unique version")."""
    following = re.match(r"[a-z-]+", behind)
    return bool(_ADJECTIVE.search(before)) and following is not None and not is_verb(following[0])


def _pieces(text: str, start: int, end: int, cue: str, *, opens: bool) -> list[Clause]:
    spans = [(word.start() + start, word.end() + start) for word in re.finditer(r"\S+", text[start:end])]
    groups = [spans[i : i + _MOST_WORDS] for i in range(0, len(spans), _MOST_WORDS)]
    return [
        Clause(text[group[0][0] : group[-1][1]], group[0][0], group[-1][1], "" if i else cue, opens and not i)
        for i, group in enumerate(groups)
    ]
