"""Moments that say when ("after the goal", "the part where they dance"), and what a search is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from playhead.agent.pieces import polite_less, unquoted
from playhead.agent.slots import read_slots

BACK = re.compile(
    r"\b(?:it|that|this|them|those|these|there|then|each|both|one|ones|the (?:same|found|first|second|third|"
    r"last)(?: \w+)?|"
    r"that (?:part|moment|bit|scene|point|clip))\b",
    re.IGNORECASE,
)
_SAID_THING = re.compile(
    r"^(?:(?:there|here)(?:'s| is| are| was| were| should be| must be| may be| might be)|we had|i (?:saw|"
    r"remember|recall|heard about))\s+(?P<what>.+)$",
    re.IGNORECASE,
)
SOMEWHERE = re.compile(
    r"\s*\b(?:comes up\s+)?(?:in (?:this|the|my) \w+\s+)?(?:somewhere|at some point)\b(?:\s+in (?:this|the|my|"
    r"there) ?\w*)?[\s,]*",
    re.IGNORECASE,
)


class When(StrEnum):
    """How a stretch lies to the moment it is named by."""

    AFTER = "after"
    BEFORE = "before"
    DURING = "during"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A stretch named by what happens: after `words`, before them, while they do; or from `words` to `until`."""

    when: When
    words: str
    until: str = ""


