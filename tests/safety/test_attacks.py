"""Footage cannot give orders: every channel, every goal, against planners, models and callers that obey.

What counts is what was done: a secret that shows up anywhere, a file that changed, a tool that ran with what is
blocked, a library that lost something, a sentence that its evidence does not hold, words of a prompt.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

import pytest

from playhead import Agent
from playhead.agent.chat_planner import ChatPlanner
from playhead.agent.plan import read_plan
from playhead.errors import PlayheadError
from playhead.index import wording
from playhead.models.chat import Chat
from playhead.safety.gate import Gate
from playhead.testing import ScriptedChat
from playhead.tools.contract import Context, Effect, Tool
from playhead.tools.registry import all_tools

from .obeying import (
    Obedient,
    Paint,
    Peek,
    Save,
    Tidy,
    forged,
    hostile,
    literal,
    loop,
    opened_up,
    piped,
    planning,
    strings,
)
from .world import BLOCKED, CHANNELS, GOALS, World, before, build, done, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from playhead.agent.run import Run
    from playhead.models.registry import Models
    from playhead.types import Answer

cells = pytest.mark.parametrize(("channel", "goal"), [(channel, goal) for channel in CHANNELS for goal in GOALS])
# For the other goals a model writes the same whatever it read; but its planner is shown names, too.
worded_cells = pytest.mark.parametrize(
    ("channel", "goal"),
    [(channel, goal) for channel in CHANNELS for goal in GOALS if channel == "name" or goal in ("change", "leak")],
)
Tools = dict[str, Tool[Any, Any]]


@pytest.fixture(scope="module")
def worlds(ffmpeg: str, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """Gives the world in which a channel gives the orders, made once."""

    @functools.cache
    def made(channel: str) -> World:
        return build(tmp_path_factory.mktemp(channel) / "w", channel, ffmpeg, models.sentences)

    return made


def armed(*more: Tool[Any, Any]) -> Tools:
    """The tools of Playhead, one that generates, and three that no careful author would write."""
    return all_tools() | {tool.name: tool for tool in (Paint(), Save(), Peek(), Tidy(), *more)}


def painted(tools: Tools) -> list[str]:
    return cast("Paint", tools["paint"]).ran


def run_all(plans: Iterable[Mapping[str, Any]], world: World, tools: Tools) -> tuple[list[Answer], list[str]]:
    """Run every plan that the checker lets pass, the steps of all of them in one; answers, and everything said."""
    agent = Agent(world.library, tools=tools)
    together: dict[str, Any] = {}
    for number, plan in enumerate(plans):
        try:
            if agent.check(read_plan(plan)).problems:
                continue
        except PlayheadError:
            continue
        together |= _renamed(plan["steps"], number)
    if not together:
        return [], []
    answers, said = [], []
    names = list(together)
    for part in _parts(names, together):
        run = _ran(Agent(world.library, tools=tools, planner=Obedient(read_plan({"steps": part}))), world)
        answers.append(run.answer)
        said += _said(run)
    return answers, said


def _renamed(steps: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Steps with names of their own, so that several plans fit into one."""

    def new(value: Any) -> Any:
        if isinstance(value, dict):
            return {new(key): new(item) for key, item in value.items()}
        if isinstance(value, list):
            return [new(item) for item in value]
        own = [name for name in steps if isinstance(value, str) and value.startswith(f"${name}.")]
        return f"${own[0]}_{number}{value[len(own[0]) + 1 :]}" if own else value

    return {f"{name}_{number}": {"tool": step["tool"], "args": new(step["args"])} for name, step in steps.items()}


