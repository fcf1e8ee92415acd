"""How often the offline planner plans right over Playhead's own tools.

    python benchmarks/planning.py [--json]                  # unseen requests and paraphrases
    python benchmarks/planning.py --part tuning --show      # with what went wrong
    python benchmarks/planning.py --part all

A plan over Playhead's tools is right when it holds every tool that is needed and none more, in an order that can run,
with the right arguments; descriptions are compared by their content words without endings. Requests were written from
the list of tools alone. Those whose id has an even first digit in its sha256 were open while the planner was made
(`tuning`), and so were all of `more`; the others (`unseen`) and the paraphrases of either were not.
Intervals are 95 % bootstrap intervals over requests. Other tools: taskbench.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from metrics import interval

from playhead.agent.offline import OfflinePlanner
from playhead.agent.planner import Proposal, Stage
from playhead.models.registry import OFFLINE, Models
from playhead.tools.registry import all_tools
from playhead.types import Video

HERE = Path(__file__).parent
UNSEEN = ("unseen", "paraphrases", "making-unseen")
PARTS = (*UNSEEN, "tuning", "more", "making-tuning")
FUNCTION = frozenset(
    "a an the is are was were be being of with that to in on at who which what and it its his her their our my your "
    "when where there does do did has have moment moments scene scenes part".split()
)
ALL = 100


def part_of(request_id: str) -> str:
    """The part that a request belongs to, by its id alone."""
    return "tuning" if int(hashlib.sha256(request_id.encode()).hexdigest()[0], 16) % 2 == 0 else "unseen"


def stage_of(names: list[str]) -> Stage:
    """A library that holds these videos, ten minutes each."""
    return Stage(
        tuple(Video(hashlib.sha256(name.encode()).hexdigest(), name, Path("/footage", name), 600.0) for name in names)
    )


def is_right(row: dict[str, Any], proposal: Proposal) -> bool:
    """Whether the proposal is one that the request's author accepts."""
    if proposal.plan is None:
        return not row["plans"]
    said = json.dumps([dict(step.args) for step in proposal.plan.steps.values()])
    steps = []
    for name, step in proposal.plan.steps.items():
        args = dict(step.args)
        if args.get("limit") == 1 and f"${name}.moments[0]" in said:
            args["only"] = args.pop("limit")  # it stands for a stretch: one moment is all that is looked at
        steps.append((step.tool, args))
    inputs = proposal.plan.inputs
    return any(_matches(gold, steps, inputs, row["videos"]) for gold in row["plans"])


def _matches(gold: list[Any], steps: list[Any], inputs: dict[str, Any], videos: list[str]) -> bool:
    if sorted(tool for tool, _ in gold) != sorted(tool for tool, _ in steps):
        return False
    return any(
        all(
            tool == own and _arguments(wanted, args, inputs, videos)
            for (tool, wanted), (own, args) in zip(gold, order, strict=True)
        )
        for order in permutations(steps)
    )


def _arguments(wanted: dict[str, Any], args: dict[str, Any], inputs: dict[str, Any], videos: list[str]) -> bool:
    args = {name: inputs.get(v[1:], v) if isinstance(v, str) and v.startswith("$") else v for name, v in args.items()}
    if args.get("start_s") == 0:
        del args["start_s"]
    if isinstance(args.get("limit"), int) and args["limit"] >= ALL:
        del args["limit"]
    if "at_s" in wanted and wanted["at_s"] == "$" and "moments" in args:
        args["at_s"] = args.pop("moments")
    if (only := args.pop("only", None)) and {"limit", "limit?"} & set(wanted):
        args["limit"] = only
    names = {name.rstrip("?"): name for name in wanted}
    if "video" not in names and "video" in args:
        own = args.pop("video")
        if not (str(own).startswith("$") or [own] == videos):
            return False
    if set(args) - set(names):
        return False
    return all(
        (name in args and _fits(wanted[key], args[name])) or (name not in args and key.endswith("?"))
        for name, key in names.items()
    )


