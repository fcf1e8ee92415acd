"""Subtitles drawn into the picture of a film, by the packaged ffmpeg and libass.

What ffmpeg gets is a film that our own confined process coded (`cutting`), by its descriptor, and the words in a file
of ours, in a private folder; it runs under limits (`limited`) and writes to a file that is open already. Beside the
words lies the font that Pillow carries, so that Latin letters are drawn on a machine without fonts; other scripts
take the fonts of the machine, and what none of them has is told.
"""

from __future__ import annotations

import errno
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from playhead.errors import MediaLimitError, UnreadableMediaError
from playhead.media.cutting import cut, measure, own_look
from playhead.media.files import open_file
from playhead.media.formats import container_options
from playhead.media.graphs import SPEAKER
from playhead.media.limited import limited
from playhead.media.sandbox import environment
from playhead.media.saving import unsaved, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from playhead.errors import PlayheadError
    from playhead.media.cues import Cue
    from playhead.media.cutting import Piece, Sources
    from playhead.media.files import MediaFile
    from playhead.types import Limits

_WAIT_S = 0.5
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MISSING = re.compile(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]{1,6})")
_JOINER = "\u2060"
_FILM, _SUBTITLES, _FONTS = "film.mp4", "subtitles.ass", "fonts"
_FRACTION_OF_HEIGHT, _FRACTION_OF_WIDTH = 0.062, 0.05
_HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 0
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BorderStyle, Outline, Shadow, Alignment, MarginL, \
MarginR, MarginV, Encoding
Style: Default,{font},{size},&H00FFFFFF,&H00000000,1,{outline},0,2,{side},{side},{below},-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class Burnt:
    """The film that was made: its size as shown, and the letters that no font here can draw."""

    path: Path
    width: int
    height: int
    has_audio: bool
    missing: tuple[str, ...] = ()


def ass(cues: Iterable[Cue], width: int, height: int) -> str:
    """The cues as an ASS script for a picture of this size. No word in it can be a command."""
    font, _ = _font()
    size = max(8, round(min(height * _FRACTION_OF_HEIGHT, width * _FRACTION_OF_WIDTH)))
    head = _HEAD.format(
        width=width,
        height=height,
        font=font,
        size=size,
        outline=f"{size / 14:.2f}",
        side=round(width * 0.05),
        below=round(height * 0.05),
    )
    events = (
        f"Dialogue: 0,{_clock(cue.span.start_s)},{_clock(cue.span.end_s)},Default,,0,0,0,,"
        + r"\N".join(_drawn(line) for line in cue.lines)
        for cue in cues
    )
    return head + "\n".join(events) + "\n"


def _drawn(line: str) -> str:
    return line.replace("\\", f"\\{_JOINER}").replace("{", r"\{").replace("\n", " ").replace("\r", " ")


def _clock(time_s: float) -> str:
    hundredths = max(0, round(time_s * 100))
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _font() -> tuple[str, bytes]:
    """The name of the font that Pillow carries, and its file."""
    from PIL import ImageFont

    font = ImageFont.load_default(16)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise UnreadableMediaError("Subtitles cannot be drawn", "this Pillow has no FreeType", "Install its wheel")
    return str(font.getname()[0]), font.font_bytes


def burn(
    piece: Piece,
    sources: Sources,
    cues: Sequence[Cue],
    target: Path,
    *,
    limits: Limits,
    progress: Callable[[float], None] = lambda _: None,
) -> Burnt:
    """The piece as a film at `target` with the cues drawn in; their times count from its beginning.

    Footage never reaches the ffmpeg command: the piece is first cut by the confined process (`cutting`), then the
    words are drawn into that film of ours. So the picture is coded twice; every frame keeps its time, and the sound
    is that of the cut film, copied. The same piece and cues give the same bytes on the same processor. `progress` is
    told the seconds done, and may raise to stop it. Raises `MediaError`, `StorageError`.
    """
    look = own_look(measure(piece.file, sources, limits))
    if not look.picture:
        raise UnreadableMediaError(f"No subtitles were drawn into {sources.name}", "it has no picture")
    with tempfile.TemporaryDirectory(prefix="playhead-") as name:
        folder = Path(name)
        film = cut(
            [piece], sources, look, folder / _FILM, limits=limits, progress=lambda done_s: progress(done_s / 2)
        )
        _lay_out(folder, ass(cues, *look.size))
        with open_file(film.path, [folder]) as file, whole(target) as output:
            half_s = film.length_s / 2
            words = _run(file, output, target.name, folder, lambda done_s: progress(half_s + done_s / 2), limits)
    letters = dict.fromkeys(chr(int(code, 16)) for code in _MISSING.findall(words))
    return Burnt(target, *look.size, look.sound, tuple(letters))


