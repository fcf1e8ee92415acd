"""Footage of the library, opened to be shown: the very bytes that were indexed, or nothing."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from playhead.errors import MediaError
from playhead.interfaces.web.failures import ChangedError, NotFoundError
from playhead.media.files import open_file, open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.media.files import MediaFile
    from playhead.types import Limits, Video

_State = tuple[int, int, int, int, int]


class Footage:
    """Opens videos; the digest of a file is remembered for as long as nobody writes to it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._digests: dict[_State, str] = {}
        self._hashing = threading.Lock()

    def open(self, video: Video) -> MediaFile:
        """The file of a video. Raises `NotFoundError` where it is gone, `ChangedError` where it is another."""
        if not video.path.exists():
            raise NotFoundError(f"{video} cannot be shown", "its file is gone", "Index it at its new place")
        try:
            file = open_file(video.path, [video.path.parent], self._limits)
        except MediaError as error:
            raise ChangedError(f"{video} cannot be shown", error.why or error.what, error.fix) from error
        try:
            if self._digest(file) != video.id:
                raise ChangedError(f"{video} cannot be shown", "it changed since it was indexed", "Index it again")
        except BaseException:
            os.close(file.descriptor)
            raise
        return file

    def _digest(self, file: MediaFile) -> str:
        """Minutes for a film of many gigabytes, once; two requests for it do not both read it."""
        state = _state(file)
        if state not in self._digests:
            with self._hashing:
                if state not in self._digests:
                    digest = file.sha256()
                    if _state(file) != state:
                        raise ChangedError(
                            f"{file.name} cannot be shown", "it is being written to", "Wait for its end"
                        )
                    self._digests[state] = digest
        return self._digests[state]


def _state(file: MediaFile) -> _State:
    now = os.fstat(file.descriptor)
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def open_below(folder: Path, path: Path) -> MediaFile:
    """A file that the library itself keeps. Raises `NotFoundError`."""
    try:
        return open_regular(path, [folder])
    except MediaError as error:
        raise NotFoundError("There is no such file", error.why or error.what) from error
