"""Mail addresses, written and spelled out ("jane at example dot com"), and the network's own addresses."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from playhead.safety.personal.scan import BLANK, START, any_match, places

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP = r"(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})"
# "logo@2x.png" is a picture.
_PICTURE = r"(?![0-9]x\.)"
_WRITTEN = re.compile(rf"(?<!{_LOCAL}){_LOCAL}{{1,64}}@{_PICTURE}(?:{_LABEL}\.){{1,8}}{_TOP}(?!\w)", re.IGNORECASE)

_NAME = r"[\w+-]{1,64}"
_POINT_WORD = "(?:dot|punkt|point|punto|punt|ponto)"
_POINT = rf"(?:\.|{BLANK}{_POINT_WORD}{BLANK}|{BLANK}?[\[({{]{BLANK}?{_POINT_WORD}{BLANK}?[\])}}]{BLANK}?)"
_SAID_POINT = rf"{BLANK}{_POINT_WORD}{BLANK}"
_JOINT = rf"{BLANK}(?:underscore|unterstrich|dash|hyphen|minus|plus){BLANK}"
_AT_WORD = "(?:at|ät|arroba|arobase|chiocciola|apenstaartje)"
_SPELLED = re.compile(
    rf"(?<![\w.+-])(?:{_NAME}(?:{_POINT}|{_JOINT})){{0,3}}(?P<last>{_NAME})"
    rf"{BLANK}?[\[({{]{BLANK}?(?:{_AT_WORD}|@){BLANK}?[\])}}]{BLANK}?{_LABEL}(?:{_POINT}{_LABEL}){{0,3}}{_POINT}{_TOP}(?!\w)",
    re.IGNORECASE,
)
# Without brackets the words may be any sentence's, so the ending has to be a known one and the point has to be said.
_KNOWN_TOP = (
    "(?:com|org|net|edu|gov|info|biz|eu|io|me|tv|app|dev|ai|de|at|ch|fr|be|es|it|nl|pt|br|us|uk|ca|au|ie|se|dk|no|pl)"
)
_SAID = re.compile(
    rf"(?<![\w.+-])(?:{_NAME}(?:{_SAID_POINT}|{_JOINT})){{0,3}}(?P<last>{_NAME}){BLANK}{_AT_WORD}{BLANK}(?P<host>{_LABEL})"
    rf"(?:{_SAID_POINT}{_LABEL}){{0,2}}{_SAID_POINT}{_KNOWN_TOP}(?!\w)",
    re.IGNORECASE,
)
# "Look at example dot com" sends nobody a letter.
_NO_NAMES = frozenset(
    "look looking meet met us me it him them you here there more out online live is are was be available found visit "
    "site website page shop that this everything all find one work worked works".split()
)
_NO_HOSTS = frozenset("a an the this that his her their our".split())

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
# A port or a mask may follow.
_FOUR = re.compile(rf"{START}{_OCTET}(?:\.{_OCTET}){{3}}(?!\w)(?!-\w)(?!\.[0-9])")
_NUMBERED = re.compile(
    r"(?:version|release|build|section|chapter|kapitel|abschnitt|§)\W{1,2}$|[=~<>]=$", re.IGNORECASE
)
_SIX = re.compile(r"(?<![\w:.])[0-9a-f:]{3,39}(?![\w:])(?!\.[0-9])", re.IGNORECASE)


def mails(text: str) -> Iterator[tuple[int, int]]:
    """Yield where mail addresses stand, written or spelled out."""
    yield from places(_WRITTEN, text, any_match)
    yield from places(_SPELLED, text, any_match)
    yield from places(_SAID, text, _said_end)


def _said_end(match: re.Match[str]) -> int | None:
    meant = match["last"].lower() not in _NO_NAMES and match["host"].lower() not in _NO_HOSTS
    return match.end() if meant else None


def networks(text: str) -> Iterator[tuple[int, int]]:
    """Yield where addresses of IPv4 and IPv6 stand."""
    yield from places(_FOUR, text, _four_end)
    yield from places(_SIX, text, _six_end)


def _four_end(match: re.Match[str]) -> int | None:
    before = match.string[max(0, match.start() - 12) : match.start()]
    return None if _NUMBERED.search(before) else match.end()


def _six_end(match: re.Match[str]) -> int | None:
    """Return the end of a valid address that no timecode looks like: one of its groups has three or four digits."""
    if match[0].count(":") < 2 or not re.search(r"[0-9a-fA-F]{3}", match[0]):
        return None
    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:
        return None
    return match.end()
