"""The memory that indexing takes, by the length of the film.

    python benchmarks/index_memory.py [--minutes 10 60 600] [--channels picture,speech] [--json]

Films of every length are made (`footage.py`): small pictures, few of them a second and a little speech, so that ten
hours take minutes. What grows with the length of a film would grow here as it does with larger pictures. Other work
on the machine does not change what this measures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from footage import film
from index_speed import indexed
from measuring import Memory, child

from playhead.models.registry import OFFLINE, Models
from playhead.types import Channel, Mode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10, 60, 600])
    parser.add_argument("--channels", default="picture,speech")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.add_argument("--film", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.film:
        channels = [Channel(name) for name in arguments.channels.split(",")]
        models = Models(OFFLINE, threads=os.cpu_count() or 1)
        with Memory(os.getpid()) as memory:  # to look at it takes a tenth of the time, so it is not done for speed
            run = indexed(arguments.film, Mode.FULL, channels, models)
        print(json.dumps(run | {"peak_mib": memory.most}))
        return 0
    lengths = [of_length(minutes, arguments.channels) for minutes in arguments.minutes]
    if arguments.json:
        print(json.dumps({"lengths": lengths}))
    return 0


def of_length(minutes: float, channels: str) -> dict[str, float]:
    """A film of that length indexed in a process of its own, printed as soon as it is known."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        film(path, minutes, size=(192, 108), rate_hz=5, spoken=0.05)
        told = child(__file__, "--film", path, "--channels", channels)
    minutes, rate = told["seconds"] / 60, told["seconds"] / told["wall_s"]
    print(f"{minutes:.0f} minutes: {told['peak_mib']:.0f} MiB, at {rate:.0f} x real time", flush=True)
    return {"minutes": minutes, "peak_mib": told["peak_mib"], "x_realtime": rate}


if __name__ == "__main__":
    sys.exit(main())
