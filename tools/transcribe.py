"""The tool `transcribe`."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from playhead.index.listen import transcribe
from playhead.models.roles import Role
from playhead.tools.arguments import Label, Stretch
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.types import Channel, Transcript, Video


class TranscribeArgs(Stretch):
    """Which video, which part of it, and the language spoken in it."""

    video: Label = Field(description="Id, name or path of a video or sound file.")
    language: Label = Field("", pattern=r"^([a-z]{2,3})?$", description="ISO 639-1 code; empty: recognised.")


class Transcribe(Tool[TranscribeArgs, Transcript]):
    """Writes down what is said in a video or sound file, sentence by sentence, with the time of every word."""

    name: ClassVar[str] = "transcribe"
    Args: ClassVar[type[Arguments]] = TranscribeArgs
    result: ClassVar[type] = Transcript
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = frozenset({Role.VOICE_ACTIVITY, Role.SPEECH})
    indexed: ClassVar[bool] = True
    remembers: ClassVar[Channel | None] = Channel.SPEECH

    def run(self, args: TranscribeArgs, context: Context) -> Transcript:
        """As indexed, where it was and no language is given; otherwise by listening, subtitles not used."""
        video = context.video(args.video)
        span = args.span(video)
        said = self._said(video, args.language, context)
        kept = tuple(u for u in said.utterances if u.span.overlap_s(span) or u.span.start_s == span.start_s)
        return replace(said, utterances=kept, video=video)

    @staticmethod
    def _said(video: Video, language: str, context: Context) -> Transcript:
        library = context.library
        if not language and library.holds(video) and Channel.SPEECH in library.indexed(video):
            return library.transcript(video)
        with context.open(str(video.path)) as file:
            return transcribe(file, library.models, language, library.settings.limits, context.progress)

    def estimate_s(self, args: TranscribeArgs, footage_s: float) -> float:  # noqa: ARG002
        """Listening takes a twentieth of what it hears (benchmarks/RESULTS.md, Indexing), and decoding counts."""
        return 1.0 + footage_s / 10
