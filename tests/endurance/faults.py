"""Lets the n-th write, rename, statement … of this process fail, as a full or broken disk does.

What is patched are the doors to the system and to others' libraries; everything of Playhead runs as it is. Files are
only touched below one folder.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import sqlite3
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from playhead.media import wire
from playhead.testing.fakes import FakeModel

from .vitals import descendants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILES = ("open", "write", "fsync", "rename", "mkdir", "remove")
POINTS = (*FILES, "sqlite", "chroma", "decode", "model")
_WRITING = set("wax+")
_CHROMA = ("upsert", "delete", "get", "query", "count")


@dataclass
class Fault:
    """Counts the calls at one point and lets the `at`-th fail; `struck` says whether that was reached.

    The errors take turns: no room, and a broken disk. `after` lets the call take effect before it fails.
    """

    root: Path
    point: str
    at: int = 0
    after: bool = False
    calls: int = 0
    struck: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self) -> bool:
        """Count one call; whether it is the one."""
        with self._lock:
            self.calls += 1
            self.struck = self.struck or self.calls == self.at
            return self.calls == self.at

    @property
    def error(self) -> OSError:
        number = errno.ENOSPC if self.at % 2 or self.point == "open" else errno.EIO
        return OSError(number, os.strerror(number))

    def below(self, path: Any, folder: int | None = None) -> bool:
        """Whether a path, or what a descriptor leads to, is below the root."""
        try:
            if isinstance(path, int):
                path = os.readlink(f"/proc/self/fd/{path}")
            elif folder is not None:
                path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fspath(path))
            return os.path.abspath(os.fsdecode(path)).startswith(f"{self.root}/")
        except (OSError, TypeError):
            return False

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The system's call, which fails when it is due; the path or descriptor is its first argument."""

        def called(*args: Any, **keywords: Any) -> Any:
            folder = keywords.get("dir_fd", keywords.get("src_dir_fd"))
            if not self.below(args[0], folder) or not self.due():
                return call(*args, **keywords)
            if self.after and self.point != "open":  # what it opened would be nobody's
                call(*args, **keywords)
            raise self.error

        return called


@contextmanager
def failing(root: Path, point: str, at: int = 0, *, after: bool = False) -> Iterator[Fault]:
    """A fault at the `at`-th call of a point below `root`; 0 only counts."""
    fault = Fault(root, point, at, after)
    with ExitStack() as held:
        for target, name, other in _PATCHES[point](fault):
            held.enter_context(patch.object(target, name, other))
        yield fault


def _opening(fault: Fault) -> Iterator[tuple[Any, str, Any]]:
    whole = fault.wrapped(os.open)

    def opened(path: Any, flags: int, *more: Any, **keywords: Any) -> int:
        making = flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR)
        return (whole if making else _open)(path, flags, *more, **keywords)  # type: ignore[no-any-return]

    _open = os.open
    yield os, "open", opened
    yield from _files(fault, lambda file: None if _named(file) and fault.below(file) and fault.due() else io.FileIO)


def _named(file: Any) -> bool:
    """Whether a file is opened by its name; a descriptor is open already."""
    return not isinstance(file, int)


def _writing(fault: Fault) -> Iterator[tuple[Any, str, Any]]:
    class Failing(io.FileIO):
        def write(self, data: Any) -> Any:
            return fault.wrapped(lambda _, given: super(Failing, self).write(given))(self.fileno(), data)

    for name in ("write", "pwrite", "sendfile", "ftruncate"):
        yield os, name, fault.wrapped(getattr(os, name))
    yield from _files(fault, lambda file: Failing if fault.below(file) else io.FileIO)


def _files(fault: Fault, kind: Callable[[Any], type[io.FileIO] | None]) -> Iterator[tuple[Any, str, Any]]:
    """Python's `open`, whose files for writing are of another kind; of none, it fails."""
    plain = io.open

    def opened(file: Any, mode: str = "r", buffering: int = -1, *more: Any, **keywords: Any) -> Any:
        if not set(mode) & _WRITING or (raw := kind(file)) is io.FileIO:
            return plain(file, mode, buffering, *more, **keywords)
        if raw is None:
            raise fault.error
        held = raw(file, mode.replace("b", "").replace("t", ""), keywords.get("closefd", True))
        if buffering == 0:
            return held
        buffered: Any = io.BufferedRandom(held) if "+" in mode else io.BufferedWriter(held)
        if "b" in mode:
            return buffered
        text = {name: keywords[name] for name in ("encoding", "errors", "newline") if name in keywords}
        return io.TextIOWrapper(buffered, **text)

    yield io, "open", opened
    yield builtins, "open", opened


def _statements(fault: Fault) -> Iterator[tuple[Any, str, Any]]:
    class Failing(sqlite3.Connection):
        def _struck(self, call: Callable[..., Any], *args: Any) -> Any:
            if not fault.due():
                return call(*args)
            if fault.after:
                call(*args)
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
            raise error

        def execute(self, *args: Any) -> Any:
            return self._struck(super().execute, *args)

        def executemany(self, *args: Any) -> Any:
            return self._struck(super().executemany, *args)

        def executescript(self, *args: Any) -> Any:
            return self._struck(super().executescript, *args)

        def commit(self) -> Any:
            return self._struck(super().commit)

    plain = sqlite3.connect
    yield sqlite3, "connect", lambda *args, **more: plain(*args, **({"factory": Failing} | more))


def _nearest(fault: Fault) -> Iterator[tuple[Any, str, Any]]:
    import chromadb
    from chromadb.errors import InternalError

    opening = chromadb.PersistentClient

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **keywords: Any) -> Any:
            if not fault.due():
                return call(*args, **keywords)
            if fault.after and call is not opening:  # what it opened would be nobody's
                call(*args, **keywords)
            raise InternalError("database or disk is full")

        return called

    for name in _CHROMA:
        yield chromadb.Collection, name, wrapped(getattr(chromadb.Collection, name))
    yield chromadb, "PersistentClient", wrapped(opening)


def _decoding(fault: Fault) -> Iterator[tuple[Any, str, Any]]:
    whole = wire.receive

    def received(stream: Any) -> Any:
        if not fault.due():
            return whole(stream)
        for pid in descendants():
            os.kill(pid, signal.SIGKILL)
        return None  # what was sent before the kill and not yet read is lost as well

    yield wire, "receive", received


def _models(fault: Fault) -> Iterator[tuple[Any, str, Any]]:
    whole = FakeModel._count

    def counted(model: FakeModel) -> None:
        if fault.due():
            raise RuntimeError("the model has no memory left")
        whole(model)

    yield FakeModel, "_count", counted


def _system(*names: str) -> Callable[[Fault], Iterator[tuple[Any, str, Any]]]:
    return lambda fault: ((os, name, fault.wrapped(getattr(os, name))) for name in names)


_PATCHES: dict[str, Callable[[Fault], Iterator[tuple[Any, str, Any]]]] = {
    "open": _opening,
    "write": _writing,
    "fsync": _system("fsync"),
    "rename": _system("rename", "replace"),
    "mkdir": _system("mkdir"),
    "remove": _system("unlink", "remove", "rmdir"),
    "sqlite": _statements,
    "chroma": _nearest,
    "decode": _decoding,
    "model": _models,
}
