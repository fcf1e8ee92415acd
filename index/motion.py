"""What the sensors of a camera measured, collected over a pass and told as events on the motion channel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from playhead.index.watch import stored
from playhead.media.telemetry import Sensor
from playhead.models.motion import ID, find_events
from playhead.models.signals import Signal
from playhead.types import Channel, Span

if TYPE_CHECKING:
    from playhead.index.catalog import Record
    from playhead.index.watch import Stills
    from playhead.media.telemetry import Track


class MotionWatcher:
    """Collects tracks, from inside the file and from beside it, and tells what happened to the camera."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []

    def feel(self, track: Track, start_s: float = 0.0) -> None:
        """Take a track whose times count from `start_s`."""
        self._tracks.append(replace(track, times_s=track.times_s + start_s))

    def add_to(self, record: Record, stills: Stills, within: Span) -> None:
        """One segment for each event, as far as it lies within the video."""
        for event in find_events(*(self._signal(sensor) for sensor in Sensor)):
            start_s, end_s = max(event.span.start_s, within.start_s), min(event.span.end_s, within.end_s)
            if start_s < end_s:
                record.segments.append(
                    stored(
                        record.video.id,
                        Channel.MOTION,
                        Span(start_s, end_s),
                        ID,
                        text=event.text,
                        score=event.score,
                        thumbnail=stills.at(start_s),
                    )
                )

    def _signal(self, sensor: Sensor) -> Signal | None:
        tracks = [track for track in self._tracks if track.sensor is sensor]
        if not tracks:
            return None
        times_s, values = (
            np.concatenate(parts) for parts in zip(*((t.times_s, t.values) for t in tracks), strict=True)
        )
        return Signal(times_s, values)
