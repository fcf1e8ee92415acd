"""Clauses into the steps of a plan: arguments by slots, prerequisites by type, references by what was found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from playhead.agent.anchors import BACK, SOMEWHERE, Anchor, When, bare_moment, is_back, looked_for, told_thing
from playhead.agent.footage import called, choice, named
from playhead.agent.language import language
from playhead.agent.pieces import is_video_words, polite_less, unquoted, without_names
from playhead.agent.plan import Plan, Step
from playhead.agent.reading import PICTURED, WINDOWED, Clause
from playhead.agent.references import field_types, fits
from playhead.agent.slots import Slots, said_or_written
from playhead.index.questions import ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playhead.agent.planner import Stage
    from playhead.tools.contract import Tool

_ALL = 100
_EVERY_ONE = re.compile(r"\b(?:every(?:\s+(?:single\s+)?time)?|all|each|any time|whenever|how many)\b", re.IGNORECASE)
_THERE = re.compile(
    r"\b(?:there|then|during it|the same (?:\w+)|that (?:part|moment|bit|scene|point|time|passage|section)|"
    r"those (?:parts|moments|scenes)|them)\b",
    re.IGNORECASE,
)
_REST = re.compile(r"\b(?:the rest|the remainder|what remains|the remaining)\b", re.IGNORECASE)
_ON_FROM = re.compile(
    r"\b(?:from (?:there|then|that \w+)(?: on(?:wards?)?)?|after (?:it|that|this|them)|afterwards|what follows|"
    r"what comes (?:after|next)|(?:everything|all) (?:that|which) follows|next)\b",
    re.IGNORECASE,
)
_UP_TO = re.compile(r"\b(?:(?:up to|until|till|before) (?:there|then|that(?: \w+)?|it|this))\b", re.IGNORECASE)
_ORDINAL = re.compile(
    r"\bthe (first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)(?: (?:one|moment|hit|"
    r"result|match|scene))?\b",
    re.IGNORECASE,
)
_ORDINAL_NAMES = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_ORDINALS = {name: number for number, name in enumerate(_ORDINAL_NAMES)} | {"last": -1}
_PER_SHOT = re.compile(
    r"\b(?:each|every|per|all(?: the)?|of the)(?: single)? (?:shots?|scenes?|takes?|cuts?)\b", re.IGNORECASE
)
_FROM_POINT = re.compile(r"\bfrom\b(?!.*\bon(?:wards?)?\b)", re.IGNORECASE)
_EACH = re.compile(r"\b(?:each|every one|all of them|them|those)\b", re.IGNORECASE)
_FRAME_OF = re.compile(
    r"\b(?:frames?|stills?|pictures?|images?|screenshots?|snapshots?|photos?|thumbnails?|shots?|jpe?gs?|"
    r"pics?)\b(?:\s+(?:to|for) \w+)?\s*"
    r"(?:of|from|with|showing|for|where|when|at|that shows?)\s+(?P<what>.+)$",
    re.IGNORECASE,
)
_WHENEVER = re.compile(
    r"^(?:every time|each time|any time|whenever|wherever|every)\s+(?P<what>.+?)(?:\s*,|\s+(?:i|we)\s+(?:want|"
    r"need|would|'d)|:|$)",
    re.IGNORECASE,
)
_CAPTIONS = re.compile(r"\b(?:captions?|captioned)\b", re.IGNORECASE)
_STILLS = re.compile(
    r"\b(?:frames?|stills?|stils?|pictures?|images?|screenshots?|snapshots?|photos?|thumbnails?)\b", re.IGNORECASE
)
_STEP_NAMES = {
    "search_moments": "find", "extract_frames": "frames", "caption_frames": "captions", "detect_objects": "objects",
    "read_text": "writing", "detect_shots": "shots", "transcribe": "transcript", "summarize": "summary",
    "describe_video": "description", "answer_question": "answer", "probe_video": "file",
}  # fmt: skip
_NEEDS_VIDEO = frozenset(
    "summarize describe_video transcribe detect_objects read_text detect_shots extract_frames probe_video".split()
)


@dataclass
class Builder:
    """Puts steps together, clause by clause; remembers what later clauses may refer to."""

    tools: Mapping[str, Tool[Any, Any]]
    stage: Stage
    request: str
    steps: dict[str, Step] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)  # search steps, the latest last
    frames: str = ""
    shots: str = ""
    anchors: dict[str, str] = field(default_factory=dict)
    asked: str = ""  # the last question
    window: dict[str, Any] = field(default_factory=dict)  # the stretch that was worked on last

    # Videos

    def video_questions(self, clauses: Sequence[Clause]) -> list[str]:
        """What to ask about videos: one that is not there, or which of several."""
        known = [video.name for video in self.stage.videos]
        spoken_of = named(self.request, known)
        unknown = [name for name in spoken_of if known and name.lower() not in {k.lower() for k in known}]
        if unknown:
            return [f"There is no video {unknown[0]}. Which is meant: {choice(known)}?"]
        if len(spoken_of) > 1:
            return [f"One video at a time, please: {choice(spoken_of)}?"]
        if spoken_of:
            self.inputs["video"] = next((k for k in known if k.lower() == spoken_of[0].lower()), spoken_of[0])
        elif self.stage.video is not None:
            self.inputs["video"] = called(self.stage.video, self.stage.videos)
        elif len(known) == 1:
            self.inputs["video"] = known[0]
        elif not known and any(clause.tool in _NEEDS_VIDEO for clause in clauses):
            self.inputs["video"] = None
        return []

    def _video(self) -> str | None:
        return "$video" if "video" in self.inputs else None

    # Clauses into steps

    def add(self, clause: Clause) -> list[str]:
        """The steps of a clause; questions where something is missing."""
        tool = clause.tool
        if tool == "search_moments":
            return self._search(clause)
        if tool == "answer_question":
            return self._question(clause)
        if tool == "caption_frames":
            return self._captions(clause)
        if tool == "extract_frames" or (
            tool == "detect_shots" and _PER_SHOT.search(clause.text) and _STILLS.search(clause.text)
        ):
            return self._frames(clause)
        if tool in WINDOWED:
            return self._windowed(clause)
        return self._any(clause)

    def _any(self, clause: Clause) -> list[str]:
        """A step of any other tool: each argument by its name and type, what is missing from an earlier step."""
        fields, args = self.tools[clause.tool].Args.model_fields, dict[str, Any]()
        window, questions = self._window(clause) if "video" in fields else ({}, [])
        if questions and fields["video"].is_required():
            return questions
        slots = clause.slots
        named = window | {"limit": slots.limit, "every_s": slots.every_s, "at_s": list(slots.at_s) or None}
        for name, about in fields.items():
            if (value := named.get(name)) is not None:
                args[name] = value
            elif about.is_required() and about.annotation is str:
                args[name] = unquoted(clause.text) or looked_for(without_names(slots.text))
            elif about.is_required() and (made := self._made(about.annotation)):
                args[name] = made
        if missing := [name for name, about in fields.items() if about.is_required() and name not in args]:
            return [f"What is the {' and the '.join(missing)} for {clause.tool}?"]
        self._step(clause.tool, args)
        return []

    def _made(self, kind: Any) -> str:
        """A reference to the latest result, or part of one, that is of the type asked for."""
        for name, step in reversed(self.steps.items()):
            result = self.tools[step.tool].result
            if fits(result, kind):
                return f"${name}"
            for part, below in field_types(result).items():
                if fits(below, kind):
                    return f"${name}.{part}"
        return ""

    def _step(self, tool: str, args: Mapping[str, Any]) -> str:
        base = _STEP_NAMES.get(tool, tool)
        name, number = base, 1
        while name in self.steps:
            number += 1
            name = f"{base}_{number}"
        self.steps[name] = Step(tool=tool, args={k: v for k, v in args.items() if v is not None})
        return name

    def _search(self, clause: Clause) -> list[str]:
        slots = clause.slots
        words = without_names(slots.text)
        query = (told_thing(words) if SOMEWHERE.search(words) else looked_for(words)) or bare_moment(words)
        if not query or is_back(query) or _only_back(query):
            query = clause.subject
        if not query and self.found:  # "…, can you locate that": it is looked for already
            return []
        if not query:
            return ["What shall I look for?"]
        args: dict[str, Any] = {"query": query}
        if self._names_video(slots):
            args["video"] = "$video"
        args |= self._times(slots)
        if slots.limit or _EVERY_ONE.search(slots.text):
            args["limit"] = slots.limit or _ALL
        channels = slots.channels or said_or_written(words)
        if channels:
            args["channels"] = [str(channel) for channel in channels]
        self.found.append(self._step("search_moments", args))
        return []

    def _names_video(self, slots: Slots) -> bool:
        """Whether to look in one video only: it was named, or times are, which are those of one video."""
        if slots.has_window and "video" in self.inputs:
            return True
        return self.inputs.get("video") is not None and (len(self.stage.videos) != 1 or self.stage.video is not None)

    def _question(self, clause: Clause) -> list[str]:
        slots = clause.slots
        self.asked = slots.text if slots.has_window else polite_less(clause.text)
        args: dict[str, Any] = {"question": self.asked}
        if self._names_video(slots):
            args["video"] = "$video"
        self._step("answer_question", args | self._times(slots) if slots.has_window else args)
        return []

    def _captions(self, clause: Clause) -> list[str]:
        fresh = not self.frames or clause.slots.at_s or clause.slots.every_s
        if fresh and (questions := self._frames(clause, from_captions=True)):
            return questions
        self._step("caption_frames", {"frames": f"${self.frames}.frames"})
        return []

    def _frames(self, clause: Clause, *, from_captions: bool = False) -> list[str]:
        args, questions = self._where_frames(clause)
        if questions:
            return questions
        self.frames = self._step("extract_frames", args)
        if not from_captions and _CAPTIONS.search(clause.text):
            self._step("caption_frames", {"frames": f"${self.frames}.frames"})
        return []

    def _where_frames(self, clause: Clause) -> tuple[dict[str, Any], list[str]]:
        """Which frames: at times, of shots, within a stretch, or else of moments."""
        slots, anchor = clause.slots, clause.anchor
        if slots.at_s:
            args, questions = self._in_video({})
            return args | {"at_s": list(slots.at_s)}, questions
        if _PER_SHOT.search(slots.text):
            if not self.shots:
                args, questions = self._in_video(self._times(slots))
                if questions:
                    return {}, questions
                self.shots = self._step("detect_shots", args)
            return {"moments": f"${self.shots}.shots"}, []
        if (
            _FROM_POINT.search(clause.text)
            and slots.start_s is not None
            and slots.end_s is None
            and not slots.every_s
        ):
            args, questions = self._in_video({})
            return args | {"at_s": [slots.start_s]}, questions
        around = anchor is not None and not is_back(anchor.words)
        if slots.every_s or slots.has_window or (around and anchor and anchor.when is not When.DURING):
            args, questions = self._window(clause)
            several = bool(slots.every_s or slots.has_window)
            return args | {"every_s": slots.every_s, "limit": slots.limit or (None if several else 1)}, questions
        if around and anchor:
            return {"moments": self._moments_of(anchor.words, slots)}, []
        return self._which_frames(clause)

    def _which_frames(self, clause: Clause) -> tuple[dict[str, Any], list[str]]:
        """Frames of what is named with them, of what was found or asked before, or from all over the video."""
        slots = clause.slots
        what = _FRAME_OF.search(slots.text) or _WHENEVER.search(slots.text)
        subject = looked_for(without_names(what["what"])) if what else ""
        if subject and not _only_back(subject) and not is_video_words(subject):
            return {"moments": self._moments_of(subject, slots)}, []
        if self.shots and not self.found and _EACH.search(slots.text):
            return {"moments": f"${self.shots}.shots"}, []
        if self.found:
            each = re.search(r"\beach\b", slots.text)
            return {"moments": self._all_found(slots.text), "limit": None if each else slots.limit}, []
        if self.asked and _THERE.search(slots.text):
            return {"moments": self._moments_of(ask(self.asked).about, slots)}, []
        if self.stage.recent and BACK.search(slots.text):
            return self._recent(slots.text), []
        args, questions = self._in_video({})
        return args | {"limit": slots.limit}, questions

    def _moments_of(self, words: str, slots: Slots) -> str:
        """The moments of a new search, for the frames of something that is named with them."""
        query = looked_for(bare_moment(re.sub(r"^(?:the\s+)?(?:every|each|all)\s+", "", words, flags=re.IGNORECASE)))
        args: dict[str, Any] = {"query": query or words}
        if self._names_video(slots):
            args["video"] = "$video"
        many = _EVERY_ONE.search(slots.text) or re.search(r"\bmoments|scenes|places\b", slots.text)
        args["limit"] = _ALL if many and slots.limit in (None, 1) else slots.limit or 1
        name = self._step("search_moments", args)
        self.found.append(name)
        return f"${name}.moments"

    def _all_found(self, text: str) -> Any:
        if re.search(r"\bboth\b", text) and len(self.found) > 1:
            return [f"${name}.moments[0]" for name in self.found]
        return f"${self.found[-1]}.moments"

    def _windowed(self, clause: Clause) -> list[str]:
        slots, tool = clause.slots, clause.tool
        if tool == "describe_video" and slots.at_s:
            return self._captions(clause)
        if tool in PICTURED and (slots.at_s or (self.frames and _STILLS.search(slots.text))):
            if slots.at_s:
                args, questions = self._in_video({})
                if questions:
                    return questions
                self.frames = self._step("extract_frames", args | {"at_s": list(slots.at_s)})
            self._step(tool, {"frames": f"${self.frames}.frames"})
            return []
        args, questions = self._window(clause)
        if questions:
            return questions
        if _REST.search(slots.text) and "end_s" in self.window and "start_s" not in args:
            args["start_s"] = self.window["end_s"]
        if tool == "summarize":
            args |= {"format": "chapters" if slots.chapters else None, "limit": slots.limit}
        if tool == "transcribe" and (spoken := language(self.request)):
            args["language"] = spoken
        name = self._step(tool, args)
        self.window = {k: v for k, v in args.items() if k in ("video", "start_s", "end_s")}
        if tool == "detect_shots":
            self.shots = name
        return []

    # Stretches of time

    @staticmethod
    def _times(slots: Slots) -> dict[str, Any]:
        if slots.has_window:
            return {k: v for k, v in (("start_s", slots.start_s), ("end_s", slots.end_s)) if v is not None}
        return {}

    def _window(self, clause: Clause) -> tuple[dict[str, Any], list[str]]:
        """The video and the stretch of it: named by times, by a moment to be found, or by what was found before."""
        slots, anchor = clause.slots, clause.anchor
        if slots.has_window or slots.at_s:
            times = self._times(slots) or {"start_s": slots.at_s[0]}
            return self._in_video(times)
        back = self._back(clause)
        if back is not None:
            return back, []
        if anchor is not None:
            if is_back(anchor.words) and clause.subject:
                anchor = replace(anchor, words=clause.subject)
            return self._anchored(anchor), []
        return self._in_video({})

    def _in_video(self, times: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        video = self._video()
        if video is None:
            names = [video.name for video in self.stage.videos]
            return {}, [f"Which video is meant: {choice(names)}?"]
        return {"video": video} | times, []

    def _anchored(self, anchor: Anchor) -> dict[str, Any]:
        first = self._find(anchor.words)
        video = self._video() or f"{first}.video.id"
        match anchor.when:
            case When.AFTER:
                return {
                    "video": video,
                    "start_s": f"{first}.span.{'start_s' if _begins_it(anchor.words) else 'end_s'}",
                }
            case When.BEFORE:
                return {"video": video, "end_s": f"{first}.span.start_s"}
            case When.BETWEEN:
                second = self._find(anchor.until)
                return {"video": video, "start_s": f"{first}.span.start_s", "end_s": f"{second}.span.end_s"}
            case _:
                return {"video": video, "start_s": f"{first}.span.start_s", "end_s": f"{first}.span.end_s"}

    def _find(self, words: str) -> str:
        """The moment that is named; one that was named before is not looked for again."""
        if words in self.anchors:
            return self.anchors[words]
        args: dict[str, Any] = {"query": looked_for(words) or words, "limit": 1}
        if self._video():
            args["video"] = "$video"
        if channels := said_or_written(words):
            args["channels"] = [str(channel) for channel in channels]
        self.found.append(self._step("search_moments", args))
        self.anchors[words] = f"${self.found[-1]}.moments[0]"
        return self.anchors[words]

    def _back(self, clause: Clause) -> dict[str, Any] | None:
        """The stretch of what was found before, where the clause refers to it."""
        text = clause.slots.text
        on, up = _ON_FROM.search(text), _UP_TO.search(text)
        refers = on or up or _THERE.search(text) or (clause.anchor and is_back(clause.anchor.words))
        if refers and not on and not up and len(self.window) > 1 and not self.stage.recent:
            return dict(self.window)
        if self.found and (refers or (clause.tool == "describe_video" and re.search(r"\bit\b", text))):
            moment = f"${self.found[-1]}.moments[0]"
            video = self._video() or f"{moment}.video.id"
            return {"video": video} | _ends(f"{moment}.span.start_s", f"{moment}.span.end_s", on, up, text)
        if self.stage.recent and not self.found and (refers or BACK.search(text)):
            recent, span = self.stage.recent[which(text, len(self.stage.recent)) or 0]
            self.inputs["video"] = called(recent, self.stage.videos)
            return {"video": "$video"} | _ends(span.start_s, span.end_s, on, up, text)
        return None

    def _recent(self, text: str) -> dict[str, Any]:
        video, span = self.stage.recent[which(text, len(self.stage.recent)) or 0]
        self.inputs["video"] = called(video, self.stage.videos)
        return {"video": "$video", "at_s": [round((span.start_s + span.end_s) / 2, 3)]}

    def plan(self) -> Plan:
        """The plan; its inputs are those that steps use."""
        used = {
            k: v for k, v in self.inputs.items() if any(f"${k}" in step.args.values() for step in self.steps.values())
        }
        return Plan(version=1, request=self.request, inputs=used, steps=self.steps, answer="")


def _ends(start: Any, end: Any, on: object, up: object, text: str) -> dict[str, Any]:
    if up:
        return {"end_s": start}
    if on:
        return {"start_s": end if re.search(r"\b(?:after|afterwards|follows|next)\b", text, re.IGNORECASE) else start}
    return {"start_s": start, "end_s": end}


def _begins_it(words: str) -> bool:
    """Whether the moment is a beginning ("from when she starts"), so that the stretch begins with it."""
    return bool(re.match(r"(?:when|where)\b", words))


def which(text: str, count: int) -> int | None:
    """The number of the moment that is meant by "the second one", the first by "it"; None where there is none."""
    found = _ORDINAL.search(text)
    number = _ORDINALS[found[1].lower()] if found else 0
    return number if -count <= number < count else None


def _only_back(text: str) -> bool:
    return bool(BACK.fullmatch(text.strip())) or bool(
        re.fullmatch(
            r"(?:each|every|all|both|that|this|the|those|these)?\s*(?:of\s+)?(?:it|them|those|these|that|this|"
            r"which|moments?|scenes?|part|shot|frames?|ones?|the same)",
            text.strip(),
            re.IGNORECASE,
        )
    )
