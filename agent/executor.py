"""Runs a checked plan: independent steps side by side, each call cached and journalled, what succeeded kept.

A step can time out or be cancelled although its thread cannot be stopped: the thread is left behind, is told so at
its next sign of progress, and nothing that it still makes is kept.
"""

from __future__ import annotations

import hashlib
import json
import queue
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from playhead.agent.cache import Cache, key_of
from playhead.agent.check import Budget, marked_arguments
from playhead.agent.references import NothingThereError, references, resolve
from playhead.agent.threads import begin
from playhead.errors import BlockedError, InputError, ModelError, PlayheadError, StorageError
from playhead.plain import plain
from playhead.tools.contract import WAITING
from playhead.tools.provenance import SUFFIX
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from playhead.agent.cache import Entry
    from playhead.agent.journal import Journal
    from playhead.agent.plan import Plan
    from playhead.tools.contract import Context, Tool

_TRIES = 3
_PAUSE_S = 0.5
_BEAT_S = 0.1
_TRANSIENT = (ConnectionError, TimeoutError, InterruptedError, BlockingIOError)
_TRANSIENT_NAMES = frozenset(  # of clients of language models, which are not imported here
    "ConnectError ConnectTimeout ReadTimeout ReadError RemoteProtocolError APIConnectionError APITimeoutError "
    "RateLimitError InternalServerError".split()
)


