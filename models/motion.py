"""How a camera moved, in words: from what its sensors measured to events with a span and a confidence.

Each threshold has a physical reason, and none was fitted:

- walking: steps at 1.4 to 2.5 Hz (Pachi & Ji 2005: 1.8 Hz on average), running up to 3.5 Hz; the band holds most of
  the power of the acceleration, whatever the direction of the camera;
- shaking: more than 2 m/s² r.m.s., what ISO 2631-1 (annex C) calls extremely uncomfortable, and no gait;
- an impact: 2.5 g and more for an instant, the least of a fall (Bourke 2007: 2.5 to 3.5 g); a hard one from 6 g on;
- turning: 30° and more, about the vertical (which way is up, gravity tells), at 9 °/s and more;
- braking hard: 3 m/s², the 0.3 g of insurers' telematics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from playhead.models.signals import Event, Grid, Signal, deviation, gridded, runs, share_of_band, smoothed
from playhead.models.travel import STANDING, courses, speed_of, travelled
from playhead.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playhead.models.signals import Flags, Floats

ID = "motion@1"
"""What made a motion channel; to be raised when the same measurements begin to give other events."""

_RATE_HZ = 50.0
_G = 9.81

_WALK_HZ, _RUN_HZ = (1.4, 2.5), (2.5, 3.5)
_GAIT_S, _HOP_S, _SWAY_S = 3.0, 0.1, 0.8
_GAIT_SHARE, _RUN_SHARE = 0.5, 0.4  # of the power; of a run, more of it is in the harmonics
_STEP, _STRIDE = 0.5, 4.0  # m/s², the least deviation of walking and of running
_LEAST_GAIT_S = 2.0

_STILL, _STILL_TURN, _STILL_SPEED = 0.25, 0.1, 0.5  # m/s², rad/s, m/s: a hand at rest, a receiver that wanders
_LEAST_STILL_S, _CALM_S = 2.0, 0.5
_SHAKE, _LEAST_SHAKE_S = 2.0, 1.0

_IMPACT, _HARD = 2.5 * _G, 6 * _G
_BLOW_S, _BEFORE_S, _AFTER_S = 0.2, 0.2, 0.3

_TURN, _LEAST_ANGLE = 0.15, np.radians(30.0)
_TURN_S, _UPRIGHT_S = 0.5, 2.0
_COURSE_SPEED = 1.5  # m/s: below, the course of a receiver is noise


def find_events(
    acceleration: Signal | None = None, rotation: Signal | None = None, position: Signal | None = None
) -> list[Event]:
    """Every event, in order of time. Columns are x, y, z in m/s² and rad/s; latitude, longitude, altitude, speed."""
    felt, turned, placed = (signal and signal.ordered() for signal in (acceleration, rotation, position))
    swaying, turning, travels = (signal.parts() if signal else [] for signal in (felt, turned, placed))
    found = [event for part in swaying for event in _felt(part, turned, placed)]
    if felt and swaying:
        found += _impacts(felt, [event.span for event in found if event.text == "running"])
    for part in turning:
        found += _turned(part, felt)
    for part in travels:
        found += [event for event in travelled(part) if not (swaying and event.text == STANDING)]  # felt more finely
        if not turning and (course := courses(part, _COURSE_SPEED)):
            found += _turns(course)
    return sorted(found, key=lambda event: (event.span, event.text))


def _felt(part: Signal, rotation: Signal | None, position: Signal | None) -> Iterator[Event]:
    """What acceleration without a gap tells, together with what else was measured about that time."""
    felt = gridded(part, _RATE_HZ)
    if felt:
        turned = gridded(rotation.around(part), _RATE_HZ) if rotation else None
        yield from _gaits(felt, turned, speed_of(position.around(part)) if position else None)


def _turned(part: Signal, acceleration: Signal | None) -> Iterator[Event]:
    """The turns in rotation without a gap."""
    turned = gridded(part, _RATE_HZ)
    if turned:
        yield from _turns(_yaw(turned, gridded(acceleration.around(part), _RATE_HZ) if acceleration else None))


def _gaits(felt: Grid, turned: Grid | None, speed: Grid | None) -> Iterator[Event]:
    """Walking, running, shaking and standing still: of all at one time only the first."""
    size = np.linalg.norm(felt.values, axis=1)
    sway = deviation(size, felt.bins(_SWAY_S))
    walks, strides = _shares(size, felt)
    walking = (walks >= _GAIT_SHARE) & (walks > strides) & (sway >= _STEP)
    running = (strides >= _RUN_SHARE) & (strides >= walks) & (sway >= _STRIDE)
    shaking = (sway >= _SHAKE) & ~walking & ~running
    still = _still(felt, turned, speed)
    for text, holds, least_s, sure in (
        ("walking", walking, _LEAST_GAIT_S, walks),
        ("running", running, _LEAST_GAIT_S, strides),
        ("shaking", shaking, _LEAST_SHAKE_S, 1 - _SHAKE / np.maximum(sway, _SHAKE) / 2),
        (STANDING, still, _LEAST_STILL_S, np.full(len(size), 0.9)),
    ):
        bridge = 0 if text == STANDING else felt.bins(_SWAY_S)
        for first, last in runs(holds, felt.bins(least_s), bridge):
            yield Event(text, felt.span(first, last), _sure(sure[first:last]))


def _shares(size: Floats, felt: Grid) -> tuple[Floats, Floats]:
    """The share of the power of the acceleration in the steps of a walk and of a run, with their first harmonic."""
    hop, window = felt.bins(_HOP_S), felt.bins(_GAIT_S)
    bands = [_WALK_HZ, _RUN_HZ, (2 * _RUN_HZ[0], 2 * _RUN_HZ[1])]
    shares = share_of_band(size - smoothed(size, window), _RATE_HZ, window, hop, bands)
    every = np.repeat(shares, hop, axis=0)[: len(size)]
    return every[:, 0], every[:, 1] + every[:, 2]


def _still(felt: Grid, turned: Grid | None, speed: Grid | None) -> Flags:
    """Where the camera neither sways nor turns nor travels."""
    calm = felt.bins(_CALM_S)
    sways = [deviation(felt.values[:, axis], calm) for axis in range(3)]
    still: Flags = np.linalg.norm(sways, axis=0) < _STILL
    if turned:
        rate = smoothed(np.linalg.norm(turned.values, axis=1), calm)
        still &= ~(turned.at(rate, felt) > _STILL_TURN)
    if speed:
        still &= ~(speed.at(speed.values[:, 0], felt) > _STILL_SPEED)
    return still


def _impacts(acceleration: Signal, runs_of_feet: list[Span]) -> Iterator[Event]:
    """Blows, in the measurements themselves: on a grid they would be averaged away. Feet that run are none."""
    size = np.linalg.norm(acceleration.values, axis=1)
    blow = np.abs(size - np.median(size))  # some recordings have no gravity in them
    times_s = acceleration.times_s
    peaks: list[int] = []
    for n in np.flatnonzero(blow >= _IMPACT).tolist():
        if peaks and times_s[n] - times_s[peaks[-1]] < _BLOW_S + _AFTER_S:
            peaks[-1] = n if blow[n] > blow[peaks[-1]] else peaks[-1]
        else:
            peaks.append(n)
    for n in peaks:
        time_s, hard = float(times_s[n]), bool(blow[n] >= _HARD)
        if hard or not any(span.start_s <= time_s < span.end_s for span in runs_of_feet):
            text = "a hard impact" if hard else "an impact"
            yield Event(text, Span(time_s - _BEFORE_S, time_s + _AFTER_S), _over(blow[n], _IMPACT))


def _yaw(turned: Grid, felt: Grid | None) -> Grid:
    """How fast the camera turns about the vertical, to the left: about z where gravity was not measured."""
    rate = turned.values[:, 2]
    if felt:
        up = np.stack(
            [felt.at(smoothed(felt.values[:, axis], felt.bins(_UPRIGHT_S)), turned) for axis in range(3)], axis=1
        )
        size = np.linalg.norm(up, axis=1)
        rate = np.where(size > _G / 2, (turned.values * up).sum(axis=1) / np.maximum(size, 1e-9), rate)
    return Grid(turned.start_s, turned.rate_hz, rate[:, None])


def _turns(yaw: Grid) -> Iterator[Event]:
    """Turns one way, by at least a twelfth of a circle."""
    rate = smoothed(yaw.values[:, 0], yaw.bins(_TURN_S))
    for way, toward in (("left", rate), ("right", -rate)):
        for first, last in runs(np.nan_to_num(toward) >= _TURN, 1, yaw.bins(_TURN_S)):
            angle = float(np.nansum(toward[first:last])) / yaw.rate_hz
            if angle >= _LEAST_ANGLE:
                yield Event(f"turning {way}", yaw.span(first, last), _over(angle, float(_LEAST_ANGLE)))


def _sure(shares: Floats) -> float:
    """The confidence of a run: half at the threshold at least, and with the median share."""
    return float(np.clip(np.nanmedian(shares) if len(shares) else 0.5, 0.5, 1.0))


def _over(value: float, least: float) -> float:
    """0.5 at the threshold, and nearer to 1 the further beyond."""
    return float(np.clip(1 - 0.5 * least / max(value, least), 0.5, 1.0))
