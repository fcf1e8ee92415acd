"""The command line: what it prints where, what it exits with, and what a careless name can do to it."""

from __future__ import annotations

import html
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pysubs2
import pytest

from playhead import Library, Settings, __version__
from playhead.index.lock import writing
from playhead.interfaces.cli import main
from playhead.media.sandbox import available
from playhead.testing import WordModerator
from playhead.types import Channel, Span, Utterance, Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CLI = "playhead.interfaces.cli"
SRT = "1\n00:00:00,200 --> 00:00:00,900\nHello there\n\n2\n00:00:01,100 --> 00:00:01,900\nGood bye\n"
HELLO, BYE = Span(0.2, 0.9), Span(1.1, 1.9)


def apart(*command: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Python in a process of its own, with the environment of the test."""
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        check=False,
    )


class Run:
    """Runs commands in this process and keeps what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str | Path) -> int:
        code = main([str(argument) for argument in arguments])
        self.out, self.err = self._capsys.readouterr()
        assert "Traceback" not in self.out + self.err
        return code

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        command, *rest = arguments
        assert self(command, "--json", *rest) == code
        return json.loads(self.out)

    def refused(self, *arguments: str | Path, code: int = 2) -> str:
        """The one line of complaint, which is the same as JSON."""
        assert self(*arguments) == code
        assert self.out == ""
        assert self.err.startswith("Error: ")
        assert self.err.count("\n") == 1
        line = self.err.removeprefix("Error: ").rstrip("\n")
        if "--json" not in arguments and "demo" not in arguments:
            error = self.json(*arguments, code=code)["error"]
            assert set(error) == {"kind", "message"}
            assert error["message"] == line
        return line


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    for name in [name for name in os.environ if name.startswith("PLAYHEAD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAYHEAD_LIBRARY", str(tmp_path / "library"))
    return Run(capsys)


@pytest.fixture
def put(tmp_path: Path, clips: Callable[[str], Path]) -> Callable[..., Path]:
    """Copies a clip to a name in the working folder."""

    def copy(clip: str, name: str) -> Path:
        return Path(shutil.copy(clips(clip), tmp_path / name))

    return copy


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Path:
    """A folder with talk.mp4, its subtitles, and a library that holds its speech."""
    folder = tmp_path_factory.mktemp("footage")
    shutil.copy(clips("talk.mp4"), folder / "talk.mp4")
    (folder / "talk.srt").write_text(SRT)
    with Library(folder / "library", settings=Settings(channels=(Channel.SPEECH,))) as library:
        assert not library.add(folder / "talk.mp4").failed
    return folder


@pytest.fixture
def stocked(footage: Path, run: Run, tmp_path: Path) -> Path:
    """The library at `tmp_path/library` holds the speech of `footage/talk.mp4`."""
    del run  # sets the stage
    return Path(shutil.copytree(footage / "library", tmp_path / "library"))


# Commands


@pytest.mark.parametrize("option", [("--out", "x"), ("--fresh",)])
def test_a_plan_that_is_only_looked_at_takes_nothing_about_a_run(option: tuple[str, ...], run: Run) -> None:
    assert "--plan-only runs nothing" in run.refused("ask", "--plan-only", *option, "sum it up")


def test_a_plan_that_cannot_run_is_shown_with_its_faults(stocked: Path, run: Run) -> None:
    assert run("ask", "--plan-only", "summarize", "the first 2 seconds") == 0
    late = ["transcribe from 5:00 to 6:00"]
    assert run("ask", "--plan-only", *late) == 2
    assert "start_s: 300.0" in run.out
    assert "talk.mp4 has nothing at 300 s to 360 s: it plays 0:00.0–" in run.err
    assert [fault["argument"] for fault in run.json("plan", *late, code=2)["problems"]] == ["start_s"]
    assert stocked.is_dir()


def test_help_and_version(run: Run) -> None:
    assert run("--version") == 0
    assert run.out == f"{__version__}\n"
    assert run() == 0
    overview = run.out
    assert run("--help") == 0
    assert run.out.strip() == overview.strip()
    for command in "index search transcribe library remove verify rebuild doctor tools demo".split():
        assert command in overview
        assert run(command, "--help") == 0
        assert "Usage:" in run.out


def test_index_reports_what_it_did(run: Run, put: Callable[..., Path], tmp_path: Path) -> None:
    put("talk.mkv", "talk.mp4")
    (tmp_path / "talk.srt").write_text(SRT)
    assert run("index", "talk.mp4", "--channels", "speech") == 0
    assert run.out == f"1 added in {tmp_path / 'library'}\n"
    assert run.err == ""
    assert run("index", "talk.mp4", "--channels", "speech") == 0
    assert run.out.startswith("1 unchanged in")
    (tmp_path / "talk.srt").write_text(SRT.replace("Hello", "Welcome"))
    assert run("index", "talk.mp4", "--channels", "speech") == 0
    assert run.out.startswith("1 updated in")
    assert run.json("search", "welcome")["moments"]


def test_index_as_json(run: Run, put: Callable[..., Path], tmp_path: Path) -> None:
    path = put("subtitled.mp4", "a.mp4")
    found = run.json("index", path, "nothing.mp4", "--channels", "speech", code=3)
    assert set(found) == {"library", "added", "updated", "unchanged", "failed", "notes"}
    assert found["library"] == str(tmp_path / "library")
    (video,) = found["added"]
    assert set(video) == {"id", "name", "path", "duration_s"}
    assert (video["name"], video["path"]) == ("a.mp4", str(path))
    (failed,) = found["failed"]
    assert failed["path"] == str(tmp_path / "nothing.mp4")
    assert "no such file" in failed["error"]


def test_index_exits_by_how_much_was_done(run: Run, put: Callable[..., Path], tmp_path: Path) -> None:
    put("subtitled.mp4", "good.mp4")
    (tmp_path / "bad.mp4").write_text("not a video")
    (tmp_path / "empty.mp4").touch()
    assert run("index", "good.mp4", "bad.mp4", "empty.mp4", "--channels", "speech") == 3
    assert "1 added" in run.out
    assert "2 could not be indexed" in run.err
    assert "bad.mp4" in run.err
    assert "empty.mp4 cannot be read: it is empty" in run.err
    assert run("index", "bad.mp4") == 2
    assert "Nothing indexed" in run.out
    (tmp_path / "void").mkdir()
    assert run("index", "void") == 2
    assert "holds no video or sound" in run.err


SEARCH_KEYS = {"query", "no_match", "moments", "notes", "nearest"}
MOMENT_KEYS = {"video", "start_s", "end_s", "score", "evidence"}
EVIDENCE_KEYS = {"id", "channel", "start_s", "end_s", "score", "text", "thumbnail", "part"}


def test_search_as_json_has_the_documented_keys(run: Run, stocked: Path, footage: Path) -> None:
    found = run.json("search", "hello", "there")
    assert set(found) == SEARCH_KEYS
    assert (found["query"], found["no_match"], found["nearest"]) == ("hello there", False, [])
    (moment,) = found["moments"]
    assert set(moment) == MOMENT_KEYS
    assert moment["video"] == {
        "id": moment["video"]["id"],
        "name": "talk.mp4",
        "path": str(footage / "talk.mp4"),
    }
    assert len(moment["video"]["id"]) == 64
    assert (moment["start_s"], moment["end_s"]) == (HELLO.start_s, HELLO.end_s)
    assert 0.3 <= moment["score"] <= 1
    (evidence,) = moment["evidence"]
    assert set(evidence) == EVIDENCE_KEYS
    assert (evidence["channel"], evidence["text"], evidence["thumbnail"]) == ("speech", "Hello there", None)
    nothing = run.json("search", "a nuclear submarine", "--channels", "speech")
    assert (nothing["no_match"], nothing["moments"]) == (True, [])
    assert all(set(near) == MOMENT_KEYS for near in nothing["nearest"])


def test_search_as_a_table(run: Run, stocked: Path) -> None:
    assert run("search", "hello there") == 0
    assert "talk.mp4" in run.out
    assert "0:00.2" in run.out
    assert "0:00.9" in run.out
    assert "“Hello there”" in run.out
    assert run("search", "a nuclear submarine") == 0
    assert "Nothing in this library shows or says that." in run.out


def test_search_narrowed(run: Run, stocked: Path) -> None:
    for flags, expected in (
        (["--between", "1-2"], ["Good bye"]),
        (["--between", "0:01-0:02"], ["Good bye"]),
        (["--between", "0:00:01.0–1:00:00"], ["Good bye"]),
        (["--between", "0-1"], []),
        (["--video", "talk.mp4"], ["Good bye"]),
        (["--channels", "speech,text"], ["Good bye"]),
        (["--channels", "picture"], []),
        (["-k", "1"], ["Good bye"]),
    ):
        found = run.json("search", "good bye", *flags)
        assert [moment["evidence"][0]["text"] for moment in found["moments"]] == expected, flags


def test_words_are_shown_as_they_were_read(run: Run, stocked: Path) -> None:
    assert run("search", "hello", "then", "good", "bye") == 0
    assert run.out.splitlines()[0] == "Read as: hello THEN good bye"
    found = run.json("search", "hello then good bye")
    assert found["query"] == "hello THEN good bye"
    (moment,) = found["moments"]
    assert (moment["start_s"], moment["end_s"]) == (HELLO.start_s, BYE.end_s)
    assert [evidence["text"] for evidence in moment["evidence"]] == ["Hello there", "Good bye"]
    assert run("search", "hello in talk.mp4 between 0:00 and 0:01") == 0
    assert "Read as: hello IN talk.mp4 BETWEEN 0:00.0 AND 0:01.0" in run.out
    assert run("search", "hello") == 0
    assert "Read as" not in run.out


def test_what_is_said_around_a_moment_is_shown_on_request(run: Run, stocked: Path) -> None:
    assert run("search", "hello", "--around", "5") == 0
    assert "around: speech 0:01.1  “Good bye”" in run.out
    found = run.json("search", "hello", "--around", "0.1", "--per-video", "1")
    assert [told["text"] for told in found["moments"][0]["around"]] == ["Hello there"]
    assert "around" not in run.json("search", "hello")["moments"][0]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("librray = 'x'", "There is no setting librray. Did you mean library?"),
        ("x = 1", "There is no setting x. There are: "),
        ("fps = 'a'", "The setting fps cannot be used: input should be a valid number"),
        ("fps = = 1", "playhead.toml cannot be read"),
    ],
)
def test_a_wrong_line_in_the_settings_file_is_told(
    line: str, told: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("playhead.toml").write_text(line, encoding="utf-8")
    assert told in run.refused("library")


def test_embedding_again_says_how_much_there_was(run: Run, stocked: Path) -> None:
    assert run("reembed", "--model", "sentences=use") == 0
    assert run.out == "New vectors of what is said and written in 1 video.\n"
    assert run.json("reembed", "--model", "sentences=use") == {"reembedded": []}
    assert (
        run.json("search", "hallo", "--model", "sentences=use")["moments"][0]["evidence"][0]["text"] == "Hello there"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["search"], "the query is empty"),
        (["search", "THEN a cat"], "“THEN” has nothing before it"),
        (["search", "a cat THEN"], "“THEN” has nothing after it"),
        (["search", "then"], "says nothing by itself"),
        (["search", "NOT a cat"], "“NOT” has nothing before it"),
        (["search", "a cat between 2:00 and 1:00"], "is empty"),
        (["search", "a cat after 2:00", "--between", "0:00-1:00"], "contradict each other"),
        (["search", "a cat in other.mp4"], "no video 'other.mp4'"),
        (["search", "a cat in talk.mp4", "--video", "other.mp4"], "no video 'other.mp4'"),
        (["search", "the of and"], "says nothing by itself"),
        (["search", "🦆"], "no word"),
        (["search", "word " * 10_000], "characters"),
        (["search", "x", "--around", "-1"], "greater than or equal to 0"),
        (["search", "hello", "--around", "nan"], "greater than or equal to 0"),
        (["search", "x", "--per-video", "-1"], "cannot be shown"),
        (["train-picture-head", "."], "neither captions.jsonl nor captions.csv"),
        (["train-picture-head", "nowhere"], "there is no folder"),
        (["reembed", "--model", "sentences=nothing"], "no sentences model 'nothing'"),
        (["search", ""], "the query is empty"),
        (["search", "!!!"], "no word"),
        (["search", "x" * 100_000], "100,000 characters"),
        (["search", "x", "--between", "abc"], "not a time range"),
        (["search", "x", "--between", "5"], "not a time range"),
        (["search", "x", "--between", "1-2-3"], "not a time range"),
        (["search", "x", "--between", "-5-10"], "not a time range"),
        (["search", "x", "--between", "1:00-"], "not a time range"),
        (["search", "x", "--between", "9-5"], "is empty"),
        (["search", "x", "--between", "nan-5"], "is not a time range"),
        (["search", "x", "--limit", "0"], "cannot be shown"),
        (["search", "x", "--limit", "many"], "integer"),
        (["search", "x", "--channels", "smell"], "smell"),
        (["search", "x", "--channels", " , "], "names no channel"),
        (["search", "x", "--video", "other.mp4"], "no video 'other.mp4'"),
        (["search", "x", "--image", "missing.png"], "no such file"),
        (["search", "x", "--model", "picture"], "not ROLE=SPEC"),
        (["search", "x", "--model", "=clip"], "not ROLE=SPEC"),
        (["search", "x", "--model", "smell=nose:1"], "no role 'smell'"),
        (["search", "x", "--model", "speech=nose:1"], "no speech model 'nose'"),
        (["index", "x.mp4", "--fps", "0"], "fps"),
        (["index", "x.mp4", "--fps", "1000"], "fps"),
        (["index", "x.mp4", "--fps", "fast"], "number"),
        (["index", "x.mp4", "--channels", "smell"], "channels"),
        (["index", "x.mp4", "--channels", ""], "names no channel"),
        (["index", "x.mp4", "--subtitles", "burn"], "subtitles"),
        (["index", "x.mp4", "--mode", "silly"], "'--mode': 'silly' is not one of"),
        (["index"], "PATH"),
        (["transcribe"], "file"),
        (["transcribe", "missing.wav"], "no such file"),
        (["remove", "other.mp4"], "no video 'other.mp4'"),
        (["remove"], "videos"),
        (["tools", "fly"], "no tool 'fly'"),
        (["fly"], "fly"),
        (["search", "x", "--fly"], "--fly"),
        (["search", "x", "--video", "a.mp4", "--video=b.mp4"], "--video was given twice and takes one value"),
        (["search", "x", "-k1", "--limit", "2"], "--limit was given twice"),
        (["ask", "find this", "--with", "missing.png"], "missing.png cannot be handed over: there is no such file"),
        (["ask", "find this", "--with", "."], "cannot be handed over: it is not a regular file"),
        (["ask", "find a cat", "--out", "/dev/null"], "cannot be kept in /dev/null: it is no folder"),
        (["library", "-l", "x" * 300], "cannot be opened: file name too long"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(arguments: list[str], why: str, run: Run, stocked: Path) -> None:
    assert why in run.refused(*arguments)


def test_options_of_commands_below_others_are_given_once(run: Run) -> None:
    assert run("audit", "report", "-l", "a", "--library", "b") == 2
    assert "--library was given twice" in run.err
    assert run("audit") == 2
    assert run.err.startswith("Error: Missing command. See: ")


@pytest.mark.parametrize("command", ["verify", "rebuild", "remove"])
def test_without_a_library_there_is_nothing_to_do(command: str, run: Run) -> None:
    extra = ["talk.mp4"] if command == "remove" else []
    assert "There is no " in run.refused(command, *extra)


def test_what_is_unexpected_is_exit_1(run: Run, monkeypatch: pytest.MonkeyPatch, stocked: Path) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(Library, "search", fails)
    assert run("search", "x") == 1
    assert run.err == "Error: Unexpected RuntimeError: two\\nlines. Run again with --debug to see where\n"
    assert run.json("search", "x", code=1)["error"]["kind"] == "RuntimeError"
    with pytest.raises(RuntimeError, match="two"):
        main(["search", "x", "--debug"])


def test_debug_shows_where_an_error_came_from(run: Run, stocked: Path) -> None:
    for command, error in ((["search", ""], b"QueryError"), (["index", "missing.mp4"], b"UnreadableMediaError")):
        done = apart("-m", CLI, *command, "--debug")
        assert done.returncode == 1
        assert b"Traceback" in done.stderr
        assert error in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["library"], ["library", "--json"], ["search", "red", "--json"]])
