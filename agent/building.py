"""Clauses into the steps of a plan: arguments by slots, prerequisites by type, references by what was found."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from playhead.agent.anchors import BACK, SOMEWHERE, When, bare_moment, is_back, looked_for, told_thing
from playhead.agent.films import is_of_films, of_films
from playhead.agent.language import language, tidy
from playhead.agent.making import MAKING, make
from playhead.agent.pieces import ASKS, is_video_words, polite_less, unquoted, without_names, without_whereabouts
from playhead.agent.reading import PICTURED, WINDOWED, Clause
from playhead.agent.references import field_types, fits
from playhead.agent.slots import Slots, said_or_written
from playhead.agent.steps import ALL, THERE, Steps, in_order
from playhead.index.ordinals import numbered
from playhead.index.questions import ask
from playhead.media.formats import kind_of
from playhead.types import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_AT_S = 10.0  # of what is said at a time this much is told
_EVERY_ONE = re.compile(r"\b(?:every(?:\s+(?:single\s+)?time)?|all|each|any time|whenever|how many)\b", re.IGNORECASE)
_REST = re.compile(r"\b(?:the rest|the remainder|what remains|the remaining)\b", re.IGNORECASE)
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

_IN_GIVEN = re.compile(
    r"\b(?:in|on|of|from|about)\s+(?:this|that|it|these|the (?:sound|recording|clip|file|film|video))\b|\bhere\b",
    re.IGNORECASE,
)
_WHERE_GIVEN = re.compile(
    r"(?:where|when|at what time|in which \w+)\b.{0,30}\b(?:is|are|was|were|does|do|did|can)\b.{0,30}\b"
    r"(?:this|that|it|these)\b",
    re.IGNORECASE,
)
_OF_A_FILM = frozenset("cut_clip contact_sheet export_subtitles export_timeline".split())
_TELLS = frozenset("answer_question describe_image describe_video caption_frames detect_objects read_text".split())


class Builder(Steps):
    """Puts steps together, clause by clause."""

    def add(self, clause: Clause) -> list[str]:
        """The steps of a clause; questions where something is missing."""
        if clause.tool in MAKING and is_of_films(self, clause):
            return of_films(self, clause)
        return self.turn_to(clause.text) or self._added(clause)

    def _added(self, clause: Clause) -> list[str]:
        if self.is_given(clause.text) and self.stage.given is not None:
            meant = self._of_given(clause, self.stage.given)
            if meant is None:
                return []
            clause = meant
        tool = clause.tool
        if tool == "search_moments":
            return self._search(clause)
        if tool == "answer_question":
            return self._question(clause)
        if tool == "caption_frames":
            return self._captions(clause)
        if tool == "extract_frames" or (
            tool == "detect_shots" and self.per_shot(clause.text) and _STILLS.search(clause.text)
        ):
            return self.frames_of(clause)
        if tool in WINDOWED:
            return self._windowed(clause)
        if tool in MAKING:
            return make(self, clause)
        return self._any(clause)

    def _of_given(self, clause: Clause, given: Path) -> Clause | None:
        """The clause as it is meant of what was handed over, a sound or a film as the video. None: it is done."""
        tool = clause.tool
        if tool == "answer_question" and _WHERE_GIVEN.match(polite_less(clause.text)):
            return replace(clause, intent=replace(clause.intent, tool="search_moments"))
        if kind_of(given) == "picture":
            if tool not in _TELLS:
                return clause
            self.step("describe_image", {"image": "$given"})
            return None
        if tool == "answer_question" and _IN_GIVEN.search(clause.text):
            heard = said_or_written(clause.text) == (Channel.SPEECH,) or kind_of(given) == "sound"
            tool = "transcribe" if heard else "describe_video"
        if tool == "describe_video" and all(video.path != given for video in self.stage.videos):
            tool, self.inputs["video"] = "caption_frames", str(given)  # a description is of what is indexed
        clause = replace(clause, intent=replace(clause.intent, tool=tool))
        if clause.tool in WINDOWED or (clause.tool in _OF_A_FILM and not self.found):
            self.inputs["video"] = str(given)
        return clause

    def _any(self, clause: Clause) -> list[str]:
        """A step of any other tool: each argument by its name and type, what is missing from an earlier step."""
        fields, args = self.tools[clause.tool].Args.model_fields, dict[str, Any]()
        window, questions = self.window(clause) if "video" in fields else ({}, [])
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
        self.step(clause.tool, args)
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

    def _search(self, clause: Clause) -> list[str]:
        slots = clause.slots
        words = without_names(slots.text)
        if self.is_given(words) and not unquoted(words):
            many = {"limit": slots.limit or (ALL if _EVERY_ONE.search(slots.text) else None)}
            self.searched({"like": "$given"} | self.times(slots) | many)
            return []
        query = (told_thing(words) if SOMEWHERE.search(words) else looked_for(words)) or bare_moment(words)
        if not query or ((self.has_moments or not numbered(query)) and (is_back(query) or _only_back(query))):
            query = clause.subject
        if not query and self.found:  # "…, can you locate that": it is looked for already
            return []
        if not query:
            return ["What shall I look for?"]
        shot, questions = self.nth_shot(query)
        if shot or questions:
            return questions
        args = in_order(query)
        if self.names_video(slots):
            args["video"] = self._video()
        args |= self.times(slots)
        if slots.limit or _EVERY_ONE.search(slots.text):
            args["limit"] = slots.limit or ALL
        channels = slots.channels or said_or_written(words)
        if channels:
            args["channels"] = [str(channel) for channel in channels]
        self.searched(args, query)
        return []

    def _question(self, clause: Clause) -> list[str]:
        slots = clause.slots
        self.asked = slots.text if slots.has_window else polite_less(clause.text)
        if self.inputs.get(self.meant) is not None:
            self.asked = tidy(without_whereabouts(self.asked)) or self.asked
        args: dict[str, Any] = {"question": self.asked}
        if self.names_video(slots):
            args["video"] = self._video()
        self.step("answer_question", args | self.times(slots) if slots.has_window else args)
        return []

    def _captions(self, clause: Clause) -> list[str]:
        fresh = not self.frames or clause.slots.at_s or clause.slots.every_s
        if fresh and (questions := self.frames_of(clause, from_captions=True)):
            return questions
        self.step("caption_frames", {"frames": f"${self.frames}.frames"})
        return []

    def frames_of(self, clause: Clause, *, from_captions: bool = False) -> list[str]:
        """The steps that take frames, and caption them where the clause asks for that."""
        args, questions = self._where_frames(clause)
        if questions:
            return questions
        self.frames = self.step("extract_frames", args)
        if not from_captions and _CAPTIONS.search(clause.text):
            self.step("caption_frames", {"frames": f"${self.frames}.frames"})
        return []

    def _where_frames(self, clause: Clause) -> tuple[dict[str, Any], list[str]]:
        """Which frames: at times, of shots, within a stretch, or else of moments."""
        slots, anchor = clause.slots, clause.anchor
        if slots.at_s:
            args, questions = self.in_video({})
            return args | {"at_s": list(slots.at_s)}, questions
        if self.per_shot(slots.text):
            args, questions = self.in_video(self.times(slots))
            return ({}, questions) if questions else ({"moments": f"${self.shots_step(args)}.shots"}, [])
        if (
            _FROM_POINT.search(clause.text)
            and slots.start_s is not None
            and slots.end_s is None
            and not slots.every_s
        ):
            args, questions = self.in_video({})
            return args | {"at_s": [self.times(slots)["start_s"]]}, questions
        around = anchor is not None and not is_back(anchor.words)
        if slots.has_window and _EVERY_ONE.search(slots.text) and (subject := _framed(slots.text)):
            return {"moments": self._moments_of(subject, slots)}, []
        if slots.every_s or slots.has_window or (around and anchor and anchor.when is not When.DURING):
            args, questions = self.window(clause)
            several = bool(slots.every_s or slots.has_window)
            return args | {"every_s": slots.every_s, "limit": slots.limit or (None if several else 1)}, questions
        if around and anchor:
            return {"moments": self._moments_of(anchor.words, slots)}, []
        return self._which_frames(clause)

    def _which_frames(self, clause: Clause) -> tuple[dict[str, Any], list[str]]:
        """Frames of what is named with them, of what was found or asked before, or from all over the video."""
        slots = clause.slots
        subject = _framed(slots.text, back=self.has_moments)
        shot, questions = self.nth_shot(subject)
        if shot or questions:
            return {"moments": shot}, questions
        if subject:
            return {"moments": self._moments_of(subject, slots)}, []
        if self.shots and not self.found and _EACH.search(slots.text):
            return {"moments": f"${self.shots}.shots"}, []
        if self.found:
            each = re.search(r"\beach\b", slots.text)
            return {"moments": self.all_found(slots.text), "limit": None if each else slots.limit}, []
        if self.asked and THERE.search(slots.text):
            return {"moments": self._moments_of(ask(self.asked).about, slots)}, []
        if self.stage.recent and BACK.search(slots.text):
            return self._recent(slots.text), []
        args, questions = self.in_video({})
        return args | {"limit": slots.limit}, questions

    def _moments_of(self, words: str, slots: Slots) -> Any:
        """The moments of a new search, for the frames of something that is named with them."""
        query = looked_for(bare_moment(re.sub(r"^(?:the\s+)?(?:every|each|all)\s+", "", words, flags=re.IGNORECASE)))
        many = _EVERY_ONE.search(slots.text) or re.search(r"\bmoments|scenes|places\b", slots.text)
        limit = None if many and slots.limit == 1 else slots.limit
        return self.moments_of(
            query or words, many=bool(many), limit=limit, in_video=self.names_video(slots), times=self.times(slots)
        )

    def _windowed(self, clause: Clause) -> list[str]:
        slots, tool = clause.slots, clause.tool
        if slots.at_s and tool in ("describe_video", "transcribe"):
            return self._captions(clause) if tool == "describe_video" else self._said_at(slots.at_s)
        if tool in PICTURED and (slots.at_s or (self.frames and _STILLS.search(slots.text))):
            if slots.at_s:
                args, questions = self.in_video({})
                if questions:
                    return questions
                self.frames = self.step("extract_frames", args | {"at_s": list(slots.at_s)})
            self.step(tool, {"frames": f"${self.frames}.frames"})
            return []
        args, questions = self.window(clause)
        if questions:
            asks = tool in PICTURED and ASKS.match(polite_less(clause.text))
            return self._question(clause) if asks else questions
        if _REST.search(slots.text) and "end_s" in self.stretch and "start_s" not in args:
            args["start_s"] = self.stretch["end_s"]
        if tool == "summarize":
            args |= {"format": "chapters" if slots.chapters else None, "limit": slots.limit}
        if tool == "transcribe" and (spoken := language(self.request)):
            args["language"] = spoken
        name = self.step(tool, args)
        self.stretch = {k: v for k, v in args.items() if k in ("video", "start_s", "end_s")}
        if tool == "detect_shots":
            self.shots = name
        return []

    def _said_at(self, times_s: Sequence[float]) -> list[str]:
        """What is said from each of these times on, for a while."""
        args, questions = self.in_video({})
        for time_s in () if questions else times_s:
            self.step("transcribe", args | {"start_s": time_s, "end_s": time_s + _AT_S})
        return questions


def _framed(text: str, *, back: bool = True) -> str:
    """What frames are to show; nothing where that is the footage as such, or was named before."""
    what = _FRAME_OF.search(text) or _WHENEVER.search(text)
    subject = looked_for(without_names(what["what"])) if what else ""
    named_before = _only_back(subject) and (back or not numbered(subject))
    return "" if named_before or is_video_words(subject) else subject


def _only_back(text: str) -> bool:
    return bool(BACK.fullmatch(text.strip())) or bool(
        re.fullmatch(
            r"(?:each|every|all|both|that|this|the|those|these)?\s*(?:of\s+)?(?:it|them|those|these|that|this|"
            r"which|moments?|scenes?|part|shot|frames?|ones?|the same)",
            text.strip(),
            re.IGNORECASE,
        )
    )
