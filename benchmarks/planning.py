"""How often the offline planners plan right, over Playhead's own tools and over any catalogue of tools.

    python benchmarks/planning.py                           # Playhead's tools: unseen requests and paraphrases
    python benchmarks/planning.py --part tuning --show      # with what went wrong
    python benchmarks/planning.py --catalogue tool_desc.json --requests user_requests.jsonl --predictions OUT
                                  [--phrases FILE | --no-phrases]

A plan over Playhead's tools is right when it holds every tool that is needed and none more, in an order that can run,
with the right arguments; descriptions are compared by their content words without endings. Requests were written from
the list of tools alone. Those whose id has an even first digit in its sha256 were open while the planner was made
(`tuning`), and so were all of `more`; the others (`unseen`) and the paraphrases of either were not.

A catalogue is as TaskBench writes it (Shen et al. 2023); REQUESTS has one {"id", "user_request"} a line, OUT gets one
{"id", "nodes", "links"}. Worked phrases for its tools (taskbench_phrases.yaml) are used where the catalogue is that
of TaskBench Multimedia; `--no-phrases` leaves the descriptions alone to tell what a tool does.
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
import yaml

from playhead.agent.catalogue.cards import Catalogue
from playhead.agent.catalogue.planner import CataloguePlanner
from playhead.agent.offline import OfflinePlanner
from playhead.agent.planner import Proposal, Stage
from playhead.models.registry import OFFLINE, Models
from playhead.tools.registry import all_tools
from playhead.types import Video

HERE = Path(__file__).parent
PHRASES = HERE / "taskbench_phrases.yaml"
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


def own_tools(part: str | None, *, show: bool) -> None:
    """Plan every request of a part (or of those never seen) and say how many are right."""
    planner = OfflinePlanner(all_tools(), Models(OFFLINE, threads=2).sentences)
    rows = _read("requests")
    parts = {name: [row for row in rows if part_of(row["id"]) == name] for name in ("tuning", "unseen")}
    parts |= {name: _read(name) for name in ("more", "paraphrases")}
    made = _read("making")
    parts |= {f"making-{name}": [row for row in made if part_of(row["id"]) == name] for name in ("tuning", "unseen")}
    planner.propose("warm up", Stage())
    for name in [part] if part else ["unseen", "paraphrases", "making-unseen"]:
        times, by_kind = [], {}
        for row in parts[name]:
            begun = time.perf_counter()
            proposal = planner.propose(row["request"], stage_of(row["videos"]))
            times.append(1000 * (time.perf_counter() - begun))
            ok = is_right(row, proposal)
            kind = "ask back" if not row["plans"] else "one step" if len(row["plans"][0]) == 1 else "several steps"
            by_kind.setdefault(kind, []).append(ok)
            if show and not ok:
                told = json.dumps(proposal.plan.plain()["steps"]) if proposal.plan else f"ASKS {proposal.questions}"
                print(f"{row['id']} {row['request']}\n   {told}\n   wanted {json.dumps(row['plans'][:1])}")
        right, total = sum(map(sum, by_kind.values())), len(parts[name])
        kinds = ", ".join(f"{kind} {sum(oks)}/{len(oks)}" for kind, oks in sorted(by_kind.items()))
        print(f"{name}: {right}/{total} = {100 * right / total:.1f} % right ({kinds}); {_told(times)}")


def any_catalogue(catalogue: Path, phrases: Path | None, requests: Path, predictions: Path) -> None:
    """Plan every request over a catalogue, and write the predictions."""
    tools = Catalogue.from_taskbench(catalogue, phrases)
    planner = CataloguePlanner(tools, Models(OFFLINE, threads=1).sentences)
    rows = [json.loads(line) for line in requests.read_text(encoding="utf-8").splitlines() if line.strip()]
    planner.plan("warm up")
    times = []
    with predictions.open("w", encoding="utf-8") as out:
        for done, row in enumerate(rows, 1):
            begun = time.perf_counter()
            plan = planner.plan(row.get("user_request") or row.get("request") or "")
            times.append(1000 * (time.perf_counter() - begun))
            out.write(json.dumps({"id": row["id"], "nodes": plan.nodes, "links": plan.links}) + "\n")
            if done % 100 == 0 or done == len(rows):
                print(f"\r{done} of {len(rows)}", end="" if done < len(rows) else "\n", file=sys.stderr)
    print(f"{len(rows)} requests, {'with' if phrases else 'without'} worked phrases; {_told(times)}")


def _told(times_ms: list[float]) -> str:
    return f"{np.mean(times_ms):.0f} ms a plan, 95 % within {np.percentile(times_ms, 95):.0f} ms"


def _phrases_for(catalogue: Path) -> Path | None:
    """The worked phrases beside this file, where they are for these tools."""
    names = {node["id"] for node in json.loads(catalogue.read_text(encoding="utf-8"))["nodes"]}
    return PHRASES if names == set(yaml.safe_load(PHRASES.read_text(encoding="utf-8"))) else None


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--part",
        choices=["tuning", "more", "unseen", "paraphrases", "making-tuning", "making-unseen"],
        help="only this part",
    )
    options.add_argument("--show", action="store_true", help="print the requests that went wrong")
    options.add_argument("--catalogue", type=Path, help="plan over these tools instead of Playhead's")
    options.add_argument("--requests", type=Path)
    options.add_argument("--predictions", type=Path)
    options.add_argument("--phrases", type=Path, help="worked phrases for the catalogue's tools")
    options.add_argument("--no-phrases", action="store_true")
    given = options.parse_args()
    if given.catalogue is None:
        own_tools(given.part, show=given.show)
    elif given.requests is None or given.predictions is None:
        options.error("--catalogue needs --requests and --predictions")
    else:
        phrases = None if given.no_phrases else given.phrases or _phrases_for(given.catalogue)
        any_catalogue(given.catalogue, phrases, given.requests, given.predictions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