def test_output_that_cannot_be_written_is_one_line(arguments: list[str], stocked: Path) -> None:
    command = [sys.executable, "-m", CLI, *arguments, "--library", str(stocked)]
    with open("/dev/full", "w") as full:
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("Error: The output could not be written: no space left on device")
    assert "Traceback" not in run.stderr


def test_closed_output_is_one_line() -> None:
    for closed in (">&-", ">&- 2>&-"):
        shell = f"{sys.executable} -m {CLI} search cat {closed}"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(["bash", "-c", shell], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        why = "standard output is closed. Leave it open, or send it elsewhere"
        assert done.stderr == ("" if "2>" in closed else f"Error: There is nowhere to say anything: {why}\n")


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("chat", 0, ""),
        ("safety -", 2, "Error: The text is empty"),
        ("ask 'find a man, I will kill him tonight with a knife'", 4, "Error: The request was stopped: violence"),
    ],
)
def test_closed_input_is_nobody_there(command: str, code: int, told: str, stocked: Path) -> None:
    shell = f"{sys.executable} -m {CLI} {command} <&-"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment |= {"PLAYHEAD_LIBRARY": str(stocked)}
    done = subprocess.run(["bash", "-c", shell], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[: len(told) or None]) == (code, told)


def test_a_reader_that_has_gone_is_no_error_worth_a_traceback(stocked: Path) -> None:
    for library in (stocked, Path("nowhere")):
        shell = f"{sys.executable} -m {CLI} search hello --json -l {library} | true; exit ${{PIPESTATUS[0]}}"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(["bash", "-c", shell], env=environment, capture_output=True, check=False)
        assert done.returncode in (0, 1, 2)
        assert done.stderr == b""


