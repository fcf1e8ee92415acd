"""The rules of the house that no linter holds: a light start, downward imports, a tidy face, no machine's traces."""

import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import playhead
from playhead import strict_yaml

ROOT = Path(__file__).parents[1]
START_LIMIT_S = 0.3
HEAVY = {"chromadb", "diffusers", "langchain", "sentence_transformers", "torch", "transformers", "whisper"}
HELP = "import sys; sys.argv = ['playhead', '--help']; from playhead.interfaces.cli import main; main()"
NOT_OURS = ("__pycache__", "build", "demo", "dist")
# Put together here so that this file does not mention them.
TRACES = [
    "".join(parts)
    for parts in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("registry.", "npmjs"),
        ("deb.", "debian.org"),
        ("index", "-url"),
        ("/wo", "rk/"),
        ("/ro", "ot/"),
    )
]


def run_python(code: str) -> tuple[str, float]:
    """What a fresh interpreter prints, and the processor seconds it took."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout as stdout:
        printed = stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, printed
    return printed, usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("code", ["import playhead", HELP], ids=["import", "help"])
def test_starting_costs_little(code: str) -> None:
    assert min(run_python(code)[1] for _ in range(3)) < START_LIMIT_S


@pytest.mark.parametrize("module", ["playhead", "playhead.interfaces.cli"])
def test_heavy_libraries_wait_until_they_are_used(module: str) -> None:
    printed, _ = run_python(f"import sys, {module}; print(*sys.modules)")
    loaded = {name.split(".")[0] for name in printed.split()}
    assert "playhead" in loaded
    assert not loaded & HEAVY


def test_imports_point_down() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@cache
def modules() -> list[ModuleType]:
    names = [found.name for found in pkgutil.walk_packages(playhead.__path__, "playhead.")]
    return [playhead, *(importlib.import_module(name) for name in names if not name.endswith("__main__"))]


def test_every_module_says_what_it_is() -> None:
    assert [module.__name__ for module in modules() if not (module.__doc__ or "").strip()] == []


def test_every_public_list_is_sorted_and_resolves() -> None:
    for module in modules():
        names = getattr(module, "__all__", [])
        assert list(names) == sorted(names), module.__name__
        assert [name for name in names if not hasattr(module, name)] == [], module.__name__


def test_the_face_is_documented() -> None:
    things = {name: getattr(playhead, name) for name in playhead.__all__}
    assert [name for name, thing in things.items() if not inspect.getdoc(thing)] == []


def test_no_machine_or_registry_is_mentioned() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {trace}"
        for path in our_files()
        for trace in TRACES
        if trace.encode() in path.read_bytes()
    ]
    assert found == []


def test_our_yaml_says_nothing_twice() -> None:
    """It is read by libyaml, which takes the last of two."""
    ours = [path for path in our_files() if path.suffix == ".yaml"]
    assert len(ours) > 20
    for path in ours:
        strict_yaml.load(path.read_text(encoding="utf-8"))


def our_files() -> list[Path]:
    """Every file of the source tree, without what tools, builds and runs leave there."""
    files: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if is_ours(name)]
        files += [Path(folder, name) for name in names if name != ".git"]
    return [path for path in files if path.is_file() and not path.is_symlink()]


def is_ours(folder: str) -> bool:
    if folder.startswith("."):
        return folder == ".ci"
    return folder not in NOT_OURS and not folder.endswith((".egg-info", ".playhead"))
