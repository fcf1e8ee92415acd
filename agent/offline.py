"""The planner that needs no language model: clauses, their likeness to worked requests, slots, and types."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from playhead.agent.anaphora import spoken_out
from playhead.agent.building import Builder
from playhead.agent.footage import choice, under_plain_names
from playhead.agent.foreign import read_foreign
from playhead.agent.intents import Intents, worked_examples
from playhead.agent.pieces import verbatim
from playhead.agent.plan import Plan, Step
from playhead.agent.planner import Proposal, Stage
from playhead.agent.reading import LIKELY, MOST_CLAUSES, Clause, Reader
from playhead.agent.several import said_of_each
from playhead.agent.shares import in_times
from playhead.agent.steps import which
from playhead.agent.wishes import effects_left_out, left_out
from playhead.index.ordinals import ORDINALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from playhead.agent.foreign import Foreign
    from playhead.agent.intents import Example
    from playhead.models.roles import SentenceEncoder
    from playhead.tools.contract import Tool

_OUTSIDE = 0.45  # from this likeness on what no tool does is declined by its name …
_CUT = frozenset(("cut_clip", "make_supercut"))
_CLEAR = 0.45  # … and one clause like a tool lets unclear ones beside it be left out; by hand, as in `reading`
_LONGEST = 2000
_DECLINED = {
    "edit": "changing what footage looks or sounds like", "generate": "inventing texts or likenesses",
    "translate": "translating",
    "send": "sending or publishing anything", "files": "changing, fetching or deleting files",
    "world": "not about your footage",
}  # fmt: skip
_SPACE = re.compile(r"\s+")
_WORDS = re.compile(r"\w+")
_NEVER = re.compile(r"^(?:please\s+)?(?:do not|don't|never)\b", re.IGNORECASE)
_AGAIN = re.compile(
    r"^(?:and\s+|then\s+|so\s+|now\s+)*(?:what about\s+|show me\s+|what (?:is|happens|comes|came|happened|"
    r"is shown|is said) (?:in |on |at )?)?"
    rf"(?P<way>after|before)?\s*(?P<what>that|it|this|the (?:{'|'.join(ORDINALS)})|"
    r"the \w+ (?:one|moment|hit|result))"
    r"(?:\s+one)?[\s?.!]*$",
    re.IGNORECASE,
)
_NEXT_S = 15.0  # of what comes after, or before, this much is described
_ABLE = (
    "I can find moments, answer questions, sum up, describe, transcribe, read text on screen, list objects and "
    "shots, take and caption frames, cut and join footage, write subtitles and timelines, tell stories, speak, and "
    "make pictures, sounds and films"
)


class OfflinePlanner:
    """Plans by example. The same request and stage always give the same plan."""

    def __init__(self, tools: Mapping[str, Tool[Any, Any]], encoder: SentenceEncoder) -> None:
        self._tools = tools
        self._intents = Intents(worked_examples(tools), encoder)
        self._reader = Reader(self._intents)
        self.id = f"offline@{encoder.id}.2"

    def propose(self, request: str, stage: Stage) -> Proposal:
        """A plan, or what to ask back where the request is empty, ambiguous, contradictory or beyond the tools."""
        request = _SPACE.sub(" ", request).strip()
        if not re.search(r"\w", request):
            return Proposal(None, ("What shall I look for or do?",))
        if len(request) > _LONGEST:
            return Proposal(
                None, (f"That is too long to be read at once; please say it in {_LONGEST:,} characters.",)
            )
        words, said = verbatim(request)
        words, stage, names = under_plain_names(words, stage)
        return _as_asked(self._proposed(words, stage), request, said | names)

    def _proposed(self, words: str, stage: Stage) -> Proposal:
        if stage.recent and (again := _AGAIN.match(words)):
            return self._follow_up(words, again, stage)
        if stage.asked_of and not stage.video and spoken_out(words, stage.asked) != words:
            stage = replace(stage, video=stage.asked_of)
        if foreign := read_foreign(words):
            return self._looked_for(foreign, words, stage)
        words, timed, unknown = in_times(said_of_each(words), stage)
        return Proposal(None, tuple(dict.fromkeys(unknown))) if unknown else self._planned(words, stage, timed)

    def _planned(self, words: str, stage: Stage, timed: list[str]) -> Proposal:
        """The plan for a request in English, all of whose times are times; and `timed`, which it says of them."""
        mended = self._intents.spelled(words)
        clauses, remarks = _without_unclear(self._reader.read(mended, stage.asked))
        questions = self._declined(clauses) + [fault for clause in clauses for fault in clause.slots.faults]
        if not clauses:
            questions = [f"That is too much at once; please ask for at most {MOST_CLAUSES} things."]
        if questions:
            return Proposal(None, tuple(dict.fromkeys(questions)))
        builder = Builder(self._tools, stage, words)
        questions = builder.video_questions(clauses)
        for clause in clauses if not questions else ():
            questions += builder.add(clause)
        if questions:
            return Proposal(None, tuple(dict.fromkeys(questions)))
        if left := builder.unused():
            return Proposal(None, (f"What shall be done with {choice(left)}? Say it in a sentence of its own.",))
        if not builder.steps:
            return Proposal(None, (f"I do not know what to do for “{_short(words)}”. {_ABLE}.",))
        notes = [f"“{_short(text)}” was taken for a remark." for text in remarks]
        notes += timed + builder.notes + left_out(words)
        if _CUT & {step.tool for step in builder.steps.values()}:
            notes += effects_left_out(words, str([step.args for step in builder.steps.values()]))
        pairs = zip(_WORDS.findall(words), _WORDS.findall(mended), strict=True)
        notes += [
            f"“{old}” was taken for a slip of “{new}”."
            for old, new in dict.fromkeys(pairs)
            if new not in (old, old.replace("is", "iz"))  # "summarise" is none
        ]
        return Proposal(builder.plan(), notes=tuple(notes))

    def _looked_for(self, foreign: Foreign, words: str, stage: Stage) -> Proposal:
        """A search for what a request in another language is about."""
        only = (
            f"In {foreign.language} this only looks for things; say it in English to have anything else done or "
            "told, or give a language model with --model."
        )
        if foreign.beyond:
            return Proposal(None, (only,))
        builder = Builder(self._tools, stage, words)
        if questions := builder.video_questions(()):
            return Proposal(None, tuple(questions))
        builder.look_for(foreign.about)
        return Proposal(builder.plan(), notes=(f"“{foreign.about}” is looked for. {only}",))

    def _follow_up(self, words: str, again: re.Match[str], stage: Stage) -> Proposal:
        """What is at, after or before something that the last answer rests on."""
        number = which(again["what"], len(stage.recent))
        if number is None:
            return Proposal(None, (f"The last answer rests on {len(stage.recent)} moments: which of them?",))
        video, span = stage.recent[number]
        start_s, end_s = span.start_s, span.end_s
        if again["way"] == "after":
            start_s, end_s = span.end_s, min(span.end_s + _NEXT_S, video.span.end_s)
        elif again["way"] == "before":
            start_s, end_s = max(span.start_s - _NEXT_S, video.span.start_s), span.start_s
        if start_s >= end_s:
            return Proposal(None, (f"There is nothing {again['way']} that in {video.name}.",))
        args: dict[str, JsonValue] = {"video": "$video", "start_s": round(start_s, 3), "end_s": round(end_s, 3)}
        step = Step(tool="describe_video", args=args)
        return Proposal(
            Plan(version=1, request=words, inputs={"video": video.id}, steps={"description": step}, answer="")
        )

    def nearest(self, request: str, count: int) -> list[Example]:
        """The worked requests most like one."""
        return self._intents.nearest(request, count)

    @staticmethod
    def _declined(clauses: list[Clause]) -> list[str]:
        questions = []
        for clause in clauses:
            intent = clause.intent
            if intent.outside and intent.score >= _OUTSIDE and intent.tool in _DECLINED:
                what = _DECLINED[intent.tool]
                questions.append(f"I cannot do “{_short(clause.text)}”: it is {what}. {_ABLE}.")
            elif intent.tool == "talk" and intent.score >= _OUTSIDE:
                questions.append(f"What shall I look for or do? {_ABLE}.")
            elif _NEVER.match(clause.text):
                questions.append(f"“{_short(clause.text)}”: what shall I do instead?")
            elif intent.outside or intent.score < LIKELY:
                questions.append(f"What do you mean by “{_short(clause.text)}”? {_ABLE}.")
        return questions


def _without_unclear(clauses: list[Clause]) -> tuple[list[Clause], list[str]]:
    """The clauses without those that are like nothing, beside one that is clear; and what these said."""
    clear = any(clause.intent.score >= _CLEAR and not clause.intent.outside for clause in clauses)
    unclear = [c for c in clauses if clear and c.intent.score < LIKELY]
    return [clause for clause in clauses if clause not in unclear], [clause.text for clause in unclear]


def _as_asked(proposal: Proposal, request: str, tokens: Mapping[str, str]) -> Proposal:
    """The proposal in the words of the request: what tokens stand for in it is put back."""

    def back(said: Any) -> Any:
        if isinstance(said, str) and tokens:
            longest_first = sorted(tokens, key=len, reverse=True)
            return re.sub("|".join(map(re.escape, longest_first)), lambda found: tokens[found[0]], said)
        if isinstance(said, dict):
            return {key: back(value) for key, value in said.items()}
        return [back(value) for value in said] if isinstance(said, list) else said

    plan = proposal.plan
    if plan is not None:
        plan = Plan.model_validate(back(plan.model_dump(mode="json", exclude={"request"})) | {"request": request})
    return Proposal(plan, tuple(map(back, proposal.questions)), tuple(map(back, proposal.notes)))


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
