"""Parts of a film by their share of it, as times: "the first half", "the last third", "the middle ten seconds"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playhead.agent.footage import as_known, choice, named
from playhead.agent.pieces import NAMED, parts
from playhead.agent.slots import QUOTED
from playhead.agent.times import LENGTH, length
from playhead.types import Span

if TYPE_CHECKING:
    from playhead.agent.planner import Stage
    from playhead.types import Video

_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5}
_WHICH = {"first": 0, "opening": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "final": -1}
_ASKED = r"(?:in|during|from|for|within|of)"
_DONE = (
    r"(?:cut|trim|clip|chop|keep|only|just|but|except|remove|drop|skip|lose|extract|export|save|take|give|get|show|me|us|"
    r"and|or|to|off|out|then|sum|up|join|summari[sz]e|transcribe|describe|recap|play)"
)
_OF_THE_FILM = (
    rf"\s+of\s+(?:it\b|(?:the|this|that|my|our)\s+(?:whole\s+)?(?:video|film|clip|footage|movie|recording|file)\b|"
    rf"{NAMED.pattern})"
)
_SHARE = re.compile(
    rf"(?P<before>^|[,;:.]\s*|\b(?P<how>{_ASKED}|{_DONE})\s+)(?P<part>(?:(?:the|its)\s+)?(?:"
    rf"(?P<which>{'|'.join(_WHICH)}|middle|central)\s+(?P<share>{'|'.join(_PARTS)})\b"
    r"(?!\s+(?:of\s+)?(?:(?:an?|one)\s+)?(?:minutes?|hours?|seconds?)\b)"
    rf"|(?:middle|central)\s+(?P<length>{LENGTH})))"
    rf"(?=(?P<film>{_OF_THE_FILM})|\s*(?:$|[.,;:!?]|(?:from|in|into|to|and|or|as|with|without|off|out|away|then|on|only|"
    r"please)\b))",
    re.IGNORECASE,
)
_A_TIME = re.compile(rf"{LENGTH}\s*$", re.IGNORECASE)


def in_times(request: str, stage: Stage) -> tuple[str, list[str], list[str]]:
    """The request with times in place of such parts, what to say of it, and what to ask where no length is known."""
    notes, questions = list[str](), list[str]()
    pieces = parts(request)

    def times(found: re.Match[str]) -> str:
        if not _is_of_film(found, masked):
            return found[0]
        piece = next((piece.text for piece in pieces if found.start("part") < piece.end), request)
        video = _meant(piece, request, stage)
        if video is None and not (found["film"] or re.fullmatch(_DONE, found["how"] or "cut", re.IGNORECASE)):
            return found[0]
        if _A_TIME.search(masked, 0, found.start()) and (found["how"] or "").lower() == "of":
            questions.append(f"Please say in times what you mean by “… of {found['part']}”.")
        if video is None:
            names = choice([video.name for video in stage.videos])
            questions.append(f"Of which video is “{found['part']}” meant{f': {names}' if names else ''}?")
            return found[0]
        span = _span(found, video)
        notes.append(f"“{found['part']}” was taken for {span} of {video.name}.")
        if span.end_s == video.span.end_s:
            return f"{found['before']}the last {_seconds(span.duration_s)}"
        if span.start_s == video.start_s:
            return f"{found['before']}the first {_seconds(span.duration_s)}"
        return f"{found['before']}{_seconds(span.start_s)} to {_seconds(span.end_s)}"

    masked = QUOTED.sub(lambda quoted: "\0" * len(quoted[0]), request)
    told, at = "", 0
    for found in _SHARE.finditer(masked):
        told, at = told + request[at : found.start()] + times(found), found.end()
    return told + request[at:], notes, questions


def _is_of_film(found: re.Match[str], request: str) -> bool:
    """Whether a share is one of the film: "the third quarter" of a question is one of a year or of a match."""
    if found["length"] or found["film"]:
        return True
    which, count = _WHICH.get(found["which"].lower(), 0), _PARTS[found["share"].lower()]
    asked = not re.fullmatch(_DONE, found["how"] or "cut", re.IGNORECASE)
    several = len(_SHARE.findall(request)) > 1
    return which < count and not (asked and (count > 3 or (several and found["how"].lower() == "in")))


def _meant(piece: str, request: str, stage: Stage) -> Video | None:
    """The video that a piece of a request is about, as far as it says or there is only one."""
    known = [video.name for video in stage.videos]
    spoken_of = named(piece, known) or named(request, known)
    if len(spoken_of) == 1:
        return next((video for video in stage.videos if video.name == as_known(spoken_of[0], known)), None)
    return stage.video if stage.video or len(known) != 1 or spoken_of else stage.videos[0]


def _span(found: re.Match[str], video: Video) -> Span:
    whole = video.span
    if found["length"]:
        middle_s, half_s = whole.start_s + whole.duration_s / 2, min(length(found["length"]), whole.duration_s) / 2
        return Span(middle_s - half_s, middle_s + half_s)
    count, which = _PARTS[found["share"].lower()], _WHICH.get(found["which"].lower())
    step_s = whole.duration_s / count
    first = (count - 1) / 2 if which is None else which % count
    start_s, end_s = whole.start_s + first * step_s, whole.start_s + (first + 1) * step_s
    return Span(start_s, whole.end_s if first == count - 1 else end_s)


def _seconds(value: float) -> str:
    return f"{round(value, 3):.12g} seconds"
