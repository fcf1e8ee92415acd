"""What is made of whole films, or of a stretch of one: pieces, the rest without some stretches, several joined."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from playhead.agent.clips import JOIN, beyond, clip, joined, stretches_of
from playhead.agent.language import tidy
from playhead.agent.pieces import NAMED, polite_less, without_names
from playhead.agent.slots import read_slots
from playhead.agent.times import length, number
from playhead.agent.wishes import ALL_BUT, INTO_PIECES, plainly, read_wishes, thing
from playhead.tools.cutting import MOST_MOMENTS
from playhead.types import Span

if TYPE_CHECKING:
    from playhead.agent.building import Builder
    from playhead.agent.reading import Clause
    from playhead.agent.wishes import Wishes
    from playhead.types import Video

_SHARES = {"half": 2, "halves": 2, "thirds": 3, "quarters": 4}
_NEARLY = 1e-6  # a last piece that is shorter than this is none
_AND_THEN = re.compile(r"\b(?:with|then)\b", re.IGNORECASE)
_AWAY = re.compile(r"^(?:remove|drop|lose|get rid of|throw away)\b", re.IGNORECASE)
_PART = re.compile(
    r"(?:(?:the|a|an|and|this|that)\s+)*(?:parts?|bits?|stretch(?:es)?|pieces?|sections?)?"
    r"(?:\s*(?:from|of|in|out of)\b(?:\s+(?:it|(?:the|this|that|my) (?:video|film|clip|footage|recording)))?)?",
    re.IGNORECASE,
)
_THE_REST = re.compile(
    r"(?:join|put|glue|splice|stitch|merge|combine|keep)\s+(?:the\s+)?(?:rest|remainder|remaining \w+|"
    r"two (?:parts|pieces)|what is left)(?:\s+together)?",
    re.IGNORECASE,
)
_HOW_LONG = "How long is that video? Index it first."


def is_of_films(builder: Builder, clause: Clause) -> bool:
    """Whether a clause that cuts or joins means films or stretches as such, and nothing that is in them."""
    return _in_pieces(clause) is not None or joins_films(clause.text) or _takes_away(builder, clause)


def of_films(builder: Builder, clause: Clause) -> list[str]:
    """The steps of such a clause; questions where something is missing."""
    wishes = read_wishes(clause.text)
    if joins_films(clause.text):
        return _join_films(builder, clause.text, wishes)
    if questions := builder.turn_to(clause.text):
        return questions
    if found := _in_pieces(clause):
        return _cut_up(builder, clause, found)
    return _take_away(builder, wishes)


def joins_the_rest(builder: Builder, text: str) -> bool:
    """Whether it only says that what is left is to be joined, which was done."""
    return bool(builder.film and _THE_REST.fullmatch(polite_less(text)))


# In pieces


def _in_pieces(clause: Clause) -> re.Match[str] | None:
    """Whether a film is to be cut into pieces, and how; not of "cut the scene where she cuts an apple in half"."""
    found = INTO_PIECES.search(clause.text) if clause.tool == "cut_clip" else None
    rest = read_slots(read_wishes(INTO_PIECES.sub(" ", clause.text)).text).text if found else ""
    about = thing(re.sub(r"^(?:split|divide|slice)\b", "cut", without_names(polite_less(rest)), flags=re.IGNORECASE))
    return None if about else found


def _cut_up(builder: Builder, clause: Clause, found: re.Match[str]) -> list[str]:
    wishes = read_wishes(INTO_PIECES.sub(" ", clause.text))
    slots = read_slots(wishes.text)
    _, questions = builder.in_video({})
    video = builder.video_meant()
    if questions or video is None:
        return questions or [_HOW_LONG]
    if questions := beyond(builder, "cut_clip", wishes):
        return questions
    if wishes.subtitled:
        return ["I can cut it into pieces, but not with subtitles: shall I?"]
    whole = _span(builder.times(slots if slots.has_window else clause.slots), video)
    if whole is None:
        return [f"{video.name} has nothing there: it plays {video.span}. Which part shall be cut?"]
    count = _SHARES.get((found["share"] or "").lower()) or (number(found["count"]) if found["count"] else None)
    step_s = whole.duration_s / count if count else length(found["length"])
    if not step_s > 0:
        return [f"“{found[0].strip()}” names no length: how long shall the pieces be?"]
    pieces = math.ceil(whole.duration_s / step_s - _NEARLY)
    if pieces > MOST_MOMENTS:
        return [f"That is {pieces:,} pieces; at most {MOST_MOMENTS:,} can be cut. How long shall they be?"]
    edges = [round(whole.start_s + n * step_s, 3) for n in range(pieces)] + [whole.end_s]
    moments = [_window(builder, video, Span(a, b)) for a, b in pairwise(edges)]
    clip(builder, {"moments": moments} | dict(wishes.options))
    return []


# Without some stretches


def _takes_away(builder: Builder, clause: Clause) -> bool:
    text = polite_less(clause.text)
    if clause.tool != "cut_clip" or not (_AWAY.match(text) or ALL_BUT.search(text)):
        return False
    stretches, rest = stretches_of(read_wishes(text).text)
    bare = _AWAY.sub("", ALL_BUT.sub("", re.sub(r"^cut\b", "", rest, flags=re.IGNORECASE)))
    ends = [slots.start_s is not None and slots.end_s is not None for slots in stretches]
    return bool(stretches) and (any(ends) or bool(builder.away)) and bool(_PART.fullmatch(tidy(bare)))


def _take_away(builder: Builder, wishes: Wishes) -> list[str]:
    """The film without these stretches, and without those that were taken out of it before."""
    stretches, _ = stretches_of(wishes.text)
    _, questions = builder.in_video({})
    video = builder.video_meant()
    if questions or video is None:
        return questions or [_HOW_LONG]
    builder.forget_rest()
    if builder.left and (kept := builder.drop("cut_clip", builder.left)):  # one end of it was cut off before
        builder.cuts.pop()
        builder.left, span = {}, _span(kept, video)
        builder.away += _without(video.span, [span] if span else [])
    builder.away += [span for slots in stretches if (span := _span(builder.times(slots), video))]
    moments = [_window(builder, video, span) for span in _without(video.span, builder.away)]
    if not moments:
        return ["That leaves nothing: which part shall go?"]
    return beyond(builder, "make_supercut", wishes) or joined(builder, moments, {"order": "given"}, wishes)


def _without(whole: Span, away: list[Span]) -> list[Span]:
    left, at_s = [], whole.start_s
    for span in sorted(away):
        if span.start_s > at_s:
            left.append(Span(at_s, span.start_s))
        at_s = max(at_s, span.end_s)
    return [*left, Span(at_s, whole.end_s)] if at_s < whole.end_s else left


# Joined


def joins_films(text: str) -> bool:
    """Whether videos are to be joined as they are: "join a.mp4 and b.mp4"."""
    wishes = read_wishes(text)
    stretches, rest = stretches_of(wishes.text)
    together = wishes.together or plainly(wishes.text) == "make_supercut"
    nothing_else = not stretches and JOIN.fullmatch(tidy(_AND_THEN.sub("", rest)))
    return together and len(NAMED.findall(text)) > 1 and bool(nothing_else)


def _join_films(builder: Builder, text: str, wishes: Wishes) -> list[str]:
    """In the order in which they are named, or in the other."""
    films = [builder.video_named(name) for name in NAMED.findall(text)]
    films = films[::-1] if wishes.backwards else films
    moments = [_window(builder, film, film.span) for film in films if film]
    if len(moments) < len(films):
        return ["How long are these videos? Index them first."]
    return beyond(builder, "make_supercut", wishes) or joined(builder, moments, {"order": "given"}, wishes)


def _window(builder: Builder, video: Video, span: Span) -> dict[str, Any]:
    return {"video": builder.name_of(video), "start_s": span.start_s, "end_s": span.end_s}


def _span(times: dict[str, Any], video: Video) -> Span | None:
    """The stretch as far as the video goes; None outside it. Negative times count from its end."""
    whole = video.span
    start_s, end_s = times.get("start_s", whole.start_s), times.get("end_s", whole.end_s)
    start_s, end_s = (time_s if time_s >= 0 else whole.end_s + time_s for time_s in (start_s, end_s))
    start_s, end_s = max(start_s, whole.start_s), min(end_s, whole.end_s)
    return Span(start_s, end_s) if start_s < end_s else None
