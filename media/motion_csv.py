"""Sensor logs beside a video, as tables: `ride.csv`, `ride.gps.csv`, `ride.imu.csv` beside `ride.mp4`.

Columns are known by their usual names and units by what stands in the header (`accel_x (g)`, `speed_kmh`). Commas,
semicolons and tabs part columns; with the last two a number may have a decimal comma. Rows may be in any order.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from playhead.errors import InputError
from playhead.media.csv_columns import Column, Kind, column
from playhead.media.files import open_file
from playhead.media.subtitles import decoded
from playhead.media.telemetry import Sensor, Track, sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playhead.media.telemetry import Values

_MOST_BYTES, _MOST_ROWS, _MOST_COLUMNS = 64 << 20, 4_000_000, 256
_MOST_S = 48 * 3600.0
_EPOCH_S = (
    1e8  # a time beyond is a date: seconds since 1970, and beyond each of the next, milli-, micro-, nanoseconds
)
_FINER = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))
_G, _MOST_TURN = 9.80665, 35.0  # m/s²; rad/s, the 2000 °/s that such sensors measure at most
_NAMES = ("", ".gps", ".imu", ".telemetry", ".sensors")
_ADVICE = "Name the columns time, accel_x, accel_y, accel_z, gyro_x …, lat, lon, alt, speed"


@dataclass(frozen=True, slots=True)
class Log:
    """A table of measurements as it lies beside a video; `id` is the digest of its bytes."""

    name: str
    data: bytes
    id: str


def find_logs(video: Path) -> list[Path]:
    """The sensor logs beside a video, by name."""
    stem = video.name.removesuffix(video.suffix)
    wanted = {f"{stem}{name}".lower() for name in _NAMES}
    try:
        return sorted(p for p in video.parent.iterdir() if p.suffix.lower() == ".csv" and p.stem.lower() in wanted)
    except OSError:
        return []


def read_log(path: Path, roots: Sequence[Path]) -> Log:
    """The bytes of a log, opened as safely as footage is. Raises `MediaError`."""
    with open_file(path, roots) as file:
        data = file.read(_MOST_BYTES)
    return Log(path.name, data, hashlib.sha256(data).hexdigest()[:32])


def parse_log(log: Log) -> list[Track]:
    """What was measured, in seconds from the start and the units of `Sensor`. Raises `InputError`."""
    rows = _rows(decoded(log.data))
    columns = _columns(log, next(rows, []))
    table = _numbers(log, rows, columns)
    times_s = _seconds(table[:, 0], columns[0][1].unit)
    kept = (times_s >= 0) & (times_s <= _MOST_S)
    tracks = [sound(track) for track in _tracks(times_s[kept], table[kept], [one for _, one in columns])]
    tracks = [track for track in tracks if len(track.times_s)]
    if not tracks:
        raise _unusable(log, "no row of it has a time and something measured")
    return tracks


def _rows(text: str) -> Iterator[list[str]]:
    """The header first; lines before it that begin with `#` are remarks."""
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    head = lines[0] if lines else ""
    delimiter = max(",;\t", key=head.count)
    yield from csv.reader((line.replace("\0", "") for line in lines), delimiter=delimiter)


def _columns(log: Log, header: list[str]) -> list[tuple[int, Column]]:
    """The columns that are known, each kind once, with their numbers; time first."""
    if len(header) > _MOST_COLUMNS:
        raise _unusable(log, f"it has more than {_MOST_COLUMNS} columns")
    found: dict[tuple[Kind, str], tuple[int, Column]] = {}
    for n, name in enumerate(header):
        try:
            known = column(name)
        except ValueError as error:
            raise _unusable(log, str(error)) from error
        if known is not None:
            found.setdefault((known.kind, known.axis), (n, known))
    time = found.pop((Kind.TIME, ""), None)
    if time is None or not found:
        what = "time" if time is None else "acceleration, rotation, position or speed"
        raise _unusable(log, f"no column of it is named as {what}")
    return [time, *found.values()]


def _numbers(log: Log, rows: Iterator[list[str]], columns: list[tuple[int, Column]]) -> Values:
    """A row for each that has a time; NaN where there is no number."""
    found: list[list[float]] = []
    try:
        for row in rows:
            if len(found) >= _MOST_ROWS:
                raise _unusable(log, f"it has more than {_MOST_ROWS:,} rows")
            numbers = [_number(row[n]) if n < len(row) else np.nan for n, _ in columns]
            if np.isnan(numbers[0]) and columns[0][0] < len(row):
                numbers[0] = _date(row[columns[0][0]])
            if np.isfinite(numbers[0]):
                found.append(numbers)
    except csv.Error as error:
        raise _unusable(log, str(error)) from error
    return np.array(found, np.float64).reshape(len(found), len(columns))


def _number(cell: str) -> float:
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return np.nan


def _date(cell: str) -> float:
    try:
        when = datetime.fromisoformat(cell.strip())
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return np.nan


def _seconds(times: Values, unit: float | None) -> Values:
    """Seconds from the start: dates count from the first of them, numbers from 0."""
    if not len(times):
        return times
    first = float(times.min())
    finer = next((factor for beyond, factor in _FINER if first > beyond), 1.0)
    seconds = times * (finer if unit is None else unit)
    dated = float(seconds.min()) > _EPOCH_S
    return seconds - seconds.min() if dated else seconds


def _tracks(times_s: Values, table: Values, columns: list[Column]) -> Iterator[Track]:
    at = {(one.kind, one.axis): n for n, one in enumerate(columns)}
    order = np.argsort(times_s, kind="stable")
    times_s, table = times_s[order], table[order]
    for kind, sensor in ((Kind.ACCELERATION, Sensor.ACCELERATION), (Kind.ROTATION, Sensor.ROTATION)):
        axes = [at[kind, axis] for axis in "xyz" if (kind, axis) in at]
        if len(axes) == 3:
            values = table[:, axes]
            units = [columns[n].unit for n in axes]
            yield Track(sensor, times_s, values * _unit(sensor, values, units))
    placed = [at.get((kind, "")) for kind in (Kind.LATITUDE, Kind.LONGITUDE, Kind.ALTITUDE, Kind.SPEED)]
    if any(n is not None for n in placed):
        parts = [np.full(len(times_s), np.nan) if n is None else table[:, n] * (columns[n].unit or 1) for n in placed]
        yield Track(Sensor.POSITION, times_s, np.stack(parts, axis=1))


def _unit(sensor: Sensor, values: Values, units: list[float | None]) -> Values:
    """The units in the header; where it names none, those in which the numbers are possible."""
    finite = values[np.isfinite(values).all(axis=1)]
    sizes = np.linalg.norm(finite, axis=1) if len(finite) else np.zeros(1)
    likely = 1.0
    if sensor is Sensor.ACCELERATION and 0.5 < np.median(sizes) < 2:  # what is felt at rest is 1 g, or 9.8 m/s²
        likely = _G
    if sensor is Sensor.ROTATION and np.percentile(sizes, 99) > _MOST_TURN:
        likely = float(np.radians(1))
    return np.array([likely if unit is None else unit for unit in units])


def _unusable(log: Log, why: str) -> InputError:
    return InputError(f"{re.sub(r'[^ -~]', '?', log.name)} is not readable as a sensor log", why, _ADVICE)
