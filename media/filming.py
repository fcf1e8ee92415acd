"""Pictures in memory written as a film, one by one, with sound or without."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import av
import numpy as np
from av.audio.frame import AudioFrame

from playhead.media.cutting import Look
from playhead.media.fit import Fit
from playhead.media.reel import Output, Reel
from playhead.media.saving import whole
from playhead.media.trim import RATE_HZ, SoundTrim
from playhead.media.waves import wave_pieces

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

_NO_END = 1 << 62


@dataclass(frozen=True, slots=True)
class Canvas:
    """The size and rate of a film. Pixels are square; width and height must be even."""

    width: int = 640
    height: int = 360
    rate_hz: int = 25


class FilmWriter:
    """`with FilmWriter(path, rate_hz, sound=wav) as film: film.add(frame)`: RGB frames of one size as H.264 in MP4.

    `sound` is a WAV file of ours, read as it is needed, or samples, `(n,)` or `(n, channels)`, and their rate. It
    becomes an AAC track just as long as the picture: the rest is left out, what is missing is silence. `comment` is
    what the metadata says.

    An odd row or column at the edge is left out: the format knows even sizes only. The same frames and sound give the
    same bytes on the same processor, under any name, and a film of any length takes the same memory. Whatever is
    raised inside leaves nothing behind. Raises `StorageError`.
    """

    def __init__(
        self,
        path: Path,
        rate_hz: float,
        *,
        sound: Path | tuple[NDArray[np.float32], int] | None = None,
        comment: str = "",
    ) -> None:
        self._path, self._sound, self._comment = path, sound, comment
        self._rate_hz = Fraction(rate_hz).limit_denominator(1001)
        self._reel: Reel | None = None
        self._shape: tuple[int, ...] = ()
        self.frames = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as written; nothing before the first frame."""
        height, width = self._shape[:2] or (0, 0)
        return width // 2 * 2, height // 2 * 2

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._output = Output(stack.enter_context(whole(self._path)))
            if self._sound is not None:
                self._track = _Track(stack.enter_context(closing(_heard(self._sound))))
            stack.push(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, frame: NDArray[np.uint8]) -> None:
        """One more frame, `(height, width, 3)`, of the size of the first."""
        if self._reel is None:
            self._reel = self._begun(frame)
        if frame.shape != self._shape:
            raise ValueError(f"a frame of {frame.shape} does not fit a film of {self._shape}")
        width, height = self.size
        picture = av.VideoFrame.from_ndarray(frame[:height, :width], format="rgb24")
        self._reel.show(self._fit(picture, None), self.frames, 1)
        self.frames += 1
        if self._sound is not None:
            self._reel.hear(self._track.until(round(self.frames / self._rate_hz * RATE_HZ)))

    def _begun(self, frame: NDArray[np.uint8]) -> Reel:
        self._shape = frame.shape
        self._fit = Fit(*self.size)
        look = Look(*self.size, self._rate_hz, sound=self._sound is not None)
        return Reel(self._output, look, self._comment)

    def _end(self, kind: type[BaseException] | None, *_: object) -> None:
        """Complete the file, or see to it that nothing more is written: its descriptor is closed next."""
        try:
            if kind is None:
                self._finish()
        finally:
            self._output.failed = self._output.failed or OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
            if self._reel is not None:
                with suppress(OSError, av.FFmpegError):
                    self._reel.drop()

    def _finish(self) -> None:
        if self._reel is None:
            raise ValueError("a film needs at least one picture")
        self._reel.close()
        if self._output.failed:
            raise self._output.failed


def write_film(frames: Iterable[NDArray[np.uint8]], rate_hz: float, path: Path, comment: str = "") -> tuple[int, int]:
    """Write RGB pictures of one size as a silent film; gives the width and height written. See `FilmWriter`."""
    with FilmWriter(path, rate_hz, comment=comment) as film:
        for frame in frames:
            film.add(frame)
    return film.size


class _Track:
    """Sound in the pieces that are asked for, and silence after its end."""

    def __init__(self, pieces: Iterator[NDArray[np.float32]]) -> None:
        self._pieces = pieces
        self._held = np.zeros((2, 0), np.float32)
        self._given = 0

    def until(self, sample: int) -> NDArray[np.float32]:
        """What comes next, up to this sample."""
        count = sample - self._given
        self._given = sample
        while self._held.shape[1] < count and (piece := next(self._pieces, None)) is not None:
            self._held = np.concatenate([self._held, piece], axis=1)
        taken, self._held = self._held[:, :count], self._held[:, count:]
        return np.pad(taken, ((0, 0), (0, count - taken.shape[1])))


def _heard(sound: Path | tuple[NDArray[np.float32], int]) -> Generator[NDArray[np.float32]]:
    """The sound as `(2, n)` at the rate of a film."""
    if isinstance(sound, tuple):
        samples, rate_hz = sound
        yield from _converted([samples[:, np.newaxis] if samples.ndim == 1 else samples], rate_hz)
        return
    with wave_pieces(sound) as (rate_hz, pieces):
        yield from _converted(pieces, rate_hz)


def _converted(pieces: Iterable[NDArray[np.float32]], rate_hz: int) -> Iterator[NDArray[np.float32]]:
    done: list[NDArray[np.float32]] = []
    trim = SoundTrim(0.0, _NO_END, done.append)
    for piece in pieces:
        if not len(piece):
            continue
        layout = "mono" if piece.shape[1] == 1 else "stereo"
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(piece.T, np.float32), format="fltp", layout=layout)
        frame.sample_rate = rate_hz
        trim.take(frame)
        yield from done
        done.clear()
    trim.finish(0)
    yield from done
