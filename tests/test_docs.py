"""What the pages say runs: every Python snippet, and every command line of the README and the guides."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from playhead import Library
from playhead.agent.check import check
from playhead.agent.plan import parse_plan, read_plan
from playhead.errors import PlanError
from playhead.interfaces.cli import app, main
from playhead.safety.policy import load_policy
from playhead.tools.registry import all_tools

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
NEEDS_A_DOWNLOAD = {"hub", "speech=whisper:small"}
# What makes a film of the whole is planned only, and what looks at all of it is given a short one: both are tried
# at length in test_compose_story.py and test_gated_runs.py.
CHEAPER = {
    "ask": lambda words: ["plan" if "narrated film" in " ".join(words) else "ask", *words[1:]],
    "safety": lambda words: [word.replace("talk.mp4", "short.mp4") for word in words],
}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITHOUT_PYTHON = set(
    "any-to-any api ask image-moderation picture-head plan-reference reference senses text-moderation web".split()
)


def worked_plans() -> list[str]:
    """The plans that docs/plans.md shows; the first is digest.yaml."""
    page = (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
    return re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def desk(demonstration: Path, clips: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film under the names that the pages use, indexed, and with a short one."""
    folder = shutil.copytree(demonstration, tmp_path_factory.mktemp("docs") / "desk")
    with Library(folder / "footage.playhead") as library:
        report = library.add(folder / "talk.mp4")
    assert not report.failed
    assert not report.added
    shutil.copy(clips("cuts.mp4"), folder / "short.mp4")
    (folder / "digest.yaml").write_text(worked_plans()[0])
    return folder


