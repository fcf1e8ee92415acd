"""Beside every file that a tool leaves in a run lies one that says truly where it comes from."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from playhead import Agent, Library, Settings
from playhead.agent.plan import parse_plan
from playhead.models.registry import OFFLINE, Models
from playhead.tools.provenance import SUFFIX, sidecar
from playhead.tools.registry import all_tools
from playhead.types import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playhead.agent.run import Run

WRITING = sorted(name for name, tool in all_tools().items() if tool.writes)
NEW = {"source": "generated", "seed": 7, "steps": 2}
SMALL = {"width": 64, "height": 64}
VIDEO = {"video": "film.mp4"}
SHOTS = {"tool": "detect_shots", "args": VIDEO}
FRAME = {"tool": "extract_frames", "args": VIDEO | {"at_s": [7.0]}}

# For each tool that writes: the steps before it, what it is called with, and how many files come of which source.
Row = tuple[dict[str, Any], list[dict[str, Any]], dict[str, int]]
PLANS: dict[str, Row] = {
    "compose_story": ({}, [VIDEO | {"length": 2, "film": True}], {"composed": 4, "retrieved": 2}),
    "contact_sheet": ({}, [VIDEO | {"limit": 4}], {"retrieved": 1}),
    "cut_clip": ({}, [VIDEO | {"start_s": 1, "end_s": 2}], {"retrieved": 1}),
    "detect_objects": ({}, [{"video": "$short"}], {"retrieved": 3}),
    "edit_image": (
        {"frames": FRAME},
        [{"image": "$frames.frames[0]", "prompt": "a cat in blue", "seed": 7, "steps": 2, "side": 64}],
        {"generated": 1},
    ),
    "export_subtitles": ({}, [VIDEO | {"formats": ["srt", "vtt"], "burn": True}], {"composed": 3}),
    "export_timeline": (
        {"shots": SHOTS},
        [{"moments": "$shots.shots", "formats": ["otio", "edl", "fcpxml", "youtube", "ffmetadata"]}],
        {"composed": 5},
    ),
    "extract_frames": ({}, [VIDEO | {"at_s": [1, 4, 7]}], {"retrieved": 3}),
    "generate_audio": (
        {},
        [{"prompt": "rain", "seconds": 0.2} | NEW, {"prompt": "a ferry", "source": "retrieved", "threshold": 0}],
        {"generated": 1, "retrieved": 1},
    ),
    "generate_image": (
        {},
        [{"prompt": "a hill"} | SMALL | NEW, {"prompt": "a cat", "source": "retrieved", "threshold": 0}],
        {"generated": 1, "retrieved": 1},
    ),
    "generate_video": (
        {},
        [
            {"prompt": "a hill", "frames": 9, "width": 64, "height": 32} | NEW,
            {"prompt": "a cat", "source": "retrieved", "threshold": 0, "seconds": 1},
        ],
        {"generated": 1, "retrieved": 1},
    ),
    "make_supercut": ({"shots": SHOTS}, [{"moments": "$shots.shots"}], {"composed": 1}),
    "read_text": ({}, [{"video": "$short"}], {"retrieved": 3}),
    "speak": (
        {"said": {"tool": "transcribe", "args": VIDEO}},
        [{"text": "Good morning.", "seed": 7}, {"told": "$said", "seed": 7}],
        {"generated": 2},
    ),
}  # fmt: skip
OF_NOTHING = {"a hill", "rain", "Good morning."}  # prompts of what has no footage in it


@pytest.fixture(scope="module")
def able(filmed: Library, pipelines: dict[str, Path]) -> Iterator[Library]:
    """The library of the film, where everything can be generated."""
    specs = OFFLINE | {role: f"diffusers:{pipelines[role]}" for role in ("image", "sound", "film")}
    with Library(filmed.folder, settings=Settings(), models=Models(specs, threads=2, resident=3)) as library:
        yield library


@pytest.fixture(scope="module")
def short(film: Path, ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first six seconds of the film, in no library: what is looked at in it is not known yet."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    subprocess.run(
        [ffmpeg, "-v", "error", "-i", str(film), "-t", "6", "-c", "copy", str(path)], check=True, timeout=60
    )
    return path


def test_every_tool_that_writes_has_a_row() -> None:
    assert sorted(PLANS) == WRITING


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_of(tool: str, library: Library, short: Path, folder: Path) -> Run:
    before, calls, _ = PLANS[tool]
    steps = before | {f"made_{n}": {"tool": tool, "args": args} for n, args in enumerate(calls)}
    inputs = {"short": str(short)} if "$short" in str(calls) else {}
    plan = parse_plan(yaml.safe_dump({"request": f"try {tool}", "inputs": inputs, "steps": steps}, sort_keys=False))
    agent = Agent(library, consent=lambda _: "the words of the film may be spoken")
    run = agent.run(plan, given=short, out=folder)
    assert not run.failed, [outcome.error for outcome in run.failed]
    return run


@pytest.mark.parametrize("tool", WRITING)
def test_beside_each_file_lies_one_that_is_true(
    tool: str, able: Library, film: Path, short: Path, tmp_path: Path
) -> None:
    run = run_of(tool, able, short, tmp_path / "run")
    known = {path.name: sha256(path) for path in (film, short)}
    counted: dict[str, int] = {}
    for path in left_by(run, "made_"):
        said = json.loads(sidecar(path).read_bytes())
        assert said["file"] == {"name": path.name, "sha256": sha256(path)}
        assert said["tool"]["name"] == tool
        assert said["plan"] == {
            "file": "plan.yaml",
            "sha256": sha256(tmp_path / "run" / "plan.yaml"),
            "request": f"try {tool}",
            "step": path.relative_to(tmp_path / "run" / "artifacts").parts[0],
        }
        counted[said["source"]] = counted.get(said["source"], 0) + 1
        assert bool(said["sources"]) is (said["prompt"] not in OF_NOTHING)
        assert all(part["sha256"] == known[part["name"]] for part in said["sources"])
        assert all(0 <= part["start_s"] <= part["end_s"] <= 12.1 for part in said["sources"])
        if said["source"] == Source.GENERATED:
            assert (bool(said["model"]), said["seed"]) == (True, 7)
    assert counted == PLANS[tool][2]


def left_by(run: Run, step: str) -> list[Path]:
    """Every file that steps whose names begin like this left, without those that lie beside another."""
    assert run.folder is not None
    found = [path for path in (run.folder / "artifacts").rglob("*") if path.is_file()]
    made = [path for path in found if path.parent.name.startswith(step)]
    beside = {path for path in made if path.name.endswith(SUFFIX)}
    files = sorted(set(made) - beside)
    assert beside == {sidecar(path) for path in files}
    assert {path: str(run.sources[path]) for path in files} == {
        path: json.loads(sidecar(path).read_bytes())["source"] for path in files
    }
    return files
