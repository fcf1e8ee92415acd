"""Every fault of a plan at once, before anything runs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import TypeAdapter, ValidationError

from playhead.agent.references import (
    field_types,
    fits,
    holds_text,
    name_of,
    reference,
    references,
    resolve,
    type_at,
)
from playhead.errors import InputError, PlanError, PlayheadError
from playhead.tools.doorway import is_data
from playhead.types import Citation, Evidence, Segment, Video

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo

    from playhead.agent.plan import Plan, Step
    from playhead.agent.references import Reference
    from playhead.index.library import Library
    from playhead.tools.contract import Effect, Tool

_WITH_ID = (Citation, Evidence, Segment, Video)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the step and the argument it is in, what is wrong, what was expected, and what to do instead."""

    step: str
    argument: str
    what: str
    expected: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.step}.{self.argument}" if self.argument else self.step
        parts = [f"{place}: {self.what}" if place else self.what]
        parts += [f"expected {self.expected}"] if self.expected else []
        parts += [self.suggestion] if self.suggestion else []
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may cost: steps, seconds as estimated before and as they pass, files made; and what it may do."""

    steps: int = 50
    seconds: float = 6 * 3600
    files: int = 2000
    effects: frozenset[Effect] | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checker found: faults, and the seconds each step will take, as far as can be said beforehand."""

    problems: tuple[Problem, ...]
    estimates_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """All steps together, one after another."""
        return sum(self.estimates_s.values())

    def demand(self) -> None:
        """Raise `PlanError` with every fault, where there is one."""
        if self.problems:
            count = f"{len(self.problems)} faults" if len(self.problems) > 1 else "a fault"
            raise PlanError(f"The plan has {count}", "; ".join(map(str, self.problems)), problems=self.problems)


def check(
    plan: Plan,
    tools: Mapping[str, Tool[Any, Any]],
    library: Library | None = None,
    budget: Budget | None = None,
    given: Collection[Path] = (),
) -> Checked:
    """Check the whole plan; with a `library` also that its videos are there and its times lie inside them.

    `given` are files that the person handed over; tools may open them.
    """
    budget = budget or Budget()
    checker = _Checker(plan, tools, library, given)
    problems = [*checker.plan_problems(budget), *(p for name in plan.steps for p in checker.step_problems(name))]
    problems += [p for name in plan.steps for p in checker.effect_problems(name, budget)]
    estimates: dict[str, float] = {}
    if not problems:
        estimates = {name: checker.estimate_s(name) for name in plan.steps}
        if sum(estimates.values()) > budget.seconds:
            what = f"it would take about {sum(estimates.values()):,.0f} s"
            problems.append(
                Problem("", "", what, f"at most {budget.seconds:,.0f} s", "Ask for less, or raise the budget")
            )
    return Checked(tuple(problems), estimates)


