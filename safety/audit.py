"""The record of the gate: JSON lines, each of which carries the digest of the one before (Schneier and Kelsey 1999).

The number of entries and the digest of the last are anchored in the library's catalogue, so that a tail that was cut
off shows, too. A line that was being written when its process was killed belongs to no entry and is taken away.
What this proves is that the log is as Playhead wrote it; who can change the catalogue as well can forge both.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playhead.errors import AuditError
from playhead.index.anchor import read_anchor, write_anchor
from playhead.models.cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

AUDIT = "audit.jsonl"
_FIRST = "0" * 64
_TAIL_BYTES = 1 << 16
_LONGEST_LINE = 1 << 20
_CHECK = "Look with: playhead audit verify"


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
            head = self._last(file)
            body = {"n": head.count + 1, "time": round(time.time(), 3), **said, "previous": head.digest}
            line = sealed(body)
            file.seek(0, os.SEEK_END)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            self._anchor(head.count + 1, json.loads(line)["digest"])

    def verify(self) -> list[str]:
        """What is wrong with the log, in words; empty where every entry is as it was written and none is missing."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            return [f"{self.path} cannot be read: {(error.strerror or str(error)).lower()}"]
        whole = data[: data.rfind(b"\n") + 1]
        problems, digests = _chain(whole)
        count, digest = self._anchored()
        if count and len(digests) < count:
            problems.append(f"the tail is cut off: there were {count} entries and {len(digests)} are left")
        elif count and digests[count - 1] != digest:
            problems.append(f"entry {count} is not the one that the catalogue remembers")
        return problems

    def entries(self) -> list[dict[str, Any]]:
        """What was written, oldest first; a line that is damaged is left out."""
        try:
            lines = self.path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._refused(error) from error
        found = (_parsed(line) for line in lines)
        return [entry for entry in found if entry is not None]

    # Inside

    @contextmanager
    def _held(self) -> Iterator[BinaryIO]:
        """The file, opened to read and append, by one process at a time."""
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise self._refused(error) from error
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield file
            except OSError as error:
                raise self._refused(error) from error

    def _last(self, file: BinaryIO) -> Head:
        """The last whole entry, once a torn line is taken away. Raises `AuditError` where another is anchored."""
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _TAIL_BYTES)
        file.seek(start)
        tail = file.read(size - start)
        end = tail.rfind(b"\n") + 1
        if end < len(tail):
            file.truncate(start + end)
        line = tail[:end].rstrip(b"\n").rpartition(b"\n")[2]
        head = Head()
        if line:
            entry = _parsed(line)
            if entry is None or sealed(_body(entry)) != line + b"\n":
                raise AuditError(f"The audit log {self.path} is damaged", "its last entry was changed", _CHECK)
            head = Head(int(entry["n"]), str(entry["digest"]))
        self._agree(head)
        return head

    def _agree(self, head: Head) -> None:
        count, digest = self._anchored()
        if head.count < count or (head.count == count and count and head.digest != digest):
            why = f"the catalogue remembers {count} entries and it ends with entry {head.count}"
            fix = f"Put it back, or begin a new one, which is noted in it: playhead audit restart. {_CHECK}"
            raise AuditError(f"The audit log {self.path} is not whole", why, fix)

    def restart(self, reason: str) -> Path | None:
        """Begin a new log whose first entry says why, and what the old one was; that is kept beside it."""
        count, digest = self._anchored()
        if not self._anchor(0, ""):
            raise AuditError("No new audit log was begun", "the library is being written to", "Try again in a moment")
        old = self.path.with_name(f"{self.path.name}.{int(time.time())}") if self.path.exists() else None
        if old is not None:
            self.path.rename(old)
        self.write(event="restart", reason=reason, before={"count": count, "digest": digest})
        return old

    def _anchored(self) -> tuple[int, str]:
        try:
            if self._catalog is not None:
                return read_anchor(self._catalog)
            count, _, digest = self._beside.read_text().partition(":") if self._beside.exists() else ("0", "", "")
            return int(count), digest
        except (sqlite3.Error, OSError, ValueError) as error:
            raise AuditError("The audit log cannot be checked", f"its anchor cannot be read ({error})") from error

    def _anchor(self, count: int, digest: str) -> bool:
        """Note the last entry; False where a writer of the library is in the way, and the next entry will."""
        try:
            if self._catalog is not None:
                return write_anchor(self._catalog, count, digest)
            write_atomically(self._beside, [f"{count}:{digest}".encode()])
        except (sqlite3.Error, OSError) as error:
            raise AuditError("The audit log cannot be anchored", str(error)) from error
        return True

    @property
    def _beside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.head")

    def _refused(self, error: OSError) -> AuditError:
        why = (error.strerror or str(error)).lower()
        return AuditError(
            f"The audit log {self.path} cannot be written", why, "Nothing is done unrecorded: make it writable"
        )


def sealed(body: dict[str, Any]) -> bytes:
    """An entry as its line: the body, then the digest of the body, in which the one before is named."""
    said = json.dumps(body, ensure_ascii=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256(said.encode()).hexdigest()
    return f'{said[:-1]},"digest":"{digest}"}}\n'.encode()


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
        entry = json.loads(line[:_LONGEST_LINE])
    except ValueError:
        return None
    fine = isinstance(entry, dict) and isinstance(entry.get("digest"), str) and isinstance(entry.get("n"), int)
    return entry if fine else None


def _body(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "digest"}
