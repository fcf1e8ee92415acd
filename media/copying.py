"""A span copied out of a file without decoding it: it begins at the key frame at or before its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playhead.media.demux import packets
from playhead.media.reaching import Reached
from playhead.media.reel import muxer
from playhead.media.tally import Tally
from playhead.media.trim import SAME_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from playhead.media.reel import Output

CODECS = frozenset("h264 hevc av1 vp9 mpeg4 aac mp3 ac3 eac3 opus flac alac".split())
"""What MP4 holds and players play from it."""


def copy(
    descriptor: int, target: Output, start_s: float, end_s: float, *, sound: bool, beat: Callable[[], None]
) -> dict[str, Any]:
    """Copy it; what it says is where the copy really begins. Raises `ValueError` for what MP4 cannot hold."""
    with Reached(descriptor, start_s, sound=sound, beat=beat) as source:
        for stream in source.wanted:
            name = stream.codec_context.codec.canonical_name
            if name not in CODECS:
                raise ValueError(f"its {stream.type} is {name}, which cannot be copied into MP4")
        key_s = _key(source, start_s, beat)
    with Reached(descriptor, start_s, sound=sound, beat=beat) as source:
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
    last_s, over, begun = key_s, set[int](), source.picture is None
    with muxer(target) as film:
        outs = {stream.index: film.add_stream_from_template(stream) for stream in source.wanted}
        for packet in _timed(packets(source.container, source.wanted, Tally())):
            beat()
            index, time_s = packet.stream.index, float(packet.pts * packet.time_base)
            if float(packet.dts * packet.time_base) >= end_s - SAME_S:
                over.add(index)
            if len(over) == len(outs):
                break
            begun = begun or (packet.stream is source.picture and packet.is_keyframe and time_s >= key_s - SAME_S)
            early = time_s < key_s - SAME_S or (packet.stream is source.picture and not begun)
            if index in over or early:
                continue
            last_s = max(last_s, time_s + float((packet.duration or 0) * packet.time_base))
            shift = round(key_s / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, outs[index]
            film.mux(packet)
    return last_s


def _timed(found: Iterable[Any]) -> Iterator[Any]:
    """Packets with both times. Where the first state no time of decoding, it is counted back; of the last, on."""
    waiting: dict[int, list[Any]] = {}
    before_them: dict[int, int] = {}
    for packet in found:
        if packet.pts is None:
            continue
        held = waiting.setdefault(packet.stream.index, [])
        if packet.dts is None:
            held.append(packet)
            continue
        for number, before in enumerate(held):
            before.dts = packet.dts - (len(held) - number) * max(1, packet.duration or 1)
        yield from held
        held.clear()
        before_them[packet.stream.index] = packet.dts
        yield packet
    for index, held in waiting.items():
        yield from _counted_on(held, before_them.get(index))


def _counted_on(held: Sequence[Any], last: int | None) -> list[Any]:
    """The packets in the order of decoding, decoded as evenly as they are shown, and none after it is shown."""
    shown = sorted(packet.pts for packet in held)
    late = max((at - packet.pts for at, packet in zip(shown, held, strict=True)), default=0)
    for at, packet in zip(shown, held, strict=True):
        packet.dts = last = at - late if last is None else max(last + 1, at - late)
    return list(held)


def _time(ticks: int | None, packet: Any) -> float | None:
    return None if ticks is None else float(ticks * packet.time_base)
