"""Subtitles as speech: sidecar `.srt` and `.vtt` files beside a video, and transcripts written as such."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pysubs2

from playhead.errors import InputError
from playhead.media.files import open_file
from playhead.media.formats import SUBTITLE_ENDINGS
from playhead.types import Span, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_MOST_BYTES = 16 << 20
_TAGS = re.compile(r"<(?:/?[A-Za-z]|\d+:)[^<>\n]{0,80}>|\{\\[^{}\n]{0,80}\}")  # markup, not "a < b" or "{laughs}"
_WORD_JOINER = "\u2060"
_ACTIVE = re.compile(
    r"<(?=[A-Za-z/!?])|--(?=>)|\{(?=\\)|\\(?=[Nnh])|:\d{1,2}[.,](?=\d)"
)  # what a player of SubRip files acts on


def plain_text(text: str) -> str:
    """Subtitle text without styling, on one line."""
    return " ".join(_TAGS.sub("", text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")).split())


def find_sidecar(video: Path) -> Path | None:
    """The subtitle file beside a video: `name.srt`, `name.vtt`, or the first `name.LANGUAGE.srt`."""
    stem = video.name.removesuffix(video.suffix)
    try:
        beside = sorted(path for path in video.parent.iterdir() if path.suffix.lower() in SUBTITLE_ENDINGS)
    except OSError:
        return None
    exact = [path for path in beside if path.stem == stem]
    tagged = [path for path in beside if re.fullmatch(re.escape(stem) + r"\.[A-Za-z]{2,3}([-_][\w-]+)?", path.stem)]
    return next(iter([*exact, *tagged]), None)


def read_subtitles(path: Path, roots: Sequence[Path], start_s: float = 0.0) -> tuple[Utterance, ...]:
    """The utterances of an `.srt` or `.vtt` file, shifted by `start_s`. Raises `MediaError` or `InputError`."""
    with open_file(path, roots) as file:
        data = file.read(_MOST_BYTES)
    kind = path.suffix.lower().lstrip(".")
    try:
        parsed = pysubs2.SSAFile.from_string(decoded(data), format_=kind, keep_html_tags=True)
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise InputError(f"{path.name} is not readable as subtitles", str(error)) from error
    return tuple(
        Utterance(Span(start_s + line.start / 1000, start_s + line.end / 1000), text)
        for line in sorted(parsed, key=lambda line: (line.start, line.end))
        if (text := _spoken(line.text, kind)) and line.end >= line.start
    )


def _spoken(text: str, kind: str) -> str:
    if kind == "vtt":  # a blank line ends a cue; what follows is a note or the next cue's name
        return html.unescape(plain_text(text.split("\\N\\N", maxsplit=1)[0]))
    return plain_text(text)


def decoded(data: bytes) -> str:
    """The text of a file of an unnamed encoding, its lines ended by newlines."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write_subtitles(utterances: Iterable[Utterance], kind: str) -> str:
    """The utterances as the text of an `srt` or `vtt` file, in which none of their words can be a tag or a cue."""
    written = ["WEBVTT\n\n"] if kind == "vtt" else []
    for number, said in enumerate(utterances, 1):
        times = f"{_clock(said.span.start_s, kind)} --> {_clock(said.span.end_s, kind)}"
        written.append(f"{number}\n{times}\n{_shown(said.text, kind)}\n\n")
    return "".join(written)


def _clock(time_s: float, kind: str) -> str:
    milliseconds = max(0, round(time_s * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    point = "." if kind == "vtt" else ","
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def _shown(text: str, kind: str) -> str:
    """Lines that a player shows as they are. In SubRip an unseen joiner keeps a tag from being one."""
    lines = "\n".join(line for line in text.splitlines() if line.strip())
    if kind == "vtt":
        return html.escape(lines, quote=False)
    return _ACTIVE.sub(rf"\g<0>{_WORD_JOINER}", lines)
