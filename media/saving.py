"""Files that are whole or not there: what is written gets its name only when it is complete."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from playhead.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[int]:
    """The descriptor of an empty file that becomes `path` when all went well, and else is gone.

    Its folder is made where there is none. Raises `StorageError`, also for an `OSError` inside.
    """
    partial = partial_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
        partial.replace(path)
    except OSError as error:
        raise unsaved(path.name, (error.strerror or str(error)).lower()) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def partial_of(path: Path) -> Path:
    """Where the file is while it is being written."""
    return path.with_name(f".{path.name}.part")


def unsaved(name: str, why: str) -> StorageError:
    """That there was no room for a file, or no way to it."""
    return StorageError(f"{name} was not saved", why, "Free some space, or choose another folder")
