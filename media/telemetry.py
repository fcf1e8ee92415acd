"""GoPro telemetry (GPMF) as arrays: what the sensors of a camera measured while it filmed.

GPMF is a tree of key, type, size, repeat and data; the data of a stream comes last, after its scale and its order of
axes (github.com/gopro/gpmf-parser). It comes out of footage, so sizes lie: what does not fit ends its level, depth
and number of entries are bounded, and what no sensor can measure is left out.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]

BEGINNING = b"DEVC"  # the key that every packet of telemetry begins with
MOST_BYTES = 4 << 20  # of one packet; a second of a camera's has under 100 KB
_MOST_ITEMS, _MOST_TRACKS, _MOST_DEPTH, _MOST_COLUMNS = 20_000, 32, 6, 64
_HEAD = struct.Struct(">4scBH")
_NUMPY = {
    "b": ">i1", "B": ">u1", "s": ">i2", "S": ">u2", "l": ">i4", "L": ">u4", "j": ">i8", "J": ">u8", "f": ">f4",
    "d": ">f8", "q": ">i4", "Q": ">i8",
}  # fmt: skip
_FIXED = {"q": 2.0**16, "Q": 2.0**32}  # numbers with a fixed point
_REPEATED = re.compile(r"(.)\[(\d{1,3})\]")
_LOCKED = 2  # a GPS fix in the plane; 3 has the height, too


class Sensor(StrEnum):
    """What was measured, and in what columns."""

    ACCELERATION = "acceleration"  # x, y, z in m/s², gravity included
    ROTATION = "rotation"  # about x, y, z in rad/s
    POSITION = "position"  # latitude and longitude in degrees, altitude in m, speed in m/s; NaN where unknown


COLUMNS = {Sensor.ACCELERATION: 3, Sensor.ROTATION: 3, Sensor.POSITION: 4}
_MOST = {Sensor.ACCELERATION: 2000.0, Sensor.ROTATION: 100.0}  # two hundred g, sixteen turns a second
_KEYS = {"ACCL": Sensor.ACCELERATION, "GYRO": Sensor.ROTATION, "GPS5": Sensor.POSITION, "GPS9": Sensor.POSITION}


@dataclass(frozen=True, slots=True)
class Track:
    """Measurements of one sensor: `times_s` in order, and a row of `values` for each (see `Sensor`)."""

    sensor: Sensor
    times_s: Values
    values: Values


@dataclass(frozen=True, slots=True)
class _Item:
    key: str
    kind: str
    size: int
    data: memoryview
    depth: int


def read_packet(packet: bytes, start_s: float, duration_s: float) -> list[Track]:
    """The tracks of one packet, its samples spread evenly over the time it stands for; none where it is no GPMF."""
    if not packet.startswith(BEGINNING) or len(packet) > MOST_BYTES:
        return []
    tracks, about = [], dict[str, _Item]()
    for item in _items(memoryview(packet)):
        if item.key == "STRM":
            about = {}
        sensor = _KEYS.get(item.key)
        if sensor is None:
            about[item.key] = item
        elif (values := _measured(item, sensor, about)) is not None and len(values):
            middles = np.arange(0.5, len(values), dtype=np.float64)
            times_s = start_s + middles * (duration_s / len(values))
            tracks.append(sound(Track(sensor, times_s, values)))
        if len(tracks) == _MOST_TRACKS:
            break
    return [track for track in tracks if len(track.times_s)]


def sound(track: Track) -> Track:
    """The track without what cannot have been measured."""
    values = track.values
    if track.sensor is Sensor.POSITION:
        placed = (np.abs(values[:, 0]) <= 90) & (np.abs(values[:, 1]) <= 180) & values[:, :2].any(axis=1)
        values = values.copy()
        values[~np.isfinite(values)] = np.nan
        values[~placed, :2] = np.nan
        values[~(np.abs(values[:, 2]) < 20_000), 2] = np.nan
        values[~((values[:, 3] >= 0) & (values[:, 3] < 1000)), 3] = np.nan
        kept = ~np.isnan(values).all(axis=1)
    else:
        kept = np.isfinite(values).all(axis=1) & (np.abs(values) < _MOST[track.sensor]).all(axis=1)
    kept &= np.isfinite(track.times_s)
    return Track(track.sensor, track.times_s[kept], values[kept])


def _items(packet: memoryview) -> Iterator[_Item]:
    """Every entry of the tree, parents before children."""
    levels = [packet]
    for _ in range(_MOST_ITEMS):
        while levels and len(levels[-1]) < _HEAD.size:
            levels.pop()
        if not levels:
            return
        key, kind, size, repeat = _HEAD.unpack_from(levels[-1])
        length = size * repeat
        data = levels[-1][_HEAD.size : _HEAD.size + length]
        levels[-1] = levels[-1][_HEAD.size + (length + 3) // 4 * 4 :]
        if key == b"\0\0\0\0" or len(data) < length:  # padding, or cut off: what is left of this level is not read
            levels.pop()
            continue
        if kind == b"\0":
            if len(levels) >= _MOST_DEPTH:
                continue
            levels.append(data)
        yield _Item(key.decode("latin-1"), kind.decode("latin-1"), size, data, len(levels))


def _measured(item: _Item, sensor: Sensor, about: dict[str, _Item]) -> Values | None:
    """The samples in the units of the sensor, or None where they are not to be had."""
    rows = _rows(item, _layout(item, about))
    if rows is None or rows.shape[1] < COLUMNS[sensor]:
        return None
    scale = _numbers(about.get("SCAL"))
    if scale is not None and len(scale) in (1, rows.shape[1]) and np.all(scale):
        rows = rows / scale
    if sensor is Sensor.POSITION:
        return _placed(item.key, rows, about)
    return _in_order(rows[:, :3], about.get("ORIN"))


def _placed(key: str, rows: Values, about: dict[str, _Item]) -> Values:
    """Positions while the receiver had a fix: GPS9 says so of each sample, GPS5 of the packet."""
    if key == "GPS9":
        return rows[rows[:, 8] >= _LOCKED, :4] if rows.shape[1] > 8 else rows[:, :4]
    fix = _numbers(about.get("GPSF"))
    return rows[:, :4] if fix is None or fix[0] >= _LOCKED else rows[:0, :4]


def _in_order(rows: Values, orientation: _Item | None) -> Values:
    """The axes as x, y, z. `YxZ` says: first y, then x the other way round, then z."""
    letters = bytes(orientation.data).decode("latin-1") if orientation else ""
    if sorted(letters.lower()) != ["x", "y", "z"]:
        return rows
    columns = [letters.lower().index(axis) for axis in "xyz"]
    signs = np.array([1.0 if letters[n].isupper() else -1.0 for n in columns])
    ordered: Values = rows[:, columns] * signs
    return ordered


def _layout(item: _Item, about: dict[str, _Item]) -> str:
    """One letter for each number in a sample."""
    if item.kind == "?":
        described = bytes(about["TYPE"].data[:64]).decode("latin-1").rstrip("\0") if "TYPE" in about else ""
        return _REPEATED.sub(lambda found: found[1] * min(int(found[2]), _MOST_COLUMNS), described)
    if item.kind not in _NUMPY:
        return ""
    return item.kind * (item.size // np.dtype(_NUMPY[item.kind]).itemsize)


def _rows(item: _Item, layout: str) -> Values | None:
    """The numbers of an entry, a row a sample; None where they are not numbers or sizes do not agree."""
    if not 0 < len(layout) <= _MOST_COLUMNS or any(letter not in _NUMPY for letter in layout):
        return None
    kinds = [(f"c{n}", _NUMPY[letter]) for n, letter in enumerate(layout)]
    form = np.dtype(kinds)
    if form.itemsize != item.size:
        return None
    table = np.frombuffer(item.data, form)
    columns = [table[name].astype(np.float64) / _FIXED.get(layout[n], 1.0) for n, (name, _) in enumerate(kinds)]
    return np.stack(columns, axis=1)


def _numbers(item: _Item | None) -> Values | None:
    """All numbers of an entry in one row."""
    if item is None:
        return None
    rows = _rows(item, _layout(item, {}))
    return None if rows is None or not rows.size else rows.reshape(-1)
