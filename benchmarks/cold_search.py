"""How long a cold `playhead search` takes, from the shell's point of view, beside what it cannot do without.

    python benchmarks/cold_search.py LIBRARY [--query WORDS] [--times 7] [--json]

Each round starts two fresh processes: an interpreter that imports NumPy and reads the sentence encoder's weights
(what any search must pay), and the search itself. Medians are reported, with 95 % bootstrap intervals over rounds;
compare the ratio between machines.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from metrics import interval_of, median

FLOOR = "import numpy; from playhead.models import weights; weights.locate('minilm.weights').read_bytes()"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--query", default="a dog jumps over a fence")
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    arguments = parser.parse_args()
    search = ["-m", "playhead.interfaces.cli", "search", arguments.query, "--library", str(arguments.library)]
    rounds = [(timed(["-c", FLOOR]), timed(search)) for _ in range(arguments.times)]
    result = measured([(search[0], search[1], floor[0]) for floor, search in rounds])
    for name, (low, high) in result["interval_95"].items():
        print(f"{name:<15} {result[name]:5.2f}   [{low:.2f}, {high:.2f}]")
    if arguments.json:
        print(json.dumps(result))
    return 0


def measured(rounds: list[tuple[float, float, float]]) -> dict[str, Any]:
    """Medians and their intervals, from wall and processor seconds of each search and wall seconds of its floor."""
    wall_s, cpu_s, floor_s = np.array(rounds).T
    timed = {"wall_s": (median, wall_s), "cpu_s": (median, cpu_s), "floor_s": (median, floor_s)}
    statistics = timed | {"ratio_to_floor": (lambda wall, floor: median(wall) / median(floor), wall_s, floor_s)}
    return {
        **{name: round(float(statistic(*columns)), 3) for name, (statistic, *columns) in statistics.items()},
        "interval_95": {
            name: [round(x, 3) for x in interval_of(statistic, *columns)]
            for name, (statistic, *columns) in statistics.items()
        },
        "rounds": len(rounds),
    }


def timed(arguments: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a fresh interpreter."""
    before, started = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, cpu_s


if __name__ == "__main__":
    sys.exit(main())
