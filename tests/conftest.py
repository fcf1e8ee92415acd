"""Footage for the tests, made on demand with the packaged ffmpeg, each once a session; and models to see through."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import warnings
import wave
from pathlib import Path
from typing import TYPE_CHECKING, cast

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import settings
from PIL import Image, ImageDraw, ImageFont

from playhead import Library, Settings
from playhead.models.registry import OFFLINE, Models
from playhead.settings import DEFAULT_CHANNELS
from playhead.testing import FakeModels
from playhead.types import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


settings.register_profile("playhead", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("playhead")

SIZE = "96x54"
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p")
BOTH, COVER = ("-map", "0", "-map", "1"), "attached_pic"
RAW = ("-c:v", "ffv1")  # lossless
SRT = "1\n00:00:00,200 --> 00:00:00,700\n<i>Hello</i> there\n\n2\n00:00:01,000 --> 00:00:01,500\nSecond\nline\n"


def picture(length_s: float, rate: str = "10", size: str = SIZE) -> tuple[str, ...]:
    """A moving test pattern without cuts."""
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={length_s}")


def sound(length_s: float, hertz: int = 440) -> tuple[str, ...]:
    """A tone, mono, 44.1 kHz."""
    return ("-f", "lavfi", "-i", f"sine=f={hertz}:d={length_s}")


def solid(*colours: str) -> tuple[str, ...]:
    """One second of each colour at 10 frames a second, with hard cuts between."""
    inputs = [part for c in colours for part in ("-f", "lavfi", "-i", f"color={c}:s={SIZE}:r=10:d=1")]
    return (*inputs, "-filter_complex", f"concat=n={len(colours)}:v=1:a=0")


NUMBERED = ("-f", "lavfi", "-i", f"color=black:s={SIZE}:r=10:d=5,geq=lum='16+4*N':cb=128:cr=128")

ITS_OWN_TIMES = ("-fps_mode", "passthrough", "-enc_time_base", "1:1000")
SQUARES = ("-vf", "settb=1/1000,setpts=N*N*50", *ITS_OWN_TIMES)  # frame n at n² / 20 s
JUMPS = ("-vf", "settb=1,setpts=N*20", *ITS_OWN_TIMES)  # frame n at 20 n s

# Arguments by file name. `{name}` is another file of the folder.
RECIPES: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*picture(2), *H264),
    "talk.mp4": (*picture(2), *sound(2), *H264, "-c:a", "aac"),
    "talk.mkv": (*picture(2), *sound(2), *H264, "-c:a", "pcm_s16le"),
    "numbered.mkv": (*NUMBERED, *RAW),  # frame n is grey with luma 16 + 4 n
    "ntsc.mp4": (*picture(62, "30000/1001", "32x18"), *H264),
    "vfr.mkv": (*picture(0.8), *SQUARES, *RAW),
    "vfr.mp4": (*picture(0.8), *SQUARES, *H264),
    "short.mp4": (*picture(0.2), *H264),
    "one_frame.mp4": (*picture(0.1), *H264),
    "audio_only.m4a": (*sound(2), "-c:a", "aac"),
    "tone.wav": (*sound(2),),
    "late.ts": (*picture(2), *H264),  # MPEG-TS begins at 1.4 s
    "late.mkv": (*picture(2), *H264, "-output_ts_offset", "100"),
    "upright.mp4": (*picture(0.3), *H264),
    "rotated_90.mp4": ("-display_rotation", "90", "-i", "{upright.mp4}", "-c", "copy"),
    "rotated_180.mp4": ("-display_rotation", "180", "-i", "{upright.mp4}", "-c", "copy"),
    "rotated_270.mp4": ("-display_rotation", "270", "-i", "{upright.mp4}", "-c", "copy"),
    "mirrored.mp4": ("-display_hflip", "-i", "{upright.mp4}", "-c", "copy"),
    "wide_pixels.mp4": (*picture(0.3), "-vf", "setsar=2", *H264),
    "wide_pixels.mkv": (*picture(0.3), "-vf", "setsar=2", *RAW),  # only the container says so
    "subtitled.mp4": (*picture(2), "-i", "{subtitles.srt}", *H264, "-c:s", "mov_text"),
    "subtitled.mkv": (*picture(2), "-i", "{subtitles.srt}", *H264, "-c:s", "srt"),
    "cover.png": (*picture(0.1, size="200x200"), "-frames:v", "1"),
    "cover.m4a": ("-i", "{tone.wav}", "-i", "{cover.png}", *BOTH, "-c:v", "copy", "-disposition:v:0", COVER),
    "cover.mp4": ("-i", "{plain.mp4}", "-i", "{cover.png}", *BOTH, "-c", "copy", "-disposition:v:1", COVER),
    "cuts.mp4": (*solid("red", "green", "blue", "white"), *H264),  # at 1, 2 and 3 s
    "pan.mp4": (*picture(2, size="192x108"), "-vf", "zoompan=z=1.5:x=2*on:d=1:s=96x54:fps=10", *H264),
    "noise.mkv": (
        *("-f", "lavfi", "-i", f"color=gray:s={SIZE}:r=10:d=2"),
        *("-vf", "noise=alls=60:allf=t", *RAW),
    ),
    "gap.mkv": (*picture(0.2), *H264, "-bsf:v", r"setts=ts=if(eq(N\,0)\,0\,1000000/TB)"),
    "jumps.mkv": (*picture(10, "50", "32x18"), *JUMPS, *RAW),
    "huge.mkv": (*("-f", "lavfi", "-i", "color=s=16000x16000:r=25:d=0.04,format=monob"), "-c:v", "png"),
    "stereo.wav": (*("-f", "lavfi", "-i", "aevalsrc=0.5*sin(880*PI*t)|0:d=1:s=44100"),),
    "surround.flac": (*("-f", "lavfi", "-i", "sine=d=1", "-af", "pan=5.1|c2=c0"),),
    "holes.mkv": (*sound(3), "-af", "aselect='lt(t,0.5)+gte(t,2)'", "-c:a", "pcm_s16le"),
    "late_sound.mkv": (*picture(2), "-itsoffset", "1", *sound(1), *H264, "-c:a", "pcm_s16le"),
    "change_1.ts": (*sound(1), "-ac", "2", "-c:a", "mp2"),
    "change_2.ts": (*sound(1), "-ar", "48000", "-c:a", "mp2", "-output_ts_offset", "1"),
    "large.mkv": (*picture(0.4, size="1280x720"), *RAW),
    "long_tone.mkv": (*sound(7), "-c:a", "pcm_s16le"),
    "crowded.mp4": (*picture(10, "50", "32x18"), *H264, "-g", "1", "-movflags", "+faststart"),
    "fast_start.mp4": (*picture(4), *H264, "-g", "10", "-movflags", "+faststart"),
    "long.ts": (*picture(20, size="640x360"), *H264),
    "long.mkv": (*picture(20, size="640x360"), *H264),
}


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The packaged binary."""
    return imageio_ffmpeg.get_ffmpeg_exe()


