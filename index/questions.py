"""A question about footage, taken apart: what kind it is, and what it asks about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from playhead.index.holdings import asked_of
from playhead.types import Channel


class Kind(StrEnum):
    """What a question wants to know."""

    WHAT = "what"
    WHETHER = "whether"
    WHEN = "when"
    HOW_OFTEN = "how often"
    HOW_LONG = "how long"
    HOW_MANY = "how many"
    VIDEOS = "videos"
    ORDER = "order"
    BEFORE = "before"
    AFTER = "after"
    DURING = "during"
    WHY = "why"


@dataclass(frozen=True, slots=True)
class Question:
    """`about` is what to look for, or what is asked of the videos themselves (`Held`).

    `items` are the things to be put in order, or each to be looked for; `channels` narrow where to look.
    `there` says that the question is only whether something is to be seen: one that "yes" can answer.
    """

    kind: Kind
    about: str
    items: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    there: bool = False


_LEAD = re.compile(
    r"^(?:(?:please|can you|could you|and|so|then|also)\s+)*(?:tell (?:me|us)|say|i(?:'d| would) like to know|"
    r"i want to know|do you know|answer)[\s,:]+",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(sa(y|ys|id|ying)|tell|tells|told|talk(s|ed|ing)?|mention(s|ed)?|speak|speaks|spoken|explain(s|ed)?|hear|heard|"
    r"discuss(ed)?|uttered)\b"
)
_WRITTEN = re.compile(
    r"\b(written|writing|sign|signs|text|caption|captions|title|slide|label|read|reads|on screen)\b"
)
_SEEN = re.compile(r"\b(see|seen|sees|shown|show|shows|appear|appears|appeared|visible|look|looks|happen|happens)\b")

_TIMES = re.compile(r"^(?:how many times|how often)\b\s*(?P<about>.*)$")
_LONG = re.compile(r"^(?:for )?how (?:long|much time|many (?:seconds|minutes))\b\s*(?P<about>.*)$")
_MANY = re.compile(r"^how many\b\s*(?P<about>\w.*)$")
_ARE = re.compile(r"\s+(?:are|is|were|was|do|does|did|can)\b(?: (?:there|we|you|i|one)\b)?(?: see\b)?\s*")
_MORE = re.compile(
    r"^(?:is|are|was|were|does|do|did) (?P<one>.+?)(?: (?:shown|seen|visible|there|appear|said|mentioned))? "
    r"(?:for )?(?P<way>more often|less often|longer) than (?P<other>.+)$"
)
_MOST = re.compile(
    r"^(?:which|what|who)\b.*?\b(?P<way>more often|most often|less often|longer|longest)\b[\s,:;]*"
    r"(?P<items>.+\bor\b.+)$"
)
_COUNTED = ((_TIMES, Kind.HOW_OFTEN), (_LONG, Kind.HOW_LONG))
_FIRST = re.compile(
    r"^(?:which|what|who)\b.*?\b(?:first|last|earlier|later|before|sooner)\b[\s,:;]*(?P<items>.+\bor\b.+)$"
)
_ORDER = re.compile(r"^in (?:what|which) (?:order|sequence) (?:do |does |did |are |is )?(?P<items>.+)$")
_COMPARED = re.compile(
    r"^(?:does|do|did|is|are|was|were) (?P<one>.+?) (?:come |appear |happen |shown |seen |said |mentioned )*"
    r"(?P<way>before|after) (?P<other>.+)$"
)
_BESIDE = re.compile(
    r"^(?:what|who|which)\b(?P<lead>.*?)\b(?:(?:right|just|shortly|immediately|directly)\s+)?"
    r"(?P<way>before|after|while|during|when|as)\b\s+(?P<about>.+)$"
)
_BESIDE_FIRST = re.compile(r"^(?P<way>before|after|while|during|when) (?P<about>.+?), (?P<lead>what|who|which)\b.*$")
_WHY = re.compile(
    r"^(?:why(?: is it(?: said)? that)?|how come|for what reason|what is the reason|what causes|what caused)\b"
    r"\s*(?P<about>.*)$"
)
_WHEN = re.compile(r"^(?:when|at what (?:time|point|second|minute)|where in the \w+|since when)\b\s*(?P<about>.*)$")
_WHETHER = re.compile(
    r"^(?:is|are|was|were|does|do|did|can|could|has|have|will)\b\s*(?:there|you|we|anyone|anybody|somebody|someone)?"
    r"\s*(?P<about>.*)$"
)
_THERE = re.compile(r"^(?:is|are|was|were) there\b|^(?:can|do|does|did) (?:we|you|one) see\b")
_EXACT = re.compile(  # what a likeness cannot tell: numbers, negations, all and only
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|no|not|never|about|all|every|only|without)\b"
)
_BUT_NO = re.compile(r",?\s+but (?:no|not an?)\s+(\w+)(?=(?:\s+\w+){0,2}$)", re.IGNORECASE)
"""What is not to be there, which is looked for as well: whoever asks sees that it is, or that nothing shows it."""
_ABOUT = re.compile(
    r"^what (?:is|was|are|were|do|does|did|has been|have)\b.*?\b(?:said|say|says|told|tell|mentioned|mention|heard|"
    r"hear|talking|talked|talk|explained|explain|discussed|written|read)\b"
    r"\s+(?:about|concerning|regarding)\s+(?P<about>.+)$"
)
_WAYS = {"before": Kind.BEFORE, "after": Kind.AFTER}

_AUXILIARY = re.compile(
    r"^(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would)\s+(?:we\s+|you\s+|I\s+)?"
)
_TOLD_BY = re.compile(
    r"^(?:it|he|she|they|people|any(?:one|body)|some(?:one|body)|(?:the|this) (?:\w+ )?(?:video|film|clip|footage|"
    r"speaker|man|woman|narrator|presenter|teacher))\s+(?:ever\s+|also\s+)?"
    r"(?:(?:mention|say|discuss|explain)(?:s|ed)?|show(?!\s+(?:up|off)\b)|"
    r"(?:talk|speak|tell us|(?:say|tell us) (?:any|some)thing)\s+(?:about|of))\s+"
    r"(?:(?:about|of|the words?|(?:any|some)thing about)\s+)*(?=\w)"
    r"|^(?:mention|say|discuss|(?:talk|speak|say (?:any|some)thing) (?:about|of))\s+(?=\w)"
)
_TAIL = re.compile(
    r"\s*\b(?:anywhere|somewhere|at all|"
    r"(?:to be )?(?:seen|shown|visible|said|mentioned|spoken|written|heard|uttered)|"
    r"appears?|appeared|appearing|comes? up|come|comes|happens?|happen|lasts?|last|(?:on|in) (?:the )?(?:screen|"
    r"picture|video|film|footage|clip|movie|recording|shot)|in (?:this|it)|there|is|are|was|were)$"
)
_THING = re.compile(
    r"(?:an?|the|any|some|my|our)(?: (?!(?:between|with|where|who|that|in|on|of|for|from)\b)[\w-]+){1,3}|[\w-]+s"
)
_NAMES = re.compile(r"\bin (?:the |this )?(?:video|film|footage|clip|movie|recording)\b")


def ask(text: str) -> Question:
    """The question as Playhead understands it; what fits no pattern asks what there is."""
    question = re.sub(r"\s+", " ", text.strip().rstrip("?!. ")).strip()
    question = re.sub(r"\s+or not$", "", _LEAD.sub("", question) or question)
    question = _BUT_NO.sub(lambda found: f" and {'' if found[1].endswith('s') else 'a '}{found[1]}", question)
    lower = question[:1].lower() + question[1:]
    channels = _channels(lower)
    if counted := _counted(lower, channels):
        return counted
    bare = _NAMES.sub("", lower)
    if found := _ORDER.match(bare) or _FIRST.match(bare):
        return Question(Kind.ORDER, "", tuple(_items(found["items"])))
    if (found := _COMPARED.match(lower)) and not lower.startswith(("is there", "are there")):
        return Question(Kind.ORDER, "", (topic(found["one"]), topic(found["other"])))
    if found := _WHY.match(lower):
        return Question(Kind.WHY, topic(found["about"]))
    if found := _BESIDE_FIRST.match(lower) or _BESIDE.match(lower):
        kind = _WAYS.get(found["way"], Kind.DURING)
        lead = lower.replace(found["about"], "")
        return Question(kind, topic(found["about"]), channels=_channels(lead))
    if found := _WHEN.match(lower):
        return Question(Kind.WHEN, topic(found["about"]) or question, channels=channels)
    if found := _WHETHER.match(lower):
        about = re.sub(r"^(?:no|not an?|any)\s+", "", topic(found["about"])) or question
        there = bool(_THERE.match(lower)) and not _EXACT.search(lower)
        return Question(Kind.WHETHER, about, _several(about) if there else (), channels, there)
    if found := _ABOUT.match(lower):
        return Question(Kind.WHAT, topic(found["about"]), channels=channels)
    return Question(Kind.WHAT, _NAMES.sub("", question).strip() or question, channels=channels)


def _counted(question: str, channels: tuple[Channel, ...]) -> Question | None:
    """A question that arithmetic answers; None where it is none."""
    if found := _MORE.match(question) or _MOST.match(question):
        said = found.groupdict()
        items = [said["one"], said["other"]] if "other" in said else _items(said["items"])
        kind = Kind.HOW_LONG if found["way"].startswith("long") else Kind.HOW_OFTEN
        return Question(kind, "", tuple(map(topic, items)), channels)
    if held := asked_of(question):
        return Question(Kind.VIDEOS, held)
    if (found := _MANY.match(question)) and not re.match(r"how many (?:times|seconds|minutes)\b", question):
        return Question(Kind.HOW_MANY, topic(_ARE.sub(" ", found["about"])), channels=channels)
    matches = ((pattern.match(question), kind) for pattern, kind in _COUNTED)
    return next((Question(kind, topic(found["about"]), channels=channels) for found, kind in matches if found), None)


def topic(text: str) -> str:
    """What is asked about, without the verbs and places that only belong to the question."""
    text = _TOLD_BY.sub("", _AUXILIARY.sub("", text.strip()))
    while (shorter := _TAIL.sub("", text).strip(" ,")) != text and shorter:
        text = shorter
    return text


def _items(text: str) -> list[str]:
    parts = re.split(r",\s*(?:and |or )?|\s+(?:and|or)\s+", topic(text))
    return [part for part in (topic(part) for part in parts) if part]


def _several(text: str) -> tuple[str, ...]:
    """The things of a list of them ("a cat and a dog"); none where it is one ("a fight between a cat and a dog")."""
    found = re.split(r",\s*(?:and )?|\s+and\s+", text)
    return tuple(found) if len(found) > 1 and all(_THING.fullmatch(item) for item in found) else ()


def _channels(text: str) -> tuple[Channel, ...]:
    if _SAID.search(text) and not _SEEN.search(text) and not _WRITTEN.search(text):
        return (Channel.SPEECH,)
    if _WRITTEN.search(text) and not _SAID.search(text):
        return (Channel.TEXT,)
    return ()
