"""The tool `summarize`."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from playhead.index.gist import central, changes
from playhead.index.tell import citation, quoted, told
from playhead.index.wording import word
from playhead.models.roles import Role
from playhead.tools.arguments import Label, Stretch, video_field
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Answer, Channel, Claim, Progress, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.types import Citation

_SENTENCES = 5
_TITLE_WORDS = 8
_TOLD = (Channel.SPEECH, Channel.CAPTION, Channel.TEXT, Channel.OBJECT)
_PART = 120  # observations that a language model reads at once


class SummarizeArgs(Stretch):
    """Which video, which part of it, and how."""

    video: Label = video_field("an indexed video")
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
    version: ClassVar[int] = 2

    def run(self, args: SummarizeArgs, context: Context) -> Answer:
        """The most telling sentences in order of time; by a language model where there is one. Any length will do."""
        library = context.library
        video = library.video(args.video)
        segments = library.observed(video, (), args.span(video))
        told_of = [citation(s, video, library.folder) for s in segments if len(re.findall(r"\w", s.text)) > 1]
        context.progress(Progress("summing up", video.name))
        if not told_of:
            return Answer((), (f"Nothing is said, written or recognised there in {video.name}.",))
        count = args.limit or _SENTENCES
        if args.format == "chapters":
            return _chapters(told(told_of), args.span(video), args.limit, context)
        claims = _worth(told_of, count)
        if context.chat is not None:
            return _worded(claims, count, context)
        return Answer(tuple(_central(claims, count, context)))

    def estimate_s(self, args: SummarizeArgs, footage_s: float) -> float:  # noqa: ARG002
        """About a sentence every four seconds of footage, at 20 ms."""
        return 1.0 + footage_s / 4 * 0.02


def _worth(seen: Sequence[Citation], count: int) -> list[Claim]:
    """What is said; where that is not enough, what is captioned, written and seen as well, in this order."""
    kept: list[Citation] = []
    for channel in _TOLD:
        if len(told(kept)) < count:
            kept += [citation for citation in seen if citation.channel is channel]
    return told(kept)


def _central(claims: Sequence[Claim], count: int, context: Context) -> list[Claim]:
    """The most telling, what is said before what is shown."""
    encoder = context.library.models.sentences
    chosen: list[int] = []
    for channel in _TOLD:
        own = [n for n, claim in enumerate(claims) if claim.evidence[0].channel is channel]
        chosen += [own[n] for n in central([claims[n].text for n in own], encoder, count - len(chosen))]
    return [claims[n] for n in sorted(chosen)]


def _chapters(claims: Sequence[Claim], whole: Span, limit: int | None, context: Context) -> Answer:
    """Stretches of one subject each, under what is most telling of it; together they cover the whole."""
    encoder = context.library.models.sentences
    starts = [0, *changes([claim.text for claim in claims], encoder, None if limit is None else limit - 1)]
    times = [whole.start_s, *(claims[start].evidence[0].span.start_s for start in starts[1:]), whole.end_s]
    chapters = []
    for (start, end), (start_s, end_s) in zip(pairwise([*starts, len(claims)]), pairwise(times), strict=True):
        [best] = _central(claims[start:end], 1, context)
        span = Span(start_s, max(start_s, end_s))
        chapters.append(Claim(best.text, (replace(best.evidence[0], span=span),), _title(best)))
    return Answer(tuple(chapters))


def _title(claim: Claim) -> str:
    words = quoted(", ".join(c.text for c in claim.evidence)).split()
    return " ".join(words[:_TITLE_WORDS]).rstrip(".,;:!?") + ("…" if len(words) > _TITLE_WORDS else "")


def _worded(claims: Sequence[Claim], count: int, context: Context) -> Answer:
    """Map-reduce over time: parts are summed up, and then what was written of them."""
    dropped = 0
    while len(claims) > _PART:
        parts = [claims[n : n + _PART] for n in range(0, len(claims), _PART)]
        answers = [_of_part(part, max(count, 8), context) for part in parts]
        dropped += sum(answer.dropped for answer in answers)
        shorter = [claim for answer in answers for claim in answer.claims]
        if not 0 < len(shorter) < len(claims):
            break
        claims = shorter
    last = _of_part(claims[:_PART], count, context)
    return Answer(last.claims[:count], last.notes, last.dropped + dropped)


def _of_part(claims: Sequence[Claim], count: int, context: Context) -> Answer:
    evidence = [citation for claim in claims for citation in claim.evidence]
    assert context.chat is not None
    task = f"Sum up what is said and shown, in at most {count} sentences."
    return word(task, evidence, context.chat, context.library.models.sentences)
