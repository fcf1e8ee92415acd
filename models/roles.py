"""The roles a model can play, as Protocols. Every backend of a role passes the role's contract suite.

Shapes: an image is `(height, width, 3)` uint8 RGB; sound is `(samples,)` float32 at 16 kHz, mono, in [-1, 1],
and that of a voice at its own rate;
vectors are `(n, dim)` float32 rows of unit length (an input without content may give a zero row).

While footage is indexed a model is called from several threads at once; one that cannot bear it holds a lock.

`id` names what would have to change for the outputs to change (backend, weights, version of the method): it is
stored beside everything a model made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playhead.types import Utterance

Image: TypeAlias = NDArray[np.uint8]
Sound: TypeAlias = NDArray[np.float32]
Vectors: TypeAlias = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000


class Role(StrEnum):
    """What a model is used for; the keys of the `models` setting."""

    PICTURE = "picture"
    OBJECTS = "objects"
    TEXT = "text"
    VOICE_ACTIVITY = "voice_activity"
    SPEECH = "speech"
    SENTENCES = "sentences"
    CAPTION = "caption"
    TEXT_SAFETY = "text_safety"
    IMAGE_SAFETY = "image_safety"
    VOICE = "voice"
    IMAGE_GENERATION = "image"
    SOUND_GENERATION = "sound"
    FILM_GENERATION = "film"


GENERATION = (Role.IMAGE_GENERATION, Role.SOUND_GENERATION, Role.FILM_GENERATION)
"""The roles that make something new: those that nobody needs, and that may have a gallery of several models."""


@dataclass(frozen=True, slots=True)
class Detection:
    """An object in an image. `box` is left, top, right, bottom as fractions of the image, 0 to 1."""

    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text in an image. `box` is left, top, right, bottom as fractions of the image, 0 to 1."""

    text: str
    score: float
    box: tuple[float, float, float, float]


COMPOSED = " (composed)"
"""What marks a caption that no model wrote."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence about an image. `composed` is true when it was put together from labels, not written by a model."""

    text: str
    composed: bool

    @property
    def marked(self) -> str:
        """The sentence, with a mark where it was composed."""
        return self.text + COMPOSED if self.composed else self.text


@dataclass(frozen=True, slots=True)
class Curve:
    """How likely a match is at a similarity: `1 / (1 + exp(-slope * (similarity - middle)))` (Platt 1999)."""

    middle: float
    slope: float

    def at(self, similarity: float) -> float:
        """The probability at a similarity, 0 to 1."""
        return 1 / (1 + math.exp(min(60.0, -self.slope * (similarity - self.middle))))

    def least(self, probability: float) -> float:
        """The similarity from which on it is at least so likely; of a curve that rises."""
        return self.middle - math.log(1 / probability - 1) / self.slope


@dataclass(frozen=True, slots=True)
class Finding:
    """How likely something falls in a category of harm, 0 to 1 (calibrated: of ten at 0.8, eight do).

    `cue` is what the score rests on, in a few words: the passage that scored highest, the object that was seen.
    """

    category: str
    score: float
    cue: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to make, in words, and how. 0 steps and no guidance mean the model's own.

    `negative` says what it is not to show. The same prompt of the same model gives the same output on one machine.
    """

    text: str
    negative: str = ""
    seed: int = 0
    steps: int = 0
    guidance: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Sound as a generator gives it: `samples` are `(n, channels)` float32 in [-1, 1] at `rate_hz`."""

    samples: NDArray[np.float32]
    rate_hz: int


def unwatched(done: int, total: int) -> None:
    """Nobody wants to know how far a generator is."""


