"""Clauses that ask for something to be made: clips, films, subtitles, timelines, pictures, sounds, stories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playhead.agent.anchors import is_back, things
from playhead.agent.clips import EDITORS, JOIN, beyond, clip, joined, stretches_of, subtitled
from playhead.agent.films import joins_the_rest
from playhead.agent.language import named_language, tidy
from playhead.agent.pieces import polite_less, unquoted
from playhead.agent.slots import Slots, read_slots
from playhead.agent.times import LENGTH, NUMBER, TIME, length, number
from playhead.agent.wishes import ALL_BUT, Wishes, prompt, read_wishes, thing
from playhead.index.ordinals import numbered
from playhead.tools.compose_story import MOST_MINUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.agent.building import Builder
    from playhead.agent.reading import Clause

FORMATS = {
    "otio": r"otio|open ?timeline(?: ?io)?",
    "edl": r"edls?|cmx ?-?3600",
    "fcpxml": r"fcp ?-?xml|final cut(?: pro)?|resolve|premiere",
    "youtube": r"you ?tube",
    "ffmetadata": r"ff ?metadata|ffmpeg(?: chapters| metadata)?|chapter (?:marks|metadata)",
}
_WITHIN = re.compile(r"\b(?:in|of|within|during)\s+(?:the\s+)?(?:first|opening|last|final)\b", re.IGNORECASE)
_SHORTEST_S = 1.0  # a moment that was found may be shorter than an eye can follow
_TRIM = re.compile(
    rf"^trim\b(?!.*(?:\bto\s+(?:the\s+)?(?:first|last|opening|final|{TIME})|\bfrom\s+(?:the\s+)?{TIME}|\bbetween\b))",
    re.IGNORECASE,
)
_A_SHOT = re.compile(r"\b(?:shots?|scenes?|takes?|cuts?)\b", re.IGNORECASE)
_OFF = re.compile(
    r"^(?:cut|chop|trim|take|snip|lop|clip)\b.*\boff\b|"
    r"^(?:remove|drop|skip|lose|get rid of|throw away)\b",
    re.IGNORECASE,
)
_MINUTES = re.compile(
    rf"\b(?P<t>{NUMBER}[\s-]*(?:hours?|hrs?|minutes?|mins?|seconds?|secs?)\b)(?:[\s-]+long\b)?", re.IGNORECASE
)
_HOW_LONG = re.compile(
    r"[\s-]*(?:$|[,.;!?]|long\b|of\b|(?:\w+[\s-]+)?(?:films?|videos?|movies?|stor(?:y|ies)|documentary|diary|tale|"
    r"slide ?show)\b)",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"\b(?:(?:whole|entire|full) (?:thing|video|film|footage|trip|day)|everything|"
    r"(?:my|the|our) (?:library|footage))\b",
    re.IGNORECASE,
)
_FILMED = re.compile(
    r"\b(?<!this )(?<!the )(?<!my )(?:film|video|movie|narrated|slide ?show|documentary|to watch)\b", re.IGNORECASE
)
_TITLED = re.compile(
    r",?\s*\b(?:(?:with the |under the )?title[d]?|called|named)\s*:?\s*[\"“'](?P<title>[^\"”']+)[\"”']",
    re.IGNORECASE,
)
_PAGES = re.compile(rf",?\s*\b(?:(?:in|of|with|on)\s+)?(?P<n>{NUMBER})[\s-]+pages?\b", re.IGNORECASE)
_NO_FILM = re.compile(r",?\s*\b(?:no|without an?y?|not an?) (?:film|video|movie)\b(?:\s+needed)?", re.IGNORECASE)
_AS_PAGE = re.compile(r"\s*\b(?:as|in)\s+(?:an?\s+)?(?:web ?page|html|markdown|page|document)\b", re.IGNORECASE)
_LASTING = re.compile(
    rf"^\w+\s+(?:(?:out|me|us)\s+)*(?P<t>{LENGTH})\s+(?:from|starting|beginning|after)\b", re.IGNORECASE
)
_SIZE = re.compile(
    r",?\s*\b(?:at\s+|in\s+)?(?P<w>\d{2,4})\s*(?:x|×|by)\s*(?P<h>\d{2,4})(?:\s*(?:px|pixels))?\b", re.IGNORECASE
)
_BURN = re.compile(
    r"\b(?:burn(?:ed|t)?|hard-?coded?|draw|drawn|in(?:to)? the (?:picture|film|video|image))\b", re.IGNORECASE
)
_CHAPTERS = re.compile(r"\bchapters?\b", re.IGNORECASE)
_CHANGED = re.compile(r"\b(?:into|look(?:s)? like|as|so that|with|to)\s+(?P<what>.+)$", re.IGNORECASE)
_SAY = re.compile(
    r"^(?:say|speak|read|pronounce|voice|narrate|announce|record)\b\s*(?:me\b|us\b|out\b|aloud\b|loud\b|the words?\b|"
    r"the (?:sentence|text)\b|:)*\s*",
    re.IGNORECASE,
)
_ALOUD = re.compile(r"\s*\b(?:out loud|aloud|in (?:a|your) \w* ?voice|to me|for me)\b[\s.!]*$", re.IGNORECASE)
_READ_FROM = {
    tool: re.compile(rf"(?:(?:the|a|an|its)\s+)?(?:short\s+|whole\s+|full\s+)?(?:{words})", re.IGNORECASE)
    for tool, words in {
        "transcribe": r"(?:transcript(?:ion)?|subtitles)\b"
        r"|(?:what|everything|all)\b.*\b(?:said|says?|told|tells?|spoken)\b",
        "summarize": r"(?:summary|gist|digest)\b",
        "describe_video": r"description\b",
    }.items()
}
"""What of the footage can be read aloud, by the tool that tells it."""
_PART_OF_IT = re.compile(
    r"(?:the\s+)?(?:first|last|second|third|next|best)\s+(?:\w+\s+)?(?:sentences?|words?|lines?|paragraphs?)\b"
    r"(?:\s+(?:of|in|from|that)\b|$)",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"(?:the |that |your )?(?:answer|summary|text|transcript|result|description|story|digest|chapters)", re.IGNORECASE
)
_CLIPS = re.compile(
    r"(?:(?:make|create)(?=.*\bclips?\b)|cut|clip|take|extract|give|get|show)?"
    r"(?:\s*\b(?:out|me|us|a|the|two|three|\d+|clips?|parts?|bits?|of|from))*",
    re.IGNORECASE,
)
"""Nothing but that clips are to be cut."""
_JOINED = frozenset(("cut_clip", "export_subtitles", "contact_sheet", "compose_story"))


def make(builder: Builder, clause: Clause) -> list[str]:
    """The steps of a clause that asks for something to be made; questions where something is missing."""
    if joins_the_rest(builder, clause.text):
        return []
    together = clause.tool in _JOINED and _is_joined(clause.tool, read_wishes(clause.text))
    return (_supercut if together else _MAKERS[clause.tool])(builder, clause)


def _is_joined(tool: str, wishes: Wishes) -> bool:
    """Whether parts are put together: it says so, or wants a film of stretches alone ("a video from 0:10-0:20")."""
    return wishes.together or (tool == "compose_story" and bool(_to_join(wishes)))


# Cutting


def _cut(builder: Builder, clause: Clause) -> list[str]:
    wishes = read_wishes(clause.text)
    stretches = _clips_of(wishes)
    if len(stretches) > 1:
        return _cut_each(builder, stretches, wishes)
    args, questions = _where(builder, clause, wishes)
    if questions := questions or beyond(builder, "cut_clip", wishes):
        return questions
    clip(builder, args | dict(wishes.options))
    return subtitled(builder, f"${builder.clips}.clips[0]") if wishes.subtitled else []


def _clips_of(wishes: Wishes) -> list[Slots]:
    """The stretches of which clips are wanted; none where something else is said, too."""
    stretches, rest = stretches_of(wishes.text)
    return stretches if _CLIPS.fullmatch(rest) and not wishes.together else []


def _cut_each(builder: Builder, stretches: Sequence[Slots], wishes: Wishes) -> list[str]:
    questions = beyond(builder, "cut_clip", wishes)
    for slots in stretches:
        args, unsaid = builder.in_video(builder.times(slots))
        if questions := questions or unsaid:
            return questions
        clip(builder, args | dict(wishes.options))
        if wishes.subtitled:
            subtitled(builder, f"${builder.clips}.clips[0]")
    return []


def _where(builder: Builder, clause: Clause, wishes: Wishes) -> tuple[dict[str, Any], list[str]]:
    """What to cut: a stretch by its times, what was found before, or what is named and has to be looked for."""
    slots = read_slots(wishes.text)
    times = _when(builder, slots, clause)
    about = thing(slots.text, back=builder.has_moments)
    if builder.per_shot(wishes.text) and (not about or _A_SHOT.search(about)):
        where, questions = builder.in_video(times)
        return ({}, questions) if questions else ({"moments": f"${builder.shots_step(where)}.shots"}, [])
    if about and not times and ALL_BUT.search(wishes.text):
        what = ALL_BUT.sub("", about).strip()
        return {}, [f"I can leave out what is named by its times: when is “{what}”?"]
    shot, questions = builder.nth_shot(about)
    if shot or questions:
        return {"moments": shot}, questions
    within = wishes.many or (_WITHIN.search(wishes.text) and not _OFF.match(polite_less(wishes.text)))
    if times and not (about and within):
        return _by_times(builder, clause, times)
    if _like_given(builder, about, wishes.text):
        like = builder.moments_like_given(many=wishes.many, limit=slots.limit)
        return {"moments": like, "shortest_s": _SHORTEST_S}, []
    anchor = (
        clause.anchor if clause.anchor and clause.anchor.words in wishes.text else None
    )  # "before and after each"
    if about and anchor is None:
        moments = builder.moments_of(about, many=wishes.many, limit=slots.limit, words=slots.text, times=times)
        return {"moments": moments, "shortest_s": _SHORTEST_S}, []
    if anchor is not None and not is_back(anchor.words):
        return builder.window(clause)
    if builder.found:
        return {"moments": builder.which_found(wishes.text), "shortest_s": _SHORTEST_S}, []
    if builder.stage.recent:
        return builder.recent_window(wishes.text), []
    return {}, ["Which part shall I cut?"]


def _when(builder: Builder, slots: Slots, clause: Clause) -> dict[str, Any]:
    """The stretch that is named with what is to be made, else that which was named for all of the request."""
    return builder.times(slots if slots.has_window else clause.slots)


def _like_given(builder: Builder, about: str, text: str) -> bool:
    """Whether moments are meant that are like what was handed over: "every moment like this"."""
    return not builder.found and not unquoted(text) and builder.is_given(about or text)


def _by_times(builder: Builder, clause: Clause, times: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A stretch that is named by its times, or what is left without it."""
    text = polite_less(clause.text)
    if lasting := _LASTING.match(text) if set(times) == {"start_s"} else None:
        times["end_s"] = times["start_s"] + length(lasting["t"])
    off = _OFF.match(text) or ALL_BUT.search(text) or (len(times) == 1 and _TRIM.match(text))
    if not off:
        args, questions = builder.in_video(times)
        builder.stretch = dict(args)
        return args, questions
    if len(times) > 1:
        return {}, ["That leaves two parts, before and after it: shall I cut both, or join them?"]
    left = _without(times)
    other_end = builder.left and not builder.left.keys() & left.keys()  # "cut off the first minute and the last two"
    if other_end and (before := builder.drop("cut_clip", builder.left)):
        builder.cuts.pop()
        return before | left, []
    builder.left = left
    return builder.in_video(left)


