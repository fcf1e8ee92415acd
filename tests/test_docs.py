"""What the pages say runs: every Python snippet, and every command line of the README and the guides."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from playhead import Library
from playhead.interfaces.cli import app, main
from playhead.interfaces.demo_film import build

ROOT = Path(__file__).parents[1]
NEEDS_A_DOWNLOAD = {"hub", "speech=whisper:small"}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film under the names that the pages use, indexed."""
    folder = tmp_path_factory.mktemp("docs")
    build(folder).rename(folder / "talk.mp4")
    with Library(folder / "footage.playhead") as library:
        report = library.add(folder / "talk.mp4")
    assert not report.failed
    return folder


@pytest.fixture
def here(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("PLAYHEAD_LIBRARY", "footage.playhead")
    return workplace


@pytest.mark.parametrize("page", [*PAGES, ROOT / "benchmarks" / "RESULTS.md"], ids=lambda page: page.name)
def test_no_figure_is_still_to_be_filled_in(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^[A-Z]{4,}$|\| [A-Z]{5,} \||\b(?:TODO|TBD|XXX)\b", text, re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_snippets_run(page: Path, here: Path) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
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
    with pytest.raises(SystemExit) as stop:
        app([*words[1:2], "--help"], prog_name="playhead", standalone_mode=True)
    assert stop.value.code == 0, page
    known = set(re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", _help(words[1])))
    assert {w.split("=")[0] for w in words[2:] if re.match(r"--?[a-z]", w)} <= known | {"--help"}


def _help(command: str) -> str:
    import typer.main

    group = typer.main.get_command(app)
    options = group.commands[command].params  # type: ignore[attr-defined]
    return " ".join(name for option in options for name in option.opts)


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
def test_command_lines_about_the_film_run(line: str, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = line.partition(" > ")[0]
    if not (here / "shoe.jpg").exists():
        pytest.importorskip("PIL.Image").new("RGB", (64, 64), "white").save(here / "shoe.jpg")
    assert main(shlex.split(line)[1:]) == 0, capfd.readouterr().err


def test_the_reference_is_current() -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == module.reference(), "run: make docs"
