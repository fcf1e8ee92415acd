"""The tool `answer_question`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from playhead.index.answering import Answering
from playhead.models.roles import Role
from playhead.tools.arguments import Label, Stretch, Words
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Answer


class AnswerQuestionArgs(Stretch):
    """The question, and where to look."""

    question: Words = Field(min_length=1, max_length=2000, description="A question in plain words.")
    video: Label = Field("", max_length=4096, description="Id, name or path of one video; empty: the whole library.")


class AnswerQuestion(Tool[AnswerQuestionArgs, Answer]):
    """Answers a question about what is seen or said in indexed videos: what, who, why, whether, how many times, for
    how long, in which order, what happens before or after something; with the times that the answer rests on."""

    name: ClassVar[str] = "answer_question"
    Args: ClassVar[type[Arguments]] = AnswerQuestionArgs
    result: ClassVar[type] = Answer
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SENTENCES, Role.PICTURE})
    indexed: ClassVar[bool] = True
    worded: ClassVar[bool] = True
    version: ClassVar[int] = 3

    def run(self, args: AnswerQuestionArgs, context: Context) -> Answer:
        """The time is found first; only what lies there is looked at closely."""
        library = context.library
        video, span = args.within(args.video, context)
        return Answering(library, video, span, context.chat).answer(args.question)

    def estimate_s(self, args: AnswerQuestionArgs, footage_s: float) -> float:  # noqa: ARG002
        """A few searches."""
        return 2.0
