"""Requests about several videos: what is asked of each is said of each ("summarize a.mp4 and b.mp4")."""

from __future__ import annotations

import re

from playhead.agent.pieces import NAMED, Part, commands, parts, qualifies
from playhead.agent.slots import QUOTED
from playhead.agent.wishes import only_how

_AND = r"(?:\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or|&|plus|as well as)\s+)(?:also\s+)?(?:(?:in|of|from|on)\s+)?"
_NAMES = re.compile(rf"{NAMED.pattern}(?:{_AND}{NAMED.pattern})+", re.IGNORECASE)
_AS_ONE = re.compile(
    r"\b(?:join|glue|splice|string|stitch|merge|combine|concatenate|together|super-?cut|montage|compilation|reel|"
    r"film|in(?:to)? one|stor(?:y|ies)|compar\w+|differ\w*|between|both|which|whose|than|versus|vs|same|more|less|"
    r"longer|shorter)\b",
    re.IGNORECASE,
)
"""What is asked of several videos as one: of them joined, or of one beside the other."""


def said_of_each(request: str) -> str:
    """A request in which what is asked of several videos is asked of one after the other.

    As it is, where they are to be joined or compared.
    """
    at = 0
    while found := _NAMES.search(QUOTED.sub(lambda quoted: "\0" * len(quoted[0]), request), at):
        names = NAMED.findall(found[0])
        one = f"{request[: found.start()]}{names[0]}{request[found.end() :]}"
        start, end = _whole(one, found.start())
        before, after = one[start : found.start()], one[found.start() + len(names[0]) : end]
        at = found.end()
        if not of_them_as_one(before + after):
            mark = "? " if one[end : end + 1] == "?" else "; "
            each = mark.join(f"{before}{name}{after}" for name in names)
            request, at = f"{one[:start]}{each}{one[end:]}", start + len(each)
    return request


def of_them_as_one(text: str) -> bool:
    """Whether several videos are to be joined, or one compared with the other."""
    return bool(_AS_ONE.search(NAMED.sub(" ", text)))


def _whole(request: str, at: int) -> tuple[int, int]:
    """Where the thing that is asked for around a place begins and ends, with how it is wanted."""
    pieces = parts(request)
    last = first = next(n for n, piece in enumerate(pieces) if at < piece.end)
    while not pieces[first].strong and not commands(pieces[first].text):
        first -= 1
    while last + 1 < len(pieces) and _says_how(pieces[last + 1]):
        last += 1
    return pieces[first].start, pieces[last].end


def _says_how(piece: Part) -> bool:
    return not piece.strong and (only_how(piece.text) or qualifies(piece.text))
