"""A film being written: H.264 and AAC in MP4 into an open descriptor; the same frames give the same bytes."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.codec.context import Flags

from playhead.media.fit import matrix_of
from playhead.media.trim import RATE_HZ, blocks

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from playhead.media.cutting import Look

_SOUND_BITS = 160_000
_BLOCK = 1024  # samples of a frame of AAC
_KEY_S = 2
_THREADS = 1  # with two the same frames gave other bytes in 2 of 100 runs on a busy machine
_FINE = Fraction(1, 90_000)
_TV_RANGE = 1
_SAID_MATRIX = {1: 1, 5: 6}  # as H.264 numbers it


class Output:
    """What a muxer writes to: a descriptor that can be sought.

    `failed` keeps what the disk answered; from then on nothing more is written.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        """All of it is written, or `OSError` is raised."""
        if self.failed:
            raise self.failed
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            self.failed = error
            raise
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Where the next byte goes."""
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        """Where the next byte goes."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def written(self, *_: object) -> Written:
        """What is there already, to be read: opened by the muxer itself when it puts the index in front."""
        return Written(self._descriptor)


class Written:
    """Reads what an `Output` wrote, without another descriptor and from a place of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._at = descriptor, 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = os.pread(self._descriptor, size, self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Where the next byte comes from."""
        self._at = offset + (0, self._at, os.fstat(self._descriptor).st_size)[whence]
        return self._at

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def close(self) -> None:
        """Nothing: the descriptor is the output's."""


def muxer(output: Output) -> OutputContainer:
    """An MP4 whose index comes first, so that it plays as it arrives; it holds no date and no name of a program."""
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    film: OutputContainer = av.open(output, "w", format="mp4", options=options, io_open=output.written)
    return film


class Reel:
    """Takes frames at any times or, at a constant rate, by number; and sound from the beginning on without a gap."""

    def __init__(self, output: Output, look: Look, comment: str = "") -> None:
        self._container = muxer(output)
        if comment:
            self._container.metadata["comment"] = comment
        self.base = 1 / look.rate_hz if look.steady else _FINE
        self._picture: Any = self._picture_stream(look.size, look.rate_hz) if look.picture else None
        self._sound: Any = self._sound_stream() if look.sound else None
        self._held = np.zeros((2, 0), np.float32)
        self._heard = 0
        self._last = -1
        self._lengths: dict[int, int] = {}
        self.frames = 0

    def _picture_stream(self, size: tuple[int, int], rate_hz: Fraction) -> Any:
        stream = self._container.add_stream("libx264", rate=rate_hz, options={"preset": "veryfast", "crf": "20"})
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = *size, "yuv420p"
        context.time_base = stream.time_base = self.base
        context.gop_size = max(1, round(_KEY_S * rate_hz))
        context.thread_count, context.thread_type = _THREADS, "AUTO"
        context.flags |= Flags.bitexact
        context.color_range, context.colorspace = _TV_RANGE, _SAID_MATRIX[matrix_of(size[1])]
        return stream

    def _sound_stream(self) -> Any:
        stream = self._container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        stream.codec_context.bit_rate = _SOUND_BITS
        stream.codec_context.flags |= Flags.bitexact
        return stream

    def show(self, frame: VideoFrame, at: int, length: int) -> None:
        """Show a frame from `at` on, for `length`, both in units of `base`. Times only grow."""
        at = max(at, self._last + 1)
        self._last, self._lengths[at] = at, max(1, length)
        frame.pts, frame.time_base = at, self.base
        self._mux_picture(self._picture.encode(frame))
        self.frames += 1

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Go on with `(2, n)` samples."""
        self._held = np.concatenate([self._held, samples], axis=1)
        for block in blocks(self._held, _BLOCK):
            self._encode(block)
        self._held = self._held[:, self._held.shape[1] // _BLOCK * _BLOCK :]

    def close(self) -> None:
        """Write what is held back, and the index."""
        if self._picture is not None:
            self._mux_picture(self._picture.encode(None))
        if self._sound is not None:
            if self._held.shape[1]:
                self._encode(np.ascontiguousarray(self._held))
            self._container.mux(self._sound.encode(None))
        self._container.close()

    def drop(self) -> None:
        """Let go of what is held back: the film will not be completed."""
        self._container.close()

    def _mux_picture(self, packets: list[Any]) -> None:
        """The encoder does not say how long a frame is shown, which matters for the last."""
        for packet in packets:
            packet.duration = self._lengths.pop(packet.pts, 1)
            self._container.mux(packet)

    def _encode(self, block: NDArray[np.float32]) -> None:
        frame = AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate = RATE_HZ
        frame.pts, frame.time_base = self._heard, Fraction(1, RATE_HZ)
        self._heard += block.shape[1]
        self._container.mux(self._sound.encode(frame))
