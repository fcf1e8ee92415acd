"""Sound as a WAV file, written piece by piece."""

from __future__ import annotations

import wave
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@contextmanager
def wav_file(target: Path, rate_hz: int) -> Iterator[Callable[[NDArray[np.float32]], int]]:
    """Gives a function that adds mono float32 in [-1, 1], and returns how many samples there are by then.

    The file, 16 bit, is there when it is complete; whatever is raised leaves nothing behind. Raises `StorageError`.
    """
    partial = target.with_name(f".{target.name}.part")
    count = 0
    try:
        with partial.open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate_hz)

            def add(sound: NDArray[np.float32]) -> int:
                nonlocal count
                file.writeframes((np.clip(sound, -1, 1) * 32767).round().astype("<i2").tobytes())
                count += len(sound)
                return count

            yield add
        partial.replace(target)
    except OSError as error:
        raise StorageError(f"{target.name} was not made", (error.strerror or str(error)).lower()) from error
    finally:
        partial.unlink(missing_ok=True)
