"""Work that goes on when the tab that asked for it is closed: what waits, what runs, and what came of it."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable  # noqa: TC003 - a field of a dataclass
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from playhead.agent.executor import CancelledError
from playhead.agent.threads import begin
from playhead.errors import BlockedError, LibraryError, PlayheadError, reason_of
from playhead.interfaces.web import replies
from playhead.interfaces.web.failures import BusyError, NotFoundError, told
from playhead.plain import plain

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.agent.executor import Event
    from playhead.types import Progress

_KEPT = 100
_MOST_WAITING = 100
_log = logging.getLogger(__name__)


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (State.WAITING, State.RUNNING)


@dataclass
class Job:
    """One piece of work. Its thread tells it what happens; anybody may look at it, or cancel it.

    `after` is called once, when nothing is at work on it any more: see `clear_up`.
    """

    kind: str
    title: str
    after: Callable[[], None] = lambda: None
    named: Callable[[Any], Any] = lambda said: said
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = State.WAITING
    version: int = 0
    files: tuple[Path, ...] = ()
    cancelled: threading.Event = field(default_factory=threading.Event)
    _said: dict[str, Any] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def shown(self) -> dict[str, Any]:
        """All of it, as JSON."""
        with self._lock:
            about = {"id": self.id, "kind": self.kind, "title": self.title, "state": str(self.state)}
            steps = {"steps": {name: dict(step) for name, step in self._said.get("steps", {}).items()}}
            return about | self._said | (steps if "steps" in self._said else {})

    def look(self) -> tuple[int, bool]:
        """The number of its latest change, and whether it is the last."""
        with self._lock:
            return self.version, self.state.final

    # What its thread calls

    def progress(self, news: Progress) -> None:
        """How far it is. Raises `CancelledError` where somebody cancelled it."""
        if self.cancelled.is_set():
            raise CancelledError("It was cancelled", "", "Ask again to go on")
        self._tell(progress=plain(news))

    def expect(self, steps: dict[str, str]) -> None:
        """The steps that it will take, with their tools."""
        self._tell(steps={name: {"tool": tool, "state": "waiting", "message": ""} for name, tool in steps.items()})

    def event(self, news: Event) -> None:
        """What happens to a step."""
        with self._lock:
            if news.progress is not None:
                self._tell(progress=plain(news.progress))
            if news.step and news.kind != "progress":
                state = "running" if news.kind == "started" else news.kind
                step = {"tool": news.tool, "state": state, "message": news.message}
                self._tell(steps=self._said.get("steps", {}) | {news.step: step})

    def give(self, files: tuple[Path, ...], result: Callable[[dict[str, str]], Any]) -> None:
        """What came of it; `result` is given the addresses of the files, by path."""
        shown = [replies.file(self.id, number, path) for number, path in enumerate(files)]
        addresses = {str(path): str(file["url"]) for path, file in zip(files, shown, strict=True)}
        with self._lock:
            if not self.state.final:
                self.files = files
                self._tell(files=shown, result=result(addresses))

    def fail(self, error: BaseException) -> None:
        """Why it did not succeed, or not all of it."""
        self._tell(error=told(error))

    # What its queue calls

    def enter(self, state: State) -> bool:
        """Go over to a state; not from a final one."""
        with self._lock:
            if self.state.final:
                return False
            self.state = state
            self.version += 1
            if state.final:
                self._said.pop("progress", None)
            return True

    def clear_up(self) -> None:
        """Call `after`; what it raises is logged."""
        try:
            self.after()
        except Exception:  # noqa: BLE001 - the lane goes on
            _log.exception("What a job left could not be cleared up")

    def _tell(self, **news: Any) -> None:
        named = self.named(news)
        with self._lock:
            if not self.state.final:
                self._said |= named
                self.version += 1


class Lane:
    """Work in the order in which it came, so many at once, each in a thread of its own."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: deque[tuple[Job, Callable[[Job], State]]] = deque()
        self._lock = threading.Lock()

    def put(self, job: Job, work: Callable[[Job], State]) -> None:
        """Do it when it is its turn. Raises `BusyError`."""
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                raise BusyError("Too much is waiting", f"{_MOST_WAITING} jobs are before it", "Try again later")
            self._waiting.append((job, work))
            unbegun = self._start()
        _give_up(unbegun)

    def drop(self, job: Job) -> bool:
        """Take back what waits; whether it still did."""
        with self._lock:
            held = len(self._waiting)
            self._waiting = deque(item for item in self._waiting if item[0] is not job)
            return len(self._waiting) < held

    def _start(self) -> list[tuple[Job, RuntimeError]]:
        """Begin what there is room for; of what could not be begun, why not. Called under the lock."""
        unbegun = []
        while self._free and self._waiting:
            self._free -= 1
            job, work = self._waiting.popleft()
            try:
                begin(partial(self._work, job, work), f"of job {job.id}")
            except RuntimeError as error:  # no thread is to be had
                self._free += 1
                unbegun.append((job, error))
        return unbegun

    def _work(self, job: Job, work: Callable[[Job], State]) -> None:
        try:
            ended = _done(job, work) if job.enter(State.RUNNING) else job.state
            job.clear_up()  # before it ends: whoever sees the end sees it cleared up
            job.enter(ended)
        finally:
            with self._lock:
                self._free += 1
                unbegun = self._start()
            _give_up(unbegun)


