"""Models small enough to see through, and a short film of real pictures and a real voice."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import wave
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from playhead import Library, Settings
from playhead.models.registry import OFFLINE, Models
from playhead.models.roles import Detection, Role
from playhead.types import Channel, Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

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


@pytest.fixture(scope="session")
def models() -> Models:
    """The real offline models, loaded once."""
    return Models(OFFLINE, threads=2)


SHOT_S = 3
SAID = "The ferry to the island leaves at half past nine."
SHOWN = ("coffee.png", "rocket.jpg", "chelsea.png", "motorcycle_left.png")


@pytest.fixture(scope="session")
def film(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds each of a coffee, a rocket with GATE B12 on it, a cat over which `SAID` is said, a motorcycle."""
    import skimage
    from hibari import SAMPLE_RATE, Hibari

    folder = tmp_path_factory.mktemp("film")
    photographs = next(iter(skimage.__path__))
    inputs: list[str] = []
    for number, name in enumerate(SHOWN):
        with Image.open(f"{photographs}/data/{name}") as photograph:
            still = photograph.convert("RGB").resize((640, 360))
        if name == "rocket.jpg":
            draw = ImageDraw.Draw(still)
            draw.rectangle((180, 270, 480, 345), fill=(10, 30, 90))
            draw.text((200, 280), "GATE B12", (255, 255, 255), ImageFont.load_default(52))
        still.save(folder / f"{number}.png")
        inputs += ["-loop", "1", "-framerate", "10", "-t", str(SHOT_S), "-i", str(folder / f"{number}.png")]
    with wave.open(str(folder / "said.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((np.clip(Hibari()(SAID), -1, 1) * 32000).astype("<i2").tobytes())
    count = len(SHOWN)
    graph = f"concat=n={count}:v=1:a=0[v];[{count}:a]adelay={2 * SHOT_S * 1000}:all=1,apad=whole_dur=12[a]"
    inputs += ["-i", str(folder / "said.wav"), "-filter_complex", graph, "-map", "[v]", "-map", "[a]"]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(
        [ffmpeg, "-v", "error", "-nostdin", *inputs, *coding, str(folder / "film.mp4")], check=True, timeout=60
    )
    return folder / "film.mp4"


@pytest.fixture(scope="session")
def filmed(film: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of the film, watched and listened to by the real models."""
    folder = tmp_path_factory.mktemp("filmed")
    with Library(folder / "library", settings=Settings(), models=models) as library:
        report = library.add(film)
        assert not report.failed
        assert library.counts("film.mp4").keys() == set(Channel) - {Channel.CAPTION}
        yield library