def _without(times: dict[str, Any]) -> dict[str, Any]:
    """What is left when a stretch at one end is cut off."""
    return {"start_s": times["end_s"]} if "start_s" not in times else {"end_s": times["start_s"]}


def _supercut(builder: Builder, clause: Clause) -> list[str]:
    wishes = read_wishes(clause.text)
    if clips := _clips_of(wishes):
        return _cut_each(builder, clips, wishes)
    stretches = _to_join(wishes)
    questions = _cut_to_join(builder, stretches)
    if questions or (stretches and len(builder.cuts) < 2):
        return questions
    moments = list(builder.cuts) if stretches else _to_show(builder, clause, wishes)
    if not moments:
        return ["What shall the film be made of?"]
    if questions := beyond(builder, "make_supercut", wishes):
        return questions
    in_order = moments in (builder.cuts, builder.picked) or re.search(r"\b(?:them|that order)\b", clause.text)
    order = "given" if isinstance(moments, list) and in_order else "time"
    if wishes.backwards and order == "time":
        return ["I can join moments that are found in order of time only: shall I?"]
    if wishes.backwards:
        moments = moments[::-1]
    return joined(builder, moments, {"order": order, "shortest_s": _SHORTEST_S}, wishes)


def _to_show(builder: Builder, clause: Clause, wishes: Wishes) -> Any:
    """The moments that a film is to be made of: named, found or cut before; none where nobody said."""
    slots = read_slots(wishes.text)
    about = thing(slots.text, back=builder.has_moments)
    many = slots.limit is None and numbered(about) is None and (wishes.many or len(things(about)) < 2)
    if _like_given(builder, about, wishes.text):
        return builder.moments_like_given(many=many, limit=slots.limit)
    if about:
        times = _when(builder, slots, clause)
        return builder.moments_of(about, many=many, limit=slots.limit, words=slots.text, times=times)
    if slots.has_window:  # "cut it together with the first minute"
        return []
    if builder.found:
        moments = builder.all_found(clause.text)
        builder.drop("cut_clip", {"moments": moments})
        return moments
    if len(builder.cuts) > 1:
        return list(builder.cuts)
    return f"${builder.shots}.shots" if builder.shots else []


