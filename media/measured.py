"""The sensor side of the pass: packets of telemetry in; what was measured out as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from playhead.media import wire
from playhead.media.telemetry import read_packet

if TYPE_CHECKING:
    from playhead.media.tally import Tally

_USUAL_S, _MOST_S = 1.0, 60.0  # what a packet stands for, where it does not say, and what is believed
_MOST_ROWS, _MOST_TRACKS = 10_000_000, 600_000  # of all sensors together: hours at 400 Hz, two days of packets


class Measured:
    """The sensor side of the pass: every track of every packet, at its time in the film."""

    def __init__(self, tally: Tally, out: BinaryIO) -> None:
        self._tally, self._out, self._rows, self._tracks = tally, out, 0, 0

    def take(self, packet: Any) -> None:
        """Observe one packet of a data stream; what is no telemetry is passed over."""
        if packet.pts is None or not packet.size:
            return
        length_s = float(packet.duration * packet.time_base) if packet.duration else _USUAL_S
        for track in read_packet(bytes(packet), float(packet.pts * packet.time_base), min(length_s, _MOST_S)):
            self._rows, self._tracks = self._rows + len(track.times_s), self._tracks + 1
            if self._rows > _MOST_ROWS or self._tracks > _MOST_TRACKS:
                self._tally.warn("its sensors measured more than is believed; the rest of it is left out")
                return
            table = np.concatenate([track.times_s[:, None], track.values], axis=1)
            head = {"kind": "measured", "sensor": track.sensor, "rows": len(table)}
            wire.send(self._out, head, np.ascontiguousarray(table, "<f8").tobytes())
