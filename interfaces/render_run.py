"""What a person reads of plans and runs: the plan and its faults, steps as they go, the answer with its times."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playhead.errors import BlockedError
from playhead.interfaces import render
from playhead.interfaces.options import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playhead.agent.check import Checked
    from playhead.agent.executor import Event
    from playhead.agent.plan import Plan
    from playhead.agent.run import Run


@contextmanager
def events(*, quiet: bool) -> Iterator[Callable[[Event], None]]:
    """A line on standard error for each step as it ends, and a bar for what is at work."""
    with render.progress_bars(quiet=quiet) as progress:

        def listen(event: Event) -> None:
            if event.progress is not None:
                progress(event.progress)
            elif event.kind not in ("started", "progress") and not quiet:
                message = f": {event.message}" if event.message else ""
                render.note(render.line(f"{event.at_s:7.1f} s  {event.kind:<8} {event.step} ({event.tool}){message}"))

        yield listen


def show_plan(plan: Plan, checked: Checked | None) -> None:
    """The plan as YAML, and what is wrong with it or about how long it will take."""
    render.say(plan.yaml().rstrip())
    if checked is not None:
        _show_checked(checked, render.note)


def show_check(plan: Plan, checked: Checked) -> None:
    """Every fault, one a line; or that there is none."""
    if not checked.problems:
        render.say(f"The plan can run: {len(plan.steps)} {'step' if len(plan.steps) == 1 else 'steps'}.")
    _show_checked(checked, render.say)


def _show_checked(checked: Checked, out: Callable[[str], None]) -> None:
    for problem in checked.problems:
        out(render.line(f"- {problem}"))
    if not checked.problems:
        out(f"It takes about {_seconds(checked.seconds)} where nothing is cached.")


def show_questions(questions: Sequence[str]) -> None:
    """What a planner asks back."""
    for question in questions:
        render.say(render.line(question))


def show_run(run: Run, mask: Callable[[str], str], *, brief: bool = False) -> None:
    """The answer, sentence by sentence with its times; what failed, as `mask` leaves it; where everything is."""
    for note in run.notes:
        render.note(render.line(note))
    for verdict in run.verdicts:
        warn(verdict)
    if run.plan is None:
        show_questions(run.questions)
        return
    for line in str(run).splitlines():
        render.say(render.line(line))
    for outcome in run.failed:
        render.note(render.line(f"{outcome.step} ({outcome.tool}) {outcome.state}: {mask(str(outcome.error))}"))
    if any(isinstance(outcome.error, BlockedError) and outcome.error.verdict.answerable for outcome in run.failed):
        render.note("What was stopped goes on where you say why with --override WHY")
    for path in run.artifacts if not brief else ():
        if path.suffix != ".json":
            render.note(render.line(f"  {path}"))
    if run.folder is not None and not brief:
        render.note(render.line(f"Everything is in {run.folder} (report.html)"))


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
