"""JSON as it goes over HTTP: that of the command line, with addresses for files and without paths of this machine."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from playhead import __version__
from playhead.errors import InputError, LibraryError
from playhead.interfaces import shapes
from playhead.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from playhead.index.library import Library
    from playhead.types import IndexReport, Span, Transcript, Video

_THUMBNAIL = re.compile(r"(?:^|/)thumbs/([0-9a-f]{16})/(\d{9,12})\.jpg$")
_OPAQUE = re.compile(r"([0-9a-f]{16})-(\d{9,12})\.jpg")
_PATHS = ("path", "folder", "library")


def thumbnail_address(path: str) -> str | None:
    """Where the page finds a thumbnail of the library; None for another file."""
    found = _THUMBNAIL.search(path)
    return f"/api/thumbnails/{found[1]}-{found[2]}.jpg" if found else None


def thumbnail_path(opaque: str) -> Path | None:
    """Where a thumbnail is in the library's folder, by the end of its address."""
    found = _OPAQUE.fullmatch(opaque)
    return Path("thumbs", found[1], f"{found[2]}.jpg") if found else None


class Names:
    """What stands in replies where a path of this machine stood: names, and ways below folders that are not told.

    The folders are those of the library and its films, those that tools may open, and this process's own.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        own = Path.cwd(), Path.home(), Path(sys.prefix)
        self._folders = {library.folder, *(Path(root) for root in library.settings.roots), *own}

    def add(self, *paths: Path) -> None:
        """More paths that are not told: of files that are about to be indexed."""
        self._folders |= {folder for path in paths for folder in (path, path.parent)}

    def __call__(self, said: Any) -> Any:
        """The same JSON, with names."""
        return self._named(said, cache(self._pattern))

    def _named(self, said: Any, pattern: Callable[[], re.Pattern[str]]) -> Any:
        if isinstance(said, str):
            return pattern().sub(_named, said) if "/" in said else said
        if isinstance(said, dict):
            return {key: self._named(item, pattern) for key, item in said.items()}
        return [self._named(item, pattern) for item in said] if isinstance(said, list | tuple) else said

    def _pattern(self) -> re.Pattern[str]:
        """Any of the folders, the longest first; with the stroke behind it where something follows."""
        folders = self._folders | {video.path.parent for video in self._videos()}
        spelled = {path for folder in folders for path in (os.path.abspath(folder), os.path.realpath(folder))} - {"/"}
        either = "|".join(re.escape(path) for path in sorted(spelled, key=len, reverse=True))
        return re.compile(rf"(?<![\w.~])({either})(?![\w-]|\.\w)(/(?=[^\s/]))?")

    def _videos(self) -> list[Video]:
        """Those of the library; none where it is missing or damaged, which may be what is being told."""
        try:
            return self._library.videos()
        except (InputError, LibraryError):
            return []


def _named(found: re.Match[str]) -> str:
    return "" if found[2] else os.path.basename(found[1])


def public(value: Any, addresses: Mapping[str, str] | None = None) -> Any:
    """Plain data with addresses in place of paths: `addresses` are those of files that may be had, by path.

    A path of another file is left out. It is known by its form: on its way through the cache it became a text.
    """
    known = addresses or {}
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, item in value.items():
            if key == "thumbnail":
                found |= {key: address} if item and (address := thumbnail_address(str(item))) else {}
            elif isinstance(item, str) and item in known:
                found["url" if key == "path" else key] = known[item]
            elif not (key in _PATHS and (item is None or (isinstance(item, str) and os.path.isabs(item)))):
                found[key] = public(item, known)
        return found
    if isinstance(value, list | tuple):
        return [public(item, known) for item in value]
    return known.get(value, value) if isinstance(value, str) else value


def video(library: Library, found: Video) -> dict[str, Any]:
    """A video of the library, with how many segments each of its channels has."""
    size = {"start_s": plain(found.start_s), "width": found.width, "height": found.height}
    said: dict[str, Any] = public(plain(shapes.video(found, library.counts(found))))
    return said | size


def library(opened: Library, videos: Sequence[Video], policy: str) -> dict[str, Any]:
    """What is in the library."""
    return {
        "name": opened.folder.name,
        "policy": policy,
        "version": __version__,
        "videos": [video(opened, found) for found in videos],
    }


def detail(opened: Library, found: Video) -> dict[str, Any]:
    """A video with its shots, and when somebody speaks."""
    said = opened.transcript(found).utterances
    return video(opened, found) | {
        "shots": _spans(opened.shots(found)),
        "speech": _spans([utterance.span for utterance in said]),
        "warnings": list(found.warnings),
    }


def transcript(said: Transcript) -> dict[str, Any]:
    """What was said, line by line; the times of single words are left out."""
    lines = [plain({"text": u.text}) | _span(u.span) for u in said.utterances]
    return {"utterances": lines} | ({"language": said.language} if said.language else {})


def report(done: IndexReport) -> dict[str, Any]:
    """What indexing did."""
    failed = [{"name": path.name, "error": str(error)} for path, error in done.failed]
    said: dict[str, Any] = public(plain(shapes.report(done, Path())))
    return said | {"failed": failed}


def file(job: str, number: int, path: Path) -> dict[str, Any]:
    """A file that a job made."""
    about = {"name": path.name, "url": f"/api/jobs/{quote(job)}/files/{number}"}
    return about | {"bytes": path.stat().st_size, "kind": kind_of(path)}


def kind_of(path: Path) -> str:
    """`video`, `audio`, `image`, `page`, `data` or `text`, by the ending of its name."""
    return next((kind for kind, endings in _KINDS.items() if path.suffix.lower() in endings), "text")


_KINDS = {
    "video": (".mp4", ".mkv", ".mov", ".webm", ".m4v"),
    "audio": (".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus"),
    "image": (".png", ".jpg", ".jpeg", ".webp", ".gif"),
    "page": (".html",),
    "data": (".json", ".jsonl"),
}


def _spans(spans: Sequence[Span]) -> list[dict[str, float]]:
    return [_span(span) for span in spans]


def _span(span: Span) -> dict[str, float]:
    return {"start_s": round(span.start_s, 6), "end_s": round(span.end_s, 6)}
