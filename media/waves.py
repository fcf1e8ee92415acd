"""Sound written as WAV: 16 bits, at its own rate, with what its metadata is to say."""

from __future__ import annotations

import io
import os
import struct
import wave
from contextlib import suppress
from typing import TYPE_CHECKING

from playhead.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_FULL_SCALE = 32767
_XMP_CHUNK = b"_PMX"  # XMP specification, part 3


def write_wave(samples: NDArray[np.float32], rate_hz: int, path: Path, xmp: str = "") -> None:
    """Write `(n, channels)` or `(n,)` in [-1, 1] as WAV, all at once. Raises `StorageError`."""
    frames = samples.reshape(len(samples), -1)
    data = io.BytesIO()
    with wave.open(data, "wb") as out:
        out.setnchannels(frames.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes((frames.clip(-1, 1) * _FULL_SCALE).round().astype("<i2").tobytes())
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(_with_xmp(data.getvalue(), xmp.encode()))
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise StorageError(f"The sound {path.name} was not saved", (error.strerror or str(error)).lower()) from error


def _with_xmp(riff: bytes, xmp: bytes) -> bytes:
    """The file with one more chunk; chunks have an even length."""
    if not xmp:
        return riff
    chunk = _XMP_CHUNK + struct.pack("<I", len(xmp)) + xmp + b"\0" * (len(xmp) % 2)
    return riff[:4] + struct.pack("<I", len(riff) - 8 + len(chunk)) + riff[8:] + chunk
