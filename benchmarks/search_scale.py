"""What a search costs in libraries of many segments, beside NumPy, hnswlib and Chroma over the same vectors.

    python benchmarks/search_scale.py [--sizes 10000 100000 1000000] [--peers-up-to 100000] [--folder DIR] [--json]

Each library is made up (synthetic_library.py) and removed afterwards; with `--folder` it is kept, and one that is
there is used again. Libraries are measured in processes of their own, so that memory is theirs. Times are medians and
99th percentiles in milliseconds; `recall@10` is the share of the ten nearest pictures by exact comparison that were
found, `recall@100` of the hundred that a search follows up. `total` is `Library.search` with a description that is
asked for the first time, encoding included; `again` the same description once more. "filtered" means one video, or
two minutes of every video.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from measuring import child
from search_peers import PEERS, Pictures
from synthetic_library import texts

from playhead import Library, Settings
from playhead.index.catalog import EVERYWHERE, Catalog, Within
from playhead.index.query import Link
from playhead.index.vectors import VectorIndex
from playhead.types import Channel

if TYPE_CHECKING:
    from collections.abc import Callable

FEW_MINUTES = (300.0, 420.0)
SHOWN = ("total_ms", "again_ms", "one video_ms", "two minutes_ms", "speech_ms")
ASKED, JUDGED = 100, 40  # queries that are timed, and those of them whose hits are compared with the exact ones
ASK = (
    "a dog jumps over a fence|a motorcycle in a garage|two people talk at a table|a boat on a lake|a red car in rain|"
    "children play football|snow on the mountains|a cat on a sofa|a man plays the guitar|a train arrives"
).split("|")
NEAREST, FOLLOWED = 10, 100  # vectors that are asked for: by peers, and by a search


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--peers-up-to", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where libraries are kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--peers", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if min(arguments.sizes) < 1:
        parser.error("--sizes must be at least 1")
    if arguments.measure:
        print(json.dumps(beside(arguments.measure) if arguments.peers else measured(arguments.measure)))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        results = [
            of_size(size, arguments.folder or Path(scratch), arguments.peers_up_to) for size in arguments.sizes
        ]
    if arguments.json:
        print(json.dumps({"cores": os.cpu_count(), "sizes": results}))
    return 0


def of_size(size: int, folder: Path, peers_up_to: int) -> dict[str, Any]:
    """One row of the table, printed as soon as it is known."""
    library, here = folder / str(size), Path(__file__).parent
    result: dict[str, Any] = {"segments": size, "load": os.getloadavg()[0]}
    if not library.exists():
        result["build"] = child(here / "synthetic_library.py", library, "--segments", size)
    with closing(sqlite3.connect(library / "catalog.sqlite")) as catalog:
        [[result["segments"]]] = catalog.execute("SELECT count(*) FROM segment")
    result |= child(__file__, "--measure", library)
    result["cold_s"] = cold(library)
    result["disk_mb"] = {part: megabytes(library / part) for part in ("catalog.sqlite", "vectors")}
    if size <= peers_up_to:
        result["peers"] = child(__file__, "--measure", library, "--peers")
    else:
        result["peers"] = f"not run beyond {peers_up_to:,} segments (--peers-up-to)"
    print(json.dumps(result, indent=1))
    return result


def measured(folder: Path) -> dict[str, Any]:
    """What searching the library costs, and how much of what is nearest it finds."""
    queries = asked()
    found: dict[str, Any] = {}
    with Library(folder, settings=Settings()) as library:
        began = time.perf_counter()
        library.search("something to begin with")
        found["first_s"] = time.perf_counter() - began
        videos = library.videos()
        found["encoding_ms"] = spread(library.models.picture.encode_texts, [[f"{query} now"] for query in queries])
        found["total_ms"] = spread(library.search, queries)
        found["again_ms"] = spread(library.search, queries)
        found["one video_ms"] = spread(lambda query: library.search(query, video=videos[0]), queries)
        found["two minutes_ms"] = spread(lambda query: library.search(query, between=FEW_MINUTES), queries)
        found["speech_ms"] = spread(lambda query: library.search(query, channels="speech"), queries)
        found["memory_mb"] = memory()
        vectors, space = library.models.picture.encode_texts(queries), library.models.picture.id
    catalog, index = Catalog(folder / "catalog.sqlite", readonly=True), VectorIndex(folder / "vectors", 10**9)
    pictures = Pictures.of(catalog, space)
    for name, within in withins(videos[0].id).items():
        inside = pictures.inside(within)

        def near(vector: Any, count: int = NEAREST, within: Within = within) -> list[str]:
            return list(index.compared(catalog, Channel.PICTURE, space, vector, count, within))

        near(vectors[0])
        found[f"vectors {name}_ms"] = spread(near, vectors)
        for count in (NEAREST, FOLLOWED):
            exact = [pictures.nearest(vector, inside, count) for vector in vectors[:JUDGED]]
            found[f"recall@{count} {name}"] = recall([near(vector, count) for vector in vectors[:JUDGED]], exact)
    return found | {"pictures": len(pictures.ids)}


def beside(folder: Path) -> dict[str, Any]:
    """What peers cost and find over the same pictures."""
    from playhead.models.registry import OFFLINE, Models

    encoder = Models(dict(OFFLINE), threads=1).picture
    vectors = encoder.encode_texts(asked())
    catalog = Catalog(folder / "catalog.sqlite", readonly=True)
    pictures = Pictures.of(catalog, encoder.id)
    results: dict[str, Any] = {}
    for name, peer in PEERS.items():
        try:
            opened = peer(pictures)
        except ImportError as error:
            results[name] = f"skipped: {error}"
            continue
        results[name] = {"build_s": opened.build_s}
        for where, within in withins(pictures.videos[0]).items():
            exact = [pictures.nearest(vector, pictures.inside(within), NEAREST) for vector in vectors[:JUDGED]]
            ask = opened.asked(within, NEAREST)
            if ask is None:
                results[name][where] = "it has no filter"
                continue
            ask(vectors[0])
            results[name][where] = {
                "ms": spread(ask, vectors),
                "recall@10": recall([ask(vector) for vector in vectors[:JUDGED]], exact),
            }
    return results


def asked() -> list[str]:
    """What is searched for: descriptions, and three to eight words in a row of sentences that were left over."""
    plain = [words for text in texts() if not {*(words := text.lower().rstrip(".!?").split())} & {*Link}]
    said = [" ".join(words[1 : 4 + number % 6]) for number, words in enumerate(plain[-ASKED:])]
    return (ASK + said)[:ASKED]


def withins(video_id: str) -> dict[str, Within]:
    """Where is looked."""
    return {"everywhere": EVERYWHERE, "one video": Within(video_id), "two minutes": Within("", *FEW_MINUTES)}


def spread(call: Callable[[Any], object], values: Any) -> dict[str, float]:
    """Median and 99th percentile of a call, in milliseconds of wall time, and the median of its processor time."""
    walls, processors = [], []
    for value in values:
        began, worked = time.perf_counter(), time.process_time()
        call(value)
        walls.append(1e3 * (time.perf_counter() - began))
        processors.append(1e3 * (time.process_time() - worked))
    return {
        "p50": float(np.median(walls)),
        "p99": float(np.quantile(walls, 0.99)),
        "cpu": float(np.median(processors)),
    }


def recall(found: list[list[str]], exact: list[list[str]]) -> float:
    """The share of what is exact that was found."""
    return float(
        np.mean([len({*one} & {*other}) / max(1, len(other)) for one, other in zip(found, exact, strict=True)])
    )


def memory() -> dict[str, float]:
    """Resident memory of this process, of which files are mapped and can be dropped, and all that is mapped."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    sizes = {"resident": "VmRSS", "of it files": "RssFile", "peak": "VmHWM"}
    return {name: int(status[key].split()[0]) / 1024 for name, key in sizes.items()}


def cold(folder: Path) -> float:
    """Seconds of `playhead search` in a new process: the median of three."""
    command = ["-m", "playhead.interfaces.cli", "search", "a dog jumps over a fence", "--library", str(folder)]
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def megabytes(path: Path) -> float:
    """What a file, or everything in a folder, takes on the disk."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


if __name__ == "__main__":
    sys.exit(main())
