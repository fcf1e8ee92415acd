"""The decoding process: one linear pass over one open file, fanned out as messages on standard output.

Run as `python -m playhead.media.child DESCRIPTOR` with the request as JSON on standard input. It gets no path, holds
one descriptor, lives under limits on memory and processor time and gives up everything else (`sandbox`), so that a
hostile file can only end this process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import av

from playhead.media import formats, sandbox, wire
from playhead.media.demux import frames, load, packets, plain, streams
from playhead.media.measured import Measured
from playhead.media.picture import Picture, Stills
from playhead.media.sound import Sound
from playhead.media.tally import Tally, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.subtitles.stream import SubtitleStream
    from av.video.stream import VideoStream

_BEAT_S = 0.25
_MOST_DATA_STREAMS = 8
_SKIPPED: dict[str, Literal["NONREF", "NONKEY"]] = {"reference": "NONREF", "key": "NONKEY"}  # AVDiscard


def main(give_up: Callable[[], object] = sandbox.confine) -> int:
    """Decode the file behind the descriptor in the arguments; everything that happens is a message."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing a library prints can get between the messages
    request = json.load(sys.stdin)
    av.logging.set_level(None)
    load()
    sandbox.limit(request["limits"])
    give_up()
    os.close(0)
    sandbox.seal(below=1)  # FFmpeg takes a second descriptor of the file, which now is number 0
    try:
        _decode(int(sys.argv[1]), request, out)
    except TooLargeError as error:
        wire.send(out, {"kind": "refused", "why": "limit", "text": str(error)})
    except MemoryError:
        wire.send(out, {"kind": "refused", "why": "limit", "text": "decoding it needs more memory than allowed"})
    except (av.FFmpegError, OSError, ValueError) as error:
        wire.send(out, {"kind": "refused", "why": "damage", "text": plain(error)})
    return 0


def _decode(descriptor: int, request: dict[str, Any], out: BinaryIO) -> None:
    with av.open("fd:", options=formats.container_options(descriptor), metadata_errors="replace") as container:
        sandbox.seal()
        video, audio, subtitles = streams(container)
        tally = Tally()
        wire.send(out, {"kind": "probe"} | _probe(container, video, audio, subtitles, request["limits"]))
        if request["probe_only"]:
            return
        if request["at_s"]:
            _pick(container, video, request, tally, out)
            request["picture"] = request["sound"] = False  # it is not meant to reach the end
        else:
            _run(container, video, audio, subtitles, request, tally, out)
        stated_s = container.duration / av.time_base if container.duration else 0.0
        end_s = tally.end_s or 0.0
        found_s = max(end_s, end_s - (tally.first_s or 0.0))  # some containers count from 0, some from the start
        if found_s < 0.9 * stated_s - 0.5 and request["sound" if video is None else "picture"]:
            tally.warn(f"it states {stated_s:.1f} s but ends after {found_s:.1f} s")
    end = {
        "first_s": tally.first_s,
        "end_s": tally.end_s,
        "frames": tally.frames,
        "shown": tally.shown,
        "samples": tally.samples,
        "warnings": list(tally.warnings),
    }
    wire.send(out, {"kind": "end"} | end)


def _probe(
    container: InputContainer,
    video: VideoStream | None,
    audio: AudioStream | None,
    subtitles: SubtitleStream | None,
    limits: dict[str, Any],
) -> dict[str, Any]:
    if video is None and audio is None:
        kinds = sorted({s.type for s in container.streams})
        raise ValueError(f"it holds no video or sound that can be decoded (only: {', '.join(kinds) or 'nothing'})")
    found: dict[str, Any] = {
        "container": container.format.name,
        "start_s": container.start_time / av.time_base if container.start_time is not None else 0.0,
        "stated_duration_s": container.duration / av.time_base if container.duration else None,
        "subtitles": subtitles.codec_context.name if subtitles else None,
    }
    if video is not None:
        context = video.codec_context
        if context.width * context.height > limits["pixels"]:
            raise TooLargeError(f"its picture has {context.width}x{context.height} pixels")
        base, rate = video.base_rate, video.average_rate
        found["video"] = {
            "codec": context.name,
            "width": context.width,
            "height": context.height,
            "average_rate": float(rate) if rate else None,
            "variable_rate": bool(base and rate and abs(float(base) - float(rate)) > 0.02 * float(rate)),
        }
    if audio is not None:
        found["audio"] = {
            "codec": audio.codec_context.name,
            "rate_hz": audio.codec_context.sample_rate,
            "channels": audio.codec_context.channels,
        }
    return found


