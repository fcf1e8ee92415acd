"""Times, counts, languages and channels in a request, in the usual spellings.

`read_slots` takes them out of a clause and leaves the words that are about content.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace

from playhead.agent.language import tidy
from playhead.agent.times import CLOCK, LENGTH, NUMBER, SHARE, TIME, UNIT, UNITS, FromStart, length, number, seconds
from playhead.types import Channel

_MARK = r"(?:\s*(?:mark|in\b(?!\s+(?:the|a)\b)|minutes? in))?"
_TO = r"\s*(?:-+>?|–|—|\bto\b|\buntil\b|\btill?\b|\bup to\b|\band\b|\bthrough\b)\s*(?:the\s+)?"
_UNTIL = r"\s*(?:-+>?|–|—|\bto\b|\buntil\b|\btill?\b|\bup to\b|\bthrough\b)\s*(?:the\s+)?"

QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']{2,}'(?!\w)|(?<!\w)‘[^’]+’")
"""What is quoted, which says nothing of when."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What a clause says besides its content; `text` is the rest of it.

    Seconds are those of the video's clock; a `FromStart` counts from its start, negative ones count from its end.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None
    at_s: tuple[float, ...] = ()
    every_s: float | None = None
    limit: int | None = None
    chapters: bool = False
    channels: tuple[Channel, ...] = ()
    faults: tuple[str, ...] = field(default=())

    @property
    def has_window(self) -> bool:
        """Whether a stretch of time was named."""
        return self.start_s is not None or self.end_s is not None


def _time(found: re.Match[str], name: str) -> float:
    value = seconds(found[name])
    return 0.0 if value is None else value


