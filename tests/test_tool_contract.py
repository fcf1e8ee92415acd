"""The contract of tools holds for those that are built in, and finds what is wrong with one that is not."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import ConfigDict, Field

from playhead.testing import SMALL_FILM, ToolContract, small_library
from playhead.tools.arguments import Words
from playhead.tools.contract import Arguments, Context, Effect, Tool
from playhead.tools.offered import unfit
from playhead.tools.registry import all_tools
from playhead.types import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playhead import Library

VIDEO = {"video": SMALL_FILM}
CALLS: dict[str, dict[str, Any]] = {
    "answer_question": {"question": "When does the ferry leave?"},
    "check_safety": {"text": "moonshine"},
    "export_subtitles": VIDEO,
    "probe_video": VIDEO,
    "search_moments": {"query": "red"},
    "transcribe": VIDEO,
}


class TestBuiltIn(ToolContract):
    @pytest.fixture(scope="class", params=CALLS, autouse=True)
    @classmethod
    def chosen(cls, request: pytest.FixtureRequest) -> None:
        cls.tool, cls.arguments = type(all_tools()[request.param]), CALLS[request.param]

    def test_it_can_be_offered(self) -> None:
        """One of them judges, which a tool of a package may not."""
        assert self.tool.judges == unfit(self.tool).startswith("it says that it judges")
        assert self.tool.judges or not unfit(self.tool)


# What it finds


class EchoArgs(Arguments):
    """What to say."""

    text: Words = Field(description="Any words.")


class LooseArgs(Arguments):
    """Takes everything, and describes nothing."""

    model_config = ConfigDict(extra="allow", frozen=True)
    text: Words = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Something, of any kind."""

    value: Any


class Echo(Tool[EchoArgs, Told]):
    """Says what it is told to say."""

    name: ClassVar[str] = "echo"
    Args: ClassVar[type[Arguments]] = EchoArgs
    result: ClassVar[type] = Told
    numbers = itertools.count()

    def run(self, args: EchoArgs, context: Context) -> Told:
        context.progress(Progress("echo", args.text))
        return Told(args.text)


class Deaf(Echo):
    """Goes on whatever it is told."""

    def run(self, args: EchoArgs, context: Context) -> Told:
        try:
            context.progress(Progress("echo", args.text))
        except Exception:  # noqa: BLE001 - this is what it does wrong
            return Told("too late")
        return Told(args.text)


def _running(base: type[Echo], **said: Any) -> type[Echo]:
    return type("Wrong", (base,), {"__doc__": "Does a thing that is wrong.", **said})


def _writes(self: Echo, args: EchoArgs, context: Context) -> Told:
    (context.folder / "note.txt").write_text(args.text)
    return Told(context.folder / "note.txt")


WRONG = {
    "test_it_can_be_offered": _running(Echo, effects=("reads",)),
    "test_it_says_what_it_does": _running(Echo, __doc__="Echo"),
    "test_its_arguments_are_told_as_json": _running(Echo, Args=LooseArgs),
    "test_it_names_what_does_not_fit": _running(Echo, checked=lambda *_: EchoArgs(text="")),
    "test_its_result_survives_the_cache": _running(Echo, run=lambda *_: Told(frozenset("a"))),
    "test_it_gives_the_same_twice": _running(Echo, run=lambda self, *_: Told(next(self.numbers))),
    "test_it_writes_where_it_may_and_says_so": _running(Echo, run=_writes),
    "test_it_ends_where_it_tells_how_far_it_is": Deaf,
    "test_it_says_how_long_it_takes": _running(Echo, estimate_s=lambda *_: float("inf")),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with small_library(tmp_path_factory.mktemp("small")) as library:
        yield library


def _tried(kind: type[Echo], test: str, library: Library, folder: Path) -> None:
    contract = type("Tried", (ToolContract,), {"tool": kind, "arguments": {"text": "hello"}})()
    folder.mkdir()
    made = folder / "made"
    made.mkdir()
    given = {"library": library, "context": Context(library, made), "tmp_path": folder}
    act = getattr(contract, test)
    act(**{name: given[name] for name in act.__func__.__code__.co_varnames[1 : act.__func__.__code__.co_argcount]})


TESTS = [name for name in dir(ToolContract) if name.startswith("test_")]


@pytest.mark.parametrize("test", TESTS)
def test_a_sound_tool_passes_and_a_wrong_one_does_not(test: str, library: Library, tmp_path: Path) -> None:
    _tried(Echo, test, library, tmp_path / "sound")
    if test in WRONG:
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            _tried(WRONG[test], test, library, tmp_path / "wrong")


def test_only_what_the_gate_holds_by_itself_cannot_be_got_wrong() -> None:
    """A tool has no way to fail these but to have a call of its own, which it may not."""
    by_itself = {
        "test_it_is_run_by_its_call_alone",
        "test_its_words_pass_the_gate_on_the_way_in",
        "test_its_result_passes_the_gate_on_the_way_out",
    }
    assert set(TESTS) - set(WRONG) == by_itself
    assert Effect.WRITES not in Echo.effects


def test_a_judge_that_is_not_built_in_cannot_be_offered(library: Library, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        _tried(_running(Echo, judges=True), "test_it_can_be_offered", library, tmp_path / "judge")


@pytest.mark.parametrize("test", [name for name in TESTS if "pass" in name and "gate" in name])
def test_what_was_not_tried_is_said_to_be_skipped(test: str, library: Library, tmp_path: Path) -> None:
    judge = _running(Echo, judges=True)
    with pytest.raises(pytest.skip.Exception, match="judged on the way"):
        _tried(judge, test, library, tmp_path / "judge")


@pytest.mark.parametrize("test", ["test_its_words_pass_the_gate_on_the_way_in"])
def test_the_gate_is_really_tried(
    test: str, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the gate lets everything in, the contract fails."""
    monkeypatch.setattr("playhead.tools.doorway.words_in", lambda _: ())
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        _tried(Echo, test, library, tmp_path / "open")
