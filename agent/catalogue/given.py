"""What a request brings along: files, links and quoted words, each replaced by one sign.

Their words ask for nothing, while their type still speaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_SIGN = 0xF0000  # a plane of Unicode that is nobody's
_MOST_SIGNS = 0xFFFD
SIGN = r"[\U000F0000-\U000FFFFD]"
_UNREADABLE = re.compile(f"{SIGN}|[\ud800-\udfff]")
_ENDINGS = {
    "audio": "wav mp3 flac ogg m4a aac",
    "image": "jpg jpeg png gif bmp webp tiff",
    "video": "mp4 mov avi mkv webm",
    "text": "txt doc docx pdf md rtf srt csv",
}
_TYPE_OF = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s'\"”’<>)\]]+|(?<![\w@.-])[\w-]+\.(?:com|org|net|io)\b(?:/[^\s'\"”’<>)\]]*)?",
    re.IGNORECASE,
)
_FILE = re.compile(rf"(?<![\w/.-])[\w-]+(?:\.[\w-]+)*\.(?P<ending>{'|'.join(_TYPE_OF)})\b", re.IGNORECASE)
_CLOSING = {"'": "'’", '"': '"”', "“": '”"', "‘": "’'", "`": "`'"}
_OPENING = re.compile(r"(?<![\w'\"])['\"“‘`](?=[^\s'\"])")
_LONGEST_QUOTE = 20_000


@dataclass(frozen=True, slots=True)
class Given:
    """A file, link or quotation: its type, its place in the request, and the type that its link leads to.

    `holds_link`: it is text with a link inside.
    """

    kind: str
    start: int
    end: int
    leads_to: str = ""
    holds_link: bool = False


def masked(request: str) -> tuple[str, tuple[Given, ...]]:
    """The request, as long as it was, with a sign for each thing that it brings along, and the list of these."""
    request = _UNREADABLE.sub(" ", request)
    given: list[Given] = []
    search = _Search(request)
    while len(given) < _MOST_SIGNS and (found := search.next(given[-1].end if given else 0)):
        given.append(found)
    parts, at = [], 0
    for i, thing in enumerate(given):
        parts += [request[at : thing.start], chr(_FIRST_SIGN + i).ljust(thing.end - thing.start)]
        at = thing.end
    return "".join([*parts, request[at:]]), tuple(given)


def sign_of(word: str) -> int | None:
    """Which of the things brought along a word stands for."""
    place = ord(word[0]) - _FIRST_SIGN if word else -1
    return place if 0 <= place < _MOST_SIGNS else None


class _Search:
    """The next thing of each sort from a place on; each sort is looked for once until it is passed."""

    def __init__(self, request: str) -> None:
        self._request = request
        self._ahead: dict[Callable[[str, int], Given | None], Given | None] = {}

    def next(self, at: int) -> Given | None:
        found = [thing for find in (_next_quote, _next_link, _next_file) if (thing := self._first(find, at))]
        return min(found, key=lambda thing: thing.start, default=None)

    def _first(self, find: Callable[[str, int], Given | None], at: int) -> Given | None:
        ahead = self._ahead.get(find)
        if find not in self._ahead or (ahead and ahead.start < at):
            self._ahead[find] = find(self._request, at)
        return self._ahead[find]


def _next_link(request: str, at: int) -> Given | None:
    link = _LINK.search(request, at)
    if link is None:
        return None
    address = link.group().rstrip(".,;:!?")
    return Given("url", link.start(), link.start() + len(address), _leads_to(address))


def _next_file(request: str, at: int) -> Given | None:
    file = _FILE.search(request, at)
    return Given(_TYPE_OF[file["ending"].lower()], file.start(), file.end()) if file else None


def _leads_to(address: str) -> str:
    return _TYPE_OF.get(address.rpartition(".")[2].lower(), "")


def _next_quote(request: str, at: int) -> Given | None:
    while opening := _OPENING.search(request, at):
        end = _closing(request, opening.start())
        if end:
            return _quoted(request, opening.start(), end)
        at = opening.end()
    return None


def _closing(request: str, start: int) -> int | None:
    """Where a quotation ends; "organisms' activities" does not end one as long as a better end follows."""
    ends = re.compile(rf"(?<=\S)[{_CLOSING[request[start]]}](?!\w)|(?<=\s){_OPENING.pattern}")
    doubtful = None
    for found in ends.finditer(request, start + 2, start + _LONGEST_QUOTE):
        if request[found.start() - 1].isspace():
            break
        if request[found.start() - 1] != "s" or not re.match(r" [a-z]", request[found.end() : found.end() + 2]):
            return found.end()
        doubtful = doubtful or found.end()
    return doubtful


def _quoted(request: str, start: int, end: int) -> Given:
    inside = request[start + 1 : end - 1].strip(" .,")
    link, file = _next_link(inside, 0), _next_file(inside, 0)
    for bare in (link, file):
        if bare and (bare.start, bare.end) == (0, len(inside)):
            return Given(bare.kind, start, end, bare.leads_to)
    return Given("text", start, end, link.leads_to if link else "", holds_link=link is not None)
