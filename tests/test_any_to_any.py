"""Text, image, audio and video in; text, image, audio and video out: each cell of the table runs, as its script."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

from playhead.index import library as library_module
from playhead.models.registry import PROFILES, Models

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from playhead import Library

ROOT = Path(__file__).parents[1]
CELLS = ROOT / "examples" / "any_to_any"
NAMES = sorted(path.stem for path in CELLS.glob("*.py"))
KINDS = ("text", "image", "audio", "video")
SAID = ("ferry", "half past nine")
CAT, MOTORCYCLE = (6.0, 9.0), (9.0, 12.0)
STAMP = re.compile(r"\[(\d+):(\d\d\.\d)–(\d+):(\d\d\.\d)\]")


@dataclass
class Ran:
    """What a script printed and left."""

    code: int
    said: str
    files: dict[Path, str] = field(default_factory=dict)

    def only(self, ending: str) -> Path:
        [path] = [path for path in self.files if path.suffix == ending]
        return path

    def beside(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(path.with_name(f"{path.name}.provenance.json").read_text())
        return found


@pytest.fixture(scope="module")
def given(film: Path, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A cat as a picture, what is said over it as a sound, and both as a film; none is in the library as such."""
    folder = tmp_path_factory.mktemp("given")
    made = {"image": folder / "cat.png", "audio": folder / "said.wav", "video": folder / "part.mp4"}
    options = {
        "image": ("-ss", "7", "-frames:v", "1", "-s", "320x180"),
        "audio": ("-ss", "6", "-vn", "-t", "5"),
        "video": ("-ss", "6", "-t", "3", "-crf", "30"),
    }
    for kind, path in made.items():
        command = [ffmpeg, "-v", "error", "-i", str(film), *options[kind], str(path)]
        subprocess.run(command, check=True, timeout=60)
    return made


