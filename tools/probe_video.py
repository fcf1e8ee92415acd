"""The tool `probe_video`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from playhead.media.decode import Probe, probe
from playhead.tools.arguments import Label
from playhead.tools.contract import Arguments, Context, Tool


class ProbeVideoArgs(Arguments):
    """Which video."""

    video: Label = Field(description="Id, name or path of a video.")


class ProbeVideo(Tool[ProbeVideoArgs, Probe]):
    """Tells what a video file is made of: container, codecs, picture size, frame rate, sound, subtitles, duration."""

    name: ClassVar[str] = "probe_video"
    Args: ClassVar[type[Arguments]] = ProbeVideoArgs
    result: ClassVar[type] = Probe

    def run(self, args: ProbeVideoArgs, context: Context) -> Probe:
        """What the container says of itself."""
        with context.open(args.video) as file:
            return probe(file, context.library.settings.limits)
