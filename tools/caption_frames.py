"""The tool `caption_frames`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from playhead.index.tell import seen_in
from playhead.models.roles import Role
from playhead.tools.arguments import Picture
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.types import Channel, Observations, Progress


class CaptionFramesArgs(Arguments):
    """The frames to look at."""

    frames: tuple[Picture, ...] = Field(max_length=500, description="Frames that extract_frames gave.")


class CaptionFrames(Tool[CaptionFramesArgs, Observations]):
    """Writes a sentence about each extracted frame: what is to be seen in the picture."""

    name: ClassVar[str] = "caption_frames"
    Args: ClassVar[type[Arguments]] = CaptionFramesArgs
    result: ClassVar[type] = Observations
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = frozenset({Role.CAPTION, Role.OBJECTS, Role.PICTURE, Role.TEXT})

    def run(self, args: CaptionFramesArgs, context: Context) -> Observations:
        """A caption that was put together from objects and concepts says so."""
        captioner = context.library.models.caption
        seen = []
        for number, frame in enumerate(args.frames):
            video = context.video(frame.video)
            [caption] = captioner.caption([context.picture(frame.path)])
            seen.append(seen_in(video, frame.time_s, Channel.CAPTION, caption.marked, frame.path, captioner.id))
            context.progress(Progress("captioning", video.name, number + 1, len(args.frames)))
        return Observations(tuple(seen))

    def estimate_s(self, args: CaptionFramesArgs, footage_s: float) -> float:  # noqa: ARG002
        """Objects, concepts and text of each frame."""
        return 2.0 + 1.6 * len(args.frames or range(10))
