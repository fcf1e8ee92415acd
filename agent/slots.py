"""Times, counts, languages and channels in a request, in the usual spellings.

`read_slots` takes them out of a clause and leaves the words that are about content.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace

from playhead.types import Channel

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_NUMBERS: dict[str, float] = {word: float(value) for value, word in enumerate(_WORDS)}
_NUMBERS |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100}
_NUMBERS |= {"a": 1, "an": 1, "another": 1, "half": 0.5, "half a": 0.5, "half an": 0.5, "a half": 0.5}
_NUMBERS |= {
    "half a dozen": 6,
    "a couple of": 2,
    "a couple": 2,
    "couple of": 2,
    "a few": 3,
    "a dozen": 12,
    "dozen": 12,
}
_NUMBERS |= {
    f"{a}{b}": v
    for a, v in (("quarter of a", 0.25), ("a quarter of a", 0.25), ("three quarters of a", 0.75))
    for b in ("n", "")
}
_NAMES = "|".join(sorted(map(re.escape, _NUMBERS), key=len, reverse=True))
_TENS = r"(?:twenty|thirty|forty|fifty)[- ](?:one|two|three|four|five|six|seven|eight|nine)"
_NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+(?:[.,]\d+)?|{_TENS}|(?:{_NAMES})(?:\s+and\s+a\s+half)?)"
_UNIT = r"(?:hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)"
_LESS = rf"(?<=\w)\s*(?:and\s+)?{_NUMBER}[\s-]*(?:minutes?|mins?|m|seconds?|secs?|s)\b"
_HOURS = rf"{_NUMBER}[\s-]*(?:hours?|hrs?|h)\b(?:{_LESS}(?:\s*(?:and\s+)?{_NUMBER}[\s-]*(?:seconds?|secs?|s)\b)?)?"
_BARE = rf"\s+{_NUMBER}(?=\s*(?:$|[,.;:!?]|(?:and|then|in|to|until|till|for)\b))"
_MINUTES = rf"{_NUMBER}[\s-]*(?:minutes?|mins?|m)\b(?:\s*(?:and\s+)?{_NUMBER}[\s-]*(?:seconds?|secs?|s)\b|{_BARE})?"
_SECONDS = rf"{_NUMBER}[\s-]*(?:seconds?|secs?|s)\b"
_AND_HALF = r"(?:(?:one|a)\s+)?(?:minute|hour|second)\s+and\s+a\s+half\b"
_LENGTH = rf"(?:{_AND_HALF}|{_HOURS}|{_MINUTES}|{_SECONDS})"
_CLOCK = r"\d{1,3}:[0-5]\d(?::[0-5]\d)?(?:\.\d+)?"
_NAMED = rf"(?:minute|second)\s+{_NUMBER}"
_PRIMED = r"\d{1,3}['’]\d{2}(?:[\"”]|'')?"
_EQUATION = r"t\s*=\s*\d+(?:\.\d+)?\s*s?\b"
TIME = rf"(?:{_CLOCK}|{_PRIMED}|{_EQUATION}|\d+m\d+s?|{_NAMED}|{_LENGTH})"
_MARK = r"(?:\s*(?:mark|in\b(?!\s+(?:the|a)\b)|minutes? in))?"
_TO = r"\s*(?:-|–|—|\bto\b|\buntil\b|\btill\b|\bup to\b|\band\b|\bthrough\b)\s*(?:the\s+)?"
_UNTIL = r"\s*(?:-|–|—|\bto\b|\buntil\b|\btill\b|\bup to\b|\bthrough\b)\s*(?:the\s+)?"
_SHARE = r"(?:quarter|half)(?: of an?)?\s+(?:minute|hour)\b"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Slots:
    """What a clause says besides its content; `text` is the rest of it. Negative seconds count from the end."""

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


def number(text: str) -> float | None:
    """The value of `3`, `1.5`, `three`, `twenty-five`, `one and a half`, `a couple of`, `half a`."""
    text = re.sub(r"\s+", " ", text.strip().lower())
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        return float(text.replace(",", ""))
    if re.fullmatch(r"\d+(?:[.,]\d+)?", text):
        return float(text.replace(",", "."))
    if text.endswith(" and a half"):
        whole = number(text.removesuffix(" and a half"))
        return None if whole is None else whole + 0.5
    if found := re.fullmatch(r"(twenty|thirty|forty|fifty)[- ](\w+)", text):
        return _NUMBERS[found[1]] + _NUMBERS.get(found[2], 0.0)
    return _NUMBERS.get(text)


def seconds(text: str) -> float | None:
    """Seconds of `1:30`, `1:02:03`, `90 s`, `1m05s`, `one minute ten`, `minute 2`, `half a minute`."""
    text = text.strip().lower()
    if re.fullmatch(_CLOCK, text):
        total = 0.0
        for part in text.split(":"):
            total = total * 60 + float(part)
        return total
    if found := re.fullmatch(r"(\d+)(?:m|['’])(\d+)\W*s?\W*", text):
        return float(found[1]) * 60 + float(found[2])
    if found := re.fullmatch(r"t\s*=\s*(\d+(?:\.\d+)?)\s*s?", text):
        return float(found[1])
    if found := re.fullmatch(r"(?:(?:one|a)\s+)?(minute|hour|second)\s+and\s+a\s+half", text):
        return 1.5 * _UNITS[found[1][0]]
    if found := re.fullmatch(rf"(minute|second)\s+({_NUMBER})", text):
        value = number(found[2])
        return None if value is None else value * _UNITS[found[1][0]]
    return _length(text)


def _length(text: str) -> float | None:
    total, unit, rest = 0.0, 3600.0 * 60, text
    while rest:
        found = re.match(rf"\s*(?:and\s+)?({_NUMBER}(?:\s+and\s+a\s+half)?)[\s-]*({_UNIT}\b)?", rest)
        value = number(found[1]) if found else None
        if found is None or value is None:
            return None
        unit = _UNITS[found[2][0]] if found[2] else unit / 60
        total, rest = total + value * unit, rest[found.end() :].strip()
    return total


def _time(found: re.Match[str], name: str) -> float:
    value = seconds(found[name])
    return 0.0 if value is None else value


_BETWEEN = re.compile(
    rf"\b(?:between|from)\s+(?:the\s+)?(?P<a>{TIME}){_MARK}{_TO}(?P<b>{TIME}){_MARK}"
    rf"|\b(?:(?:in|for|during|within)\s+)?(?:the\s+)?(?P<c>{TIME}){_MARK}{_UNTIL}(?P<d>{TIME}){_MARK}",
    re.IGNORECASE,
)
_BARE_PAIR = re.compile(
    rf"\b(?:between\s+(?P<a>{_NUMBER}){_TO}|from\s+(?P<e>{_NUMBER}){_UNTIL})(?P<b>{_NUMBER})\s*(?P<unit>{_UNIT})\b"
    rf"|\b(?:(?:between|from|in|for)\s+)?(?P<named>minutes|seconds)\s+(?P<c>{_NUMBER}){_TO}(?P<d>{_NUMBER})\b",
    re.IGNORECASE,
)
_DOTTED = re.compile(
    rf"\b(?:between|from)\s+(?P<a>\d{{1,2}}\.[0-5]\d){_TO}(?P<b>\d{{1,2}}\.[0-5]\d)\b(?!\s*{_UNIT}\b)", re.IGNORECASE
)
_FIRST = re.compile(
    rf"\b(?:(?:in|for|of|during|from|within)\s+)?(?:the\s+|its\s+)?(?:first|1st|opening|initial)\s+(?P<t>{_SHARE}|{_LENGTH}|{_UNIT}\b)",
    re.IGNORECASE,
)
_LAST = re.compile(
    rf"\b(?:(?:in|for|of|during|from|within)\s+)?(?:the\s+|its\s+)?(?:last|final|closing)\s+(?P<t>{_SHARE}|{_LENGTH}|{_UNIT}\b)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\b(?:after|since|from|starting (?:at|from)|beyond|"
    rf"past)\s+(?:the\s+)?(?P<t>{TIME}){_MARK}(?:\s+(?:on(?:wards?)?|onward|until the end|to the end))?"
    rf"|\b(?P<u>{TIME})\s+(?:on(?:wards?)?|and later)\b",
    re.IGNORECASE,
)
_PASSED = re.compile(
    rf"\b(?:once|after|when)\s+(?:the\s+)?(?:first\s+)?(?P<t>{_LENGTH})\s+(?:have|has|are|is)\s+(?:gone by|"
    rf"passed|over|up|elapsed|gone)\b"
    rf"|\b(?P<u>{_LENGTH})\s+in\s+and\s+(?:on(?:wards?)?|later|after)\b|\bafter\s+the\s+(?P<v>{_LENGTH})\s+(?:point|mark)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"\b(?:before|until|till|up to|by)\s+(?:the\s+)?(?P<t>{TIME}){_MARK}", re.IGNORECASE)
_NEXT = r"\s*(?:,\s*and|,\s*|\band\b|&|\bn\b)\s*(?:(?:one|another)\s+)?(?:at\s+)?(?:a\s+(?=minute))?"
_AT = re.compile(
    rf"(?:\b(?:at|around|about|exactly)|@)\s*(?:(?:about|around|exactly|the)\s+)*(?P<all>{TIME}{_MARK}(?:{_NEXT}{TIME}{_MARK})*)",
    re.IGNORECASE,
)
_LIST = re.compile(rf"(?P<all>{TIME}(?:{_NEXT}{TIME})+)", re.IGNORECASE)
_NUMBERS_LIST = re.compile(rf"(?:\bat\s+)?(?P<all>\d+(?:{_NEXT}\d+)+)\s*(?P<unit>{_UNIT})\b", re.IGNORECASE)
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
_EVERY = re.compile(
    rf"\b(?:one\s+)?(?:every|each|per|once (?:every|a|per))\s+(?:(?P<other>other)\s+)?(?P<t>{_LENGTH}|"
    rf"{_SHARE}|{_UNIT}\b)"
    rf"|\b(?:at\s+)?(?P<u>{_LENGTH})\s+(?:intervals?|apart)\b|\b(?:in|with)\s+(?P<v>{_LENGTH})\s+steps\b",
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
    rf"(?P<n>{_NUMBER})[\s-]+"
    rf"(?:(?:best|good|nice|clearest|most \w+|top|key|main|short|single|important|still|evenly \w+)\s+){{0,3}}"
    rf"(?P<what>{_COUNTED})\b",
    re.IGNORECASE,
)
_BEST = re.compile(
    rf"\b(?:the\s+)?top\s+(?P<n>{_NUMBER})\b|\b(?:the\s+)?(?P<m>{_NUMBER})\s+(?=best\b)|\b(?:max(?:imum)?|"
    rf"at most|up to)\.?\s+(?P<o>{_NUMBER})\b|\b(?P<p>{_NUMBER})\s+(?:at (?:the )?most|max(?:imum)?|tops)\b",
    re.IGNORECASE,
)
_ONE_ONLY = re.compile(r"\b(?:only|just)\s+the\s+(?:best|first)(?:\s+(?:one|match|hit|moment))?\b", re.IGNORECASE)
TIMES = (_DOTTED, _ORDINAL_PAIR, _BETWEEN, _BARE_PAIR, _AT, _NUMBERS_LIST, _LIST, re.compile(TIME, re.IGNORECASE))
"""What says when, which is never taken apart."""
_CHAPTERS = re.compile(r"\b(?:chapters?|table of contents|outline)\b", re.IGNORECASE)
_LANGUAGES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "spanish": "es", "italian": "it", "dutch": "nl",
    "portuguese": "pt", "polish": "pl", "russian": "ru", "ukrainian": "uk", "turkish": "tr", "arabic": "ar",
    "hindi": "hi", "chinese": "zh", "mandarin": "zh", "japanese": "ja", "korean": "ko", "swedish": "sv",
    "danish": "da", "norwegian": "no", "finnish": "fi", "greek": "el", "czech": "cs", "hungarian": "hu",
}  # fmt: skip
_LANGUAGE_NAMES = "|".join(_LANGUAGES)
_SPEAKS = (
    r"it'?s|it is|(?:spoken )?language is|(?:he|she|they|(?:the )?\w+) (?:speaks?|talks?)|"
    r"(?:is )?spoken in|is in|are in|in"
)
_LANGUAGE = re.compile(
    rf"\b(?:,?\s*(?:{_SPEAKS}))\s+(?P<l>{_LANGUAGE_NAMES})\b"
    rf"|\b(?P<m>{_LANGUAGE_NAMES})[\s-](?:speaking|language|audio|speech|sound|spoken)\b"
    rf"|,\s*(?P<n>{_LANGUAGE_NAMES})\s*$|\b(?P<o>{_LANGUAGE_NAMES}) transcript\b",
    re.IGNORECASE,
)
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
    if slots.every_s and slots.limit == 1:
        slots = replace(slots, limit=None)
    return replace(slots, text=_tidy(slots.text), faults=(*slots.faults, *_contradictions(clause, slots)))


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
        return _cut(slots, found, every_s=_unit_or_length(text) * (2 if found["other"] else 1))
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
        unit = _UNITS[(found["unit"] or found["named"])[0].lower()]
        values = [number(found["a"] or found["e"] or found["c"]) or 0.0, number(found["b"] or found["d"]) or 0.0]
        return _ranged(_cut(slots, found), values[0] * unit, values[1] * unit)
    if found := _ORDINAL_PAIR.search(text):
        unit = _UNITS[found["unit"][0].lower()]
        return _ranged(_cut(slots, found), _ordinal(found["a"]) * unit, _ordinal(found["b"]) * unit)
    return None


def _read_edge(slots: Slots) -> Slots | None:
    """The first or the last of the video, or all but its beginning."""
    if found := _FIRST.search(slots.text):
        return _cut(slots, found, end_s=_unit_or_length(found["t"]))
    if found := _LAST.search(slots.text):
        return _cut(slots, found, start_s=-_unit_or_length(found["t"]))
    if found := _PASSED.search(slots.text):
        return _cut(slots, found, start_s=seconds(found["t"] or found["u"] or found["v"]))
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


def _unit_or_length(text: str) -> float:
    share = re.match(r"(quarter|half)(?: of an?)?\s+(?=minute|hour)", text.strip(), re.IGNORECASE)
    if share:
        return {"quarter": 0.25, "half": 0.5}[share[1].lower()] * _UNITS[text.strip()[share.end()].lower()]
    value = seconds(text)
    return _UNITS[text.strip()[0].lower()] if value is None else value


def _read_at(slots: Slots) -> Slots:
    found = _AT.search(slots.text) or _LIST.search(slots.text)
    if several := _NUMBERS_LIST.search(slots.text):
        unit = _UNITS[several["unit"][0].lower()]
        return _cut(slots, several, at_s=tuple(float(one) * unit for one in re.findall(r"\d+", several["all"])))
    if found is None:
        return slots
    times = [seconds(one[0]) for one in re.finditer(TIME, found["all"], re.IGNORECASE)]
    return _cut(slots, found, at_s=tuple(time for time in times if time is not None))


_ABSURD = re.compile(
    rf"\b(?:0|zero|no|-\d+|\d{{5,}}|(?:a|one|two|\d+)?\s*(?:thousand|million|"
    rf"billion)s?)[\s-]+(?:of )?(?P<what>{_COUNTED})\b",
    re.IGNORECASE,
)
_BACKWARDS = re.compile(r"\bevery\s+-", re.IGNORECASE)


def _read_limit(slots: Slots) -> Slots:
    if found := _ABSURD.search(slots.text):
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
            return channels, _tidy(f"{text[: found.start()]} {text[found.end() :]}")
    return (), text


def said_or_written(text: str) -> tuple[Channel, ...]:
    """The channel that a search is plainly about: what somebody says, or what is written."""
    if _SAYS.search(text):
        return (Channel.SPEECH,)
    return (Channel.TEXT,) if _WRITTEN.search(text) else ()


def language(text: str) -> str:
    """The ISO 639-1 code of the language that is named, or an empty string."""
    found = _LANGUAGE.search(text)
    named = found and (found["l"] or found["m"] or found["n"] or found["o"])
    return _LANGUAGES[named.lower()] if named else ""


def without_language(text: str) -> str:
    """The text without the language it names."""
    return _tidy(_LANGUAGE.sub(" ", text, count=1))


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:?!])", r"\1", text)
    return re.sub(r"^[\s,;:.]+|[\s,;:]+$", "", text)
