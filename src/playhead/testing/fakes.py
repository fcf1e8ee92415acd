"""Models small enough to see through: they know four colours, count how often they are asked, and load nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from playhead.models.roles import GENERATION, Caption, Detection, Finding, Role
from playhead.types import Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from playhead.models.registry import Models

COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "white": (1, 1, 1)}


class WordModerator:
    """A moderator of texts that knows one word for each category, and is sure of it."""

    id = "words"
    WORDS: ClassVar[dict[str, str]] = {"hate": "hatefully", "violence": "bloodbath", "illicit": "moonshine"}

    def __init__(self) -> None:
        self.categories = frozenset(self.WORDS)
        self.texts: list[str] = []

    def moderate(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """1.0 for a category whose word is there, else 0.0; `texts` keeps what it was asked."""
        self.texts += texts
        found = [[Finding(c, float(word in text.lower()), word) for c, word in self.WORDS.items()] for text in texts]
        return [tuple(sorted(findings, key=lambda finding: -finding.score)) for findings in found]


def _unit(rows: list[NDArray[np.float32]], dim: int) -> NDArray[np.float32]:
    if not rows:
        return np.zeros((0, dim), np.float32)
    matrix = np.stack(rows).astype(np.float32)
    lengths: NDArray[np.float32] = np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    return matrix / lengths


class RedModerator:
    """Takes whatever is red for a weapon."""

    id = "red"
    categories = frozenset({"illicit"})

    def moderate(self, images: Sequence[NDArray[np.uint8]]) -> list[tuple[Finding, ...]]:
        """Sure of an image as far as it is redder than it is anything else."""
        means = [image.reshape(-1, 3).mean(axis=0) / 255 for image in images]
        return [(Finding("illicit", float(np.clip(m[0] - max(m[1], m[2]), 0, 1)), "red"),) for m in means]


@dataclass
class FakeModels:
    """A set of models that know four colours, count how often they are asked, and change their names on demand."""

    calls: Counter[str] = field(default_factory=Counter)
    version: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Role, 1))
    said: str = ""
    moderators: dict[str, Any] = field(
        default_factory=lambda: {Role.TEXT_SAFETY: WordModerator(), Role.IMAGE_SAFETY: RedModerator()}
    )
    makers: Models | None = None
    threads: int = 1

    def identity(self, role: str) -> str:
        """Changes with `version`."""
        if self.makers and role in GENERATION:
            return self.makers.identity(role)
        return f"fake-{role}-{self.version[role]}"

    def generates(self, role: Role, name: str = "") -> bool:
        """Only where there are `makers`."""
        return bool(self.makers and self.makers.generates(role, name))

    def generator(self, role: Role, name: str = "") -> Any:
        """Of the `makers`, or None."""
        return self.makers.generator(role, name) if self.makers else None

    def spec(self, role: str) -> str:
        """Changes with `version`."""
        return f"fake:{self.version[role]}"

    def settle(self, roles: Iterable[str]) -> None:
        """They are all here: nothing is downloaded."""

    def __getattr__(self, name: str) -> Any:
        if name not in set(Role):
            raise AttributeError(name)
        if name in (Role.TEXT_SAFETY, Role.IMAGE_SAFETY):
            return self.moderators[name]
        return FakeModel(self, name)


@dataclass
class FakeModel:
    """Any one of them."""

    models: FakeModels
    role: str
    dim: int = 16
    rate_hz: int = 8000
    languages: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """As the set names it."""
        return self.models.identity(self.role)

    def _count(self) -> None:
        self.models.calls[self.role] += 1

    def unreadable(self, text: str) -> str:  # noqa: ARG002
        """Everything is read."""
        return ""

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """By the mean colour."""
        self._count()
        return _unit([np.pad(image.mean(axis=(0, 1)) + 0.01, (0, self.dim - 3)) for image in images], self.dim)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """By the names of colours in them."""
        self._count()
        rows = [sum(np.array(COLOURS[w]) for w in t.split() if w in COLOURS) + np.zeros(3) for t in texts]
        return _unit([np.pad(row, (0, self.dim - 3)) for row in rows], self.dim)

    def crossed(self, query: str, text: str) -> int:  # noqa: ARG002
        """There is no bridge."""
        return 0

    def calibration(self, query: NDArray[np.float32]) -> None:
        """Nobody measured one."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """By words: two texts are alike as far as they share some."""
        self._count()
        rows = []
        for text in texts:
            row = np.zeros(self.dim, np.float32)
            for word in text.lower().split():
                row[hashlib.sha256(word.encode()).digest()[0] % self.dim] += 1
            rows.append(row)
        return _unit(rows, self.dim)

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[tuple[Detection, ...]]:
        """One thing a picture, called by the colour that is nearest."""
        self._count()
        found: list[tuple[Detection, ...]] = []
        for image in images:
            mean = image.mean(axis=(0, 1)) / max(1.0, float(image.mean(axis=(0, 1)).max()))
            label = min(COLOURS, key=lambda c: float(np.abs(mean - COLOURS[c]).sum()))
            found.append((Detection(f"{label} thing", 0.9, (0, 0, 1, 1)),))
        return found

    def read(self, image: NDArray[np.uint8]) -> tuple[()]:  # noqa: ARG002
        """Nothing is ever written anywhere."""
        self._count()
        return ()

    def caption(self, images: Sequence[NDArray[np.uint8]]) -> list[Caption]:
        """What `detect` says."""
        self._count()
        return [Caption(f"a {found[0].label}", composed=False) for found in self.detect(images)]

    def start(self) -> FakeModel:
        """It keeps no state."""
        return self

    def feed(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """Somebody always speaks."""
        self._count()
        return np.ones(len(sound) // 512, np.float32)

    def transcribe(self, sound: NDArray[np.float32], language: str = "") -> tuple[Utterance, ...]:  # noqa: ARG002
        """What the set says is `said`, if anything."""
        self._count()
        return (Utterance(Span(0.0, 0.5), self.models.said),) if self.models.said else ()

    def speak(self, text: str, speed: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
        """A tone for each letter, of another height for another seed."""
        self._count()
        times = np.arange(round(len(text) / 500 / speed * self.rate_hz)) / self.rate_hz
        return (np.sin(2 * np.pi * (220 + seed % 100) * times) / 4).astype(np.float32)
