"""Files that are whole or not there: what is written gets its name only when it is complete."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from playhead.errors import StorageError, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STALE_S = 3600.0
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def whole(path: Path, *, sweep: bool = True) -> Iterator[int]:
    """The descriptor of an empty file that becomes `path` when all went well, and else is gone.

    Its folder is made where there is none. Of several writers of one name the last to finish gives the file. What a
    killed process left is removed by a later call, but not without `sweep`, which reads the whole folder. Raises
    `StorageError`, also for an `OSError` inside.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if sweep:
            _remove_stale(path)
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            yield descriptor
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(path)
    except OSError as error:
        raise unsaved(path.name, reason_of(error), error.errno) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    for partial in path.parent.glob(f".{glob.escape(path.name)}.*-*.part"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > STALE_S:
                partial.unlink()


def unsaved(name: str, why: str, number: int | None) -> StorageError:
    """That there was no room for a file, or no way to it; `number` is that of the `OSError`."""
    return StorageError(f"{name} was not saved", why, remedy(number))


def write_whole(path: Path, content: bytes | memoryview, *, sweep: bool = True) -> None:
    """A file complete or not there; see `whole`. Raises `StorageError`."""
    with whole(path, sweep=sweep) as descriptor, open(descriptor, "wb", closefd=False) as file:
        file.write(content)


def remedy(number: int | None) -> str:
    """What to do where a file could not be written, by the number of the `OSError`."""
    if number in _NO_ROOM:
        return "Free some space, or choose another folder"
    if number in _NOT_ALLOWED:
        return "Choose another folder, or allow writing to this one"
    return "Choose another folder"
