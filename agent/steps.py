"""The steps of a plan in the making, and what later clauses may refer to: what was found, made, or spoken of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from playhead.agent.anchors import BACK, Anchor, When, is_back, looked_for, things
from playhead.agent.footage import as_known, called, choice, named
from playhead.agent.plan import Plan, Step
from playhead.agent.slots import Slots, said_or_written
from playhead.agent.times import FromStart
from playhead.index.ordinals import ORDINALS, numbered
from playhead.types import Answer, Story, Transcript

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playhead.agent.planner import Stage
    from playhead.agent.reading import Clause
    from playhead.tools.contract import Tool
    from playhead.types import Span, Video

ALL = 100
THERE = re.compile(
    r"\b(?:there|then|during it|the same (?:\w+)|that (?:part|moment|bit|scene|point|time|passage|section)|"
    r"those (?:parts|moments|scenes)|them)\b",
    re.IGNORECASE,
)
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
_PER_SHOT = re.compile(
    r"\b(?:each|every|per|all(?: the)?|of the)(?: single)? (?:shots?|scenes?|takes?|cuts?)\b", re.IGNORECASE
)
_STEP_NAMES = {
    "search_moments": "find", "extract_frames": "frames", "caption_frames": "captions", "detect_objects": "objects",
    "read_text": "writing", "detect_shots": "shots", "transcribe": "transcript", "summarize": "summary",
    "describe_video": "description", "answer_question": "answer", "probe_video": "file",
    "cut_clip": "clip", "make_supercut": "film", "export_subtitles": "subtitles", "export_timeline": "timeline",
    "contact_sheet": "sheet", "generate_image": "picture", "edit_image": "edited", "generate_audio": "sound",
    "generate_video": "new_film", "speak": "speech", "compose_story": "story",
}  # fmt: skip
_NEEDS_VIDEO = frozenset(
    "summarize describe_video transcribe detect_objects read_text detect_shots extract_frames probe_video".split()
)


@dataclass
class Steps:
    """Steps that are put together one by one; remembers what later clauses may refer to."""

    tools: Mapping[str, Tool[Any, Any]]
    stage: Stage
    request: str
    steps: dict[str, Step] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)  # search steps, the latest last
    notes: list[str] = field(default_factory=list)  # what to say of how words were taken
    picked: list[str] = field(default_factory=list)  # those of the moments that were found which are meant
    frames: str = ""
    shots: str = ""
    anchors: dict[str, str] = field(default_factory=dict)
    asked: str = ""  # the last question
    stretch: dict[str, Any] = field(default_factory=dict)  # the part of a video that was worked on last
    left: dict[str, Any] = field(default_factory=dict)  # what is left of it, where an end was cut off
    away: list[Span] = field(default_factory=list)  # … and what was taken out of it
    film: str = ""  # the step that made a film
    clips: str = ""  # … and some clips
    cuts: list[str] = field(default_factory=list)  # stretches that were cut by their times, as they were cut
    picture: str = ""  # a picture that was made or taken
    meant: str = "video"  # the input that is the video spoken of; empty where several are named, but not yet

    # Videos

    def video_questions(self, clauses: Sequence[Clause]) -> list[str]:
        """What to ask about videos: one that is not there, or which of several."""
        if self.stage.given is not None:
            self.inputs["given"] = str(self.stage.given)
        known = [video.name for video in self.stage.videos]
        spoken_of = named(self.request, known)
        unknown = [name for name in spoken_of if known and name.lower() not in {k.lower() for k in known}]
        if unknown and re.search(
            rf"\b(?:as|to|into|called|named)\s+\W?{re.escape(unknown[0])}", self.request, re.IGNORECASE
        ):
            return [
                f"What is made is named by what it shows, in the folder of --out: shall I leave “{unknown[0]}” out?"
            ]
        if unknown:
            return [f"There is no video {unknown[0]}. Which is meant: {choice(known)}?"]
        if len(spoken_of) > 1:
            self.meant = ""
        elif spoken_of:
            self.inputs["video"] = self._known(spoken_of[0])
        elif self.stage.video is not None:
            self.inputs["video"] = called(self.stage.video, self.stage.videos)
        elif len(known) == 1:
            self.inputs["video"] = known[0]
        elif not known and any(clause.tool in _NEEDS_VIDEO for clause in clauses):
            self.inputs["video"] = None
        return []

    def _known(self, name: str) -> str:
        """A name as the footage has it, whose capitals may be others."""
        return as_known(name, [video.name for video in self.stage.videos])

    def _spoken_of(self, text: str) -> list[str]:
        """The videos that a text names, as the footage has them."""
        return [self._known(name) for name in named(text, [video.name for video in self.stage.videos])]

    def video_named(self, name: str) -> Video | None:
        """The video of that name, as the footage has it; None where it is not there."""
        known = self._known(name)
        return next((video for video in self.stage.videos if known in (video.name, video.id)), None)

    def video_meant(self) -> Video | None:
        """The video that a clause is about, as far as it is known."""
        return self.video_named(self.inputs.get(self.meant) or "")

    def name_of(self, video: Video) -> str:
        """Its name, or its id where another has the same name."""
        return called(video, self.stage.videos)

    def turn_to(self, text: str) -> list[str]:
        """Of several videos go on with the one that a clause names; a question where it names two."""
        spoken_of = self._spoken_of(text)
        if len(spoken_of) > 1:
            return [f"One video at a time, please: {choice(spoken_of)}?"]
        if spoken_of and spoken_of[0] != self.inputs.get(self.meant):
            same = (name for name, value in self.inputs.items() if value == spoken_of[0])
            self.meant = next(same, "video" if "video" not in self.inputs else f"video_{len(self.inputs) + 1}")
            self.inputs[self.meant] = spoken_of[0]
            self.frames, self.shots, self.asked, self.anchors, self.stretch, self.left = "", "", "", {}, {}, {}
            self.away = []
        return []

    def unused(self) -> list[str]:
        """Of several videos that are named those which no step is about."""
        spoken_of = self._spoken_of(self.request)
        said = str([self.plan().inputs, *(step.args for step in self.steps.values())])
        return [name for name in spoken_of if len(spoken_of) > 1 and name not in said]

    def is_given(self, text: str) -> bool:
        """Whether words mean what was handed over with the request: "this picture", "it", "like that"."""
        return self.stage.given is not None and bool(_GIVEN.search(text))

    def names_video(self, slots: Slots) -> bool:
        """Whether to look in one video only: it was named, or times are, which are those of one video."""
        if slots.has_window and self.meant in self.inputs:
            return True
        several = len(self.stage.videos) != 1 or self.stage.video is not None
        return several and self.inputs.get(self.meant) is not None

    def _video(self) -> str | None:
        return f"${self.meant}" if self.meant in self.inputs else None

    def in_video(self, times: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The arguments with the video that is meant; a question where nobody knows which."""
        video = self._video()
        if video is None:
            names = [video.name for video in self.stage.videos]
            return {}, [f"Which video is meant: {choice(names)}?"]
        return {"video": video} | times, []

    # Steps

    def step(self, tool: str, args: Mapping[str, Any]) -> str:
        """Add a step, and give the name it has in the plan."""
        base = _STEP_NAMES.get(tool, tool)
        name, number = base, 1
        while name in self.steps:
            number += 1
            name = f"{base}_{number}"
        self.steps[name] = Step(tool=tool, args={k: v for k, v in args.items() if v is not None})
        return name

    def drop(self, tool: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Forget the last step where it is of this tool and was only the way to what is asked for now.

        Its arguments; none where there is no such step.
        """
        name, last = next(reversed(self.steps.items()), ("", None))
        if last is None or last.tool != tool or any(last.args.get(key) != value for key, value in args.items()):
            return {}
        del self.steps[name]
        return dict(last.args)

    def forget_rest(self) -> None:
        """Forget the film that was made of what was left, of which more is to be taken."""
        if self.away:
            self.drop("export_timeline", {"film": f"${self.film}"})
            self.drop("make_supercut", {"order": "given"})

    def shots_step(self, args: Mapping[str, Any] | None = None) -> str:
        """The step that finds the shots."""
        if not self.shots:
            self.shots = self.step("detect_shots", args or self.in_video({})[0])
        return self.shots

    def nth_shot(self, text: str) -> tuple[list[str], list[str]]:
        """The shot that is named by its number ("the second scene"), and what to ask; neither for anything else."""
        one = numbered(text)
        if one is None or not _SHOT.fullmatch(one[0]):
            return [], []
        where, questions = self.in_video({})
        return ([], questions) if questions else ([f"${self.shots_step(where)}.shots[{one[1][0]}]"], [])

    @staticmethod
    def per_shot(text: str) -> bool:
        """Whether something is wanted of each shot."""
        return bool(_PER_SHOT.search(text))

    def plan(self) -> Plan:
        """The plan; its inputs are those that steps use."""
        used = {
            k: v for k, v in self.inputs.items() if any(f"${k}" in step.args.values() for step in self.steps.values())
        }
        return Plan(version=1, request=self.request, inputs=used, steps=self.steps, answer="")

    # What was found, or made

    @property
    def has_moments(self) -> bool:
        """Whether moments were spoken of before, in this request or the last."""
        return bool(self.found or self.stage.recent)

    def moments_of(
        self,
        query: str,
        *,
        many: bool,
        limit: int | None = None,
        in_video: bool | None = None,
        words: str = "",
        times: Mapping[str, Any] | None = None,
    ) -> Any:
        """The moments of a new search: all of them, so many, or the best; of a list the best of each thing.

        Those with a number ("the second cat", "the last two goals") by their order in time. `words` are those that
        `query` stood in.
        """
        listed = [] if many or _ONE_SCENE.search(words) else things(query)
        if len(listed) > 1:
            each = (self.moments_of(one, many=False, in_video=in_video, words=words, times=times) for one in listed)
            self.picked = [one for found in each for one in (found if isinstance(found, list) else [f"{found}[0]"])]
            return self.picked
        one = None if many else numbered(query)
        if one:
            limit = ALL
        args: dict[str, Any] = in_order(query) if one else {"query": query}
        if (times and self._video()) or (self.inputs.get(self.meant) is not None if in_video is None else in_video):
            args["video"] = self._video()
        args |= times or {}
        if channels := said_or_written(words or query):
            args["channels"] = [str(channel) for channel in channels]
        self.searched(args | {"limit": limit or (ALL if many else 1)}, query if one else "")
        return self.picked or f"${self.found[-1]}.moments"

    def searched(self, args: Mapping[str, Any], query: str = "") -> None:
        """A search; of what it finds those are meant with the number that `query` names, or all."""
        self.found.append(self.step("search_moments", args))
        one = numbered(query)
        self.picked = [f"${self.found[-1]}.moments[{place}]" for place in one[1]] if one else []
        if one:
            self.notes.append(f"“{query}” is taken by its number in time among what looks or sounds like “{one[0]}”.")

    def look_for(self, query: str) -> None:
        """A search in the video that is named, or in all."""
        video = self._video() if self.inputs.get(self.meant) is not None else None
        self.searched({"query": query, "video": video})

    def moments_like_given(self, *, many: bool, limit: int | None = None) -> str:
        """The moments that are like what was handed over: all of them, so many, or the best."""
        self.searched({"like": "$given", "limit": limit or (ALL if many else 1)})
        return f"${self.found[-1]}.moments"

    def all_found(self, text: str) -> Any:
        """All that was found: by the last search, or the best of several ("both")."""
        if self.picked:
            return list(self.picked)
        several = len(self.found) > 1
        few = all(self.steps[name].args.get("limit") in (None, 1) for name in self.found)
        if several and (re.search(r"\bboth\b", text) or (few and re.search(r"\b(?:them|all|those|these)\b", text))):
            return [f"${name}.moments[0]" for name in self.found]
        return f"${self.found[-1]}.moments"

    def which_found(self, text: str) -> Any:
        """Of what was found before: the one that is meant, or all."""
        if self.picked and not _ORDINAL.search(text):
            return list(self.picked)
        one = _ORDINAL.search(text) or re.search(r"\b(?:it|that|this)\b", text)
        if one and not re.search(r"\b(?:all|each|every)\b", text):
            return [f"${self.found[-1]}.moments[{which(text, ALL) or 0}]"]
        return self.all_found(text)

    def made_film(self) -> str:
        """A reference to the last film that was made, or an empty string."""
        return f"${self.film}" if self.film else f"${self.clips}.clips[0]" if self.clips else ""

    def told(self) -> str:
        """A reference to what the last step says in sentences, or an empty string."""
        saying = (Answer, Transcript, Story)
        return next((f"${n}" for n, s in reversed(self.steps.items()) if self.tools[s.tool].result in saying), "")

    # Stretches of time

    def times(self, slots: Slots) -> dict[str, Any]:
        """The stretch of time that was named, as arguments: on the clock of the video that is meant."""
        named = {"start_s": slots.start_s, "end_s": slots.end_s}
        return {name: self._on_clock(time_s) for name, time_s in named.items() if time_s is not None}

    def _on_clock(self, time_s: float) -> float:
        """A time on the video's own clock, which need not begin at 0."""
        if not isinstance(time_s, FromStart):
            return time_s
        meant, known = self.inputs.get(self.meant), self.stage.videos
        starts = (v.start_s for v in known if meant in (v.id, v.name, str(v.path)))
        return round(float(time_s) + next(starts, 0.0), 3)

    def window(self, clause: Clause) -> tuple[dict[str, Any], list[str]]:
        """The video and the stretch of it: named by times, by a moment to be found, or by what was found before."""
        slots, anchor = clause.slots, clause.anchor
        if slots.has_window or slots.at_s:
            times = self.times(slots) or {"start_s": slots.at_s[0]}
            return self.in_video(times)
        back = self._back(clause)
        if back == {}:
            return {}, ["That was looked for in another video: which part of this one is meant?"]
        if back is not None:
            return back, []
        if anchor is not None:
            if is_back(anchor.words) and clause.subject:
                anchor = replace(anchor, words=clause.subject)
            return self._anchored(anchor), []
        return self.in_video({})

    def recent_window(self, text: str) -> dict[str, Any]:
        """The stretch of what an earlier answer rests on."""
        video, span = self.stage.recent[which(text, len(self.stage.recent)) or 0]
        self.meant = self.meant or "video"
        self.inputs[self.meant] = called(video, self.stage.videos)
        return {"video": self._video(), "start_s": span.start_s, "end_s": span.end_s}

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
        if video := self._video():
            args["video"] = video
        if channels := said_or_written(words):
            args["channels"] = [str(channel) for channel in channels]
        self.searched(args)
        self.anchors[words] = f"${self.found[-1]}.moments[0]"
        return self.anchors[words]

    def _back(self, clause: Clause) -> dict[str, Any] | None:
        """The stretch of what was found before, if the clause refers to it; empty where that is in another video."""
        text = clause.slots.text
        on, up = _ON_FROM.search(text), _UP_TO.search(text)
        refers = on or up or THERE.search(text) or (clause.anchor and is_back(clause.anchor.words))
        if refers and not on and not up and len(self.stretch) > 1 and not self.stage.recent:
            return dict(self.stretch)
        if self.found and (refers or (clause.tool == "describe_video" and re.search(r"\bit\b", text))):
            moment = f"${self.found[-1]}.moments[0]"
            of = self.steps[self.found[-1]].args.get("video")
            if of and self._video() not in (None, of):  # found in another video, whose times these are
                return {}
            video = self._video() or f"{moment}.video.id"
            return {"video": video} | _ends(f"{moment}.span.start_s", f"{moment}.span.end_s", on, up, text)
        if self.stage.recent and not self.found and (refers or BACK.search(text)):
            window = self.recent_window(text)
            return {"video": window["video"]} | _ends(window["start_s"], window["end_s"], on, up, text)
        return None

    def _recent(self, text: str) -> dict[str, Any]:
        window = self.recent_window(text)
        return {"video": window["video"], "at_s": [round((window["start_s"] + window["end_s"]) / 2, 3)]}


_ONE_SCENE = re.compile(r"\b(?:where|when|while|moments?|parts?|scenes?|shots?)\b", re.IGNORECASE)
_SHOT = re.compile(r"the (?:shot|scene|take)", re.IGNORECASE)


_TIMES_OVER = re.compile(r"\s+for the (?:first|second|third|last|final) time$", re.IGNORECASE)


def in_order(query: str) -> dict[str, Any]:
    """The arguments of a search: all in order of time, where one is wanted by its number ("the second cat")."""
    one, bare = numbered(query), _TIMES_OVER.sub("", query)
    if one is None and bare == query:
        return {"query": query}
    return {"query": one[0] if one else looked_for(bare), "order": "time", "limit": ALL}


_GIVEN = re.compile(
    r"\b(?:this|that|it|these|attached|given|here)\b|"
    r"\bthe (?:picture|image|photo|sound|recording|clip|file|drawing)\b",
    re.IGNORECASE,
)


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
    number = ORDINALS[found[1].lower()] if found else 0
    return number if -count <= number < count else None
