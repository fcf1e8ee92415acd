"""Models small enough to see through."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from playhead import Library, Settings
from playhead.models.roles import Detection, Role
from playhead.types import Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from playhead.models.registry import Models

COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "white": (1, 1, 1)}


def _unit(rows: list[NDArray[np.float32]], dim: int) -> NDArray[np.float32]:
    if not rows:
        return np.zeros((0, dim), np.float32)
    matrix = np.stack(rows).astype(np.float32)
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)


@dataclass
class FakeModels:
    """A set of models that know four colours, count how often they are asked, and change their names on demand."""

    calls: Counter[str] = field(default_factory=Counter)
    version: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Role, 1))
    said: str = ""

    def identity(self, role: str) -> str:
        return f"fake-{role}-{self.version[role]}"

    def spec(self, role: str) -> str:
        return f"fake:{self.version[role]}"

    def settle(self, roles: Iterable[str]) -> None:
        """They are all here: nothing is downloaded."""

    def __getattr__(self, name: str) -> _Fake:
        if name not in set(Role):
            raise AttributeError(name)
        return _Fake(self, name)


@dataclass
class _Fake:
    """Any one of them."""

    models: FakeModels
    role: str
    dim: int = 16

    @property
    def id(self) -> str:
        return self.models.identity(self.role)

    def _count(self) -> None:
        self.models.calls[self.role] += 1

    def unreadable(self, text: str) -> str:
        return ""

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self._count()
        return _unit([np.pad(image.mean(axis=(0, 1)) + 0.01, (0, self.dim - 3)) for image in images], self.dim)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._count()
        rows = [sum(np.array(COLOURS[w]) for w in t.split() if w in COLOURS) + np.zeros(3) for t in texts]
        return _unit([np.pad(row, (0, self.dim - 3)) for row in rows], self.dim)

    def crossed(self, query: str, text: str) -> int:
        return 0

    def calibration(self, query: NDArray[np.float32]) -> None:
        """Nobody measured one."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._count()
        rows = []
        for text in texts:
            row = np.zeros(self.dim, np.float32)
            for word in text.lower().split():
                row[hashlib.sha256(word.encode()).digest()[0] % self.dim] += 1
            rows.append(row)
        return _unit(rows, self.dim)

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[tuple[Detection, ...]]:
        self._count()
        found = []
        for image in images:
            mean = image.mean(axis=(0, 1)) / max(1.0, float(image.mean(axis=(0, 1)).max()))
            label = min(COLOURS, key=lambda c: float(np.abs(mean - COLOURS[c]).sum()))
            found.append((Detection(f"{label} thing", 0.9, (0, 0, 1, 1)),))
        return found

    def read(self, image: NDArray[np.uint8]) -> tuple[()]:
        self._count()
        return ()

    def start(self) -> _Fake:
        return self

    def feed(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        self._count()
        return np.ones(len(sound) // 512, np.float32)

    def transcribe(self, sound: NDArray[np.float32], language: str = "") -> tuple[Utterance, ...]:
        self._count()
        return (Utterance(Span(0.0, 0.5), self.models.said),) if self.models.said else ()


@pytest.fixture
def fakes() -> FakeModels:
    return FakeModels()


@pytest.fixture
def opened(tmp_path: Path, fakes: FakeModels) -> Iterator[Callable[..., Library]]:
    """Opens the library at `tmp_path/library` with the fake models; keywords are settings."""
    held: list[Library] = []

    def open_library(folder: Path | None = None, **flags: object) -> Library:
        settings = Settings.model_validate({"channels": ("picture", "object", "text", "speech")} | flags)
        held.append(Library(folder or tmp_path / "library", settings=settings, models=cast("Models", fakes)))
        return held[-1]

    yield open_library
    for library in held:
        library.close()


@pytest.fixture
def place(tmp_path: Path, clips: Callable[[str], Path]) -> Callable[..., Path]:
    """Copies a clip to `tmp_path/footage/NAME`."""

    def copy(clip: str, name: str = "") -> Path:
        target = tmp_path / "footage" / (name or clip)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clips(clip), target)
        return target

    return copy


@pytest.fixture
def talk(ffmpeg: str, tmp_path: Path) -> Path:
    """Two seconds of picture, the first of them with sound."""
    path = tmp_path / "footage" / "talk.mkv"
    path.parent.mkdir(exist_ok=True)
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=96x54:r=10:d=2", "-f", "lavfi", "-i", "sine=d=1"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"]
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", *inputs, *coding, str(path)], check=True, timeout=60)
    return path
