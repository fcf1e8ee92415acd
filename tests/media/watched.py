"""What Python does while a test looks: every program it starts, file it opens and address it calls, by audit hook."""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHANGES = {  # events by the places of the paths in their arguments
    "os.chmod": (0,), "os.chown": (0,), "os.link": (0, 1), "os.mkdir": (0,), "os.remove": (0,), "os.rename": (0, 1),
    "os.rmdir": (0,), "os.symlink": (1,), "os.truncate": (0,), "os.utime": (0,), "shutil.rmtree": (0,),
    "tempfile.mkstemp": (0,), "tempfile.mkdtemp": (0,),
}  # fmt: skip
_PROGRAMS = {"os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.spawn"}
_NETWORK = {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"}
_CODE = {"compile", "exec"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PYTHON = (sys.prefix, sys.base_prefix, *site.getsitepackages(), *sysconfig.get_paths().values())
_SOURCE = Path(__file__).parents[2]
_CHILDREN = ([sys.executable, "-m", "playhead.media.child"], [sys.executable, "-m", "playhead.media.cutter"])
_LIMITED = [sys.executable, "-m", "playhead.media.limited"]
_TEMPORARY = Path(os.path.realpath(tempfile.gettempdir()))
_IN_A_FOLDER = {  # events by the places of the descriptors that their paths, one each, are counted from
    "os.mkdir": (2,), "os.remove": (1,), "os.rmdir": (1,), "os.rename": (2, 3),
}  # fmt: skip


@dataclass
class Deeds:
    """What was done, as far as it is not allowed."""

    reads: Sequence[Path]
    writes: Sequence[Path]
    programs: int = 0
    opened: int = 0
    wrong: list[str] = field(default_factory=list)

    def take(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            self._started([os.fsdecode(part) for part in arguments[1]], arguments[2], arguments[3])
        elif event == "open":
            self._opened(arguments[0], arguments[2])
        elif event in _CHANGES:
            folders = [arguments[place] for place in _IN_A_FOLDER.get(event, ())]
            for number, place in enumerate(_CHANGES[event]):
                self._demand(_whole(arguments[place], folders[number : number + 1]), self.writes, event)
        elif event in _PROGRAMS or event in _NETWORK:
            self.wrong.append(f"{event} {arguments!r}")

    def _started(self, command: list[str], folder: object, environment: dict[str, str] | None) -> None:
        self.programs += 1
        names = {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "PYTHONSAFEPATH"}
        names |= {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
        ours = command[:-1] in _CHILDREN and re.fullmatch(r"\d{1,4}", command[-1]) and folder is None
        if command[:3] == _LIMITED:  # which becomes the command that follows
            command = command[4:]
        fine = ours or (commands.known(command, self._written) and (folder is None or _temporary(_real(folder))))
        if not fine or environment is None or not set(environment) <= names:
            self.wrong.append(f"started {command!r} in {folder!r} with {environment!r}")

    def _opened(self, path: object, flags: int) -> None:
        self.opened += 1
        if isinstance(path, int):
            return
        name = os.fsdecode(path)  # type: ignore[arg-type]
        if flags & os.O_NOFOLLOW and not flags & _WRITES:
            if os.path.isabs(name):  # a text that was written, on its way to the gate
                self._demand(path, self.writes, "open to judge")
            elif name in ("..", "") or "/" in name:  # one step of open_file, from a root that was seen before
                self.wrong.append(f"a step to {path!r}")
            return
        if flags & _WRITES and _real(path) == _TEMPORARY:  # a folder can be written to only as a file without a name
            return
        if flags & _WRITES and path != os.devnull:
            self._demand(path, self.writes, "open to write")
        else:
            own = [Path(place) for place in (*_PYTHON, _SOURCE, "/dev/null", "/proc", "/sys/devices/system/cpu")]
            self._demand(path, [*self.reads, *self.writes, *own], "open to read")

    def _demand(self, path: object, places: Sequence[Path], what: str) -> None:
        if isinstance(path, int):
            return
        real = _real(path)
        if not (_temporary(real) or any(real.is_relative_to(os.path.realpath(place)) for place in places)):
            self.wrong.append(f"{what} {path!r}")

    def _written(self, path: Path) -> bool:
        """Whether a file lies where results are written."""
        return any(_real(path).is_relative_to(os.path.realpath(place)) for place in self.writes)


def _real(path: object) -> Path:
    return Path(os.path.realpath(os.fsdecode(path)))  # type: ignore[arg-type]


def _temporary(real: Path) -> bool:
    """Whether this is a temporary folder of ours, or in one."""
    inside = real.is_relative_to(_TEMPORARY) and real != _TEMPORARY
    return inside and re.fullmatch(r"playhead-\w{8}", real.relative_to(_TEMPORARY).parts[0]) is not None


def _whole(path: object, folder: Sequence[int]) -> object:
    """A path that is counted from an open folder, as one from the root; any other as it is."""
    if isinstance(path, int) or not folder or folder[0] < 0:
        return path
    return os.path.join(os.readlink(f"/proc/self/fd/{folder[0]}"), os.fsdecode(path))  # type: ignore[arg-type]


_current: Deeds | None = None
_lock = threading.Lock()
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _current is not None and event not in _CODE:
        _current.take(event, arguments)


@contextmanager
def watched(*, reads: Sequence[Path], writes: Sequence[Path]) -> Iterator[Deeds]:
    """What happens meanwhile, in any thread; at the end nothing may have happened that is not allowed."""
    global _current, _installed  # noqa: PLW0603 - an audit hook cannot be taken away again
    with _lock:
        if not _installed:
            sys.addaudithook(_hook)
            _installed = True
        _current = deeds = Deeds(reads, writes)
        try:
            yield deeds
        finally:
            _current = None
    assert not deeds.wrong, deeds.wrong
