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
    """The utterances as the text of an `srt` or `vtt` file."""
    lines = [
        pysubs2.SSAEvent(round(u.span.start_s * 1000), round(u.span.end_s * 1000), text.replace("\n", "\\N"))
        for u in utterances
        for text in [html.escape(u.text, quote=False) if kind == "vtt" else u.text]
    ]
    document = pysubs2.SSAFile()
    document.events = lines
    return document.to_string(format_=kind, keep_ssa_tags=True)