_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+(?:the\s+)?(?P<a>{TIME}){_MARK}{_TO}(?P<b>{TIME}){_MARK}"
    rf"|\b(?:(?:in|for|during|within)\s+)?(?:the\s+)?(?P<c>{TIME}){_MARK}{_UNTIL}(?P<d>{TIME}){_MARK}",
    re.IGNORECASE,
)
_BARE_PAIR = re.compile(
    rf"\b(?:between\s+(?P<a>{NUMBER}){_TO}|from\s+(?P<e>{NUMBER}){_UNTIL})(?P<b>{NUMBER})\s*(?P<unit>{UNIT})\b"
    rf"|\b(?:(?:between|from|in|for)\s+)?(?P<named>minutes|seconds)\s+(?P<c>{NUMBER}){_TO}(?P<d>{NUMBER})\b",
    re.IGNORECASE,
)
_FIGURE = r"\d+(?:\.\d+)?"
_SHORT_PAIR = re.compile(
    rf"(?:^|(?<=,\s)|\b(?:cut|clip|trim|keep|extract|join|give me|show me|out|only|just|and|from|between)\s)\s*"
    rf"(?P<a>{_FIGURE})\s*(?:[-–—]|\bto\b|\buntil\b)\s*(?P<b>{_FIGURE})\s*(?P<unit>{UNIT})\b"
    r"(?=\s*(?:$|[.,;:!?]|(?:and|as|then|together|with|without)\b|(?:from|in|of)\s+(?:it\b|(?:the|this|that|my)\s+"
    r"(?:video|film|clip|footage|movie|recording)|[\w-]+\.\w)))",
    re.IGNORECASE,
)
"""Two figures with one unit, where they are a stretch and no length: "cut 2-4 s"."""
_DOTTED = re.compile(
    rf"\b(?:between|from)\s+(?P<a>\d{{1,2}}\.[0-5]\d){_TO}(?P<b>\d{{1,2}}\.[0-5]\d)\b(?!\s*{UNIT}\b)", re.IGNORECASE
)
_FIRST = re.compile(
    rf"\b(?:(?:in|for|of|during|from|within)\s+)?(?:the\s+|its\s+)?(?:first|1st|opening|initial)\s+(?P<t>{SHARE}|{LENGTH}|{UNIT}\b)",
    re.IGNORECASE,
)
_LAST = re.compile(
    rf"\b(?:(?:in|for|of|during|from|within)\s+)?(?:the\s+|its\s+)?(?:last|final|closing)\s+(?P<t>{SHARE}|{LENGTH}|{UNIT}\b)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\b(?:after|since|from|starting (?:at|from)|beyond|"
    rf"past)\s+(?:the\s+)?(?P<t>{TIME}){_MARK}(?:\s+(?:on(?:wards?)?|onward|until the end|to the end))?"
    rf"|\b(?P<u>{TIME})\s+(?:on(?:wards?)?|and later)\b",
    re.IGNORECASE,
)
_PASSED = re.compile(
    rf"\b(?:once|after|when)\s+(?:the\s+)?(?:first\s+)?(?P<t>{LENGTH})\s+(?:have|has|are|is)\s+(?:gone by|"
    rf"passed|over|up|elapsed|gone)\b"
    rf"|\bafter\s+(?:the\s+)?first\s+(?P<w>{LENGTH})\b|\b(?P<u>{LENGTH})\s+in\s+and\s+(?:on(?:wards?)?|later|after)\b|\bafter\s+the\s+(?P<v>{LENGTH})\s+(?:point|mark)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"\b(?:before|until|till|up to|by)\s+(?:the\s+)?(?P<t>{TIME}){_MARK}", re.IGNORECASE)
_NEXT = r"\s*(?:,\s*and|,\s*|\band\b|&|\bn\b)\s*(?:(?:one|another)\s+)?(?:at\s+)?(?:a\s+(?=minute))?"
_AT = re.compile(
    rf"(?:\b(?:at|around|about|exactly)|@)\s*(?:(?:about|around|exactly|the)\s+)*(?P<all>{TIME}{_MARK}(?:{_NEXT}{TIME}{_MARK})*)",
    re.IGNORECASE,
)
_LIST = re.compile(rf"(?P<all>{TIME}(?:{_NEXT}{TIME})+)", re.IGNORECASE)
_NUMBERS_LIST = re.compile(rf"(?:\bat\s+)?(?P<all>\d+(?:{_NEXT}\d+)+)\s*(?P<unit>{UNIT})\b", re.IGNORECASE)
_ORDINAL_NAMES = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_ORDINALS = {name: n for n, name in enumerate(_ORDINAL_NAMES, 1)} | {
    "fifteenth": 15,
    "twentieth": 20,
    "thirtieth": 30,
    "fortieth": 40,
}
_ORDINAL = rf"(?:\d+(?:st|nd|rd|th)|{'|'.join(_ORDINALS)})"
_ORDINAL_PAIR = re.compile(
    rf"\b(?:from|between)\s+the\s+(?P<a>{_ORDINAL})(?:\s+(?:second|minute))?{_TO}(?P<b>{_ORDINAL})\s+(?P<unit>second|minute)\b",
    re.IGNORECASE,
)
_NTH = re.compile(
    rf"\b(?:(?:in|for|of|during|from|within)\s+)?the\s+(?P<n>{_ORDINAL})\s+(?P<unit>minute|hour)\b", re.IGNORECASE
)
_EVERY = re.compile(
    rf"\b(?:one\s+)?(?:every|each|per|once (?:every|a|per))\s+(?:(?P<other>other)\s+)?(?P<t>{LENGTH}|"
    rf"{SHARE}|{UNIT}\b)"
    rf"|\b(?:at\s+)?(?P<u>{LENGTH})\s+(?:intervals?|apart)\b|\b(?:in|with)\s+(?P<v>{LENGTH})\s+steps\b",
    re.IGNORECASE,
)
_FPS = re.compile(r"\b(?:at\s+)?(?P<n>\d+(?:\.\d+)?)\s*(?:fps|frames? (?:per|a) second)\b", re.IGNORECASE)
_COUNTED = (
    r"(?:sentences?|sentances?|lines?|points?|bullet points?|bullets?|chapters?|parts?|sections?|frames?|"
    r"stills?|pictures?|images?|"
    r"screenshots?|snapshots?|photos?|pics?|shots?|thumbnails?|entries|items|headings?|spots?|moments?|scenes?|hits?|matches|results?|places|examples|clips?|times)"
)
_LIMIT = re.compile(
    rf"\b(?:(?:in|at most|no more than|only|just|exactly)\s+)?(?:(?:the|top|best|first)\s+){{0,3}}"
    rf"(?P<n>{NUMBER})[\s-]+"
    rf"(?:(?:best|good|nice|clearest|most \w+|top|key|main|short|single|important|still|evenly \w+)\s+){{0,3}}"
    rf"(?P<what>{_COUNTED})\b",
    re.IGNORECASE,
)
_BEST = re.compile(
    rf"\b(?:the\s+)?top\s+(?P<n>{NUMBER})\b|\b(?:the\s+)?(?P<m>{NUMBER})\s+(?=best\b)|\b(?:max(?:imum)?|"
    rf"at most|up to)\.?\s+(?P<o>{NUMBER})\b|\b(?P<p>{NUMBER})\s+(?:at (?:the )?most|max(?:imum)?|tops)\b",
    re.IGNORECASE,
)
_ONE_ONLY = re.compile(r"\b(?:only|just)\s+the\s+(?:best|first)(?:\s+(?:one|match|hit|moment))?\b", re.IGNORECASE)
TIMES = (_DOTTED, _ORDINAL_PAIR, _BETWEEN, _BARE_PAIR, _AT, _NUMBERS_LIST, _LIST, re.compile(TIME, re.IGNORECASE))
"""What says when, which is never taken apart."""
_CHAPTERS = re.compile(r"\b(?:chapters?|table of contents|outline)\b", re.IGNORECASE)
_ONLY_SEEN = re.compile(
    r"\b(?:,?\s*(?:only\s+)?(?:look|search)\s+only\s+(?:at|in)|only (?:look|search) (?:at|"
    r"in))\s+(?:the\s+)?(?:pictures?|images?|visuals)\b.*$",
    re.IGNORECASE,
)
_ONLY_SAID = re.compile(
    r"\b(?:only\s+(?:in|search|look at|listen to)\s+(?:the\s+)?(?:speech|sound|audio|transcript|what is said)|"
    r"(?:in the|by) (?:speech|audio|transcript))\b",
    re.IGNORECASE,
)
_ONLY_WRITTEN = re.compile(
    r"\b(?:only (?:in|search|look at) (?:the )?(?:text|writing)(?: on screen)?|in the on-screen text)\b",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\b(?:say|says|said|saying|mention|mentions|mentioned|talk|talks|talked|talking|speak|speaks|spoken|utter|utters)\b",
    re.IGNORECASE,
)
_WRITTEN = re.compile(
    r"\b(?:is|are|was|were)?\s*(?:written|on (?:(?:a|the) )?(?:sign|slide|screen|board)|in writing)\b", re.IGNORECASE
)


def read_slots(clause: str, *, counts: bool = True) -> Slots:
    """The slots of a clause, taken out of its text."""
    slots = Slots(clause)
    for step in (_read_every, _read_window, _read_at):
        slots = step(slots)
    if counts:
        slots = _read_limit(slots)
    nothing_of_the_end = slots.start_s == 0 and math.copysign(1, slots.start_s) < 0
    if slots.every_s == 0 or slots.end_s == 0 or nothing_of_the_end or _BACKWARDS.search(clause):
        slots = replace(slots, every_s=None, faults=(*slots.faults, f"“{clause}” names no time at all: how long?"))
    if none := _NO_TIME.search(QUOTED.sub(" ", clause)):
        fault = f"“{none[0]}” is no time of a video: say it as 0:05, or “the last five seconds”."
        slots = replace(slots, faults=(*slots.faults, fault))
    if slots.every_s and slots.limit == 1:
        slots = replace(slots, limit=None)
    return replace(slots, text=tidy(slots.text), faults=(*slots.faults, *_contradictions(clause, slots)))


def _contradictions(clause: str, slots: Slots) -> list[str]:
    """What the rest of a clause says against the slots: other times that leave nothing, another count."""
    rest = re.search(r"\b(?:but|starting|only)\b(?P<rest>.*)$", slots.text, re.IGNORECASE)
    if rest is None:
        return []
    faults = []
    again = _read_window(Slots(re.sub(r"\b(?:earlier|sooner) than\b", "before", rest["rest"])))
    none = re.search(r"\b(?:none|nothing|not|leave out|without|except)\b", rest["rest"])
    start_s, end_s = again.start_s, again.end_s
    if none:
        start_s, end_s = end_s, start_s
    late = slots.end_s is not None and slots.end_s > 0 and start_s is not None and start_s >= slots.end_s
    early = slots.start_s is not None and slots.start_s >= 0 and end_s is not None and 0 < end_s <= slots.start_s
    if late or early:
        faults.append(f"“{clause}” leaves no time at all: which part is meant?")
    other = _read_limit(Slots(rest["rest"])).limit
    if other and slots.limit and other != slots.limit:
        faults.append(f"“{clause}” asks for {slots.limit} and for {other}: how many?")
    return faults


def _cut(slots: Slots, found: re.Match[str], **changes: object) -> Slots:
    rest = f"{slots.text[: found.start()]} {slots.text[found.end() :]}"
    return replace(slots, text=rest, **changes)  # type: ignore[arg-type]


def _read_every(slots: Slots) -> Slots:
    if found := _FPS.search(slots.text):
        return _cut(slots, found, every_s=1 / max(float(found["n"]), 1e-3))
    if found := _EVERY.search(slots.text):
        text = found["t"] or found["u"] or found["v"]
        return _cut(slots, found, every_s=length(text) * (2 if found["other"] else 1))
    return slots


def _read_window(slots: Slots) -> Slots:
    return _read_both_ends(slots) or _read_edge(slots) or _read_one_end(slots)


def _read_both_ends(slots: Slots) -> Slots | None:
    """A stretch from one time to another."""
    text = slots.text
    if found := _DOTTED.search(text):
        start_s, end_s = (seconds(found[name].replace(".", ":")) or 0.0 for name in "ab")
        return _ranged(_cut(slots, found), start_s, end_s)
    if found := _BETWEEN.search(text):
        names = "ab" if found["a"] else "cd"
        return _ranged(_cut(slots, found), _time(found, names[0]), _time(found, names[1]))
    if found := _BARE_PAIR.search(text):
        unit = UNITS[(found["unit"] or found["named"])[0].lower()]
        values = [number(found["a"] or found["e"] or found["c"]) or 0.0, number(found["b"] or found["d"]) or 0.0]
        return _ranged(_cut(slots, found), values[0] * unit, values[1] * unit)
    if found := _SHORT_PAIR.search(text):
        kept = text[: found.start("a")]  # the word before it
        unit = UNITS[found["unit"][0].lower()]
        rest = replace(slots, text=f"{kept} {text[found.end() :]}")
        return _ranged(rest, float(found["a"]) * unit, float(found["b"]) * unit)
    if found := _ORDINAL_PAIR.search(text):
        unit = UNITS[found["unit"][0].lower()]
        return _ranged(_cut(slots, found), _ordinal(found["a"]) * unit, _ordinal(found["b"]) * unit)
    return None


def _read_edge(slots: Slots) -> Slots | None:
    """All but the beginning of the video, or its first or its last, or one of its minutes."""
    if found := _PASSED.search(slots.text):
        passed = found["t"] or found["u"] or found["w"]
        return _cut(slots, found, start_s=FromStart(length(passed)) if passed else seconds(found["v"]))
    if found := _FIRST.search(slots.text):
        return _cut(slots, found, end_s=FromStart(length(found["t"])))
    if found := _LAST.search(slots.text):
        return _cut(slots, found, start_s=-length(found["t"]))
    if found := _NTH.search(slots.text):
        number, unit = _ordinal(found["n"]), UNITS[found["unit"][0].lower()]
        return _cut(slots, found, start_s=FromStart((number - 1) * unit), end_s=FromStart(number * unit))
    return None


def _read_one_end(slots: Slots) -> Slots:
    """After a time, before a time, or after the one and before the other."""
    after, before = _AFTER.search(slots.text), _BEFORE.search(slots.text)
    if after and before:
        start_s, end_s = seconds(after["t"] or after["u"]) or 0.0, _time(before, "t")
        cut = _cut(slots, before)
        again = _AFTER.search(cut.text)
        return _ranged(_cut(cut, again) if again else cut, start_s, end_s)
    if after:
        return _cut(slots, after, start_s=seconds(after["t"] or after["u"]))
    if before:
        return _cut(slots, before, end_s=_time(before, "t"))
    return slots


def _ordinal(text: str) -> float:
    digits = re.match(r"\d+", text)
    return float(digits[0]) if digits else float(_ORDINALS[text.lower()])


def _ranged(slots: Slots, start_s: float, end_s: float) -> Slots:
    if start_s >= end_s:
        fault = f"The time from {start_s:g} s to {end_s:g} s is empty: which part is meant?"
        return replace(slots, start_s=start_s, end_s=end_s, faults=(*slots.faults, fault))
    return replace(slots, start_s=start_s, end_s=end_s)


def _read_at(slots: Slots) -> Slots:
    found = _AT.search(slots.text) or _LIST.search(slots.text)
    if several := _NUMBERS_LIST.search(slots.text):
        unit = UNITS[several["unit"][0].lower()]
        return _cut(slots, several, at_s=tuple(float(one) * unit for one in re.findall(r"\d+", several["all"])))
    if found is None:
        return slots
    times = [seconds(one[0]) for one in re.finditer(TIME, found["all"], re.IGNORECASE)]
    return _cut(slots, found, at_s=tuple(time for time in times if time is not None))


_AFTER_A_TIME = "".join(
    rf"(?<![\d\s]{unit}\s)(?<![\d\s]{unit}\.\s)"
    for unit in "s sec secs second seconds m min mins minute minutes h hr hrs hour hours".split()
)
_MINUS = rf"(?<![\w:.-])(?<!\d\s){_AFTER_A_TIME}[-−–]"  # a dash between two times is none
_ABSURD = re.compile(
    rf"(?:\b(?:0|zero|no|\d{{5,}}|(?:a|one|two|\d+)?\s*(?:thousand|million|billion)s?)|{_MINUS}\d+)"
    rf"[\s-]+(?:of )?(?P<what>{_COUNTED})\b",
    re.IGNORECASE,
)
_BACKWARDS = re.compile(r"\bevery\s+-", re.IGNORECASE)
_NO_TIME = re.compile(
    rf"(?<!every ){_MINUS}(?:{CLOCK}|\d+(?:\.\d+)?[\s-]*{UNIT}\b)|\b\d+(?:\.\d+)?e[-+]?\d+\s*{UNIT}\b", re.IGNORECASE
)


def _read_limit(slots: Slots) -> Slots:
    if found := _ABSURD.search(QUOTED.sub(" ", slots.text)):
        return replace(
            slots, faults=(*slots.faults, f"“{found[0].strip()}” cannot be had: how many {found['what']}?")
        )
    chapters = bool(_CHAPTERS.search(slots.text))
    if found := _ONE_ONLY.search(slots.text):
        return _cut(slots, found, limit=1, chapters=chapters)
    if (found := _LIMIT.search(slots.text)) and (value := number(found["n"])) and value >= 1 and value == int(value):
        if found["n"].lower() in ("a", "an") or (found["what"].lower() == "times"):
            return replace(slots, chapters=chapters)
        limit = int(value)
        rest = f"{slots.text[: found.start()]} {found['what']} {slots.text[found.end() :]}"
        return replace(slots, text=rest, limit=limit, chapters=chapters)
    if (found := _BEST.search(slots.text)) and (
        value := number(found["n"] or found["m"] or found["o"] or found["p"])
    ):
        return _cut(slots, found, limit=int(value), chapters=chapters)
    return replace(slots, chapters=chapters)


def only_channels(text: str) -> tuple[tuple[Channel, ...], str]:
    """The channels that a request wants searched alone, and the text without that wish."""
    for pattern, channels in (
        (_ONLY_SEEN, (Channel.PICTURE, Channel.OBJECT)),
        (_ONLY_SAID, (Channel.SPEECH,)),
        (_ONLY_WRITTEN, (Channel.TEXT,)),
    ):
        if found := pattern.search(text):
            return channels, tidy(f"{text[: found.start()]} {text[found.end() :]}")
    return (), text


def said_or_written(text: str) -> tuple[Channel, ...]:
    """The channel that a search is plainly about: what somebody says, or what is written."""
    if _SAYS.search(text):
        return (Channel.SPEECH,)
    return (Channel.TEXT,) if _WRITTEN.search(text) else ()
