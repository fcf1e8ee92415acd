"""An open file, positioned so that decoding from there gives what is shown and heard at a time, and all after it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import av

from playhead.media import formats
from playhead.media.demux import streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

_BACK_S = (1.0, 15.0, 120.0)  # how long before the wanted time to look for a key frame, before all is read
_NEAR_S = 2.0


class Reached:
    """A container with its streams, from `time_s` on or from some time before. Use it in `with`.

    Formats without an index, and files that begin to be decodable only later, are read from their start. `beat` is
    called for each packet that is looked at.
    """

    def __init__(self, descriptor: int, time_s: float, *, sound: bool, beat: Callable[[], None]) -> None:
        self.container = opened(descriptor)
        self.picture: VideoStream | None
        self.sound: AudioStream | None
        self._take_streams(sound)
        if not self._sought(time_s, beat):
            self.container.close()
            self.container = opened(descriptor)
            self._take_streams(sound)

    def _take_streams(self, sound: bool) -> None:
        self.picture, heard, _ = streams(self.container)
        self.sound = heard if sound else None
        if self.picture is not None:
            self.picture.thread_type = "NONE"

    @property
    def wanted(self) -> list[Any]:
        """The streams that are there, of those that are wanted."""
        return [stream for stream in (self.picture, self.sound) if stream is not None]

    def _sought(self, time_s: float, beat: Callable[[], None]) -> bool:
        """Whether a place to begin was found by the index; the container is there."""
        first_s = (self.container.start_time or 0) / av.time_base
        for back_s in _BACK_S:
            if time_s - back_s <= first_s:
                return False
            with suppress(av.FFmpegError, OSError):
                self._seek(time_s - back_s)
                if self._early(time_s, beat):
                    self._seek(time_s - back_s)
                    return True
        return False

    def _seek(self, time_s: float) -> None:
        self.container.seek(int(time_s * av.time_base), backward=True)

    def _early(self, time_s: float, beat: Callable[[], None]) -> bool:
        """Whether a key frame and some sound come from here on that are not later than `time_s`."""
        missing = {stream.index for stream in self.wanted}
        for packet in self.container.demux(self.wanted):
            beat()
            if packet.pts is None:
                return False
            packet_s = float(packet.pts * packet.time_base)
            if packet.is_keyframe and packet_s <= time_s:
                missing.discard(packet.stream.index)
            if not missing or packet_s > time_s + _NEAR_S:
                break
        return not missing

    def __enter__(self) -> Reached:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()


def opened(descriptor: int) -> InputContainer:
    """A container that is read from its start."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    options = formats.container_options(descriptor)
    container: InputContainer = av.open("fd:", options=options, metadata_errors="replace")
    return container
