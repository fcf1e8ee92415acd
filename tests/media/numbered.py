"""Footage whose frames carry their number and whose sound clicks once a second, and what is read back from it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CELLS, MARK = 12, (1, 0)  # two cells that say which way is up, and ten bits
SIZE = (192, 108)
CLICK_S = 0.05
LOUD = 0.1
MS = Fraction(1, 1000)


def drawn(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A frame with its number in white and black columns, grey below."""
    width, height = size
    picture = np.full((height, width), 90, np.uint8)
    bits = (*MARK, *(number >> place & 1 for place in reversed(range(CELLS - len(MARK)))))
    for cell, bit in enumerate(bits):
        picture[: height * 2 // 3, cell * width // CELLS : (cell + 1) * width // CELLS] = 235 if bit else 16
    return picture


def number_in(grey: NDArray[np.uint8]) -> int:
    """The number in a picture. A picture that is turned, mirrored or moved gives an `AssertionError`."""
    height, width = grey.shape
    row = grey[height // 6 : height // 2]
    centres = [round((cell + 0.5) * width / CELLS) for cell in range(CELLS)]
    bits = [int(row[:, centre - 2 : centre + 2].mean() > 125) for centre in centres]
    assert tuple(bits[: len(MARK)]) == MARK, "it is not upright"
    return int("".join(map(str, bits[len(MARK) :])), 2)


@dataclass(frozen=True)
class Recipe:
    """How to make a film: when each frame is shown, and how it is stored."""

    name: str
    times: Sequence[Fraction]
    base: Fraction = MS
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] = SIZE
    sound: str = "aac"
    sound_rate_hz: int = 44_100
    start_s: int = 0
    sound_late_s: Fraction = Fraction(0)
    turned: int = 0
    pixel_ratio: Fraction | None = None

    @property
    def length_s(self) -> float:
        return float(self.times[-1] + self.times[1] - self.times[0])


def make(recipe: Recipe, folder: Path, ffmpeg: str) -> Path:
    """The film, in `folder`."""
    path = folder / recipe.name
    stored = path.with_name(f"stored_{path.name}") if recipe.turned else path
    with av.open(str(stored), "w") as film:
        picture = _picture_stream(film, recipe)
        sound = film.add_stream(recipe.sound, rate=recipe.sound_rate_hz, layout="mono") if recipe.sound else None
        pieces = iter(_clicks(recipe)) if sound is not None else iter(())
        heard = next(pieces, None)
        for number, time in enumerate(recipe.times):
            while heard is not None and heard.time <= float(time + recipe.start_s):
                film.mux(sound.encode(heard))
                heard = next(pieces, None)
            pixels = np.ascontiguousarray(np.rot90(drawn(number, recipe.size), -(recipe.turned // 90)))
            frame = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format=recipe.pix_fmt)
            frame.pts, frame.time_base = round((time + recipe.start_s) / recipe.base), recipe.base
            film.mux(picture.encode(frame))
        film.mux(picture.encode(None))
        if sound is not None:
            for piece in (*([heard] if heard is not None else []), *pieces, None):
                film.mux(sound.encode(piece))
    if recipe.turned:
        turn = ["-display_rotation", str(recipe.turned), "-i", str(stored), "-c", "copy", str(path)]
        subprocess.run([ffmpeg, "-v", "error", "-nostdin", "-y", *turn], check=True, timeout=60)
    return path


def _picture_stream(film: Any, recipe: Recipe) -> Any:
    rate = round(len(recipe.times) / recipe.length_s)
    stream = film.add_stream(recipe.codec, rate=rate, options=recipe.options)
    context = stream.codec_context
    turned = recipe.turned % 180 != 0
    context.width, context.height = recipe.size[::-1] if turned else recipe.size
    context.pix_fmt = recipe.pix_fmt
    context.time_base = stream.time_base = recipe.base
    if recipe.pixel_ratio:
        context.sample_aspect_ratio = recipe.pixel_ratio
    return stream


def _clicks(recipe: Recipe) -> Iterable[av.AudioFrame]:
    """A tone of 50 ms at every whole second of the film's own time, silence between."""
    rate_hz = recipe.sound_rate_hz
    late_s = float(recipe.sound_late_s)
    at_s = late_s + np.arange(round((recipe.length_s - late_s) * rate_hz)) / rate_hz
    loud = (at_s + 1e-9) % 1.0 < CLICK_S
    samples = (np.sin(2 * np.pi * 1000 * at_s + np.pi / 4) * loud * 0.8).astype(np.float32)
    for start in range(0, len(samples), 1024):
        block = (samples[None, start : start + 1024] * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        frame.pts = start + round((recipe.start_s + recipe.sound_late_s) * rate_hz)
        yield frame


@dataclass(frozen=True)
class Read:
    """What is in a film: when each frame is shown and its number; when clicks begin; how long the sound is."""

    times_s: tuple[float, ...]
    numbers: tuple[int, ...]
    clicks_s: tuple[float, ...]
    sound_s: float
    size: tuple[int, int]
    pix_fmt: str


def read(path: Path, turned: int = 0) -> Read:
    """Decode it all, with nothing of ours. `turned`: turn the stored frames so much before they are read."""
    times, numbers, heard = list[float](), list[int](), list[tuple[float, Any, int]]()
    size, pix_fmt = (0, 0), ""
    with av.open(str(path)) as film:
        streams = [*film.streams.video[:1], *film.streams.audio[:1]]
        for packet in film.demux(streams):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    times.append(float(frame.time))
                    pixels = frame.reformat(format="gray").to_ndarray()
                    numbers.append(number_in(np.rot90(pixels, turned // 90)))
                    size, pix_fmt = (frame.width, frame.height), frame.format.name
                else:
                    samples = np.abs(_floats(frame)).max(axis=0)
                    heard.append((float(frame.time), samples, frame.sample_rate))
    clicks, sound_s = _onsets(heard)
    return Read(tuple(times), tuple(numbers), clicks, sound_s, size, pix_fmt)


def _floats(frame: av.AudioFrame) -> NDArray[Any]:
    samples = frame.to_ndarray()
    if samples.dtype == np.int16:
        samples = samples / 32768
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    return samples


def _onsets(heard: list[tuple[float, NDArray[Any], int]]) -> tuple[tuple[float, ...], float]:
    """When it becomes loud after at least a fifth of a second of quiet."""
    found: list[float] = []
    last_s, end_s = -np.inf, 0.0
    for start_s, samples, rate_hz in heard:
        for place in np.flatnonzero(samples > LOUD):
            time_s = start_s + place / rate_hz
            if time_s - last_s > 0.2:
                found.append(float(time_s))
            last_s = time_s
        end_s = start_s + len(samples) / rate_hz
    return tuple(found), end_s - (heard[0][0] if heard else 0.0)


def steady(count: int, rate_hz: Fraction | int) -> list[Fraction]:
    """Times at a constant rate."""
    return [number / Fraction(rate_hz) for number in range(count)]


def uneven(count: int) -> list[Fraction]:
    """Times at no rate at all, in whole milliseconds."""
    steps = (40, 20, 100, 33, 67, 17, 250)
    times = [Fraction(0)]
    for number in range(count - 1):
        times.append(times[-1] + steps[number % len(steps)] * MS)
    return times


NTSC = Fraction(30_000, 1001)
LONG_GOP = {"g": "600", "bf": "3", "sc_threshold": "0", "preset": "veryfast"}
RECIPES = (
    Recipe("cfr25.mp4", steady(150, 25), Fraction(1, 12_800), options={"preset": "ultrafast", "g": "50"}),
    Recipe("ntsc.mp4", steady(150, NTSC), 1 / NTSC, sound_rate_hz=48_000),
    Recipe("ntsc.mkv", steady(150, NTSC), MS, sound="libopus", sound_rate_hz=48_000),
    Recipe("vfr.mkv", uneven(100)),
    Recipe("vfr.mp4", uneven(100), Fraction(1, 90_000)),
    Recipe("long_gop.mp4", steady(500, 25), Fraction(1, 12_800), options=LONG_GOP),
    Recipe("long_gop.ts", steady(500, 25), Fraction(1, 90_000), options=LONG_GOP),
    Recipe("delayed.mkv", steady(150, 25), start_s=5),
    Recipe("much_delayed.mkv", steady(150, 25), start_s=100_000),
    Recipe("no_sound.mp4", steady(150, 25), Fraction(1, 12_800), sound=""),
    Recipe("odd.mkv", steady(150, 25), codec="ffv1", pix_fmt="yuv444p", size=(193, 109), sound="pcm_s16le"),
    Recipe("deep.mkv", steady(150, 25), codec="ffv1", pix_fmt="yuv420p10le", sound="flac"),
    Recipe("alpha.mov", steady(150, 25), Fraction(1, 12_800), codec="qtrle", pix_fmt="argb", sound="pcm_s16le"),
    Recipe(
        "vp9.webm",
        steady(100, 25),
        codec="libvpx-vp9",
        options={"deadline": "realtime"},
        sound="libopus",
        sound_rate_hz=48_000,
    ),
    Recipe("mpeg4.avi", steady(150, 25), Fraction(1, 25), codec="mpeg4", options={"bf": "2"}, sound="libmp3lame"),
    Recipe("late_sound.mp4", steady(150, 25), Fraction(1, 12_800), sound_late_s=Fraction(3, 2)),
    Recipe("wide_pixels.mp4", steady(100, 25), Fraction(1, 12_800), size=(96, 108), pixel_ratio=Fraction(2)),
    Recipe("turned_90.mp4", steady(150, 25), Fraction(1, 12_800), turned=90),
    Recipe("turned_180.mp4", steady(150, 25), Fraction(1, 12_800), turned=180),
    Recipe("turned_270.mp4", steady(150, 25), Fraction(1, 12_800), turned=270),
)