def _to_join(wishes: Wishes) -> list[Slots]:
    """The stretches that are to be joined; none where something else is named, too."""
    stretches, rest = stretches_of(wishes.text)
    return stretches if JOIN.fullmatch(rest) else []


def _cut_to_join(builder: Builder, stretches: Sequence[Slots]) -> list[str]:
    """More stretches of those that are to be joined; what was made of the ones before is left out."""
    if stretches and len(builder.cuts) > 1:
        builder.drop("export_timeline", {"film": f"${builder.film}"})
        builder.drop("make_supercut", {"moments": builder.cuts})
    for slots in stretches:
        args, questions = builder.in_video(builder.times(slots))
        if questions:
            return questions
        clip(builder, args)
    return []


# Beside films


def _subtitles(builder: Builder, clause: Clause) -> list[str]:
    text, wishes = clause.text, read_wishes(clause.text)
    if wishes.subtitled and (stretches := _clips_of(wishes)):
        return _cut_each(builder, stretches, wishes)
    formats = [kind for kind in ("srt", "vtt") if re.search(rf"\b{kind}\b", text, re.IGNORECASE)]
    options = {
        "formats": formats or None,
        "burn": True if _BURN.search(text) or wishes.subtitled else None,
        "language": named_language(text) or None,
    }
    if film := builder.made_film():
        builder.step("export_subtitles", {"film": film} | options)
        return []
    args, questions = builder.window(clause)
    if not questions:
        builder.step("export_subtitles", args | options)
    return questions


