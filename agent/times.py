"""Numbers and times in the usual spellings: "1:30", "one and a half minutes", "a couple of"."""

from __future__ import annotations

import re

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
NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+(?:[.,]\d+)?|{_TENS}|(?:{_NAMES})(?:\s+and\s+a\s+half)?)"
_GAP = r"[\s-]*(?<![A-Za-z])"  # "as" is no second
UNIT = r"(?:hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)"
_LESS = rf"(?<=\w)\s*(?:and\s+)?{NUMBER}{_GAP}(?:minutes?|mins?|m|seconds?|secs?|s)\b"
_HOURS = rf"{NUMBER}{_GAP}(?:hours?|hrs?|h)\b(?:{_LESS}(?:\s*(?:and\s+)?{NUMBER}{_GAP}(?:seconds?|secs?|s)\b)?)?"
_BARE = rf"\s+{NUMBER}(?=\s*(?:$|[,.;:!?]|(?:and|then|in|to|until|till|for)\b))"
_MINUTES = rf"{NUMBER}{_GAP}(?:minutes?|mins?|m)\b(?:\s*(?:and\s+)?{NUMBER}{_GAP}(?:seconds?|secs?|s)\b|{_BARE})?"
_SECONDS = rf"{NUMBER}{_GAP}(?:seconds?|secs?|s)\b"
_AND_HALF = r"(?:(?:one|a)\s+)?(?:minute|hour|second)\s+and\s+a\s+half\b"
LENGTH = rf"(?:{_AND_HALF}|{_HOURS}|{_MINUTES}|{_SECONDS})"
CLOCK = r"\d{1,3}:[0-5]\d(?::[0-5]\d)?(?:\.\d+|,\d{3}\b)?"
_NAMED = rf"(?:minute|second)\s+{NUMBER}\b"
_PRIMED = r"\d{1,3}['’]\d{2}(?:[\"”]|'')?"
_EQUATION = r"t\s*=\s*\d+(?:\.\d+)?\s*s?\b"
TIME = rf"(?:{CLOCK}|{_PRIMED}|{_EQUATION}|\d+m\d+s?|{_NAMED}|{LENGTH})"
SHARE = r"(?:quarter|half)(?: of an?)?\s+(?:minute|hour)\b"
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


class FromStart(float):
    """Seconds counted from where a video starts, not on its clock."""


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
    if re.fullmatch(CLOCK, text):
        total = 0.0
        for part in text.replace(",", ".").split(":"):
            total = total * 60 + float(part)
        return total
    if found := re.fullmatch(r"(\d+)(?:m|['’])(\d+)\W*s?\W*", text):
        return float(found[1]) * 60 + float(found[2])
    if found := re.fullmatch(r"t\s*=\s*(\d+(?:\.\d+)?)\s*s?", text):
        return float(found[1])
    if found := re.fullmatch(r"(?:(?:one|a)\s+)?(minute|hour|second)\s+and\s+a\s+half", text):
        return 1.5 * UNITS[found[1][0]]
    if found := re.fullmatch(rf"(minute|second)\s+({NUMBER})", text):
        value = number(found[2])
        return None if value is None else value * UNITS[found[1][0]]
    return _length(text)


def _length(text: str) -> float | None:
    total, unit, rest = 0.0, 3600.0 * 60, text
    while rest:
        found = re.match(rf"\s*(?:and\s+)?({NUMBER}(?:\s+and\s+a\s+half)?)[\s-]*({UNIT}\b)?", rest)
        value = number(found[1]) if found else None
        if found is None or value is None:
            return None
        unit = UNITS[found[2][0]] if found[2] else unit / 60
        total, rest = total + value * unit, rest[found.end() :].strip()
    return total


def length(text: str) -> float:
    """Seconds of a length, or of a unit alone: `five seconds`, `minute`, `quarter of an hour`."""
    share = re.match(r"(quarter|half)(?: of an?)?\s+(?=minute|hour)", text.strip(), re.IGNORECASE)
    if share:
        return {"quarter": 0.25, "half": 0.5}[share[1].lower()] * UNITS[text.strip()[share.end()].lower()]
    value = seconds(text)
    return UNITS[text.strip()[0].lower()] if value is None else value
