"""Videos observed by Ray's workers, on this machine or on many; what they find is written here.

Ray moves tasks and results and knows which workers are alive. Which file is next, what is tried again and what is
committed is decided in this process, which alone holds the library. A worker has one file at a time, so that no more
is in flight than can be worked on.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playhead.errors import LibraryError, ModelError, SettingsError, WorkersError
from playhead.index.worker import Identity, Seen, Worker
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playhead.index.ingest import Ingest, Task
    from playhead.index.worker import Orders
    from playhead.settings import Settings

TRIES = 3  # workers that one file may cost
_PATIENCE_S = 300.0  # without any worker
_STORE_BYTES = 512 << 20  # records on their way, where Ray is started here


def index_on_ray(
    found: Sequence[tuple[Path, Path]],
    ingest: Ingest,
    orders: Orders,
    settings: Settings,
    progress: Callable[[Progress], None],
) -> None:
    """Index files, each with the root it must stay under, by the workers of a cluster: that named, or one made here.

    Raises `WorkersError` where no worker can be had, and what `Ingest` raises where no file could go on.
    """
    with cluster(settings) as ray:
        dispatch = _Dispatch(ray, found, ingest, orders, settings)
        try:
            dispatch.run(progress)
        finally:
            dispatch.dismiss()


@contextmanager
def cluster(settings: Settings) -> Iterator[Any]:
    """Ray, connected. What was started for this run ends with it."""
    address = settings.ray_address or os.environ.get("RAY_ADDRESS", "")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if not address:
        _keep_to_this_machine()
    try:
        import ray
    except ImportError as error:
        fix = "Run: pip install 'playhead[ray]', or leave out --on ray"
        raise SettingsError("Indexing on Ray is not possible", "the package ray is not installed", fix) from error
    if ray.is_initialized():  # a program that uses Ray for more than this
        yield ray
        return
    _connect(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def _keep_to_this_machine() -> None:
    """A Ray of our own listens on loopback alone, and to nobody without a token that is made for it."""
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # the switch by which Ray takes 127.0.0.1 for its address
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _connect(ray: Any, address: str) -> None:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as Ray will have it by itself; else it warns
    ray._private.worker._worker_logs_enabled = False  # it would write on standard output, where JSON may stand
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "logging_level": "ERROR"}
    own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        ray.init(address=address or "local", **quiet, **({} if address else own))
    except Exception as error:
        where = f"Ray at {address} cannot be used" if address else "Ray could not be started"
        fix = (
            "Look at RAY_ADDRESS and at `ray status` there" if address else "Free some memory, or leave out --on ray"
        )
        raise WorkersError(where, _line(error), fix) from error


@dataclass(slots=True)
class _Job:
    """A file on its way: first it is identified, then perhaps watched."""

    path: Path
    root: Path
    roots: tuple[Path, ...]
    tries: int = 0
    identity: Identity | None = None
    task: Task | None = None


class _Dispatch:
    """Hands files to workers and takes what comes back, until nothing is left."""

    def __init__(
        self, ray: Any, found: Sequence[tuple[Path, Path]], ingest: Ingest, orders: Orders, settings: Settings
    ) -> None:
        self._ray, self._ingest, self._orders, self._settings = ray, ingest, orders, settings
        self._queue: deque[_Job] = deque()
        for path, root in found:
            with ingest.sparing(path):
                self._queue.append(_Job(path, root, ingest.roots(path, root)))
        self._total, self._left = len(found), len(self._queue)
        self._workers: list[Any] = []
        self._idle: list[Any] = []
        self._flights: dict[Any, tuple[Any, _Job | None]] = {}
        self._watched: dict[str, list[_Job]] = {}  # by video: files with the same bytes wait for the first
        self._never_ready = 0
        self._threads = settings.threads or 1
        self._actor = ray.remote(Worker).options(num_cpus=self._threads, max_restarts=0, max_task_retries=0)

    def run(self, progress: Callable[[Progress], None]) -> None:
        """Index every file."""
        heard_s = time.monotonic()
        while self._left:
            self._hire()
            self._hand_out()
            if self._collect() or len(self._idle) < len(self._workers) - self._starting():
                heard_s = time.monotonic()
            if time.monotonic() - heard_s > _PATIENCE_S:
                why = f"none was ready within {_PATIENCE_S:.0f} s"
                raise WorkersError("Ray gave no worker", why, "Look for free cores with: ray status")
            done, busy = self._total - self._left, len(self._workers) - len(self._idle) - self._starting()
            progress(Progress("file", "", done, self._total))
            progress(Progress("watching", f"{busy} files on {len(self._workers)} workers", done, self._total))

    def dismiss(self) -> None:
        """End every worker."""
        for worker in self._workers:
            self._ray.kill(worker, no_restart=True)

    def _starting(self) -> int:
        return sum(job is None for _, job in self._flights.values())

    def _hire(self) -> None:
        """A worker for each core of the cluster as it is now, and no more than there are files."""
        cores = self._ray.cluster_resources().get("CPU", 0)
        wanted = self._settings.workers or int(cores // self._threads) or 1
        for _ in range(min(wanted, self._left) - len(self._workers)):
            worker = self._actor.remote(self._orders)
            self._workers.append(worker)
            self._flights[worker.ready.remote()] = (worker, None)

    def _hand_out(self) -> None:
        while self._idle and self._queue:
            job, worker = self._queue.popleft(), self._idle.pop()
            if job.task and job.identity:
                flight = worker.watch.remote(job.path, job.roots, job.identity, job.task.options)
            else:
                flight = worker.identify.remote(job.path, job.roots)
            self._flights[flight] = (worker, job)

    def _collect(self) -> bool:
        """Take what has come back; whether anything has."""
        back, _ = self._ray.wait(list(self._flights), timeout=1.0) if self._flights else ([], [])
        for flight in back:
            worker, job = self._flights.pop(flight)
            try:
                found = self._ray.get(flight)
            except self._ray.exceptions.RayError as error:
                self._lost(worker, job, error)
                continue
            self._idle.append(worker)
            if isinstance(found, ModelError):
                raise found
            if job:
                self._take(job, found)
            else:
                self._never_ready = 0
        return bool(back)

    def _take(self, job: _Job, found: Identity | Seen | Exception) -> None:
        if isinstance(found, LibraryError):  # the worker's own disk
            self._again(job, str(found))
        elif isinstance(found, Exception):
            self._ingest.fail(job.path, found)
            self._finish(job)
        elif isinstance(found, Identity):
            job.identity = found
            self._decide(job)
        elif job.task:
            with self._sparing(job):
                self._ingest.commit(job.task, found.record, found.pictures)
                self._finish(job)

    def _decide(self, job: _Job) -> None:
        """Watch the file, or note where it lies; one with bytes that are being watched waits."""
        if job.identity is None:
            return
        if (video_id := job.identity.video_id) in self._watched:
            self._watched[video_id].append(job)
            return
        with self._sparing(job):
            task = self._ingest.task(job.path, job.root, video_id)
            if task.options.channels:
                job.task, self._watched[video_id] = task, []
                self._queue.appendleft(job)
            else:
                self._ingest.commit(task, None)
                self._finish(job)

    @contextmanager
    def _sparing(self, job: _Job) -> Iterator[None]:
        """What goes wrong here with one file costs that file."""
        done = False
        with self._ingest.sparing(job.path):
            yield
            done = True
        if not done:
            self._finish(job)

    def _finish(self, job: _Job) -> None:
        self._left -= 1
        if job.task:
            for waiting in self._watched.pop(job.task.video_id, []):
                self._decide(waiting)

    def _lost(self, worker: Any, job: _Job | None, error: Exception) -> None:
        """A worker, or the machine that it was on, is gone: another takes its place and its file."""
        self._workers.remove(worker)
        self._ray.kill(worker, no_restart=True)  # it may only be out of reach
        if job:
            self._again(job, "its worker was lost")
            return
        self._never_ready += 1
        if self._never_ready >= TRIES:
            fix = "Install the same Playhead and models on every machine of the cluster"
            raise WorkersError("Ray's workers do not start", _line(error), fix)

    def _again(self, job: _Job, why: str) -> None:
        job.tries += 1
        if job.tries < TRIES:
            self._ingest.note(f"{job.path.name} was begun again: {why}")
            self._queue.appendleft(job)
            return
        told = WorkersError(f"{job.path.name} was not indexed", f"{TRIES} workers were lost or failed on it: {why}")
        self._ingest.fail(job.path, told)
        self._finish(job)


def _line(error: Exception) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
