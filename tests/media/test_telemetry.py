"""Telemetry inside a film: what a camera writes is read in its units, and nothing that lies is believed."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.media.decode import Measured, Wants, decode
from playhead.media.files import open_file
from playhead.media.telemetry import MOST_BYTES, Sensor, Track, read_packet

from ..telemetry import Journey, film, journey, klv, packets, stream

if TYPE_CHECKING:
    from pathlib import Path

THREE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def device(*streams: bytes) -> bytes:
    return klv("DEVC", "", 1, b"".join(streams))


def read(*streams: bytes) -> list[Track]:
    return read_packet(device(*streams), 10.0, 1.0)


@pytest.fixture(scope="module")
def made() -> Journey:
    return journey()


def test_what_a_camera_measured_is_read_in_its_units_and_at_its_time(made: Journey) -> None:
    tracks = read_packet(packets(made)[4], 4.0, 1.0)
    assert [track.sensor for track in tracks] == [Sensor.ACCELERATION, Sensor.ROTATION, Sensor.POSITION]
    here = (made.times_s >= 4) & (made.times_s < 5)
    np.testing.assert_allclose(tracks[0].values, made.acceleration[here], atol=0.003)
    np.testing.assert_allclose(tracks[0].times_s, made.times_s[here] + 0.0025, atol=1e-6)
    np.testing.assert_allclose(tracks[1].values, made.rotation[here], atol=0.0006)
    np.testing.assert_allclose(tracks[2].values, made.position[72:90], atol=0.006)


def test_axes_are_put_in_the_order_that_the_camera_names() -> None:
    (track,) = read(stream("ACCL", THREE, 100, klv("ORIN", "c", 1, b"YxZ")))
    np.testing.assert_allclose(track.values, [[-2, 1, 3], [-5, 4, 6]])
    (track,) = read(stream("ACCL", THREE, 100, klv("ORIN", "c", 1, b"XXZ")))
    np.testing.assert_allclose(track.values, THREE)


def test_positions_without_a_fix_are_left_out() -> None:
    row = np.array([[47.0, 8.0, 400.0, 5.0, 5.0]])
    for fix, count in ((0, 0), (2, 1), (3, 1)):
        assert len(read(stream("GPS5", row, 0, klv("GPSF", "L", 4, struct.pack(">L", fix))))) == count
    numbers = struct.pack(">lllllllHH", 470000000, 80000000, 400000, 5000, 500, 9000, 1, 99, 3)
    unsure = struct.pack(">lllllllHH", 470000000, 80000000, 400000, 5000, 500, 9000, 1, 99, 0)
    scale = struct.pack(">9l", 10_000_000, 10_000_000, 1000, 1000, 100, 1, 1000, 100, 1)
    newer = klv("TYPE", "c", 1, b"lllllllSS") + klv("SCAL", "l", 4, scale) + klv("GPS9", "?", 32, numbers + unsure)
    (track,) = read(klv("STRM", "", 1, newer))
    np.testing.assert_allclose(track.values, [[47, 8, 400, 5]])


def test_what_no_sensor_can_measure_is_left_out() -> None:
    rows = np.array([[1.0, 2, 3], [30_000, 0, 0], [4, 5, 6]])
    (track,) = read(stream("ACCL", rows, 1))
    np.testing.assert_allclose(track.values, rows[[0, 2]])
    (track,) = read(stream("GPS5", np.array([[0.0, 0, 10, 3, 3], [95, 8, 10, 4, 4]]), 0))
    assert np.isnan(track.values[:, :2]).all()
    np.testing.assert_allclose(track.values[:, 3], [3, 4])


def test_a_scale_of_nothing_is_no_scale() -> None:
    data = klv("SCAL", "l", 4, struct.pack(">l", 0)) + klv("ACCL", "s", 6, struct.pack(">3h", 1, 2, 3))
    (track,) = read(klv("STRM", "", 1, data))
    np.testing.assert_allclose(track.values, [[1, 2, 3]])


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"DEVC",
        b"nothing of the kind",
        b"DEVC\0\xff\xff\xff" + b"\0" * 64,
        bytes(16 << 20),
        b"DEVC" + bytes(16 << 20),
        device(klv("STRM", "", 1, b"ACCL" + b"s" + struct.pack(">BH", 6, 60000) + b"\1" * 12)),
        device(klv("STRM", "", 1, klv("ACCL", "s", 6, b"")[:6])),
        device(klv("STRM", "", 1, klv("ACCL", "?", 6, b"\1" * 12))),
        device(klv("STRM", "", 1, klv("TYPE", "c", 1, b"f[999]") + klv("ACCL", "?", 12, b"\1" * 12))),
        device(klv("STRM", "", 1, klv("ACCL", "c", 6, b"\1" * 12))),
        device(klv("STRM", "", 1, klv("ACCL", "s", 4, b"\1" * 12))),
    ],
    ids=lambda packet: f"{len(packet)} bytes",
)
def test_nonsense_gives_nothing(packet: bytes) -> None:
    assert read_packet(packet, 0.0, 1.0) == []


def test_what_is_nested_without_end_ends() -> None:
    nested = b""
    for _ in range(2000):
        nested = klv("DEVC", "", 1, nested)[: 1 << 16]
    assert read_packet(nested, 0.0, 1.0) == []
    crowded = b"DEVC\0\1\xff\xff" + b"EMPT\0\0\0\0" * (MOST_BYTES // 8 - 1)
    assert read_packet(crowded, 0.0, 1.0) == []


def test_of_very_many_streams_in_one_packet_few_are_believed() -> None:
    assert len(read(*[stream("ACCL", THREE, 1)] * 500)) < 100


@given(st.binary(max_size=400), st.integers(0, 399), st.binary(min_size=1, max_size=8))
def test_whatever_bytes_come_tracks_are_finite_and_in_order(tail: bytes, at: int, written: bytes) -> None:
    whole = device(stream("ACCL", THREE, 100), stream("GPS5", np.array([[47.0, 8, 400, 5, 5]]), 0))
    damaged = bytearray(whole + tail)
    damaged[at % len(damaged) : at % len(damaged) + len(written)] = written
    for packet in (bytes(damaged), b"DEVC" + tail, whole[: at % len(whole)]):
        for track in read_packet(packet, 1.0, 1.0):
            assert len(track.times_s) == len(track.values) > 0
            assert ((track.times_s > 1) & (track.times_s < 2)).all()
            assert not np.isinf(track.values).any()


def measured(path: Path, *, motion: bool = True) -> list[Track]:
    with open_file(path, [path.parent]) as file:
        wants = Wants(picture=False, sound=False, subtitles=False, motion=motion)
        return [event.track for event in decode(file, wants) if isinstance(event, Measured)]


def test_a_film_gives_what_its_sensors_measured_where_it_is_wanted(tmp_path: Path, made: Journey) -> None:
    path = film(tmp_path / "ride.mp4", packets(made)[:5], seconds=6)
    tracks = measured(path)
    felt = [track for track in tracks if track.sensor is Sensor.ACCELERATION]
    assert len(felt) == 5
    times_s = np.concatenate([track.times_s for track in felt])
    np.testing.assert_allclose(times_s, made.times_s[:1000] + 0.0025, atol=0.002)
    assert measured(path, motion=False) == []


def test_a_film_with_hostile_telemetry_is_seen_all_the_same(tmp_path: Path, made: Journey) -> None:
    hostile = [bytes(1 << 20), b"DEVC\0\xff\xff\xff", b"DEVC" + b"\xff" * 5000, packets(made)[3]]
    tracks = measured(film(tmp_path / "ride.mp4", hostile, seconds=5))
    assert {track.sensor for track in tracks} == set(Sensor)
    assert all(3 <= track.times_s[0] < 4 for track in tracks)
