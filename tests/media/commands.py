"""Which commands of ffmpeg are ours: the packaged program, our options with values of our own, files of our own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import imageio_ffmpeg

from playhead.media.formats import container_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PROGRAM = imageio_ffmpeg.get_ffmpeg_exe()  # now: to ask for it is to try it
_CONTAINER = container_options(0)
_HEAD = ("-hide_banner", "-nostdin", "-loglevel", "error|warning", "-y")
_NUMBER = r"\d+(\.\d+)?"
_OTHER_FILES = "movie|file|drawtext|subtitles|sendcmd|metadata|http"
_VALUES = {
    "-ac": "1", "-acodec": "aac", "-ar": "48000", "-b:a": r"\d+k", "-c:a": "aac|copy", "-c:v": "libx264",
    "-codec_whitelist": re.escape(_CONTAINER["codec_whitelist"]), "-crf": r"\d\d", "-enc_time_base": "demux",
    "-f": "mp4|rawvideo|wav|png_pipe", "-fd": r"\d{1,4}", "-fflags": r"\+bitexact",
    "-filter_complex": rf"(?!.*({_OTHER_FILES}))[\w\[\]:;=,.+*/()-]*", "-flags:a": r"\+bitexact",
    "-flags:v": r"\+bitexact", "-format_whitelist": re.escape(_CONTAINER["format_whitelist"]),
    "-fps_mode": "passthrough", "-framerate": _NUMBER, "-frames:v": r"\d+", "-g": r"\d+",
    "-map": r"0:v:0|0:a:0\?|\[s\d+\]", "-map_chapters": "-1", "-map_metadata": "-1", "-movflags": r"\+faststart",
    "-pix_fmt": "yuv420p", "-pixel_format": "rgb24", "-preset": "veryfast", "-progress": "pipe:1",
    "-protocol_whitelist": "fd|file", "-stats_period": _NUMBER, "-threads": "2",
    "-threads:v": "2", "-vcodec": "libx264",
    "-vf": re.escape("ass=filename=subtitles.ass:fontsdir=fonts"),
    "-video_size": r"\d+x\d+",
}  # fmt: skip


def known(command: Sequence[str], written: Callable[[Path], bool]) -> bool:
    """Whether a command is one of ours; `written` says whether a file lies where results are written."""
    head, rest, last = command[1:6], list(command[6:-1]), command[-1]
    if command[0] != _PROGRAM or len(head) < len(_HEAD):
        return False
    if not all(re.fullmatch(form, part) for form, part in zip(_HEAD, head, strict=True)):
        return False
    if "-an" in rest[::2]:  # the one option without a value
        rest.remove("-an")
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    return len(rest) % 2 == 0 and all(_fine(*pair, written) for pair in pairs) and _partial(last, written)


def _fine(option: str, value: str, written: Callable[[Path], bool]) -> bool:
    if option == "-i":
        return value in ("fd:", "pipe:0") or _ours(value, written)
    return option in _VALUES and re.fullmatch(_VALUES[option], value) is not None


def _ours(address: str, written: Callable[[Path], bool]) -> bool:
    return address.startswith("file:/") and written(Path(address.removeprefix("file:")))


def _partial(address: str, written: Callable[[Path], bool]) -> bool:
    if re.fullmatch(r"file:/proc/self/fd/\d{1,4}", address):  # a file that is open for it
        return True
    return _ours(address, written) and re.fullmatch(r"file:/.*/\.[\w.-]+\.part", address) is not None
