"""Temporal retrieval metrics as in QVHighlights (Lei et al. 2021), and recall at k, with bootstrap intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    return interval_of(lambda data: data.mean(axis=-1), values, draws=draws)


def interval_of(
    statistic: Callable[..., NDArray[np.float64]], *columns: Sequence[float] | NDArray[np.float64], draws: int = 2000
) -> tuple[float, float]:
    """95 % bootstrap interval of a statistic of columns whose rows belong together (seeded).

    `statistic` takes for each column the drawn values, a draw a row, and gives one value a row.
    """
    data = [np.asarray(column, np.float64) for column in columns]
    picks = np.random.default_rng(0).integers(0, len(data[0]), (draws, len(data[0])))
    low, high = np.percentile(statistic(*(column[picks] for column in data)), [2.5, 97.5])
    return float(low), float(high)


def ratio_of_sums(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the rows of one come to, over what those of the other do: an error rate, or F1 from counts."""
    shares: NDArray[np.float64] = over.sum(axis=-1) / np.maximum(under.sum(axis=-1), 1e-12)
    return shares


def median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each row."""
    middle: NDArray[np.float64] = np.median(values, axis=-1)
    return middle
