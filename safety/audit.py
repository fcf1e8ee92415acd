"""The record of the gate: JSON lines, each of which carries the digest of the one before (Schneier and Kelsey 1999).

The number of entries and the digest of the last are anchored in the library's catalogue, so that a tail that was cut
off shows, too. A line that was being written when its process was killed belongs to no entry and is taken away; an
entry that was written but not yet anchored stays, where it follows on the one that is.
What this proves is that the log is as Playhead wrote it; who can change the catalogue as well can forge both.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import sqlite3
import stat
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from playhead.errors import AuditError, reason_of
from playhead.index.anchor import read_anchor, write_anchor
from playhead.models.cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

AUDIT = "audit.jsonl"
_FIRST = "0" * 64
_LONGEST_LINE = _TORN = 1 << 16
_CHECK = "Look with: playhead audit verify"
_LIBRARY = "Look whether the library is whole: playhead verify"
_AGAIN = f"Put it back, or begin a new one, which is noted in it: playhead audit restart. {_CHECK}"


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: how many there are, and its digest."""

    count: int = 0
    digest: str = _FIRST


class Audit:
    """The log of one library: `path`, anchored in `catalog`. Several processes may write; each entry is whole.

    Without a catalogue (of a library that cannot be written to) the anchor is a file beside the log.
    """

    def __init__(self, path: Path, catalog: Path | None) -> None:
        self.path, self._catalog = path, catalog

    def write(self, **said: Any) -> None:
        """Add an entry; when this returns it is on the disk and anchored. Raises `AuditError`."""
        with self._held() as file:
            self._append(file, said)

    def _append(self, file: BinaryIO, said: dict[str, Any]) -> None:
        head = self._last(file)
        line = sealed({"n": head.count + 1, "time": round(time.time(), 3), **said, "previous": head.digest})
        if len(line) > _LONGEST_LINE:
            why = f"it has {len(line):,} characters and may have {_LONGEST_LINE:,}"
            raise AuditError(f"An entry of {self.path} was not written", why, "Say less in it")
        if file.write(line) < len(line):  # what is there of it is taken away by the next one that is written
            raise OSError(errno.ENOSPC, "there is no room for a whole entry")
        os.fsync(file.fileno())
        self._anchor(head.count + 1, json.loads(line)["digest"])

    def verify(self) -> list[str]:
        """What is wrong with the log, in words; empty where every entry is as it was written and none is missing."""
        try:
            anchored = self._anchored()  # first: what is written meanwhile only adds to the log
            return _problems(self._data(), anchored)
        except AuditError as error:
            return [error.why]
        except OSError as error:
            return [f"{self.path} cannot be read: {reason_of(error)}"]

    def entries(self) -> list[dict[str, Any]]:
        """What was written, oldest first; a line that is not as it was written is left out. Raises `AuditError`."""
        try:
            lines = self._data().split(b"\n")[:-1]
        except OSError as error:
            raise AuditError(f"The audit log {self.path} cannot be read", reason_of(error), _CHECK) from error
        found = ((_parsed(line), line) for line in lines)
        return [entry for entry, line in found if entry is not None and _is_sealed(entry, line)]

    def restart(self, reason: str) -> Path | None:
        """Begin a new log whose first entry says why, and what the old one was; that is kept beside it."""
        try:
            before = asdict(self._anchored())
        except AuditError as error:
            before = {"unknown": error.why}
        old = self._moved_aside()
        with self._held() as file:
            if said := file.read():
                old = _free_name(self.path)
                write_atomically(old, [said])
                old.chmod(0o600)
            if not self._anchor(0, ""):
                raise AuditError("No new audit log was begun", "the library is being written to", "Try again soon")
            file.truncate(0)
            self._append(file, {"event": "restart", "reason": reason, "before": before})
        return old

    # Inside

    @contextmanager
    def _held(self) -> Iterator[BinaryIO]:
        """The file, opened to read and append, by one process at a time."""
        try:
            with self._locked() as file:
                yield file
        except OSError as error:
            raise self._refused(error) from error

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The file that has the log's name once it is this process's turn: another may have begun a new one."""
        while True:
            with _plain_file(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.path.lexists(self.path) and os.path.samestat(os.fstat(file.fileno()), self.path.lstat()):
                    yield file
                    return

    def _moved_aside(self) -> Path | None:
        """What stands in the log's place and is no log, such as a folder, under another name."""
        if not os.path.lexists(self.path) or stat.S_ISREG(self.path.lstat().st_mode):
            return None
        try:
            return self.path.rename(_free_name(self.path))
        except OSError as error:
            raise self._refused(error) from error

    def _data(self) -> bytes:
        """The log as it is; of none at all, nothing."""
        try:
            with _plain_file(self.path, os.O_RDONLY) as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def _last(self, file: BinaryIO) -> Head:
        """The last whole entry, once a torn line is taken away. Raises `AuditError` where another is anchored.

        Read is the end of the log; all of it where its last entry is not the one that is anchored.
        """
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _LONGEST_LINE - _TORN)
        file.seek(start)
        tail = file.read()
        end = tail.rfind(b"\n") + 1
        head, anchored = _head(tail[:end]), self._anchored()
        if head != anchored:
            file.seek(0)
            if problems := _problems(file.read(), anchored):
                raise AuditError(f"The audit log {self.path} is not whole", problems[0], _AGAIN)
        if end < len(tail):
            file.truncate(start + end)
        return head or Head()

    def _anchored(self) -> Head:
        try:
            if self._catalog is not None:
                count, digest = read_anchor(self._catalog)
            else:
                said = self._anchor_file.read_text() if self._anchor_file.exists() else "0:"
                number, _, digest = said.partition(":")
                count = int(number)
            return Head(count, digest) if count else Head()
        except ValueError as error:
            raise AuditError("The audit log cannot be checked", "its anchor is damaged", _AGAIN) from error
        except (sqlite3.Error, OSError) as error:
            why = f"its anchor cannot be read ({error})"
            raise AuditError("The audit log cannot be checked", why, _LIBRARY) from error

    def _anchor(self, count: int, digest: str) -> bool:
        """Note the last entry; False where a writer of the library is in the way, and the next entry will."""
        try:
            if self._catalog is not None:
                return write_anchor(self._catalog, count, digest)
            write_atomically(self._anchor_file, [f"{count}:{digest}".encode()])
        except (sqlite3.Error, OSError) as error:
            raise AuditError("The audit log cannot be anchored", str(error), _LIBRARY) from error
        return True

    @property
    def _anchor_file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.head")

    def _refused(self, error: OSError) -> AuditError:
        fix = "Nothing is done unrecorded: make it writable, or name another file with the setting audit"
        return AuditError(f"The audit log {self.path} cannot be written", reason_of(error), fix)