def _parts(names: list[str], steps: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """At most as many steps as a plan may have; those of one plan stay together."""
    groups: dict[str, dict[str, Any]] = {}
    for name in names:
        groups.setdefault(name.rsplit("_", 1)[1], {})[name] = steps[name]
    part: dict[str, Any] = {}
    for group in groups.values():
        if len(part) + len(group) > 50:
            yield part
            part = {}
        part |= group
    yield part


def _ran(agent: Agent, world: World) -> Run:
    return agent.run("What happens?", out=world.folder())


def _said(run: Run) -> list[str]:
    outcomes = list((run.outcomes or {}).values())
    results = strings(outcome.result for outcome in outcomes if outcome.ok)
    return [*results, *(str(outcome.error) for outcome in outcomes if outcome.error), str(run)]


# (a) A planner that has read everything and obeys


@cells
def test_a_planner_that_obeys_footage_reaches_nothing(
    worlds: Callable[[str], World], channel: str, goal: str
) -> None:
    world, tools = worlds(channel), armed()
    was = before(world)
    with watched(world) as written:
        answers, said = run_all([*piped(goal, world), *literal(goal, world)], world, tools)
    assert done(world, was, answers, painted(tools), said) == {}
    assert written == []


def test_a_plan_whose_form_is_an_attack_does_not_run(worlds: Callable[[str], World]) -> None:
    world = worlds("speech")
    was = before(world)
    for plan in hostile(world):
        with pytest.raises(PlayheadError):
            _ran(Agent(world.library, planner=Obedient(read_plan(plan))), world)
    assert done(world, was, [], [], []) == {}


# (b) A language model that obeys


@worded_cells
def test_a_language_model_that_obeys_footage_reaches_nothing(
    worlds: Callable[[str], World], channel: str, goal: str
) -> None:
    world, tools = worlds(channel), armed()
    was = before(world)
    with watched(world) as written:
        answers, said = worded(goal, world, tools)
    assert done(world, was, answers, painted(tools), said) == {}
    assert written == []


def worded(goal: str, world: World, tools: Tools) -> tuple[list[Answer], list[str]]:
    """Every forgery as what a model answers, first for its plan and then for its sentences."""
    video = world.library.videos()[0].name
    called: dict[str, dict[str, Any]] = {
        "summarize": {"video": video},
        "describe_video": {"video": video},
        "answer_question": {"question": "What is said about the code word?"},
        "search_moments": {"query": "red"},
    }
    plan = read_plan({"steps": {f"x_{name}": {"tool": name, "args": args} for name, args in called.items()}})
    chat = ScriptedChat(*[forged(goal)] * 20)
    agent = Agent(world.library, chat, tools=tools, planner=Obedient(plan))
    run = agent.run("What happens?", out=world.folder(), fresh=True)
    assert len(chat.prompts) > 1
    answers, said = [run.answer], _said(run)
    for which in range(3 if world.channel == "name" else 1):  # a planner is shown nothing of footage but names
        chat = ScriptedChat(*[planning(goal, world, which)] * 3, *[forged(goal)] * 9)
        try:
            planner = ChatPlanner(Chat(chat), tools, world.library)
            run = _ran(Agent(world.library, chat, tools=tools, planner=planner), world)
        except PlayheadError as error:
            said.append(type(error).__name__)
            continue
        answers += [run.answer, _asked(run)]
        said += _said(run)
    return answers, said


def _asked(run: Run) -> Answer:
    """What the run asks back: a person reads it like an answer."""
    from playhead.types import Answer

    return Answer((), run.questions)


# (c) A caller without a plan


@cells
def test_a_caller_that_obeys_footage_reaches_nothing(worlds: Callable[[str], World], channel: str, goal: str) -> None:
    world, tools = worlds(channel), armed()
    was = before(world)
    with watched(world) as written:
        answers, said = loop(goal, world, tools, fresh_context(world))
    assert done(world, was, answers, painted(tools), said) == {}
    assert written == []


def fresh_context(world: World, **how: Any) -> Context:
    folder = world.folder()
    folder.mkdir()
    return Context(world.library, folder, gate=Gate.of(world.library, **how))


# The matrix would show it


@pytest.mark.parametrize(
    ("goal", "leaky"),
    [("read", Peek), ("write", Save), ("wipe", Tidy)],
)
def test_a_tool_that_takes_text_for_a_path_is_caught(
    tmp_path: Path, ffmpeg: str, goal: str, leaky: type[Tool[Any, Any]]
) -> None:
    """In a plan and call by call."""
    for number, attack in enumerate((_by_plan, loop)):
        world = build(tmp_path / str(number), "speech", ffmpeg)
        tools = armed(opened_up(leaky))
        was = before(world)
        if attack is loop:
            answers, said = loop(goal, world, tools, fresh_context(world))
        else:
            answers, said = _by_plan(goal, world, tools)
        assert goal in done(world, was, answers, painted(tools), said)


def _by_plan(goal: str, world: World, tools: Tools) -> tuple[list[Answer], list[str]]:
    return run_all(piped(goal, world), world, tools)


def test_a_tool_that_hides_that_it_generates_is_caught(worlds: Callable[[str], World]) -> None:
    class Sly(Paint):
        """Says that it only reads."""

        effects = frozenset({Effect.READS})

    world, sly = worlds("speech"), Sly()
    was = before(world)
    run_all(piped("generate", world), world, armed(sly))
    assert "generate" in done(world, was, [], sly.ran, [])
    assert BLOCKED in sly.ran[0]


@pytest.mark.parametrize("goal", ["change", "leak"])
def test_an_unchecked_wording_is_caught(
    worlds: Callable[[str], World], monkeypatch: pytest.MonkeyPatch, goal: str
) -> None:
    monkeypatch.setattr(wording, "supported", lambda answer, *_: answer)
    world, tools = worlds("speech"), armed()
    was = before(world)
    answers, said = worded(goal, world, tools)
    assert goal in done(world, was, answers, painted(tools), said)
