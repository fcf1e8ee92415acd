"""The stored results and the page that shows them.

A result is benchmarks/results/NAME.json: when, on what and at which commit it was measured, and for each command what
its `--json` printed. RESULTS.md keeps its prose; each `<!-- measured: NAME -->` … `<!-- end -->` holds what is made
of that result: the commands, the table, the curves, and a line that says when it was measured and on what.
`<!-- measured: NAME/PART -->` holds another table of the same result. A result with a "table" of its own, and perhaps
"parts", was carried over from before results were stored.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curves import svg
from measurements import MEASUREMENTS
from quality_tables import TABLES as QUALITY
from speed_tables import FIGURES
from speed_tables import TABLES as SPEED

from playhead.models.cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
RESULTS, PAGE, IMAGES = HERE / "results", HERE / "RESULTS.md", HERE.parent / "docs" / "images"
BLOCK = re.compile(r"(<!-- measured: ([\w/]+) -->\n).*?(<!-- end -->)", re.DOTALL)
NUMBERS = re.compile(r'\[\n([^\[\]{}"]*)\n\s*\]')  # lists of figures, which take a line each otherwise
ENVIRONMENT = "environment"
TABLES = QUALITY | SPEED

Result = dict[str, Any]


def store(name: str, result: Result, folder: Path | None = None) -> None:
    """Keep a result, in place of the last one."""
    text = NUMBERS.sub(
        lambda found: f"[{' '.join(found[1].split())}]", json.dumps(result, indent=1, ensure_ascii=False)
    )
    write_atomically((folder or RESULTS) / f"{name}.json", [f"{text}\n".encode()])


def stored(folder: Path | None = None) -> dict[str, Result]:
    """Every stored result by its name."""
    return {file.stem: json.loads(file.read_text()) for file in sorted((folder or RESULTS).glob("*.json"))}


def render() -> list[str]:
    """Write the page and the pictures from what is stored; the names of the files that changed."""
    results = stored()
    files = {PAGE: page(PAGE.read_text(), results)}
    files |= {IMAGES / f"bench-{name}.svg": drawn for name, drawn in pictures(results).items()}
    changed = [file for file, text in files.items() if not file.exists() or file.read_text() != text]
    for file in changed:
        write_atomically(file, [files[file].encode()])
    return [file.name for file in changed]


def page(text: str, results: dict[str, Result]) -> str:
    """The page with every block made anew."""
    usual = usual_environment(results)

    def block(found: re.Match[str]) -> str:
        inside = _block(found[2], results, usual)
        return f"{found[1]}\n{inside}\n\n{found[3]}" if inside else f"{found[1]}{found[3]}"

    return BLOCK.sub(block, text)


def pictures(results: dict[str, Result]) -> dict[str, str]:
    """The curves of every result that has some, by the name of the picture."""
    return {
        name: svg(figure)
        for measured, make in FIGURES.items()
        if measured in results and "runs" in results[measured]
        for name, figure in make(_objects(results[measured])).items()
    }


def _objects(result: Result) -> dict[str, Any]:
    return {label: run["result"] for label, run in result["runs"].items()}


def _block(name: str, results: dict[str, Result], usual: Result) -> str:
    if name == ENVIRONMENT:
        return _head(usual, results)
    measured, _, part = name.partition("/")
    if measured not in results:
        return "" if part else f"Not measured yet: `make bench ONLY={measured}`."
    result = results[measured]
    table = _table(name, result)
    if part:
        return table
    parts = ["\n".join(_commands(result)), table, *_shown(measured, result), _told(result, usual)]
    return "\n\n".join(filter(None, parts))


def _table(name: str, result: Result) -> str:
    if "runs" in result:
        return TABLES[name](_objects(result))
    part = name.partition("/")[2]
    return str(result.get("parts", {}).get(part, "") if part else result["table"])


def _commands(result: Result) -> Iterator[str]:
    """Every command once, as code."""
    commands = [run["command"] for run in result.get("runs", {}).values()] + result.get("commands", [])
    yield from (f"    {command}" for command in dict.fromkeys(commands))


def _shown(name: str, result: Result) -> list[str]:
    made = FIGURES[name](_objects(result)) if name in FIGURES and "runs" in result else {}
    return [f"![{figure.title}](../docs/images/bench-{picture}.svg)" for picture, figure in made.items()]


def _told(result: Result, usual: Result) -> str:
    """When, at which commit, how long, how busy; the machine and versions where they are not the usual ones."""
    runs = list(result.get("runs", {}).values())
    told = [f"Measured on {result['date']}", f"commit {result['commit']}" if result.get("commit") else ""]
    if seconds := sum(run.get("seconds", 0) for run in runs):
        told.append(f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s")
    if loads := [load for run in runs for load in run.get("load", [])]:
        told.append(f"load {min(loads):g} to {max(loads):g}")
    told.append("" if runs else "carried over from an earlier page")
    told.append(result["machine"] if result["machine"] != usual["machine"] else "")
    told.append(f"Python {result['python']}" if result["python"] != usual["python"] else "")
    told += [f"{k} {v}" for k, v in result.get("versions", {}).items() if usual["versions"].get(k) != v]
    return f"*{', '.join(filter(None, told))}.*"


def usual_environment(results: dict[str, Result]) -> Result:
    """The machine, Python and versions that most results were measured with; the newest where two have as many."""
    measured = [result for result in results.values() if "runs" in result and result.get("versions")]
    if not measured:
        return {"machine": "", "python": "", "versions": {}}
    keys = [json.dumps([r["machine"], r["python"], r["versions"]], sort_keys=True) for r in measured]
    counts = Counter(keys)
    newest = max(zip(keys, measured, strict=True), key=lambda pair: (counts[pair[0]], pair[1]["date"], pair[0]))
    return newest[1]


def _head(usual: Result, results: dict[str, Result]) -> str:
    dates = sorted(result["date"] for result in results.values())
    between = dates[0] if dates[0] == dates[-1] else f"between {dates[0]} and {dates[-1]}"
    versions = ", ".join(f"{name} {version}" for name, version in usual["versions"].items())
    unmeasured = sorted(MEASUREMENTS.keys() - results.keys())
    lines = [
        f"| measured | {between} |",
        "|---|---|",
        f"| machine | {usual['machine']} |",
        f"| Python | {usual['python']} |",
        f"| packages | {versions} |",
    ]
    return "\n".join([*lines, *([f"| not measured yet | {', '.join(unmeasured)} |"] if unmeasured else [])])
