"""The picture side of the pass: decoded frames in; cuts, samples and stills out as messages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from av.video.reformatter import VideoReformatter

from playhead.media import wire
from playhead.media.levels import Levels
from playhead.media.shots import TINY_SIZE, CutFinder, FrameChooser
from playhead.media.tally import Tally, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

_GAP_S = 10.0  # a longer silence between two frames counts as a gap in the timestamps
_SAME_S = 1e-6
_NEAR_S = 12.0  # decode on to a frame this much later rather than seek


class Picture:
    """The picture side of the pass: tiny frames for cuts, samples at the wanted rate, key frames among them."""

    def __init__(self, stream: VideoStream, request: dict[str, Any], tally: Tally, out: BinaryIO) -> None:
        self._stream, self._request, self._tally, self._out = stream, request, tally, out
        self._cuts, self._chooser = CutFinder(), FrameChooser(request["fps"])
        self._tiny, self._small, self._large = VideoReformatter(), VideoReformatter(), VideoReformatter()
        self._levels = Levels(inverse=request["inverse"])
        self._usual_s = float(1 / stream.average_rate) if stream.average_rate else 0.04
        self._tick_s = float(stream.time_base) if stream.time_base else 0.0
        self._reach_s = -math.inf  # of the packets that were left out
        self._all = request.get("frames", "every") == "every"

    def take(self, frame: VideoFrame) -> None:
        """Observe one decoded frame."""
        time_s = self.time(frame)
        if time_s is None:
            return
        tiny = _rgb(self._tiny, self._levels.shown(frame), TINY_SIZE, "AREA")
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
        if frame.pts is None:
            tally.warn("some frames have no time stamp; their times are estimated")
        time_s = float(frame.time) if frame.pts is not None else self._estimate()
        if tally.last_s is not None:
            step_s = time_s - tally.last_s
            if step_s < 0:
                tally.warn(f"time stamps go back after {tally.last_s:.1f} s; frames out of order are left out")
            if step_s <= 0:
                return None
            if step_s > _GAP_S and self._all:
                tally.warn(f"time stamps jump from {tally.last_s:.1f} s to {time_s:.1f} s")
            tally.played_s += min(step_s, _GAP_S)
            if tally.played_s > limit["seconds"]:
                raise TooLargeError(f"it plays longer than {limit['seconds']:,.0f} s")
        tally.last_s = time_s
        self._show(time_s, frame.duration)
        return time_s

    def meet(self, packet: Packet[Any]) -> None:
        """Note how far a packet reaches: frames that are left out are shown all the same."""
        if not self._all and packet.pts is not None:
            self._reach_s = max(self._reach_s, self._end_s(float(packet.pts) * self._tick_s, packet.duration))
            if self._tally.shown:
                self._show(self._tally.shown[0], None)

    def _end_s(self, time_s: float, ticks: int | None) -> float:
        return time_s + min(max((ticks or 0) * self._tick_s or self._usual_s, 0.001), _GAP_S)

    def _show(self, time_s: float, ticks: int | None) -> None:
        tally = self._tally
        until_s = max(self._end_s(time_s, ticks), self._reach_s)
        tally.saw(time_s, until_s)
        first_s, last_s = tally.shown or (time_s, until_s)
        tally.shown = (first_s, max(last_s, until_s))

    def _estimate(self) -> float:
        return 0.0 if self._tally.last_s is None else self._tally.last_s + self._usual_s

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
        rgb = _rgb(reformatter, self._levels.shown(frame), size, "BILINEAR")
        return np.ascontiguousarray(upright(rgb, frame))


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


def upright(pixels: NDArray[np.uint8], frame: VideoFrame) -> NDArray[np.uint8]:
    """The picture turned by quarters and mirrored as the frame's display matrix says."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return pixels
    a, b, _, c, d = (int(value) for value in np.frombuffer(matrix, np.int32)[:5])
    if abs(a) >= abs(b):
        return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return pixels.swapaxes(0, 1)[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]


def _rgb(
    reformatter: VideoReformatter, frame: VideoFrame, size: tuple[int, int], interpolation: str
) -> NDArray[np.uint8]:
    scaled = reformatter.reformat(frame, *size, format="rgb24", interpolation=interpolation, threads=1)
    pixels: NDArray[np.uint8] = scaled.to_ndarray().astype(np.uint8, copy=False)
    return pixels
