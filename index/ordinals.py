"""Things by their number: "the second cat", "the last two goals"."""

from __future__ import annotations

import re

_NAMES = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
ORDINALS = {name: number for number, name in enumerate(_NAMES)} | {"last": -1}
_COUNTS = {name: number for number, name in enumerate("two three four five six seven eight nine ten".split(), 2)}
_NUMBERED = re.compile(
    rf"(?:the\s+)?(?P<which>{'|'.join(ORDINALS)})\s+(?:(?P<count>{'|'.join(_COUNTS)}|[2-9])\s+)?"
    r"(?!(?:aid|class|name|floor|row|lady|hand|person|party|base|half|third|quarter|part|bit|time|and|or|ones?|moments?|"
    r"hits?|results?|match(?:es)?|world|responders?|supper)\b)(?P<what>\w(?!.*\b(?:first|second|third|last)\b).*)",
    re.IGNORECASE,
)


def numbered(text: str) -> tuple[str, list[int]] | None:
    """The thing that is meant, and its places in order of time from 0, or from the end below it.

    `("the cat", [1])` of "the second cat", `("the goals", [-2, -1])` of "the last two goals"; None of anything else.
    """
    found = _NUMBERED.fullmatch(text.strip())
    if found is None:
        return None
    first, said = ORDINALS[found["which"].lower()], (found["count"] or "").lower()
    count = _COUNTS.get(said) or int(said or 1)
    places = [first + n for n in range(count)] if first >= 0 else list(range(-count, 0))
    return f"the {found['what']}", places
