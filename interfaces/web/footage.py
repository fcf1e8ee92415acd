"""Footage of the library, opened to be shown: the very bytes that were indexed, or nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from anyio import to_thread

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
        self._digests: dict[_State, Future[str]] = {}

    async def open(self, video: Video) -> MediaFile:
        """The file of a video. Raises `NotFoundError` where it is gone, `ChangedError` where it is another.

        The first time it is read whole: minutes for a film of many gigabytes. Meanwhile only who wants it waits.
        """
        file = await to_thread.run_sync(self._opened, video)
        try:
            if await self._digest(file) != video.id:
                raise ChangedError(f"{video} cannot be shown", "it changed since it was indexed", "Index it again")
        except BaseException:
            os.close(file.descriptor)
            raise
        return file

    def _opened(self, video: Video) -> MediaFile:
        if not video.path.exists():
            raise NotFoundError(f"{video} cannot be shown", "its file is gone", "Index it at its new place")
        try:
            return open_file(video.path, [video.path.parent], self._limits)
        except MediaError as error:
            raise ChangedError(f"{video} cannot be shown", error.why or error.what, error.fix) from error

    async def _digest(self, file: MediaFile) -> str:
        """Read once, however many ask, in a thread that is none of those which answer."""
        state = _state(file)
        found = self._digests.get(state)
        if found is None:
            found = Future()
            own = replace(file, descriptor=os.dup(file.descriptor))  # whoever asked may be gone before its end
            thread = threading.Thread(target=self._hash, args=(own, state, found), name="digest", daemon=True)
            self._digests[state] = found
            try:
                thread.start()
            except RuntimeError:
                del self._digests[state]  # or whoever asks next would wait for ever
                os.close(own.descriptor)
                raise
        return await asyncio.shield(asyncio.wrap_future(found))

    def _hash(self, file: MediaFile, state: _State, found: Future[str]) -> None:
        try:
            with file:
                digest = file.sha256()
                if _state(file) != state:
                    raise ChangedError(f"{file.name} cannot be shown", "it is being written to", "Wait for its end")
            found.set_result(digest)
        except Exception as error:  # noqa: BLE001 - it is raised where the digest is awaited
            del self._digests[state]
            found.set_exception(error)


def _state(file: MediaFile) -> _State:
    now = os.fstat(file.descriptor)
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def open_below(folder: Path, path: Path) -> MediaFile:
    """A file that the library itself keeps. Raises `NotFoundError`."""
    try:
        return open_regular(path, [folder])
    except MediaError as error:
        raise NotFoundError("There is no such file", error.why or error.what) from error
