"""Safe opening: a file is opened once, under an allowed root, and known by its descriptor from then on.

Playlists, links, devices and pipes are how media files reach other files; none of them gets past `open_file`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from playhead.errors import (
    NOT_REGULAR,
    MediaError,
    MediaLimitError,
    UnreadableMediaError,
    UnsafeMediaError,
    reason_of,
)
from playhead.types import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

_BLOCK = 1 << 20
_SCRIPTS = {
    b"#EXTM3U": "an HLS playlist",
    b"ffconcat": "a concat script",
    b"file ": "a concat script",
    b"v=0": "an SDP session",
    b"<?xml": "an XML manifest",
    b"<MPD": "a DASH manifest",
    b"<svg": "an SVG drawing",
    b"<!DOCTYPE": "a markup file",
    b"[playlist]": "a playlist",
}


@dataclass(slots=True)
class MediaFile:
    """An open regular file. Read it through `descriptor`; `path` is only its label. Use it in `with`."""

    descriptor: int
    path: Path
    size: int
    changed_ns: int

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.name

    def sha256(self, progress: Callable[[int], None] | None = None) -> str:
        """The digest of its bytes, in hexadecimal; `progress` is told the bytes read so far."""
        digest, offset = hashlib.sha256(), 0
        while block := os.pread(self.descriptor, _BLOCK, offset):
            digest.update(block)
            offset += len(block)
            if progress:
                progress(offset)
        return digest.hexdigest()

    def read(self, most: int) -> bytes:
        """All bytes; `MediaLimitError` when there are more than `most`."""
        data = os.pread(self.descriptor, most + 1, 0)
        if len(data) > most:
            raise MediaLimitError(f"{self.name} was not read", f"it is larger than {most:,} bytes")
        return data

    def check_unchanged(self) -> None:
        """Raise when the file was written to since it was opened."""
        now = os.fstat(self.descriptor)
        if (now.st_size, now.st_mtime_ns) != (self.size, self.changed_ns):
            raise MediaError(
                f"{self.name} was not indexed",
                "it changed while it was read",
                "Wait until it is complete, then index it again",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)


def open_file(path: Path, roots: Sequence[Path], limits: Limits | None = None) -> MediaFile:
    """Open a regular media file that lies under one of `roots`, following no link that leaves them.

    Raises `UnsafeMediaError`, `UnreadableMediaError` or `MediaLimitError`.
    """
    file = open_regular(path, roots)
    try:
        _check(file, limits or Limits())
    except BaseException:
        os.close(file.descriptor)
        raise
    return file


def open_regular(path: Path, roots: Sequence[Path]) -> MediaFile:
    """Open a regular file of any kind that lies under one of `roots`, to hand it on as it is.

    Raises `UnsafeMediaError` or `UnreadableMediaError`.
    """
    root, parts = _locate(path, roots)
    descriptor = _open_below(root, parts, path)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnsafeMediaError(f"{path.name} was not opened", NOT_REGULAR)
    except BaseException:
        os.close(descriptor)
        raise
    return MediaFile(descriptor, Path(os.path.abspath(path)), status.st_size, status.st_mtime_ns)


def _locate(path: Path, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The root that holds the file, and the way from there with every link resolved."""
    try:
        real = Path(os.path.realpath(path, strict=True))
    except (OSError, ValueError) as error:
        address = any(re.fullmatch(r"[a-z][a-z0-9+.-]+:", part, re.IGNORECASE) for part in path.parts)
        why = "addresses are not opened, only files" if address else reason_of(error)
        raise UnreadableMediaError(f"{path.name[:80] or path} cannot be opened", why) from error
    for root in roots:
        base = Path(os.path.realpath(root))
        if real.is_relative_to(base):
            return base, real.relative_to(base).parts
    if real != Path(os.path.abspath(path)):
        why = f"it is a link that leads out of the allowed folders, to {real}"
        fix = "Name the file itself, or add its folder to roots"
    else:
        why = f"{real.parent} is not one of the allowed folders"
        fix = "Index the file, or add its folder to roots"
    raise UnsafeMediaError(f"{path.name} was not opened", why, fix)


def _open_below(root: Path, parts: tuple[str, ...], path: Path) -> int:
    """Open `root/parts…` step by step without following any link, so that nothing can be swapped meanwhile."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    current = -1
    try:
        current = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # it may be a pipe that was named itself
        for part in parts:
            below = os.open(part, flags, dir_fd=current)
            os.close(current)
            current = below
    except OSError as error:
        if current >= 0:
            os.close(current)
        kind = UnsafeMediaError if error.errno == errno.ELOOP else UnreadableMediaError
        raise kind(f"{path.name} cannot be opened", reason_of(error)) from error
    return current


def _check(file: MediaFile, limits: Limits) -> None:
    if file.size == 0:
        raise UnreadableMediaError(f"{file.name} cannot be read", "it is empty (0 bytes)")
    if file.size > limits.bytes:
        raise MediaLimitError(
            f"{file.name} was not opened",
            f"it has {file.size:,} bytes and the limit is {limits.bytes:,}",
            "Raise limits.bytes if it is meant",
        )
    head = os.pread(file.descriptor, 64, 0).lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, kind in _SCRIPTS.items():
        if head[: len(magic)].lower() == magic.lower():
            raise UnsafeMediaError(
                f"{file.name} was not opened",
                f"it is {kind}, which can make a player read other files or addresses",
                "Give the media file itself",
            )


def walk(path: Path, known: frozenset[str]) -> tuple[list[Path], list[tuple[Path, MediaError]]]:
    """The files below a folder whose ending is in `known`, sorted; and the folders that cannot be read.

    Hidden ones and linked folders are left out.
    """
    found: list[Path] = []
    refused: list[tuple[Path, MediaError]] = []

    def refuse(error: OSError) -> None:
        folder = Path(error.filename)
        why = UnreadableMediaError(
            f"The folder {folder} cannot be read", reason_of(error), "Allow it, or leave it out"
        )
        refused.append((folder, why))

    for folder, folders, files in os.walk(path, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.endswith(".playhead"))
        found += [
            Path(folder, name)
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in known
        ]
    return sorted(found), refused
