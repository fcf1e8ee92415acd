"""Every example runs, on a film of real pictures and a real voice, and says what it is for."""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead import Library

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))

Ran = tuple[int, str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs an example as from a shell, in an empty folder: its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def ran(name: str, *arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        code = 0
        try:
            runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, capsys.readouterr().out

    return ran


@pytest.fixture
def library(filmed: Library) -> Path:
    return filmed.folder


def test_chapter_list(run: Callable[..., Ran], library: Path) -> None:
    code, said = run("chapter_list", library, "film.mp4")
    assert code == 0
    assert said.startswith("0:0")
    assert all(re.fullmatch(r"\d+:\d\d \S.*", line) for line in said.splitlines())


def test_weekly_digest(run: Callable[..., Ran], library: Path, film: Path) -> None:
    code, said = run("weekly_digest", library, film.parent)
    assert (code, said) == (0, "digest.md: film.mp4\n")
    digest = Path("digest.md").read_text()
    assert "## film.mp4" in digest
    assert re.search(r"^- “The ferry .*” \[0:0\d\.\d–0:\d\d\.\d\]$", digest, re.MULTILINE)


def test_every_time_said(run: Callable[..., Ran], library: Path) -> None:
    _, said = run("every_time_said", library, "Ferry")
    first, count = said.splitlines()
    assert re.match(r"film\.mp4  0:0[67]\.\d–0:0[67]\.\d  The ferry", first)  # a word, not the whole sentence
    assert count == "“Ferry”: 1"
    assert run("every_time_said", library, "ferr") == (0, "“ferr”: 0\n")


def test_highlight_finder(run: Callable[..., Ran], library: Path) -> None:
    arguments = ("a motorcycle", "a cup of coffee", "a submarine under the ice", "--out", "found")
    code, said = run("highlight_finder", library, *arguments)
    assert code == 0
    rows = [line.split("  ") for line in said.splitlines()]
    assert [row[2] for row in rows if row[2] == "a motorcycle"]
    assert [row[2] for row in rows if row[2] == "a cup of coffee"]
    assert "submarine" not in said
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    frames = {path.name for path in Path("found").rglob("*.jpg")}
    assert {row[3] for row in rows} <= frames


def test_meeting_minutes(run: Callable[..., Ran], library: Path) -> None:
    code, said = run("meeting_minutes", library, "film.mp4", "--topic", "when the ferry leaves")
    assert code == 0
    parts = re.split(r"^## ", said, flags=re.MULTILINE)
    assert [part.split("\n")[0] for part in parts[1:]] == [
        "Outline",
        "What was said",
        "On the topic",
        "On the slides",
    ]
    assert "“The ferry to the island leaves" in parts[3]
    assert "GATE B12" in parts[4]


def test_describe_for_accessibility(run: Callable[..., Ran], library: Path) -> None:
    code, said = run("describe_for_accessibility", library, "film.mp4")
    assert code == 0
    assert said.startswith("WEBVTT\n")
    times = re.findall(r"^(\S+) --> (\S+)$", said, re.MULTILINE)
    assert times == sorted(times)
    assert all(re.fullmatch(r"00:00:\d\d\.\d{3}", time) for pair in times for time in pair)
    assert "motorcycle" in said.splitlines()[-2]


def test_compare_takes(run: Callable[..., Ran], library: Path, tmp_path: Path, filmed: Library) -> None:
    short = cut(filmed.video("film.mp4").path, tmp_path / "short.mp4")
    copied = shutil.copytree(library, tmp_path / "both")
    assert run("weekly_digest", copied, short)[0] == 0
    code, said = run("compare_takes", copied, "film.mp4", "short.mp4")
    assert code == 0
    mine, theirs = said.split("Only in short.mp4:\n")
    assert "motorcycle" in mine
    assert "ferry" in mine
    assert "GATE B12" not in said
    assert "motorcycle" not in theirs


def cut(film: Path, short: Path) -> Path:
    """The first six seconds: a coffee and a rocket."""
    import subprocess

    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(film), "-t", "6", "-c", "copy", str(short)]
    subprocess.run(command, check=True, timeout=60)
    return short


def test_find_in_folder(run: Callable[..., Ran], library: Path, film: Path) -> None:
    code, said = run("find_in_folder", library, film.parent, "When does the ferry leave?")
    assert code == 0
    assert "half past nine" in said
    code, said = run("find_in_folder", library, film.parent, "Is there a submarine under the ice?")
    assert code == 1
    assert "Nothing" in said


def test_live_events(run: Callable[..., Ran], library: Path) -> None:
    code, said = run("live_events", library, "When does the ferry leave?")
    assert code == 0
    lines = said.splitlines()
    assert re.match(r" +0\.\d s  started ", lines[0])
    assert re.search(r"  (?:done|cached) ", said)
    assert "half past nine" in lines[-1]


def test_reuse_plan(run: Callable[..., Ran], library: Path) -> None:
    for _ in range(2):  # planned once, then read
        code, said = run("reuse_plan", library, "Sum up the video in two sentences")
        assert code == 0
        assert said.startswith("== film.mp4\n")
        assert "ferry" in said
    plan = Path("plan.yaml").read_text()
    assert "tool: summarize" in plan
    assert "video: $video" in plan


# All of them


def test_every_example_has_a_test_and_a_row_and_is_short() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    table = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert table == NAMES
    assert set(NAMES) <= tested
    assert len(NAMES) == 10
    assert [name for name in NAMES if len((EXAMPLES / f"{name}.py").read_text().splitlines()) > 60] == []


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_an_example_does(name: str, run: Callable[..., Ran]) -> None:
    code, said = run(name, "--help")
    assert code == 0
    doc = re.match(r'"""(.*?)"""', (EXAMPLES / f"{name}.py").read_text(), re.DOTALL)
    assert doc
    assert " ".join(doc[1].split())[:60] in " ".join(said.split())
