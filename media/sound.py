"""The sound side of the pass: decoded sound in; pieces of mono at 16 kHz out as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from av.audio.resampler import AudioResampler

from playhead.media import wire
from playhead.media.tally import Tally, TooLargeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RATE_HZ = 16_000
_CHUNK_S = 2.0  # sound is sent in pieces of about this length
_DRIFT_S = 0.15  # sound that jumps by more than this starts a new piece at its true time


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

    def meet(self, packet: Any) -> None:
        """Sound is decoded whole, so that a packet tells nothing that its frames do not."""

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
            samples = np.frombuffer(frame.planes[0], np.float32, frame.samples)
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