@runtime_checkable
class SentenceEncoder(Protocol):
    """Sentences into vectors whose dot product is their likeness in meaning."""

    id: str
    dim: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dim)` unit rows."""

    def crossed(self, query: str, text: str) -> int:
        """How many of the two came over a bridge from another model's space: such pairs have curves of their own."""

    def unreadable(self, text: str) -> str:
        """Why this encoder cannot make sense of `text` (a language it does not know), or `""` when it can."""


@runtime_checkable
class ImageTextEncoder(Protocol):
    """Images and words into one space."""

    id: str
    dim: int

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """`(len(images), dim)` unit rows. Images may differ in size."""

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dim)` unit rows."""

    def calibration(self, query: NDArray[np.float32]) -> Curve | None:
        """The curve for pictures found by one row of `encode_texts`, or None where nobody measured one."""

    def unreadable(self, text: str) -> str:
        """Why this encoder cannot make sense of `text`, or `""` when it can."""


@runtime_checkable
class Detector(Protocol):
    """Objects in images."""

    id: str

    def detect(self, images: Sequence[Image]) -> list[tuple[Detection, ...]]:
        """For each image its objects, best first."""


@runtime_checkable
class TextReader(Protocol):
    """Writing in images."""

    id: str

    def read(self, image: Image) -> tuple[TextLine, ...]:
        """The lines of text in reading order, top to bottom."""


@runtime_checkable
class Captioner(Protocol):
    """A sentence about each image."""

    id: str

    def caption(self, images: Sequence[Image]) -> list[Caption]:
        """One caption an image."""


@runtime_checkable
class VoiceStream(Protocol):
    """One recording on its way through a voice activity model; keeps state between calls."""

    def feed(self, sound: Sound) -> NDArray[np.float32]:
        """The probability of speech for every 512-sample window (32 ms) completed by `sound`, in order."""


@runtime_checkable
class VoiceActivity(Protocol):
    """Where somebody speaks."""

    id: str

    def start(self) -> VoiceStream:
        """A fresh stream, at the beginning of a recording."""


@runtime_checkable
class Transcriber(Protocol):
    """Speech into words with times."""

    id: str

    def transcribe(self, sound: Sound, language: str = "") -> tuple[Utterance, ...]:
        """Utterances with word times, in seconds from the start of `sound`; nothing for silence.

        `language` is an ISO 639-1 code; empty lets the model find out.
        """


@runtime_checkable
class TextModerator(Protocol):
    """Which categories of harm a text falls in. Depicting and doing look alike to it: the policy tells them apart."""

    id: str
    categories: frozenset[str]

    def moderate(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """For each text one finding for each of `categories`, most likely first; of any length, all of it is read."""


@runtime_checkable
class ImageModerator(Protocol):
    """Which categories of harm a picture falls in."""

    id: str
    categories: frozenset[str]

    def moderate(self, images: Sequence[Image]) -> list[tuple[Finding, ...]]:
        """For each image one finding for each of `categories`, most likely first. Images may differ in size."""


@runtime_checkable
class ImageGenerator(Protocol):
    """Pictures out of words. A size of 0 is the model's own; others must suit it, or are an `InputError`.

    `step` is told how many steps are done of how many (0: not known), several times a second; what it raises ends the
    work and comes out.
    """

    id: str

    def draw(
        self, prompt: Prompt, width: int = 0, height: int = 0, step: Callable[[int, int], None] = unwatched
    ) -> Image:
        """A new picture."""

    def redraw(
        self,
        prompt: Prompt,
        image: Image,
        strength: float | None = None,
        mask: NDArray[np.bool_] | None = None,
        step: Callable[[int, int], None] = unwatched,
    ) -> Image:
        """The picture, changed: `strength` of it, 0 to 1; with a `(height, width)` mask only where that is true."""

    def grain(self) -> int:
        """Widths and heights must be multiples of this many pixels."""


@runtime_checkable
class SoundGenerator(Protocol):
    """Sound out of words; `step` as of pictures."""

    id: str

    def sound(self, prompt: Prompt, length_s: float, step: Callable[[int, int], None] = unwatched) -> Recording:
        """Sound of about this length."""


@runtime_checkable
class FilmGenerator(Protocol):
    """Moving pictures out of words, or out of a picture and words; `step` as of pictures."""

    id: str

    def film(
        self,
        prompt: Prompt,
        frames: int = 0,
        rate_hz: float = 0.0,
        size: tuple[int, int] = (0, 0),
        image: Image | None = None,
        step: Callable[[int, int], None] = unwatched,
    ) -> NDArray[np.uint8]:
        """`(frames, height, width, 3)`, about as many as asked for; `size` is width and height, `image` its start."""

    def grain(self) -> int:
        """Widths and heights must be multiples of this many pixels."""


@runtime_checkable
class Voice(Protocol):
    """Sentences into speech."""

    id: str
    rate_hz: int
    languages: frozenset[str]
    """ISO 639-1 codes of what it speaks; empty where that is not known."""

    def speak(self, text: str, speed: float = 1.0, seed: int = 0) -> Sound:
        """One sentence as mono sound at `rate_hz`, in [-1, 1]; the same seed gives the same samples.

        A `speed` of 2 takes half the time. Nothing for what it cannot say.
        """

    def unreadable(self, text: str) -> str:
        """Why this voice cannot read `text` (a script it does not know), or `""` when it can."""


PROTOCOLS: dict[Role, type] = {
    Role.PICTURE: ImageTextEncoder,
    Role.OBJECTS: Detector,
    Role.TEXT: TextReader,
    Role.VOICE_ACTIVITY: VoiceActivity,
    Role.SPEECH: Transcriber,
    Role.SENTENCES: SentenceEncoder,
    Role.CAPTION: Captioner,
    Role.TEXT_SAFETY: TextModerator,
    Role.IMAGE_SAFETY: ImageModerator,
    Role.VOICE: Voice,
    Role.IMAGE_GENERATION: ImageGenerator,
    Role.SOUND_GENERATION: SoundGenerator,
    Role.FILM_GENERATION: FilmGenerator,
}
"""What a model of each role is."""