class State(StrEnum):
    """How a step ended."""

    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOTHING = "nothing"  # what it depends on was looked for and is not there
    BLOCKED = "blocked"  # the gate stopped the call, or its result


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step ended; `sha256` is that of its result as JSON, `files` are those it made, below `folder`."""

    step: str
    tool: str
    state: State
    result: Any = None
    error: Exception | None = None
    seconds: float = 0.0
    sha256: str = ""
    files: tuple[Path, ...] = ()
    folder: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether it has a result."""
        return self.state in (State.DONE, State.CACHED)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `started`, `progress`, or how a step ended. Times are seconds since the run began."""

    kind: str
    step: str = ""
    tool: str = ""
    message: str = ""
    at_s: float = 0.0
    progress: Progress | None = None


class StepTimeoutError(PlayheadError):
    """A step took longer than it may."""


class CancelledError(PlayheadError):
    """The run was cancelled."""

    exit_code = 130


@dataclass
class _Call:
    """One step at work in its own thread."""

    step: str
    started_s: float
    given_up: threading.Event = field(default_factory=threading.Event)


class Executor:
    """Runs plans with one set of tools, one library, one cache."""

    def __init__(
        self,
        tools: Mapping[str, Tool[Any, Any]],
        context: Context,
        cache: Cache,
        *,
        workers: int = 2,
        step_timeout_s: float = 3600.0,
        budget: Budget | None = None,
    ) -> None:
        self._tools, self._context, self._cache = tools, context, cache
        self.workers, self.step_timeout_s, self.budget = workers, step_timeout_s, budget or Budget()

    def run(
        self,
        plan: Plan,
        journal: Journal,
        listen: Callable[[Event], None] = lambda _: None,
        cancel: threading.Event | None = None,
        *,
        fresh: bool = False,
    ) -> dict[str, Outcome]:
        """Every step's outcome, in the order of the plan. `fresh` makes everything anew.

        Raises `CancelledError` when `cancel` is set; what was done by then is kept and found again.
        """
        return _Execution(self, plan, journal, listen, cancel or threading.Event(), fresh).run()

    def told(self, error: Exception) -> str:
        """An error, without the personal data that the policy masks."""
        said = str(error) if isinstance(error, PlayheadError) else f"{type(error).__name__}: {error}"
        return self._context.gate.mask(said)

    # One call, in a thread of its own

    def call(
        self, name: str, plan: Plan, results: Mapping[str, object], tell: Callable[[Progress], None], fresh: bool
    ) -> Outcome:
        """Run one step, or find its result. Never raises: what went wrong is in the outcome."""
        step = plan.steps[name]
        tool = self._tools[step.tool]
        begun = time.monotonic()
        try:
            given = resolve(dict(step.args), results)
            outcome = self._called(name, tool, given, marked_arguments(plan, self._tools)[name], tell, fresh)
            return replace(outcome, seconds=time.monotonic() - begun)
        except NothingThereError as error:
            return Outcome(name, step.tool, State.NOTHING, error=error)
        except BlockedError as error:
            return Outcome(name, step.tool, State.BLOCKED, error=error, seconds=time.monotonic() - begun)
        except BaseException as error:  # noqa: BLE001 - a tool may raise anything; it is told as the step's failure
            if not isinstance(error, Exception):
                error = PlayheadError(f"The tool {tool.name} ended itself", repr(error), "Tell its author")
            return Outcome(name, step.tool, State.FAILED, error=error, seconds=time.monotonic() - begun)

    def _called(
        self,
        name: str,
        tool: Tool[Any, Any],
        given: Any,
        marked: frozenset[str],
        tell: Callable[[Progress], None],
        fresh: bool,
    ) -> Outcome:
        """One call through the gate; what is in the cache is let out by it as well."""
        context = replace(self._context, progress=tell)
        with ExitStack() as held:
            found: list[tuple[State, Entry]] = []

            def kept(args: Any, run: Callable[[Context], Any]) -> tuple[Any, list[Path]]:
                entry = held.enter_context(self._cache.entry(key_of(tool, args, context)))
                state, result = self._kept(tool, entry, run, replace(context, folder=entry.folder), fresh)
                found.append((state, entry))
                return result, [entry.folder / file for file in entry.files()]

            try:
                result = tool.call(given, context, marked=marked, through=kept)
            except BlockedError:
                if tool.makes and found:
                    found[0][1].clear()  # what must not be shown is not kept
                raise
            return self._outcome(name, tool, found[0][0], result, found[0][1])

    def _kept(
        self, tool: Tool[Any, Any], entry: Entry, run: Callable[[Context], Any], context: Context, fresh: bool
    ) -> tuple[State, Any]:
        """The result as it was kept, or as it is kept from now on."""
        anew = fresh or tool.judges  # a verdict holds for the policy and the classifiers of today
        if not anew and (kept := entry.read(tool.result)) is not None:
            return State.CACHED, kept
        result = self._tried(tool, run, context, entry)
        if not isinstance(result, tool.result):
            why = f"it gave {type(result).__name__} and promises {tool.result.__name__}"
            raise PlayheadError(f"The tool {tool.name} is broken", why, "Tell its author")
        context.progress(Progress("keeping", tool.name))
        entry.write(tool.result, result)
        kept = entry.read(tool.result)  # the same that the next run finds, to the last bit
        if kept is None:
            why = f"its {tool.result.__name__} cannot be written down and read back"
            raise PlayheadError(f"The tool {tool.name} is broken", why, "Tell its author")
        return State.DONE, kept

    @staticmethod
    def _outcome(name: str, tool: Tool[Any, Any], state: State, result: Any, entry: Entry) -> Outcome:
        files = tuple(entry.folder / file for file in entry.files())
        return Outcome(name, tool.name, state, result, sha256=digest(result), files=files, folder=entry.folder)

    @staticmethod
    def _tried(tool: Tool[Any, Any], run: Callable[[Context], Any], context: Context, entry: Entry) -> Any:
        """Again, a little later and from the start, where the error may pass by itself."""
        for pause in range(_TRIES):
            entry.clear()
            try:
                return run(context)
            except Exception as error:
                if pause == _TRIES - 1 or not transient(error):
                    raise
                context.progress(Progress("trying again", tool.name, message=str(error)))
                time.sleep(_PAUSE_S * 2**pause)
        raise AssertionError("unreachable")


class _Execution:
    """One run of one plan, seen from the thread that called for it."""

    def __init__(
        self,
        executor: Executor,
        plan: Plan,
        journal: Journal,
        listen: Callable[[Event], None],
        cancel: threading.Event,
        fresh: bool,
    ) -> None:
        self._executor, self._plan, self._journal = executor, plan, journal
        self._listen, self._cancel, self._fresh = listen, cancel, fresh
        self._begun = time.monotonic()
        self._messages: queue.SimpleQueue[tuple[_Call, Outcome | Progress]] = queue.SimpleQueue()
        self._calls: dict[str, _Call] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._files = 0
        self._needs = {
            name: {r.name for r in references(dict(s.args))} & set(plan.steps) for name, s in plan.steps.items()
        }

    def run(self) -> dict[str, Outcome]:
        try:
            while len(self._outcomes) < len(self._plan.steps):
                self._start_ready()
                self._take()
                self._check_time()
        finally:
            for call in self._calls.values():
                call.given_up.set()
        return {name: self._outcomes[name] for name in self._plan.steps}

    def _start_ready(self) -> None:
        for name in self._plan.steps:
            if name in self._outcomes or name in self._calls:
                continue
            done = [self._outcomes.get(need) for need in self._needs[name]]
            if None in done:
                continue
            if broken := [outcome for outcome in done if outcome and not outcome.ok]:
                self._skip(name, broken)
            elif self._late():
                self._give_up(name, 0.0)
            elif len(self._calls) < self._executor.workers:
                self._start(name)

    def _skip(self, name: str, broken: list[Outcome]) -> None:
        nothing = all(outcome.state is State.NOTHING for outcome in broken)
        why = InputError(f"{name} did not run", f"{' and '.join(o.step for o in broken)} gave nothing to go on")
        self._finish(
            Outcome(name, self._plan.steps[name].tool, State.NOTHING if nothing else State.SKIPPED, error=why)
        )

    def _start(self, name: str) -> None:
        call = self._calls[name] = _Call(name, time.monotonic())
        tool = self._plan.steps[name].tool
        self._journal.write("start", step=name, tool=tool)
        self._tell(Event("started", name, tool))
        values = self._plan.inputs | {n: o.result for n, o in self._outcomes.items() if o.ok}

        def progress(event: Progress) -> None:
            if call.given_up.is_set():
                raise CancelledError(f"{name} was given up")
            self._messages.put((call, event))

        def work() -> None:
            outcome = self._executor.call(name, self._plan, values, progress, self._fresh)
            self._messages.put((call, outcome))

        begin(work, name)

    def _take(self) -> None:
        """Wait for news of any step, for a moment."""
        if not self._calls:
            return
        try:
            call, news = self._messages.get(timeout=_BEAT_S)
        except queue.Empty:
            return
        if self._calls.get(call.step) is not call:
            return
        if isinstance(news, Progress):
            if news.stage == WAITING:  # for its turn: the clock is not running yet
                call.started_s = time.monotonic()
            self._tell(Event("progress", call.step, self._plan.steps[call.step].tool, progress=news))
            return
        del self._calls[call.step]
        self._finish(news)

    def _check_time(self) -> None:
        if self._cancel.is_set():
            self._journal.write("cancelled")
            raise CancelledError("The run was cancelled", "", "Run the same command to go on where it stopped")
        now = time.monotonic()
        for call in list(self._calls.values()):
            if self._late() or now - call.started_s > self._executor.step_timeout_s:
                call.given_up.set()
                del self._calls[call.step]
                self._give_up(call.step, now - call.started_s)

    def _late(self) -> bool:
        return time.monotonic() - self._begun > self._executor.budget.seconds

    def _give_up(self, name: str, seconds: float) -> None:
        late, executor = self._late(), self._executor
        limit_s = executor.budget.seconds if late else executor.step_timeout_s
        why = f"{'the run' if late else 'it'} took longer than {limit_s:g} s"
        error = StepTimeoutError(f"{name} was given up", why, "Ask for less, or raise the limit")
        self._finish(Outcome(name, self._plan.steps[name].tool, State.FAILED, error=error, seconds=seconds))

    def _finish(self, outcome: Outcome) -> None:
        files = sum(not file.name.endswith(SUFFIX) for file in outcome.files)
        made, most = self._files + files, self._executor.budget.files
        if outcome.files and made > most:
            why = f"with it the run made {made} files and may make {most}"
            error = InputError(f"{outcome.step} was not kept", why, "Ask for less, or raise the budget")
            outcome, files = replace(outcome, state=State.FAILED, result=None, error=error, files=()), 0
        self._files += files
        self._outcomes[outcome.step] = outcome
        about = {"seconds": round(outcome.seconds, 3), "sha256": outcome.sha256}
        message = self._executor.told(outcome.error) if outcome.error else ""
        if message:
            about = {"error": message} | about
        self._journal.write(outcome.state, step=outcome.step, tool=outcome.tool, **about)
        self._tell(Event(outcome.state, outcome.step, outcome.tool, message))

    def _tell(self, event: Event) -> None:
        self._listen(replace(event, at_s=round(time.monotonic() - self._begun, 3)))


def transient(error: BaseException) -> bool:
    """Whether the same call may succeed a little later: the network, a busy file; never bad input or damage."""
    if isinstance(error, BlockedError | InputError | StorageError):
        return False
    cause = error.__cause__ if isinstance(error, ModelError) else error
    return isinstance(cause, _TRANSIENT) or type(cause).__name__ in _TRANSIENT_NAMES


def digest(result: object) -> str:
    """The sha256 of a result as plain JSON."""
    return hashlib.sha256(
        json.dumps(plain(result), sort_keys=True, ensure_ascii=False, default=str).encode()
    ).hexdigest()
