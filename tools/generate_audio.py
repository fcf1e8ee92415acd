"""The tool `generate_audio`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from playhead.errors import SettingsError
from playhead.media.origins import SourceType, packet
from playhead.media.waves import write_wave
from playhead.models.roles import Role
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.making import MAKERS, MakeArgs, generated, generator, nobody, short, target, watch
from playhead.tools.retrieving import HEARD, SOUND_SUFFIX, choose, stretch, taken
from playhead.types import Audio, Source

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.tools.retrieving import Choice

_UNHEARD = "It was found by what is seen and said there; nobody has listened whether it sounds like that."


class GenerateAudioArgs(MakeArgs):
    """What is to be heard, and for how long."""

    seconds: float = Field(5.0, ge=0.1, le=600, allow_inf_nan=False, description="How long; of footage at most.")


class GenerateAudio(Tool[GenerateAudioArgs, Audio]):
    """Gives the sound of what is described in words: that of footage which shows or says it, else a new one that a
    model makes, such as rain, applause or music. It does not speak: for a voice there is speak."""

    name: ClassVar[str] = "generate_audio"
    Args: ClassVar[type[Arguments]] = GenerateAudioArgs
    result: ClassVar[type] = Audio
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.WRITES, Effect.GENERATES, Effect.COSTLY})
    roles: ClassVar[frozenset[Role]] = MAKERS
    reads_footage: ClassVar[bool] = False  # it says what was asked for
    indexed: ClassVar[bool] = True

    def run(self, args: GenerateAudioArgs, context: Context) -> Audio:
        """A WAV in the context's folder; footage's sound as it is, in an M4A."""
        choice = choose(args, Role.SOUND_GENERATION, HEARD, context)
        if choice.source is Source.GENERATED:
            return _made(args, context)
        if choice.moments:
            return _taken(args, choice, context)
        error = nobody(Role.SOUND_GENERATION)  # no card can be heard
        raise SettingsError(error.what, f"{error.why}; nothing in the library is like this", error.fix)

    def estimate_s(self, args: GenerateAudioArgs, footage_s: float) -> float:  # noqa: ARG002
        """Some seconds for each second on a small accelerator, loading apart."""
        return 30 + 5 * args.seconds


def _made(args: GenerateAudioArgs, context: Context) -> Audio:
    maker = generator(Role.SOUND_GENERATION, args.model, context)
    recording = maker.sound(args.said(), args.seconds, watch("making sound", args.prompt, context))
    length_s = len(recording.samples) / recording.rate_hz
    off = abs(length_s - args.seconds) > max(0.1, 0.02 * args.seconds)
    note = f"{length_s:.1f} s long instead of {args.seconds:g} s: the model's own steps." if off else ""
    path = _target(".wav", args, maker.id, context)
    write_wave(recording.samples, recording.rate_hz, path, packet(SourceType.MODEL, short(maker.id)))
    return Audio(path, length_s, generated(args, maker.id, note=note), args.prompt)


def _taken(args: GenerateAudioArgs, choice: Choice, context: Context) -> Audio:
    moment = choice.moments[0]
    span = stretch(moment, args.seconds)
    path = _target(SOUND_SUFFIX, args, (choice.source, moment.video.id, span), context)
    film, _ = taken(span, path, moment, "", context)
    return Audio(path, film.length_s, choice.origin(args, moment, film.placed[0].span, _UNHEARD), args.prompt)


def _target(suffix: str, args: GenerateAudioArgs, decides: object, context: Context) -> Path:
    return target("sound", suffix, [GenerateAudio.name, args.model_dump(mode="json"), decides], context)
