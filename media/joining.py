"""Pieces of open files joined into one film: each decoded from its start, cut, fitted and written in one go."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, BinaryIO

from playhead.media import wire
from playhead.media.demux import frames, packets
from playhead.media.fit import Fit
from playhead.media.picture import Picture
from playhead.media.reaching import Reached
from playhead.media.reel import Output, Reel
from playhead.media.tally import Tally
from playhead.media.trim import RATE_HZ, Fade, PictureTrim, SoundTrim, SteadyPicture

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from playhead.media.cutting import Look
    from playhead.media.trim import Shown

_BEAT_S = 0.25
_LATE_S = 10.0  # nothing of the span comes so long after its end


class Beat:
    """Tells now and then how far the work is."""

    def __init__(self, out: BinaryIO) -> None:
        self.out, self._told = out, time.monotonic()
        self.before_s = self._done_s = 0.0

    def __call__(self, done_s: float = 0.0) -> None:
        """So many seconds of this piece are done; told if it is time to."""
        self._done_s = max(self._done_s, self.before_s + done_s)
        if time.monotonic() - self._told > _BEAT_S:
            self._told = time.monotonic()
            wire.send(self.out, {"kind": "beat", "done_s": self._done_s})


class Joined:
    """Pieces one after the other; at a constant rate each is a whole number of frames long, and its sound as long."""

    def __init__(
        self,
        look: Look,
        output: Output,
        limits: dict[str, Any],
        beat: Beat,
        label: NDArray[np.uint8] | None = None,
    ) -> None:
        self._look, self._limits, self._beat = look, limits, beat
        self._reel = Reel(output, look)
        self._fit = Fit(*look.size, label)
        self._frames = self._heard = 0  # before this piece, where the rate is constant

    def add(
        self, descriptor: int, start_s: float, end_s: float, fade_in_s: float, fade_out_s: float
    ) -> dict[str, Any]:
        """Add one; what it says is how long it became, at what time of the film."""
        look, fade = self._look, Fade(end_s - start_s, fade_in_s, fade_out_s)
        at_s = float(self._frames / look.rate_hz)
        with Reached(descriptor, start_s, sound=look.sound, beat=self._beat) as source:
            kind = _SteadyPieces if look.steady else _OwnTimes
            shown = kind(self._reel, look, self._fit, fade, start_s, end_s, self._frames)
            heard = SoundTrim(start_s, self._samples(end_s - start_s), self._hearer(fade))
            real_s = self._run(source, shown, heard, start_s, end_s)
        length_s = shown.finish(real_s) if look.picture else real_s - start_s
        heard.finish(self._samples(length_s))
        self._frames += round(length_s * look.rate_hz)
        self._heard += heard.written
        self._beat.before_s += length_s
        return {"start_s": start_s, "end_s": start_s + length_s, "at_s": at_s}

    def close(self) -> int:
        """The number of frames of the finished film."""
        self._reel.close()
        return self._reel.frames

    def _hearer(self, fade: Fade) -> Callable[[NDArray[Any]], None]:
        first = 0

        def hear(samples: NDArray[Any]) -> None:
            nonlocal first
            self._reel.hear(fade.faded(samples, first))
            first += samples.shape[1]

        return hear

    def _samples(self, length_s: float) -> int:
        """How much sound belongs to the piece: at a constant rate, up to the first frame of the next."""
        look = self._look
        if not look.sound:
            return 0
        if not look.steady:
            return round(length_s * RATE_HZ)
        return round((self._frames + whole_frames(length_s, look.rate_hz)) / look.rate_hz * RATE_HZ) - self._heard

    def _run(self, source: Reached, shown: _Piece, heard: SoundTrim, start_s: float, end_s: float) -> float:
        """Decode until the span is over; when it, or what there is of it, really ends."""
        tally = Tally()
        picture = _timer(source, self._limits, tally, self._beat) if self._look.picture else None
        shown.ratio = source.picture.sample_aspect_ratio if source.picture else None
        for packet in packets(source.container, source.wanted, tally):
            self._beat(min(tally.last_s or start_s, end_s) - start_s)
            for frame in frames(packet, tally):
                if packet.stream is source.sound:
                    heard.take(frame)
                elif picture is not None and (time_s := picture.time(frame)) is not None:
                    shown.take(frame, time_s)
            late = packet.dts is not None and float(packet.dts * packet.time_base) > end_s + _LATE_S
            if late or ((picture is None or shown.done) and (source.sound is None or heard.done)):
                return end_s
        ends = [time_s for time_s in (tally.shown[1] if tally.shown else None, heard.until_s) if time_s is not None]
        real_s = min(end_s, max(ends, default=start_s))
        if real_s <= start_s:
            raise ValueError(f"nothing is shown or heard from {start_s:.3f} s on")
        return real_s


def whole_frames(length_s: float, rate_hz: Fraction) -> int:
    """How many frames a piece of this length gets."""
    return max(1, round(length_s * rate_hz))


def _timer(source: Reached, limits: dict[str, Any], tally: Tally, beat: Beat) -> Picture | None:
    """What tells the time of frames and holds them to the limits."""
    if source.picture is None:
        return None
    return Picture(source.picture, {"limits": limits, "fps": 1.0, "inverse": False}, tally, out=beat.out)


class _Piece(ABC):
    """The pictures of one piece on their way from the decoder into the film."""

    def __init__(
        self, reel: Reel, look: Look, fit: Fit, fade: Fade, start_s: float, end_s: float, first: int
    ) -> None:
        self._reel, self._look, self._fit, self._fade = reel, look, fit, fade
        self._start_s, self._first = start_s, first
        self._trim = PictureTrim(start_s, end_s)
        self.ratio: Fraction | None = None

    @property
    def done(self) -> bool:
        """Whether the span is over."""
        return self._trim.done

    def take(self, frame: VideoFrame, time_s: float) -> None:
        """Use one decoded frame."""
        if shown := self._trim.take(frame, time_s):
            self._show(shown)

    @abstractmethod
    def finish(self, until_s: float) -> float:
        """Show to the end what stood last, or black; how long the piece became."""

    @abstractmethod
    def _show(self, shown: Shown) -> None:
        """Put a frame into the film."""


class _OwnTimes(_Piece):
    """Frames keep their times, to 1/90,000 s."""

    def finish(self, until_s: float) -> float:
        if shown := self._trim.finish(until_s):
            self._show(shown)
        if not self._reel.frames:
            self._reel.show(self._fit.black(), 0, round((until_s - self._start_s) / self._reel.base))
        return until_s - self._start_s

    def _show(self, shown: Shown) -> None:
        at_s = max(0.0, shown.time_s - self._start_s) if self._reel.frames else 0.0
        at, until = round(at_s / self._reel.base), round((shown.until_s - self._start_s) / self._reel.base)
        self._reel.show(self._fit(shown.frame, self.ratio, self._fade.gain(at_s)), at, until - at)


class _SteadyPieces(_Piece):
    """Frames come at a constant rate."""

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self._steady = SteadyPicture(self._start_s, self._look.rate_hz)
        self._most = whole_frames(self._fade.length_s, self._look.rate_hz)
        self._done = 0
        self._last: VideoFrame | None = None

    def finish(self, until_s: float) -> float:
        if shown := self._trim.finish(until_s):
            self._show(shown)
        self._most = min(self._most, max(self._done, whole_frames(until_s - self._start_s, self._look.rate_hz)))
        while self._done < self._most:
            self._place(self._last)
        return float(self._most / self._look.rate_hz)

    def _show(self, shown: Shown) -> None:
        self._last = shown.frame
        for _ in range(self._steady.repeats(shown, self._most)):
            self._place(shown.frame)

    def _place(self, frame: VideoFrame | None) -> None:
        gain = self._fade.gain(float((self._done + 0.5) / self._look.rate_hz))
        fitted = self._fit.black() if frame is None else self._fit(frame, self.ratio, gain)
        self._reel.show(fitted, self._first + self._done, 1)
        self._done += 1
