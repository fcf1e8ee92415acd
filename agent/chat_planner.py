"""The planner that asks a language model, and checks what it says.

The model sees the tools, the names of the videos, worked examples like the request, and the request: nothing out of
footage. It needs neither tool calling nor a JSON mode: the format is in the prompt, and the answer is read tolerantly
(around prose, code fences and trailing commas), then checked like any other plan.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from playhead import prompts
from playhead.agent.check import check
from playhead.agent.plan import Plan, read_plan
from playhead.agent.planner import Planner, Proposal, Stage
from playhead.agent.references import field_types, name_of
from playhead.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playhead.index.library import Library
    from playhead.models.chat import Chat
    from playhead.tools.contract import Tool

_REPAIRS = 2
_EXAMPLES = 6
_MOST_ANSWER = 100_000


class ChatPlanner:
    """Plans by language model; faults go back to it, twice at most. `examples` are the worked ones it is shown."""

    def __init__(
        self,
        chat: Chat,
        tools: Mapping[str, Tool[Any, Any]],
        library: Library | None = None,
        examples: Sequence[tuple[str, Plan]] | ExampleSource | None = None,
    ) -> None:
        self._chat, self._tools, self._library, self._examples = chat, tools, library, examples
        self.id = f"chat:{chat.id}@{prompts.load('plan').sha256[:8]}"

    def propose(self, request: str, stage: Stage) -> Proposal:
        """A checked plan, or what the model asks back. Raises `PlanError` where there is none."""
        if not re.search(r"\w", request):
            return Proposal(None, ("What shall I look for or do?",))
        prompt = self._prompt(request, stage)
        asked, said, problems = prompt, "", ""
        for attempt in range(_REPAIRS + 1):
            said = self._chat.ask(asked)[:_MOST_ANSWER]
            try:
                proposal = self._read(said, request)
            except PlanError as error:
                problems = str(error)
            else:
                notes = (f"The language model needed {attempt} repairs.",) if attempt else ()
                return Proposal(proposal.plan, proposal.questions, notes)
            asked = prompts.load("repair").fill(prompt=prompt, attempt=said[:4000], problems=problems[:4000])
        raise PlanError(
            f"The language model {self._chat.id} made no plan that can run, in {_REPAIRS + 1} attempts",
            f"the last was {_shown(said)} and its faults: {problems}"[:1500],
            "Say it more simply, use a stronger --model, or leave --model out",
        )

    def _prompt(self, request: str, stage: Stage) -> str:
        videos = "\n".join(video.name for video in stage.videos[:50]) or "(none is known)"
        if stage.video:
            videos += f"\nIf none is named, this one is meant: {stage.video.name}"
        recent = [f"{video.name} from {span.start_s:g} to {span.end_s:g} s" for video, span in stage.recent[:5]]
        if recent:
            videos += "\nFound last (what “it” and “that” mean):\n" + "\n".join(recent)
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

    def _read(self, said: str, request: str) -> Proposal:
        found = read_json(said)
        asked = found.get("questions")
        if asked and not found.get("steps"):
            return Proposal(None, tuple(str(one) for one in (asked if isinstance(asked, list) else [asked])))
        plan = read_plan({"request": request[:20_000]} | _normal(found))
        check(plan, self._tools, self._library).demand()
        return Proposal(plan)


class ExampleSource:
    """Worked requests most like a new one, planned by another planner, so that they are right by construction."""

    def __init__(self, planner: Planner, nearest: Any) -> None:
        self._planner, self._nearest = planner, nearest

    def like(self, request: str, count: int, stage: Stage) -> list[tuple[str, Plan]]:
        """At most `count` requests with their plans."""
        found = []
        for example in self._nearest(request, 2 * count):
            text = re.sub(r"\{\w+\}", "a dog", example.text)
            proposal = self._planner.propose(text, stage)
            if proposal.plan is not None:
                found.append((text, proposal.plan))
        return found[:count]


def read_json(text: str) -> dict[str, Any]:
    """The first JSON object in a text: after thoughts, in a code fence, with trailing commas. Raises `PlanError`."""
    text = re.sub(r"<think>.*?(?:</think>|$)", "", text, flags=re.DOTALL)
    if not text.strip():
        raise PlanError("The answer is empty", "", "Answer with a plan as JSON")
    decoder, last = json.JSONDecoder(), ""
    for candidate in (text, re.sub(r",(\s*[}\]])", r"\1", text)):
        for start in (found.start() for found in re.finditer(r"\{", candidate)):
            try:
                value, _ = decoder.raw_decode(candidate, start)
            except (ValueError, RecursionError) as error:
                last = last or str(error)
                continue
            if isinstance(value, dict) and ({"steps", "questions", "plan", "tool"} & value.keys()):
                return value["plan"] if isinstance(value.get("plan"), dict) else value
    raise PlanError("The answer holds no plan as JSON", last, "Answer with one JSON object")


def _normal(found: dict[str, Any]) -> dict[str, Any]:
    """Steps as a mapping, although models like to write a list; one bare call as a plan of one step."""
    if "tool" in found and "steps" not in found:
        found = {"steps": {"step": {"tool": found["tool"], "args": found.get("args", {})}}}
    steps = found.get("steps")
    if isinstance(steps, list):
        named = enumerate(steps, 1)
        found = found | {
            "steps": {
                str(step.get("id") or step.get("name") or f"step_{n}"): {
                    k: v for k, v in step.items() if k in ("tool", "args")
                }
                for n, step in named
                if isinstance(step, dict)
            }
        }
    return {key: value for key, value in found.items() if key in ("inputs", "steps", "answer") and value is not None}


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
