"""Sound as WAV: 16 bits, at its own rate, with what its metadata is to say; written and read piece by piece."""

from __future__ import annotations

import os
import struct
import wave
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from playhead.media.saving import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_FULL_SCALE = 32767
_XMP_CHUNK = b"_PMX"  # XMP specification, part 3
_PIECE = 1 << 14  # samples that are read at a time


@contextmanager
def wave_file(
    path: Path, rate_hz: int, xmp: str = "", channels: int = 1
) -> Iterator[Callable[[NDArray[np.float32]], int]]:
    """Gives a function that adds `(n,)` or `(n, channels)` in [-1, 1] and returns how many samples there are now.

    The file is there when it is complete; whatever is raised leaves nothing behind. Raises `StorageError`.
    """
    count = 0
    with whole(path) as descriptor, os.fdopen(descriptor, "r+b", closefd=False) as file:
        with wave.open(file, "wb") as out:
            out.setparams((channels, 2, rate_hz, 0, "NONE", "not compressed"))

            def add(samples: NDArray[np.float32]) -> int:
                nonlocal count
                out.writeframes((samples.clip(-1, 1) * _FULL_SCALE).round().astype("<i2").tobytes())
                count += len(samples)
                return count

            yield add
        if xmp:
            _say(xmp.encode(), file)


def write_wave(samples: NDArray[np.float32], rate_hz: int, path: Path, xmp: str = "") -> None:
    """Write `(n,)` or `(n, channels)` in [-1, 1] as WAV, all at once. Raises `StorageError`."""
    with wave_file(path, rate_hz, xmp, 1 if samples.ndim == 1 else samples.shape[1]) as add:
        add(samples)


@contextmanager
def wave_pieces(path: Path) -> Iterator[tuple[int, Iterator[NDArray[np.float32]]]]:
    """The rate of a WAV file of ours, and its samples as `(n, channels)`, some at a time."""
    with path.open("rb") as file, wave.open(file, "rb") as sound:
        channels = sound.getnchannels()
        raw = iter(lambda: sound.readframes(_PIECE), b"")
        yield sound.getframerate(), (_samples(piece, channels) for piece in raw)


def _samples(piece: bytes, channels: int) -> NDArray[np.float32]:
    return (np.frombuffer(piece, "<i2").reshape(-1, channels) / _FULL_SCALE).astype(np.float32)


def _say(xmp: bytes, file: BinaryIO) -> None:
    """One more chunk in a file that is complete; chunks have an even length."""
    file.seek(0, os.SEEK_END)
    file.write(_XMP_CHUNK + struct.pack("<I", len(xmp)) + xmp + b"\0" * (len(xmp) % 2))
    length = file.tell()
    file.seek(4)
    file.write(struct.pack("<I", length - 8))
