"""Where a run is kept: a folder of its own, with its plan in it before anything else."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.agent.journal import read_journal
from playhead.agent.plan import load_plan
from playhead.agent.run import PLAN
from playhead.errors import InputError, PlanError, StorageError, reason_of
from playhead.models.cache import write_atomically

if TYPE_CHECKING:
    from playhead.agent.plan import Plan

_NAME_WORDS = 6
NAME_A_RUN = "Name the folder that --out named, or one below runs in the library"


def run_folder(plan: Plan, out: str | Path | None, runs: Path) -> Path:
    """The folder of a run, with its plan in it: `out`, which may hold the same run begun before, or one below `runs`.

    Raises `InputError` for a folder that holds something else, `StorageError` where it cannot be written to.
    """
    try:
        folder = Path(out).expanduser() if out else fresh_folder(runs / _name(plan))
        folder.mkdir(parents=True, exist_ok=True)
        if not _holds(folder, plan):
            write_atomically(folder / PLAN, [plan.yaml().encode()])
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"The run cannot be kept in {out or runs}", "it is no folder", "Choose another") from error
    except OSError as error:
        why = reason_of(error)
        raise StorageError(f"The run cannot be kept in {out or runs}", why, "Choose another with --out") from error
    return folder


def _holds(folder: Path, plan: Plan) -> bool:
    """Whether the folder holds a run of this plan; if not, it must be empty."""
    kept = folder / PLAN
    if kept.exists():
        if load_plan(kept).digest != plan.digest:
            raise InputError(f"{folder} holds the run of another plan", "", "Choose another folder with --out")
        return True
    if any(path.suffix != ".part" for path in folder.iterdir()):  # what a killed run wrote of its plan
        raise InputError(f"{folder} is not empty", "a run needs a folder of its own", "Choose another with --out")
    return False


def fresh_folder(folder: Path) -> Path:
    """A new folder of this name, or of the name with a number where there is one already. Raises `OSError`."""
    number = 1
    while True:
        new = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        with suppress(FileExistsError):
            new.mkdir(parents=True)
            return new
        number += 1


def beside(path: Path) -> Path:
    """A folder for the replay of a run, beside it; not made yet."""
    path, number = path.resolve(), 1
    while (folder := path.with_name(f"{path.name}.replay{number}")).exists():
        number += 1
    return folder


def finished_digests(journal: Path) -> dict[str, str]:
    """The digest of each step's result, by its name. Raises `PlanError` for a run that did not end."""
    if not journal.is_file():
        raise PlanError(f"{journal.parent} holds no finished run", f"there is no {journal.name} in it", NAME_A_RUN)
    entries = read_journal(journal)
    if not any(entry["event"] == "answered" for entry in entries):
        raise PlanError(
            f"{journal.parent} holds no finished run", "it did not end", f"Go on: playhead run {journal.parent}"
        )
    return {e["step"]: e["sha256"] for e in entries if e.get("sha256") and "step" in e}


def _name(plan: Plan) -> str:
    words = re.findall(r"[a-z0-9]+", plan.request.lower())[:_NAME_WORDS]
    return "-".join([time.strftime("%Y%m%d-%H%M%S"), plan.digest[:6], *words])