def _give_up(unbegun: list[tuple[Job, RuntimeError]]) -> None:
    for job, error in unbegun:
        job.fail(BusyError("It was not begun", reason_of(error), "Try again later"))
        job.clear_up()
        job.enter(State.FAILED)


class Jobs:
    """Every job since the server started, the newest first; of the finished ones the last hundred.

    `named` puts names for the paths in what is told of them.
    """

    def __init__(self, named: Callable[[Any], Any] = lambda said: said) -> None:
        self._named = named
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._lanes = {"index": Lane(1), "": Lane(2)}
        self.closing = threading.Event()

    def start(
        self, kind: str, title: str, work: Callable[[Job], State], after: Callable[[], None] = lambda: None
    ) -> Job:
        """A new job. `work` gives the state in which it ends, or raises; `after` is called in any case.

        Raises `BusyError`, and `LibraryError` once the server is ending.
        """
        job = Job(kind, self._named(title[:300]), after, self._named)
        try:
            self._enter(job)  # before its thread starts: `close` is to miss none
            self._lane(job).put(job, work)
        except LibraryError:
            with self._lock:
                self._jobs.pop(job.id, None)
            job.clear_up()
            raise
        return job

    def _enter(self, job: Job) -> None:
        with self._lock:
            if self.closing.is_set():
                raise LibraryError("Nothing is begun any more", "the server is ending", "Start it again")
            finished = [old.id for old in self._jobs.values() if old.state.final]
            for old in finished[: max(0, len(finished) - _KEPT + 1)]:
                del self._jobs[old]
            self._jobs[job.id] = job

    def all(self) -> list[Job]:
        """The newest first."""
        with self._lock:
            return list(self._jobs.values())[::-1]

    def get(self, job_id: str) -> Job:
        """The job with this id. Raises `NotFoundError`."""
        with self._lock:
            if job_id in self._jobs:
                return self._jobs[job_id]
        raise NotFoundError("There is no such job", "it was forgotten, or the server was started anew")

    def cancel(self, job_id: str) -> Job:
        """End a job that waits or runs, now; forget one that is finished."""
        job = self.get(job_id)
        if job.state.final:
            with self._lock:
                self._jobs.pop(job_id, None)
            return job
        job.cancelled.set()
        dropped = self._lane(job).drop(job)
        job.enter(State.CANCELLED)
        if dropped:
            job.clear_up()
        return job

    def close(self) -> int:
        """Cancel everything; how much there was."""
        with self._lock:
            self.closing.set()
        unfinished = [job for job in self.all() if not job.state.final]
        for job in unfinished:
            self.cancel(job.id)
        return len(unfinished)

    def _lane(self, job: Job) -> Lane:
        return self._lanes.get(job.kind, self._lanes[""])


def _done(job: Job, work: Callable[[Job], State]) -> State:
    """How the work ended."""
    try:
        return work(job)
    except CancelledError:
        return State.CANCELLED
    except BlockedError as error:
        job.fail(error)
        return State.BLOCKED
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told where the job is shown
        if not isinstance(error, PlayheadError):
            _log.exception("A job failed")
        job.fail(error)
        return State.FAILED
