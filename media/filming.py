"""Pictures in memory written as a film."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from playhead.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_OPTIONS = {"crf": "18", "preset": "medium", "threads": "2", "x264-params": "threads=2"}


def write_film(frames: Iterable[NDArray[np.uint8]], rate_hz: float, path: Path, comment: str = "") -> tuple[int, int]:
    """Write RGB pictures of one size as silent H.264 in MP4, all at once; gives the width and height written.

    An odd row or column at the edge is left out: the format knows even sizes only. The same pictures give the same
    bytes on the same processor. Raises `StorageError`; whatever `frames` raises leaves nothing behind.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        with av.open(
            str(partial), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        ) as out:
            size = _encode(frames, rate_hz, out, comment)
        partial.replace(path)
    except OSError as error:
        raise StorageError(f"The film {path.name} was not saved", (error.strerror or str(error)).lower()) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return size


def _encode(
    frames: Iterable[NDArray[np.uint8]], rate_hz: float, out: av.container.OutputContainer, comment: str
) -> tuple[int, int]:
    out.metadata["comment"] = comment
    stream = None
    for image in frames:
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        if stream is None:
            stream = out.add_stream("libx264", rate=Fraction(rate_hz).limit_denominator(1001), options=_OPTIONS)
            stream.width, stream.height, stream.pix_fmt = even.shape[1], even.shape[0], "yuv420p"
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
        out.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
    if stream is None:
        raise ValueError("a film needs at least one picture")
    out.mux(stream.encode())
    return stream.width, stream.height
