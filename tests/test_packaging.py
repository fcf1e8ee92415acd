"""The wheel's package list, the root folders, the links under src/ and the built wheel agree."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS = {name: ROOT / folder for name, folder in SETUPTOOLS["package-dir"].items()}
ROOMS = {name: folder for name, folder in FOLDERS.items() if name != "playhead"}


def packages_on_disk() -> set[str]:
    return {
        ".".join((name, *init.parent.relative_to(folder).parts))
        for name, folder in FOLDERS.items()
        for init in files_below(folder)
        if init.name == "__init__.py"
    }


def expected_in_wheel() -> set[str]:
    return {
        (Path(*name.split(".")) / file.relative_to(folder)).as_posix()
        for name, folder in FOLDERS.items()
        for file in files_below(folder)
    }


def files_below(folder: Path) -> list[Path]:
    """Without the rooms that are linked into the face: they are counted from their own folders."""
    return [
        Path(parent, name)
        for parent, folders, names in os.walk(folder)
        for name in names
        if "__pycache__" not in parent
    ]


def test_every_package_is_listed() -> None:
    assert set(SETUPTOOLS["packages"]) == packages_on_disk()


def test_every_folder_of_python_at_the_root_is_a_room_or_known_not_to_be() -> None:
    folders = {init.parent.name for init in ROOT.glob("*/__init__.py")}
    assert folders - {"tests", "benchmarks", "training", "docs", "examples"} == {p.name for p in ROOMS.values()}


@pytest.mark.parametrize("name", sorted(ROOMS))
def test_link_leads_to_its_room(name: str) -> None:
    link = ROOT / "src" / name.replace(".", "/")
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == ROOMS[name].resolve()


def test_every_link_is_a_room() -> None:
    links = {path.name for path in (ROOT / "src/playhead").iterdir() if path.is_symlink()}
    assert links == {name.removeprefix("playhead.") for name in ROOMS}


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_every_room(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for item in (*{path.name for path in ROOMS.values()}, "src", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        (source / item).symlink_to(ROOT / item)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*build, "--wheel-dir", tmp_path, source], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("playhead-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {name for name in names if name.startswith("playhead/")}
    assert packed == expected_in_wheel()
    assert {name.rsplit("/", 1)[-1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
