"""Ways around the gate that a tool, or who calls it, may try by mistake: all are closed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import ConfigDict, Field

from playhead import Agent, Library, Settings
from playhead.agent.plan import read_plan
from playhead.errors import AuditError, BlockedError, InputError
from playhead.safety.gate import audit_of
from playhead.safety.marks import Marks
from playhead.tools.arguments import Words
from playhead.tools.contract import Arguments, Context, Tool
from playhead.types import Door

from ..conftest import FakeModels
from .obeying import Made, Paint, PaintArgs
from .world import BLOCKED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead.models.registry import Models


@pytest.fixture
def context(tmp_path: Path, place: Callable[..., Path]) -> Context:
    """Of a library of one clip."""
    library = Library(tmp_path / "library", settings=Settings(), models=cast("Models", FakeModels()))
    assert not library.add(place("one_frame.mp4")).failed
    return Context(library, tmp_path)


def test_a_tool_is_not_run_without_its_call_and_that_is_recorded(context: Context) -> None:
    with pytest.raises(BlockedError, match="without its call"):
        Paint().run(PaintArgs(prompt="a cat"), context)
    audit = audit_of(context.library)
    assert audit is not None
    assert [entry["passed"] for entry in audit.entries()] == [False]


def test_what_admits_one_tool_admits_no_other(context: Context) -> None:
    inner = Paint()

    class Outer(Tool[PaintArgs, Made]):
        """Hands its own context on."""

        name, Args, result = "outer", PaintArgs, Made

        def run(self, args: PaintArgs, context: Context) -> Made:
            return inner.run(args, context)

    with pytest.raises(BlockedError):
        Outer().call({"prompt": f"a {BLOCKED}"}, context)
    assert inner.ran == []


@pytest.mark.parametrize("name", ["call", "_run"])
def test_a_tool_has_no_call_of_its_own(name: str) -> None:
    with pytest.raises(TypeError, match="call of its own"):
        type("Own", (Paint,), {name: lambda *_: None})


@dataclass
class Inside:
    """Words in a dataclass."""

    text: str


class AliasArgs(Arguments):
    """A name that the schema does not show."""

    prompt: Words = Field("", alias="p")


class LooseArgs(Arguments):
    """Takes what it does not declare."""

    model_config = ConfigDict(extra="allow", frozen=True)


class BytesArgs(Arguments):
    """Bytes."""

    value: bytes


class InsideArgs(Arguments):
    """A dataclass."""

    value: Inside


class AnyArgs(Arguments):
    """Anything."""

    value: Any


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (AliasArgs, {"p": BLOCKED}),
        (LooseArgs, {"more": BLOCKED}),
        (BytesArgs, {"value": BLOCKED}),
        (InsideArgs, {"value": {"text": BLOCKED}}),
        (AnyArgs, {"value": {"a": [{BLOCKED: 1}]}}),
        (PaintArgs, {"prompt": f"\ud800{BLOCKED}"}),
        (PaintArgs, {"prompt": "x " * 2_000_000}),
    ],
)
@pytest.mark.parametrize("marked", [None, frozenset()])
def test_words_are_judged_in_whatever_they_are_wrapped(
    context: Context, kind: type[Arguments], given: dict[str, Any], marked: frozenset[str] | None
) -> None:
    tool = type("Wrapped", (Paint,), {"Args": kind, "run": lambda *_: pytest.fail("it ran")})()
    with pytest.raises((BlockedError, InputError)):
        tool.call(given, context, marked=marked)


class Opaque:
    """Says what it says."""

    def __str__(self) -> str:
        return BLOCKED


@dataclass
class Source:
    """Words where ids and models stand."""

    source: str
    words: str = ""


@pytest.mark.parametrize("result", [BLOCKED.encode(), Opaque(), Source(BLOCKED), Source("", BLOCKED), {BLOCKED: 1}])
def test_what_is_made_is_judged_in_whatever_it_is_wrapped(context: Context, result: object) -> None:
    tool = type("Wrapping", (Paint,), {"run": lambda *_: result})()
    with pytest.raises(BlockedError):
        tool.call({"prompt": "a cat"}, context)


@pytest.mark.parametrize("named", [True, False])
def test_files_that_a_maker_does_not_speak_of_are_judged_too(context: Context, named: bool, tmp_path: Path) -> None:
    def run(_: Any, args: PaintArgs, context: Context) -> Made:
        del args
        (context.folder / "sub").mkdir()
        (context.folder / "sub" / "made.txt").write_text(BLOCKED)
        return Made(context.folder / "sub" if named else context.folder / "nothing")

    tool = type("Silent", (Paint,), {"run": run})()
    plan = read_plan({"steps": {"x": {"tool": "paint", "args": {"prompt": "a cat"}}}})
    done = Agent(context.library, tools={"paint": tool}).run(plan, out=tmp_path / "run")
    assert [outcome.state for outcome in (done.outcomes or {}).values()] == ["blocked"]
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and BLOCKED.encode() in path.read_bytes()]
    assert [path.name for path in kept if path.suffix != ".jsonl"] == []  # the records say why


@pytest.mark.parametrize("kind", ["symlink", "fifo", "folder"])
def test_without_a_record_nothing_is_done(context: Context, kind: str, tmp_path: Path) -> None:
    record = context.library.folder / "audit.jsonl"
    record.unlink(missing_ok=True)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    {"symlink": lambda: record.symlink_to(victim), "fifo": lambda: os.mkfifo(record), "folder": record.mkdir}[kind]()
    tool = Paint()
    with pytest.raises(AuditError):
        tool.call({"prompt": "a cat"}, context)
    assert tool.ran == []
    assert victim.read_text() == "mine"


def test_a_policy_that_changes_in_mid_run_changes_nothing(context: Context, tmp_path: Path) -> None:
    policy = tmp_path / "own.yaml"
    policy.write_text("extends: default\nname: own\nversion: 1\n")
    settings = context.library.settings.model_copy(update={"policy": str(policy)})
    library = Library(context.library.folder, settings=settings, models=cast("Models", FakeModels()))
    gate = Context(library, tmp_path).gate
    gate.text(Door.GENERATE_INPUT, ["a cat"], "it")
    policy.write_text("extends: default\nname: own\nversion: 2\nstages: {generate_input: {violence: {warn: 1}}}\n")
    with pytest.raises(BlockedError):
        gate.text(Door.GENERATE_INPUT, [BLOCKED], "it")


SPELLINGS = "/home/me/diary.mkv| /HOME/me/diary.mkv |file:///home/me/diary.mkv|../diary.mkv|..\\diary.mkv|~/x"


@pytest.mark.parametrize("value", SPELLINGS.split("|"))
def test_a_path_is_known_again_in_another_spelling(value: str) -> None:
    marks = Marks()
    marks.note(["Open /home/me/diary.mkv, and then ~/x"])
    assert marks.on(value)
    assert not marks.on("/home/me/other.mkv")
    assert not marks.on("x")


def test_what_footage_says_again_pushes_nothing_else_out() -> None:
    marks = Marks()
    marks.note(["the ferry leaves at nine", *["a red door opens " * 1000] * 500])
    assert marks.on("the ferry leaves")
    marks.note(f"{number} " * 100_000 for number in range(100_000, 100_008))
    assert not marks.on("the ferry leaves")
