"""How well requests are planned over somebody else's tools: those of TaskBench (Shen et al. 2023).

    python benchmarks/taskbench.py FOLDER [--no-phrases | --clauses] [--every] [--predictions OUT] [--json]

FOLDER holds `tool_desc.json`, `user_requests.jsonl` ({"id", "user_request"} a line) and `gold.jsonl` ({"id", "nodes",
"links"} a line, for some of the requests). Those with a gold plan are planned, with `--every` the others too.

F1 is over the nodes of all gold plans together, and over their links (pairs of tools, in order); repeats count once,
and a tool that the catalogue does not have counts against the planner. Intervals are 95 % bootstrap intervals over
plans. Worked phrases (taskbench_phrases.yaml) are used where the catalogue is that of TaskBench Multimedia;
`--no-phrases` leaves the descriptions alone to tell what a tool does. `--clauses` is the plainest planner, for scale:
each clause of a request calls for the tool whose description is nearest. OUT gets {"id", "nodes", "links"} a line.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from metrics import interval_of, ratio_of_sums

from playhead.agent.catalogue.cards import Catalogue
from playhead.agent.catalogue.planner import CataloguePlanner
from playhead.errors import PlayheadError
from playhead.models.registry import OFFLINE, Models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Parts = tuple[frozenset[Any], frozenset[Any]]

PHRASES = Path(__file__).with_name("taskbench_phrases.yaml")
NEAR = 0.45  # a clause that is like no description by so much calls for no tool
CLAUSES = re.compile(r"[,.;]|\band\b|\bthen\b", re.IGNORECASE)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--no-phrases", action="store_true", help="the descriptions alone")
    options.add_argument("--clauses", action="store_true", help="the plainest planner")
    options.add_argument("--every", action="store_true", help="plan the requests without a gold plan as well")
    options.add_argument("--predictions", type=Path, metavar="OUT", help="write the plans to this file")
    options.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    given = options.parse_args()
    catalogue = given.folder / "tool_desc.json"
    try:
        phrases = None if given.no_phrases or given.clauses else phrases_for(catalogue)
        tools, rows = Catalogue.from_taskbench(catalogue, phrases), read(given.folder / "user_requests.jsonl")
        gold = read(given.folder / "gold.jsonl")
    except PlayheadError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except (OSError, ValueError) as error:
        print(f"{given.folder} is no folder of TaskBench: {error}", file=sys.stderr)
        return 2
    if not given.every:
        rows = [row for row in rows if row["id"] in {plan["id"] for plan in gold}]
    plans, times_ms = planned(by_clauses(tools) if given.clauses else by_catalogue(tools), rows)
    if given.predictions:
        given.predictions.write_text("".join(json.dumps({"id": key, **plan}) + "\n" for key, plan in plans.items()))
    found = score(gold, plans) | {
        "requests": len(rows),
        "without a plan": sum(not plan["nodes"] for plan in plans.values()),
        "with unknown tools": sum(any(node not in tools.cards for node in plan["nodes"]) for plan in plans.values()),
        "ms": {"mean": round(float(np.mean(times_ms)), 1), "p95": round(float(np.percentile(times_ms, 95)), 1)},
    }
    print("  ".join(f"{name} {value}" for name, value in found.items()))
    if given.json:
        print(json.dumps(found))
    return 0


def read(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def phrases_for(catalogue: Path) -> Path | None:
    """The worked phrases beside this file, where they are for these tools."""
    names = {node["id"] for node in json.loads(catalogue.read_text(encoding="utf-8"))["nodes"]}
    return PHRASES if names == set(yaml.safe_load(PHRASES.read_text(encoding="utf-8"))) else None


def planned(plan: Callable[[str], Any], rows: list[dict[str, Any]]) -> tuple[dict[str, Any], list[float]]:
    """The plan of every request by its id, and how long each took."""
    plan("warm up")
    plans, times_ms = {}, []
    for row in rows:
        begun = time.perf_counter()
        plans[row["id"]] = plan(row.get("user_request") or row.get("request") or "")
        times_ms.append(1000 * (time.perf_counter() - begun))
    return plans, times_ms


def by_catalogue(tools: Catalogue) -> Callable[[str], Any]:
    """Plans of the planner that comes with Playhead."""
    planner = CataloguePlanner(tools, Models(OFFLINE, threads=1).sentences)

    def plan(request: str) -> dict[str, Any]:
        found = planner.plan(request)
        return {"nodes": found.nodes, "links": found.links}

    return plan


def by_clauses(tools: Catalogue) -> Callable[[str], Any]:
    """Each clause's nearest tool, linked in the order in which they are mentioned."""
    sentences, names = Models(OFFLINE, threads=1).sentences, list(tools.cards)
    described = sentences.encode([card.description for card in tools])

    def plan(request: str) -> dict[str, Any]:
        clauses = [clause.strip() for clause in CLAUSES.split(request) if clause.strip()]
        likeness = sentences.encode(clauses or [request]) @ described.T
        chosen = [names[row.argmax()] for row in likeness if row.max() >= NEAR]
        nodes = list(dict.fromkeys(chosen))
        return {"nodes": nodes, "links": [list(pair) for pair in pairwise(nodes)]}

    return plan


def score(gold: list[dict[str, Any]], plans: dict[str, Any]) -> dict[str, Any]:
    """F1 of nodes and links over all plans together, over the whole and over both halves (every second plan)."""
    pairs = [(_parts(row), _parts(plans.get(row["id"], {}))) for row in gold]
    halves = {"": pairs, "first half": pairs[::2], "second half": pairs[1::2]}
    found: dict[str, Any] = {"gold": len(gold)}
    for name, some in halves.items():
        for at, what in enumerate(("nodes", "links")):
            found[f"{what}, {name}" if name else what] = f1((true[at], ours[at]) for true, ours in some)
    return found


def _parts(plan: dict[str, Any]) -> Parts:
    def clean(name: str) -> str:
        return name.replace("_", " ")

    links = frozenset((clean(first), clean(second)) for first, second in plan.get("links") or ())
    return frozenset(map(clean, plan.get("nodes") or ())), links


def f1(pairs: Iterable[tuple[frozenset[Any], frozenset[Any]]]) -> dict[str, Any]:
    """F1 in per cent of what was found of all that is true, with its interval."""
    rows = [(200.0 * len(true & ours), len(true) + len(ours)) for true, ours in pairs]
    if not rows:
        return {"f1": 0.0, "interval_95": [0.0, 0.0]}
    twice, both = np.array(rows, np.float64).T
    return {
        "f1": round(float(ratio_of_sums(twice, both)), 1),
        "interval_95": [round(x, 1) for x in interval_of(ratio_of_sums, twice, both)],
    }


if __name__ == "__main__":
    sys.exit(main())
