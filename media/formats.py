"""What may be opened: containers, codecs and file endings. Everything else is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpegts",
    "mpeg",
    "flv",
    "ogg",
    "asf",
    "wav",
    "w64",
    "aiff",
    "mp3",
    "flac",
    "aac",
    "ac3",
    "gif",
)

VIDEO_CODECS = frozenset(
    "h264 hevc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 mpeg1video mpeg2video mpeg4 msmpeg4v1 msmpeg4v2 msmpeg4 "
    "h263 flv vc1 wmv1 wmv2 wmv3 mjpeg prores dnxhd dvvideo theora ffv1 huffyuv ffvhuff utvideo rawvideo gif "
    "cinepak svq1 svq3 qtrle rpza png vvc".split()
)
AUDIO_CODECS = frozenset(
    "aac mp1float mp2 mp2float mp3 mp3float opus libopus vorbis libvorbis flac alac ac3 eac3 dca truehd "
    "wmav1 wmav2 wmapro wmalossless amrnb amrwb libopencore_amrnb libopencore_amrwb gsm_ms adpcm_ima_qt "
    "adpcm_ima_wav adpcm_ms pcm_alaw pcm_mulaw pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le "
    "pcm_s32be pcm_f32le pcm_f32be pcm_f64le pcm_f64be pcm_dvd pcm_bluray".split()
)
SUBTITLE_CODECS = frozenset("mov_text subrip srt webvtt ass ssa text".split())

VIDEO_ENDINGS = frozenset(
    ".mp4 .m4v .mov .3gp .3g2 .mkv .webm .avi .ts .mts .m2ts .mpg .mpeg .vob .flv .ogv .wmv .asf .gif".split()
)
AUDIO_ENDINGS = frozenset(".m4a .mp3 .wav .flac .ogg .oga .opus .aac .ac3 .wma .aif .aiff .mka".split())
# Endings that people expect to be refused with a reason, not skipped in silence, when a folder is indexed.
REFUSED_ENDINGS = frozenset(".m3u8 .m3u .mpd .ffconcat .sdp .xspf".split())
MEDIA_ENDINGS = VIDEO_ENDINGS | AUDIO_ENDINGS | REFUSED_ENDINGS


def kind_of(path: Path) -> str:
    """`film`, `sound` or `picture`, by the ending of a name."""
    ending = path.suffix.lower()
    return "film" if ending in VIDEO_ENDINGS else "sound" if ending in AUDIO_ENDINGS else "picture"


SUBTITLE_ENDINGS = (".srt", ".vtt")


def container_options(descriptor: int) -> dict[str, str]:
    """Options with which FFmpeg opens `fd:` and can reach nothing else: no other protocol, no script demuxer."""
    return {
        "fd": str(descriptor),
        "protocol_whitelist": "fd",
        "format_whitelist": ",".join(CONTAINERS),
        "codec_whitelist": ",".join(sorted(VIDEO_CODECS | AUDIO_CODECS | SUBTITLE_CODECS)),
    }
