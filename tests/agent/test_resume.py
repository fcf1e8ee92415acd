"""Nothing is done twice; killed at any moment a run goes on, and ends byte for byte like one that was not."""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead.agent.agent import Agent
from playhead.agent.executor import CancelledError
from playhead.agent.journal import Journal, read_journal
from playhead.agent.plan import Plan, parse_plan, read_plan
from playhead.agent.run import JOURNAL
from playhead.errors import InputError, PlanError, StorageError

from .conftest import HELLO, Do, DoArgs, Said, stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead import Library
    from playhead.agent.run import Run
    from playhead.tools.contract import Context

    from ..conftest import FakeModels

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
KILLS, EVERY = int(os.environ.get("ENDURE_KILLS", "20")), 4  # in all, and in a row before a run may finish

PLAN_TEXT = """\
request: What is said, and what is green?
steps:
  find: {tool: search_moments, args: {query: green, channels: [picture], limit: 2}}
  take: {tool: extract_frames, args: {moments: $find.moments}}
  look: {tool: detect_objects, args: {frames: $take.frames}}
  all: {tool: extract_frames, args: {video: cuts.mp4, every_s: 0.5}}
  shots: {tool: detect_shots, args: {video: cuts.mp4}}
  sum_up: {tool: summarize, args: {video: cuts.mp4, start_s: "$find.moments[0].span.start_s"}}
"""
WRITING = "".join(f"  note{n}: {{tool: write, args: {{text: one two three {n}}}}}\n" for n in range(4))