def sealed(body: dict[str, Any]) -> bytes:
    """An entry as its line: the body, then the digest of the body, in which the one before is named."""
    said = json.dumps(body, ensure_ascii=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256(said.encode()).hexdigest()
    return f'{said[:-1]},"digest":"{digest}"}}\n'.encode()


@contextmanager
def _plain_file(path: Path, flags: int) -> Iterator[BinaryIO]:
    """A file opened unbuffered; a link, a pipe or a device in its place is an `OSError`."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    with os.fdopen(descriptor, "rb" if flags == os.O_RDONLY else "r+b", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file")
        yield file


def _free_name(path: Path) -> Path:
    """A name for the old log that nothing has yet."""
    stamp, number = f"{path.name}.{int(time.time())}", 1
    while os.path.lexists(old := path.with_name(stamp if number == 1 else f"{stamp}-{number}")):
        number += 1
    return old


def _problems(data: bytes, anchored: Head) -> list[str]:
    """What is wrong with a log whose last entry should be `anchored`, or entries that follow on it."""
    problems, digests = _chain(data[: data.rfind(b"\n") + 1])
    if len(digests) < anchored.count:
        problems.append(f"the tail is cut off: there were {anchored.count} entries and {len(digests)} are left")
    elif anchored.count and digests[anchored.count - 1] != anchored.digest:
        problems.append(f"entry {anchored.count} is not the one that the catalogue remembers")
    return problems


def _head(lines: bytes) -> Head | None:
    """The last of these lines as a head; of none the first of all, and None where it was changed."""
    if not lines:
        return Head()
    line = lines[:-1].rpartition(b"\n")[2]
    entry = _parsed(line)
    if entry is None or not _is_sealed(entry, line):
        return None
    return Head(int(entry["n"]), str(entry["digest"]))


def _chain(data: bytes) -> tuple[list[str], list[str]]:
    """What is wrong with the lines themselves, and the digest of each."""
    problems: list[str] = []
    digests: list[str] = []
    previous, expected = _FIRST, 1
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        entry = _parsed(line)
        if entry is None or sealed(_body(entry)) != line + b"\n":
            problems.append(f"line {number} was changed")
            digests.append("")
            previous, expected = "", expected + 1
            continue
        if entry.get("n") != expected:
            problems.append(f"line {number} is entry {entry.get('n')} and entry {expected} should be there")
        elif previous and entry.get("previous") != previous:
            problems.append(f"line {number} does not follow the one before it")
        previous, expected = str(entry["digest"]), int(entry.get("n") or expected) + 1
        digests.append(previous)
    return problems, digests


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    fine = isinstance(entry, dict) and isinstance(entry.get("digest"), str) and isinstance(entry.get("n"), int)
    return entry if fine else None


def _is_sealed(entry: dict[str, Any], line: bytes) -> bool:
    """Whether the line of an entry is the one that was written, by its digest."""
    return sealed(_body(entry)) == line + b"\n"


def _body(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "digest"}
