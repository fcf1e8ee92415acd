"""The tool `speak`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, model_validator

from playhead.errors import InputError
from playhead.media.origins import SourceType, packet
from playhead.media.waves import wave_file
from playhead.models.roles import Role
from playhead.models.speaking import spoken
from playhead.tools.arguments import MOST_CHARACTERS, Told, Words
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.doorway import DATA
from playhead.tools.making import short
from playhead.tools.naming import fingerprint
from playhead.types import Audio, Origin, Progress, Source

if TYPE_CHECKING:
    from playhead.models.roles import Voice

MOST_WORDS = 5_000
_CHARACTERS_A_SECOND = 14.0
_FASTER_THAN_LIFE = 100.0  # see `models/speaking.py`


class SpeakArgs(Arguments):
    """What is to be said, and how."""

    text: Words = Field("", max_length=MOST_CHARACTERS, description="What is to be said.")
    told: Annotated[Told | None, DATA] = Field(
        None, description="Instead of a text: an answer, a transcript or a story of an earlier step, read aloud."
    )
    language: str = Field(
        "", pattern=r"^([a-z]{2,3})?$", description="Its language (ISO 639); empty: the voice's own."
    )
    speed: float = Field(1.0, ge=0.5, le=2.0, allow_inf_nan=False, description="2 is twice as fast, 0.5 half.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Another number, another reading of the same words.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.told is not None and self.text:
            raise ValueError("give a text or what was told, not both")
        if not self.said.strip():
            raise ValueError("there is nothing to say: give a text, or what an earlier step told")
        if (count := len(self.said.split())) > MOST_WORDS:
            raise ValueError(
                f"{count:,} words are too many: at most {MOST_WORDS:,} are said at once; give it in parts"
            )
        return self

    @property
    def said(self) -> str:
        """The words, wherever they come from."""
        return self.told.text if self.told is not None else self.text


class Speak(Tool[SpeakArgs, Audio]):
    """Says a text, or what an earlier step told, aloud: speech, narration or a voice-over as a sound file, by a
    synthetic voice."""

    name: ClassVar[str] = "speak"
    Args: ClassVar[type[Arguments]] = SpeakArgs
    result: ClassVar[type] = Audio
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.WRITES, Effect.GENERATES})
    roles: ClassVar[frozenset[Role]] = frozenset({Role.VOICE})
    reads_footage: ClassVar[bool] = False

    def run(self, args: SpeakArgs, context: Context) -> Audio:
        """A WAV file in the context's folder, sentence after sentence. The same call gives the same bytes."""
        voice, text = context.library.models.voice, args.said
        check_readable(voice, text, args.language)
        parts = args.told.footage(context) if args.told else ()
        path = context.folder / f"speech-{fingerprint(voice.id, args.model_dump(mode='json'))}.wav"
        done = samples = 0
        with wave_file(path, voice.rate_hz, packet(SourceType.MODEL, short(voice.id))) as add:
            context.progress(Progress("speaking", path.name, 0, len(text)))
            for sentence, sound in spoken(voice, text, args.speed, args.seed):
                samples = add(sound)
                done += len(sentence)
                context.progress(Progress("speaking", path.name, done, len(text)))
            if not samples:
                why = "there is no word in it that this voice can say"
                raise InputError("Nothing was said", why, "Give other words, or another voice")
        origin = Origin(Source.GENERATED, parts, voice.id, args.seed, text)
        return Audio(path, samples / voice.rate_hz, origin, text)

    def estimate_s(self, args: SpeakArgs, footage_s: float) -> float:  # noqa: ARG002
        """A hundredth of the time that it takes to say it."""
        return 1.0 + len(args.said) / _CHARACTERS_A_SECOND / args.speed / _FASTER_THAN_LIFE


def check_readable(voice: Voice, text: str, language: str = "") -> None:
    """Raise `InputError` where the voice cannot read a text or does not speak its language."""
    advice = "Choose another voice with the setting models.voice, such as vits:facebook/mms-tts-deu"
    if language and voice.languages and language not in voice.languages:
        spoken_by_it = ", ".join(sorted(voice.languages))
        raise InputError("The text was not spoken", f"this voice speaks {spoken_by_it}, not {language}", advice)
    if why := voice.unreadable(text):
        raise InputError("The text was not spoken", why, advice)
