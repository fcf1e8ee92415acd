"""What a command costs with all that it starts: wall seconds, processor seconds, and the memory they hold at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EVERY_S = 0.2


class Failed(Exception):  # noqa: N818 - it is an outcome
    """A command did not do its work; the text is the reason, in one line."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took, and what it printed."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str


def measure(
    command: Sequence[str | Path], variables: Mapping[str, str], folder: Path, timeout_s: float = 3600
) -> Cost:
    """The cost of a command that succeeded. Raises `Failed` with its last line."""
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as complained:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=complained,
            start_new_session=True,
        )
        clock = threading.Timer(timeout_s, _end, [process.pid])
        clock.start()
        try:
            with Memory(process.pid) as watch:
                _, status, usage = os.wait4(process.pid, 0)
                wall_s = time.perf_counter() - started
        except BaseException:
            _end(process.pid)
            raise
        finally:
            clock.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        complained.seek(0)
        output, complaint = printed.read(), complained.read()
    if process.returncode:
        raise Failed(reason(complaint or output, process.returncode, timeout_s if wall_s >= timeout_s else 0))
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, watch.most, output)


def child(*command: object) -> dict[str, Any]:
    """The JSON object on the last line of a script in a process of its own; the lines before it are passed on.

    Where it fails, it has said why, and this process ends as it did.
    """
    done = subprocess.run([sys.executable, *map(str, command)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    *told, last = done.stdout.splitlines()
    if told:
        print(*told, sep="\n", flush=True)
    found: dict[str, Any] = json.loads(last)
    return found


def _end(pid: int) -> None:
    """End a command and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def reason(complaint: str, code: int, after_s: float = 0) -> str:
    """The last line that a failed command printed, shortened; `after_s`: it was ended after so long."""
    if after_s:
        return f"it took more than {after_s:g} s"
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return (lines[-1][:160] if lines else "it said nothing") + f" (exit code {code})"


class Memory(threading.Thread):
    """Looks at a process and its descendants; what two of them share is counted once (proportional set size).

    The kernel's own figure, `ru_maxrss`, begins with the size of the process that started this one.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self.most, self.over = pid, 0.0, threading.Event()

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        running = True
        while running:
            self.most = max(self.most, sum(_held_mib(pid) for pid in _family(self._pid)))
            running = not self.over.wait(_EVERY_S)


def _family(pid: int) -> list[int]:
    """A process and its descendants, as far as they still are."""
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it ended meanwhile
        return []
    return [pid, *(one for children in lists for child in children.split() for one in _family(int(child)))]


def _held_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
