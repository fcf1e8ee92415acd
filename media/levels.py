"""Pictures of 16 bits of grey, as thermal and depth cameras make them, in the 8 bits that everything else sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

_LOW, _HIGH = 0.01, 0.99  # the share of all pixels so far that is darker than black, and than white
_BINS = 4096
_FULL = 1 << 16
_NEAR = _FULL * 16.0  # the inverse of a distance is this by it: fine enough for 20 m in mm
_EASE = 0.04  # of the range, by which its ends move with a frame at most: no cut, no flicker
_STEP = 4  # one pixel in sixteen counts


class Levels:
    """Stretches what a film uses of 16 bits over 8: by all its frames so far, so that its brightness hardly changes.

    With `inverse` a pixel is a distance (0: not known) and is shown by its inverse: what is near is bright.
    """

    def __init__(self, *, inverse: bool = False) -> None:
        self._inverse = inverse
        self._counts, self._frames, self._range = np.zeros(_BINS), 0, np.zeros(2)
        self._last: tuple[VideoFrame, VideoFrame] | None = None

    def shown(self, frame: VideoFrame) -> VideoFrame:
        """The frame itself, or its 8 bits where it has 16 of grey."""
        if not frame.format.name.startswith("gray16"):
            return frame
        if self._last is None or self._last[0] is not frame:
            self._last = (
                frame,
                type(frame).from_ndarray(
                    self.stretched(frame.to_ndarray().astype(np.uint16, copy=False)), format="gray"
                ),
            )
        return self._last[1]

    def stretched(self, values: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """The values as 8 bits, and counted among those seen so far."""
        seen = self._scaled(values[::_STEP, ::_STEP])
        known = seen[seen > 0] if self._inverse else seen
        self._counts += np.histogram(known, _BINS, (0, _FULL))[0]
        self._move(self._wanted())
        low, high = self._range
        stretched = (self._scaled(values) - low) * (255 / max(high - low, 1.0))
        return np.clip(np.round(stretched), 0, 255).astype(np.uint8)

    def _scaled(self, values: NDArray[np.uint16]) -> NDArray[np.float32]:
        if not self._inverse:
            return values.astype(np.float32)
        nearness = np.minimum(_NEAR / np.maximum(values, 1), _FULL - 1)
        return np.where(values > 0, nearness, 0).astype(np.float32)

    def _move(self, wanted: NDArray[np.float64]) -> None:
        """At once at first, then by no more of the present range with each frame than nobody sees."""
        self._frames += 1
        most = max(_EASE, 1 / self._frames) * float(np.ptp(self._range)) if self._frames > 1 else np.inf
        self._range = self._range + np.clip(wanted - self._range, -most, most)

    def _wanted(self) -> NDArray[np.float64]:
        """The values between which nearly all pixels so far lie."""
        shares = np.cumsum(self._counts) / max(1.0, float(self._counts.sum()))
        low, high = np.searchsorted(shares, [_LOW, _HIGH])
        return np.array([low, min(high, _BINS - 1) + 1]) * (_FULL / _BINS)
