"""What every tool keeps to: it says what it is, refuses what does not fit, gives the same twice, passes the gate.

    class TestSpeakingTime(ToolContract):
        tool = SpeakingTime
        arguments = {"video": "small.mp4"}

`arguments` are those of a call that works in `small_library`; override `stock` for another library, and `fixed` where
arguments must name files in it.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from playhead.agent.cache import Cache
from playhead.errors import BlockedError, InputError
from playhead.plain import plain
from playhead.safety.gate import Gate, audit_of
from playhead.safety.policy import categories, load_policy
from playhead.safety.texts import files_of, texts_of
from playhead.testing.small import small_library
from playhead.tools.contract import Context, Effect, Tool
from playhead.tools.doorway import words_in
from playhead.tools.offered import unfit
from playhead.types import Door, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playhead.index.library import Library

_IN, _OUT = (Door.TOOL_INPUT, Door.GENERATE_INPUT), (Door.TOOL_OUTPUT, Door.GENERATE_OUTPUT)


class _Stop(Exception):  # noqa: N818 - what whoever watches raises to end a call
    """Enough."""


class ToolContract:
    """What every `Tool` keeps to."""

    tool: ClassVar[type[Tool[Any, Any]]]
    arguments: ClassVar[dict[str, Any]] = {}

    @staticmethod
    def stock(folder: Path) -> Library:
        """The library that the tool is tried on, made once a class."""
        return small_library(folder)

    def fixed(self, library: Library) -> dict[str, Any]:
        """The arguments, once the library is there."""
        del library
        return self.arguments

    @pytest.fixture(scope="class")
    @classmethod
    def library(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
        """The library, open."""
        with cls.stock(tmp_path_factory.mktemp("library")) as library:
            yield library

    @pytest.fixture
    def context(self, library: Library, tmp_path: Path) -> Context:
        """Where the tool runs, with an empty folder for what it makes."""
        return _in(tmp_path / "made", Context(library))

    def test_it_can_be_offered(self) -> None:
        """A package that offers it is not left out: its name, docstring, types, effects and examples are sound."""
        assert unfit(self.tool) == ""

    def test_it_says_what_it_does(self) -> None:
        """A sentence or more for the planner, as the class docstring."""
        said = self.tool.description()
        assert said.endswith(".")
        assert len(said.split()) > 3
        assert len(set(self.tool.examples)) == len(self.tool.examples)

    def test_its_arguments_are_told_as_json(self) -> None:
        """Each has a description, and nothing else is taken."""
        schema = json.loads(json.dumps(self.tool.schema()))
        assert schema["additionalProperties"] is False
        undescribed = [name for name, about in schema.get("properties", {}).items() if not about.get("description")]
        assert undescribed == []

    def test_it_names_what_does_not_fit(self, context: Context) -> None:
        """Unknown arguments, and all that are missing, in one error."""
        required = self.tool.schema().get("required", [])
        with pytest.raises(InputError) as refusal:
            self.tool().call({"no_such_argument": 1}, context)
        assert [name for name in ("no_such_argument", *required) if name not in str(refusal.value)] == []

    def test_its_result_survives_the_cache(self, library: Library, context: Context, tmp_path: Path) -> None:
        """It is of the type that is promised, and the same once it was JSON."""
        with Cache(tmp_path / "cache").entry("00") as entry:
            result = self._called(library, replace(context, folder=entry.folder))
            entry.write(self.tool.result, result)
            assert entry.read(self.tool.result) == result
        assert isinstance(result, self.tool.result)

    def test_it_gives_the_same_twice(self, library: Library, context: Context, tmp_path: Path) -> None:
        """The same call in another folder gives the same, but for where its files lie."""
        told = []
        for name in ("first", "second"):
            where = _in(tmp_path / name, context)
            told.append(json.dumps(plain(self._called(library, where))).replace(str(where.folder), "FOLDER"))
        assert told[0] == told[1]

    def test_it_writes_where_it_may_and_says_so(self, library: Library, context: Context) -> None:
        """Files lie in `context.folder`, and belong to a tool with `WRITES` among its effects."""
        named = files_of(self._called(library, context))
        made = [path for path in context.folder.rglob("*") if path.is_file()]
        assert bool(made) <= (Effect.WRITES in self.tool.effects)
        assert {path for path in named if context.folder in path.parents} <= set(made)

    def test_it_is_run_by_its_call_alone(self, library: Library, context: Context) -> None:
        """`run` is refused to anybody else."""
        tool = self.tool()
        with pytest.raises(BlockedError, match="without its call"):
            tool.run(tool.checked(self.fixed(library)), context)

    def test_its_words_pass_the_gate_on_the_way_in(self, library: Library, context: Context, tmp_path: Path) -> None:
        """Where nothing is let in, a call with words does not run."""
        tool, arguments = self.tool(), self.fixed(library)
        if tool.judges or not any(words_in(tool.checked(arguments))):
            pytest.skip("no words of this call are judged on the way in")
        with pytest.raises(BlockedError):
            tool.call(arguments, replace(context, gate=_shut(library, _IN, tmp_path)))
        assert not any(context.folder.rglob("*"))

    def test_its_result_passes_the_gate_on_the_way_out(
        self, library: Library, context: Context, tmp_path: Path
    ) -> None:
        """Where nothing is let out, a result with words is not given."""
        if self.tool.judges or not texts_of(self._called(library, context), whole=self.tool().makes):
            pytest.skip("no words of this result are judged on the way out")
        shut = replace(_in(tmp_path / "again", context), gate=_shut(library, _OUT, tmp_path))
        with pytest.raises(BlockedError):
            self._called(library, shut)

    def test_it_ends_where_it_tells_how_far_it_is(self, library: Library, context: Context) -> None:
        """What `context.progress` raises ends the call: it is how a step is cancelled."""
        told: list[Progress] = []

        def stop(progress: Progress) -> None:
            told.append(progress)
            raise _Stop

        try:
            self._called(library, replace(context, progress=stop))
        except _Stop:
            assert len(told) == 1
        else:
            assert told == []

    def test_it_says_how_long_it_takes(self, library: Library) -> None:
        """A number of seconds, for a minute of footage and for a day, and never less for more."""
        tool = self.tool()
        args = tool.checked(self.fixed(library))
        minute_s, day_s = (float(tool.estimate_s(args, length_s)) for length_s in (60.0, 86400.0))
        assert math.isfinite(day_s)
        assert 0 <= minute_s <= day_s

    def _called(self, library: Library, context: Context) -> Any:
        return self.tool().call(self.fixed(library), context)


def _in(folder: Path, context: Context) -> Context:
    folder.mkdir()
    return replace(context, folder=folder)


def _shut(library: Library, doors: tuple[Door, ...], folder: Path) -> Gate:
    """A gate whose policy stops all that is judged at these doors."""
    shut = {category: {"block": 0} for category in categories()}
    lines = ["extends: default", "name: shut", "version: 1", "stages:", *(f"  {door}: {shut}" for door in doors)]
    policy = folder / "shut.yaml"
    policy.write_text("\n".join(lines), encoding="utf-8")
    return Gate(load_policy(str(policy)), lambda: library.models, audit_of(library))
