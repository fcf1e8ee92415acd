"""Runs that must not be taken for one another, and values that must not be taken for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from playhead import Agent, Library
from playhead.agent.journal import Journal
from playhead.agent.plan import parse_plan, read_plan
from playhead.errors import InputError, LibraryError, PlanError
from playhead.interfaces.asking import _values
from playhead.models.chat import Chat
from playhead.testing import ScriptedChat
from playhead.tools.registry import all_tools

if TYPE_CHECKING:
    from pathlib import Path

LOOK = "steps: {a: {tool: say, args: {text: x}}}"


def test_runs_of_one_plan_have_folders_of_their_own(own: Library) -> None:
    agent = Agent(own)
    plan = parse_plan("steps: {a: {tool: probe_video, args: {video: cuts.mp4}}}")
    folders = [agent.run(plan).folder for _ in range(3)]
    assert len(set(folders)) == 3


def test_a_run_that_is_going_on_is_not_joined_by_another(own: Library, tmp_path: Path) -> None:
    plan = parse_plan("steps: {a: {tool: probe_video, args: {video: cuts.mp4}}}")
    Agent(own).run(plan, out=tmp_path / "run")
    journal = Journal(tmp_path / "run" / "journal.jsonl")
    with pytest.raises(InputError, match="is going on already"):
        Agent(own).run(plan, out=tmp_path / "run")
    journal.close()
    assert Agent(own).run(plan, out=tmp_path / "run").exit_code == 0


def test_a_run_that_did_not_end_is_not_replayed(own: Library, tmp_path: Path) -> None:
    plan = parse_plan("steps: {a: {tool: probe_video, args: {video: cuts.mp4}}}")
    Agent(own).run(plan, out=tmp_path / "run")
    journal = tmp_path / "run" / "journal.jsonl"
    journal.write_text("".join(line for line in journal.read_text().splitlines(True) if '"answered"' not in line))
    with pytest.raises(PlanError, match="holds no finished run"):
        Agent(own).replay(tmp_path / "run")


def test_a_repainted_picture_is_another_picture(own: Library, tmp_path: Path) -> None:
    picture = own.folder / "picture.png"
    frame = {"video": "cuts.mp4", "time_s": 0.0, "path": str(picture)}
    plan = read_plan({"steps": {"a": {"tool": "detect_objects", "args": {"frames": [frame]}}}})
    said = []
    for number, colour in enumerate(("red", "blue")):
        Image.new("RGB", (64, 36), colour).save(picture)
        said.append(str(Agent(own).run(plan, out=tmp_path / f"run{number}")))
    assert "red thing" in said[0]
    assert "blue thing" in said[1]


def test_two_models_of_one_kind_are_two(own: Library) -> None:
    one, other = (Chat(ScriptedChat(text)) for text in ("one", "other"))
    assert one.name == other.name
    assert one.id != other.id


def test_without_a_library_nothing_runs(own: Library, tmp_path: Path) -> None:
    with (
        Library(tmp_path / "none", models=own.models) as empty,
        pytest.raises(LibraryError, match="There is no library"),
    ):
        Agent(empty, tools=all_tools()).run(parse_plan("steps: {a: {tool: search_moments, args: {query: x}}}"))


def test_times_are_those_of_the_only_video_or_of_one_that_is_named(
    shelf: Library, own: Library, tmp_path: Path
) -> None:
    late = parse_plan("steps: {a: {tool: answer_question, args: {question: is there a cat, start_s: -1}}}")
    assert not Agent(own).run(late, out=tmp_path / "one").failed
    [failed] = Agent(shelf).run(late, out=tmp_path / "several").failed
    assert "Times are those of one video" in str(failed.error)


def test_what_is_set_keeps_the_type_of_the_plans_own_value() -> None:
    plan = parse_plan(f"inputs: {{text: no, name: x, count: 3, free: null}}\n{LOOK}")
    plan = plan.given({"text": "words"})
    given = ["text=no", "name=0123", "count=7", "free=1:30"]
    assert _values(given, plan) == {"text": "no", "name": "0123", "count": 7, "free": "1:30"}
    assert _values(["free=12", "count=1.5"], plan) == {"free": 12, "count": 1.5}
    with pytest.raises(InputError, match="NAME=VALUE"):
        _values(["text"], plan)