@pytest.fixture
def run(
    filmed: Library,
    models: Models,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Ran]:
    """Runs a script as from a shell, in an empty folder, on the library of the film; models are loaded only once."""
    monkeypatch.chdir(tmp_path)

    def loaded(specs: dict[str, str], **how: Any) -> Models:
        return models if specs == PROFILES["offline"] else Models(specs, **how)

    monkeypatch.setattr(library_module, "Models", loaded)

    def ran(name: str, *arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", str(filmed.folder), *map(str, arguments)])
        code = 0
        try:
            runpy.run_path(str(CELLS / f"{name}.py"), run_name="__main__")
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr().out
        files = re.findall(r"^(retrieved|generated|composed|stand-in): (/.*)$", said, re.MULTILINE)
        found = Ran(code, said, {Path(path): source for source, path in files})
        assert all(found.beside(path)["source"] == source for path, source in found.files.items())
        return found

    return ran


def pixels(path: Path, size: tuple[int, int] = (64, 36)) -> NDArray[np.float32]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").resize(size), np.float32)


def frame_of(path: Path, time_s: float, size: tuple[int, int] = (64, 36)) -> NDArray[np.float32]:
    """What a film shows at a time."""
    with av.open(str(path)) as film:
        frame = next(f for f in film.decode(video=0) if (f.time or 0.0) >= time_s - 1e-3)
        return np.asarray(frame.to_image().resize(size), np.float32)


def alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return float(np.abs(one - other).mean()) < 12


def shows(picture: NDArray[np.float32], film: Path, time_s: float) -> bool:
    """Whether a picture is the one of this time, and none of another shot."""
    return [alike(picture, frame_of(film, t)) for t in (1.5, 4.5, 7.5, 10.5)] == [
        abs(t - time_s) < 1.5 for t in (1.5, 4.5, 7.5, 10.5)
    ]


def heard(path: Path, models: Models) -> str:
    """What Whisper hears in a WAV file."""
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    times = np.arange(0, len(sound) / rate_hz, 1 / 16_000)
    at_16_khz = np.interp(times, np.arange(len(sound)) / rate_hz, sound).astype(np.float32)
    return " ".join(u.text for u in models.speech.transcribe(at_16_khz, "en")).lower()


def within(ran: Ran, span: tuple[float, float]) -> bool:
    """Whether all that was made is of this stretch of the film."""
    parts = [part for path in ran.files for part in ran.beside(path)["sources"]]
    return bool(parts) and all(span[0] - 0.3 <= p["start_s"] <= p["end_s"] <= span[1] + 1.2 for p in parts)


# Words in


def test_text_to_text(run: Callable[..., Ran]) -> None:
    ran = run("text_to_text", "What is said about the ferry?")
    assert ran.code == 0
    assert all(word in ran.said for word in SAID)
    [minute, start, _, end] = STAMP.findall(ran.said)[0]
    assert (minute, 5.5 < float(start) < 7, 8 < float(end) < 11) == ("0", True, True)


def test_text_to_image(run: Callable[..., Ran], film: Path) -> None:
    ran = run("text_to_image", "a motorcycle")
    assert ran.code == 0
    assert set(ran.files.values()) <= {"retrieved", "stand-in"}
    assert shows(pixels(ran.only(".png")), film, 10.5)
    assert within(ran, MOTORCYCLE)
    assert ("Nothing here can draw" in ran.said) is (ran.files[ran.only(".png")] == "stand-in")


def test_what_nothing_shows_is_a_card_that_says_so(run: Callable[..., Ran]) -> None:
    ran = run("text_to_image", "a parade of purple elephants")
    assert list(ran.files.values()) == ["composed"]
    assert "a card says what was asked for" in ran.said


def test_text_to_audio(run: Callable[..., Ran], models: Models) -> None:
    ran = run("text_to_audio", "The doctor keeps the vaccine in the refrigerator.")
    assert list(ran.files.values()) == ["generated"]
    assert all(word in heard(ran.only(".wav"), models) for word in ("doctor", "vaccine", "refrigerator"))


def test_text_to_video(run: Callable[..., Ran], film: Path) -> None:
    ran = run("text_to_video", "a motorcycle")
    assert set(ran.files.values()) <= {"retrieved", "stand-in"}
    assert shows(frame_of(ran.only(".mp4"), 0.5), film, 10.5)
    assert within(ran, MOTORCYCLE)


# A picture in


def test_image_to_text(run: Callable[..., Ran], given: dict[str, Path]) -> None:
    ran = run("image_to_text", given["image"])
    assert ran.code == 0
    assert re.search(r"^In it: .*\bcat\b", ran.said, re.MULTILINE)


def test_image_to_image(run: Callable[..., Ran], given: dict[str, Path], film: Path) -> None:
    ran = run("image_to_image", given["image"])
    assert set(ran.files.values()) == {"retrieved"}
    assert any(shows(pixels(path), film, 7.5) for path in ran.files)


def test_image_to_audio(run: Callable[..., Ran], given: dict[str, Path], models: Models) -> None:
    stopped = run("image_to_audio", given["image"])
    assert (stopped.code, stopped.files) == (4, {})
    assert "came out of footage" in stopped.said
    ran = run("image_to_audio", given["image"], "--because", "it is my own picture")
    assert list(ran.files.values()) == ["generated"]
    assert "cat" in heard(ran.only(".wav"), models)


def test_image_to_video(run: Callable[..., Ran], given: dict[str, Path], film: Path) -> None:
    ran = run("image_to_video", given["image"])
    assert set(ran.files.values()) == {"retrieved"}
    assert shows(frame_of(ran.only(".mp4"), 0.5), film, 7.5)
    assert within(ran, CAT)


# A sound in


def test_audio_to_text(run: Callable[..., Ran], given: dict[str, Path]) -> None:
    ran = run("audio_to_text", given["audio"])
    assert ran.code == 0
    assert all(word in ran.said for word in SAID)
    assert STAMP.search(ran.said)


def test_audio_to_image(run: Callable[..., Ran], given: dict[str, Path], film: Path) -> None:
    ran = run("audio_to_image", given["audio"])
    assert set(ran.files.values()) == {"retrieved"}
    assert any(shows(pixels(path), film, 7.5) for path in ran.files)


def test_audio_to_audio(run: Callable[..., Ran], given: dict[str, Path], models: Models) -> None:
    ran = run("audio_to_audio", given["audio"], "--because", "it is my own recording")
    path = ran.only(".wav")
    assert all(word in heard(path, models) for word in ("island", "half past nine"))
    assert [part["name"] for part in ran.beside(path)["sources"]] == ["said.wav"]


def test_audio_to_video(run: Callable[..., Ran], given: dict[str, Path], film: Path) -> None:
    ran = run("audio_to_video", given["audio"])
    assert set(ran.files.values()) == {"retrieved"}
    assert shows(frame_of(ran.only(".mp4"), 0.5), film, 7.5)


# A film in


def test_video_to_text(run: Callable[..., Ran], given: dict[str, Path]) -> None:
    ran = run("video_to_text", given["video"])
    assert ran.code == 0
    assert re.findall(r"^A cat\..* \[0:0[0-2]\.\d\]$", ran.said, re.MULTILINE)


def test_video_to_image(run: Callable[..., Ran], given: dict[str, Path]) -> None:
    ran = run("video_to_image", given["video"])
    [path] = ran.files
    assert {part["name"] for part in ran.beside(path)["sources"]} == {"part.mp4"}
    assert pixels(path).std() > 20


def test_video_to_audio(run: Callable[..., Ran], given: dict[str, Path], models: Models) -> None:
    ran = run("video_to_audio", given["video"], "--because", "it is my own film")
    assert "island" in heard(ran.only(".wav"), models)
    assert run("video_to_audio", given["video"]).code == 4


def test_video_to_video(run: Callable[..., Ran], given: dict[str, Path], film: Path) -> None:
    ran = run("video_to_video", given["video"])
    assert shows(frame_of(ran.only(".mp4"), 0.5), film, 7.5)
    assert {path.suffix for path in ran.files} == {".mp4", ".otio", ".edl", ".fcpxml"}


# Combined


def test_text_and_image_to_video(run: Callable[..., Ran], given: dict[str, Path], film: Path) -> None:
    ran = run("text_and_image_to_video", "a cup of coffee", given["image"])
    first, second = ran.beside(ran.only(".mp4"))["sources"]
    assert shows(frame_of(ran.only(".mp4"), 0.5), film, 1.5)  # what was found goes by time
    assert shows(frame_of(ran.only(".mp4"), second["at_s"] + 0.5), film, 7.5)
    assert first["at_s"] < second["at_s"]


def test_image_and_audio_to_text(run: Callable[..., Ran], given: dict[str, Path]) -> None:
    ran = run("image_and_audio_to_text", given["image"], given["audio"])
    assert re.search(r"^film\.mp4 0:0\d\.\d–.*half past nine", ran.said, re.MULTILINE)


def test_text_to_text_image_audio_video(run: Callable[..., Ran], models: Models) -> None:
    ran = run("text_to_text_image_audio_video", "the video")
    assert {path.suffix for path in ran.files} >= {".md", ".html", ".jpg", ".mp4", ".srt"}
    assert "The ferry to the island leaves" in ran.only(".md").read_text()
    with av.open(str(ran.only(".mp4"))) as film:
        assert film.streams.audio
        assert film.duration > 10e6


def test_text_and_image_to_image_needs_a_model_and_says_so(run: Callable[..., Ran], given: dict[str, Path]) -> None:
    ran = run("text_and_image_to_image", "a watercolour", given["image"])
    assert (ran.code, ran.files) == (1, {})
    assert "Nothing here can draw" in ran.said
    assert "models" in ran.said


@pytest.mark.parametrize(
    ("name", "arguments", "role", "ending"),
    [
        ("text_and_image_to_image", ("a watercolour", "{image}"), "image", ".png"),
        ("text_to_image", ("a green hill under a moon",), "image", ".png"),
    ],
)
def test_a_model_makes_what_no_footage_shows(
    name: str, arguments: tuple[str, ...], role: str, ending: str,
    run: Callable[..., Ran], given: dict[str, Path], pipelines: dict[str, Path],
) -> None:  # fmt: skip
    Path("playhead.toml").write_text(f'[models]\n{role} = "diffusers:{pipelines[role]}"\n')
    ran = run(name, *(argument.format(**given) for argument in arguments))
    path = ran.only(ending)
    assert ran.files[path] == "generated"
    assert ran.beside(path)["model"].startswith("diffusers:")


# All of them


def test_every_cell_has_a_script_a_test_and_a_row() -> None:
    table = {f"{one}_to_{other}" for one in KINDS for other in KINDS}
    assert table <= set(NAMES)
    tested = [name for name in globals() if name.startswith("test_")]
    longer = {name: [other for other in NAMES if other.startswith(f"{name}_")] for name in NAMES}
    assert [
        name
        for name in NAMES
        if not any(
            test.startswith(f"test_{name}") and not any(test.startswith(f"test_{other}") for other in longer[name])
            for test in tested
        )
    ] == []
    page = (ROOT / "docs" / "any-to-any.md").read_text()
    assert [name for name in NAMES if f"any_to_any/{name}.py" not in page] == []
    assert [name for name in NAMES if len((CELLS / f"{name}.py").read_text().splitlines()) > 35] == []


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_goes_in_and_what_comes_out(name: str, run: Callable[..., Ran]) -> None:
    ran = run(name, "--help")
    doc = re.match(r'"""(.*?)"""', (CELLS / f"{name}.py").read_text(), re.DOTALL)
    assert doc
    assert ran.code == 0
    assert " ".join(doc[1].split())[:50] in " ".join(ran.said.split())
