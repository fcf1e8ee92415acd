"""What a column of a sensor log holds, by its header: `accelX`, `Gyroscope (y) [deg/s]`, `speed_kmh`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import pi


class Kind(StrEnum):
    """What is measured."""

    TIME = "time"
    ACCELERATION = "acceleration"
    ROTATION = "rotation"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    ALTITUDE = "altitude"
    SPEED = "speed"


@dataclass(frozen=True, slots=True)
class Column:
    """`unit` turns a number into seconds, m/s², rad/s, degrees, m or m/s; None where the header names none."""

    kind: Kind
    axis: str = ""
    unit: float | None = None


_NAMES = {
    Kind.TIME: "t time timestamp ts elapsed seconds secs sec milliseconds millis cts date datetime utc",
    Kind.ACCELERATION: "acc accl accel acceleration accelerometer accelerometers ax ay az",
    Kind.ROTATION: "gyr gyro gyroscope rotation angular gx gy gz wx wy wz",
    Kind.LATITUDE: "lat latitude",
    Kind.LONGITUDE: "lon lng long longitude",
    Kind.ALTITUDE: "alt altitude elevation ele height",
    Kind.SPEED: "speed velocity",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_ITSELF = {"milliseconds": 1e-3, "millis": 1e-3, "cts": 1e-3}  # names that are units, too; `cts` is GoPro's
_UNITS: dict[Kind, dict[str, float]] = {
    Kind.TIME: {"s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "ms": 1e-3, "msec": 1e-3,
                "milliseconds": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "min": 60, "mins": 60, "minutes": 60,
                "h": 3600, "hr": 3600, "hours": 3600},
    Kind.ACCELERATION: {"m/s2": 1, "m/s^2": 1, "m/s²": 1, "m/s/s": 1, "ms2": 1, "ms-2": 1, "ms^-2": 1, "mps2": 1,
                        "g": 9.80665, "gs": 9.80665, "mg": 9.80665e-3},
    Kind.ROTATION: {"rad/s": 1, "rad/sec": 1, "rads": 1, "rps": 1, "deg/s": pi / 180, "deg/sec": pi / 180,
                    "degrees/s": pi / 180, "dps": pi / 180, "°/s": pi / 180, "°/sec": pi / 180},
    Kind.LATITUDE: {"deg": 1, "°": 1, "degrees": 1},
    Kind.LONGITUDE: {"deg": 1, "°": 1, "degrees": 1},
    Kind.ALTITUDE: {"m": 1, "meters": 1, "metres": 1, "km": 1000, "ft": 0.3048, "feet": 0.3048},
    Kind.SPEED: {"m/s": 1, "m/sec": 1, "ms": 1, "mps": 1, "km/h": 1 / 3.6, "kmh": 1 / 3.6, "kph": 1 / 3.6,
                 "km/hr": 1 / 3.6, "mph": 0.44704, "mi/h": 0.44704, "ft/s": 0.3048, "kn": 0.514444, "kt": 0.514444,
                 "kts": 0.514444, "knots": 0.514444},
}  # fmt: skip
_BRACKETED = re.compile(r"[(\[]([^)\]]*)[)\]]")
_WORD = re.compile(r"[A-Z]?[a-zµ°²]+|[A-Z]+|\d+")
_AXES = frozenset("xyz")
_OF_NO_USE = frozenset(  # not what was measured, but how well, or of something else
    "accuracy error precision uncertainty deviation std sigma variance dop hdop vdop pdop angle "
    "frame image picture pixel screen".split()
)
_REMARKS = frozenset("2d 3d gps gnss iso local unix utc wgs84".split())  # in brackets, they say nothing of the unit
_SAID = frozenset(_KINDS) - {unit for units in _UNITS.values() for unit in units} - _ITSELF.keys() - {"t"}
_REMARK = _AXES | _REMARKS | _SAID


def column(header: str) -> Column | None:
    """What the column holds, or None where it is nothing we know. Raises `ValueError` for a unit we do not know."""
    header = header.strip()[:200]
    inside = [text.strip().lower() for text in _BRACKETED.findall(header)]
    outside = [word.lower() for word in _WORD.findall(_BRACKETED.sub(" ", header))]
    said = [word for text in inside for word in _words(text)]
    name = next((w for w in outside if w in _KINDS), None) or next((w for w in said if w in _SAID), None)
    if name is None or _is_else(name, [*outside, *said]):
        return None
    kind = _KINDS[name]
    axis = _axis(name, [*outside, *said]) if kind in (Kind.ACCELERATION, Kind.ROTATION) else ""
    if kind in (Kind.ACCELERATION, Kind.ROTATION) and not axis:
        return None
    return Column(kind, axis, _unit(kind, name, outside, inside))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text)


def _is_else(name: str, words: list[str]) -> bool:
    """Whether the other words make it something else: `speed_accuracy`, `speedAcc`, `angular acceleration`."""
    others = {_KINDS[word] for word in words if word in _KINDS} - {_KINDS[name]}
    return not _OF_NO_USE.isdisjoint(words) or Kind.ACCELERATION in others


def _axis(name: str, words: list[str]) -> str:
    if len(name) == 2:  # ax, gy
        return name[1]
    return next((word for word in words if word in _AXES), "")


def _unit(kind: Kind, name: str, outside: list[str], inside: list[str]) -> float | None:
    """The first unit that is named; in brackets stands a unit, an axis or what is measured, and nothing else."""
    units = _UNITS[kind]
    bracketed = ["".join(text.split()) for text in inside]
    for text, whole in zip(bracketed, inside, strict=True):
        remark = bool(_words(whole)) and _REMARK.issuperset(_words(whole))
        if text and text not in units and not remark:
            raise ValueError(f"the unit {whole[:20]!r} of its column {name} is unknown")
    ends = outside[outside.index(name) + 1 :] if name in outside else outside
    named = [text for text in (*bracketed, *map("/".join, pairwise(ends)), *ends) if text in units]
    return units[named[0]] if named else _ITSELF.get(name)
