"""The tool `generate_audio`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from playhead.errors import SettingsError
from playhead.media.origins import packet
from playhead.media.waves import write_wave
from playhead.models.roles import Recording, Role
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.making import MAKERS, MakeArgs, generated, generator, kind_of, nobody, short, target, watch
from playhead.tools.retrieving import HEARD, SOUND_RATE_HZ, choose, heard
from playhead.types import Audio, Source

if TYPE_CHECKING:
    from playhead.tools.retrieving import Choice
    from playhead.types import Origin

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
        """A WAV in the context's folder."""
        choice = choose(args, Role.SOUND_GENERATION, HEARD, context)
        if choice.source is Source.GENERATED:
            recording, origin = _made(args, context)
        elif choice.moments:
            recording, origin = _taken(args, choice, context)
        else:  # no card can be heard
            error = nobody(Role.SOUND_GENERATION)
            raise SettingsError(error.what, f"{error.why}; nothing in the library is like this", error.fix)
        decides = [self.name, args.model_dump(mode="json"), origin.source, origin.model, origin.parts]
        path, kind = target("sound", ".wav", decides, context), kind_of(origin)
        write_wave(recording.samples, recording.rate_hz, path, packet(kind, short(origin.model)) if kind else "")
        return Audio(path, len(recording.samples) / recording.rate_hz, origin, args.prompt)

    def estimate_s(self, args: GenerateAudioArgs, footage_s: float) -> float:  # noqa: ARG002
        """Some seconds for each second on a small accelerator, loading apart."""
        return 30 + 5 * args.seconds


def _made(args: GenerateAudioArgs, context: Context) -> tuple[Recording, Origin]:
    maker = generator(Role.SOUND_GENERATION, args.model, context)
    recording = maker.sound(args.said(), args.seconds, watch("making sound", args.prompt, context))
    length_s = len(recording.samples) / recording.rate_hz
    off = abs(length_s - args.seconds) > max(0.1, 0.02 * args.seconds)
    note = f"{length_s:.1f} s long instead of {args.seconds:g} s: the model's own steps." if off else ""
    return recording, generated(args, maker.id, note=note)


def _taken(args: GenerateAudioArgs, choice: Choice, context: Context) -> tuple[Recording, Origin]:
    moment = choice.moments[0]
    span, sound = heard(moment, args.seconds, context)
    return Recording(sound, SOUND_RATE_HZ), choice.origin(args, moment, span, _UNHEARD)
