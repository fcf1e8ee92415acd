"""What jobs do: index files, run a plan, call a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playhead.interfaces import calling, shapes
from playhead.interfaces.web import replies
from playhead.interfaces.web.jobs import State
from playhead.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead.agent.plan import Plan
    from playhead.agent.run import Run
    from playhead.interfaces.web.desk import Desk
    from playhead.interfaces.web.jobs import Job

_ENDS = {0: State.DONE, 3: State.PARTIAL, 4: State.BLOCKED}


def indexing(desk: Desk, *paths: Path) -> Callable[[Job], State]:
    """Watch and listen to files and folders."""
    desk.names.add(*paths)

    def work(job: Job) -> State:
        with desk.writing() as library:
            done = library.add(*paths, progress=job.progress)
        job.give((), lambda _: replies.report(done))
        if not done.failed:
            return State.DONE
        job.fail(done.failed[0][1])
        return State.PARTIAL if done.added or done.updated or done.unchanged else State.FAILED

    return work


def running(desk: Desk, plan: Plan, override: str) -> Callable[[Job], State]:
    """Run a plan, as it is."""

    def work(job: Job) -> State:
        job.expect({name: step.tool for name, step in plan.steps.items()})
        agent = desk.agent(override)
        done = agent.run(plan, listen=job.event, cancel=job.cancelled)
        job.give(_files(done), lambda addresses: replies.public(shapes.run(done, agent.gate.mask), addresses))
        if error := _error(done):
            job.fail(error)
        return _ENDS.get(done.exit_code, State.FAILED)

    return work


def calling_tool(desk: Desk, name: str, arguments: dict[str, Any], override: str) -> Callable[[Job], State]:
    """Call one tool."""

    def work(job: Job) -> State:
        done = calling.call(desk.agent(override), name, arguments, job.progress, job.cancelled)
        job.give(done.files, lambda addresses: {"result": replies.public(plain(done.result), addresses)})
        return State.DONE

    return work


def _files(done: Run) -> tuple[Path, ...]:
    """What the run made; what its steps gave as JSON comes last, since it is in the result as well."""
    return tuple(sorted(done.artifacts, key=lambda path: (path.parent == _results(done), path)))


def _results(done: Run) -> Path | None:
    return done.folder / "artifacts" if done.folder else None


def _error(done: Run) -> Exception | None:
    """Of the steps that failed the first, unless another was stopped by the gate."""
    errors = [outcome.error for outcome in done.failed if outcome.error]
    stopped = [outcome.error for outcome in done.failed if outcome.error and outcome.state == "blocked"]
    return next(iter([*stopped, *errors]), None)
