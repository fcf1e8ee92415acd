"""The package of the page and the package among the examples, installed by pip and used from a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from playhead.testing import small_library

ROOT = Path(__file__).parents[1]
PLAN = """
inputs: {video: small.mp4}
steps:
  pauses: {tool: find_pauses, args: {video: $video, at_least_s: 0.6}}
  seen: {tool: detect_objects, args: {video: $video}}
answer: pauses
"""


def page() -> dict[str, str]:
    """The files of docs/write-a-tool.md, and what is typed in the shell. The test is fenced as `py`, not `python`:
    it imports the tool as a file, and runs here instead of with the snippets.
    """
    text = (ROOT / "docs" / "write-a-tool.md").read_text(encoding="utf-8")

    def first(kind: str) -> str:
        found = re.search(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        assert found
        return found[1]

    return {
        "speaking_time.py": first("python"),
        "pyproject.toml": first("toml"),
        "test_speaking_time.py": first("py"),
        "shell": first("console"),
    }


def test_a_tool_is_published_in_forty_lines() -> None:
    assert sum(bool(line.strip()) for text in page().values() for line in text.splitlines()) <= 40


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip put both packages."""
    folder = tmp_path_factory.mktemp("plugins")
    shutil.copytree(ROOT / "examples" / "plugin", folder / "example")
    (folder / "page").mkdir()
    for name, text in page().items():
        (folder / "page" / name).write_text(text, encoding="utf-8")
    how = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder / "site")]
    packages = [str(folder / "example"), str(folder / "page")]
    subprocess.run([sys.executable, "-m", "pip", "install", *how, *packages], check=True, timeout=120)
    return folder / "site"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with small_library(tmp_path_factory.mktemp("small"), channels=("speech",)) as library:
        return library.folder


def run(site: Path, *words: str, where: Path, library: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A module, run in a fresh interpreter that has both packages."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{site}", "HOME": str(where)}
    environment |= {"PLAYHEAD_LIBRARY": str(library)} if library else {}
    command = [sys.executable, "-m", *words]
    return subprocess.run(
        command, env=environment, cwd=where, capture_output=True, text=True, check=False, timeout=300
    )


CLI = "playhead.interfaces.cli"


def test_their_tools_are_listed(site: Path, tmp_path: Path) -> None:
    listed = run(site, CLI, "tools", where=tmp_path)
    assert (listed.returncode, listed.stderr) == (0, "")
    names = [line.partition(":")[0] for line in listed.stdout.splitlines()]
    assert {"find_pauses", "speaking_time", "search_moments"} <= set(names)


def test_a_plan_runs_with_the_tool_and_the_model(site: Path, library: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    words = ("run", "plan.yaml", "--model", "objects=colours", "--out", "out")
    ran = run(site, CLI, *words, where=tmp_path, library=library)
    assert ran.returncode == 0, ran.stderr
    assert "Nobody speaks at 0:01.7–0:02.5." in ran.stdout
    seen = (tmp_path / "out" / "artifacts" / "seen.json").read_text()
    assert "white surface" in seen


def test_the_command_runs(site: Path, library: Path, tmp_path: Path) -> None:
    ran = run(site, CLI, "pauses", "small.mp4", "--at-least", "0.6", where=tmp_path, library=library)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "0:01.7–0:02.5\n", "")


def test_their_own_tests_pass(site: Path, tmp_path: Path) -> None:
    tests = [ROOT / "examples" / "plugin" / "tests", site.parent / "page" / "test_speaking_time.py"]
    options = ["-q", "-p", "no:cacheprovider", "-c", str(site.parent / "example" / "pyproject.toml")]
    options += ["-o", "asyncio_default_fixture_loop_scope=function", "--import-mode=importlib"]
    ran = run(site, "pytest", *options, *map(str, tests), where=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert int(re.findall(r"(\d+) passed", ran.stdout)[0]) > 25
