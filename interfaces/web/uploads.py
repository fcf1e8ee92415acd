"""Files that are handed over: taken in as they come, kept in the library's folder by their content, or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio import to_thread

from playhead.errors import InputError, MediaError, MediaLimitError, StorageError, reason_of
from playhead.index.library import UPLOADS
from playhead.media.files import open_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

    from playhead.interfaces.web.desk import Desk

RESERVE = 1 << 30
"""Bytes of the disk that are left free for the index, and for everybody else."""
_LONGEST_NAME = 200
_LONGEST_ENDING = 16
_CHECK_EVERY = 32 << 20


@dataclass
class Upload:
    """A file that was handed over; `path` is where it is from now on."""

    path: Path
    sha256: str


class Uploads:
    """Takes files in. The same file from two tabs at once is kept once, until neither needs it."""

    def __init__(self, desk: Desk, reserve: int = RESERVE) -> None:
        self._desk, self._reserve = desk, reserve
        self._claims: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where they are kept."""
        return self._desk.library.folder / UPLOADS

    def announce(self, length: int | None) -> None:
        """Raise `MediaLimitError` or `StorageError` for a file of this length, before any of it was read."""
        self._desk.library.prepare()
        self._check(length or 0, length or 0)

    async def take(self, name: str, body: AsyncIterator[bytes], length: int | None) -> Upload:
        """The whole file. It is counted as it comes, whatever was said before; one that breaks off is not kept."""
        name, digest, size = clean(name), hashlib.sha256(), 0
        part = self.folder / f"{secrets.token_hex(8)}.part"
        checked = 0
        try:
            with await to_thread.run_sync(_create, part) as out:
                async for block in body:
                    size += len(block)
                    if size > self._limit or size - checked >= _CHECK_EVERY:
                        self._check(size, _CHECK_EVERY)
                        checked = size
                    if block:
                        digest.update(block)
                        await to_thread.run_sync(_write, out, block)
            if length is not None and size != length:
                raise InputError(f"{name} was not taken in", f"{size} bytes came and {length} were announced")
            return await to_thread.run_sync(self._keep, part, name, digest.hexdigest())
        finally:
            part.unlink(missing_ok=True)

    def release(self, upload: Upload, *, keep: bool = False) -> None:
        """Delete it, unless it was indexed, somebody else still needs it, or it is to `keep` for the next server."""
        with self._lock:
            self._claims[upload.sha256] -= 1
            if self._claims[upload.sha256] <= 0:
                del self._claims[upload.sha256]
                if not (keep or self._indexed(upload)):
                    shutil.rmtree(self.folder / upload.sha256, ignore_errors=True)

    def unfinished(self) -> list[Upload]:
        """What a server that ended had taken in and not yet indexed; what it had only in part is deleted."""
        for part in self.folder.glob("*.part"):
            with suppress(OSError):
                part.unlink()
        kept = [Upload(path, path.parent.name) for path in sorted(self.folder.glob("*/*"))]
        left = [upload for upload in kept if not self._indexed(upload)]
        with self._lock:
            self._claims.update(upload.sha256 for upload in left)
        return left

    def forget(self, video_id: str) -> None:
        """Delete what was handed over of a video that is no longer in the library."""
        with self._lock:
            if not self._claims[video_id]:
                shutil.rmtree(self.folder / video_id, ignore_errors=True)

    def _indexed(self, upload: Upload) -> bool:
        return self._desk.holds(upload.sha256) is not None

    def _keep(self, part: Path, name: str, sha256: str) -> Upload:
        """Where its content has its place. What is plainly no video or sound is refused here, the rest later."""
        try:
            with open_file(part, [self.folder], self._desk.library.settings.limits):
                pass
        except MediaError as error:
            raise type(error)(f"{name} was not taken in", error.why, error.fix) from error
        with self._lock:
            path = self._known(sha256) or _placed(part, self.folder / sha256, name)
            self._claims[sha256] += 1
        return Upload(path, sha256)

    def _known(self, sha256: str) -> Path | None:
        """Where the same film lies already."""
        video = self._desk.holds(sha256)
        return video.path if video and video.path.is_file() else None

    @property
    def _limit(self) -> int:
        return self._desk.library.settings.limits.bytes

    def _check(self, size: int, more: int) -> None:
        if size > self._limit:
            why = f"it has more bytes than the limit, {self._limit:,}"
            raise MediaLimitError("The file was not taken in", why, "Raise limits.bytes if it is meant")
        free = shutil.disk_usage(self._desk.library.folder).free - self._reserve
        if more > free:
            why = f"{max(0, free):,} bytes may still be written to the disk"
            raise StorageError("The file was not taken in", why, "Make room, or index it where it lies")


def clean(name: str) -> str:
    """A name for a file, without anything that is a path, an order to a terminal or too long; it keeps its ending."""
    spoken = "".join("_" if c in "/\\" else c for c in name if unicodedata.category(c)[0] != "C").strip().lstrip(".")
    stem, ending = os.path.splitext(spoken or "film")
    if len(ending.encode()) > _LONGEST_ENDING:
        stem, ending = stem + ending, ""
    room = _LONGEST_NAME - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").strip() + ending


def _placed(part: Path, folder: Path, name: str) -> Path:
    """Where it is from now on: what another tab handed over meanwhile is the same, byte for byte."""
    try:
        folder.mkdir(exist_ok=True)
        for same in sorted(folder.iterdir()):
            return same
        return part.rename(folder / name)
    except OSError as error:
        raise _refused(name, error) from error


def _create(part: Path) -> BinaryIO:
    try:
        part.parent.mkdir(exist_ok=True)
        return open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb")
    except OSError as error:
        raise _refused("The file", error) from error


def _write(out: BinaryIO, block: bytes) -> None:
    try:
        out.write(block)
        out.flush()
    except OSError as error:
        raise _refused("The file", error) from error


def _refused(name: str, error: OSError) -> StorageError:
    return StorageError(f"{name} was not taken in", reason_of(error), "Make room on the disk")