def _timeline(builder: Builder, clause: Clause) -> list[str]:
    wanted = [kind for kind, words in FORMATS.items() if re.search(rf"\b(?:{words})\b", clause.text, re.IGNORECASE)]
    if _CHAPTERS.search(clause.text) or {"youtube", "ffmetadata"} & set(wanted):
        return _chapters(builder, clause, wanted or ["youtube"])
    formats = wanted or EDITORS
    if builder.film:
        builder.drop("export_timeline", {"film": f"${builder.film}"})
        builder.step("export_timeline", {"film": f"${builder.film}", "formats": formats})
    elif builder.found:
        builder.step("export_timeline", {"moments": builder.all_found(clause.text), "formats": formats})
    elif film := builder.made_film():
        builder.step("export_timeline", {"film": film, "formats": formats})
    else:
        args, questions = builder.window(clause)
        if questions:
            return questions
        builder.step("export_timeline", {"moments": f"${builder.shots_step(args)}.shots", "formats": formats})
    return []


def _chapters(builder: Builder, clause: Clause, formats: list[str]) -> list[str]:
    made = next((n for n, s in builder.steps.items() if s.args.get("format") == "chapters"), "")
    args, questions = ({}, []) if made else builder.window(clause)
    if not questions:
        summary = made or builder.step("summarize", args | {"format": "chapters", "limit": clause.slots.limit})
        builder.step("export_timeline", {"chapters": f"${summary}.claims", "formats": formats})
    return questions


def _sheet(builder: Builder, clause: Clause) -> list[str]:
    slots = clause.slots
    if slots.at_s:
        return builder.frames_of(clause)
    times = builder.times(slots)
    about = thing(slots.text)
    if about and (not times or read_wishes(clause.text).many):
        moments = builder.moments_of(about, many=slots.limit is None, limit=slots.limit, times=times)
        args: dict[str, Any] = {"moments": moments}
    elif builder.found:
        args = {"moments": builder.all_found(clause.text)}
    elif builder.per_shot(clause.text):
        args = {"moments": f"${builder.shots_step()}.shots"}
    else:
        args, questions = builder.window(clause)
        if questions:
            return questions
        args |= {"every_s": slots.every_s, "limit": slots.limit}
    builder.step("contact_sheet", args)
    return []


# New pictures, sounds and films


