"""The tool `check_safety`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, model_validator

from playhead.models.roles import Role
from playhead.safety.film import Film
from playhead.tools.arguments import Label, Picture, Stretch, Words
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Channel, Door, SafetyReport, Utterance, Video


class CheckSafetyArgs(Stretch):
    """A text, pictures, or a video or part of it."""

    text: Words = Field("", description="A text to judge.")
    video: Label = Field("", max_length=4096, description="Id, name or path of a video to judge, second by second.")
    frames: tuple[Picture, ...] = Field((), max_length=500, description="Frames that extract_frames gave.")
    picture: Path | None = Field(None, description="The absolute path of a picture.")
    door: Door = Field(Door.GENERATE_INPUT, description="At which door of the policy it is judged.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [self.text.strip(), self.video, self.frames, self.picture]
        if sum(map(bool, given)) != 1:
            raise ValueError("give a text, a video, frames or a picture: one of them")
        return self


class CheckSafety(Tool[CheckSafetyArgs, SafetyReport]):
    """Judges whether a text, pictures or a video hold something sexual, hateful, harassing, violent, illicit or about
    self-harm: what the safety policy makes of it, with scores and reasons, and for a video at which times."""

    name: ClassVar[str] = "check_safety"
    Args: ClassVar[type[Arguments]] = CheckSafetyArgs
    result: ClassVar[type] = SafetyReport
    roles: ClassVar[frozenset[Role]] = frozenset(
        {Role.TEXT_SAFETY, Role.IMAGE_SAFETY, Role.VOICE_ACTIVITY, Role.SPEECH}
    )
    judges: ClassVar[bool] = True
    examples: ClassVar[tuple[str, ...]] = (
        "Check this video for violence",
        "Is there anything unsafe in the film?",
        "Is the clip safe to show?",
        "Which parts should children not see?",
    )

    def run(self, args: CheckSafetyArgs, context: Context) -> SafetyReport:
        """One verdict for a text or a picture; for a video those of its stretches that stand out."""
        gate, settings = context.gate, context.library.settings
        if args.text:
            return SafetyReport((gate.verdict(args.door, lambda: gate.judge.text(args.text)),))
        if args.video:
            video = context.video(args.video)
            with context.open(args.video) as file:
                film = Film(
                    file, gate, args.door, settings.limits, within=args.span(video), progress=context.progress
                )
                found = film.stretches(context.library.models, _known(video, context))
                return SafetyReport(tuple(found), video, film.warnings)
        paths = [args.picture] if args.picture else [frame.path for frame in args.frames]
        images = [context.picture(path) for path in paths]
        return SafetyReport(tuple(gate.verdict(args.door, partial(gate.judge.image, image)) for image in images))

    def estimate_s(self, args: CheckSafetyArgs, footage_s: float) -> float:
        """A fifth of a second for each picture."""
        return 1.0 + 0.2 * (len(args.frames) or (footage_s if args.video else 0))


def _known(video: Video, context: Context) -> list[Utterance] | None:
    """What the library knows to be said and written in a video; None where nobody listened to it."""
    library = context.library
    if not library.holds(video) or Channel.SPEECH not in library.indexed(video):
        return None
    return [Utterance(s.span, s.text) for s in library.observed(video, (Channel.SPEECH, Channel.TEXT))]
