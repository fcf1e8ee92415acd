"""One writer at a time, held by a lock on a file that also says who holds it."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from playhead.errors import LibraryLockedError, StorageError, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def writer(library: Path) -> str:
    """The number of the process that holds the write lock; `""` where none does."""
    with suppress(OSError), (library / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read(32).decode(errors="replace").strip() or "unknown"
    return ""


@contextmanager
def writing(library: Path) -> Iterator[None]:
    """Hold the library's write lock. The kernel releases it when the process ends, however it ends.

    Raises `LibraryLockedError` naming the holder, or `StorageError` where the folder cannot be written.
    """
    try:
        descriptor = os.open(library / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        fix = "It can be searched, with PLAYHEAD_AUDIT=FILE for the audit log where its own cannot be written"
        if error.errno in (errno.EISDIR, errno.ELOOP, errno.ENXIO):
            fix = f"Move {library / 'lock'} away: it should be a file"
        raise StorageError(f"The library {library} cannot be changed", reason_of(error), fix) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise LibraryLockedError(
                f"The library {library} is being written to",
                f"process {holder} holds the lock",
                "Wait for it to finish, or use another --library",
            ) from error
        with suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
