"""What a sensor measured on an even grid of time, and where something about it holds for long enough."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from playhead.types import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]

_GAP_S = 1.5  # nothing is known between two measurements that lie further apart
_LEAST_PART_S = 1.0  # too little to tell anything of
_AROUND_S = 3.0  # what is smoothed over at most
_BATCH = 10_000  # windows whose spectra are in memory at a time
_MOST_BINS = 20_000_000  # more than two days at 50 Hz


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the camera, in words, and how sure that is, 0 to 1."""

    text: str
    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Signal:
    """Measurements: `times_s` and a row of `values` for each, in any order and at any rate."""

    times_s: Floats
    values: Floats

    def ordered(self) -> Signal:
        """The same in order of time, the first of those at one microsecond."""
        times_s, first = np.unique(np.round(self.times_s, 6), return_index=True)
        return Signal(times_s, self.values[first])

    def known(self, column: int) -> Signal:
        """One column, where there is a number in it."""
        there = np.isfinite(self.values[:, column])
        return Signal(self.times_s[there], self.values[there, column : column + 1]).ordered()

    def parts(self) -> list[Signal]:
        """An ordered signal taken apart at its gaps: what lies between costs nothing, however long it is."""
        cuts = (np.flatnonzero(np.diff(self.times_s) > _GAP_S) + 1).tolist()
        edges = pairwise([0, *cuts, len(self.times_s)])
        parts = (Signal(self.times_s[first:last], self.values[first:last]) for first, last in edges if last > first)
        return [part for part in parts if part.times_s[-1] - part.times_s[0] >= _LEAST_PART_S]

    def around(self, other: Signal) -> Signal:
        """What of an ordered signal was measured about the time of another."""
        wanted_s = [other.times_s[0] - _AROUND_S, other.times_s[-1] + _AROUND_S]
        first, last = np.searchsorted(self.times_s, wanted_s)
        return Signal(self.times_s[first:last], self.values[first:last])


@dataclass(frozen=True, slots=True)
class Grid:
    """An even grid of time: bin `n` begins at `start_s + n / rate_hz`. `values` are NaN where nothing is known."""

    start_s: float
    rate_hz: float
    values: Floats

    @property
    def edges_s(self) -> Floats:
        """Where bins begin, and where the last one ends."""
        edges: Floats = self.start_s + np.arange(len(self.values) + 1) / self.rate_hz
        return edges

    def span(self, first: int, last: int) -> Span:
        """The time of a half-open range of bins."""
        return Span(self.start_s + first / self.rate_hz, self.start_s + last / self.rate_hz)

    def at(self, values: Floats, other: Grid) -> Floats:
        """One value a bin of this grid, at the bins of another; NaN outside."""
        middles, wanted = (grid.edges_s[:-1] + 0.5 / grid.rate_hz for grid in (self, other))
        return np.asarray(np.interp(wanted, middles, values, left=np.nan, right=np.nan))

    def bins(self, length_s: float) -> int:
        """How many bins such a time has, at least one."""
        return max(1, round(length_s * self.rate_hz))


def gridded(signal: Signal, rate_hz: float) -> Grid | None:
    """The mean of the signal in each bin, as straight lines between its measurements; None of fewer than two.

    What is faster than the grid averages out, instead of standing for something slower.
    """
    signal = signal.ordered()
    times_s = signal.times_s
    if len(times_s) < 2:
        return None
    count = int((times_s[-1] - times_s[0]) * rate_hz)
    if not 2 <= count <= _MOST_BINS:
        return None
    edges_s = times_s[0] + np.arange(count + 1) / rate_hz
    steps_s = np.diff(times_s)
    areas = (signal.values[1:] + signal.values[:-1]) / 2 * steps_s[:, None]
    means = np.stack([_means(signal, areas, edges_s, c) for c in range(signal.values.shape[1])], axis=1)
    for n in np.flatnonzero(steps_s > _GAP_S):
        first, last = np.searchsorted(edges_s, times_s[[n, n + 1]])
        means[first : max(first, last - 1)] = np.nan
    return Grid(float(times_s[0]), rate_hz, means)


def _means(signal: Signal, areas: Floats, edges_s: Floats, column: int) -> Floats:
    """The integral at each edge is exact: within a step it is a parabola."""
    times_s, values = signal.times_s, signal.values[:, column]
    whole = np.concatenate([[0.0], np.cumsum(areas[:, column])])
    n = np.clip(np.searchsorted(times_s, edges_s, side="right") - 1, 0, len(times_s) - 2)
    into_s = edges_s - times_s[n]
    slopes = (values[n + 1] - values[n]) / (times_s[n + 1] - times_s[n])
    integral = whole[n] + values[n] * into_s + slopes * into_s**2 / 2
    means: Floats = np.diff(integral) / np.diff(edges_s)
    return means


def smoothed(values: Floats, bins: int) -> Floats:
    """The mean over a window of so many bins about each, of those that are known."""
    known = np.isfinite(values)
    sums = _windows(np.where(known, values, 0.0), bins)
    counts = _windows(known.astype(np.float64), bins)
    return np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)


def deviation(values: Floats, bins: int) -> Floats:
    """The standard deviation over such a window."""
    spread: Floats = np.sqrt(np.maximum(0.0, smoothed(values**2, bins) - smoothed(values, bins) ** 2))
    return spread


def _windows(values: Floats, bins: int) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    n = np.arange(len(values))
    return np.asarray(sums[np.minimum(n + bins - bins // 2, len(values))] - sums[np.maximum(n - bins // 2, 0)])


def runs(holds: Flags, least: int = 1, bridge: int = 0) -> list[tuple[int, int]]:
    """Where it holds, as half-open ranges of at least `least` bins; gaps of up to `bridge` bins are passed over."""
    changes = np.flatnonzero(np.diff(np.concatenate([[0], holds.astype(np.int8), [0]])))
    found: list[tuple[int, int]] = []
    for first, last in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True):
        if found and first - found[-1][1] <= bridge:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return [(first, last) for first, last in found if last - first >= least]


def share_of_band(
    values: Floats, rate_hz: float, window: int, hop: int, bands: Sequence[tuple[float, float]]
) -> Floats:
    """For the window about every `hop`-th bin, the share of its power in each band; `(n, bands)`."""
    padded = np.pad(np.nan_to_num(values), window // 2, mode="edge")
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[: len(values) : hop]
    hertz, half = np.fft.rfftfreq(window, 1 / rate_hz), rate_hz / window / 2
    inside = [(low - half <= hertz) & (hertz <= high + half) for low, high in bands]
    shares = np.zeros((len(frames), len(bands)))
    for first in range(0, len(frames), _BATCH):
        powers = _powers(frames[first : first + _BATCH])
        total = np.maximum(powers.sum(axis=1), 1e-12)
        shares[first : first + _BATCH] = np.stack([powers[:, band].sum(axis=1) / total for band in inside], axis=1)
    return shares


def _powers(frames: Floats) -> Floats:
    """The power at each frequency of each window; none where nothing moves."""
    if not frames.any():
        return np.zeros((len(frames), frames.shape[1] // 2 + 1))
    tapered = (frames - frames.mean(axis=1, keepdims=True)) * np.hanning(frames.shape[1])
    return np.asarray(np.abs(np.fft.rfft(tapered, axis=1)) ** 2)
