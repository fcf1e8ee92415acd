"""The decoding process: one linear pass over one open file, fanned out as messages on standard output.

Run as `python -m playhead.media.child DESCRIPTOR` with the request as JSON on standard input. It gets no path, holds
one descriptor, and lives under limits on memory and processor time, so a hostile file can only end this process.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.video.reformatter import VideoReformatter

from playhead.media import formats, wire
from playhead.media.shots import TINY_SIZE, CutFinder, FrameChooser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.subtitles.stream import SubtitleStream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

_RATE_HZ = 16_000
_CHUNK_S = 2.0  # sound is sent in pieces of about this length
_DRIFT_S = 0.15  # sound that jumps by more than this starts a new piece at its true time
_GAP_S = 10.0  # a longer silence between two frames counts as a gap in the timestamps
_BEAT_S = 0.25
_SAME_S = 1e-6
_NEAR_S = 12.0  # decode on to a frame this much later rather than seek
_MOST_WARNINGS = 20
_DAMAGED = "some of it is damaged; it was skipped or shows faults"
_DAMAGE_LIMIT = 200  # undecodable packets before giving up, where nothing else was ever decoded


class TooLargeError(Exception):
    """A limit was passed; the message says which."""


@dataclass
class Tally:
    """What the pass has seen so far."""

    frames: int = 0
    damaged_in_a_row: int = 0
    played_s: float = 0.0
    first_s: float | None = None
    last_s: float | None = None
    end_s: float | None = None
    shown: tuple[float, float] | None = None  # the part of it with a picture
    samples: int = 0
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        """Keep a warning, once; of very many the first."""
        if len(self.warnings) < _MOST_WARNINGS:
            self.warnings.setdefault(text)

    def saw(self, start_s: float, end_s: float) -> None:
        """Widen the time that was covered."""
        self.first_s = start_s if self.first_s is None else min(self.first_s, start_s)
        self.end_s = end_s if self.end_s is None else max(self.end_s, end_s)


class Picture:
    """The picture side of the pass: tiny frames for cuts, samples at the wanted rate, key frames among them."""

    def __init__(self, stream: VideoStream, request: dict[str, Any], tally: Tally, out: BinaryIO) -> None:
        self._stream, self._request, self._tally, self._out = stream, request, tally, out
        self._cuts, self._chooser = CutFinder(), FrameChooser(request["fps"])
        self._tiny, self._small, self._large = VideoReformatter(), VideoReformatter(), VideoReformatter()

    def take(self, frame: VideoFrame) -> None:
        """Observe one decoded frame."""
        time_s = self.time(frame)
        if time_s is None:
            return
        tiny = _rgb(self._tiny, frame, TINY_SIZE, "AREA")
        if self._cuts.is_cut(time_s, tiny):
            self._chooser.cut(time_s)
            wire.send(self._out, {"kind": "cut", "time_s": time_s})
        if self._chooser.sample(time_s):
            self.send(frame, time_s, key=self._chooser.key(time_s, tiny))

    def time(self, frame: VideoFrame) -> float | None:
        """The frame's presentation time; `None` for a frame that repeats an earlier one's."""
        limit, tally = self._request["limits"], self._tally
        if frame.width * frame.height > limit["pixels"]:
            raise TooLargeError(f"a frame has {frame.width}x{frame.height} pixels")
        tally.frames += 1
        if tally.frames > limit["frames"]:
            raise TooLargeError(f"it has more than {limit['frames']:,} frames")
        usual_s = float(1 / self._stream.average_rate) if self._stream.average_rate else 0.04
        if frame.pts is None:
            tally.warn("some frames have no time stamp; their times are estimated")
        time_s = float(frame.time) if frame.pts is not None else self._estimate(usual_s)
        if tally.last_s is not None:
            step_s = time_s - tally.last_s
            if step_s < 0:
                tally.warn(f"time stamps go back after {tally.last_s:.1f} s; frames out of order are left out")
            if step_s <= 0:
                return None
            if step_s > _GAP_S:
                tally.warn(f"time stamps jump from {tally.last_s:.1f} s to {time_s:.1f} s")
            tally.played_s += min(step_s, _GAP_S)
            if tally.played_s > limit["seconds"]:
                raise TooLargeError(f"it plays longer than {limit['seconds']:,.0f} s")
        tally.last_s = time_s
        shown_s = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else usual_s
        until_s = time_s + min(max(shown_s, 0.001), _GAP_S)
        tally.saw(time_s, until_s)
        tally.shown = (tally.shown[0] if tally.shown else time_s, until_s)
        return time_s

    def _estimate(self, usual_s: float) -> float:
        return 0.0 if self._tally.last_s is None else self._tally.last_s + usual_s

    def send(self, frame: VideoFrame, time_s: float, key: bool) -> None:
        """Send a frame as a sample, the large picture with it where it is a key frame."""
        small = self._scaled(self._small, frame, short=self._request["short_side"])
        images = [small]
        if key and self._request["key_side"]:
            images.append(self._scaled(self._large, frame, long=self._request["key_side"]))
        head = {"kind": "sample", "time_s": time_s, "sizes": [image.shape[:2] for image in images]}
        wire.send(self._out, head, b"".join(image.tobytes() for image in images))

    def _scaled(
        self, reformatter: VideoReformatter, frame: VideoFrame, *, short: int = 0, long: int = 0
    ) -> NDArray[np.uint8]:
        """Upright RGB with square pixels; never larger than the frame."""
        ratio = self._stream.sample_aspect_ratio  # the container's own, where the codec states none
        width, height = frame.width * float(ratio or 1), float(frame.height)
        scale = min(1.0, short / min(width, height) if short else long / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        rgb = _rgb(reformatter, frame, size, "BILINEAR")
        return np.ascontiguousarray(_upright(rgb, frame))


class Stills:
    """The frames that are shown at the wanted times, each sent as soon as the next one is known to come later."""

    def __init__(self, picture: Picture, tally: Tally, times_s: list[float]) -> None:
        self._picture, self._tally, self._wanted = picture, tally, times_s
        self._shown: tuple[VideoFrame, float] | None = None

    @property
    def next_s(self) -> float | None:
        """The first time that is still wanted."""
        return self._wanted[0] if self._wanted else None

    def take(self, frames: Iterator[VideoFrame], *, from_start: bool) -> bool:
        """Decode until nothing more is wanted soon. False where the decode began too late for what is wanted."""
        self._shown, self._tally.last_s = None, None
        wanted_s = self._wanted[0]
        for frame in frames:
            time_s = self._picture.time(frame)
            if time_s is None:
                continue
            if self._shown is None and time_s > wanted_s + _SAME_S and not from_start:
                return False
            if self._shown is not None:
                self._send(until_s=time_s)
            self._shown = (frame, time_s)
            if not self._wanted or self._wanted[0] > max(wanted_s, time_s) + _NEAR_S:
                return True
        if self._shown is None and not from_start:
            return False
        self._send(until_s=math.inf)
        self._wanted.clear()
        return True

    def _send(self, until_s: float) -> None:
        while self._shown and self._wanted and self._wanted[0] < until_s - _SAME_S:
            self._wanted.pop(0)
            self._picture.send(*self._shown, key=True)


def _upright(rgb: NDArray[np.uint8], frame: VideoFrame) -> NDArray[np.uint8]:
    """The picture turned by quarters and mirrored as the frame's display matrix says."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return rgb
    a, b, _, c, d = (int(value) for value in np.frombuffer(matrix, np.int32)[:5])
    if abs(a) >= abs(b):
        return rgb[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return rgb.swapaxes(0, 1)[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]


def _rgb(
    reformatter: VideoReformatter, frame: VideoFrame, size: tuple[int, int], interpolation: str
) -> NDArray[np.uint8]:
    scaled = reformatter.reformat(frame, size[0], size[1], format="rgb24", interpolation=interpolation)
    pixels: NDArray[np.uint8] = scaled.to_ndarray().astype(np.uint8, copy=False)
    return pixels


class Sound:
    """The sound side of the pass: mono float32 at 16 kHz in pieces that begin at their true time."""

    def __init__(self, request: dict[str, Any], tally: Tally, out: BinaryIO) -> None:
        self._limits, self._tally, self._out = request["limits"], tally, out
        self._resampler = self._new_resampler()
        self._pieces: list[NDArray[np.float32]] = []
        self._held = 0
        self._start_s = 0.0
        self._next_s: float | None = None  # when the sound after what has arrived should begin
        self._form: tuple[str, str, int] | None = None

    @staticmethod
    def _new_resampler() -> AudioResampler:
        return AudioResampler(format="flt", layout="mono", rate=_RATE_HZ)

    def take(self, frame: Any) -> None:
        """Observe one decoded piece of sound."""
        length_s = frame.samples / frame.sample_rate
        time_s = float(frame.time) if frame.time is not None else (self._next_s or 0.0)
        form = (frame.format.name, frame.layout.name, frame.sample_rate)  # a broadcast may change it on the way
        if self._next_s is None or abs(time_s - self._next_s) > _DRIFT_S or form != self._form:
            self.flush()
            self._start_s = self._next_s = time_s
            self._form = form
        self._next_s += length_s
        self._tally.saw(time_s, time_s + length_s)
        frame.pts = None
        self._keep(self._resampler.resample(frame))
        if self._held >= _CHUNK_S * _RATE_HZ:
            self._send()

    def flush(self) -> None:
        """Send what is held and start afresh."""
        if self._next_s is None:
            return
        self._keep(self._resampler.resample(None))
        self._send()
        self._resampler = self._new_resampler()

    def _keep(self, frames: list[Any]) -> None:
        for frame in frames:
            samples = frame.to_ndarray().reshape(-1)
            self._pieces.append(samples)
            self._held += len(samples)
        if (self._tally.samples + self._held) / _RATE_HZ > self._limits["seconds"]:
            raise TooLargeError(f"its sound lasts longer than {self._limits['seconds']:,.0f} s")

    def _send(self) -> None:
        if not self._pieces:
            return
        samples = np.nan_to_num(np.concatenate(self._pieces)).clip(-1, 1).astype(np.float32)
        wire.send(self._out, {"kind": "sound", "start_s": self._start_s}, samples.tobytes())
        self._tally.samples += len(samples)
        self._start_s += len(samples) / _RATE_HZ
        self._pieces, self._held = [], 0


def main() -> int:
    """Decode the file behind the descriptor in the arguments; everything that happens is a message."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing a library prints can get between the messages
    request = json.load(sys.stdin)
    _limit(request["limits"])
    av.logging.set_level(None)
    try:
        _decode(int(sys.argv[1]), request, out)
    except TooLargeError as error:
        wire.send(out, {"kind": "refused", "why": "limit", "text": str(error)})
    except MemoryError:
        wire.send(out, {"kind": "refused", "why": "limit", "text": "decoding it needs more memory than allowed"})
    except (av.FFmpegError, OSError, ValueError) as error:
        wire.send(out, {"kind": "refused", "why": "damage", "text": _plain(error)})
    return 0


def _limit(limits: dict[str, Any]) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["processor_s"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = int(most) if hard == resource.RLIM_INFINITY else min(int(most), hard)
        resource.setrlimit(kind, (value, hard if kind == resource.RLIMIT_CPU else value))


def _decode(descriptor: int, request: dict[str, Any], out: BinaryIO) -> None:
    with av.open("fd:", options=formats.container_options(descriptor), metadata_errors="replace") as container:
        video, audio, subtitles = _streams(container)
        tally = Tally()
        wire.send(out, {"kind": "probe"} | _probe(container, video, audio, subtitles, request["limits"]))
        if request["probe_only"]:
            return
        if request["at_s"]:
            _pick(container, video, request, tally, out)
            request["picture"] = request["sound"] = False  # it is not meant to reach the end
        else:
            _run(container, video, audio, subtitles, request, tally, out)
        stated_s = container.duration / av.time_base if container.duration else 0.0
        end_s = tally.end_s or 0.0
        found_s = max(end_s, end_s - (tally.first_s or 0.0))  # some containers count from 0, some from the start
        if found_s < 0.9 * stated_s - 0.5 and request["sound" if video is None else "picture"]:
            tally.warn(f"it states {stated_s:.1f} s but ends after {found_s:.1f} s")
    end = {
        "first_s": tally.first_s,
        "end_s": tally.end_s,
        "frames": tally.frames,
        "shown": tally.shown,
        "samples": tally.samples,
        "warnings": list(tally.warnings),
    }
    wire.send(out, {"kind": "end"} | end)


def _streams(
    container: InputContainer,
) -> tuple[VideoStream | None, AudioStream | None, SubtitleStream | None]:
    """The largest real picture (cover art is not video), the first sound and the first subtitles we may decode."""
    cover = av.stream.Disposition.attached_pic
    pictures = [
        s
        for s in container.streams.video
        if not s.disposition & cover and s.codec_context and s.codec_context.name in formats.VIDEO_CODECS
    ]
    sounds = [s for s in container.streams.audio if s.codec_context and s.codec_context.name in formats.AUDIO_CODECS]
    texts = [
        s for s in container.streams.subtitles if s.codec_context and s.codec_context.name in formats.SUBTITLE_CODECS
    ]
    largest = max(pictures, key=lambda s: s.codec_context.width * s.codec_context.height, default=None)
    return largest, next(iter(sounds), None), next(iter(texts), None)


def _probe(
    container: InputContainer,
    video: VideoStream | None,
    audio: AudioStream | None,
    subtitles: SubtitleStream | None,
    limits: dict[str, Any],
) -> dict[str, Any]:
    if video is None and audio is None:
        kinds = sorted({s.type for s in container.streams})
        raise ValueError(f"it holds no video or sound that can be decoded (only: {', '.join(kinds) or 'nothing'})")
    found: dict[str, Any] = {
        "container": container.format.name,
        "start_s": container.start_time / av.time_base if container.start_time is not None else 0.0,
        "stated_duration_s": container.duration / av.time_base if container.duration else None,
        "subtitles": subtitles.codec_context.name if subtitles else None,
    }
    if video is not None:
        context = video.codec_context
        if context.width * context.height > limits["pixels"]:
            raise TooLargeError(f"its picture has {context.width}x{context.height} pixels")
        base, rate = video.base_rate, video.average_rate
        found["video"] = {
            "codec": context.name,
            "width": context.width,
            "height": context.height,
            "average_rate": float(rate) if rate else None,
            "variable_rate": bool(base and rate and abs(float(base) - float(rate)) > 0.02 * float(rate)),
        }
    if audio is not None:
        found["audio"] = {
            "codec": audio.codec_context.name,
            "rate_hz": audio.codec_context.sample_rate,
            "channels": audio.codec_context.channels,
        }
    return found


def _run(
    container: InputContainer,
    video: VideoStream | None,
    audio: AudioStream | None,
    subtitles: SubtitleStream | None,
    request: dict[str, Any],
    tally: Tally,
    out: BinaryIO,
) -> None:
    """Demultiplex once and hand every decoded piece to its side."""
    takers: dict[int, Any] = {}
    sound = Sound(request, tally, out)
    if video is not None and request["picture"]:
        video.thread_type = "NONE"
        takers[video.index] = Picture(video, request, tally, out).take
    if audio is not None and request["sound"]:
        takers[audio.index] = sound.take
    if subtitles is not None and request["subtitles"]:
        takers[subtitles.index] = None
    wanted = [s for s in container.streams if s.index in takers]
    beat = time.monotonic()
    for packet in _packets(container, wanted, tally):
        if packet.stream.type == "subtitle":
            _send_subtitle(packet, out)
            continue
        for frame in _frames(packet, tally):
            takers[packet.stream.index](frame)
        if time.monotonic() - beat > _BEAT_S:
            beat = time.monotonic()
            wire.send(out, {"kind": "beat", "time_s": tally.end_s or 0.0})
    sound.flush()


def _pick(
    container: InputContainer, video: VideoStream | None, request: dict[str, Any], tally: Tally, out: BinaryIO
) -> None:
    """Send the frames shown at `at_s`: decoded from the key frame before, and on while the next is near."""
    if video is None:
        raise ValueError("it has no picture")
    video.thread_type = "NONE"
    stills = Stills(Picture(video, request, tally, out), tally, sorted(request["at_s"]))
    back_s = 0.0  # some containers seek to a frame too late
    while (wanted_s := stills.next_s) is not None:
        container.seek(max(0, int((wanted_s - back_s) * av.time_base)), backward=True)
        frames = (frame for packet in _packets(container, [video], tally) for frame in _frames(packet, tally))
        back_s = 0.0 if stills.take(frames, from_start=back_s >= wanted_s) else 2 * back_s + 10.0


def _packets(container: InputContainer, streams: list[Any], tally: Tally) -> Any:
    """Packets until the end, or until the container is too damaged to go on."""
    packets = container.demux(streams) if streams else iter(())
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except (av.FFmpegError, OSError) as error:
            tally.warn(f"damaged after {tally.end_s or 0.0:.1f} s ({_plain(error)}); the rest could not be read")
            return


def _frames(packet: Any, tally: Tally) -> list[Any]:
    try:
        frames: list[Any] = packet.decode()
    except av.FFmpegError as error:
        tally.damaged_in_a_row += 1
        tally.warn(_DAMAGED)
        if tally.damaged_in_a_row > _DAMAGE_LIMIT and tally.end_s is None:
            raise ValueError(f"nothing in it can be decoded ({_plain(error)})") from error
        return []
    if packet.is_corrupt or any(frame.is_corrupt for frame in frames):
        tally.warn(_DAMAGED)
    if frames:
        tally.damaged_in_a_row = 0
    return frames


def _send_subtitle(packet: Any, out: BinaryIO) -> None:
    try:
        lines = [line.ass.decode("utf-8", "replace") for line in packet.decode() if line.type == b"ass"]
    except av.FFmpegError:
        return
    if lines and packet.pts is not None:
        start_s = float(packet.pts * packet.time_base)
        end_s = start_s + float((packet.duration or 0) * packet.time_base)
        wire.send(out, {"kind": "subtitle", "start_s": start_s, "end_s": end_s, "lines": lines})


def _plain(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).split("; last error log")[0].strip().lower() or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
