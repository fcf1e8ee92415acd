"""Streams, packets and decoded frames of an open container: what the processes that read footage have in common."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

import av
import av.subtitles

from playhead.media import formats

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.subtitles.stream import SubtitleStream
    from av.video.stream import VideoStream

    from playhead.media.tally import Tally

_DAMAGED = "some of it is damaged; it was skipped or shows faults"
_DAMAGE_LIMIT = 200  # undecodable packets before giving up, where nothing else was ever decoded


def load() -> None:
    """Import what PyAV itself imports only when it meets subtitles: then no file can be opened any more."""
    for module in pkgutil.iter_modules(av.subtitles.__path__, "av.subtitles."):
        import_module(module.name)


def streams(
    container: InputContainer,
) -> tuple[VideoStream | None, AudioStream | None, SubtitleStream | None]:
    """The largest real picture (cover art is not video), the first sound and the first subtitles we may decode."""
    cover = av.stream.Disposition.attached_pic
    pictures = [
        s
        for s in container.streams.video
        if not s.disposition & cover and s.codec_context and s.codec_context.name in formats.VIDEO_CODECS
    ]
    sounds = [s for s in container.streams.audio if s.codec_context and s.codec_context.name in formats.AUDIO_CODECS]
    texts = [
        s for s in container.streams.subtitles if s.codec_context and s.codec_context.name in formats.SUBTITLE_CODECS
    ]
    largest = max(pictures, key=lambda s: s.codec_context.width * s.codec_context.height, default=None)
    return largest, next(iter(sounds), None), next(iter(texts), None)


def packets(container: InputContainer, streams: list[Any], tally: Tally) -> Any:
    """Packets until the end, or until the container is too damaged to go on."""
    found = container.demux(streams) if streams else iter(())
    while True:
        try:
            yield next(found)
        except StopIteration:
            return
        except (av.FFmpegError, OSError) as error:
            tally.warn(f"damaged after {tally.end_s or 0.0:.1f} s ({plain(error)}); the rest could not be read")
            return


def frames(packet: Any, tally: Tally) -> list[Any]:
    """What a packet decodes to; nothing where it is damaged."""
    try:
        decoded: list[Any] = packet.decode()
    except av.FFmpegError as error:
        tally.damaged_in_a_row += 1
        tally.warn(_DAMAGED)
        if tally.damaged_in_a_row > _DAMAGE_LIMIT and tally.end_s is None:
            raise ValueError(f"nothing in it can be decoded ({plain(error)})") from error
        return []
    if packet.is_corrupt or any(frame.is_corrupt for frame in decoded):
        tally.warn(_DAMAGED)
    if decoded:
        tally.damaged_in_a_row = 0
    return decoded


def plain(error: Exception) -> str:
    """What went wrong, in FFmpeg's own few words."""
    text = getattr(error, "strerror", None) or str(error)
    return str(text).split("; last error log")[0].strip().lower() or type(error).__name__
