"""Subtitles as speech: sidecar `.srt` and `.vtt` files beside a video, and transcripts written as such."""

from __future__ import annotations

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
_TAGS = re.compile(r"<[^<>\n]{1,80}>|\{[^{}\n]{0,80}\}")


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
    tagged = [
        path for path in beside if re.fullmatch(re.escape(stem) + r"\.[A-Za-z]{2,3}([-_][\w-]+)?", path.stem)
    ]
    return next(iter([*exact, *tagged]), None)


def read_subtitles(path: Path, roots: Sequence[Path], start_s: float = 0.0) -> tuple[Utterance, ...]:
    """The utterances of an `.srt` or `.vtt` file, shifted by `start_s`. Raises `MediaError` or `InputError`."""
    with open_file(path, roots) as file:
        data = file.read(_MOST_BYTES)
    try:
        parsed = pysubs2.SSAFile.from_string(_decoded(data), format_=path.suffix.lower().lstrip("."))
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise InputError(f"{path.name} is not readable as subtitles", str(error)) from error
    found = []
    for line in sorted(parsed, key=lambda line: (line.start, line.end)):
        if (text := plain_text(line.text)) and line.end >= line.start:
            found.append(Utterance(Span(start_s + line.start / 1000, start_s + line.end / 1000), text))
    return tuple(found)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def write_subtitles(utterances: Iterable[Utterance], kind: str) -> str:
    """The utterances as the text of an `srt` or `vtt` file."""
    lines = [
        pysubs2.SSAEvent(
            round(u.span.start_s * 1000), round(u.span.end_s * 1000), u.text.replace("\n", "\\N")
        )
        for u in utterances
    ]
    document = pysubs2.SSAFile()
    document.events = lines
    return document.to_string(format_=kind)
