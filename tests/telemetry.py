"""Journeys whose events are known, as sensors would measure them; and films and tables that carry them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

G = 9.81
RATE_HZ, GPS_HZ = 200, 18


@dataclass(frozen=True)
class Journey:
    """Thirty-six seconds: still, walking at 1.9 Hz, still, a blow, turning left, turning right; and a drive."""

    times_s: Floats
    acceleration: Floats
    rotation: Floats
    gps_s: Floats
    position: Floats


WALK, BLOW_S, LEFT, RIGHT = (4.0, 12.0), 16.0, (20.0, 23.0), (27.0, 30.0)
LENGTH_S = 36.0
FAST = (6.0, 20.0)


def journey(*, up: tuple[float, float, float] = (0.0, 0.0, 1.0), seed: int = 0) -> Journey:
    """The same journey however the camera is held: `up` is the vertical in its own axes."""
    random, way = np.random.default_rng(seed), np.array(up) / np.linalg.norm(up)
    times_s = np.arange(int(LENGTH_S * RATE_HZ)) / RATE_HZ
    felt = np.full(len(times_s), G)
    walking = (times_s >= WALK[0]) & (times_s < WALK[1])
    felt[walking] += 2.5 * np.sin(2 * np.pi * 1.9 * times_s[walking]) + 0.8 * np.sin(
        2 * np.pi * 3.8 * times_s[walking]
    )
    felt[(times_s >= BLOW_S) & (times_s < BLOW_S + 0.03)] += 80.0
    yaw = np.zeros(len(times_s))
    yaw[(times_s >= LEFT[0]) & (times_s < LEFT[1])] = np.radians(30)
    yaw[(times_s >= RIGHT[0]) & (times_s < RIGHT[1])] = -np.radians(30)
    acceleration = felt[:, None] * way + random.normal(0, 0.05, (len(times_s), 3))
    rotation = yaw[:, None] * way + random.normal(0, 0.01, (len(times_s), 3))
    gps_s = np.arange(int(LENGTH_S * GPS_HZ)) / GPS_HZ
    speed = np.interp(gps_s, [0, 2, 6, 20, 24, 36], [0, 0, 30 / 3.6, 30 / 3.6, 0, 0])
    metres = np.cumsum(speed) / GPS_HZ
    latitude = 47.0 + np.degrees(metres / 6_371_000.0)
    height = np.interp(gps_s, [0, 6, 20, 36], [400, 400, 415, 415])
    position = np.stack([latitude, np.full(len(gps_s), 8.0), height, speed], axis=1)
    return Journey(times_s, acceleration, rotation, gps_s, position)


def klv(key: str, kind: str, size: int, data: bytes) -> bytes:
    """One entry, padded to four bytes; nested where `kind` is empty."""
    code = kind.encode() or b"\0"
    repeat = len(data) if not kind else len(data) // size
    head = key.encode() + code + struct.pack(">BH", size if kind else 1, repeat)
    return head + data + b"\0" * (-len(data) % 4)


def stream(key: str, rows: Floats, scale: int, *extra: bytes) -> bytes:
    """A stream of 16-bit numbers with its scale; positions have 32 bits."""
    kind, size = ("l", 4) if key.startswith("GPS") else ("s", 2)
    scales = [10_000_000, 10_000_000, 1000, 1000, 100] if key == "GPS5" else [scale]
    numbers = np.round(rows * np.array(scales)).astype(f">i{size}")
    scaled = klv("SCAL", "l", 4, b"".join(struct.pack(">l", s) for s in scales))
    data = klv(key, kind, size * rows.shape[1], numbers.tobytes())
    return klv("STRM", "", 1, b"".join(extra) + scaled + data)


def packets(made: Journey) -> list[bytes]:
    """A packet of telemetry a second, as a camera writes it."""
    found = []
    for second in range(int(made.times_s[-1]) + 1):
        here = (made.times_s >= second) & (made.times_s < second + 1)
        there = (made.gps_s >= second) & (made.gps_s < second + 1)
        gps = np.concatenate([made.position[there], made.position[there, 3:]], axis=1)
        body = klv("DVNM", "c", 1, b"Camera") + stream("ACCL", made.acceleration[here], 200)
        body += stream("GYRO", made.rotation[here], 1000)
        body += stream("GPS5", gps, 0, klv("GPSF", "L", 4, struct.pack(">L", 3)))
        found.append(klv("DEVC", "", 1, body))
    return found


def film(path: Path, telemetry: list[bytes], *, seconds: float = LENGTH_S, start_s: float = 0.0) -> Path:
    """A film of one colour after another, red, green, blue by thirds, with a stream of telemetry inside."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 96, 54, "yuv420p"
        data = out.add_data_stream("bin_data")
        data.time_base = Fraction(1, 1000)
        for n in range(int(seconds * 5)):
            colour = np.zeros((54, 96, 3), np.uint8)
            colour[..., min(2, int(3 * n / (seconds * 5)))] = 255
            frame = av.VideoFrame.from_ndarray(colour)
            frame.pts = n + round(start_s * 5)
            out.mux(video.encode(frame))
            if n % 5 == 0 and n // 5 < len(telemetry):
                packet = av.Packet(telemetry[n // 5])
                packet.stream, packet.time_base, packet.duration = data, Fraction(1, 1000), 1000
                packet.pts = packet.dts = n * 200 + round(start_s * 1000)
                out.mux(packet)
        out.mux(video.encode())
    return path


def table(made: Journey, *, position: bool = False) -> str:
    """The journey as a log, the sensors of motion or those of position."""
    if position:
        rows = np.concatenate([made.gps_s[:, None], made.position], axis=1)
        return "time,lat,lon,alt,speed\n" + "".join(",".join(f"{n:.7f}" for n in row) + "\n" for row in rows)
    rows = np.concatenate([made.times_s[:, None], made.acceleration, made.rotation], axis=1)
    head = "time,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z\n"
    return head + "".join(",".join(f"{n:.4f}" for n in row) + "\n" for row in rows)
