"""Temporal retrieval metrics as in QVHighlights (Lei et al. 2021), and recall at k, with bootstrap intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Window = tuple[float, float]


def iou(one: Window, other: Window) -> float:
    """Intersection over union of two spans."""
    shared = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    joined = (one[1] - one[0]) + (other[1] - other[0]) - shared
    return shared / joined if joined > 0 else float(one == other)


def hit(found: Sequence[Window], truth: Sequence[Window], least: float, first: int) -> float:
    """1 when one of the first `first` windows overlaps a true one by `least`."""
    return float(any(iou(window, true) >= least for window in found[:first] for true in truth))


def average_precision(found: Sequence[Window], truth: Sequence[Window], least: float) -> float:
    """Interpolated average precision of one query; each true window counts once."""
    free, right = list(truth), []
    for window in found:
        best = max(free, key=lambda true: iou(window, true), default=None)
        matched = best is not None and iou(window, best) >= least
        if matched and best is not None:
            free.remove(best)
        right.append(matched)
    if not any(right):
        return 0.0
    count = np.cumsum(right)
    precision = np.maximum.accumulate((count / np.arange(1, len(right) + 1))[::-1])[::-1]
    return float(precision[np.array(right)].sum() / len(truth))


def interval(values: Sequence[float] | NDArray[np.float64], draws: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval of the mean (seeded)."""
    data = np.asarray(values, np.float64)
    picks = np.random.default_rng(0).integers(0, len(data), (draws, len(data)))
    low, high = np.percentile(data[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
