"""A span copied out of a file without decoding it: it begins at the key frame at or before its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playhead.media.demux import packets
from playhead.media.reaching import Reached
from playhead.media.reel import muxer
from playhead.media.tally import Tally
from playhead.media.trim import SAME_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.media.reel import Output

CODECS = frozenset("h264 hevc av1 vp9 mpeg4 aac mp3 ac3 eac3 opus flac alac".split())
"""What MP4 holds and players play from it."""


def copy(
    descriptor: int, target: Output, start_s: float, end_s: float, beat: Callable[[], None]
) -> dict[str, Any]:
    """Copy it; what it says is where the copy really begins. Raises `ValueError` for what MP4 cannot hold."""
    with Reached(descriptor, start_s, sound=True, beat=beat) as source:
        for stream in source.wanted:
            name = stream.codec_context.codec.canonical_name
            if name not in CODECS:
                raise ValueError(f"its {stream.type} is {name}, which cannot be copied into MP4")
        key_s = _key(source, start_s, beat)
    with Reached(descriptor, start_s, sound=True, beat=beat) as source:
        return {"start_s": key_s, "end_s": _write(source, target, key_s, end_s, beat), "at_s": 0.0}


def _key(source: Reached, start_s: float, beat: Callable[[], None]) -> float:
    """When the last key frame at or before a time is shown; of sound alone, when the packet begins that holds it."""
    lead = source.picture or source.sound
    found = None
    for packet in packets(source.container, [lead], Tally()):
        beat()
        time_s = _time(packet.pts, packet)
        if time_s is None:
            continue
        if packet.is_keyframe and (time_s <= start_s + SAME_S or found is None):
            found = time_s
        if (_time(packet.dts, packet) or time_s) > start_s:
            break
    if found is None:
        raise ValueError("it has no key frame with a time")
    return found


def _write(source: Reached, target: Output, key_s: float, end_s: float, beat: Callable[[], None]) -> float:
    """Copy the packets from the key frame on; when the last one ends."""
    last_s = key_s
    with muxer(target) as film:
        outs = {stream.index: film.add_stream_from_template(stream) for stream in source.wanted}
        begun, over = source.picture is None, set[int]()
        for packet in packets(source.container, source.wanted, Tally()):
            beat()
            time_s = _time(packet.pts, packet)
            if time_s is None or packet.dts is None:
                continue
            index = packet.stream.index
            if float(packet.dts * packet.time_base) >= end_s - SAME_S:
                over.add(index)
                if len(over) == len(outs):
                    break
                continue
            begun = begun or (packet.stream is source.picture and packet.is_keyframe and time_s >= key_s - SAME_S)
            if time_s < key_s - SAME_S or (packet.stream is source.picture and not begun):
                continue
            last_s = max(last_s, time_s + float((packet.duration or 0) * packet.time_base))
            shift = round(key_s / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, outs[index]
            film.mux(packet)
    return last_s


def _time(ticks: int | None, packet: Any) -> float | None:
    return None if ticks is None else float(ticks * packet.time_base)
