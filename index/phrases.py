"""A search in words, taken apart: "a dog then a cat in film.mp4 between 1:00 and 2:00".

Operators in capitals are always operators. In small letters they may be words like any other ("a boy points while a
man looks"): the search tries both readings. What stands in double quotes is never taken apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.errors import QueryError
from playhead.index.query import Link, Query
from playhead.media.formats import MEDIA_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Callable

_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
_QUOTES = '"“”'
_TIME = r"\d+(?::[0-5]\d){1,2}(?:\.\d+)?|\d+(?:\.\d+)?\s*(?:hours?|h|minutes?|mins?|m|seconds?|secs?|s)\b"
_BOTH_ENDS = rf"(?:between\s+(?P<a>{_TIME})\s+and|from\s+(?P<b>{_TIME})\s+(?:to|until))\s+(?P<end>{_TIME})"
_RANGE = rf"(?:{_BOTH_ENDS}|(?P<way>before|until|after|since|from)\s+(?P<time>{_TIME}))"
_RANGE_FIRST = re.compile(rf"^{_RANGE}(?:\s*[,:]\s*|\s+|$)", re.IGNORECASE)
_RANGE_LAST = re.compile(rf"(?:^|\s*,\s*|\s+){_RANGE}$", re.IGNORECASE)
_INSIDE = re.compile(r"^(?:(?P<rest>.*)\s)?(?P<word>in|IN)\s+(?P<name>\S(?:.*\S)?)$")
_LEAD = r"(?:^|\s*,\s*|\s+)(?:(?:and|but|AND|BUT)\s+)?"
_CAPITALS = re.compile(rf"{_LEAD}(?P<link>THEN|BEFORE|AFTER|WHILE|NOT)(?=\s|$)")
_SMALL_NOT = r"(?:(?<=, )|(?<=but )|(?<=and ))not|not(?=$|\s+(?:an?|the|any)\s)"
_SMALL = re.compile(rf"{_LEAD}(?P<link>then|before|after|while|{_SMALL_NOT})(?=\s|$)")
# "runs after a ball", "looks after a child": not one moment after another.
_PURSUIT = re.compile(r"\b(?:chas|climb|div|fl[iy]|go|jump|leap|look|nam|pull|rac|reach|run|swim|tak|walk)\w*$")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Reading:
    """The words as they stand, and `tied` as descriptions tied in time where they can be read so.

    `meant` says that capitals leave no doubt.
    """

    plain: Query
    tied: Query | None = None
    meant: bool = False

    def each(self, change: Callable[[Query], Query]) -> Reading:
        """The same with both queries changed."""
        return replace(self, plain=change(self.plain), tied=self.tied and change(self.tied))


def read(text: str, is_video: Callable[[str], bool]) -> Reading:
    """What a person may mean by `text`. Raises `QueryError` for operators without what they need."""
    rest, where = _where(Query(text).words, is_video)
    plain = Query(rest, video=where.video, span_s=where.span_s)
    masked = _QUOTED.sub(lambda found: "\0" * len(found[0]), rest)
    capitals = list(_CAPITALS.finditer(masked))
    found = capitals or [one for one in _SMALL.finditer(masked) if not _pursues(masked, one)]
    if not found:
        return Reading(plain)
    ends = [one.start() for one in found[1:]] + [len(rest)]
    tied = Query(rest[: found[0].start()].strip(" ,"), video=where.video, span_s=where.span_s)
    for one, end in zip(found, ends, strict=True):
        link, operand = Link(one["link"].lower()), rest[one.end() : end].strip(" ,")
        tied = tied.tie(link, operand)
        if not operand:
            raise QueryError(f"“{one['link']}” has nothing after it", "", _ADVICE)
    first = tied.links[0][0]
    if not tied.words and first not in (Link.BEFORE, Link.AFTER):
        raise QueryError(f"“{found[0]['link']}” has nothing before it", "", _ADVICE)
    return Reading(plain, tied, meant=bool(capitals))


_ADVICE = "Write for example: a dog then a cat. In double quotes words are looked for as they stand"


def seconds(text: str) -> float:
    """Seconds of `1:30`, `1:02:03.5`, `90 s`, `2 min`, `1 h`, or plain seconds. Raises `ValueError`."""
    found = re.fullmatch(r"\s*(\d[\d.:]*)\s*([hms]?)[a-z]*\s*", text.lower())
    if found is None:
        raise ValueError(text)
    first, *rest = [float(part) for part in found[1].split(":")]
    if len(rest) > 2 or any(part >= 60 for part in rest) or (found[2] and rest):
        raise ValueError(text)
    for part in rest:
        first = first * 60 + part
    return first * _UNITS.get(found[2], 1.0)


def _where(text: str, is_video: Callable[[str], bool]) -> tuple[str, Query]:
    """The text without where to look, and where that is."""
    where = Query()
    while True:
        masked = _QUOTED.sub(lambda found: "\0" * len(found[0]), text)
        if found := _RANGE_LAST.search(masked):
            where, text = _bounded(where, found), text[: found.start()].strip(" ,")
        elif found := _RANGE_FIRST.search(masked):
            where, text = _bounded(where, found), text[found.end() :].strip(" ,:")
        elif (named := _INSIDE.search(text)) and not where.video and _names(named, is_video):
            where, text = where.inside(named["name"].strip(_QUOTES)), (named["rest"] or "").strip(" ,")
        else:
            return text, where


def _names(found: re.Match[str], is_video: Callable[[str], bool]) -> bool:
    """Whether "in …" names a video, or means to."""
    name = found["name"].strip(_QUOTES)
    like_a_file = " " not in name and any(name.lower().endswith(ending) for ending in MEDIA_ENDINGS)
    return found["word"] == "IN" or like_a_file or (is_video(name) and "." in name)


def _bounded(where: Query, found: re.Match[str]) -> Query:
    if found["way"]:
        time_s = seconds(found["time"])
        earlier = found["way"].lower() in ("before", "until")
        return where.between(None, time_s) if earlier else where.between(time_s, None)
    return where.between(seconds(found["a"] or found["b"]), seconds(found["end"]))


def _pursues(text: str, link: re.Match[str]) -> bool:
    return link["link"] == Link.AFTER and _PURSUIT.search(text[: link.start()]) is not None
