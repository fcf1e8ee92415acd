"""Everything that can fail, be killed or leak, in full: what `make endure` runs; a table in the end.

    python -m tests.endurance.endure --out endurance.json

The tests are those that CI runs a few of. The exit code is 1 where anything was lost or leaked, or a test failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
PARTS = {
    "faults": ("tests/endurance", "--ignore=tests/endurance/test_soak.py"),  # which tries the soak itself
    "kills": (
        "-k", "killed", "tests/index/test_kill.py", "tests/agent/test_resume.py", "tests/safety/test_audit.py",
    ),
}  # fmt: skip


@dataclass
class Row:
    """One line of the table: of so many tries what was lost, what leaked, how many tests failed or were skipped."""

    what: str
    tried: int = 0
    lost: int = 0
    leaked: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        return not (self.lost or self.leaked or self.failed)


def in_full(arguments: Sequence[str], kills: int) -> list[Row]:
    """The tests in full, a row for each."""
    environment = os.environ | {"ENDURE": "whole", "ENDURE_KILLS": str(kills)}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        quietly = ("-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={report}")
        command = [sys.executable, "-m", "pytest", *quietly, *arguments]
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        return judged(status, report)


def judged(status: int, report: Path) -> list[Row]:
    """The rows of a report; and one that failed, where pytest ended badly and no test says why, or none was run."""
    try:
        found = rows(ET.parse(report).getroot())
    except (OSError, ET.ParseError):
        found = []
    if not found or (status and all(row.well for row in found)):
        found.append(Row(f"pytest, which ended with {status} after {len(found)} tests", failed=1))
    return found


def rows(report: ET.Element) -> list[Row]:
    """A report of pytest as a row for each test function, its cases added up."""
    found: dict[str, Row] = {}
    for case in report.iter("testcase"):
        name = case.get("name", "").partition("[")[0].removeprefix("test_").replace("_", " ")
        row = found.setdefault(name, Row(name))
        said = {p.get("name"): int(p.get("value", 0)) for p in case.iter("property")}
        row.tried += said.get("tried", 1)
        row.lost += said.get("lost", 0)
        row.leaked += said.get("leaked", 0)
        row.failed += case.find("failure") is not None or case.find("error") is not None
        row.skipped += case.find("skipped") is not None
        row.seconds += float(case.get("time", 0))
    return list(found.values())


def soaked(minutes: float) -> tuple[Row, dict[str, Any]]:
    """The soak as a row, and all that it said."""
    command = [sys.executable, "-m", "tests.endurance.soak", "--minutes", str(minutes)]
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.splitlines()
    nothing: dict[str, Any] = {"cycles": 0, "faults": {}, "left": [], "growing": []}
    said: dict[str, Any] = json.loads(lines[-1]) if lines else nothing
    lost, leaked = sum(said["faults"].values()), len(said["left"]) + len(said["growing"])
    row = Row(f"a soak of {minutes:g} minutes, cycles", said["cycles"], lost, leaked)
    row.failed, row.seconds = int(done.returncode != 0), time.monotonic() - begun
    return row, said


def table(found: Sequence[Row]) -> str:
    """The rows for a person."""
    wide = max(len(row.what) for row in found)
    lines = [f"{'what':{wide}}  how many   lost  leaked  failed  skipped   seconds"]
    lines += [
        f"{r.what:{wide}} {r.tried:9,} {r.lost:6} {r.leaked:7} {r.failed:7} {r.skipped:8} {r.seconds:9.1f}"
        for r in found
    ]
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> int:
    """Run what is asked for, print the table, write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="of soak; 0: none")
    parser.add_argument("--kills", type=int, default=100, help="of each kind")
    parser.add_argument("--only", choices=[*PARTS, "soak"], help="one part")
    parser.add_argument("--out", type=Path, help="write the table as JSON here, with the curves of the soak")
    asked = parser.parse_args(given)
    found: list[Row] = []
    for part, arguments in PARTS.items():
        if asked.only in (None, part):
            found += in_full(arguments, asked.kills)
    said: dict[str, Any] = {}
    if asked.minutes and asked.only in (None, "soak"):
        row, said = soaked(asked.minutes)
        found.append(row)
    if not found:
        parser.error("with --only soak and no minutes nothing is tried")
    print(table(found))
    if asked.out:
        written = {"rows": [asdict(row) for row in found], "soak": said}
        asked.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return 0 if all(row.well for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