def _lay_out(folder: Path, script: str) -> None:
    name, data = _font()
    (folder / _SUBTITLES).write_text(script, encoding="utf-8", errors="replace")
    (folder / _FONTS).mkdir()
    (folder / _FONTS / f"{name}.ttf").write_bytes(data)


def _arguments(film: int, output: int) -> list[str]:
    """Fixed options and the numbers of two descriptors; every name in them is ours."""
    opened = [word for name, value in container_options(film).items() for word in (f"-{name}", value)]
    return [
        *("-threads", "2", *opened, "-i", "fd:"),
        *("-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-vf", f"ass=filename={_SUBTITLES}:fontsdir={_FONTS}"),
        *("-fps_mode", "passthrough", "-enc_time_base", "demux"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-threads:v", "2", "-c:a", "copy"),
        *("-flags:v", "+bitexact", "-fflags", "+bitexact"),
        *("-f", "mp4", "-movflags", "+faststart", f"file:/proc/self/fd/{output}"),
    ]


def _run(
    film: MediaFile, output: int, name: str, folder: Path, progress: Callable[[float], None], limits: Limits
) -> str:
    """What ffmpeg warned of. The process ends with this call, whichever way it ends."""
    import imageio_ffmpeg

    # -y: the file that is open for it is there already, and empty
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "warning", "-y"]
    command += ["-progress", "pipe:1", "-stats_period", "0.5", *_arguments(film.descriptor, output)]
    with (folder / "words").open("w+b") as words:
        child = subprocess.Popen(
            limited(command, limits),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            pass_fds=[film.descriptor, output],
            env=environment(),
            cwd=folder,
        )
        assert child.stdout is not None
        try:
            _watch(child.stdout, name, progress, limits)
            code = child.wait(limits.stall_s)
        except subprocess.TimeoutExpired as error:
            raise MediaLimitError(f"{name} was given up", "ffmpeg did not end") from error
        finally:
            child.kill()
            child.stdout.close()
            child.wait()
        words.seek(0)
        said = words.read().decode(errors="replace")
    if code:
        raise _failure(name, code, said, limits)
    return said


def _failure(name: str, code: int, said: str, limits: Limits) -> PlayheadError:
    """Why ffmpeg ended so."""
    for number in _FULL_DISK:
        if os.strerror(number) in said:
            return unsaved(name, os.strerror(number).lower(), number)
    if code == -signal.SIGXCPU:
        why = f"it takes more than {limits.processor_s:,} s of processor time"
        return MediaLimitError(f"{name} was not made", why, "Raise the limits in playhead.toml if it is meant")
    lines = said.strip().splitlines() or [f"ffmpeg ended with {code} and gave no reason"]
    return UnreadableMediaError(f"{name} was not made", SPEAKER.sub("", lines[-1]))


def _watch(stream: IO[bytes], name: str, progress: Callable[[float], None], limits: Limits) -> None:
    """Tell how far it is until it closes its output; twice a second at least, so that it can be stopped."""
    heard_s, done_s = time.monotonic(), 0.0
    while True:
        if select.select([stream], [], [], _WAIT_S)[0]:
            block = os.read(stream.fileno(), 1 << 16)
            if not block:
                return
            heard_s = time.monotonic()
            times = re.findall(rb"out_time_us=(\d+)", block)
            done_s = int(times[-1]) / 1e6 if times else done_s
        elif time.monotonic() - heard_s > limits.stall_s:
            raise MediaLimitError(f"{name} was given up", f"ffmpeg said nothing for {limits.stall_s:g} s")
        progress(done_s)
