"""What a column of a sensor log holds, by its header: `accelX`, `Gyroscope (y) [deg/s]`, `speed_kmh`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
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
    Kind.TIME: {"s": 1, "sec": 1, "seconds": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9},
    Kind.ACCELERATION: {"m/s2": 1, "m/s^2": 1, "m/s²": 1, "ms2": 1, "mps2": 1, "g": 9.80665, "mg": 9.80665e-3},
    Kind.ROTATION: {"rad/s": 1, "rads": 1, "rps": 1, "deg/s": pi / 180, "dps": pi / 180, "°/s": pi / 180},
    Kind.LATITUDE: {"deg": 1, "°": 1, "degrees": 1},
    Kind.LONGITUDE: {"deg": 1, "°": 1, "degrees": 1},
    Kind.ALTITUDE: {"m": 1, "ft": 0.3048, "feet": 0.3048},
    Kind.SPEED: {"m/s": 1, "ms": 1, "mps": 1, "km/h": 1 / 3.6, "kmh": 1 / 3.6, "kph": 1 / 3.6, "mph": 0.44704,
                 "kn": 0.514444, "kt": 0.514444, "knots": 0.514444},
}  # fmt: skip
_BRACKETED = re.compile(r"[(\[]([^)\]]*)[)\]]")
_WORD = re.compile(r"[A-Z]?[a-zµ°²]+|[A-Z]+|\d+")
_AXES = frozenset("xyz")


def column(header: str) -> Column | None:
    """What the column holds, or None where it is nothing we know. Raises `ValueError` for a unit we do not know."""
    header = header.strip()[:200]
    inside = [text.strip().lower() for text in _BRACKETED.findall(header)]
    outside = [word.lower() for word in _WORD.findall(_BRACKETED.sub(" ", header))]
    words = outside + [word for text in inside for word in re.findall(r"[a-z]+", text)]
    name = next((word for word in words if word in _KINDS), None)
    if name is None:
        return None
    kind = _KINDS[name]
    axis = _axis(name, words) if kind in (Kind.ACCELERATION, Kind.ROTATION) else ""
    if kind in (Kind.ACCELERATION, Kind.ROTATION) and not axis:
        return None
    return Column(kind, axis, _unit(kind, name, outside, inside))


def _axis(name: str, words: list[str]) -> str:
    if len(name) == 2:  # ax, gy
        return name[1]
    return next((word for word in words if word in _AXES), "")


def _unit(kind: Kind, name: str, outside: list[str], inside: list[str]) -> float | None:
    units = _UNITS[kind]
    named = [text for text in (*inside, *outside[1:]) if text in units]
    if named:
        return units[named[0]]
    strange = [text for text in inside if "/" in text or text in ("g", "mph", "ms")]
    if strange:
        raise ValueError(f"the unit {strange[0][:20]!r} of its column {name} is unknown")
    return _ITSELF.get(name)
