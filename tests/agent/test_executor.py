"""Steps side by side, each with its outcome; what fails takes down only what needs it; limits hold."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from playhead.agent import executor
from playhead.agent.check import Budget
from playhead.agent.executor import CancelledError, Event, State, StepTimeoutError, transient
from playhead.agent.plan import read_plan
from playhead.errors import InputError, ModelError, PlayheadError, StorageError, UnreadableMediaError
from playhead.tools.contract import Context, Tool
from playhead.types import Progress, Span

from .conftest import Do, DoArgs, Ran, Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.agent.plan import Plan

CHAIN = """
steps:
  a: {tool: say, args: {text: one}}
  b: {tool: say, args: {text: $a.text}}
  c: {tool: join, args: {after: [$b.text, $a.text, $$a]}}
"""
PATIENCE_S = 20  # for what must happen at once; nothing waits this long unless it is broken


def joined(args: DoArgs, _: Context) -> Said:
    return Said(" ".join(args.after), args.after)


def failing(error: Exception) -> Callable[[DoArgs, Context], Said]:
    def act(_: DoArgs, __: Context) -> Said:
        raise error

    return act


def side_by_side(count: int, tool: str = "say") -> Plan:
    return read_plan({"steps": {f"s{n}": {"tool": tool, "args": {"text": f"{n}"}} for n in range(count)}})


# Order and values


def test_results_reach_the_steps_that_refer_to_them(execute: Callable[..., Ran]) -> None:
    ran = execute(CHAIN, Do("say"), Do("join", joined))
    assert ran.states == {"a": "done", "b": "done", "c": "done"}
    assert ran.outcomes["c"].result == Said("ONE ONE $a", ("ONE", "ONE", "$a"))
    assert ran.outcomes["a"].result == Said("ONE")


def test_outcomes_and_events_come_in_order(execute: Callable[..., Ran]) -> None:
    ran = execute(CHAIN, Do("say"), Do("join", joined))
    ended = [(kind, step) for step in "abc" for kind in ("started", "done")]
    assert [kind for kind in ran.kinds if kind[0] != "progress"] == ended
    assert [(entry["event"], entry["step"]) for entry in ran.journal] == [
        ("start" if kind == "started" else kind, step) for kind, step in ended
    ]
    times = [event.at_s for event in ran.events]
    assert times == sorted(times)
    assert {entry["sha256"] for entry in ran.journal if entry["event"] == "done"} == {
        outcome.sha256 for outcome in ran.outcomes.values()
    }


def test_steps_that_need_nothing_of_each_other_run_side_by_side(execute: Callable[..., Ran]) -> None:
    both = threading.Barrier(2, timeout=PATIENCE_S)

    def meet(args: DoArgs, _: Context) -> Said:
        both.wait()
        return Said(args.text)

    ran = execute(side_by_side(2, "meet"), Do("meet", meet))
    assert ran.states == {"s0": "done", "s1": "done"}
    assert ran.kinds[:2] == [("started", "s0"), ("started", "s1")]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_more_steps_run_at_a_time_than_there_are_workers(workers: int, execute: Callable[..., Ran]) -> None:
    at_work, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(workers, timeout=PATIENCE_S)

    def work(args: DoArgs, _: Context) -> Said:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        full.wait()
        with lock:
            at_work -= 1
        return Said(args.text)

    ran = execute(side_by_side(3 * workers, "work"), Do("work", work), workers=workers)
    assert set(ran.states.values()) == {"done"}
    assert most == workers


def test_a_step_waits_for_everything_it_refers_to(execute: Callable[..., Ran]) -> None:
    slow = threading.Event()

    def late(args: DoArgs, _: Context) -> Said:
        assert slow.wait(PATIENCE_S)
        return Said(args.text)

    def listen(event: Event) -> None:
        if (event.kind, event.step) == ("done", "b"):
            slow.set()

    plan = (
        "steps: {a: {tool: late, args: {text: x}}, b: {tool: say, args: {text: y}}, "
        "c: {tool: join, args: {after: [$a.text, $b.text]}}}"
    )
    ran = execute(plan, Do("late", late), Do("say"), Do("join", joined), listen=listen)
    assert ran.outcomes["c"].result.text == "x Y"
    assert ran.kinds.index(("done", "b")) < ran.kinds.index(("done", "a")) < ran.kinds.index(("started", "c"))
    assert list(ran.outcomes) == ["a", "b", "c"]


def test_progress_is_told_with_its_step(execute: Callable[..., Ran]) -> None:
    def work(args: DoArgs, context: Context) -> Said:
        for done in range(3):
            context.progress(Progress("working", args.text, done, 3))
        return Said(args.text)

    ran = execute("steps: {a: {tool: work, args: {text: film}}}", Do("work", work))
    told = [event for event in ran.events if event.kind == "progress"]
    assert [event.progress for event in told][:3] == [Progress("working", "film", done, 3) for done in range(3)]
    assert {(event.step, event.tool) for event in told} == {("a", "work")}
    assert ran.kinds[0] == ("started", "a")
    assert ran.kinds[-1] == ("done", "a")


# What goes wrong


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad luck"),
        InputError("No"),
        AssertionError(),
        KeyError("x"),
        RecursionError("deep"),
        StopIteration(),
    ],
    ids=repr,
)
def test_whatever_a_tool_raises_is_the_steps_failure_and_the_rest_goes_on(
    error: Exception, execute: Callable[..., Ran]
) -> None:
    plan = """
    steps:
      a: {tool: fail, args: {text: x}}
      b: {tool: say, args: {text: $a.text}}
      c: {tool: say, args: {text: $b.text}}
      d: {tool: say, args: {text: alone}}
    """
    broken, say = Do("fail", failing(error)), Do("say")
    ran = execute(plan, broken, say)
    assert ran.states == {"a": "failed", "b": "skipped", "c": "skipped", "d": "done"}
    assert ran.outcomes["a"].error is error
    assert (broken.calls, say.calls) == (1, 1)
    assert str(ran.outcomes["b"].error) == "b did not run: a gave nothing to go on"
    assert str(ran.outcomes["c"].error) == "c did not run: b gave nothing to go on"
    assert ran.outcomes["d"].result == Said("ALONE")
    told = {entry["step"]: entry["error"] for entry in ran.journal if "error" in entry}
    assert set(told) == {"a", "b", "c"}
    assert str(error) in told["a"]


def test_a_tool_that_ends_its_thread_has_failed(execute: Callable[..., Ran]) -> None:
    def leaves(*_: Any) -> Said:
        raise SystemExit(2)

    ran = execute("steps: {a: {tool: leave, args: {text: x}}}", Do("leave", leaves), step_timeout_s=5)
    assert ran.states == {"a": "failed"}
    assert str(ran.outcomes["a"].error) == "The tool leave ended itself: SystemExit(2). Tell its author"


def test_a_verdict_is_never_taken_from_the_cache(execute: Callable[..., Ran]) -> None:
    """Tomorrow there may be another policy, or a classifier that is missing today."""

    class Judge(Do):
        judges: ClassVar[bool] = True

    judge, say = Judge("judge"), Do("say")
    plan = "steps: {a: {tool: judge, args: {text: x}}, b: {tool: say, args: {text: x}}}"
    assert execute(plan, judge, say).states == {"a": "done", "b": "done"}
    assert execute(plan, judge, say).states == {"a": "done", "b": "cached"}
    assert judge.calls == 2


def test_a_result_of_another_type_is_a_broken_tool(execute: Callable[..., Ran]) -> None:
    tool = Do("lie", lambda *_: "just a text")
    ran = execute("steps: {a: {tool: lie}}", tool)
    assert ran.states == {"a": "failed"}
    assert type(ran.outcomes["a"].error) is PlayheadError
    assert str(ran.outcomes["a"].error) == "The tool lie is broken: it gave str and promises Said. Tell its author"
    execute("steps: {a: {tool: lie}}", tool)
    assert tool.calls == 2  # nothing of it was kept


def test_a_result_that_cannot_be_written_down_is_a_broken_tool(execute: Callable[..., Ran]) -> None:
    tool = Do("odd", lambda *_: Said(threading.Lock()))  # type: ignore[arg-type]
    ran = execute("steps: {a: {tool: odd}, b: {tool: say}}", tool, Do("say"))
    assert ran.states == {"a": "failed", "b": "done"}


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (ConnectionError("refused"), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (BlockingIOError(), True),
        (ValueError(), False),
        (OSError("disk"), False),
        (FileNotFoundError(), False),
        (InputError("No"), False),
        (UnreadableMediaError("It is damaged"), False),
        (StorageError("Full"), False),
        (ModelError("Broken"), False),
    ],
    ids=repr,
)
def test_only_what_may_pass_by_itself_is_tried_again(error: Exception, passes: bool) -> None:
    assert transient(error) is passes


def test_a_model_error_may_pass_if_what_caused_it_may() -> None:
    for cause, passes in ((ConnectionError(), True), (ValueError(), False)):
        error = ModelError("The language model failed")
        error.__cause__ = cause
        assert transient(error) is passes


def flaky(times: int) -> Callable[[DoArgs, Context], Said]:
    """Leaves a file and loses the connection, some times; then it works."""
    lost = [ConnectionError(f"lost {n}") for n in range(times)]

    def act(args: DoArgs, context: Context) -> Said:
        (context.folder / f"{len(lost)}.txt").write_text("made")
        if lost:
            raise lost.pop(0)
        return Said(args.text)

    return act


def test_what_passes_by_itself_is_tried_three_times(
    execute: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_PAUSE_S", 0.0)
    tool = Do("flaky", flaky(2))
    ran = execute("steps: {a: {tool: flaky, args: {text: x}}}", tool)
    assert ran.states == {"a": "done"}
    assert tool.calls == 3
    told = [event.progress for event in ran.events if event.progress and event.progress.stage == "trying again"]
    assert [progress.message for progress in told] == ["lost 0", "lost 1"]
    assert [path.name for path in ran.outcomes["a"].files] == ["0.txt"]  # nothing that the failed tries made


def test_what_does_not_pass_fails_with_its_last_error(
    execute: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_PAUSE_S", 0.0)
    tool = Do("flaky", flaky(9))
    ran = execute("steps: {a: {tool: flaky}}", tool)
    assert ran.states == {"a": "failed"}
    assert tool.calls == 3
    assert str(ran.outcomes["a"].error) == "lost 2"


# Nothing there


def test_what_was_looked_for_and_is_not_there_is_no_failure(execute: Callable[..., Ran]) -> None:
    plan = """
    steps:
      find: {tool: join, args: {after: []}}
      first: {tool: say, args: {text: "$find.parts[0]"}}
      then: {tool: say, args: {text: $first.text}}
      alone: {tool: say, args: {text: x}}
    """
    say = Do("say")
    ran = execute(plan, Do("join", joined), say)
    assert ran.states == {"find": "done", "first": "nothing", "then": "nothing", "alone": "done"}
    assert str(ran.outcomes["first"].error) == "$find.parts[0] is not there: 0 were found"
    assert say.calls == 1


@pytest.mark.parametrize("order", ["find first bad", "bad find first"])
@pytest.mark.parametrize("workers", [1, 2])
def test_what_needs_a_failure_is_skipped_whatever_ended_first(
    order: str, workers: int, execute: Callable[..., Ran]
) -> None:
    steps = {
        "find": {"tool": "join", "args": {"after": []}},
        "first": {"tool": "say", "args": {"text": "$find.parts[0]"}},
        "bad": {"tool": "fail"},
    }
    both = {"tool": "join", "args": {"after": ["$first.text", "$bad.text"]}}
    plan = read_plan({"steps": {name: steps[name] for name in order.split()} | {"both": both}})
    ran = execute(plan, Do("join", joined), Do("say"), Do("fail", failing(ValueError())), workers=workers)
    assert ran.states == {"find": "done", "first": "nothing", "bad": "failed", "both": "skipped"}


# Limits


@pytest.fixture
def stuck() -> Callable[[DoArgs, Context], Said]:
    """Hangs until the test ends, and then for ever tells how far it is."""
    released = threading.Event()

    def act(args: DoArgs, context: Context) -> Said:
        released.wait(PATIENCE_S)
        context.progress(Progress("still here", args.text))
        return Said(args.text)

    yield act
    released.set()


def test_a_step_that_hangs_is_given_up_and_the_rest_goes_on(
    stuck: Callable[[DoArgs, Context], Said], execute: Callable[..., Ran]
) -> None:
    plan = "steps: {a: {tool: hang}, b: {tool: say, args: {text: $a.text}}, c: {tool: say, args: {text: x}}}"
    before = time.monotonic()
    ran = execute(plan, Do("hang", stuck), Do("say"), step_timeout_s=0.3)
    assert time.monotonic() - before < PATIENCE_S / 2
    assert ran.states == {"a": "failed", "b": "skipped", "c": "done"}
    error = ran.outcomes["a"].error
    assert isinstance(error, StepTimeoutError)
    assert str(error) == "a was given up: it took longer than 0.3 s. Ask for less, or raise the limit"


def test_a_step_that_was_given_up_is_told_so_and_nothing_of_it_is_kept(execute: Callable[..., Ran]) -> None:
    told, go = threading.Event(), threading.Event()

    def slow(args: DoArgs, context: Context) -> Said:
        assert go.wait(PATIENCE_S)
        try:
            context.progress(Progress("late", args.text))
        except CancelledError:
            told.set()
        return Said(args.text)

    tool = Do("slow", slow)
    assert execute("steps: {a: {tool: slow}}", tool, step_timeout_s=0.1).states == {"a": "failed"}
    go.set()
    assert told.wait(PATIENCE_S)
    assert execute("steps: {a: {tool: slow}}", tool).states == {"a": "done"}  # not "cached"
    assert tool.calls == 2


def test_a_long_step_is_not_abandoned(execute: Callable[..., Ran]) -> None:
    """However long it is silent, as long as its limit is not reached."""
    ticks = 5

    def long(args: DoArgs, _: Context) -> Said:
        time.sleep(ticks * executor._BEAT_S)
        return Said(args.text)

    ran = execute(
        "steps: {a: {tool: long, args: {text: x}}, b: {tool: say, args: {text: $a.text}}}",
        Do("long", long),
        Do("say"),
    )
    assert ran.states == {"a": "done", "b": "done"}
    assert ran.outcomes["a"].seconds >= ticks * executor._BEAT_S
    assert ran.outcomes["b"].result == Said("X")


def test_a_run_that_takes_too_long_starts_nothing_more(
    stuck: Callable[[DoArgs, Context], Said], execute: Callable[..., Ran]
) -> None:
    hang, say = Do("hang", stuck), Do("say")
    steps = {"quick": {"tool": "say"}} | {f"s{n}": {"tool": "hang", "args": {"text": f"{n}"}} for n in range(6)}
    ran = execute(read_plan({"steps": steps}), hang, say, budget=Budget(seconds=0.4))
    assert ran.states["quick"] == "done"
    assert {ran.states[f"s{n}"] for n in range(6)} == {"failed"}
    assert hang.calls == 2  # as many as there are workers
    for n in range(6):
        error = ran.outcomes[f"s{n}"].error
        assert isinstance(error, StepTimeoutError)
        assert "the run took longer than" in str(error)


def files(args: DoArgs, context: Context) -> Said:
    for n in range(int(args.text)):
        (context.folder / f"{n}.txt").write_text(f"{n}")
    return Said(args.text)


def test_a_step_that_makes_too_many_files_is_not_kept_and_the_rest_goes_on(execute: Callable[..., Ran]) -> None:
    plan = """
    steps:
      a: {tool: files, args: {text: "3"}}
      b: {tool: files, args: {text: "4"}}
      c: {tool: say, args: {text: x}}
      d: {tool: files, args: {text: "2"}}
    """
    ran = execute(plan, Do("files", files), Do("say"), workers=1, budget=Budget(files=5))
    assert ran.states == {"a": "done", "b": "failed", "c": "done", "d": "done"}
    assert str(ran.outcomes["b"].error) == (
        "b was not kept: with it the run made 7 files and may make 5. Ask for less, or raise the budget"
    )
    assert [len(outcome.files) for outcome in ran.outcomes.values()] == [3, 0, 0, 2]


# Cancelling


def test_a_cancelled_run_keeps_what_was_done(execute: Callable[..., Ran]) -> None:
    cancel, say = threading.Event(), Do("say")

    def listen(event: Event) -> None:
        if (event.kind, event.step) == ("done", "a"):
            cancel.set()

    with pytest.raises(CancelledError, match="Run the same command to go on where it stopped") as refusal:
        execute(CHAIN, say, Do("join", joined), cancel=cancel, listen=listen)
    assert refusal.value.exit_code == 130
    assert say.calls == 1
    ran = execute(CHAIN, say, Do("join", joined))
    assert ran.states == {"a": "cached", "b": "done", "c": "done"}
    assert say.calls == 2
    assert [entry["event"] for entry in ran.journal] == [
        "start", "done", "cancelled", "start", "cached", "start", "done", "start", "done",
    ]  # fmt: skip


def test_a_hanging_step_does_not_hold_up_a_cancelled_run(
    stuck: Callable[[DoArgs, Context], Said], execute: Callable[..., Ran]
) -> None:
    cancel = threading.Event()
    before = time.monotonic()
    with pytest.raises(CancelledError):
        execute("steps: {a: {tool: hang}}", Do("hang", stuck), cancel=cancel, listen=lambda _: cancel.set())
    assert time.monotonic() - before < PATIENCE_S / 2


# The same result every time


class Spans(Tool[DoArgs, Span]):
    """Gives whole numbers where the type says numbers."""

    name: ClassVar[str] = "spans"
    Args: ClassVar[Any] = DoArgs
    result: ClassVar[type] = Span

    def run(self, args: DoArgs, context: Context) -> Span:
        return Span(1, 2)


def test_a_result_is_the_same_to_the_last_bit_when_it_is_found_again(execute: Callable[..., Ran]) -> None:
    first = execute("steps: {a: {tool: spans}}", Spans()).outcomes["a"]
    again = execute("steps: {a: {tool: spans}}", Spans()).outcomes["a"]
    assert (first.state, again.state) == (State.DONE, State.CACHED)
    assert repr(first.result) == repr(again.result) == "Span(start_s=1.0, end_s=2.0)"
    assert first.sha256 == again.sha256
