"""Where a camera travelled, in words: from a receiver's positions to speed, its changes, climbs and the course."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from playhead.models.signals import Event, Grid, Signal, gridded, runs, smoothed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.models.signals import Floats

STANDING = "standing still"

_RATE_HZ = 4.0
_EARTH_M = 6_371_000.0
_MOST_SPEED = 1000.0  # m/s; a receiver that jumps
_SPEED_S, _COURSE_S = 1.0, 2.0

_STAND = 0.5  # m/s: a receiver at rest wanders as fast
_BANDS_KMH = (5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 150, 200, 250, 300)
_LEAST_BAND_S, _LEAST_STAND_S = 2.0, 2.0

_CHANGE, _BRAKE, _LEAST_CHANGE = 0.5, 3.0, 2.0  # m/s², m/s², m/s
_CHANGE_S, _LEAST_CHANGE_S = 1.5, 1.0

_CLIMB, _LEAST_CLIMB_M, _CLIMB_S = 0.2, 5.0, 8.0  # m/s; the height of a receiver is off by metres


def travelled(position: Signal) -> list[Event]:
    """Events of speed and height."""
    speed = speed_of(position)
    found: list[Event] = []
    if speed:
        found += [*_speeds(speed), *_changes(speed)]
    height = gridded(position.known(2), _RATE_HZ)
    if height:
        found += _climbs(height, speed)
    return found


def courses(position: Signal, least_speed: float) -> Grid | None:
    """How fast the way turns to the left, in rad/s; NaN where it is slower than `least_speed`, in m/s."""
    places = _places(position)
    if places is None:
        return None
    path = (
        smoothed(places.values[:, 0], places.bins(_COURSE_S)),
        smoothed(places.values[:, 1], places.bins(_COURSE_S)),
    )
    east, north = (np.gradient(part) * places.rate_hz for part in path)
    moving = np.hypot(east, north) >= least_speed
    heading = np.unwrap(np.nan_to_num(np.arctan2(north, east)))
    rate = np.where(moving, np.gradient(heading) * places.rate_hz, np.nan)
    return Grid(places.start_s, places.rate_hz, rate[:, None])


def speed_of(position: Signal) -> Grid | None:
    """In m/s: as the receiver says; otherwise from place to place."""
    said = gridded(position.known(3), _RATE_HZ)
    if said:
        return Grid(said.start_s, said.rate_hz, smoothed(said.values[:, 0], said.bins(_SPEED_S))[:, None])
    places = _places(position)
    if places is None:
        return None
    east, north = (smoothed(places.values[:, n], places.bins(_COURSE_S)) for n in (0, 1))
    size = np.hypot(np.gradient(east), np.gradient(north)) * places.rate_hz
    size[size > _MOST_SPEED] = np.nan
    return Grid(places.start_s, places.rate_hz, size[:, None])


def _places(position: Signal) -> Grid | None:
    """Metres to the east and north of the first place."""
    there = np.isfinite(position.values[:, :2]).all(axis=1)
    if there.sum() < 2:
        return None
    angles = np.unwrap(np.radians(position.values[there, :2]), axis=0)
    away = angles - angles[0]
    east = away[:, 1] * np.cos(angles[0, 0]) * _EARTH_M
    return gridded(Signal(position.times_s[there], np.stack([east, away[:, 0] * _EARTH_M], axis=1)), _RATE_HZ)


def _speeds(speed: Grid) -> Iterator[Event]:
    """Standing still, and the speeds of a journey in bands that a person would name."""
    size = np.nan_to_num(speed.values[:, 0], nan=-1.0)
    for first, last in runs((size >= 0) & (size < _STAND), speed.bins(_LEAST_STAND_S)):
        yield Event(STANDING, speed.span(first, last), 0.8)
    bands = _bands(size * 3.6)
    starts = [0, *(np.flatnonzero(np.diff(bands)) + 1).tolist(), len(bands)]
    for first, last in pairwise(starts):
        if bands[first] and last - first >= speed.bins(_LEAST_BAND_S):
            yield Event(f"moving at about {bands[first]} km/h", speed.span(first, last), 0.9)


def _bands(size_kmh: Floats) -> Floats:
    """The nearest band of each speed, 0 for none; a band is kept until the next one is nearer by a tenth."""
    named, found, band = np.array(_BANDS_KMH), np.zeros(len(size_kmh), int), 0
    for n, kmh in enumerate(size_kmh):
        if kmh < _STAND * 3.6:
            band = 0
        else:
            nearest = int(named[np.abs(named - kmh).argmin()])
            if not band or abs(nearest - kmh) < abs(band - kmh) - 0.1 * nearest:
                band = nearest
        found[n] = band
    return found


def _changes(speed: Grid) -> Iterator[Event]:
    """Speeding up, slowing down and braking hard."""
    size = speed.values[:, 0]
    change = smoothed(np.gradient(size) * speed.rate_hz, speed.bins(_CHANGE_S))
    for text, toward in (("speeding up", change), ("slowing down", -change)):
        for around in runs(np.nan_to_num(toward) >= _CHANGE, speed.bins(_LEAST_CHANGE_S)):
            first, last = _steep(toward, *around)
            if abs(size[last - 1] - size[first]) >= _LEAST_CHANGE:
                hard = text == "slowing down" and toward[first:last].max() >= _BRAKE
                yield Event("braking hard" if hard else text, speed.span(first, last), 0.9)


def _steep(rate: Floats, first: int, last: int) -> tuple[int, int]:
    """From where half of the peak is reached to where it is last: smoothing has spread what was sudden."""
    steep = np.flatnonzero(rate[first:last] >= rate[first:last].max() / 2)
    return first + int(steep[0]), first + int(steep[-1]) + 1


def _climbs(height: Grid, speed: Grid | None) -> Iterator[Event]:
    """Climbing and descending, by five metres at least; the height of a receiver that stays where it is wanders."""
    metres = smoothed(height.values[:, 0], height.bins(_CLIMB_S))
    rate = np.nan_to_num(np.gradient(metres) * height.rate_hz)
    if speed:
        rate[speed.at(speed.values[:, 0], height) < _STAND] = 0.0
    for text, toward in (("climbing", rate), ("descending", -rate)):
        for first, last in runs(toward >= _CLIMB, 1, height.bins(_CLIMB_S / 2)):
            if abs(metres[last - 1] - metres[first]) >= _LEAST_CLIMB_M:
                yield Event(text, height.span(first, last), 0.8)