def _run(
    container: InputContainer,
    video: VideoStream | None,
    audio: AudioStream | None,
    subtitles: SubtitleStream | None,
    request: dict[str, Any],
    tally: Tally,
    out: BinaryIO,
) -> None:
    """Demultiplex once and hand every decoded piece to its side."""
    sides: dict[int, Picture | Sound] = {}
    sound, measured = Sound(request, tally, out), Measured(tally, out)
    wanted: list[Any] = [*container.streams.data[:_MOST_DATA_STREAMS]] if request["motion"] else []
    if video is not None and request["picture"]:
        _prepare(video, request)
        sides[video.index] = Picture(video, request, tally, out)
    if audio is not None and request["sound"]:
        sides[audio.index] = sound
    if subtitles is not None and request["subtitles"]:
        wanted.append(subtitles)
    wanted += [s for s in (video, audio) if s is not None and s.index in sides]
    beat = time.monotonic()
    for packet in packets(container, wanted, tally):
        if packet.stream.type == "subtitle":
            _send_subtitle(packet, out)
        elif packet.stream.type == "data":
            measured.take(packet)
        else:
            _hand(packet, sides[packet.stream.index], tally)
        if time.monotonic() - beat > _BEAT_S:
            beat = time.monotonic()
            wire.send(out, {"kind": "beat", "time_s": tally.end_s or 0.0})
    sound.flush()


def _hand(packet: Any, side: Picture | Sound, tally: Tally) -> None:
    side.meet(packet)
    for frame in frames(packet, tally):
        side.take(frame)


def _prepare(video: VideoStream, request: dict[str, Any]) -> None:
    """Frames are decoded side by side; those that nobody wants are not, nor are the others smoothed for them."""
    context, skipped = video.codec_context, _SKIPPED.get(request["frames"])
    video.thread_type = "FRAME"
    context.thread_count = request["threads"]
    if skipped:
        context.skip_frame = skipped
        context.options = {"skip_loop_filter": "all"}


def _pick(
    container: InputContainer, video: VideoStream | None, request: dict[str, Any], tally: Tally, out: BinaryIO
) -> None:
    """Send the frames shown at `at_s`: decoded from the key frame before, and on while the next is near."""
    if video is None:
        raise ValueError("it has no picture")
    video.thread_type = "NONE"
    stills = Stills(Picture(video, request, tally, out), tally, sorted(request["at_s"]))
    back_s = 0.0  # some containers seek to a frame too late
    while (wanted_s := stills.next_s) is not None:
        container.seek(max(0, int((wanted_s - back_s) * av.time_base)), backward=True)
        decoded = (frame for packet in packets(container, [video], tally) for frame in frames(packet, tally))
        back_s = 0.0 if stills.take(decoded, from_start=back_s >= wanted_s) else 2 * back_s + 10.0


def _send_subtitle(packet: Any, out: BinaryIO) -> None:
    try:
        lines = [line.ass.decode("utf-8", "replace") for line in packet.decode() if line.type == b"ass"]
    except av.FFmpegError:
        return
    if lines and packet.pts is not None:
        start_s = float(packet.pts * packet.time_base)
        end_s = start_s + float((packet.duration or 0) * packet.time_base)
        wire.send(out, {"kind": "subtitle", "start_s": start_s, "end_s": end_s, "lines": lines})


if __name__ == "__main__":
    sys.exit(main())