def _generated(builder: Builder, clause: Clause) -> list[str]:
    given = builder.is_given(clause.text)
    size = _SIZE.search(clause.text) if clause.tool == "generate_image" else None
    text = _SIZE.sub("", clause.text) if size else clause.text
    words = prompt(text) or (polite_less(text) if given else "")
    if not words:
        return ["What shall it sound like?" if clause.tool == "generate_audio" else "What shall it show?"]
    args: dict[str, Any] = {"prompt": words}
    if clause.tool == "generate_video":
        drawn = builder.picture if re.search(r"\b(?:it|that|the (?:picture|image|drawing))\b", text) else ""
        args["image"] = "$given" if given else drawn or None
    elif clause.tool == "generate_image":
        many = clause.slots.limit
        args |= {"count": many if many and many > 1 else None}
        args |= {"width": int(size["w"]), "height": int(size["h"])} if size else {}
    name = builder.step(clause.tool, args)
    if clause.tool == "generate_image":
        builder.picture = f"${name}.images[0]"
    elif clause.tool == "generate_video":
        builder.film = name
    return []


def _edited(builder: Builder, clause: Clause) -> list[str]:
    found = _CHANGED.search(clause.slots.text)
    words = unquoted(clause.text) or (found["what"].strip(" .!?") if found else "")
    if not words:
        return ["What shall the picture become?"]
    if builder.is_given(clause.text):
        builder.picture = "$given"
    elif clause.slots.at_s:
        args, questions = builder.in_video({})
        if questions:
            return questions
        builder.frames = builder.step("extract_frames", args | {"at_s": list(clause.slots.at_s)})
        builder.picture = f"${builder.frames}.frames[0]"
    elif builder.frames and not builder.picture:
        builder.picture = f"${builder.frames}.frames[0]"
    if not builder.picture:
        return ["Which picture is meant? Say its time, such as 0:10."]
    builder.picture = f"${builder.step('edit_image', {'image': builder.picture, 'prompt': words})}.images[0]"
    return []


def _spoken(builder: Builder, clause: Clause) -> list[str]:
    if said := unquoted(clause.text):
        builder.step("speak", {"text": said})
        return []
    said = _ALOUD.sub("", _SAY.sub("", polite_less(clause.text))).strip(" ,:")
    refers = not said or is_back(said) or bool(_RESULT.fullmatch(said))
    told = builder.told() if refers else ""
    if not told and (tool := next((tool for tool, words in _READ_FROM.items() if words.match(said)), "")):
        args, questions = builder.window(clause)
        if questions:
            return questions
        told = f"${builder.step(tool, args)}"
    if told:
        builder.step("speak", {"told": told})
    elif refers:
        return ["What shall I say?"]
    elif _PART_OF_IT.match(said):
        return ["What shall I say? A transcript, a summary or a description, or words in quotation marks."]
    else:
        builder.step("speak", {"text": said})
    return []


def _story(builder: Builder, clause: Clause) -> list[str]:
    text, minutes = clause.text, None
    if found := _MINUTES.search(text):
        minutes = round(length(found["t"].replace("-", " ")) / 60, 3)
        if minutes > MOST_MINUTES and _HOW_LONG.match(text[found.end() :]):
            return [f"“{found['t']}” is too long: a film of a story lasts {MOST_MINUTES} minutes at most. How long?"]
        if minutes > MOST_MINUTES:  # "my two-hour hike"
            minutes = None
        else:
            text = f"{text[: found.start()]} {text[found.end() :]}"
    titled, pages = _TITLED.search(text), _PAGES.search(text)
    text = _NO_FILM.sub(" ", _AS_PAGE.sub(" ", _PAGES.sub(" ", _TITLED.sub(" ", text))))
    options = {
        "film": True if _FILMED.search(text) else None,
        "minutes": minutes,
        "length": int(number(pages["n"]) or 0) or None if pages else clause.slots.limit,
        "title": titled["title"] if titled else None,
    }
    about = thing(tidy(text))
    if about and not _WHOLE.search(text):
        args: dict[str, Any] = {"theme": about}
    elif builder.found:
        args = {"moments": builder.all_found(text)}
    elif len(builder.stage.videos) > 1 and not builder.names_video(clause.slots):
        args = {}
    else:
        args, questions = builder.in_video({})
        if questions:
            return questions
    builder.step("compose_story", args | options)
    return []


_MAKERS = {
    "cut_clip": _cut,
    "make_supercut": _supercut,
    "export_subtitles": _subtitles,
    "export_timeline": _timeline,
    "contact_sheet": _sheet,
    "generate_image": _generated,
    "generate_audio": _generated,
    "generate_video": _generated,
    "edit_image": _edited,
    "speak": _spoken,
    "compose_story": _story,
}
MAKING = frozenset(_MAKERS)
