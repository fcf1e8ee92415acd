"""The planner that needs no language model: clauses, their likeness to worked requests, slots, and types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playhead.agent.building import Builder
from playhead.agent.intents import Intents, worked_examples
from playhead.agent.planner import Proposal, Stage
from playhead.agent.reading import LIKELY, MOST_CLAUSES, Clause, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playhead.agent.intents import Example
    from playhead.models.roles import SentenceEncoder
    from playhead.tools.contract import Tool

_OUTSIDE = 0.45
_CLEAR = 0.45
_LONGEST = 2000
_DECLINED = {
    "edit": "editing footage", "generate": "making new pictures, films or texts", "translate": "translating",
    "send": "sending or publishing anything", "files": "changing, fetching or deleting files",
    "world": "anything outside the footage",
}  # fmt: skip
_ABLE = (
    "I can find moments, answer questions, sum up, describe, transcribe, read text on screen, list objects and "
    "shots, and take and caption frames"
)


class OfflinePlanner:
    """Plans by example. The same request and stage always give the same plan."""

    def __init__(self, tools: Mapping[str, Tool[Any, Any]], encoder: SentenceEncoder) -> None:
        self._tools = tools
        self._intents = Intents(worked_examples(tools), encoder)
        self._reader = Reader(self._intents)
        self.id = f"offline@{encoder.id}.1"

    def propose(self, request: str, stage: Stage) -> Proposal:
        """A plan, or what to ask back where the request is empty, ambiguous, contradictory or beyond the tools."""
        words = re.sub(r"\s+", " ", request).strip()
        if not re.search(r"\w", words):
            return Proposal(None, ("What shall I look for or do?",))
        if len(words) > _LONGEST:
            return Proposal(
                None, (f"That is too long to be read at once; please say it in {_LONGEST:,} characters.",)
            )
        clauses, remarks = _without_unclear(self._reader.read(words))
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
        if not builder.steps:
            return Proposal(None, (f"I do not know what to do for “{_short(words)}”. {_ABLE}.",))
        return Proposal(builder.plan(), notes=tuple(f"“{_short(text)}” was taken for a remark." for text in remarks))

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
                questions.append(f"“{_short(clause.text)}” is {what}, which I cannot do. {_ABLE}.")
            elif intent.outside or intent.score < LIKELY:
                questions.append(f"What do you mean by “{_short(clause.text)}”? {_ABLE}.")
        return questions


def _without_unclear(clauses: list[Clause]) -> tuple[list[Clause], list[str]]:
    """The clauses without those that are like nothing, beside one that is clear; and what these said."""
    clear = any(clause.intent.score >= _CLEAR and not clause.intent.outside for clause in clauses)
    unclear = [c for c in clauses if clear and c.intent.score < LIKELY]
    return [clause for clause in clauses if clause not in unclear], [clause.text for clause in unclear]


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
