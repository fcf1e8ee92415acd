"""Cutting what was decoded to a span: pictures by when they are shown, sound by the sample.

Nothing here touches a container. Times are seconds on the clock of the source; spans are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from av.audio.resampler import AudioResampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from av.audio.frame import AudioFrame
    from numpy.typing import NDArray

RATE_HZ = 48_000
SAME_S = 1e-6
_JUMP_S = 0.005  # sound that is off by more than this is set right
_LEAD_S = 0.1  # sound that ends earlier than this before the span is not even converted
_SILENCE = RATE_HZ  # samples at a time


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame, its own time, and when the next one takes its place or the span ends."""

    frame: Any
    time_s: float
    until_s: float


class PictureTrim:
    """The frames shown within a span: from the one shown at its start to the last that begins before its end.

    Where the picture begins later than the span, its first frame stands from the start on.
    """

    def __init__(self, start_s: float, end_s: float) -> None:
        self._start_s, self._end_s = start_s, end_s
        self._held: tuple[Any, float] | None = None
        self.done = False

    def take(self, frame: Any, time_s: float) -> Shown | None:
        """Which frame stood until this one, if it is of the span. Frames come in order of time."""
        if self.done:
            return None
        held = self._held
        if time_s >= self._end_s - SAME_S:
            self._held = held or (frame, time_s)
            self.done = True
            return self.finish(self._end_s)
        self._held = (frame, time_s)
        return Shown(*held, time_s) if held and time_s > self._start_s + SAME_S else None

    def finish(self, until_s: float) -> Shown | None:
        """The frame that stood at the end."""
        held, self._held = self._held, None
        return Shown(*held, until_s) if held else None


class SteadyPicture:
    """Gives a constant rate to frames of any: each output frame shows what was shown then, within half of one.

    The first is the one that is shown at `start_s`. Times that a container rounded do not make frames stutter, since
    every other is taken from near the middle of the time for which it is shown.
    """

    def __init__(self, start_s: float, rate_hz: Fraction) -> None:
        self._start_s, self._rate_hz = start_s, rate_hz
        self._offset_s: float | None = None
        self.count = 0

    def repeats(self, shown: Shown, most: int) -> int:
        """How many output frames this one becomes; `most` in all."""
        half_s = float(1 / (2 * self._rate_hz))
        if self._offset_s is None:
            late_s = max(0.0, self._start_s - shown.time_s)
            self._offset_s = min(half_s, max(-half_s, half_s - late_s))
        before = self.count
        while self.count < most and (self.count == 0 or self._next_s < shown.until_s - SAME_S):
            self.count += 1
        return self.count - before

    @property
    def _next_s(self) -> float:
        assert self._offset_s is not None
        return self._start_s + float(self.count / self._rate_hz) + self._offset_s


class SoundTrim:
    """Stereo float32 at 48 kHz, cut to a span by the sample; silence where there is none. `write` gets `(2, n)`."""

    def __init__(self, start_s: float, count: int, write: Callable[[NDArray[np.float32]], None]) -> None:
        self._start_s, self._count, self._write = start_s, count, write
        self._resampler: AudioResampler | None = None
        self._form: tuple[str, str, int] | None = None
        self._next_s = 0.0  # when the sound after what has arrived should begin
        self._at = 0  # the sample of the span where the next converted one belongs
        self.written = 0
        self.until_s: float | None = None

    @property
    def done(self) -> bool:
        """Whether the span is full."""
        return self.written >= self._count

    def take(self, frame: Any) -> None:
        """Use one decoded piece of sound."""
        time_s = float(frame.time) if frame.pts is not None else self._next_s
        length_s = frame.samples / frame.sample_rate
        self.until_s = time_s + length_s
        if self.done or self.until_s < self._start_s - _LEAD_S:
            return
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form or abs(time_s - self._next_s) > _JUMP_S:
            self._restart(time_s, frame.layout.nb_channels)
            self._form = form
        self._next_s += length_s
        frame.pts = None
        assert self._resampler is not None
        for converted in self._resampler.resample(frame):
            self._put(converted)

    def finish(self, count: int) -> None:
        """All there is was taken: fill up to `count` samples with silence."""
        self._flush()
        self._count = min(self._count, count)
        self._silence(self._count)

    def _restart(self, time_s: float, channels: int) -> None:
        self._flush()
        # Brought to stereo by FFmpeg, a single channel would become softer.
        layout = "mono" if channels == 1 else "stereo"
        self._resampler = AudioResampler(format="fltp", layout=layout, rate=RATE_HZ)
        self._next_s = time_s
        self._at = round((time_s - self._start_s) * RATE_HZ)

    def _flush(self) -> None:
        if self._resampler is not None:
            for converted in self._resampler.resample(None):
                self._put(converted)
        self._resampler = None
        self._form = None

    def _put(self, converted: AudioFrame) -> None:
        samples = np.broadcast_to(converted.to_ndarray(), (2, converted.samples)).astype(np.float32)
        self._silence(min(self._at, self._count))
        start, end = max(0, self.written - self._at), max(0, self._count - self._at)
        self._at += samples.shape[1]
        self._send(np.nan_to_num(samples[:, start:end]).clip(-1, 1))

    def _silence(self, until: int) -> None:
        while self.written < until:
            self._send(np.zeros((2, min(_SILENCE, until - self.written)), np.float32))

    def _send(self, samples: NDArray[np.float32]) -> None:
        if samples.shape[1]:
            self.written += samples.shape[1]
            self._write(samples)


@dataclass(frozen=True, slots=True)
class Fade:
    """How strong picture and sound are: from nothing to full at the beginning, and back at the end of `length_s`."""

    length_s: float
    in_s: float
    out_s: float

    def gain(self, at_s: float) -> float:
        """Of the picture at a time of the piece: 0 to 1."""
        return float(self._gains(np.array([at_s]))[0])

    def faded(self, samples: NDArray[np.float32], first: int) -> NDArray[np.float32]:
        """Samples, of which the first is number `first` of the piece."""
        if not (self.in_s or self.out_s):
            return samples
        at_s = (first + np.arange(samples.shape[1])) / RATE_HZ
        return (samples * self._gains(at_s)).astype(np.float32)

    def _gains(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        gains = np.ones_like(at_s)
        for since_s, fade_s in ((at_s, self.in_s), (self.length_s - at_s, self.out_s)):
            if fade_s:
                gains = np.minimum(gains, (since_s / fade_s).clip(0, 1))
        return gains


def blocks(held: NDArray[np.float32], size: int) -> Iterator[NDArray[np.float32]]:
    """Whole blocks of `size` samples."""
    for start in range(0, held.shape[1] - size + 1, size):
        yield np.ascontiguousarray(held[:, start : start + size])