@pytest.mark.parametrize("error", [KeyboardInterrupt])
def test_an_interruption_is_exit_130(error: type[BaseException], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Library, "add", stopped)
    assert run("index", "x.mp4") == 130
    assert run.err.startswith("Interrupted.")


def test_an_interruption_while_models_are_loaded_ends_in_order(stocked: Path) -> None:
    command = [sys.executable, "-m", CLI, "search", "hello", "-l", str(stocked)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for number in range(8):
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            maps, deadline = Path(f"/proc/{process.pid}/maps"), time.monotonic() + 30
            while b"onnxruntime" not in maps.read_bytes() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.06 * number)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        assert process.returncode in (0, 130), said
        assert b"terminate" not in said


def test_workers_are_those_of_ray(run: Run) -> None:
    assert run("index", "x.mp4", "--workers", "2") == 2
    assert run.err.strip() == (
        "Error: --workers counts workers of Ray: Ray was not asked for. Add --on ray, or leave it out"
    )


def test_library_shows_what_is_in_it(run: Run, stocked: Path, footage: Path, tmp_path: Path) -> None:
    assert run("library") == 0
    assert "talk.mp4" in run.out
    assert "2 speech" in run.out
    found = run.json("library")
    assert set(found) == {"library", "videos"}
    (video,) = found["videos"]
    assert video["segments"] == {"speech": 2}
    assert video["path"] == str(footage / "talk.mp4")
    assert "There is no library" in run.refused("library", "--library", tmp_path / "none")


