"""Videos observed by Ray's workers, on this machine or on many; what they find is written here.

Ray moves tasks and results and knows which workers are alive. Which file is next, what is tried again and what is
committed is decided in this process, which alone holds the library. A worker has one file at a time, so that no more
is in flight than can be worked on.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playhead.errors import LibraryError, ModelError, OutOfReachError, WorkersError
from playhead.index.ray_cluster import cluster, last_line
from playhead.index.worker import Identity, Seen, Worker
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playhead.index.ingest import Ingest, Task
    from playhead.index.worker import Orders
    from playhead.settings import Settings

TRIES = 3  # workers that one file may cost
OUT_OF_REACH = 3  # files in a row that a machine cannot read: others are asked first then
_PATIENCE_S = 300.0  # without any worker


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
        dispatch(ray, found, ingest, orders, settings, progress)


def dispatch(
    ray: Any,
    found: Sequence[tuple[Path, Path]],
    ingest: Ingest,
    orders: Orders,
    settings: Settings,
    progress: Callable[[Progress], None],
) -> None:
    """Index files by workers of a Ray that is connected, and end them."""
    work = _Dispatch(ray, found, ingest, orders, settings)
    try:
        work.run(progress)
    finally:
        work.dismiss()


@dataclass(slots=True, eq=False)
class _Job:
    """A file on its way: first it is identified, then perhaps watched."""

    path: Path
    root: Path
    roots: tuple[Path, ...]
    tries: int = 0
    identity: Identity | None = None
    task: Task | None = None
    refused: set[str] = field(default_factory=set)  # by machines that cannot read it


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
        self._nodes: dict[Any, str] = {}  # the machine of each worker that is ready
        self._unread: Counter[str] = Counter()  # files in a row that a machine could not read
        self._flights: dict[Any, tuple[Any, _Job | None]] = {}
        self._watched: dict[str, list[_Job]] = {}  # by video: files with the same bytes wait for the first
        self._never_ready = 0
        self._unready = WorkersError("Ray's workers do not start")
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
            if time.monotonic() - heard_s > _PATIENCE_S and self._nodes:
                self._fail_unread()
            elif time.monotonic() - heard_s > _PATIENCE_S:
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
        """A worker for each core of the cluster as it is now, and no more than there are files.

        Where some never got ready, those that did are enough.
        """
        if self._never_ready >= TRIES:
            if not self._workers:
                raise self._unready
            return
        cores = self._ray.cluster_resources().get("CPU", 0)
        wanted = self._settings.workers or int(cores // self._threads) or 1
        for _ in range(min(wanted, self._left) - len(self._workers)):
            worker = self._actor.remote(self._orders)
            self._workers.append(worker)
            self._flights[worker.ready.remote()] = (worker, None)

    def _hand_out(self) -> None:
        nodes = set(self._nodes.values())
        seeing = {node for node in nodes if self._unread[node] < OUT_OF_REACH}
        for worker in reversed(tuple(self._idle)):
            node = self._nodes[worker]
            job = next((job for job in self._queue if _suits(node, job, seeing)), None)
            if job:
                self._queue.remove(job)
                self._idle.remove(worker)
                self._send(job, worker)
        if nodes and not self._starting():
            self._fail_unread()

    def _fail_unread(self) -> None:
        """Files that no machine with a worker can read, where no other worker is to be expected."""
        nodes = set(self._nodes.values())
        for job in [job for job in self._queue if job.refused >= nodes]:
            self._queue.remove(job)
            self._ingest.fail(job.path, _read_by_none(job))
            self._finish(job)

    def _send(self, job: _Job, worker: Any) -> None:
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
            if job is None:
                self._greet(worker, found)
                continue
            self._idle.append(worker)
            if isinstance(found, ModelError):
                raise found
            if isinstance(found, OutOfReachError):
                self._refuse(job, self._nodes[worker])
                continue
            self._unread[self._nodes[worker]] = 0
            self._take(job, found)
        return bool(back)

    def _greet(self, worker: Any, found: str | Exception) -> None:
        if isinstance(found, Exception):
            self._discharge(worker)
            self._not_ready(found)
            return
        self._never_ready, self._nodes[worker] = 0, found
        self._idle.append(worker)

    def _refuse(self, job: _Job, node: str) -> None:
        """One machine cannot read a file, which says nothing of the others."""
        job.refused.add(node)
        self._queue.append(job)
        self._unread[node] += 1
        if self._unread[node] == OUT_OF_REACH:
            what = f"The machine {node} could not read {OUT_OF_REACH} files in a row, {job.path} for one"
            self._ingest.note(f"{what}: files go to other machines first")

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
        self._discharge(worker)
        if job:
            self._again(job, "its worker was lost")
        else:
            self._not_ready(error)

    def _discharge(self, worker: Any) -> None:
        self._workers.remove(worker)
        self._nodes.pop(worker, None)
        self._ray.kill(worker, no_restart=True)  # it may only be out of reach

    def _not_ready(self, error: Exception) -> None:
        self._never_ready += 1
        fix = "Install the same Playhead and models on every machine of the cluster"
        self._unready = WorkersError("Ray's workers do not start", last_line(error), fix)
        if self._never_ready == TRIES and self._workers:
            self._ingest.note(
                f"Some of Ray's workers did not start, and the others did their work: {last_line(error)}"
            )

    def _again(self, job: _Job, why: str) -> None:
        job.tries += 1
        if job.tries < TRIES:
            self._ingest.note(f"{job.path.name} was begun again: {why}")
            self._queue.appendleft(job)
            return
        told = WorkersError(f"{job.path.name} was not indexed", f"{TRIES} workers were lost or failed on it: {why}")
        self._ingest.fail(job.path, told)
        self._finish(job)


def _suits(node: str, job: _Job, seeing: set[str]) -> bool:
    """Whether a machine is the one to ask: one that reads nothing is only asked where no better one is left."""
    return node not in job.refused and (node in seeing or seeing <= job.refused)


def _read_by_none(job: _Job) -> OutOfReachError:
    machines = ", ".join(sorted(job.refused))
    fix = "Every machine must find footage under the same path, on storage that they share"
    return OutOfReachError(f"{job.path} was not indexed", f"no machine with a worker can read it ({machines})", fix)
