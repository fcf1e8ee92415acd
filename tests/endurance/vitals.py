"""What a process holds, sampled over time: memory, descriptors, threads, children, files; and whether it grows.

Memory is measured twice: as it is, and once the C library has given back the pages that nothing is on. With real
models the first wanders by tens of megabytes; a leak is what grows in the second.
"""

from __future__ import annotations

import ctypes
import gc
import os
import statistics
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
_PAIRS = 20_000
_COUNTS, _COUNT_S = 5, 0.1


@dataclass(frozen=True, slots=True)
class Vitals:
    """One sample. `at_s` is since the first; megabytes are of 2^20 bytes."""

    at_s: float
    rss_mb: float
    held_mb: float
    children_mb: float
    descriptors: int
    threads: int
    children: int
    library_mb: float
    temporary: int
    search_ms: float = 0.0
    cycles: int = 0


def sampled(begun: float, library: Path, temporary: Path, **more: Any) -> Vitals:
    """What this process holds now; `library` is measured without what grows on purpose (runs, cache, audit log)."""
    kept = [library / "catalog.sqlite", library / "catalog.sqlite-wal"]
    kept += [path for part in ("vectors", "thumbs") for path in (library / part).rglob("*")]
    below = descendants()
    resident = _resident_mb("self")
    _give_back()
    return Vitals(
        at_s=round(time.monotonic() - begun, 1),
        rss_mb=round(resident, 2),
        held_mb=round(_resident_mb("self"), 2),
        children_mb=round(sum(_resident_mb(str(pid)) for pid in below), 2),
        descriptors=min(_at_rest(lambda: len(descriptors()))),
        threads=min(_at_rest(threading.active_count)),
        children=len(below),
        library_mb=round(sum(_size(path) for path in kept) / (1 << 20), 3),
        temporary=sum(1 for _ in temporary.rglob("*")),
        **more,
    )


def _at_rest(count: Callable[[], int]) -> list[int]:
    """Counted a few times: what is in use for a moment is not held."""
    found = []
    for _ in range(_COUNTS):
        found.append(count())
        time.sleep(_COUNT_S)
    return found


def descriptors() -> dict[int, str]:
    """What each open descriptor of this process leads to."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[int(number)] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue  # that of the listing itself
    return found


def descendants(pid: int | None = None) -> set[int]:
    """The processes below this one, of whatever degree, that are not yet collected."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue  # it ended meanwhile
    found: set[int] = set()
    level = {pid or os.getpid()}
    while level := {child for child, parent in parents.items() if parent in level} - found:
        found |= level
    return found


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """The median of the slopes between all pairs of samples (Theil and Sen): a few wild ones do not move it."""
    places = [(n, m) for n in range(len(times)) for m in range(n + 1, len(times)) if times[m] > times[n]]
    step = max(1, len(places) // _PAIRS)
    slopes = [(values[m] - values[n]) / (times[m] - times[n]) for n, m in places[::step]]
    return statistics.median(slopes) if slopes else 0.0


@dataclass(frozen=True, slots=True)
class Bound:
    """How fast something may grow: `per_hour`, once it has grown by `least`, which it may do by chance."""

    what: str
    per_hour: float
    least: float


BOUNDS = (
    # A decoded picture of 640x360 is 0.7 MB and a cycle lasts seconds: one that is kept each time is 100 MB an hour
    # and more. What is left between are tables that grow by doubling.
    Bound("held_mb", 20.0, 8.0),
    # Free pages between those in use: their number comes and goes with the turns of the real models.
    Bound("rss_mb", 60.0, 60.0),
    # One that is lost each time is hundreds an hour; the server and the decoder hold a few that come and go.
    Bound("descriptors", 4.0, 4.0),
    Bound("threads", 4.0, 4.0),
    # SQLite's journal grows to 4 MB and begins anew: what is above that is never given back.
    Bound("library_mb", 4.0, 4.0),
    Bound("temporary", 4.0, 4.0),
)


def growth(samples: Sequence[Vitals], warm_s: float) -> dict[str, dict[str, float]]:
    """For everything that is bounded: how much it grew an hour and in all after the warm-up, and what it may."""
    warm = [sample for sample in samples if sample.at_s >= warm_s]
    found = {}
    for bound in BOUNDS:
        values = [float(getattr(sample, bound.what)) for sample in warm]
        per_s = slope([sample.at_s for sample in warm], values)
        lasted_s = warm[-1].at_s - warm[0].at_s if warm else 0.0
        grown = {"per_hour": per_s * 3600, "in_all": per_s * lasted_s, "may_per_hour": bound.per_hour}
        found[bound.what] = {key: round(value, 3) for key, value in grown.items()}
    return found


def growing(grown: dict[str, dict[str, float]]) -> list[str]:
    """What grows beyond its bound, in words."""
    return [
        f"{bound.what} grows by {grown[bound.what]['per_hour']:.1f} an hour and may by {bound.per_hour:g}"
        for bound in BOUNDS
        if grown[bound.what]["per_hour"] > bound.per_hour and grown[bound.what]["in_all"] > bound.least
    ]


def curves(samples: Sequence[Vitals]) -> dict[str, list[float]]:
    """The samples as one list for each thing that is measured."""
    rows = [asdict(sample) for sample in samples]
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def _give_back() -> None:
    """Collect what Python has let go of, and have glibc return free pages; another C library keeps its own."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _resident_mb(pid: str) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MB
    except (OSError, IndexError):
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