def test_remove_forgets(run: Run, stocked: Path, footage: Path) -> None:
    assert [video["name"] for video in run.json("remove", "talk.mp4")["removed"]] == ["talk.mp4"]
    assert run.json("library")["videos"] == []
    assert (footage / "talk.mp4").exists()
    assert run("index", footage, "--channels", "speech") == 0
    assert run("remove", "talk.mp4") == 0
    assert run.out == "Forgot talk.mp4\n"


def test_removing_two_of_which_one_is_unknown_removes_none(run: Run, stocked: Path) -> None:
    assert "no video 'other.mp4'" in run.refused("remove", "talk.mp4", "other.mp4")
    assert len(run.json("library")["videos"]) == 1


def test_verify_and_rebuild(run: Run, stocked: Path) -> None:
    assert run.json("verify") == {"ok": True, "problems": []}
    assert run("verify") == 0
    assert "whole" in run.out
    shutil.rmtree(stocked / "vectors")
    assert run("verify") == 1
    assert f"playhead rebuild --library {stocked}" in run.out
    with writing(stocked):
        assert run("verify") == 1
        assert f"Process {os.getpid()} is writing" in run.out
    assert run.json("verify", code=1) == {"ok": False, "problems": ["there is no vector index"]}
    assert run("rebuild") == 0
    assert run.json("rebuild") == {"rebuilt": True}
    assert run("verify") == 0
    with closing(sqlite3.connect(stocked / "catalog.sqlite", isolation_level=None)) as db:
        db.execute("DELETE FROM vector WHERE number = (SELECT min(number) FROM vector)")
    with writing(stocked):
        assert run("verify") == 1
    assert "catalogue: 1 segments have lost their vectors\n" in run.out
    assert "bring back a copy" in run.out
    assert "playhead rebuild" not in run.out


