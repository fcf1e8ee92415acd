"""The clock jumps by years, there and back, at every look: nothing depends on it for order, or for what is kept."""

from __future__ import annotations

import os
import random
import shutil
import time
from typing import TYPE_CHECKING

from playhead import Agent
from playhead.safety.audit import Audit

from ..agent.test_resume import kept
from ..index.test_kill import dump
from .conftest import FIRST, NEXT, opened
from .test_faults import PLAN
from .toll import WHOLE, Toll

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

YEAR_S = 365.25 * 86400


def wild(patch: pytest.MonkeyPatch, seed: int) -> None:
    """From now on each look at the clock is up to twenty years off, forwards or back."""
    chance, true, shown = random.Random(seed), time.time, time.strftime

    def jumping() -> float:
        return true() + chance.uniform(-20, 20) * YEAR_S

    patch.setattr(time, "time", jumping)
    patch.setattr(time, "strftime", lambda form, when=None: shown(form, when or time.localtime(jumping())))


def test_the_clock_jumps(
    begun: Path, undisturbed: Path, footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toll: Toll
) -> None:
    with opened(shutil.copytree(undisturbed, tmp_path / "still"), footage) as library:
        Agent(library).run(PLAN, out=tmp_path / "calm")
    written = {name: (footage / name).stat() for name in (FIRST, NEXT)}
    for seed in range(20 if WHOLE else 1):
        toll.tried += 1
        folder = shutil.copytree(begun, tmp_path / str(seed) / "library")
        with monkeypatch.context() as patch, opened(folder, footage) as library:
            wild(patch, seed)
            for name in (FIRST, NEXT):
                os.utime(footage / name, (time.time(), time.time()))
            assert not library.add(footage / NEXT).failed
            library.remove(NEXT)
            assert not library.add(footage).failed
            library.remove("snow.mkv")
            run = Agent(library).run(PLAN, out=folder.parent / "run")
            toll.lost += [f"{seed}: {o.step}: {o.error}" for o in run.failed]
            toll.lost += [f"{seed}: {problem}" for problem in library.verify()]
        audit = Audit(folder / "audit.jsonl", folder / "catalog.sqlite")
        toll.lost += audit.verify()
        numbers = [entry["n"] for entry in audit.entries()]
        if numbers != list(range(1, len(numbers) + 1)):
            toll.lost.append(f"{seed}: entries of the audit log are not in order")
        if kept(folder.parent / "run").keys() != kept(tmp_path / "calm").keys():
            toll.lost.append(f"{seed}: the run made other files")
        found, wanted = dump(folder), dump(undisturbed)
        for name, stat in written.items():
            os.utime(footage / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # others look at the same films
        toll.lost += [f"{seed}: {t} differs" for t in ("video", "segment", "vector", "shot") if found[t] != wanted[t]]
