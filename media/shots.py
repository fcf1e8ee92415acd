"""Shot boundaries and the choice of frames to look at, from one pass over tiny frames.

Hard cuts: the mean absolute difference of consecutive 48x27 RGB frames, against an adaptive threshold over the
recent past (the content-aware detection of PySceneDetect, on frames that the decode makes anyway).
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

TINY_SIZE = (48, 27)
"""Width and height of the frames that shots are found on."""

_CUT = 0.07  # least mean change of a cut, of full scale
_RISE = 3.5  # and this many times the median change of the frames before
_SHOT_S = 0.3  # a shot lasts at least this long: flashes and quick wipes are one cut, not many
_SETTLE_S = 0.2  # after a cut, look at the picture this much later
_NEAR = 0.1  # a point of the grid this close (in steps) after a sample is taken as seen
_CHANGE = 0.015  # share of tiny pixels that must change for a new key frame within a shot
_KEY_EVERY_S = 2.0  # but not more often than this


class CutFinder:
    """Tells for each frame, in order, whether it starts a new shot."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._changes: deque[float] = deque(maxlen=24)
        self._shot_s = -math.inf

    def is_cut(self, time_s: float, tiny: NDArray[np.uint8]) -> bool:
        """True when the frame shown at `time_s` is the first of a shot (never for the very first frame)."""
        frame = tiny.astype(np.int16)
        last, self._last = self._last, frame
        if last is None:
            self._shot_s = time_s
            return False
        change = int(np.abs(frame - last).sum(dtype=np.int64)) / (255 * frame.size)
        usual = _median(self._changes)
        self._changes.append(change)
        if change <= max(_CUT, _RISE * usual) or time_s - self._shot_s < _SHOT_S:
            return False
        self._shot_s = time_s
        return True


def _median(values: Collection[float]) -> float:
    """Not numpy's, which imports more of numpy when it is first called: the decoder cannot by then."""
    ordered, half = sorted(values), len(values) // 2
    return (ordered[half] + ordered[~half]) / 2 if ordered else 0.0


class FrameChooser:
    """Decides which frames are sampled for the picture encoder, and which of them are key frames.

    Samples lie on the grid `first + k / fps`, plus one shortly after every cut, so that no shot is missed. A key
    frame (objects, on-screen text) is the first sample of a shot and any later one that looks different.
    """

    def __init__(self, fps: float) -> None:
        self._step_s = 1 / fps
        self._first_s: float | None = None
        self._next_s = -math.inf
        self._new_shot = True
        self._key: NDArray[np.int16] | None = None
        self._key_s = -math.inf

    def cut(self, time_s: float) -> None:
        """A shot starts at `time_s`."""
        self._next_s = min(self._next_s, time_s + _SETTLE_S)
        self._new_shot = True

    def sample(self, time_s: float) -> bool:
        """Whether to look at the frame shown at `time_s`."""
        if self._first_s is None:
            self._first_s = time_s
        if time_s < self._next_s - 1e-6:
            return False
        passed = math.floor((time_s - self._first_s) / self._step_s + _NEAR)
        self._next_s = self._first_s + (passed + 1) * self._step_s
        return True

    def key(self, time_s: float, tiny: NDArray[np.uint8]) -> bool:
        """Whether the sampled frame is also a key frame."""
        frame = tiny.astype(np.int16)
        if not self._new_shot:
            if self._key is None or time_s - self._key_s < _KEY_EVERY_S:
                return False
            if float((np.abs(frame - self._key).max(axis=2) > 38).mean()) < _CHANGE:
                return False
        self._new_shot, self._key, self._key_s = False, frame, time_s
        return True
