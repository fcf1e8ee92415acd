"""A request in parts: what is to be done, one thing at a time, and the moments that say when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import yaml

from playhead import prompts
from playhead.agent.slots import TIMES, read_slots

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']{2,}'(?!\w)|(?<!\w)‘[^’]+’")
_FILE = re.compile(r"\b[\w-]+\.(?:[a-z][a-z0-9]{1,4})\b", re.IGNORECASE)
_STRONG = re.compile(
    r"[.!?]+(?=\s|$)\s*|\s*;\s*|\s*,?\s*\b(?:and|but)?\s*(?<!\bby )\bthen\b,?\s*|\s*,\s*(?:and\s+)?(?:after that|afterwards|"
    r"finally|next|lastly|also)\b,?\s*|(?:^|(?<=\s))(?:after that|afterwards|finally|lastly|also|next),\s*|"
    r"\s+(?:and\s+)?(?:finally|lastly|afterwards)\s+(?=\w)|\s*\n+\s*",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\s*,\s*(?:and|or|plus|but)?\s+(?:also\s+)?|\s+(?:and|plus|as well as|&)\s+(?:also\s+)?|\s*:\s+|\s+[-–—]\s+|\s*\+\s*",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^(?:please\s+)?(?:what|who|whom|whose|when|where|which|why|how|is there|are there|does|did|do (?:we|you|they)|can you|could you|"
    r"i need|i want|i'd like|tell me)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:(?:hi|hey|hello|ok|okay|so|well|and|but|please|pls|kindly|now|first|firstly|secondly|second|third|for a start)\b[,!]?\s*|"
    r"(?:can|could|would|will) (?:you|u)(?: please)?\s+|(?:i would|i'd|we'd|we would) (?:like|love|want)(?: you)?(?: to)?\s+|"
    r"(?:i|we) (?:want|need)(?: you)?(?: to)?\s+|(?:may|can|could) i (?:have|get|see)\s+|let me (?:have|see)\s+|help me(?: to)?\s+|"
    r"(?:i'd|i would|we'd|we would) (?:be|need)(?: \w+)? to (?:know|see|hear|learn|find out)\s+|i (?:was|am|'m)? ?wonder(?:ing)? (?:if|whether)\s+|"
    r"(?:could|can|might|may) one (?:trouble you for|have|get)\s+|any chance (?:of|you could)\s+|i (?:must|have to|should) have\s+|"
    r"(?:is|would) it (?:be )?possible to\s+|do you mind\s+|would you mind\s+|be so kind as to\s+|need\s+(?=one|a|an|the)|oh\s+|just\s+)+",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"[\s,]*\b(?:please|pls|plz|thanks(?: a lot)?|thank you|thx|if possible|for me|will you)[\s.!?]*$", re.IGNORECASE
)


@cache
def verbs() -> frozenset[str]:
    """The words that begin a request to do something."""
    return frozenset(yaml.safe_load(prompts.read_data("requests.yaml"))["verbs"].split())


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a request between two separators; `strong` says that a new thing begins before it."""

    text: str
    strong: bool
    start: int
    end: int


def parts(request: str) -> list[Part]:
    """The pieces between all separators. What is quoted, names of files and times stay whole."""
    masked = request
    for pattern in (_QUOTED, _FILE, *TIMES):
        masked = pattern.sub(lambda found: "\0" * len(found[0]), masked)
    cuts = [(m.start(), m.end(), True) for m in _STRONG.finditer(masked)]
    cuts += [(m.start(), m.end(), False) for m in _WEAK.finditer(masked)]
    found: list[Part] = []
    begin, strong = 0, True
    for start, end, is_strong in [*sorted(cuts), (len(request), len(request), True)]:
        text = request[begin:start].strip() if start > begin else ""
        if text:
            at = request.index(text, begin)
            found.append(Part(text, strong, at, at + len(text)))
            strong = False
        strong = strong or is_strong
        begin = max(begin, end)
    return found


def commands(text: str) -> bool:
    """Whether a piece asks for something to be done or told."""
    bare = polite_less(text)
    words = re.findall(r"[\w'-]+", bare.lower())
    return bool(words) and (words[0] in verbs() or bool(_ASKS.match(bare)) or bare != text.strip())


_TELLS = re.compile(
    r"^(?:my|our|we|i|i'm|i'd|i've|we're|we've|he|she|they|there|there's|it's|it|as|since|because|if|in case|somebody|someone|everybody|nobody|"
    r"for|after all)\b",
    re.IGNORECASE,
)
_NAMES_A_THING = re.compile(r"^(?:the|a|an|this|that|these|those|two|both|no|his|her|their)\b", re.IGNORECASE)


