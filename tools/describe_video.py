"""The tool `describe_video`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from playhead.index.depict import described, draft, refined
from playhead.index.wording import MOST, refine, word
from playhead.models.roles import Role
from playhead.tools.arguments import Label, Stretch, video_field
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Answer, Claim, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playhead.index.depict import Scene

_TASK = "Describe what is to be seen and what happens, in order of time."


class DescribeVideoArgs(Stretch):
    """Which video, and which part of it."""

    video: Label = video_field("an indexed video")


class DescribeVideo(Tool[DescribeVideoArgs, Answer]):
    """Describes in prose what is to be seen and what happens in a video or in part of it, scene by scene, for
    somebody who cannot see it."""

    name: ClassVar[str] = "describe_video"
    Args: ClassVar[type[Arguments]] = DescribeVideoArgs
    result: ClassVar[type] = Answer
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SENTENCES, Role.PICTURE})
    indexed: ClassVar[bool] = True
    worded: ClassVar[bool] = True
    version: ClassVar[int] = 2

    def run(self, args: DescribeVideoArgs, context: Context) -> Answer:
        """In two stages, as VideoChat (Li et al. 2023): a draft of all that was observed, then what of it holds."""
        library = context.library
        video = library.video(args.video)
        context.progress(Progress("drafting", video.name))
        scenes = draft(library, video, args.span(video))
        context.progress(Progress("refining", video.name))
        kept = refined(library, video, scenes)
        claims = described(kept)
        if context.chat is None or not claims:
            left_out = sum(len(scene.evidence) for scene in scenes) - sum(len(scene.evidence) for scene in kept)
            notes = (f"Left out, since only one unsure model saw them: {left_out}.",) if left_out else ()
            return Answer(tuple(claims), notes)
        written: list[Claim] = []
        encoder = library.models.sentences
        dropped = 0
        for scenes_read in _batches(kept):
            evidence = [c for scene in scenes_read for c in scene.evidence]
            first = word(_TASK, evidence, context.chat, encoder)
            second = refine("\n".join(claim.text for claim in first.claims), evidence, context.chat, encoder)
            written += second.claims
            dropped += first.dropped + second.dropped
        return Answer(tuple(written), dropped=dropped)

    def estimate_s(self, args: DescribeVideoArgs, footage_s: float) -> float:  # noqa: ARG002
        """A look at each shot and a search or two for what it may show."""
        return 1.0 + footage_s / 5 * 0.15


def _batches(scenes: Sequence[Scene]) -> Iterator[list[Scene]]:
    """Scenes, as many at a time as a language model reads at once."""
    batch: list[Scene] = []
    for scene in scenes:
        if batch and sum(len(other.evidence) for other in [*batch, scene]) > MOST:
            yield batch
            batch = []
        batch.append(scene)
    if batch:
        yield batch
