"""The tool `summarize`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from playhead.index.gist import central, changes
from playhead.index.tell import citation, quoted, told
from playhead.index.wording import word
from playhead.models.roles import Role
from playhead.tools.arguments import Stretch, video_field
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Answer, Channel, Claim, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.models.chat import Chat
    from playhead.types import Segment

_SENTENCES = 5
_TITLE_WORDS = 8
_TOLD = (Channel.SPEECH, Channel.TEXT, Channel.CAPTION)
_PART = 120  # observations that a language model reads at once


class SummarizeArgs(Stretch):
    """Which video, which part of it, and how."""

    video: str = video_field("an indexed video")
    format: Literal["sentences", "chapters"] = Field(
        "sentences", description="A few sentences, or chapters with titles and times."
    )
    limit: int | None = Field(None, ge=1, le=100, description="How many sentences or chapters; empty: as fits.")


class Summarize(Tool[SummarizeArgs, Answer]):
    """Sums up what is said and shown in a video or in part of it: the main points, key sentences or meeting minutes;
    or its chapters, as a table of contents with times."""

    name: ClassVar[str] = "summarize"
    Args: ClassVar[type[Arguments]] = SummarizeArgs
    result: ClassVar[type] = Answer
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SENTENCES})
    indexed: ClassVar[bool] = True
    worded: ClassVar[bool] = True

    def run(self, args: SummarizeArgs, context: Context) -> Answer:
        """The most telling sentences in order of time; by a language model where there is one. Any length will do."""
        library = context.library
        video = library.video(args.video)
        segments = library.observed(video, (), args.span(video))
        claims = told(citation(segment, video, library.folder) for segment in _worth(segments))
        context.progress(Progress("summing up", video.name))
        if not claims:
            return Answer((), (f"Nothing is said, written or recognised there in {video.name}.",))
        if args.format == "chapters":
            return _chapters(claims, args.limit, context)
        if context.chat is not None:
            return _worded(claims, args.limit or _SENTENCES, context.chat)
        chosen = central([claim.text for claim in claims], library.models.sentences, args.limit or _SENTENCES)
        return Answer(tuple(claims[n] for n in chosen))

    def estimate_s(self, args: SummarizeArgs, footage_s: float) -> float:  # noqa: ARG002
        """About a sentence every four seconds of footage, at 20 ms."""
        return 1.0 + footage_s / 4 * 0.02


def _worth(segments: Sequence[Segment]) -> list[Segment]:
    """What is said, written and captioned; where that is hardly anything, the things that are seen as well."""
    words = [segment for segment in segments if segment.channel in _TOLD]
    return words if len(words) >= _SENTENCES else list(segments)


def _chapters(claims: list[Claim], limit: int | None, context: Context) -> Answer:
    encoder = context.library.models.sentences
    texts = [claim.text for claim in claims]
    starts = [0, *changes(texts, encoder, None if limit is None else limit - 1)]
    chapters = []
    for start, end in pairwise([*starts, len(claims)]):
        [best] = central(texts[start:end], encoder, 1)
        chosen = claims[start + best]
        evidence = tuple(c for claim in (claims[start], chosen, claims[end - 1]) for c in claim.evidence)
        chapters.append(Claim(chosen.text, tuple(dict.fromkeys(evidence)), _title(chosen)))
    return Answer(tuple(chapters))


def _title(claim: Claim) -> str:
    words = quoted(" ".join(c.text for c in claim.evidence)).split()
    return " ".join(words[:_TITLE_WORDS]).rstrip(".,;:!?") + ("…" if len(words) > _TITLE_WORDS else "")


def _worded(claims: Sequence[Claim], count: int, chat: Chat) -> Answer:
    """Map-reduce over time: parts are summed up, and then what was written of them."""
    dropped = 0
    while len(claims) > _PART:
        parts = [claims[n : n + _PART] for n in range(0, len(claims), _PART)]
        answers = [_of_part(part, max(count, 8), chat) for part in parts]
        dropped += sum(answer.dropped for answer in answers)
        shorter = [claim for answer in answers for claim in answer.claims]
        if not 0 < len(shorter) < len(claims):
            break
        claims = shorter
    last = _of_part(claims[:_PART], count, chat)
    return Answer(last.claims, last.notes, last.dropped + dropped)


def _of_part(claims: Sequence[Claim], count: int, chat: Chat) -> Answer:
    evidence = [citation for claim in claims for citation in claim.evidence]
    return word(f"Sum up what is said and shown, in at most {count} sentences.", evidence, chat)
