"""Sensor logs beside a video: columns by their usual names, units, separators, dates; and tables that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.errors import InputError, MediaError
from playhead.media.motion_csv import Log, find_logs, parse_log, read_log
from playhead.media.telemetry import Sensor, Track

if TYPE_CHECKING:
    from pathlib import Path


def parsed(text: str | bytes) -> dict[Sensor, Track]:
    data = text if isinstance(text, bytes) else text.encode()
    return {track.sensor: track for track in parse_log(Log("ride.csv", data, ""))}


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("time,accel_x,accel_y,accel_z", 1),
        ("Timestamp,AccelX,AccelY,AccelZ", 1),
        ("t,ax,ay,az", 1),
        ("seconds,acc_x_g,acc_y_g,acc_z_g", 9.80665),
        ("time (s),Accelerometer (x) [m/s²],Accelerometer (y) [m/s²],Accelerometer (z) [m/s²]", 1),
        ("# a remark\ntime,accelX (mg),accelY (mg),accelZ (mg)", 0.00980665),
    ],
)
def test_columns_are_known_by_their_usual_names_and_units(header: str, factor: float) -> None:
    track = parsed(f"{header}\n0,1,2,9.8\n0.5,1,2,9.8\n")[Sensor.ACCELERATION]
    np.testing.assert_allclose(track.times_s, [0, 0.5])
    np.testing.assert_allclose(track.values, np.array([[1, 2, 9.8]] * 2) * factor)


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("time,lat,lon,alt,speed", "1,47.5,8.25,400,10", [47.5, 8.25, 400, 10]),
        ("time,latitude,longitude,altitude (ft),speed_kmh", "1,47.5,8.25,1000,36", [47.5, 8.25, 304.8, 10]),
        (
            "time,GPS (Lat.) [deg],GPS (Long.) [deg],GPS (2D speed) [mph]",
            "1,47.5,8.25,10",
            [47.5, 8.25, None, 4.4704],
        ),
        ("time;speed [km/h]", "1;36,5", [None, None, None, 36.5 / 3.6]),
        ("time (min),speed_km_h", "2,36", [None, None, None, 10]),
        ("time (s),speed (m / s),speed_accuracy (m/s)", "1,10,3", [None, None, None, 10]),
        ("time,speedAcc,GPS (Alt.) [m]", "1,3,400", [None, None, 400, None]),
        ("time,frame height,altitude_accuracy,speed (2D)", "1,1080,5,10", [None, None, None, 10]),
    ],
)
def test_positions_have_what_their_columns_have(header: str, row: str, expected: list[float | None]) -> None:
    values = parsed(f"{header}\n{row}\n")[Sensor.POSITION].values
    np.testing.assert_allclose(values, [[np.nan if value is None else value for value in expected]])


@pytest.mark.parametrize(
    ("times", "name"),
    [
        ("0 0.5 2", "time"),
        ("0 500 2000", "time_ms"),
        ("0 500 2000", "cts"),
        ("0 500 2000", "Time (ms)"),
        ("0 0.0083333333 0.0333333333", "time [min]"),
        ("1700000000 1700000000.5 1700000002", "timestamp"),
        ("1700000000000 1700000000500 1700000002000", "timestamp"),
        ("1700000000000000000 1700000000500000000 1700000002000000000", "time"),
        ("2026-05-01T10:00:00Z 2026-05-01T10:00:00.500Z 2026-05-01T10:00:02Z", "date"),
    ],
)
def test_times_count_from_the_start_and_dates_from_the_first(times: str, name: str) -> None:
    rows = "".join(f"{time},{n + 1}\n" for n, time in enumerate(times.split()))
    track = parsed(f"{name},speed\n{rows}")[Sensor.POSITION]
    np.testing.assert_allclose(track.times_s, [0, 0.5, 2], atol=1e-6)


def test_a_gyroscope_in_degrees_is_noticed_where_its_header_does_not_say() -> None:
    rows = "".join(f"{n / 10},0,0,{90 if n > 3 else 0}\n" for n in range(20))
    track = parsed(f"time,gyro_x,gyro_y,gyro_z\n{rows}")[Sensor.ROTATION]
    assert track.values.max() == pytest.approx(np.pi / 2)


@pytest.mark.parametrize(
    "header",
    [
        "Gyroscope x (deg/sec),Gyroscope y (deg/s),Gyroscope z [°/s]",
        "gyro_x_deg_s,gyro_y_dps,gyro (z) [degrees/s]",
    ],
)
def test_a_gyroscope_in_degrees_may_say_so(header: str) -> None:
    track = parsed(f"time,{header}\n0,1,1,1\n1,1,1,1\n")[Sensor.ROTATION]
    np.testing.assert_allclose(track.values, np.radians(1))


def test_rest_at_one_is_one_g() -> None:
    track = parsed("time,ax,ay,az\n0,0,0,1\n1,0,0,1.01\n2,0.1,0,1\n")[Sensor.ACCELERATION]
    assert track.values[0, 2] == pytest.approx(9.80665)


@pytest.mark.parametrize(
    "data",
    [
        "time,speed\n2,3\n0,1\n1,2\n",
        "\ufefftime,speed\n0,1\n1,2\n2,3\n",
        "time\tspeed\n0\t1\n1\t2\n2\t3\n",
        "time;speed\r\n0,0;1,0\r\n1,0;2,0\r\n2,0;3,0\r\n",
        "time,speed\n0,1\nnot a time,9\nnan,9\n1,2\n-5,9\n1e30,9\n2,3\n,\n3\n",
        'time,note,speed\n0,"a, b",1\n1,c,2\n2,d,3\n',
        "time,speed\n0,1\n1,2\n2,3\n".encode("utf-16"),
        "Time,Größe,Speed\n0,x,1\n1,x,2\n2,x,3\n".encode("cp1252"),
        "time,speed\n0,1\n1,2\n1.5,inf\n1.6,nan\n1.7,\n2,3\n",
    ],
)
def test_the_same_table_however_it_is_written(data: str | bytes) -> None:
    track = parsed(data)[Sensor.POSITION]
    np.testing.assert_allclose(track.times_s, [0, 1, 2])
    np.testing.assert_allclose(track.values[:, 3], [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,age\nAda,36\n", "no column of it is named as time"),
        ("time,age\n0,36\n", "no column of it is named as acceleration"),
        ("time,speed\n", "no row of it"),
        ("time,speed\nx,y\n", "no row of it"),
        ("time,speed (furlong/h)\n0,1\n", "unit 'furlong/h'"),
        ("time,speed (furlong)\n0,1\n", "unit 'furlong'"),
        ("time (fortnights),speed\n0,1\n", "unit 'fortnights' of its column time"),
        ("time,altitude [°]\n0,1\n", "unit '°'"),
        ("time,speed (deg/s)\n0,1\n", "unit 'deg/s'"),
        ("time,speed_accuracy,frame height\n0,1,2\n", "no column of it is named as acceleration"),
        ("time,accel_x,accel_y\n0,1,2\n", "no row of it"),
        (",".join(["time"] * 300) + "\n", "more than 256 columns"),
        ("\0\0\0", "no column"),
        ("time,speed\n0," + "9" * 200_000 + "\n", "field larger than"),
    ],
)
def test_a_table_that_is_no_log_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(InputError, match="is not readable as a sensor log") as caught:
        parsed(text)
    assert why in str(caught.value)


@given(st.binary(max_size=300))
def test_whatever_a_table_holds_it_is_read_or_refused(data: bytes) -> None:
    for content in (data, b"time,speed,accel_x,accel_y,accel_z\n" + data, b"t;lat;lon\n" + data):
        try:
            tracks = parsed(content)
        except InputError:
            continue
        for track in tracks.values():
            assert (np.diff(track.times_s) >= 0).all()
            assert not np.isinf(track.values).any()


def test_logs_are_found_by_the_name_of_the_video(tmp_path: Path) -> None:
    for name in ("ride.csv", "ride.GPS.csv", "ride.imu.csv", "ride.notes.csv", "rider.csv", "ride.mp4", "ride.srt"):
        (tmp_path / name).write_text("time,speed\n0,1\n")
    assert [path.name for path in find_logs(tmp_path / "ride.mp4")] == ["ride.GPS.csv", "ride.csv", "ride.imu.csv"]
    assert find_logs(tmp_path / "gone" / "ride.mp4") == []


def test_a_log_is_opened_as_safely_as_footage(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("time,speed\n0,1\n")
    folder = tmp_path / "footage"
    folder.mkdir()
    (folder / "ride.csv").symlink_to(outside)
    with pytest.raises(MediaError, match="leads out"):
        read_log(folder / "ride.csv", [folder])
    assert read_log(outside, [tmp_path]).id == read_log(folder / "ride.csv", [tmp_path]).id