def _fits(wanted: Any, given: Any) -> bool:
    if wanted == "*":
        return True
    if wanted == "$":
        return "$" in json.dumps(given)
    if isinstance(wanted, list) and wanted and all(isinstance(one, str) for one in wanted):
        values = given if isinstance(given, list) else [given]
        return all(any(_words(one) == _words(str(value)) for one in wanted) for value in values)
    if isinstance(wanted, list):
        if not isinstance(given, list):
            return any(_fits(one, given) for one in wanted)
        return len(wanted) == len(given) and all(_fits(a, b) for a, b in zip(wanted, given, strict=True))
    if isinstance(wanted, int | float) and isinstance(given, int | float):
        return abs(wanted - given) < 0.01
    return bool(wanted == given)


def _words(text: str) -> frozenset[str]:
    """The content words of a description, without their endings: "the dog jumps" is "a jumping dog"."""
    words = re.findall(r"\w+", text.lower().replace("'s", "").replace("’s", ""))
    return frozenset(_stem(word) for word in words if word not in FUNCTION)


def _stem(word: str) -> str:
    bare = re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 3 else word
    return bare[:-1] if len(bare) > 3 and bare[-1] == bare[-2] else bare


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"planning_{name}.jsonl").read_text().splitlines()]


def parts() -> dict[str, list[dict[str, Any]]]:
    """The requests of each part."""
    rows, made = _read("requests"), _read("making")
    found = {name: [row for row in rows if part_of(row["id"]) == name] for name in ("unseen", "tuning")}
    found |= {name: _read(name) for name in ("paraphrases", "more")}
    return found | {
        f"making-{name}": [row for row in made if part_of(row["id"]) == name] for name in ("unseen", "tuning")
    }


def measure(planner: OfflinePlanner, rows: list[dict[str, Any]], *, show: bool) -> dict[str, Any]:
    """How many requests of a part are planned right, by kind, and how long a plan takes."""
    times_ms, by_kind = [], {}
    for row in rows:
        begun = time.perf_counter()
        proposal = planner.propose(row["request"], stage_of(row["videos"]))
        times_ms.append(1000 * (time.perf_counter() - begun))
        ok = is_right(row, proposal)
        kind = "ask back" if not row["plans"] else "one step" if len(row["plans"][0]) == 1 else "several steps"
        by_kind.setdefault(kind, []).append(ok)
        if show and not ok:
            told = json.dumps(proposal.plan.plain()["steps"]) if proposal.plan else f"ASKS {proposal.questions}"
            print(f"{row['id']} {row['request']}\n   {told}\n   wanted {json.dumps(row['plans'][:1])}")
    oks = [ok for found in by_kind.values() for ok in found]
    return {
        "right": sum(oks),
        "of": len(oks),
        "interval_95": [round(x, 4) for x in interval(np.array(oks, np.float64))],
        "by_kind": {kind: [sum(found), len(found)] for kind, found in sorted(by_kind.items())},
        "ms": {"mean": round(float(np.mean(times_ms)), 1), "p95": round(float(np.percentile(times_ms, 95)), 1)},
    }


def _show(name: str, found: dict[str, Any]) -> None:
    kinds = ", ".join(f"{kind} {right}/{count}" for kind, (right, count) in found["by_kind"].items())
    low, high = found["interval_95"]
    share = f"{100 * found['right'] / found['of']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    times = f"{found['ms']['mean']:.0f} ms a plan, 95 % within {found['ms']['p95']:.0f} ms"
    print(f"{name}: {found['right']}/{found['of']} = {share} right ({kinds}); {times}", flush=True)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", choices=["all", *PARTS], help="only this part, or all of them")
    options.add_argument("--show", action="store_true", help="print the requests that went wrong")
    options.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    given = options.parse_args()
    planner = OfflinePlanner(all_tools(), Models(OFFLINE, threads=2).sentences)
    planner.propose("warm up", Stage())
    wanted = PARTS if given.part == "all" else [given.part] if given.part else UNSEEN
    found = {}
    for name in wanted:
        found[name] = measure(planner, parts()[name], show=given.show)
        _show(name, found[name])
    if given.json:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
