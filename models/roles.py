"""The roles a model can play, as Protocols. Every backend of a role passes the role's contract suite.

Shapes: an image is `(height, width, 3)` uint8 RGB; sound is `(samples,)` float32 at 16 kHz, mono, in [-1, 1],
and that of a voice at its own rate;
vectors are `(n, dim)` float32 rows of unit length (an input without content may give a zero row).

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
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence about an image. `composed` is true when it was put together from labels, not written by a model."""

    text: str
    composed: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """How likely a match is at a similarity: `1 / (1 + exp(-slope * (similarity - middle)))` (Platt 1999)."""

    middle: float
    slope: float

    def at(self, similarity: float) -> float:
        """The probability at a similarity, 0 to 1."""
        return 1 / (1 + math.exp(min(60.0, -self.slope * (similarity - self.middle))))


@dataclass(frozen=True, slots=True)
class Finding:
    """How likely something falls in a category of harm, 0 to 1 (calibrated: of ten at 0.8, eight do).

    `cue` is what the score rests on, in a few words: the passage that scored highest, the object that was seen.
    """

    category: str
    score: float
    cue: str = ""


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
