"""Which video a request means: by its file name, whatever that is, or by a word of it ("the honeymoon video")."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from playhead.agent.pieces import NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playhead.agent.planner import Stage
    from playhead.types import Video

_FOOTAGE = (
    r"(?:videos?|films?|clips?|footage|recordings?|movies?|files?|cameras?|tapes?|one|interview|talk|lecture|show|call|"
    r"match|game|lesson|podcast|vlog|party|trip|session)"
)


def called(video: Video, videos: Sequence[Video]) -> str:
    """The video's name, or its id where another has the same name."""
    return video.name if sum(video.name == other.name for other in videos) == 1 else video.id


def as_known(name: str, known: Sequence[str]) -> str:
    """A name as one of `known` has it, whose capitals may be others; as it is, where none is like it."""
    return name if name in known else next((one for one in known if one.lower() == name.lower()), name)


def named(request: str, known: Sequence[str]) -> list[str]:
    """Videos that a request names: by file name, else the one of `known` that it speaks of by a word of its own."""
    if found := [match[0] for match in NAMED.finditer(request)]:
        apart = len({name.lower() for name in known}) < len(known)  # two differ in capitals alone
        return list({name if apart else name.lower(): name for name in found}.values())
    words = {name: re.findall(r"[^\W\d_]{3,}", name.rsplit(".", 1)[0].lower()) for name in known}
    own = [name for name in known if any(_speaks_of(word, request) for word in _distinct(name, words))]
    return own if len(own) == 1 else []


def under_plain_names(request: str, stage: Stage) -> tuple[str, Stage, dict[str, str]]:
    """A request and its stage with plain names for videos that it names, and what each of these stands for.

    "holiday one.mp4" would be read as one.mp4. The longest name counts, and quotation marks around one say nothing.
    """
    request, folded = _composed(request), _composed(request).lower()
    known = {_composed(video.name).lower(): video.name for video in stage.videos}
    exact = {_composed(video.name): video.name for video in stage.videos}
    spoken = sorted((name for name in known if name in folded), key=len, reverse=True)
    plain: dict[str, str] = {}

    def said(found: re.Match[str]) -> str:
        name = found["name"]
        name = exact.get(name) or known.get(name.lower(), name)  # not all letters that match are one in lower case
        if NAMED.fullmatch(name):
            return name
        number = len(plain) + 1
        while f"footage-{number}.mp4" in known:
            number += 1
        return plain.setdefault(name, f"footage-{number}.mp4")

    any_name = "|".join(map(re.escape, spoken))
    marked = rf"(?P<mark>[\"“'‘])?(?<![\w.-])(?P<name>{any_name})(?!\w)(?(mark)[\"”'’])"
    request = re.sub(marked, said, request, flags=re.IGNORECASE) if spoken else request
    if not plain:
        return request, stage, {}

    def renamed(video: Video) -> Video:
        return replace(video, name=plain.get(video.name, video.name))

    stage = replace(
        stage,
        videos=tuple(map(renamed, stage.videos)),
        video=stage.video and renamed(stage.video),
        asked_of=stage.asked_of and renamed(stage.asked_of),
        recent=tuple((renamed(video), span) for video, span in stage.recent),
    )
    return request, stage, {alias: name for name, alias in plain.items()}


def _composed(text: str) -> str:
    """Accents and their letters as one: some file systems keep them apart."""
    return unicodedata.normalize("NFC", text)


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
