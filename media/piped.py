"""A film written frame by frame: pictures go in as arrays, and the file is there when it is complete.

Only one frame is held at a time, so that a film of any length costs the same memory.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Self

import numpy as np

from playhead.errors import StorageError, UnreadableMediaError
from playhead.media.sandbox import environment

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from playhead.media.graphs import Canvas

_PATIENCE_S = 120.0
_FULL_DISK = ("No space left on device", "Disk quota exceeded", "File too large")


class Reel:
    """`with Reel(target, canvas, sound) as reel: reel.add(frame)`: H.264, with a WAV file of ours as its AAC track.

    The same frames give the same bytes. Whatever is raised inside leaves nothing behind. Raises `StorageError` on a
    full disk.
    """

    def __init__(self, target: Path, canvas: Canvas, sound: Path | None = None) -> None:
        self._target, self._canvas, self._sound = target, canvas, sound
        self._partial = target.with_name(f".{target.name}.part")
        self.frames = 0

    def __enter__(self) -> Self:
        import imageio_ffmpeg

        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
        self._said: IO[bytes] = tempfile.TemporaryFile()
        self._child = subprocess.Popen(
            [*command, *self._arguments()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            env=environment(),
        )
        return self

    def add(self, frame: NDArray[np.uint8]) -> None:
        """One more frame, of the size of the canvas."""
        assert self._child.stdin is not None
        if frame.shape != (self._canvas.height, self._canvas.width, 3):
            raise ValueError(f"a frame of {frame.shape} does not fit {self._canvas}")
        try:
            self._child.stdin.write(np.ascontiguousarray(frame).data)
        except BrokenPipeError:
            self._child.wait(_PATIENCE_S)
            raise self._failure() from None
        self.frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._child.kill()
            self._child.wait()
            with suppress(OSError):
                self._child.stdin.close()  # type: ignore[union-attr]
            self._said.close()
            self._partial.unlink(missing_ok=True)

    def _finish(self) -> None:
        assert self._child.stdin is not None
        with suppress(BrokenPipeError):  # it died early: its exit tells
            self._child.stdin.close()
        if self._child.wait(_PATIENCE_S):
            raise self._failure()
        self._partial.replace(self._target)

    def _failure(self) -> StorageError | UnreadableMediaError:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        what = f"{self._target.name} was not made"
        full = self._child.returncode == -signal.SIGXFSZ
        if full or any(sign in line for line in lines for sign in _FULL_DISK):
            return StorageError(what, "the disk is full", "Free some space and try again.")
        return UnreadableMediaError(what, lines[-1] if lines else f"ffmpeg ended with {self._child.returncode}")

    def _arguments(self) -> list[str]:
        canvas = self._canvas
        size = f"{canvas.width}x{canvas.height}"
        picture = f"-f rawvideo -pixel_format rgb24 -video_size {size} -framerate {canvas.rate_hz}".split()
        inputs = [*picture, "-i", "pipe:0"]
        if self._sound is not None:
            inputs += ["-protocol_whitelist", "file", "-f", "wav", "-i", f"file:{self._sound.absolute()}"]
        coding = f"-c:v libx264 -preset veryfast -crf 21 -pix_fmt yuv420p -threads 2 -g {4 * canvas.rate_hz}".split()
        sound = "-c:a aac -b:a 128k -ar 48000".split() if self._sound is not None else ["-an"]
        plain = (
            "-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart".split()
        )
        return [*inputs, *coding, *sound, *plain, "-f", "mp4", f"file:{self._partial.absolute()}"]
