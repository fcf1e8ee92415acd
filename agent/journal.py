"""The journal of a run: JSON lines, each written through to the disk before the run goes on.

A journal that ends in the middle of a line belongs to a run that was killed; that line is left out.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from playhead.errors import InputError, StorageError, reason_of
from playhead.media.saving import remedy

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """Appends to one file; several threads may."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._file = path.open("ab")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.truncate(len(_whole(path.read_bytes())))
        except BlockingIOError as error:
            self._file.close()
            raise InputError(
                f"The run in {path.parent} is going on already", "", "Wait, or choose another folder with --out"
            ) from error
        except OSError as error:
            raise _refused(path, error) from error

    def write(self, event: str, **about: Any) -> None:
        """One line: when, what, and what about it. Raises `StorageError`."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **about}, ensure_ascii=False, default=str)
        try:
            with self._lock:
                self._file.write(line.encode(errors="replace") + b"\n")
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            raise _refused(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The entries of a journal, oldest first; a line that is damaged is left out."""
    entries = []
    for line in _whole(path.read_bytes()).splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def _whole(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(f"The journal {path} cannot be written", reason_of(error), remedy(error.errno))