def kept(folder: Path) -> dict[str, bytes]:
    """Everything in a run's folder but its journal."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != JOURNAL)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def lines_of(folder: Path) -> int:
    return (folder / JOURNAL).read_bytes().count(b"\n") if (folder / JOURNAL).exists() else 0


def states(run: Run) -> set[str]:
    assert run.outcomes
    return {str(outcome.state) for outcome in run.outcomes.values()}


def one(tool: str, **args: object) -> Plan:
    return read_plan({"steps": {"a": {"tool": tool, "args": args}}})


# The cache


def test_the_same_plan_again_runs_no_tool_and_no_model(own: Library, fakes: FakeModels, tmp_path: Path) -> None:
    plan = parse_plan(PLAN_TEXT)
    first = Agent(own).run(plan, out=tmp_path / "first")
    assert states(first) == {"done"}
    asked = dict(fakes.calls)
    again = Agent(own).run(plan, out=tmp_path / "again")
    assert states(again) == {"cached"}
    assert dict(fakes.calls) == asked
    assert kept(tmp_path / "again") == kept(tmp_path / "first")
    assert again.answer == first.answer
    anew = Agent(own).run(plan, out=tmp_path / "anew", fresh=True)
    assert states(anew) == {"done"}
    assert fakes.calls["objects"] > asked["objects"]
    assert kept(tmp_path / "anew") == kept(tmp_path / "first")


def other_footage(library: Library, _: FakeModels, clips: Callable[[str], Path]) -> None:
    cuts = library.folder.parent / "footage" / "cuts.mp4"
    shutil.copy(clips("plain.mp4"), cuts)
    assert not library.add(cuts).failed


def more_footage(library: Library, _: FakeModels, clips: Callable[[str], Path]) -> None:
    assert not library.add(clips("plain.mp4")).failed


def other_subtitles(library: Library, *_: object) -> None:
    (library.folder.parent / "footage" / "cuts.srt").write_text(HELLO.replace("nine", "ten"))
    assert not library.add(library.folder.parent / "footage").failed


SEARCH = one("search_moments", query="green", video="cuts.mp4")
EVERYWHERE = one("search_moments", query="green")
SUM_UP = one("summarize", video="cuts.mp4")
SHOTS = one("detect_shots", video="cuts.mp4")
FRAMES = one("extract_frames", video="cuts.mp4", at_s=[1])
WINDOWS = one("extract_frames", moments=[{"video": "cuts.mp4", "start_s": 0, "end_s": 1}])
CHANGES: dict[str, tuple[Plan, Callable[..., object], bool]] = {
    "nothing": (SEARCH, lambda *_: None, False),
    "a model that is used": (SEARCH, lambda _, fakes, __: fakes.version.update(picture=2), True),
    "a model that is not used": (SEARCH, lambda _, fakes, __: fakes.version.update(speech=2), False),
    "footage, searched": (SEARCH, other_footage, True),
    "footage, cut into shots": (SHOTS, other_footage, True),
    "footage, of which frames are taken": (FRAMES, other_footage, True),
    "footage, of whose moments frames are taken": (WINDOWS, other_footage, True),
    "another video, all searched": (EVERYWHERE, more_footage, True),
    "another video, one searched": (SEARCH, more_footage, False),
    "another video, frames of one": (FRAMES, more_footage, False),
    "what is said, summed up": (SUM_UP, other_subtitles, True),
    "what is said, frames": (FRAMES, other_subtitles, False),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_decides_a_result_decides_whether_it_is_made_anew(
    what: str, fakes: FakeModels, clips: Callable[[str], Path], tmp_path: Path
) -> None:
    plan, change, anew = CHANGES[what]
    with stock(tmp_path, clips, fakes, "cuts.mp4") as library:
        assert states(Agent(library).run(plan, out=tmp_path / "first")) == {"done"}
        change(library, fakes, clips)
        assert states(Agent(library).run(plan, out=tmp_path / "again")) == {"done" if anew else "cached"}
        assert states(Agent(library).run(plan, out=tmp_path / "last")) == {"cached"}


def test_other_arguments_and_another_version_of_a_tool_are_another_result(own: Library, tmp_path: Path) -> None:
    tool, runs = Do("say"), iter(range(9))

    def ran(text: str) -> int:
        agent = Agent(own, tools={"say": tool})
        assert not agent.run(one("say", text=text), out=tmp_path / f"{next(runs)}").failed
        return tool.calls

    assert [ran("x"), ran("x"), ran("y"), ran("x")] == [1, 1, 2, 2]
    tool.version = 2  # type: ignore[misc]
    assert [ran("x"), ran("x")] == [3, 3]


def test_a_video_is_the_same_by_any_of_its_names(own: Library, tmp_path: Path) -> None:
    [video] = own.videos()
    found = [
        states(Agent(own).run(one("detect_shots", video=name), out=tmp_path / f"{number}"))
        for number, name in enumerate([video.name, video.id, video.id[:12], str(video.path)])
    ]
    assert found == [{"done"}, {"cached"}, {"cached"}, {"cached"}]


def entry_of(library: Library) -> Path:
    [result] = library.folder.glob("cache/*/*/result.json")
    return result.parent


DAMAGE: dict[str, Callable[[Path], object]] = {
    "the result is gone": lambda entry: (entry / "result.json").unlink(),
    "the result is empty": lambda entry: (entry / "result.json").write_bytes(b""),
    "the result is cut": lambda entry: os.truncate(entry / "result.json", 40),
    "the result is noise": lambda entry: (entry / "result.json").write_bytes(bytes(range(256))),
    "the result is a list": lambda entry: (entry / "result.json").write_text("[]"),
    "the result is of another type": lambda entry: (entry / "result.json").write_text('{"files": {}, "result": 7}'),
    "the files are not named": lambda entry: (entry / "result.json").write_text('{"files": [1], "result": {}}'),
    "a file is gone": lambda entry: next(entry.glob("*.jpg")).unlink(),
    "a file is cut": lambda entry: os.truncate(next(entry.glob("*.jpg")), 100),
    "a file is a folder": lambda entry: (next(entry.glob("*.jpg")).unlink(), (entry / "x").mkdir()),
    "all is gone": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_made_anew(damage: str, own: Library, tmp_path: Path) -> None:
    Agent(own).run(FRAMES, out=tmp_path / "first")
    DAMAGE[damage](entry_of(own))
    assert states(Agent(own).run(FRAMES, out=tmp_path / "again")) == {"done"}
    assert kept(tmp_path / "again") == kept(tmp_path / "first")
    assert states(Agent(own).run(FRAMES, out=tmp_path / "last")) == {"cached"}


def test_what_an_unfinished_call_left_is_not_taken_for_its_work(own: Library, tmp_path: Path) -> None:
    Agent(own).run(FRAMES, out=tmp_path / "first")
    entry = entry_of(own)
    (entry / "result.json").unlink()
    (entry / "half.jpg").write_bytes(b"half")
    Agent(own).run(FRAMES, out=tmp_path / "again")
    assert not (entry / "half.jpg").exists()
    assert kept(tmp_path / "again") == kept(tmp_path / "first")


def test_a_cache_that_cannot_be_written_fails_the_step_not_the_run(own: Library, tmp_path: Path) -> None:
    (own.folder / "cache").write_text("no folder")
    run = Agent(own).run(SHOTS, out=tmp_path / "run")
    assert states(run) == {"failed"}
    assert run.outcomes
    assert isinstance(run.outcomes["a"].error, StorageError)
    assert run.exit_code == 1


def files_of_one_name(_: DoArgs, context: Context) -> Said:
    for folder in "ab":
        (context.folder / folder).mkdir()
        (context.folder / folder / "x.txt").write_text(folder)
    return Said(str(context.folder / "b" / "x.txt"))


def test_every_file_of_a_step_is_an_artifact_under_its_own_name(own: Library, tmp_path: Path) -> None:
    run = Agent(own, tools={"make": Do("make", files_of_one_name)}).run(one("make"), out=tmp_path / "run")
    names = [str(path.relative_to(tmp_path / "run" / "artifacts")) for path in run.artifacts]
    assert names == ["a/a/x.txt", "a/b/x.txt", "a.json"]
    assert [path.read_text() for path in run.artifacts[:2]] == ["a", "b"]
    assert json.loads(run.artifacts[2].read_text())["text"] == "a/b/x.txt"


# Runs and their folders


def test_a_run_is_kept_in_a_folder_that_moves(own: Library, tmp_path: Path) -> None:
    run = Agent(own).run(parse_plan(PLAN_TEXT), out=tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "plan.yaml", "journal.jsonl", "answer.md", "report.html", "artifacts",
    }  # fmt: skip
    shown = json.loads((tmp_path / "run" / "artifacts" / "take.json").read_text())
    assert shown["frames"]
    assert all((tmp_path / "run" / "artifacts" / frame["path"]).is_file() for frame in shown["frames"])
    report = (tmp_path / "run" / "report.html").read_text()
    assert "What is said, and what is green?" in report
    assert str(tmp_path) not in report
    assert run.exit_code == 0
    events = [entry["event"] for entry in read_journal(tmp_path / "run" / JOURNAL)]
    assert (events[0], events[-1]) == ("run", "answered")
    assert sorted(events[1:-1]) == ["done"] * 6 + ["start"] * 6


def test_a_folder_is_of_one_plan_alone(own: Library, tmp_path: Path) -> None:
    agent = Agent(own)
    agent.run(SHOTS, out=tmp_path / "run")
    before = kept(tmp_path / "run")
    with pytest.raises(InputError, match="holds the run of another plan"):
        agent.run(FRAMES, out=tmp_path / "run")
    assert kept(tmp_path / "run") == before
    with pytest.raises(InputError, match="is not empty"):
        agent.run(SHOTS, out=own.folder)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be kept in .*: it is no folder"):
        agent.run(SHOTS, out=tmp_path / "file")


def test_a_run_that_was_killed_while_its_plan_was_written_goes_on(own: Library, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.yaml.abc123.part").write_text("steps:")
    assert states(Agent(own).run(SHOTS, out=tmp_path / "run")) == {"done"}


def test_what_a_kill_left_of_the_report_is_gone_when_the_run_has_ended(own: Library, tmp_path: Path) -> None:
    plan = one("probe_video", video="cuts.mp4")
    Agent(own).run(plan, out=tmp_path / "run")
    (tmp_path / "run" / "report.html.abc.part").write_text("<!doctype")
    Agent(own).resume(tmp_path / "run")
    assert not list((tmp_path / "run").glob("*.part"))


def test_only_a_run_is_gone_on_with_or_replayed(own: Library, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", own.folder):
        with pytest.raises(PlanError, match=r"holds no run: there is no plan\.yaml in it"):
            Agent(own).resume(folder)
        with pytest.raises(PlanError, match=r"holds no finished run: there is no journal\.jsonl in it"):
            Agent(own).replay(folder)


def test_a_plan_with_a_fault_leaves_no_folder(own: Library, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="there is no tool 'fly'"):
        Agent(own).run(one("fly"), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def failing_once() -> Callable[[DoArgs, Context], Said]:
    left = [ValueError("bad luck")]

    def act(args: DoArgs, _: Context) -> Said:
        if left:
            raise left.pop()
        return Said(args.text)

    return act


def test_a_run_that_failed_in_part_goes_on_with_what_failed(own: Library, tmp_path: Path) -> None:
    bad, say = Do("bad", failing_once()), Do("say")
    plan = parse_plan("steps: {a: {tool: say, args: {text: x}}, b: {tool: bad, args: {text: y}}}")
    agent = Agent(own, tools={"bad": bad, "say": say})
    run = agent.run(plan, out=tmp_path / "run")
    assert run.exit_code == 3
    assert [outcome.step for outcome in run.failed] == ["b"]
    assert "b (bad): bad luck" in (tmp_path / "run" / "answer.md").read_text()
    assert (tmp_path / "run" / "artifacts" / "a.json").exists()
    assert not (tmp_path / "run" / "artifacts" / "b.json").exists()
    again = agent.resume(tmp_path / "run")
    assert again.exit_code == 0
    assert (bad.calls, say.calls) == (2, 1)
    assert "bad luck" not in (tmp_path / "run" / "answer.md").read_text()
    assert (tmp_path / "run" / "artifacts" / "b.json").exists()


def test_a_cancelled_run_goes_on_where_it_stopped(own: Library, tmp_path: Path) -> None:
    cancel = threading.Event()
    plan = parse_plan(PLAN_TEXT)
    with pytest.raises(CancelledError):
        Agent(own).run(
            plan, out=tmp_path / "run", cancel=cancel, listen=lambda e: cancel.set() if e.kind == "done" else None
        )
    run = Agent(own).resume(tmp_path / "run")
    assert states(run) == {"cached", "done"}
    Agent(own).run(plan, out=tmp_path / "whole", fresh=True)
    assert kept(tmp_path / "run") == kept(tmp_path / "whole")


# The journal


def test_a_journal_that_ends_in_the_middle_of_a_line_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for number in range(2):
        journal = Journal(path)
        journal.write("start", step=f"s{number}", what="“é” \ud800\n")
        journal.close()
        with path.open("ab") as file:
            file.write(b'{"event": "done", "st')
    assert [entry["step"] for entry in read_journal(path)] == ["s0", "s1"]
    assert path.read_bytes().count(b"\n") == 2


def test_a_damaged_line_of_a_journal_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"event": "start"}\n\xff\xfe\n[]\n7\n\n{"event": "done"}\n{"ev')
    assert [entry["event"] for entry in read_journal(path)] == ["start", "done"]


def test_several_threads_write_whole_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    threads = [
        threading.Thread(target=lambda n=n: [journal.write("x", thread=n, line=i) for i in range(50)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    entries = read_journal(tmp_path / "journal.jsonl")
    assert sorted((e["thread"], e["line"]) for e in entries) == [(n, i) for n in range(4) for i in range(50)]


def test_a_journal_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        Journal(tmp_path)


# As a stream


def test_a_stream_gives_events_and_the_run_last(own: Library, tmp_path: Path) -> None:
    async def told() -> list[Any]:
        return [news async for news in Agent(own).astream(parse_plan(PLAN_TEXT), out=tmp_path / "run")]

    *events, run = asyncio.run(told())
    assert states(run) == {"done"}
    assert [event for event in events if event.kind != "progress"] == list(run.events)
    assert run.folder == tmp_path / "run"
    assert sorted(event.kind for event in run.events) == ["done"] * 6 + ["started"] * 6


def test_what_goes_wrong_is_raised_where_the_stream_is_awaited(own: Library, tmp_path: Path) -> None:
    async def told() -> None:
        async for _ in Agent(own).astream(one("fly"), out=tmp_path / "run"):
            pytest.fail("there is nothing to tell")

    with pytest.raises(PlanError, match="there is no tool 'fly'"):
        asyncio.run(told())


def test_who_leaves_a_stream_early_cancels_the_run(own: Library, tmp_path: Path) -> None:
    left = threading.Event()

    def slow(args: DoArgs, _: Context) -> Said:
        assert left.wait(20)
        return Said(args.text)

    async def first() -> Any:
        stream = agent.astream(plan, out=tmp_path / "run")
        news = await anext(stream)
        await stream.aclose()
        return news

    say = Do("say")
    plan = parse_plan("steps: {a: {tool: slow, args: {text: x}}, b: {tool: say, args: {text: $a.text}}}")
    agent = Agent(own, tools={"slow": Do("slow", slow), "say": say})
    assert asyncio.run(first()).kind == "started"
    deadline = time.monotonic() + 20
    while lines_of(tmp_path / "run") < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [entry["event"] for entry in read_journal(tmp_path / "run" / JOURNAL)] == ["run", "start", "cancelled"]
    left.set()
    assert say.calls == 0


# Replay


def test_a_replay_gives_the_same_bytes(own: Library, fakes: FakeModels, tmp_path: Path) -> None:
    agent = Agent(own)
    agent.run(parse_plan(PLAN_TEXT), out=tmp_path / "run")
    asked = fakes.calls["objects"]
    run, differing = agent.replay(tmp_path / "run")
    assert [(o.state, str(o.error)) for o in run.failed] == []
    assert differing == []
    assert fakes.calls["objects"] > asked
    assert run.folder == tmp_path / "run.replay1"
    assert kept(tmp_path / "run.replay1") == kept(tmp_path / "run")
    assert agent.replay(tmp_path / "run")[0].folder == tmp_path / "run.replay2"


@pytest.mark.parametrize("folder", [".", "../run", "run/"])
def test_a_run_is_replayed_from_wherever_one_stands(
    folder: str, own: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Agent(own).run(SHOTS, out=tmp_path / "run")
    monkeypatch.chdir(tmp_path if folder == "run/" else tmp_path / "run")
    run, differing = Agent(own).replay(folder)
    assert run.folder == tmp_path / "run.replay1"
    assert [(o.state, str(o.error)) for o in run.failed] == []
    assert differing == []


def test_a_replay_tells_which_results_differ(own: Library, tmp_path: Path) -> None:
    texts = iter(["one", "two"])
    fickle = Do("fickle", lambda *_: Said(next(texts)))
    plan = parse_plan(
        "steps: {a: {tool: say, args: {text: x}}, b: {tool: fickle}, c: {tool: say, args: {text: $b.text}}}"
    )
    agent = Agent(own, tools={"say": Do("say"), "fickle": fickle})
    agent.run(plan, out=tmp_path / "run")
    run, differing = agent.replay(tmp_path / "run")
    assert differing == ["b", "c"]
    assert run.exit_code == 0


def test_a_replay_tells_what_failed_now_or_then(own: Library, tmp_path: Path) -> None:
    plan = parse_plan("steps: {a: {tool: say, args: {text: x}}, b: {tool: bad, args: {text: y}}}")
    agent = Agent(own, tools={"say": Do("say"), "bad": Do("bad", failing_once())})
    agent.run(plan, out=tmp_path / "run")
    assert agent.replay(tmp_path / "run")[1] == ["b"]


# In processes of their own


class Runner:
    """Starts runs, one after another, each in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("runner.py"))]
        self._process = subprocess.Popen(
            command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def start(self, library: Path, folder: Path, plan: Path) -> int:
        assert self._process.stdin
        self._process.stdin.write(json.dumps([str(library), str(folder), str(plan)]).encode() + b"\n")
        return self._line()

    def ended(self, within_s: float) -> bool:
        return bool(select.select([self._process.stdout], [], [], within_s)[0])

    def code(self) -> int:
        """The exit code of what was started."""
        assert self.ended(60)
        return self._line()

    def _line(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


@pytest.fixture
def runners() -> Iterator[tuple[Runner, Runner]]:
    both = Runner(), Runner()
    yield both
    for runner in both:
        runner.close()


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "the.yaml"
    path.write_text(PLAN_TEXT + WRITING)
    return path


def test_two_processes_at_one_entry_make_it_once(
    own: Library, plan_file: Path, runners: tuple[Runner, Runner], tmp_path: Path
) -> None:
    for number, runner in enumerate(runners):
        runner.start(own.folder, tmp_path / f"run{number}", plan_file)
    assert [runner.code() for runner in runners] == [0, 0], [
        entry
        for n in range(2)
        for entry in read_journal(tmp_path / f"run{n}" / JOURNAL)
        if entry["event"] == "failed"
    ]
    assert sorted((tmp_path / "diary.txt").read_text().splitlines()) == [f"one two three {n}" for n in range(4)]
    assert kept(tmp_path / "run0") == kept(tmp_path / "run1")
    ends = [
        {e["step"]: e["event"] for e in read_journal(tmp_path / f"run{n}" / JOURNAL) if e.get("sha256")}
        for n in range(2)
    ]
    assert len(ends[0]) == len(ends[1]) == 10
    for step, end in ends[0].items():
        assert {end, ends[1][step]} == {"done", "cached"}


def killed_once(runner: Runner, library: Path, folder: Path, plan: Path, after_s: float) -> bool:
    """Run, or go on, kill that some time after the run began, and say whether it had not finished before."""
    lines = lines_of(folder)
    number = runner.start(library, folder, plan)
    while lines_of(folder) == lines and not runner.ended(0.001):
        pass
    if not runner.ended(after_s):
        with suppress(ProcessLookupError):  # it ended just now
            os.kill(number, signal.SIGKILL)
    code = runner.code()
    assert code in (0, -signal.SIGKILL)
    return code != 0


@pytest.mark.slow
def test_killed_at_random_points_a_run_ends_like_one_that_was_not(
    own: Library,
    plan_file: Path,
    runners: tuple[Runner, Runner],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("tried", KILLS)
    runner, _ = runners
    runner.start(own.folder, tmp_path / "whole", plan_file)
    before = time.monotonic()
    assert runner.code() == 0
    taken_s = time.monotonic() - before
    reference = kept(tmp_path / "whole")
    assert len([name for name in reference if name.startswith("artifacts/note")]) == 4 * 5
    chance, kills, number, last = random.Random(0), 0, 0, set()
    while kills < KILLS:
        shutil.rmtree(own.folder / "cache")
        folder, in_a_row, longest_s, number = tmp_path / f"run{number}", 0, taken_s, number + 1
        while in_a_row < EVERY and kills < KILLS:
            after_s = chance.uniform(0.0, longest_s)
            if not killed_once(runner, own.folder, folder, plan_file, after_s):
                longest_s = after_s  # what is left to do takes less than that
                break
            in_a_row, kills = in_a_row + 1, kills + 1
            entries = [json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines(keepends=True)[:-1]]
            assert entries == read_journal(folder / JOURNAL)[: len(entries)]
            last.add(read_journal(folder / JOURNAL)[-1].get("step"))
        runner.start(own.folder, folder, plan_file)
        assert runner.code() == 0
        assert kept(folder) == reference
        assert len({entry["step"] for entry in read_journal(folder / JOURNAL) if entry.get("sha256")}) == 10
        assert read_journal(folder / JOURNAL)[-1]["event"] == "answered"
    assert len(last) > 2  # the kills fell on different steps