_DETERMINED = r"(?:the|an?)"
_PLACE = r"(?:part|scene|section|bit|passage|moment|segment|stretch|place|point|time|portion|sequence)s?"
_LINKED = r"(?:where|when|in which|with|about|of|that shows?|showing|during which)"
_ANCHORS: tuple[tuple[When, re.Pattern[str]], ...] = tuple(
    (when, re.compile(pattern, re.IGNORECASE))
    for when, pattern in (
        (
            When.BETWEEN,
            r"\b(?:from|starting (?:with|from|at))\s+(?P<a>.+?)\s+(?:until|till|up to|through to|to)\s+(?P<b>.+)$",
        ),
        (When.BETWEEN, r"\bbetween\s+(?P<a>.+?)\s+and\s+(?P<b>.+)$"),
        (
            When.AFTER,
            r"(?:\b(?:that|which)\s+(?:comes?|follows?|is|are|happens?)(?:\s+(?:shown|said))?\s+)?"
            r"\b(?:right|just|shortly|immediately|directly|only)?\s*\b(?:after|following|once|as soon as|"
            r"that follows?)\s+(?P<a>.+)$",
        ),
        (
            When.AFTER,
            r"\b(?:(?:starting (?:with|from|at)|since|beginning with)\s+|from\s+(?=when|where|the (?:moment|"
            r"point|time|part|scene)\b|.+\s(?:on|onwards?|to the end)$))"
            r"(?P<a>.+?)(?:\s+(?:on|onwards?|to the end|until the end))?$",
        ),
        (
            When.BEFORE,
            r"\b(?:right|just|shortly|immediately|directly)?\s*\b(?:before|until|till|up to|leading up to|"
            r"up until)\s+(?P<a>.+)$",
        ),
        (When.DURING, r"\b(?:while|during|when|whenever|(?:for )?as long as|throughout)\s+(?P<a>.+)$"),
        (When.DURING, rf"\b(?:in|at|of|for|from|around)\s+(?:the|that|this)\s+{_PLACE}\s+{_LINKED}\s+(?P<a>.+)$"),
    )
)
_LEADING = re.compile(
    r"^(?P<lead>(?:(?:right|just|shortly)\s+)?(?:for|from|in|during|between|after|before|while|when|once|until|"
    r"as soon as|(?:the )?(?:first|last|opening|final))\b(?:[^:]|:(?=\d)){2,90}?)"
    r"(?::\s+|,\s+)(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_WHEN_IS = re.compile(r"^when (?:exactly )?(?:do|does|did|is|are|was|were|can|will)\b", re.IGNORECASE)
_MOMENT = re.compile(
    rf"^(?:the\s+|a\s+|an\s+|all\s+(?:of\s+)?(?:the\s+)?|every\s+(?:single\s+)?|each\s+|any\s+|exact\s+|very\s+|one\s+of\s+)*"
    rf"(?:{_PLACE}|places?|spots?|instances?|occurrences?|mentions?|shots?|footage|clips?)\b\s*"
    rf"(?:{_LINKED}|at which|in|from|that|,)?\s*",
    re.IGNORECASE,
)


_SAID_MOMENT = re.compile(
    rf"^(?:(?:go|skip|jump)\s+to\s+)?(?:the|that)\s+{_PLACE}\s+{_LINKED}\s+(?P<what>.+)$", re.IGNORECASE
)


def read_anchor(text: str) -> tuple[str, Anchor | None]:
    """The text without the moment that says when, and that moment."""
    for when, pattern in _ANCHORS:
        if found := pattern.search(text):
            words = bare_moment(found["a"])
            until = bare_moment(found["b"]) if when is When.BETWEEN else ""
            if words and (when is not When.BETWEEN or until):
                return text[: found.start()].strip(" ,"), Anchor(when, words, until)
    return text, None


def leading(request: str) -> tuple[str, str]:
    """A stretch that is named first and goes for all that follows ("For the first minute: …"), and the rest."""
    found = _LEADING.match(request)
    if found is None or _WHEN_IS.match(found["lead"]):
        return "", request
    return found["lead"], found["rest"]


def things(text: str) -> list[str]:
    """The things of a list, each with an article: "the cat, a dog and the car"; one, where it is no list."""
    found = re.split(rf"\s*,\s*(?:and\s+)?(?={_DETERMINED}\s)|\s+and\s+(?={_DETERMINED}\s)", text.strip())
    one = rf"{_DETERMINED}(?:\s+[\w'-]+){{0,2}}\s+(?!ones?$)[\w'-]+(?<!(?<!s)s)"  # of one kind only: no plural
    listed = all(re.fullmatch(one, thing, re.IGNORECASE) for thing in found)
    return found if listed else [text]


def bare_moment(text: str) -> str:
    """`a seagull lands` of `the moment when a seagull lands`, without what is wanted of it or how."""
    text = re.split(
        rf",\s+(?!(?:and\s+)?{_DETERMINED}\s+[\w-]+(?:\s+[\w-]+)?(?:,|\s+and\s|$))|\s+(?:i|we)\s+(?:want|need|would|'d)\b|"
        r"\s+i'd\b",
        text.strip(" ,.?!"),
        flags=re.IGNORECASE,
    )[0]
    shorter = _MOMENT.sub("", text).strip(" ,.?!")
    return re.sub(r"^(?:of|when|where)\s+", "", shorter or text)


# What a search is for

_LOOK = re.compile(
    r"^(?:find|locate|spot|show|look(?:ing)?|search(?:ing)?|give|get|take|bring|jump|skip|go|list|see|point|"
    r"scan|check|fetch|identify|tell|pin ?point|pin|track|i look|"
    r"i am looking|i'm looking|i'm after)\b(?:\s+(?:me|us|out|up|down|through|over|for|to))*\s*",
    re.IGNORECASE,
)
_SCOPE = re.compile(
    r"^(?:in\s+|through\s+)?(?:all|every|any|the)\s+(?:of\s+)?(?:the\s+|my\s+|our\s+)?(?:cameras?|videos?|footage|library|clips?|recordings?|files)"
    r"\s*(?::|for|,|and)?\s*",
    re.IGNORECASE,
)
_HAVE = re.compile(
    rf"^(?:which|what|any)\s+(?:{_PLACE}|bits?|spots?|places?|clips?|videos?|of my \w+|of the \w+)\s+(?:have|"
    rf"has|had|got|shows?|contains?|holds?)\s+"
    r"(?P<what>.+?)(?:\s+in (?:it|them))?$",
    re.IGNORECASE,
)
_WH = re.compile(
    r"^(?:where(?: exactly)?|when(?: exactly)?|at (?:what|which) (?:points?|times?|moments?|seconds?)|"
    r"in which (?:of (?:the |my |our |these )?)?(?:videos?|clips?|scenes?|recordings?|films?)|"
    r"which (?:videos?|clips?|scenes?|files?)(?: shows?| has| have| contains?)?)\b\s*(?:is|are|was|were|do|"
    r"does|did|can|could|has|have)?\b\s*"
    r"(?:(?:we|you|i|they|one|there)\b\s*)?(?:(?:get to\s+)?(?:see|hear|find|spot|notice)\b\s*)?",
    re.IGNORECASE,
)
_END = re.compile(
    r"\s*(?:\b(?:please|pls|thanks|for me|in it|anywhere|if any|in this video|at all)|"
    r"\b(?:in|of|from) (?:the|this|that) (?:video|film|clip|footage|recording|movie|file)|"
    r",?\s*must be somewhere.*|\s+(?:exactly|precisely))$",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"^(?:(?:does|do|did|is|are)\s+)?(?:anybody|anyone|somebody|someone|he|she|they|you|one|people)?\s*(?:says?|said|mentions?|mentioned|talks?|"
    r"talked|speaks?|tells?)\b\s*(?:the (?:words?|phrase)|about|of)?\s*",
    re.IGNORECASE,
)
_MENTIONED = re.compile(
    r"\s*\b(?:is|are|was|were|gets?|being)?\s*\b(?:mentioned|said|talked about|spoken about|discussed|uttered|"
    r"brought up)$",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\s*\b(?:is|are|was|were|can be)?\s*\b(?:to be seen|seen|shown|visible|appears?|appearing|shows? up|"
    r"turns? up|comes? up|(?:appears?|shown) on screen|on screen|in (?:the )?(?:picture|shot|frame|view))$",
    re.IGNORECASE,
)


def looked_for(text: str) -> str:
    """What a search is for: the words without what only asks for a search."""
    if quoted := unquoted(text):
        return quoted
    words = polite_less(text).strip(" .?!,")
    words = re.sub(r"^(?:got|have|has|had)\s+", "", words, flags=re.IGNORECASE)
    words = re.sub(
        r"^(?:wherever|whenever|every time|each time|any time)\s+(?:in (?:my|the|our) \w+\s+)?",
        "",
        words,
        flags=re.IGNORECASE,
    )
    words = _HAVE.sub(r"\g<what>", words)
    for pattern in (_LOOK, _SCOPE, _LOOK, _WH, _MOMENT):
        words = pattern.sub("", words, count=1).strip(" .?!,:")
    while (shorter := _END.sub("", words).strip(" .?!,")) != words:
        words = shorter
    words = re.sub(r"^(?:when|where|that|of|with|if|how|whether)\s+", "", words, flags=re.IGNORECASE)
    for pattern in (_SAYS, _MENTIONED, _SEEN):
        words = pattern.sub("", words).strip(" .?!,") or words
    return words


def told_moment(text: str) -> Anchor | None:
    """The moment of a remark that only names one: "the part where they dance"."""
    found = _SAID_MOMENT.match(polite_less(text))
    return Anchor(When.DURING, bare_moment(found["what"])) if found else None


def told_thing(text: str) -> str:
    """What a remark is about: "a handshake" of "there should be a handshake", or what it quotes."""
    if quoted := unquoted(text):
        return quoted
    bare = read_slots(text).text
    if found := _SAID_THING.match(bare):
        return bare_moment(found["what"])
    if found := SOMEWHERE.search(bare):
        return bare_moment(f"{bare[: found.start()]} {bare[found.end() :]}")
    return ""


def is_back(text: str) -> bool:
    """Whether words only refer to something that was named before: "it", "that", "there on", "they're in view"."""
    bare = re.sub(
        r"\s+(?:is|was|are|on|onwards?|happens?|visible|shown|in (?:view|shot|frame|the picture))$", "", text.strip()
    )
    return bool(BACK.fullmatch(bare)) or bool(
        re.fullmatch(r"(?:they|he|she|it)(?:'re|'s| are| is| does| do)?", bare, re.IGNORECASE)
    )