def tells(text: str) -> bool:
    """Whether a piece reads like a statement, which may only be the reason for what is asked elsewhere."""
    return bool(_TELLS.match(text.strip())) and not commands(text) and not text.strip().endswith("?")


def may_tell(text: str) -> bool:
    """Whether a piece may be a statement or the name of what is wanted ("the slides", "the slides are blurred")."""
    return bool(_NAMES_A_THING.match(text.strip())) and not commands(text)


_QUALIFIER = re.compile(
    r"^(?:(?:with|including|incl\.?|plus|and)\s+)?(?:the\s+|their\s+|its\s+)?(?:time\s?(?:s|stamps?|codes?)|timings?|timecodes included|"
    r"in (?:brief|short|a few words|prose|writing|full|full sentences)|exact(?:ly)?(?: words)?|briefly|no more|only then|only|"
    r"if you(?:'d| would) be so kind|with that|word for word|verbatim|asap|quickly|that's all)(?:\s+(?:please|pls|included))?$",
    re.IGNORECASE,
)


_SAID_THING = re.compile(
    r"^(?:(?:there|here)(?:'s| is| are| was| were| should be| must be| may be| might be)|we had|i (?:saw|remember|recall|heard about))\s+(?P<what>.+)$",
    re.IGNORECASE,
)
_SOMEWHERE = re.compile(r"^(?:somewhere|at some point)\b[\s,]*", re.IGNORECASE)


def only_when(text: str) -> bool:
    """Whether a piece only names times: "1:00 to 2:00", "but just from 0:30"."""
    slots = read_slots(polite_less(text))
    named = slots.has_window or slots.at_s or slots.every_s
    return bool(named) and not re.search(
        r"\w{3}", re.sub(r"\b(?:only|just|but|and|the|ones?|bits?|part|from|in|of|please|pls)\b", "", slots.text)
    )


def told_moment(text: str) -> Anchor | None:
    """The moment of a remark that only names one: "the part where they dance"."""
    found = _SAID_MOMENT.match(polite_less(text))
    return Anchor(When.DURING, bare_moment(found["what"])) if found else None


def told_thing(text: str) -> str:
    """What a remark is about: "a handshake" of "there should be a handshake"."""
    bare = read_slots(text).text
    found = _SAID_THING.match(bare)
    if found:
        return bare_moment(found["what"])
    return bare_moment(_SOMEWHERE.sub("", bare)) if _SOMEWHERE.match(bare) else ""


def qualifies(text: str) -> bool:
    """Whether a piece only says how: "with times", "in brief"."""
    return bool(_QUALIFIER.match(polite_less(text).strip(" .!?"))) or not polite_less(text)


def polite_less(text: str) -> str:
    """A clause without greetings, pleas and thanks."""
    return _THANKS.sub("", _POLITE.sub("", text.strip())).strip(" ,;:")


def unquoted(text: str) -> str:
    """The first quoted words in a text, or an empty string."""
    found = _QUOTED.search(text)
    return found[0][1:-1].strip() if found else ""


def hidden(text: str) -> str:
    """The text with quotations and file names blanked."""
    return _FILE.sub(" ", _QUOTED.sub(" ", text))


