"""Which video a request means: by its file name, or by a word of it ("the honeymoon video")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead.agent.pieces import NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playhead.types import Video

_FOOTAGE = (
    r"(?:videos?|films?|clips?|footage|recordings?|movies?|files?|cameras?|tapes?|one|interview|talk|lecture|show|call|"
    r"match|game|lesson|podcast|vlog|party|trip|session)"
)


def called(video: Video, videos: Sequence[Video]) -> str:
    """The video's name, or its id where another has the same name."""
    return video.name if sum(video.name == other.name for other in videos) == 1 else video.id


def named(request: str, known: Sequence[str]) -> list[str]:
    """Videos that a request names: by file name, else the one of `known` that it speaks of by a word of its own."""
    found = [match[0] for match in NAMED.finditer(request)]
    if found:
        return found
    words = {name: re.findall(r"[^\W\d_]{3,}", name.rsplit(".", 1)[0].lower()) for name in known}
    own = [name for name in known if any(_speaks_of(word, request) for word in _distinct(name, words))]
    return own if len(own) == 1 else []


def _speaks_of(word: str, request: str) -> bool:
    """Whether a request speaks of footage by this word: "the honeymoon video", "the talk with the coach"."""
    word = re.escape(word)
    before = rf"\b{word}(?:'s)?\s+(?:\w+\s+)?{_FOOTAGE}\b"
    after = rf"\b{_FOOTAGE}\s+(?:with|of|from|about|at|in|on|called|named)\s+(?:the\s+)?{word}\b"
    return bool(re.search(rf"{before}|{after}", request, re.IGNORECASE))


def _distinct(name: str, words: Mapping[str, Sequence[str]]) -> list[str]:
    """The words of a video's name that no other video's has."""
    return [word for word in words[name] if sum(word in other for other in words.values()) == 1]


def choice(names: Sequence[str]) -> str:
    """`a, b or c`; of many the first."""
    shown = [*names[:8], "…"] if len(names) > 8 else list(names)
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else "".join(shown)