@pytest.fixture
def here(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(desk)
    monkeypatch.setenv("PLAYHEAD_LIBRARY", "footage.playhead")
    return desk


@pytest.mark.parametrize("page", [*PAGES, ROOT / "benchmarks" / "RESULTS.md"], ids=lambda page: page.name)
def test_no_figure_is_still_to_be_filled_in(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^[A-Z]{4,}$|\| [A-Z]{5,} \||\b(?:TODO|TBD|XXX)\b", text, re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_snippets_run(page: Path, here: Path) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert bool(snippets) == (page.stem not in WITHOUT_PYTHON)
    names: dict[str, object] = {"__name__": "snippet"}
    for snippet in snippets:
        exec(compile(snippet, str(page), "exec", dont_inherit=True), names)


def commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^(?:    |\$ )(playhead .*?)(?: {2,}#.*)?$", text, re.MULTILINE)


@pytest.mark.parametrize(("page", "line"), [(page.name, line) for page in PAGES for line in commands(page)])
def test_command_lines_are_accepted(page: str, line: str) -> None:
    """Every command and option on the pages exists; the ones about `talk.mp4` also run below."""
    words = shlex.split(line.replace("…", ""))
    path, options = _command(words[1:])
    with pytest.raises(SystemExit) as stop:
        app([*path, "--help"], prog_name="playhead", standalone_mode=True)
    assert stop.value.code == 0, page
    known = set(re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", options))
    assert {w.split("=")[0] for w in words[2:] if re.match(r"--?[a-z]", w)} <= known | {"--help"}


def _command(words: list[str]) -> tuple[list[str], str]:
    """The words that name the command, and all its options."""
    import typer.main

    command: Any = typer.main.get_command(app)
    path: list[str] = []
    while hasattr(command, "commands"):
        path.append(words[len(path)])
        command = command.commands[path[-1]]
    return path, " ".join(name for option in command.params for name in option.opts)


@pytest.mark.parametrize(
    "line",
    sorted(
        {
            line
            for page in PAGES
            for line in commands(page)
            if "talk.mp4" in line and not NEEDS_A_DOWNLOAD & set(shlex.split(line))
        }
    ),
)
def test_command_lines_about_the_film_run(
    line: str, here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Is there a cat?\nand what comes after that?\n"))  # for chat
    line = line.partition(" > ")[0]
    if not (here / "shoe.jpg").exists():
        pytest.importorskip("PIL.Image").new("RGB", (64, 64), "white").save(here / "shoe.jpg")
    words = shlex.split(line)[1:]
    assert main(CHEAPER.get(words[0], list)(words)) == 0, capfd.readouterr().err


def shown() -> list[tuple[str, str]]:
    """Each `ask` of which a page shows what it prints, with that."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    blocks = [b for text in texts for b in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]
    parts = [
        part
        for block in blocks
        for part in re.findall(r"^\$ (playhead ask .*)\n((?:[^$\n].*\n)+)", block, re.MULTILINE)
    ]
    return sorted({(line, printed.rstrip("\n")) for line, printed in parts})


@pytest.mark.parametrize(("line", "printed"), shown())
def test_answers_are_as_the_pages_show_them(
    line: str, printed: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(line)[1:]) == 0
    assert capfd.readouterr().out.rstrip("\n") == printed


def test_pages_show_answers() -> None:
    assert len(shown()) > 3


def generator() -> Any:
    """docs/reference.py as a module."""
    spec = spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["reference.md", "plan-reference.md", "plan.schema.json"])
def test_what_is_generated_is_current(name: str) -> None:
    pages = generator().PAGES
    assert set(pages) == {"reference.md", "plan-reference.md", "plan.schema.json"}
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages[name](), "run: make docs"


PLAN: dict[str, Any] = {
    "inputs": {"video": "talk.mp4"},
    "steps": {
        "find": {"tool": "search_moments", "args": {"query": "a cat", "video": "$video", "channels": ["picture"]}},
        "frames": {"tool": "extract_frames", "args": {"moments": ["$find.moments[0]"]}},
        "captions": {"tool": "caption_frames", "args": {"frames": "$frames.frames"}},
        "rest": {"tool": "summarize", "args": {"video": "$video", "start_s": "$find.moments[0].span.end_s"}},
    },
    "answer": "rest",
}


def step(**said: object) -> dict[str, Any]:
    find = {"tool": "search_moments", "args": {"query": "a cat"}} | said
    return PLAN | {"steps": {"find": find}, "answer": "find"}


@pytest.mark.parametrize(
    ("plan", "valid"),
    [
        (PLAN, True),
        (step(), True),
        (step(tool="search_moment"), False),
        (step(tool="transcribe", args={}), False),
        (step(args={"query": "a cat", "number": 3}), False),
        (step(args={"query": "a cat", "limit": "three"}), False),
        (step(args={"query": "a cat", "limit": "$count"}), True),
        (step(why="because"), False),
        (PLAN | {"steps": {"Find it": step()["steps"]["find"]}}, False),
        (PLAN | {"outputs": {}}, False),
    ],
)
def test_the_schema_takes_what_the_reader_and_the_checker_take(plan: dict[str, Any], valid: bool) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads((ROOT / "docs" / "plan.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(plan) == valid
    try:
        read = read_plan(plan | {"inputs": {"video": "talk.mp4", "count": 3}})
        assert (not check(read, all_tools()).problems) == valid
    except PlanError:
        assert not valid


def test_the_worked_plans_fit_the_schema() -> None:
    from jsonschema import Draft202012Validator

    schema = Draft202012Validator(json.loads((ROOT / "docs" / "plan.schema.json").read_text()))
    plans = worked_plans()
    assert plans
    for text in [*plans, (ROOT / "examples" / "meeting_minutes.yaml").read_text()]:
        schema.validate(yaml.safe_load(text))
        assert not check(parse_plan(text).given({"video": "talk.mp4"}), all_tools()).problems, text


def test_the_policy_on_the_page_can_be_used(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "school.yaml").write_text(shown, encoding="utf-8")
    assert load_policy(str(tmp_path / "school.yaml")).words == {"illicit": ("energy drink",)}