# Moments that say when


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
            r"\b(?:right|just|shortly|immediately|directly|only)?\s*\b(?:after|following|once|as soon as)\s+(?P<a>.+)$",
        ),
        (
            When.AFTER,
            r"\b(?:from|starting (?:with|from|at)|since|beginning with)\s+(?P<a>.+?)(?:\s+(?:on|onwards?|to the end|until the end))?$",
        ),
        (
            When.BEFORE,
            r"\b(?:right|just|shortly|immediately|directly)?\s*\b(?:before|until|till|up to|leading up to|up until)\s+(?P<a>.+)$",
        ),
        (When.DURING, r"\b(?:while|during|when|whenever)\s+(?P<a>.+)$"),
        (When.DURING, rf"\b(?:in|at|of|for|from|around)\s+(?:the|that|this)\s+{_PLACE}\s+{_LINKED}\s+(?P<a>.+)$"),
    )
)
_LEADING = re.compile(
    r"^(?P<lead>(?:(?:right|just|shortly)\s+)?(?:for|from|in|during|between|after|before|while|when|once|until|as soon as)\b(?:[^:]|:(?=\d)){2,90}?)"
    r"(?::\s+|,\s+)(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_MOMENT = re.compile(
    rf"^(?:the\s+|a\s+|an\s+|all\s+(?:of\s+)?(?:the\s+)?|every\s+(?:single\s+)?|each\s+|any\s+|exact\s+|very\s+|one\s+of\s+)*"
    rf"(?:{_PLACE}|places?|spots?|instances?|occurrences?|shots?|footage|clips?)\b\s*(?:{_LINKED}|at which|in|from|that|,)?\s*",
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
    if found is None or commands(found["lead"]):
        return "", request
    return found["lead"], found["rest"]


def bare_moment(text: str) -> str:
    """`a seagull lands` of `the moment when a seagull lands`."""
    text = text.strip(" ,.?!")
    shorter = _MOMENT.sub("", text).strip(" ,.?!")
    return re.sub(r"^(?:of|when|where)\s+", "", shorter or text)


# What a search is for

_LOOK = re.compile(
    r"^(?:find|locate|spot|show|look(?:ing)?|search(?:ing)?|give|get|take|bring|jump|skip|go|list|see|point|scan|check|fetch|identify|tell|pin ?point|pin|track|i look|"
    r"i am looking|i'm looking|i'm after)\b(?:\s+(?:me|us|out|up|down|through|over|for|to))*\s*",
    re.IGNORECASE,
)
_SCOPE = re.compile(
    r"^(?:in\s+|through\s+)?(?:all|every|any|the)\s+(?:of\s+)?(?:the\s+|my\s+|our\s+)?(?:cameras?|videos?|footage|library|clips?|recordings?|files)"
    r"\s*(?::|for|,|and)?\s*",
    re.IGNORECASE,
)
_HAVE = re.compile(
    rf"^(?:which|what|any)\s+(?:{_PLACE}|bits?|spots?|places?|clips?|videos?|of my \w+|of the \w+)\s+(?:have|has|had|got|shows?|contains?|holds?)\s+"
    r"(?P<what>.+?)(?:\s+in (?:it|them))?$",
    re.IGNORECASE,
)
_WH = re.compile(
    r"^(?:where(?: exactly)?|when(?: exactly)?|at (?:what|which) (?:points?|times?|moments?|seconds?)|in which (?:videos?|clips?|scenes?)|"
    r"which (?:videos?|clips?|scenes?|files?)(?: shows?| has| have| contains?)?)\b\s*(?:is|are|was|were|do|does|did|can|could|has|have)?\b\s*"
    r"(?:(?:we|you|i|they|one)\b\s*)?(?:(?:get to\s+)?(?:see|hear|find|spot|notice)\b\s*)?",
    re.IGNORECASE,
)
_END = re.compile(
    r"\s*(?:\b(?:please|pls|thanks|for me|in it|anywhere|if any|in this video|at all)|"
    r"\b(?:in|of|from) (?:the|this|that) (?:video|film|clip|footage|recording|movie|file)|,?\s*must be somewhere.*|\s+(?:exactly|precisely))$",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"^(?:(?:does|do|did|is|are)\s+)?(?:anybody|anyone|somebody|someone|he|she|they|you|one|people)?\s*(?:says?|said|mentions?|mentioned|talks?|"
    r"talked|speaks?|tells?)\b\s*(?:the (?:words?|phrase)|about|of)?\s*",
    re.IGNORECASE,
)
_MENTIONED = re.compile(
    r"\s*\b(?:is|are|was|were|gets?|being)?\s*\b(?:mentioned|said|talked about|spoken about|discussed|uttered|brought up)$",
    re.IGNORECASE,
)
_SEEN = re.compile(
    r"\s*\b(?:is|are|was|were|can be)?\s*\b(?:to be seen|seen|shown|visible|appears?|appearing|in (?:the )?(?:picture|shot|frame|view))$",
    re.IGNORECASE,
)


def looked_for(text: str) -> str:
    """What a search is for: the words without what only asks for a search."""
    if quoted := unquoted(text):
        return quoted
    words = polite_less(text).strip(" .?!,")
    words = _HAVE.sub(r"\g<what>", words)
    for pattern in (_LOOK, _SCOPE, _LOOK, _WH, _MOMENT):
        words = pattern.sub("", words, count=1).strip(" .?!,:")
    while (shorter := _END.sub("", words).strip(" .?!,")) != words:
        words = shorter
    words = re.sub(r"^(?:when|where|that|of|with|if|how)\s+", "", words, flags=re.IGNORECASE)
    for pattern in (_SAYS, _MENTIONED, _SEEN):
        words = pattern.sub("", words).strip(" .?!,") or words
    return words
