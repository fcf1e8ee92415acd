"""The tool `detect_shots`."""

from __future__ import annotations

from typing import ClassVar

from playhead.media.decode import Cut, End, Wants, decode
from playhead.tools.arguments import Label, Stretch, video_field
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Channel, Progress, Shot, Shots, Span, Video


class DetectShotsArgs(Stretch):
    """Which video, and which part of it."""

    video: Label = video_field()


class DetectShots(Tool[DetectShotsArgs, Shots]):
    """Finds the shots of a video: the stretches between its cuts, with their times. Tells how many scenes, cuts or
    camera changes there are."""

    name: ClassVar[str] = "detect_shots"
    Args: ClassVar[type[Arguments]] = DetectShotsArgs
    result: ClassVar[type] = Shots
    indexed: ClassVar[bool] = True
    remembers: ClassVar[Channel | None] = Channel.PICTURE

    def run(self, args: DetectShotsArgs, context: Context) -> Shots:
        """As indexed, or by decoding where the video is not in the library. A shot that reaches out is kept whole."""
        video = context.video(args.video)
        within = args.span(video)
        spans = _shots(video, context)
        return Shots(tuple(Shot(video, span) for span in spans if span.overlap_s(within)))

    def estimate_s(self, args: DetectShotsArgs, footage_s: float) -> float:  # noqa: ARG002
        """Decoding runs at several times real time."""
        return 0.1 + footage_s / 10


def _shots(video: Video, context: Context) -> list[Span]:
    library = context.library
    if library.holds(video) and (known_spans := library.shots(video)):
        return known_spans
    starts, end_s = [video.span.start_s], video.span.end_s
    with context.open(str(video.path)) as file:
        for event in decode(file, Wants(keys=False, sound=False, subtitles=False), library.settings.limits):
            if isinstance(event, Cut):
                starts.append(event.time_s)
                context.progress(Progress("looking for cuts", video.name, event.time_s, end_s))
            elif isinstance(event, End) and event.shown:
                end_s = event.shown.end_s
    return [Span(start, max(start, end)) for start, end in zip(starts, [*starts[1:], end_s], strict=True)]
