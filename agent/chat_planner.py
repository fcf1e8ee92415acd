"""The planner that asks a language model, and checks what it says.

The model sees the tools, the names of the videos, worked examples like the request, and the request: nothing out of
footage. It needs neither tool calling nor a JSON mode: the format is in the prompt, and the answer is read tolerantly
(around prose, code fences and trailing commas), then checked like any other plan. What was cut off, or says two
things, is never guessed at: it goes back. A model that keeps to a JSON Schema is given that of a plan.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from playhead import prompts
from playhead.agent.check import check
from playhead.agent.plan import Plan, read_plan
from playhead.agent.plan_schema import plan_schema
from playhead.agent.planner import Planner, Proposal, Stage
from playhead.agent.references import field_types, name_of
from playhead.errors import PlanError
from playhead.media.formats import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from playhead.agent.check import Budget
    from playhead.index.library import Library
    from playhead.models.chat import Chat
    from playhead.tools.contract import Tool

_REPAIRS = 2
_EXAMPLES = 6
_MOST_ANSWER = 100_000
_MOST_QUESTIONS, _MOST_QUESTION = 5, 500
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}]', re.DOTALL)
_LOOSE_COMMA = re.compile(r",(\s*[}\]])")
_ALSO_ARGS = ("arguments", "parameters")


class ChatPlanner:
    """Plans by language model; faults go back to it, twice at most. `examples` gives the worked ones it is shown."""

    def __init__(
        self,
        chat: Chat,
        tools: Mapping[str, Tool[Any, Any]],
        library: Library | None = None,
        examples: Sequence[tuple[str, Plan]] | ExampleSource | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._chat, self._tools, self._library, self._examples = chat, tools, library, examples
        self._budget, self._schema = budget, plan_schema(tools)
        self.id = f"chat:{chat.id}@{prompts.load('plan').sha256[:8]}"

    def propose(self, request: str, stage: Stage) -> Proposal:
        """A checked plan, or what the model asks back. Raises `PlanError` with its last attempt if there is none."""
        if not re.search(r"\w", request):
            return Proposal(None, ("What shall I look for or do?",))
        prompt = self._prompt(request, stage)
        asked, said, problems = prompt, "", ""
        for attempt in range(_REPAIRS + 1):
            said = self._chat.ask(asked, self._schema)[:_MOST_ANSWER]
            try:
                proposal = self._read(said, request, stage)
            except PlanError as error:
                problems = str(error)
            else:
                repairs = "a repair" if attempt == 1 else f"{attempt} repairs"
                notes = (f"The language model needed {repairs}.",) if attempt else ()
                return Proposal(proposal.plan, proposal.questions, notes)
            asked = prompts.load("repair").fill(prompt=prompt, attempt=said[:4000], problems=problems[:4000])
        raise PlanError(
            f"The language model {self._chat.name} made no plan that can run, in {_REPAIRS + 1} attempts",
            f"the last was {_shown(said)} and its faults: {problems}"[:1500],
            "Say it more simply, use a stronger --model, or leave --model out",
        )

    def _prompt(self, request: str, stage: Stage) -> str:
        videos = "\n".join(_one_line(video.name) for video in stage.videos[:50]) or "(none is known)"
        if stage.video:
            videos += f"\nIf none is named, this one is meant: {_one_line(stage.video.name)}"
        recent = [
            f"{_one_line(video.name)} from {span.start_s:g} to {span.end_s:g} s" for video, span in stage.recent[:5]
        ]
        if stage.given is not None:
            videos += f"\nThe input $given is a {kind_of(stage.given)} that came with the request: what “this” means"
        if recent:
            videos += "\nFound last (what “it” and “that” mean):\n" + "\n".join(recent)
        if stage.asked:
            videos += f"\nAsked last: {_one_line(stage.asked)}" + (
                f" (of {_one_line(stage.asked_of.name)})" if stage.asked_of else ""
            )
        return prompts.load("plan").fill(
            tools="\n".join(_told(tool) for tool in self._tools.values()),
            videos=prompts.data(videos),
            examples="\n".join(self._worked(request, stage)) or "(none)",
            request=prompts.data(request),
        )

    def _worked(self, request: str, stage: Stage) -> list[str]:
        if self._examples is None:
            return []
        found = (
            self._examples.like(request, _EXAMPLES, stage)
            if isinstance(self._examples, ExampleSource)
            else self._examples
        )
        return [f"{text}\n{json.dumps(_shorter(plan))}" for text, plan in found]

    def _read(self, said: str, request: str, stage: Stage) -> Proposal:
        found = read_json(said)
        if "questions" in found and not found.get("steps"):
            questions = _questions(found["questions"])
            _demand_own_words(questions, request)
            return Proposal(None, questions)
        plan = read_plan({"request": request[:20_000]} | _normal(found))
        own = {name: value for name, value in plan.inputs.items() if name != "given"}
        _demand_own_words(_said_in([own, *(step.args for step in plan.steps.values())]), request)
        if stage.given is not None:
            plan = plan.model_copy(update={"inputs": own | {"given": str(stage.given)}})
        handed = () if stage.given is None else (stage.given,)
        check(plan, self._tools, self._library if stage.videos else None, self._budget, handed).demand()
        return Proposal(plan)


class ExampleSource:
    """Worked requests most like a new one, planned by another planner, so that they are right by construction."""

    def __init__(self, planner: Planner, nearest: Any, tools: Mapping[str, Tool[Any, Any]]) -> None:
        self._planner, self._nearest, self._tools = planner, nearest, tools

    def like(self, request: str, count: int, stage: Stage) -> list[tuple[str, Plan]]:
        """At most `count` requests with their plans; they are about the video that is meant, or else the first."""
        video = stage.video or next(iter(stage.videos), None)
        found = []
        for example in self._nearest(request, 2 * count):
            text = re.sub(r"\{\w+\}", "a dog", example.text)
            plan = self._planner.propose(text, replace(stage, video=video, recent=(), asked="", asked_of=None)).plan
            if plan is not None and not check(plan, self._tools).problems:
                found.append((text, plan))
        return found[:count]


def read_json(text: str) -> dict[str, Any]:
    """The one plan or question in a text: around prose, in a code fence, with trailing commas. Raises `PlanError`."""
    if not text.strip():
        raise PlanError("The answer is empty", "", "Answer with a plan as JSON")
    plans: list[dict[str, Any]] = []
    last = "it has no { that is closed again" if "{" in text else ""
    for said in _objects(text):
        try:
            value = _decoded(said)
        except (ValueError, RecursionError) as error:
            last = str(error)
            continue
        if {"steps", "questions", "plan", "tool"} & value.keys():
            plans += [plan for plan in [value.get("plan", value)] if plan not in plans]
        last = "what is in braces has no steps"
    if len(plans) > 1:
        raise PlanError(
            f"The answer holds {len(plans)} plans", "they are not the same", "Answer with one JSON object"
        )
    if not plans or not isinstance(plans[0], dict):
        raise PlanError("The answer holds no plan as JSON", last, "Answer with one JSON object")
    return plans[0]


def _objects(text: str) -> Iterator[str]:
    """What stands between outermost braces. Of an object that was cut off, its parts are nothing by themselves."""
    start = text.find("{")
    while start >= 0:
        end = _end(text, start)
        if not end:
            return
        yield text[start:end]
        start = text.find("{", end)


def _end(text: str, start: int) -> int:
    depth = 0
    for mark in _MARK.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if not depth:
            return mark.end()
    return 0


def _decoded(said: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(said, object_pairs_hook=_unique)
    except json.JSONDecodeError:
        value = json.loads(_LOOSE_COMMA.sub(r"\1", said), object_pairs_hook=_unique)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise PlanError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _questions(asked: object) -> tuple[str, ...]:
    listed = asked if isinstance(asked, list) else [asked]
    texts = [one.strip()[:_MOST_QUESTION] for one in listed if isinstance(one, str) and one.strip()]
    if not texts:
        raise PlanError("The answer asks nothing and plans nothing", "", "Answer with a plan as JSON")
    return tuple(texts[:_MOST_QUESTIONS])


def _demand_own_words(texts: Iterable[str], request: str) -> None:
    """Raise `PlanError` where a text repeats the prompt: a file name can ask for it, and answers quote plans."""
    ours = prompts.runs(prompts.load("plan").text) - prompts.runs(request)
    if any(prompts.runs(text) & ours for text in texts):
        raise PlanError("The answer repeats these instructions", "", "Answer with a plan of your own, as JSON")


def _said_in(value: object) -> Iterator[str]:
    """The texts in a value that refer to nothing."""
    if isinstance(value, dict | list):
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from _said_in(item)
    elif isinstance(value, str) and (not value.startswith("$") or value.startswith("$$")):
        yield value


def _normal(found: dict[str, Any]) -> dict[str, Any]:
    """Steps as a mapping, although models like to write a list; one bare call as a plan of one step."""
    steps = [found] if "tool" in found and "steps" not in found else found.get("steps")
    steps = _named(steps) if isinstance(steps, list) else steps
    if isinstance(steps, dict):
        steps = {name: _called(step) if isinstance(step, dict) else step for name, step in steps.items()}
    return {key: found[key] for key in ("inputs", "answer") if found.get(key) is not None} | {"steps": steps}


def _named(steps: list[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for number, step in enumerate(steps, 1):
        own = (step.get("id") or step.get("name")) if isinstance(step, dict) else None
        name = str(own or f"step_{number}")
        if name in named:
            raise PlanError(f"Two steps are called {name!r}", "", "Give each a name of its own")
        named[name] = step
    return named


def _called(step: dict[str, Any]) -> dict[str, Any]:
    return {"args" if key in _ALSO_ARGS else key: value for key, value in step.items() if key not in ("id", "name")}


def _told(tool: Tool[Any, Any]) -> str:
    arguments = [
        f"{name}{'' if about.is_required() else '?'}: {name_of(about.annotation)}"
        for name, about in tool.Args.model_fields.items()
    ]
    gives = ", ".join(field_types(tool.result)) or name_of(tool.result)
    return f"- {tool.name}({', '.join(arguments)}) -> {gives}. {tool.description()}"


def _shorter(plan: Plan) -> dict[str, Any]:
    said = plan.plain()
    return {"inputs": said["inputs"], "steps": said["steps"]}


def _shown(said: str) -> str:
    text = " ".join(said.split())
    return f"“{text[:600]}{'…' if len(text) > 600 else ''}”" if text else "empty"


def _one_line(name: str) -> str:
    """A file name that cannot pretend to be several."""
    return " ".join(name.split())