@pytest.fixture(scope="session")
def clips(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives a clip of `RECIPES` by its name. It is shared: copy it before you change it."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "subtitles.srt").write_text(SRT)

    def clip(name: str) -> Path:
        path = folder / name
        if not path.exists():
            arguments = [str(clip(part.strip("{}"))) if part.startswith("{") else part for part in RECIPES[name]]
            subprocess.run([ffmpeg, "-v", "error", "-nostdin", *arguments, str(path)], check=True, timeout=60)
        return path

    return clip


@pytest.fixture(scope="session")
def cases() -> Path:
    """A folder of collected footage, named by MEDIA_CASES; without it the tests that need it are skipped."""
    folder = os.environ.get("MEDIA_CASES")
    if not folder:
        pytest.skip("MEDIA_CASES names no folder of footage")
    return Path(folder)


def _children() -> set[int]:
    """The processes this one has started and not yet collected."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


@pytest.fixture
def children() -> Callable[[], set[int]]:
    """Gives the processes that this one has started and not yet collected."""
    return _children


# Models small enough to see through


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

    folder, made = tmp_path_factory.mktemp("parts"), tmp_path_factory.mktemp("film") / "film.mp4"
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
    subprocess.run([ffmpeg, "-v", "error", "-nostdin", *inputs, *coding, str(made)], check=True, timeout=60)
    return made


@pytest.fixture(scope="session")
def filmed(film: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of the film, watched and listened to by the real models."""
    folder = tmp_path_factory.mktemp("filmed")
    with Library(folder / "library", settings=Settings(), models=models) as library:
        report = library.add(film)
        assert not report.failed
        assert library.counts("film.mp4").keys() == set(DEFAULT_CHANNELS) - {Channel.MOTION}
        yield library


@pytest.fixture(scope="session")
def demonstration(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration's film as `talk.mp4` and its library; look, but change nothing.

    It is made once for all workers: whoever comes first makes it, the others wait.
    """
    from playhead.interfaces.demo_film import build

    apart = tmp_path_factory.getbasetemp()
    folder = (apart.parent if "PYTEST_XDIST_WORKER" in os.environ else apart) / "demonstration"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder).rename(folder / "talk.mp4")
            with Library(folder / "footage.playhead", settings=Settings(), models=models) as library:
                assert not library.add(folder / "talk.mp4").failed
            (folder / "whole").touch()
    return folder


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny diffusion pipelines by what they make; `checked` draws, and holds back all it draws."""
    from .models import tiny_diffusion as tiny

    folder = tmp_path_factory.mktemp("diffusion")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "image": tiny.tiny_diffusion(folder / "image"),
            "checked": tiny.tiny_diffusion(folder / "checked", checker=True),
            "sound": tiny.tiny_sound(folder / "sound"),
            "film": tiny.tiny_film(folder / "film"),
            "wan": tiny.tiny_wan(folder / "wan"),
        }
