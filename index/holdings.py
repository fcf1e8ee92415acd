"""What is asked of the videos themselves, not of what they show: how many, how long, with sound or without."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from playhead.index.tell import listed
from playhead.types import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.types import Video

_NAMED = 20  # videos, where they are counted
_ALIKE_S = 0.05  # lengths that differ by less are the same, as they are told


class Held(StrEnum):
    """What a question wants to know of the videos."""

    MANY = "how many"
    TOTAL = "how long in all"
    LONGEST = "the longest"
    SHORTEST = "the shortest"
    SILENT = "without sound"
    SOUNDING = "with sound"


_ONE = r"(?:video|film|clip|movie|recording|file|one)"
_MANY = r"(?:videos|films|clips|movies|recordings|files)"
_ALL = rf"(?:all(?: (?:the|my|our|this|these))? (?:{_MANY}|footage)|(?:the|my|our) (?:{_MANY}|library)|everything)"
_HERE = (  # word by word: what can be read in two ways takes for ever where the end does not fit
    r"(?: (?:is|are|do|does|have|has|did|there|in|i|we|you|it|they|altogether|together|here|of|them|hold|got|all|"
    r"total|(?:the|my|our) (?:library|collection|archive)))*"
)
_WHICH = (
    rf"(?:which|what)(?: {_ONE}| (?:of )?(?:the |my |our |these )?{_MANY})?(?:'s| is| are| runs?| lasts?)(?: the)?"
)
_THOSE = rf"(?:which|what)(?: of(?: the| my| our| these)?)? (?:{_ONE}|{_MANY})"
_NONE = r"(?:ha(?:s|ve) no|(?:is|are|comes?) without(?: any)?)"
_ASKED = tuple(
    (held, re.compile(pattern + _HERE, re.IGNORECASE))
    for held, pattern in (
        (Held.MANY, rf"how many {_MANY}"),
        (Held.TOTAL, rf"how (?:long|much(?: time)?) (?:is|are|do|does) {_ALL}"),
        (Held.TOTAL, rf"how (?:much|many (?:hours|minutes|seconds) of) (?:{_MANY}|footage|material|video|film)"),
        (Held.LONGEST, rf"{_WHICH} longest(?: {_ONE}| {_MANY})?"),
        (Held.SHORTEST, rf"{_WHICH} shortest(?: {_ONE}| {_MANY})?"),
        (Held.SILENT, rf"{_THOSE} (?:{_NONE} (?:sound|audio)|(?:is|are) (?:silent|mute))"),
        (Held.SOUNDING, rf"{_THOSE} (?:has|have) (?:sound|audio)"),
    )
)


def asked_of(question: str) -> Held | None:
    """What the question wants to know of the videos themselves; None where it is about what they show."""
    bare = re.sub(r"\s+", " ", question).strip(" ?!.")
    return next((held for held, pattern in _ASKED if pattern.fullmatch(bare)), None)


def told_of(held: Held, videos: Sequence[Video]) -> str:
    """The answer, in a sentence."""
    if not videos:
        return "The library holds no video."
    count = "1 video" if len(videos) == 1 else f"{len(videos)} videos"
    match held:
        case Held.MANY:
            return f"The library holds {count}: {_names(videos)}."
        case Held.TOTAL:
            return f"{count}, {format_time(sum(video.duration_s for video in videos))} in all."
        case Held.LONGEST | Held.SHORTEST:
            lengths = [video.duration_s for video in videos]
            length_s = max(lengths) if held is Held.LONGEST else min(lengths)
            those = [video for video in videos if abs(video.duration_s - length_s) < _ALIKE_S]
            verb = "is" if len(those) == 1 else "are"
            return f"Of {count} {_names(those)} {verb} {held}: {format_time(length_s)}."
        case _:
            those = [video for video in videos if video.has_audio is (held is Held.SOUNDING)]
            verb = "is" if len(those) == 1 else "are"
            return f"{len(those)} of {count} {verb} {held}{': ' if those else ''}{_names(those)}."


def _names(videos: Sequence[Video]) -> str:
    more = [f"{len(videos) - _NAMED} more"] if len(videos) > _NAMED else []
    return listed([*map(str, videos[:_NAMED]), *more])
