"""Number plates by their layout: strict ones anywhere, looser ones after a word such as "plate"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead.safety.personal.scan import END, START, places

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRICT = tuple(
    re.compile(START + layout + END)
    for layout in (
        # Germany. Cameras and discs are called "EOS-R 5" and "DVD-R 16": few digits need two letters before them.
        r"[A-ZÄÖÜ]{1,3}-(?:[A-Z]{1,2} ?[1-9][0-9]{2,3}|[A-Z]{2} [1-9][0-9]?)[EH]?",
        r"[A-HJ-PR-Y]{2}(?:0[2-9]|[12][0-9]|5[1-9]|6[0-9]|7[0-9]) ?[A-HJ-PR-Z]{3}",  # United Kingdom
        r"[1-9][A-Z]{3}[0-9]{3}",  # California
        r"[0-9]{3}-[A-Z]{3}",
        r"[A-Z]{2}-[0-9]{3}-[A-Z]{2}",  # France, Italy
        # Portugal, the Netherlands
        r"(?:[0-9]{2}-[A-Z]{2,3}-[0-9]{1,2}|[A-Z]{2}-[0-9]{2}-[A-Z]{2}|[0-9]-[A-Z]{3}-[0-9]{2})",
    )
)
_AFTER_A_WORD = re.compile(
    r"(?<![\w\[])(?i:(?:licen[cs]e |number )?plates?|registration|kennzeichen|nummernschild|immatriculation|"
    r"matrícula|targa|kenteken)\W{1,3}(?i:(?:is|was|reads|number|the|ist|war|lautet|no)\W{1,2}){0,3}"
    r"(?P<it>[A-Z]{1,3}[ -]?[0-9]{2,4}(?:[ -]?[A-Z]{2,3})?|[0-9]{1,4}[ -]?[A-Z]{2,3}(?:[ -]?[0-9]{1,4})?"
    rf"|[A-Z]{{1,3}}[ -][A-Z]{{1,2}}[ -]?[0-9]{{1,4}}){END}"
)
# What films and files are full of.
_NOT_ON_PLATES = frozenset(
    "FPS MOV MIN SEC RAW JPG PNG AVI MXF MKV WAV LUT LOG RPM MPH KMH LBS GBP EUR USD IMG DSC MVI VID CAM ISO EOS DVD "
    "PC TV DC JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
)


def plates(text: str) -> Iterator[tuple[int, int]]:
    """Yield where strings stand that look like number plates and not like a file, a camera or a date."""
    for layout in _STRICT:
        yield from places(layout, text, _strict_end)
    yield from places(_AFTER_A_WORD, text, _loose_end)


def _strict_end(match: re.Match[str]) -> int | None:
    return None if _NOT_ON_PLATES.intersection(re.findall(r"[^\W\d]+", match[0])) else match.end()


def _loose_end(match: re.Match[str]) -> int | None:
    return match.end() if sum(letter.isalnum() for letter in match["it"]) >= 5 else None
