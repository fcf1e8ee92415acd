"""How long a cold `playhead search` takes, from the shell's point of view, beside what it cannot do without.

    python benchmarks/cold_search.py LIBRARY [--query WORDS] [--times 7] [--json]

Each round starts two fresh processes: an interpreter that imports NumPy and reads the sentence encoder's weights
(what any search must pay), and the search itself. Medians are reported; compare the ratio between machines.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

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
    floor_s, wall_s, cpu_s = (
        statistics.median(values)
        for values in ([f[0] for f, _ in rounds], [s[0] for _, s in rounds], [s[1] for _, s in rounds])
    )
    result = {"wall_s": wall_s, "cpu_s": cpu_s, "floor_s": floor_s, "ratio_to_floor": wall_s / floor_s}
    print("  ".join(f"{name} {value:.2f}" for name, value in result.items()))
    if arguments.json:
        print(json.dumps(result))
    return 0


def timed(arguments: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a fresh interpreter."""
    before, started = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, cpu_s


if __name__ == "__main__":
    sys.exit(main())
