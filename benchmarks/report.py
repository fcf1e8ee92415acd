"""Measure, keep the results, and write the tables and curves of RESULTS.md from them: what `make bench` runs.

    python benchmarks/report.py [--cases FOLDER] [--demo FOLDER] [--model FILE.gguf]
    python benchmarks/report.py --only index_speed search_scale
    python benchmarks/report.py --list
    python benchmarks/report.py --render
    python benchmarks/report.py --take endurance FILE

Without `--only`, everything is measured that does not take long and whose material is there. Each result is kept in
benchmarks/results/ as soon as it is there, and RESULTS.md follows; so an interruption loses what was being measured
and no more. What could not be measured keeps its last figures and their date. A benchmark that fails is named, the
rest goes on, and the exit status is 1. `--take` keeps what another command has written into a file, as a result of
this machine and now.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import machine
from measurements import MEASUREMENTS, SCRATCH, WRITTEN, Measurement, resolved
from measuring import reason
from page import RESULTS, render, store

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
BUSY = 0.5  # waiting processes a core, from which on timings are distorted


class FailedError(Exception):
    """A benchmark ended otherwise than with a JSON object and status 0."""


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    materials = {
        name.upper(): path.resolve()
        for name in ("cases", "demo", "model")
        if (path := getattr(options, name)) is not None
    }
    if options.list:
        return _list(materials)
    if options.render:
        print(*render() or ["RESULTS.md is as it was"], sep="\n")
        return 0
    if options.take:
        name, file = options.take
        return take(name, Path(file))
    if strangers := [name for name in options.only if name not in MEASUREMENTS]:
        print(f"there is no measurement {', '.join(strangers)}; see --list", file=sys.stderr)
        return 2
    return measure(chosen(options.only), materials)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cases", type=Path, metavar="FOLDER", help="evaluation footage, as benchmarks/README.md says"
    )
    parser.add_argument("--demo", type=Path, metavar="FOLDER", default=ROOT / "demo", help="what make demo built")
    parser.add_argument("--model", type=Path, metavar="FILE", help="a language model in a GGUF file")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these, however long they take")
    parser.add_argument("--list", action="store_true", help="what there is, what it needs, when it was measured")
    parser.add_argument("--render", action="store_true", help="measure nothing; write RESULTS.md from what is kept")
    parser.add_argument("--take", nargs=2, metavar=("NAME", "FILE"), help="keep an object that was written elsewhere")
    return parser


def take(name: str, file: Path) -> int:
    """Keep the object of a file, which may be its last line, as the result of a measurement of one command."""
    if name not in MEASUREMENTS or list(MEASUREMENTS[name].commands) != [""]:
        print(f"{name} is no measurement of one command; see --list", file=sys.stderr)
        return 2
    one = MEASUREMENTS[name]
    try:
        found = written(file.read_text(encoding="utf-8"))
    except (OSError, FailedError) as error:
        print(f"{file} cannot be taken: {error}", file=sys.stderr)
        return 2
    runs = {"": {"command": f"python {one.commands['']} {one.flag}", "result": found}}
    store(name, {"name": name, **machine.described(), "timed": one.timed, "runs": runs})
    render()
    return 0


def chosen(only: list[str]) -> list[Measurement]:
    """Those asked for, in the order of the page; without any, all that do not take long."""
    return [one for one in MEASUREMENTS.values() if (one.name in only if only else not one.slow)]


def measure(measurements: list[Measurement], materials: Mapping[str, Path]) -> int:
    """Run them one after the other, keep each result, and say at the end what was not measured and why."""
    failed, left = {}, {}
    for one in measurements:
        if why := one.missing(materials):
            left[one.name] = why
            continue
        print(f"{one.name}: about {one.minutes:g} min", file=sys.stderr, flush=True)
        try:
            found = run(one, materials)
        except FailedError as error:
            failed[one.name] = f"failed, {error}; {_kept(one.name)}"
            continue
        store(one.name, found)
        render()
        if any("exit_code" in each for each in found["runs"].values()):
            failed[one.name] = "measured, and not all is well: the page says what is not"
    for name, why in left.items():
        print(f"{name}: not measured, {why}; {_kept(name)}")
    for name, why in failed.items():
        print(f"{name}: {why}")
    return 1 if failed else 0


def run(one: Measurement, materials: Mapping[str, Path]) -> dict[str, Any]:
    """What a stored result holds. Raises `FailedError`."""
    about = machine.described()
    runs = {}
    for label, command in one.commands.items():
        if one.timed and machine.load() > BUSY * (os.cpu_count() or 1):
            print(f"{one.name}: the machine is busy (load {machine.load()}); its times will be off", file=sys.stderr)
        runs[label] = _run(f"{command} {one.flag}".strip(), materials, verdict=one.verdict)
    return {"name": one.name, **about, "timed": one.timed, "runs": runs}


def _run(command: str, materials: Mapping[str, Path], *, verdict: bool) -> dict[str, Any]:
    before, started = machine.load(), time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        words = [str(resolved(word, materials)).replace(SCRATCH, scratch) for word in shlex.split(command)]
        line = [sys.executable, *words]
        with tempfile.TemporaryFile("w+") as complained:
            done = subprocess.run(
                line, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=complained, text=True, check=False
            )
            complained.seek(0)
            complaint = complained.read()
        print(complaint, end="", file=sys.stderr, flush=True)
        file = Path(WRITTEN.replace(SCRATCH, scratch))
        if done.returncode and not (verdict and file.exists()):
            raise FailedError(reason(complaint or done.stdout, done.returncode))
        found = written(file.read_text(encoding="utf-8") if file.exists() else done.stdout)
    return {
        "command": f"python {command}",
        "seconds": round(time.perf_counter() - started, 1),
        "load": [before, machine.load()],
        "result": without_paths(found, materials),
    } | ({"exit_code": done.returncode} if done.returncode else {})


def _environment() -> dict[str, str]:
    """Scripts of training/ and tests/ find what they import beside them; the package, where it is not installed.

    It is compiled as an installed one is.
    """
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": path}


def written(text: str) -> dict[str, Any]:
    """The object that a text is, or that its last line is. Raises `FailedError`."""
    for candidate in (text, text.strip().rpartition("\n")[2]):
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    raise FailedError("no JSON object on its last line")


def without_paths(found: Any, materials: Mapping[str, Path]) -> Any:
    """The same with the folders of the materials called by their names: where they lie is nobody's business."""
    text = json.dumps(found)
    for name, path in materials.items():
        text = text.replace(json.dumps(str(path))[1:-1], name)
    return json.loads(text)


def _kept(name: str) -> str:
    file = RESULTS / f"{name}.json"
    return f"the figures of {json.loads(file.read_text())['date']} stay" if file.exists() else "it has no figures yet"


def _list(materials: Mapping[str, Path]) -> int:
    for one in MEASUREMENTS.values():
        told = [
            f"{one.minutes:g} min",
            *(["only when asked for"] if one.slow else []),
            one.missing(materials) or "ready",
        ]
        print(f"{one.name:<18} {'; '.join(told)}; {_kept(one.name)}")
        for command in one.commands.values():
            print(f"    python {command}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