def test_doctor_tells_what_is_ready(run: Run) -> None:
    assert run("doctor") == 0
    roles = run.json("doctor")["roles"]
    assert {row["role"] for row in roles} >= {"picture", "objects", "text", "speech", "sentences"}
    assert all(set(row) == {"role", "spec", "id", "ready", "problem"} for row in roles)
    missing = run.json("doctor", "--model", "picture=clip:nowhere/at-all", code=1)["roles"]
    (picture,) = [row for row in missing if row["role"] == "picture"]
    assert picture["spec"] == "clip:nowhere/at-all"
    assert not picture["ready"]
    assert picture["problem"]
    assert run("doctor", "--model", "picture=clip:nowhere/at-all") == 1
    assert "MISSING" in run.out


def test_doctor_tells_how_decoding_is_confined(run: Run) -> None:
    run("doctor")
    assert run.out.splitlines()[0] == str(available())


def test_doctor_tells_how_decoding_is_confined_as_json(run: Run) -> None:
    found = run.json("doctor")["decoding"]
    assert {"memory", "processor", "descriptors"} <= set(found["kept"])
    assert {*found["kept"], *found["missing"]} >= {"files", "network", "programs"}


def test_tools_are_listed_and_explained(run: Run) -> None:
    assert run("tools") == 0
    assert "search_moments: " in run.out
    found = run.json("tools")["tools"]
    assert [tool["name"] for tool in found] == sorted(tool["name"] for tool in found)
    assert all(set(tool) == {"name", "description", "effects", "arguments"} for tool in found)
    assert run("tools", "transcribe") == 0
    assert "  language: " in run.out
    (one,) = run.json("tools", "transcribe")["tools"]
    assert one["effects"] == ["costly", "reads"]


