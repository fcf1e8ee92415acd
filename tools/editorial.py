"""What the tools for editors share: the films and stretches they are about, and the files they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playhead.errors import InputError
from playhead.media.files import open_file
from playhead.media.saving import write_whole
from playhead.tools.arguments import Stretch
from playhead.types import Document, Part, Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playhead.media.files import MediaFile
    from playhead.tools.arguments import Film, Window
    from playhead.tools.contract import Context
    from playhead.types import Origin, Video


class Footage:
    """The videos that a call names, each looked up once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, Video] = {}

    def video(self, key: str) -> Video:
        """The video of this id, name or path. Raises `InputError`."""
        if key not in self._known:
            self._known[key] = self._context.video(key)
        return self._known[key]

    def part(self, window: Window, at_s: float) -> Part:
        """A stretch of a video as it is used from `at_s` on. Raises `InputError` where it lies outside."""
        video = self.video(window.video)
        if window.start_s > window.end_s:
            why = f"it begins at {window.start_s:g} s and ends at {window.end_s:g} s"
            raise InputError(f"There is no such stretch of {video.name}", why, "Give the earlier time first")
        if window.start_s == window.end_s and video.span.start_s <= window.start_s <= video.span.end_s:
            return Part(video, Span(window.start_s, window.start_s), at_s)
        return Part(video, Stretch(start_s=window.start_s, end_s=window.end_s).span(video), at_s)


def in_a_row(windows: Sequence[Window], footage: Footage) -> tuple[Part, ...]:
    """The stretches one after another, as if they were put together."""
    parts: list[Part] = []
    at_s = 0.0
    for window in windows:
        parts.append(footage.part(window, at_s))
        at_s += parts[-1].span.duration_s
    return tuple(parts)


def parts_of(film: Film, footage: Footage) -> tuple[Part, ...]:
    """The footage that is in a film that was made, in order of its time. Raises `InputError` where none is known."""
    if not film.parts:
        raise InputError(
            f"Nothing is known of what {film.path.name} is made of",
            "it names no footage",
            "Give the clip that a step made, or index the file and name it as the video",
        )
    return tuple(footage.part(piece, piece.at_s) for piece in sorted(film.parts, key=lambda piece: piece.at_s))


def opened(film: Path, context: Context) -> MediaFile:
    """A film that a tool made, or one under the `roots` of the settings. Raises `MediaError`."""
    settings = context.library.settings
    return open_file(film, [context.folder, context.library.folder, *settings.roots], settings.limits)


def write(text: str, name: str, kind: str, origin: Origin, context: Context) -> Document:
    """The text as a file in the context's folder, complete or not there. Raises `StorageError`."""
    path = context.folder / name
    write_whole(path, text.encode())
    return Document(path, kind, origin)
