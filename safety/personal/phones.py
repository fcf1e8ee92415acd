"""Phone numbers as people write and say them: international, national in common layouts, digit by digit.

There is no check digit, so the layout decides; dates, timecodes, sums and counting aloud share some layouts and are
refused. A bare number counts if it looks like a mobile's, or after a word such as "tel".
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from playhead.safety.personal.scan import BLANK, END, START, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GAP = rf"(?:{BLANK}?[-/.\u2011]{BLANK}?|{BLANK})"
# Between two digits at most one gap or bracket: each text has one reading, so nothing is tried twice.
_INSIDE = rf"(?:{_GAP}?\(|\){_GAP}?|{_GAP})?"
_PLUS = re.compile(rf"{START}(?:\(\+[1-9][0-9]{{0,2}}\)|\+{BLANK}?[1-9])(?:{_INSIDE}[0-9]){{6,14}}{END}")
_ZEROS = re.compile(rf"(?<![0-9] ){START}00{BLANK}?[1-9](?:{_INSIDE}[0-9]){{7,14}}{END}")
# Not the end of a longer number in groups of four.
_NATIONAL = re.compile(
    rf"(?<![0-9]{{4}} [0-9]{{4}} ){START}"
    rf"(?:\(0[1-9][0-9]{{0,4}}\){_GAP}?[0-9]|0[1-9](?:[0-9]|{_GAP}[0-9]{{3}}))(?:{_GAP}?[0-9]){{4,9}}{END}"
)
_MOBILE = re.compile(rf"{START}0(?:[67][0-9]{{8}}|7[0-9]{{9}}|1[567][0-9]{{8,9}}|4[0-9]{{8}}){END}")
_LAYOUTS = tuple(
    re.compile(START + layout + END)
    for layout in (
        r"(?:1[-. ])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}(?P<gap>[-. \u00a0]))[0-9]{3}(?(gap)(?P=gap)|[-. ])[0-9]{4}",
        rf"0[1-9](?P<gap>{_GAP})(?:[0-9]{{2}}(?P=gap)){{3}}[0-9]{{2}}",
        rf"[679][0-9]{{2}}(?:{BLANK}[0-9]{{2}}){{3}}",
        rf"1[3-9][0-9](?:[-]|{BLANK})[0-9]{{4}}(?:[-]|{BLANK})[0-9]{{4}}",
        r"\([1-9]{2}\) ?9?[0-9]{4}-[0-9]{4}",
    )
)
_SAID = re.compile(rf"(?<![0-9] )(?<![0-9], ){START}[0-9](?:,?{BLANK}[0-9]){{8,14}}(?!,?{BLANK}?[0-9]){END}")
_SAID_PAIRS = re.compile(rf"(?<![0-9] ){START}0{BLANK}[1-9](?:{BLANK}[0-9]{{2}}){{4}}{END}")
_AFTER_A_WORD = re.compile(
    r"(?<![\w\[])(?:tel|telephone|phone|mobile|cell|fax|whatsapp|telefon|handy|mobil|rufnummer|téléphone|teléfono|"
    r"móvil|telefono|cellulare|telefoon|dial|call|(?:call|ring|text) (?:me|us|him|her|them|on|at))\W{1,3}"
    rf"(?:(?:is|number|nummer|on|at|me|no|nr|unter)\W{{1,2}}){{0,3}}(?P<it>(?:\([0-9]{{2,5}}\){_GAP}?)?[0-9](?:{_GAP}?[0-9]){{4,14}}){END}",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}([-/. ]?)[01]?[0-9]\1[0-3]?[0-9]"
    r"|[0-3]?[0-9]([-/.])[0-3]?[0-9]\2(?:19|20)[0-9]{2})(?![0-9])"
)
_TIME_OF_DAY = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9]")  # "0930"
_BOOK = re.compile(r"ISBN(?:-1[03])?\W{0,3}$", re.IGNORECASE)


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield where phone numbers stand, the surest layouts first."""
    yield from places(_PLUS, text, _longest(_international))
    yield from places(_ZEROS, text, _longest(_dialled_abroad))
    yield from places(_AFTER_A_WORD, text, _longest(_any_number))
    yield from places(_NATIONAL, text, _longest(_national))
    yield from places(_MOBILE, text, _layout_end)
    for layout in _LAYOUTS:
        yield from places(layout, text, _layout_end)
    yield from places(_SAID, text, _longest(_said))
    yield from places(_SAID_PAIRS, text, _layout_end)


def _longest(likely: Callable[[str], bool]) -> Callable[[re.Match[str]], int | None]:
    """Return the judge that keeps as many whole groups of the match as make a likely number."""

    def judged(match: re.Match[str]) -> int | None:
        start = match.start("it" if "it" in match.re.groupindex else 0)
        if _of_a_book(match):
            return None
        number = match.string[start : match.end()]
        ends = [group.end() for group in re.finditer("[0-9]+", number)]
        return next((start + end for end in reversed(ends) if likely(number[:end])), None)

    return judged


def _layout_end(match: re.Match[str]) -> int | None:
    return None if _of_a_book(match) or _counting(_groups(match[0])) else match.end()


def _of_a_book(match: re.Match[str]) -> bool:
    return bool(_BOOK.search(match.string, max(0, match.start() - 12), match.start()))


def _groups(number: str) -> list[str]:
    return re.findall("[0-9]+", number)


def _counting(groups: list[str]) -> bool:
    """Whether these are numbers in steps, such as a countdown, or round ones, such as percentages."""
    numbers = [int(group) for group in groups]
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    return len(numbers) > 3 and (len(steps) == 1 or all(number % 5 == 0 for number in numbers))


def _international(number: str) -> bool:
    groups = _groups(number)
    decimal = len(groups) == 2 and number[-len(groups[1]) - 1] == "."
    count = sum(map(len, groups))
    return (10 if decimal else 8) <= count <= 15 and not _counting(groups)


def _dialled_abroad(number: str) -> bool:
    groups = _groups(number)
    return len(groups) > 1 and 10 <= sum(map(len, groups)) <= 17 and not _counting(groups)


def _national(number: str) -> bool:
    groups = _groups(number)
    sizes = [len(group) for group in groups]
    if not (9 <= sum(sizes) <= 12 and 2 <= len(sizes) <= 5 and min(sizes) > 1):
        return False
    first, *others = (gap.strip() for gap in re.findall("[^0-9]+", number.lstrip("(")))
    decimal = first == "." and not others
    times = all(map(_TIME_OF_DAY.fullmatch, groups))
    return not (decimal or times or len(set(others)) > 1 or _DATE.search(number) or _counting(groups))


def _any_number(number: str) -> bool:
    return 7 <= sum(map(len, _groups(number))) <= 15 and not _DATE.search(number)


def _said(number: str) -> bool:
    """Whether single digits are a number with a leading zero, or one of North America's ten."""
    groups = _groups(number)
    digits = "".join(groups)
    layout = r"0[1-9][0-9]{7,10}|1?[2-9][0-9]{2}[2-9][0-9]{6}"
    return bool(re.fullmatch(layout, digits)) and not _counting(groups) and not digits.startswith("1234")
