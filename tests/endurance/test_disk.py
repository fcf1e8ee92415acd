"""A disk that is really full, at every stage of indexing: it is told, nothing is lost, and with room it goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import NEXT
from .toll import WHOLE, Toll

STEP_KIB = 24
UNSHARE = ("unshare", "-rm")
ROOT = Path(__file__).parents[2]


def _may_mount(folder: Path) -> str:
    """Why no disk of its own can be mounted here; empty where one can."""
    if not shutil.which("unshare"):
        return "there is no unshare"
    command = [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stderr.strip() if done.returncode else ""


def _kib(folder: Path) -> int:
    """What a folder takes on a disk of pages of 4 KiB."""
    return sum(4 * -(-path.stat().st_size // 4096) for path in folder.rglob("*") if path.is_file())


def test_a_full_disk(begun: Path, undisturbed: Path, footage: Path, tmp_path: Path, toll: Toll) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    if why := _may_mount(place):
        pytest.skip(f"no small disk can be mounted: {why}")
    least, most = _kib(begun) + STEP_KIB, _kib(begun) + 2 * _kib(undisturbed) + 1200
    sizes = list(range(least, most, STEP_KIB if WHOLE else (most - least) // 2))
    case = {
        "library": str(begun), "whole": str(undisturbed), "footage": str(footage), "film": NEXT,
        "mount": str(place), "sizes_kib": sizes,
    }  # fmt: skip
    command = [*UNSHARE, sys.executable, "-m", "tests.endurance.small_disk", json.dumps(case)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(one["full"] for one in said), "no disk was full"
    toll.tried = len(said)
    for one in said:
        if not one["same"] or one["kept"] or one["again"] or one["wrong"] or "!" in one["full"]:
            toll.lost.append(json.dumps(one))
        toll.leaked += [f"{one['size_kib']} KiB: {name}" for name in one["left"]]
