"""Subtitles drawn into the picture of a film, by the packaged ffmpeg and libass.

The words reach ffmpeg in a file of ours, in a private folder, under a name of ours; the footage is the descriptor of
a file that was opened safely. Beside the words lies the font that Pillow carries, so that Latin letters are drawn on
a machine without fonts; other scripts take the fonts of the machine, and what none of them has is told.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from playhead.errors import MediaLimitError, StorageError, UnreadableMediaError
from playhead.media.decode import Sample, Wants, decode, probe
from playhead.media.formats import container_options
from playhead.media.sandbox import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from playhead.media.cues import Cue
    from playhead.media.files import MediaFile
    from playhead.types import Limits, Span

_INTO_MP4 = frozenset("aac mp3 mp3float ac3 eac3 alac flac opus libopus".split())
_WAIT_S = 0.5
_MARGIN_S = 1e-6  # ffmpeg counts in millionths, and must not pass by a frame that begins in between
_FULL_DISK = ("No space left on device", "Disk quota exceeded")
_SPEAKER = re.compile(r"^\[[^]]* @ 0x[0-9a-f]+\] ")
_MISSING = re.compile(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]{1,6})")
_JOINER = "\u2060"
_SUBTITLES, _FONTS = "subtitles.ass", "fonts"
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


def shown_size(file: MediaFile, at_s: float, limits: Limits) -> tuple[int, int]:
    """Width and height of the upright picture at a time. Raises `MediaError` where there is none."""
    wants = Wants(sound=False, subtitles=False, key_side=1 << 14, at_s=(at_s,))
    for event in decode(file, wants, limits):
        if isinstance(event, Sample):
            assert event.key is not None
            return event.key.shape[1], event.key.shape[0]
    raise UnreadableMediaError(f"No subtitles were drawn into {file.name}", "it has no picture")


def burn(
    file: MediaFile,
    cues: Sequence[Cue],
    target: Path,
    *,
    limits: Limits,
    part: Span | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Burnt:
    """The film with the cues drawn in; their times count from its beginning. `target` gets the ending that fits.

    Every frame keeps its time and the sound is copied, unless only a `part` is wanted: then the sound is coded anew.
    The same film and cues give the same bytes on the same processor. `progress` is told the seconds done, and may
    raise to stop it. Raises `MediaError`, `StorageError`.
    """
    said = probe(file, limits)
    width, height = shown_size(file, part.start_s if part else said.start_s, limits)
    target = target.with_suffix(".mp4" if part or said.audio is None or said.audio.codec in _INTO_MP4 else ".mkv")
    partial = target.with_name(f".{target.name}.part")
    with tempfile.TemporaryDirectory(prefix="playhead-") as folder:
        try:
            _lay_out(Path(folder), ass(cues, width, height))
            target.parent.mkdir(parents=True, exist_ok=True)
            words = _run(_arguments(file, said.start_s, part, target, partial), file, Path(folder), progress, limits)
            os.replace(partial, target)
        except OSError as error:
            raise _refused(target, (error.strerror or str(error)).lower()) from error
        finally:
            with suppress(OSError):
                partial.unlink()
    letters = dict.fromkeys(chr(int(code, 16)) for code in _MISSING.findall(words))
    return Burnt(target, width, height, said.audio is not None, tuple(letters))


def _lay_out(folder: Path, script: str) -> None:
    name, data = _font()
    (folder / _SUBTITLES).write_text(script, encoding="utf-8", errors="replace")
    (folder / _FONTS).mkdir()
    (folder / _FONTS / f"{name}.ttf").write_bytes(data)


def _arguments(file: MediaFile, start_s: float, part: Span | None, target: Path, partial: Path) -> list[str]:
    """Fixed options and numbers alone; every name in them is ours."""
    opened = [word for name, value in container_options(file.descriptor).items() for word in (f"-{name}", value)]
    window: list[str] = []
    if part:
        window = ["-ss", f"{max(0.0, part.start_s - start_s - _MARGIN_S):.6f}", "-t", f"{part.duration_s:.6f}"]
    sound = ["-c:a", "aac", "-b:a", "192k", "-flags:a", "+bitexact"] if part else ["-c:a", "copy"]
    even = "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p"
    return [
        *(
            *window,
            *opened,
            "-i",
            "fd:",
            "-map",
            "0:v:0",
            "-map",
            "0:a:0?",
            "-map_metadata",
            "-1",
            "-map_chapters",
            "-1",
        ),
        *("-vf", f"ass=filename={_SUBTITLES}:fontsdir={_FONTS},{even}"),
        *(
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "demux",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "18",
        ),
        *("-threads:v", "2", "-flags:v", "+bitexact", "-fflags", "+bitexact", *sound),
        *(
            "-f",
            "matroska" if target.suffix == ".mkv" else "mp4",
            "-movflags",
            "+faststart",
            f"file:{partial.absolute()}",
        ),
    ]


def _run(
    arguments: list[str], file: MediaFile, folder: Path, progress: Callable[[float], None], limits: Limits
) -> str:
    """What ffmpeg warned of. The process ends with this call, whichever way it ends."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-loglevel", "warning", "-y"]
    os.lseek(file.descriptor, 0, os.SEEK_SET)
    with (folder / "words").open("w+b") as words:
        child = subprocess.Popen(
            [*command, "-progress", "pipe:1", "-stats_period", "0.5", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            pass_fds=[file.descriptor],
            env=environment(),
            cwd=folder,
        )
        assert child.stdout is not None
        try:
            _watch(child.stdout, file, progress, limits)
            code = child.wait(limits.stall_s)
        except subprocess.TimeoutExpired as error:
            raise MediaLimitError(f"{file.name} was given up", "ffmpeg did not end") from error
        finally:
            child.kill()
            child.stdout.close()
            child.wait()
        words.seek(0)
        said = words.read().decode(errors="replace")
    if code:
        lines = said.strip().splitlines() or [f"ffmpeg ended with {code} and gave no reason"]
        full = next((sign for sign in _FULL_DISK if sign in said), "")
        raise (
            _refused(file.path, full.lower())
            if full
            else UnreadableMediaError(f"No subtitles were drawn into {file.name}", _SPEAKER.sub("", lines[-1]))
        )
    return said


def _watch(stream: IO[bytes], file: MediaFile, progress: Callable[[float], None], limits: Limits) -> None:
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
            raise MediaLimitError(f"{file.name} was given up", f"ffmpeg said nothing for {limits.stall_s:g} s")
        progress(done_s)


def _refused(target: Path, why: str) -> StorageError:
    return StorageError(f"The film of {target.name} was not made", why, "Free some space and try again")
