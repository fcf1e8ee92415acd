"""How often the offline planner plans right: every tool, in an order that runs, with the right arguments, nothing more.

    python benchmarks/planning.py                 # the unseen requests and the paraphrases
    python benchmarks/planning.py --part tuning --show

Requests were written from the list of tools alone. Those whose id has an even first digit in its sha256 were open
while the planner was made (`tuning`), the others were not (`unseen`); paraphrases were never looked at.
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

from playhead.agent.offline import OfflinePlanner
from playhead.agent.planner import Proposal, Stage
from playhead.models.registry import OFFLINE, Models
from playhead.tools.registry import all_tools
from playhead.types import Video

HERE = Path(__file__).parent
FUNCTION = frozenset(
    "a an the is are was were be being of with that to in on at who which what and it its his her their our my your when "
    "where there does do did has have moment moments scene scenes part".split()
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
    steps = [(step.tool, dict(step.args)) for step in proposal.plan.steps.values()]
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


def _words(text: str) -> list[str]:
    return [
        word for word in re.findall(r"\w+", text.lower().replace("'s", "").replace("’s", "")) if word not in FUNCTION
    ]


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"planning_{name}.jsonl").read_text().splitlines()]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", choices=["tuning", "more", "unseen", "paraphrases"], help="only this part")
    options.add_argument("--show", action="store_true", help="print the requests that went wrong")
    given = options.parse_args()
    planner = OfflinePlanner(all_tools(), Models(OFFLINE, threads=2).sentences)
    rows = _read("requests")
    parts = {name: [row for row in rows if part_of(row["id"]) == name] for name in ("tuning", "unseen")}
    parts |= {name: _read(name) for name in ("more", "paraphrases")}
    planner.propose("warm up", Stage())
    for name in [given.part] if given.part else ["unseen", "paraphrases"]:
        seconds, right, by_kind = [], 0, {}
        for row in parts[name]:
            stage = stage_of(row["videos"])
            begun = time.perf_counter()
            proposal = planner.propose(row["request"], stage)
            seconds.append(time.perf_counter() - begun)
            ok = is_right(row, proposal)
            right += ok
            kind = "ask back" if not row["plans"] else "one step" if len(row["plans"][0]) == 1 else "several steps"
            by_kind.setdefault(kind, []).append(ok)
            if given.show and not ok:
                told = json.dumps(proposal.plan.plain()["steps"]) if proposal.plan else f"ASKS {proposal.questions}"
                print(f"{row['id']} {row['request']}\n   {told}\n   wanted {json.dumps(row['plans'][:1])}")
        kinds = ", ".join(f"{kind} {sum(oks)}/{len(oks)}" for kind, oks in sorted(by_kind.items()))
        print(
            f"{name}: {right}/{len(parts[name])} = {100 * right / len(parts[name]):.1f} % right ({kinds}); "
            f"{1000 * np.mean(seconds):.0f} ms a plan, 95 % within {1000 * np.percentile(seconds, 95):.0f} ms"
        )


if __name__ == "__main__":
    sys.exit(main())