# Transcripts


class Listening:
    """Models that hear two sentences in whatever has sound."""

    threads = 1
    id = "listening"
    text_safety = WordModerator()

    @property
    def voice_activity(self) -> Listening:
        return self

    speech = voice_activity

    def start(self) -> Listening:
        return self

    def feed(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.abs(sound[: len(sound) // 512 * 512]).reshape(-1, 512).max(axis=1, initial=0) * 10

    def transcribe(self, sound: NDArray[np.float32], language: str = "") -> tuple[Utterance, ...]:
        words = [("Stay", 0.0), (" here.", 0.5), (" <Go>", 1.0), (" & run!", 1.5)]
        timed = tuple(Word(Span(at, at + 0.4), text) for text, at in words)
        return (Utterance(Span(0.0, 1.9), "Stay here. <Go> & run!", timed),)


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "models", Listening())


@pytest.mark.usefixtures("listening")
def test_transcribe_in_every_format(run: Run, put: Callable[..., Path]) -> None:
    put("tone.wav", "tone.wav")
    assert run("transcribe", "tone.wav") == 0
    assert run.out == "[0:00.0] Stay here.\n[0:01.0] <Go> & run!\n"
    for kind in ("srt", "vtt"):
        assert run("transcribe", "tone.wav", "--format", kind) == 0
        assert run.out.startswith("WEBVTT\n" if kind == "vtt" else "1\n00:00:00,000 --> 00:00:00,900\nStay here.")
        events = pysubs2.SSAFile.from_string(run.out, format_=kind, keep_html_tags=True).events
        assert [(event.start, event.end) for event in events] == [
            (0, 900),
            (1000, 1984),
        ]  # the voice goes on to there
        texts = [html.unescape(event.text) if kind == "vtt" else event.text for event in events]
        assert [text.replace("\u2060", "") for text in texts] == ["Stay here.", "<Go> & run!"]  # no tag for a player
    found = run.json("transcribe", "tone.wav", "--language", "en")
    assert run("transcribe", "tone.wav", "--language", "en", "--format", "json") == 0
    assert json.loads(run.out) == found
    assert (found["source"], found["language"]) == ("listening", "en")
    first = found["utterances"][0]
    assert first == {
        "start_s": 0.0,
        "end_s": 0.9,
        "text": "Stay here.",
        "words": [{"start_s": 0.0, "end_s": 0.4, "text": "Stay"}, {"start_s": 0.5, "end_s": 0.9, "text": " here."}],
    }
    assert run("transcribe", "tone.wav", "--format", "doc") == 2
    assert run.err == "Error: There is no format 'doc'. Choose txt, srt, vtt or json\n"


@pytest.mark.usefixtures("listening")
def test_silence_is_an_empty_transcript(ffmpeg: str, run: Run) -> None:
    subprocess.run([ffmpeg, "-v", "error", "-f", "lavfi", "-i", "anullsrc", "-t", "3", "silent.wav"], check=True)
    assert run("transcribe", "silent.wav") == 0
    assert (run.out, run.err) == ("", "Nobody speaks in it.\n")
    for kind, out in (("srt", ""), ("vtt", "WEBVTT\n")):
        assert run("transcribe", "silent.wav", "--format", kind) == 0
        assert (run.out, run.err) == (out, "Nobody speaks in it.\n")
    assert run.json("transcribe", "silent.wav")["utterances"] == []


def test_pictures_without_sound_have_no_transcript(run: Run, put: Callable[..., Path]) -> None:
    put("plain.mp4", "plain.mp4")
    assert "it has no sound" in run.refused("transcribe", "plain.mp4")


# Names


NAMES = [
    "-starts with a dash.mp4",
    "--json.mp4",
    "two words.mp4",
    "$(touch pwned) `touch pwned`; touch pwned & | > x.mp4",
    "quote ' and \" .mp4",
    "new\nline.mp4",
    "\x1b[31mred\x07.mp4",
    "[bold]markup[-bold].mp4",
    "~tilde.mp4",
    "%s {0} \\n.mp4",
    "映画 é.mp4",
    "\u202egpj.mp4",
]


def test_a_name_is_only_a_name(run: Run, put: Callable[..., Path], tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        with put("subtitled.mp4", name).open("ab") as file:
            file.write(bytes([number]))  # other bytes, the same film
    assert run("index", "--channels", "speech", "--", *NAMES) == 0
    assert f"{len(NAMES)} added" in run.out
    assert {video["name"] for video in run.json("library")["videos"]} == set(NAMES)
    for command in (["library"], ["search", "hello", "-k", "20"]):
        assert run(*command) == 0
        for steering in ("\x1b", "\x07", "\u202e", "new\nline"):
            assert steering not in run.out
        for name in NAMES:
            assert not name.isprintable() or name in run.out
    for name in (NAMES[0], NAMES[5]):
        found = run.json("search", f"--video={name}", "hello")
        assert [moment["video"]["name"] for moment in found["moments"]] == [name]
    assert [video["name"] for video in run.json("remove", "--", *NAMES)["removed"]] == NAMES
    assert not list(tmp_path.glob("pwned*"))


def test_a_missing_file_of_any_name_is_one_harmless_line(run: Run, tmp_path: Path) -> None:
    names = [*NAMES, "odd\udcff.mp4"]
    assert run("index", "--channels", "speech", "--", *names) == 2
    heading, *lines, end = run.err.split("\n")
    assert heading == f"{len(names)} could not be indexed:"
    assert len(lines) == len(names)
    assert end == ""
    assert not {"\x1b", "\x07", "\u202e", "\udcff"} & set(run.err)
    failed = run.json("index", "--channels", "speech", "--", *names, code=2)["failed"]
    assert [ascii(Path(failure["path"]).name) for failure in failed] == [ascii(name) for name in names]
    assert "no such file" in run.refused("transcribe", "--", NAMES[0])
    assert run("transcribe", "--", "new\nline.mp4") == 2
    assert run.err == "Error: new\\nline.mp4 cannot be opened: no such file or directory\n"


def test_arguments_that_are_not_utf8_are_survived(run: Run, stocked: Path) -> None:
    done = apart("-m", CLI, "search", b"hello \xff there", "--json", PYTHONIOENCODING="utf-8:strict")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["moments"][0]["evidence"][0]["text"] == "Hello there"


# Costs


def test_a_cold_search_loads_nothing_heavy(run: Run, put: Callable[..., Path], tmp_path: Path) -> None:
    put("subtitled.mp4", "talk.mp4")
    assert run("index", "talk.mp4", "--channels", "speech,picture") == 0
    code = (
        "import sys\nfrom playhead.interfaces.cli import main\n"
        "code = main(['search', 'hello', 'there'])\nprint('LOADED', *sorted(sys.modules))\nsys.exit(code)"
    )
    done = apart("-c", code)
    assert done.returncode == 0, done.stderr
    printed, _, modules = done.stdout.decode().rpartition("LOADED")
    assert "Hello there" in printed
    loaded = {name.split(".")[0] for name in modules.split()}
    assert "numpy" in loaded
    heavy = {
        "av",
        "torch",
        "transformers",
        "sentence_transformers",
        "chromadb",
        "cv2",
        "whisper",
        "faster_whisper",
        "diffusers",
    }
    assert not loaded & heavy


def test_settings_come_from_flags_then_the_environment_then_the_file(
    run: Run, stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "playhead.toml").write_text('library = "from_file"\n')
    assert run.json("library")["library"] == str(stocked)
    assert str(tmp_path / "from_flag") in run.refused("library", "--library", "from_flag")
    monkeypatch.delenv("PLAYHEAD_LIBRARY")
    assert str(tmp_path / "from_file") in run.refused("library")
    (tmp_path / "playhead.toml").write_text("libary = 'typo'\n")
    assert "libary" in run.refused("library")
    (tmp_path / "playhead.toml").write_text("library = [\n")
    assert "playhead.toml cannot be read" in run.refused("library")


# The gate


def test_every_fault_of_a_policy_is_on_a_line_of_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("extends: default\nname: own\nversion: 1\nmask: [fax]\nimages: most\n")
    assert run("policy", "check", "own.yaml") == 2
    told = run.out.splitlines()
    assert run("policy", "check", "own.yaml", "--json") == 2
    assert told == [f"- {problem}" for problem in json.loads(run.out)["problems"]]


@pytest.mark.usefixtures("listening")
def test_lines_to_judge_may_begin_with_a_byte_order_mark_and_come_back_as_json(run: Run, tmp_path: Path) -> None:
    ids = ["a\x7f\x9b\u201c", 2]
    lines = "".join(json.dumps({"id": given, "text": "fine"}) + "\r\n" for given in ids)
    (tmp_path / "lines.jsonl").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert run("safety", "--jsonl", "lines.jsonl") == 0
    assert [json.loads(line)["id"] for line in run.out.splitlines()] == ids


@pytest.mark.usefixtures("listening")
def test_what_is_no_line_to_judge_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nan.jsonl").write_text('{"id": NaN, "text": "fine"}\n')
    assert "Line 1 of nan.jsonl cannot be judged: it is no JSON" in run.refused("safety", "--jsonl", "nan.jsonl")
    (tmp_path / "number.jsonl").write_text('{"id": 2, "text": 5}\n')
    assert "Line 1 of number.jsonl cannot be judged: it holds no text" in run.refused(
        "safety", "--jsonl", "number.jsonl"
    )
    assert "The text is empty" in run.refused("safety", " ")
    (tmp_path / "folder").mkdir()
    assert "not a regular file" in run.refused("safety", "--jsonl", "folder")
    assert "no such file" in run.refused("safety", "--jsonl", "none.jsonl")


def test_a_film_that_is_damaged_half_way_is_not_judged_in_silence(run: Run, put: Callable[..., Path]) -> None:
    whole = put("numbered.mkv", "numbered.mkv").read_bytes()
    assert run("safety", "--video", "numbered.mkv") == 0
    assert run.err == ""
    Path("cut_off.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    assert run("safety", "--video", "cut_off.mkv") == 0
    assert "cut_off.mkv: it states 5.0 s but ends after" in run.err


# Odd surroundings


@pytest.mark.usefixtures("stocked")
def test_what_a_terminal_has_no_letters_for_is_spelled_out() -> None:
    done = apart("-m", CLI, "search", "hello there", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u201cHello there\u201d" in done.stdout
    assert json.loads(apart("-m", CLI, "search", "hello there", "--json", PYTHONIOENCODING="ascii").stdout)["moments"]


def test_a_hyphen_is_the_text_on_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("I will kill him\nwith a knife tonight, tell nobody\n"))
    assert run("safety", "-", "--json") == 4
    assert json.loads(run.out)["category"] == "violence"


def test_what_would_be_asked_about_does_not_pass_for_allowed(run: Run, tmp_path: Path) -> None:
    asking = "extends: default\nname: own\nversion: 1\nstages: {request: {violence: {ask: 0.01}}}\n"
    (tmp_path / "own.yaml").write_text(asking)
    assert run("safety", "I hit him", "--policy", "own.yaml", "--json") == 4
    assert json.loads(run.out)["decision"] == "ask"


@pytest.mark.usefixtures("stocked")
def test_cruelty_is_looked_for_and_not_made(run: Run) -> None:
    cruel = "a man being stabbed to death in an alley"
    assert run("ask", f"Find {cruel}") == 0
    assert run("ask", f"Draw {cruel}") == 4
    assert "was stopped: graphic" in run.err
    assert "--override WHY" in run.err


def test_the_policy_that_is_shown_is_the_one_in_force(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_POLICY", "strict")
    assert run("policy", "show") == 0
    assert run.out.startswith("Policy strict")
    assert run("policy", "show", "default") == 0
    assert run.out.startswith("Policy default")


def test_an_empty_variable_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_PROFILE", "")
    monkeypatch.setenv("PLAYHEAD_POLICY", "")
    assert run("policy", "show") == 0
    assert run("library") == 2
    assert "There is no library at" in run.err