class _Checker:
    def __init__(
        self, plan: Plan, tools: Mapping[str, Tool[Any, Any]], library: Library | None, given: Collection[Path] = ()
    ) -> None:
        self._plan, self._tools, self._library, self._files = plan, tools, library, given
        self._order = {name: number for number, name in enumerate(plan.steps)}
        self._marked = marked_steps(plan, tools)

    # The plan as a whole

    def plan_problems(self, budget: Budget) -> Iterator[Problem]:
        plan = self._plan
        if not plan.steps:
            yield Problem("", "steps", "it has no steps", "at least one")
        if len(plan.steps) > budget.steps:
            yield Problem("", "steps", f"it has {len(plan.steps)} steps", f"at most {budget.steps}")
        if plan.answer and plan.answer not in plan.steps:
            yield Problem("", "answer", f"there is no step {plan.answer!r}", "", _close(plan.answer, plan.steps))
        for name in sorted(set(plan.inputs) & set(plan.steps)):
            yield Problem(name, "", "an input has the same name", "names that differ")
        for name, value in plan.inputs.items():
            if value is None:
                yield Problem("", f"inputs.{name}", "it has no value", "one", f"Give it with --set {name}=…")
        for circle in self._circles():
            yield Problem(circle[0], "", f"{' and '.join(circle)} wait for each other", "no circles")

    def _circles(self) -> list[list[str]]:
        waits = {
            name: {r.name for r in _references(dict(step.args))} & set(self._order)
            for name, step in self._plan.steps.items()
        }
        circles: list[list[str]] = []
        for name in waits:
            reached = _reach(waits, name)
            if name in reached:
                circle = sorted((n for n in reached if name in _reach(waits, n)), key=self._order.__getitem__)
                if circle not in circles:
                    circles.append(circle)
        return circles

    # One step

    def step_problems(self, name: str) -> Iterator[Problem]:
        step = self._plan.steps[name]
        tool = self._tools.get(step.tool)
        if tool is None:
            close = _close(step.tool, self._tools) or f"There are: {', '.join(self._tools)}"
            yield Problem(name, "tool", f"there is no tool {step.tool!r}", "", close)
            return
        known = tool.Args.model_fields
        for argument in step.args:
            if argument not in known:
                close = _close(argument, known) or f"It takes: {', '.join(known)}"
                yield Problem(name, argument, f"{step.tool} takes no such argument", "", close)
        for argument, about in known.items():
            if argument in step.args:
                yield from self._value_problems(name, argument, about, step.args[argument])
            elif about.is_required():
                yield Problem(name, argument, "it is missing", _wanted(about), about.description or "")
        yield from self._whole_problems(name, step, tool)

    def _value_problems(self, step: str, argument: str, about: FieldInfo, value: object) -> Iterator[Problem]:
        try:
            found, nested, given = reference(value), references(value), self._given(value)
        except PlanError as error:
            yield Problem(step, argument, error.what, "", error.fix)
            return
        for one in nested:
            broken = list(self._reference_problems(step, argument, one))
            yield from broken or self._mark_problems(step, argument, about, one)
        if given is not _LATER:
            yield from _literal_problems(step, argument, about, given)
        elif found is not None and not any(True for _ in self._reference_problems(step, argument, found)):
            kind = self._type(found)
            if not fits(kind, about.annotation):
                what = f"{found} is {name_of(kind)}"
                yield Problem(step, argument, what, _wanted(about), self._instead(found, about.annotation))

    def _reference_problems(self, step: str, argument: str, found: Any) -> Iterator[Problem]:
        if found.name in self._plan.inputs:
            if found.path:
                yield Problem(step, argument, f"the input {found.name} has no parts", f"${found.name}")
            return
        if found.name not in self._order:
            names = [*self._plan.inputs, *self._order]
            yield Problem(step, argument, f"there is no step or input {found.name!r}", "", _close(found.name, names))
        elif self._order[found.name] >= self._order[step]:
            what = f"{found} refers to a step that is not above it"
            yield Problem(step, argument, what, "an earlier step", f"Move {found.name} up")
        elif tool := self._tools.get(self._plan.steps[found.name].tool):
            try:
                type_at(found.path, tool.result)
            except PlanError as error:
                yield _refused(step, argument, f"{found}: {error.what}", error)

    def _mark_problems(self, step: str, argument: str, about: FieldInfo, found: Any) -> Iterator[Problem]:
        """What footage says may be looked for and quoted; it is never a name, a path or an option."""
        marked = found.name in self._marked and not is_id(found, self._plan, self._tools)
        if marked and not is_data(about) and holds_text(self._type(found)):
            what = f"{found} came out of footage, and {argument} does not take what footage says"
            yield Problem(step, argument, what, "a value of yours", "Name it yourself, as an input or in the step")

    def _given(self, value: object) -> object:
        """A value with inputs filled in, or `_LATER` where only a run can know it. Raises `PlanError`."""
        if any(found.path or self._plan.inputs.get(found.name) is None for found in references(value)):
            return _LATER
        return resolve(value, self._plan.inputs)

    def _type(self, found: Any) -> Any:
        tool = None if found.name in self._plan.inputs else self._tools.get(self._plan.steps[found.name].tool)
        return type_at(found.path, tool.result) if tool else Any

    def _instead(self, found: Any, wanted: Any) -> str:
        """A path below the same value that would fit, if there is one."""
        kind = self._type(found)
        near = [f"{found}.{name}" for name, below in field_types(kind).items() if fits(below, wanted)]
        return f"Did you mean {near[0]}?" if near else ""

    def _whole_problems(self, name: str, step: Step, tool: Tool[Any, Any]) -> Iterator[Problem]:
        """Faults that only show when all arguments are seen together, and those of videos and times."""
        values = self._values(step)
        if values is None:
            return
        try:
            args = tool.Args.model_validate({k: v for k, v in values.items() if v is not _LATER})
        except ValidationError as error:
            if _LATER not in values.values():
                yield from (
                    Problem(name, "", str(e["msg"]).removeprefix("Value error, "))
                    for e in error.errors()
                    if not e["loc"]
                )
            return
        if self._library is not None:
            yield from self._footage_problems(name, args, values)

    def _footage_problems(self, name: str, args: Any, values: Mapping[str, object]) -> Iterator[Problem]:
        key = getattr(args, "video", "")
        if not key or values.get("video") is _LATER:
            return
        try:
            video = self._video(str(key))
        except PlayheadError as error:
            yield _refused(name, "video", error.what[:1].lower() + error.what[1:], error)
            return
        if video and hasattr(args, "span") and _LATER not in (values.get("start_s"), values.get("end_s")):
            try:
                args.span(video)
            except InputError as error:
                times = ("at_s", "start_s", "end_s")
                argument = next((name for name in times if getattr(args, name, None) not in (None, ())), "video")
                yield _refused(name, argument, error.what, error)

    def _video(self, key: str) -> Video | None:
        assert self._library is not None
        try:
            return self._library.video(key)
        except InputError:
            if self._library.settings.roots or Path(key) in self._files:  # whether tools can open it shows then
                return None
            raise

    def _values(self, step: Step) -> dict[str, object] | None:
        """Arguments with inputs filled in and references to steps as `_LATER`; None where a reference is broken."""
        try:
            return {argument: self._given(value) for argument, value in step.args.items()}
        except PlanError:
            return None

    # What it costs and does

    def effect_problems(self, name: str, budget: Budget) -> Iterator[Problem]:
        tool = self._tools.get(self._plan.steps[name].tool)
        if tool and budget.effects is not None and (more := tool.effects - budget.effects):
            allowed = ", ".join(sorted(budget.effects))
            yield Problem(name, "tool", f"{tool.name} {' and '.join(sorted(more))}", f"only what {allowed}")

    def estimate_s(self, name: str) -> float:
        step = self._plan.steps[name]
        tool, values = self._tools[step.tool], self._values(step) or {}
        known: dict[str, Any] = {k: v for k, v in values.items() if v is not _LATER}
        later: dict[str, Any] = {
            k: () for k, about in tool.Args.model_fields.items() if about.is_required() and k not in known
        }
        args = tool.Args.model_construct(**later, **known)
        try:
            return float(tool.estimate_s(args, self._footage_s(tool, known)))
        except Exception:  # noqa: BLE001 - a tool of somebody else that cannot say it without what is known later
            return 1.0

    def _footage_s(self, tool: Tool[Any, Any], values: Mapping[str, object]) -> float:
        """The length of the footage that a step will go through; none where its index spares that."""
        if self._library is None:
            return 600.0
        try:
            video = self._video(str(values["video"])) if values.get("video") else None
            videos = [video] if video else self._library.videos()
        except PlayheadError:
            return 600.0
        spared = tool.remembers if not values.get("language") else None
        return sum(v.duration_s for v in videos if spared is None or spared not in self._library.indexed(v))


