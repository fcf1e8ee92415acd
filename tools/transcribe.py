"""The tool `transcribe`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from playhead.index.listen import transcribe
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.types import Transcript


class TranscribeArgs(Arguments):
    """Which video, and the language spoken in it."""

    video: str = Field(description="Id, name or path of a video or sound file.")
    language: str = Field("", pattern=r"^([a-z]{2,3})?$", description="ISO 639-1 code; empty: recognised.")


class Transcribe(Tool[TranscribeArgs, Transcript]):
    """Writes down what is said in a video or sound file, sentence by sentence, with the time of every word."""

    name: ClassVar[str] = "transcribe"
    Args: ClassVar[type[Arguments]] = TranscribeArgs
    result: ClassVar[type] = Transcript
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.COSTLY})

    def run(self, args: TranscribeArgs, context: Context) -> Transcript:
        """Listen to the sound; subtitles are not used."""
        library = context.library
        with context.open(args.video) as file:
            return transcribe(file, library.models, args.language, library.settings.limits, context.progress)
