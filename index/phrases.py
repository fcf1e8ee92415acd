"""A search in words, taken apart: "a dog then a cat in film.mp4 between 1:00 and 2:00".

Operators in capitals are always operators. In small letters they may be words like any other ("a boy points while a
man looks"): the search tries both readings. What stands in double quotes is never taken apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playhead.errors import QueryError
from playhead.index.query import Link, Query, check_length
from playhead.media.formats import MEDIA_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
_QUOTES = '"“”'
_TIME = r"\d+(?::[0-5]\d){1,2}(?:\.\d+)?|\d+(?:\.\d+)?\s*(?:hours?|h|minutes?|mins?|seconds?|secs?|s)\b"
_TO = r"\s*(?:\s(?:and|to|until)\s|[-–])\s*"
_BOTH_ENDS = rf"(?:between|from)\s+(?P<start>{_TIME}){_TO}(?P<end>{_TIME})"
_RANGE = rf"(?:{_BOTH_ENDS}|(?P<way>before|until|after|since|from)\s+(?P<time>{_TIME}))"
_RANGE_FIRST = re.compile(rf"^{_RANGE}(?:\s*[,:]\s*|\s+|$)", re.IGNORECASE)
_RANGE_LAST = re.compile(rf"(?:^|\s*,\s*|\s+){_RANGE}$", re.IGNORECASE)
_INSIDE = re.compile(r"(?:^|\s)(?P<word>in|IN)\s+(?=\S)")
_LEAD = r"(?:^|\s*,\s*|\s+)(?:(?:and|but|AND|BUT)\s+)?"
_CAPITALS = re.compile(rf"{_LEAD}(?P<link>THEN|BEFORE|AFTER|WHILE|NOT)(?=\s|$)")
_SMALL_NOT = r"(?:(?<=, )|(?<=but )|(?<=and ))not|(?<!is )(?<!was )(?<!are )not(?=\s+(?:an?|the|any)\s)"
_SMALL_BESIDE = r"(?:(?:right|just|shortly|immediately)\s+)?(?P<beside>before|after)"
_SMALL = re.compile(rf"{_LEAD}(?:(?P<link>then|(?<!\ba )while|{_SMALL_NOT})|{_SMALL_BESIDE})(?=\s|$)")
# "runs after a ball", "looks after a child": not one moment after another.
_PURSUIT = frozenset(
    "chase chases chased chasing climb climbs climbed climbing dive dives diving flew flies flying go goes going "
    "jump jumps jumped jumping leap leaps leaping look looks looked looking ran reach reaches reaching run runs "
    "running swam swim swims swimming take takes taking took walk walks walked walking went".split()
)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_STRAY = re.compile(r"(?:^|\s)(?P<word>IN(?=$)|BETWEEN(?=\s|$))")
_WANTED = {"IN": "a video", "BETWEEN": "two times"}
_ADVICE_WHERE = "Write for example: a dog IN talk.mp4 BETWEEN 0:50 AND 1:30"
_ADVICE = "Write for example: a dog THEN a cat"


@dataclass(frozen=True, slots=True)
class Reading:
    """What words may mean: `whole` as they stand; `plain` without where to look; `tied` in time, if they can be.

    `meant` says that capitals leave no doubt about the last. `note` tells why a word that looks like an operator is
    taken for a word.
    """

    whole: Query
    plain: Query
    tied: Query | None = None
    meant: bool = False
    note: str = ""

    @property
    def in_doubt(self) -> bool:
        """Whether the words might as well be meant as they stand."""
        return not self.meant and (self.tied is not None or self.plain != self.whole)

    def each(self, change: Callable[[Query], Query]) -> Reading:
        """The same with every query changed."""
        return replace(self, whole=change(self.whole), plain=change(self.plain), tied=self.tied and change(self.tied))


def read(text: str, is_video: Callable[[str], bool]) -> Reading:
    """What a person may mean by `text`.

    Raises `QueryError` for operators in capitals without what they need, and for more than is read.
    """
    whole = Query(text)
    check_length(whole.words)
    stripped = whole.words.rstrip(" ?!.")
    rest, where = _where(stripped, is_video)
    if (stray := _STRAY.search(_masked(rest))) and not rest.isupper():
        raise QueryError(f"“{stray['word']}” is not followed by {_WANTED[stray['word']]}", "", _ADVICE_WHERE)
    plain = replace(where, words=rest) if where != Query() else whole
    found, meant = _operators(_masked(rest))
    if not found:
        return Reading(whole, plain)
    try:
        return Reading(whole, plain, _tied(rest, found, where).checked(), meant)
    except QueryError as error:
        if meant:
            raise
        return Reading(whole, plain, note=f"{error.what}, so it is taken for a word. {_ADVICE}")


def seconds(text: str) -> float:
    """Seconds of `1:30`, `1:02:03.5`, `90 s`, `2 min`, `1 h`, or plain seconds. Raises `ValueError`."""
    found = re.fullmatch(r"\s*(\d[\d.:]*)\s*([hms]?)[a-z]*\s*", text.lower())
    if found is None:
        raise ValueError(f"{text!r} is no time")
    first, *rest = [float(part) for part in found[1].split(":")]
    if len(rest) > 2 or any(part >= 60 for part in rest) or (found[2] and rest):
        raise ValueError(f"{text!r} is no time")
    for part in rest:
        first = first * 60 + part
    return first * _UNITS.get(found[2], 1.0)


def _masked(text: str) -> str:
    return _QUOTED.sub(lambda found: "\0" * len(found[0]), text)


def _operators(masked: str) -> tuple[Sequence[re.Match[str]], bool]:
    """Where the operators are, and whether they are in capitals, which text all in capitals does not count as."""
    capitals = list(_CAPITALS.finditer(masked))
    others = [letter for letter in _CAPITALS.sub(" ", masked) if letter.lower() != letter.upper()]
    if capitals and not (others and all(letter.isupper() for letter in others)):
        return capitals, True
    small = masked.lower()
    if len(small) != len(masked):  # a letter that grows when it is made small
        return [], False
    return [one for one in _SMALL.finditer(small) if not _pursues(small, one)], False


def _tied(text: str, found: Sequence[re.Match[str]], where: Query) -> Query:
    """The descriptions between the operators, tied by them."""
    ends = [one.start() for one in found[1:]] + [len(text)]
    query = replace(where, words=text[: found[0].start()].strip(" ,"))
    for one, end in zip(found, ends, strict=True):
        operand = text[one.end() : end].strip(" ,")
        if not operand:
            raise QueryError(f"“{_link(one)}” has nothing after it", "", _ADVICE)
        query = query.tie(Link(_link(one).lower()), operand)
    if not query.words and query.links[0][0] not in (Link.BEFORE, Link.AFTER):
        raise QueryError(f"“{_link(found[0])}” has nothing before it", "", _ADVICE)
    return query


def _link(operator: re.Match[str]) -> str:
    return operator["link"] or operator["beside"]


def _where(text: str, is_video: Callable[[str], bool]) -> tuple[str, Query]:
    """The text without where to look, and where that is."""
    where = Query()
    while True:
        masked = _masked(text)
        if found := _RANGE_LAST.search(masked):
            where, text = _bounded(where, found), text[: found.start()].strip(" ,")
        elif found := _RANGE_FIRST.search(masked):
            where, text = _bounded(where, found), text[found.end() :].strip(" ,:")
        elif not where.video and (named := _inside(text, masked, is_video)):
            text, name = named
            where = where.inside(name)
        else:
            return text, where


def _inside(text: str, masked: str, is_video: Callable[[str], bool]) -> tuple[str, str] | None:
    """What stands before "in VIDEO", and the video: the longest name that is known, else the last that looks so."""
    found = list(_INSIDE.finditer(masked))
    known = next((one for one in found if is_video(text[one.end() :].strip(_QUOTES))), None)
    meant = next((one for one in reversed(found) if _means_a_file(one, text)), None)
    chosen = known or meant
    return None if chosen is None else (text[: chosen.start()].strip(" ,"), text[chosen.end() :].strip(_QUOTES))


def _means_a_file(found: re.Match[str], text: str) -> bool:
    name = text[found.end() :]
    of_one_piece = " " not in name or _QUOTED.fullmatch(name) is not None
    like_a_file = of_one_piece and name.strip(_QUOTES).lower().endswith(tuple(MEDIA_ENDINGS))
    return like_a_file or (found["word"] == "IN" and not text.isupper())


def _bounded(where: Query, found: re.Match[str]) -> Query:
    if found["way"]:
        time_s = seconds(found["time"])
        earlier = found["way"].lower() in ("before", "until")
        return where.between(None, time_s) if earlier else where.between(time_s, None)
    return where.between(seconds(found["start"]), seconds(found["end"]))


def _pursues(text: str, operator: re.Match[str]) -> bool:
    before = text[: operator.start()].split()
    return _link(operator) == Link.AFTER and bool(before) and before[-1] in _PURSUIT
