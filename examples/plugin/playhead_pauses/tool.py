"""The tool `find_pauses`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from playhead.tools.arguments import Label
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Part, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class FindPausesArgs(Arguments):
    """Which video, and what counts."""

    video: Label = Field(description="Id, name or path of an indexed video.")
    at_least_s: float = Field(0.5, gt=0, allow_inf_nan=False, description="Shorter pauses do not count.")


@dataclass(frozen=True, slots=True)
class Pauses:
    """Where nobody speaks; a later step of a plan takes `$pauses.parts`."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return f"Nobody speaks at {', '.join(str(part.span) for part in self.parts) or 'no time'}."


class FindPauses(Tool[FindPausesArgs, Pauses]):
    """Finds where nobody speaks in a video: the stretches between its sentences, and before and after them."""

    name: ClassVar[str] = "find_pauses"
    Args: ClassVar[type[Arguments]] = FindPausesArgs
    result: ClassVar[type] = Pauses
    indexed: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = (
        "find the pauses in the video",
        "where does nobody speak",
        "when is nothing said",
    )

    def run(self, args: FindPausesArgs, context: Context) -> Pauses:
        """Turn what is said inside out."""
        video = context.library.video(args.video)
        spoken = [utterance.span for utterance in context.library.transcript(video.id).utterances]
        pauses = [span for span in _between(spoken, video.span) if span.duration_s >= args.at_least_s]
        return Pauses(tuple(Part(video, span) for span in pauses))

    def estimate_s(self, args: FindPausesArgs, footage_s: float) -> float:
        """Reading the catalogue."""
        del args, footage_s
        return 0.1


def _between(spoken: Iterable[Span], whole: Span) -> Iterator[Span]:
    """What is left of the whole."""
    end_s = whole.start_s
    for span in spoken:
        if span.start_s > end_s:
            yield Span(end_s, span.start_s)
        end_s = max(end_s, span.end_s)
    if whole.end_s > end_s:
        yield Span(end_s, whole.end_s)
