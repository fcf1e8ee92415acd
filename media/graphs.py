"""ffmpeg graphs, built from typed values and run with the packaged binary: the one user of ffmpeg-python.

No caller can pass a filter, an option or an address. Footage comes in as the descriptor of a file already
opened safely; pictures and sounds are PNG and WAV files we made. Each input has one protocol and named
demuxers, so that nothing inside a file leads anywhere else. Outputs get a name we choose and appear there
only when they are complete.
"""

from __future__ import annotations

import errno
import math
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ffmpeg

from playhead.errors import MediaLimitError, UnreadableMediaError
from playhead.media.formats import container_options
from playhead.media.sandbox import environment
from playhead.media.saving import unsaved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playhead.errors import StorageError
    from playhead.media.filming import Canvas

AUDIO_RATE_HZ = 48_000
SPEAKER = re.compile(r"^\[[^]]* @ 0x[0-9a-f]+\] ")  # the part of FFmpeg that says a line of its log
_FULL_DISK = ("No space left on device", "Disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Still:
    """A PNG we made, filling the canvas for `frames` frames and slowly growing to `zoom` times its size."""

    path: Path
    frames: int
    zoom: float = 1.0


@dataclass(frozen=True, slots=True)
class Clip:
    """`frames` frames of a video from `start_s` on, fitted into the canvas with black bars.

    `descriptor` is that of an open `MediaFile`. It has one position, so it serves one clip. If the video
    ends early, its last frame stands.
    """

    descriptor: int
    frames: int
    start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Sound:
    """A WAV file we made, heard from `start_s` of the film on."""

    path: Path
    start_s: float


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph ready to run: ffmpeg's arguments, the file they make, and the descriptors they read."""

    arguments: tuple[str, ...]
    target: Path
    descriptors: tuple[int, ...] = ()


def film(shots: Sequence[Still | Clip], sounds: Sequence[Sound], *, canvas: Canvas, target: Path) -> Graph:
    """A graph that joins `shots` into one H.264 film at `target`, with `sounds` laid over it as an AAC track.

    Cuts fall on exact frames: shot n starts at the sum of the frames before it. Clips are silent. The same
    inputs give the same bytes on the same processor.
    """
    if not shots:
        raise ValueError("a film needs at least one shot")
    inputs = _Inputs()
    descriptors = tuple(s.descriptor for s in shots if isinstance(s, Clip))
    if len(set(descriptors)) != len(descriptors):
        raise ValueError("a descriptor serves one clip: open the file once for each")
    frames = sum(_count(s.frames) for s in shots)
    streams = [ffmpeg.concat(*(_shot(s, canvas, inputs) for s in shots), v=1, a=0)]
    if sounds:
        streams.append(_mix(sounds, frames / canvas.rate_hz, inputs))
    output = ffmpeg.output(*streams, inputs.named(_address(_partial_of(target))), **_encoding(frames, canvas))
    return Graph(inputs.addressed(output.get_args()), target, descriptors)


def run(graph: Graph, *, timeout_s: float) -> Path:
    """The finished file. It replaces an older one of that name only once it is complete.

    Raises `MediaLimitError` after `timeout_s`, `StorageError` on a full disk, and `UnreadableMediaError`
    with ffmpeg's last line for every other failure.
    """
    import imageio_ffmpeg

    partial = _partial_of(graph.target)
    partial.unlink(missing_ok=True)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
    try:
        done = subprocess.run(
            [*command, *graph.arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=graph.descriptors,
            env=environment(),
            timeout=timeout_s,
            check=False,
        )
        if done.returncode:
            raise _failure(graph.target, done.returncode, done.stderr)
        partial.replace(graph.target)
    except subprocess.TimeoutExpired as error:
        raise MediaLimitError(
            f"{graph.target.name} was not made", f"ffmpeg ran longer than {timeout_s:g} s"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return graph.target


class _Inputs:
    """Names for the files of a graph while it is put together, each its own.

    ffmpeg-python takes equal inputs for one, which cannot be used twice, and knows no name that is not UTF-8.
    """

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}

    def named(self, address: str) -> str:
        """What stands for the address."""
        name = f"file {len(self._addresses)}"
        self._addresses[name] = address
        return name

    def addressed(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """The arguments with the addresses in their places."""
        return tuple(self._addresses.get(str(argument), str(argument)) for argument in arguments)


def _encoding(frames: int, canvas: Canvas) -> dict[str, str | int]:
    return {
        "format": "mp4",
        "vcodec": "libx264",
        "preset": "veryfast",
        "crf": 20,
        "g": 2 * canvas.rate_hz,
        "pix_fmt": "yuv420p",
        "frames:v": frames,
        "acodec": "aac",
        "audio_bitrate": "128k",
        "threads": 2,  # fixed: the encoder's decisions depend on it
        "map_metadata": -1,
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        "flags:a": "+bitexact",
        "movflags": "+faststart",
    }


def _shot(shot: Still | Clip, canvas: Canvas, inputs: _Inputs) -> Any:
    return _still(shot, canvas, inputs) if isinstance(shot, Still) else _clip(shot, canvas, inputs)


def _still(still: Still, canvas: Canvas, inputs: _Inputs) -> Any:
    growth = f"{_real(still.zoom) - 1:.6f}"
    picture = ffmpeg.input(inputs.named(_address(still.path)), format="png_pipe", protocol_whitelist="file")
    return (
        picture.filter("format", "yuv444p")
        .filter(
            "zoompan",
            z=f"1+{growth}*on/{_count(still.frames)}",
            x="(iw-iw/zoom)/2",
            y="(ih-ih/zoom)/2",
            d=_count(still.frames),
            s=f"{_count(canvas.width)}x{_count(canvas.height)}",
            fps=_count(canvas.rate_hz),
        )
        .filter("setsar", 1)
        .filter("format", "yuv420p")
    )


def _clip(clip: Clip, canvas: Canvas, inputs: _Inputs) -> Any:
    """Cut by time before the rate is made even, so that a gap in the timestamps is not filled with frames."""
    frames, length_s = _count(clip.frames), clip.frames / canvas.rate_hz
    opened = ffmpeg.input(inputs.named("fd:"), **container_options(_count(clip.descriptor, least=0)))
    end_s = _real(clip.start_s) + length_s
    size = {"w": _count(canvas.width), "h": _count(canvas.height)}
    return (
        opened.video.filter("trim", start=f"{clip.start_s:.6f}", end=f"{end_s:.6f}")
        .filter("setpts", "PTS-STARTPTS")
        .filter("fps", _count(canvas.rate_hz))
        .filter("tpad", stop_mode="clone", stop=frames)
        .filter("trim", end_frame=frames)
        .filter("scale", **size, force_original_aspect_ratio="decrease", force_divisible_by=2, reset_sar=1)
        .filter("pad", **size, x="(ow-iw)/2", y="(oh-ih)/2")
        .filter("setsar", 1)
        .filter("format", "yuv420p")
    )


def _mix(sounds: Sequence[Sound], length_s: float, inputs: _Inputs) -> Any:
    tracks = [
        ffmpeg.input(inputs.named(_address(sound.path)), format="wav", protocol_whitelist="file")
        .audio.filter("aformat", sample_rates=AUDIO_RATE_HZ, channel_layouts="mono")
        .filter("adelay", delays=round(_real(sound.start_s) * 1000), all=1)
        for sound in sounds
    ]
    mixed = ffmpeg.filter(tracks, "amix", inputs=len(tracks), duration="longest", normalize=0)
    return mixed.filter("apad", whole_dur=f"{length_s:.6f}").filter("atrim", end=f"{length_s:.6f}")


def _address(path: Path) -> str:
    """An absolute `file:` address: a name cannot be taken for an option or for another protocol."""
    return f"file:{path.absolute()}"


def _partial_of(path: Path) -> Path:
    """Where the film is while it is being written."""
    return path.with_name(f".{path.name}.part")


def _count(value: int, *, least: int = 1) -> int:
    if not isinstance(value, int) or value < least:
        raise ValueError(f"expected a whole number of at least {least}, not {value!r}")
    return value


def _real(value: float) -> float:
    if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"expected a number of at least 0, not {value!r}")
    return value


def _failure(target: Path, code: int, stderr: bytes) -> StorageError | UnreadableMediaError:
    lines = stderr.decode(errors="replace").strip().splitlines()
    if any(sign in line for line in lines for sign in _FULL_DISK):
        return unsaved(target.name, "the disk is full", errno.ENOSPC)
    reason = SPEAKER.sub("", lines[-1]) if lines else f"ffmpeg ended with {code} and gave no reason"
    return UnreadableMediaError(f"{target.name} was not made", reason)