def marked_arguments(plan: Plan, tools: Mapping[str, Tool[Any, Any]]) -> dict[str, frozenset[str]]:
    """For each step the arguments that came out of footage, by whatever way."""
    marked = marked_steps(plan, tools)
    return {
        name: frozenset(
            argument
            for argument, value in step.args.items()
            if any(found.name in marked and not is_id(found, plan, tools) for found in _references(value))
        )
        for name, step in plan.steps.items()
    }


def marked_steps(plan: Plan, tools: Mapping[str, Tool[Any, Any]]) -> frozenset[str]:
    """The steps whose results came out of footage: they read it, or were given what another read."""
    marked: set[str] = set()
    for name, step in plan.steps.items():
        tool = tools.get(step.tool)
        if tool and (tool.reads_footage or any(r.name in marked for r in _references(dict(step.args)))):
            marked.add(name)
    return frozenset(marked)


def is_id(found: Reference, plan: Plan, tools: Mapping[str, Tool[Any, Any]]) -> bool:
    """Whether a reference leads to an id that Playhead gave: no footage chooses it."""
    tool = tools.get(plan.steps[found.name].tool)
    return tool is not None and found.path[-1:] == ("id",) and type_at(found.path[:-1], tool.result) in _WITH_ID


def _references(value: object) -> list[Reference]:
    """What a value refers to; nothing where its references cannot be read."""
    try:
        return references(value)
    except PlanError:
        return []


_LATER: Any = object()
"""Stands for a value that is only known when an earlier step has run."""


def _literal_problems(step: str, argument: str, about: FieldInfo, value: object) -> Iterable[Problem]:
    try:
        kind: Any = Annotated[about.annotation, about]
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        yield Problem(step, argument, f"{_shown(value)} does not fit", _wanted(about), str(first["msg"]))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _wanted(about: FieldInfo) -> str:
    return name_of(about.annotation)


def _close(name: str, known: Iterable[str]) -> str:
    longer = [other for other in known if name and (other.startswith(name) or name.startswith(other))]
    found = longer or difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {found[0]}?" if found else ""


def _reach(waits: Mapping[str, set[str]], start: str) -> set[str]:
    reached, todo = set[str](), [start]
    while todo:
        for other in waits[todo.pop()] - reached:
            reached.add(other)
            todo.append(other)
    return reached


def _refused(step: str, argument: str, what: str, error: PlayheadError) -> Problem:
    """What an error says of an argument, with its reason."""
    return Problem(step, argument, f"{what}: {error.why}" if error.why else what, "", error.fix)
