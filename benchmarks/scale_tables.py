"""The tables and curves of search at size, from what `search_scale.py` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cells import cell, table
from curves import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curves import Point

    Runs = Mapping[str, Mapping[str, Any]]

SEARCHES = {
    "total_ms": "new description",
    "again_ms": "the same again",
    "one video_ms": "one video",
    "two minutes_ms": "two minutes of every video",
    "speech_ms": "speech alone",
    "encoding_ms": "of it encoding",
}
RECALLS = ("recall@10", "recall@100")
WHERE = ("everywhere", "one video", "two minutes")


def search_scale(runs: Runs) -> str:
    """What a search costs at each size, p50 / p99, and what the library takes: {"sizes": [{"segments", …}]}."""
    rows = []
    for size in _sizes(runs):
        memory_mb, disk_mb = size.get("memory_mb", {}), size.get("disk_mb", {})
        rows.append([size["segments"], *(_percentiles(size.get(name)) for name in SEARCHES)])
        rows[-1] += [size.get("cold_s"), memory_mb.get("resident"), sum(disk_mb.values()) if disk_mb else None]
    head = ["segments", *(f"{told}, ms" for told in SEARCHES.values()), "from the shell, s", "resident MB", "disk MB"]
    return table(head, rows)


def engines(runs: Runs) -> str:
    """The vectors alone: each engine at each size, where it looks, its p50 / p99, recall and building time."""
    rows = [
        [size, engine, where, _percentiles(found.get("ms")), *map(found.get, RECALLS), build_s, found.get("why")]
        for size, engine, where, found, build_s in _searched(runs)
    ]
    return table(["segments", "engine", "within", "ms", *RECALLS, "build, s", ""], rows)


def _sizes(runs: Runs) -> list[Mapping[str, Any]]:
    return [size for run in runs.values() for size in run["sizes"]]


def _percentiles(found: Mapping[str, float] | None) -> str:
    return f"{cell(float(found['p50']))} / {cell(float(found['p99']))}" if found else ""


def _searched(runs: Runs) -> list[tuple[int, str, str, Mapping[str, Any], float | None]]:
    """Size, engine, where it looked, what came of it or why nothing did, and how long building took."""
    rows: list[tuple[int, str, str, Mapping[str, Any], float | None]] = []
    for size in _sizes(runs):
        count, others = size["segments"], size.get("peers", {})
        for where in WHERE:
            found = {"ms": size.get(f"vectors {where}_ms")}
            found |= {recall: size.get(f"{recall} {where}") for recall in RECALLS}
            rows.append((count, "Playhead", where, found, None))
        if isinstance(others, str):
            rows.append((count, "others", "", {"why": others}, None))
            continue
        for engine, one in others.items():
            if isinstance(one, str):
                rows.append((count, engine, "", {"why": one}, None))
                continue
            told = {where: one[where] for where in WHERE if where in one}
            asked = {where: {"why": found} if isinstance(found, str) else found for where, found in told.items()}
            rows += [(count, engine, where, found, one.get("build_s")) for where, found in asked.items()]
    return rows


def latency(runs: Runs) -> dict[str, Figure]:
    """Latency against size: a picture of searching everywhere, and one of searching two minutes of every video."""
    shown = {}
    for name, where in (("search-scale", "everywhere"), ("search-scale-filtered", "two minutes")):
        curves: dict[str, list[Point]] = {}
        for size, engine, looked, found, _ in _searched(runs):
            if looked == where and found.get("ms"):
                curves.setdefault(f"{engine}, vectors", []).append((float(size), float(found["ms"]["p50"])))
        whole = "total_ms" if where == "everywhere" else f"{where}_ms"
        total = [(float(size["segments"]), float(size[whole]["p50"])) for size in _sizes(runs) if whole in size]
        curves |= {"Playhead, whole search": total} if total else {}
        title = "A warm search at size" + (", two minutes of every video" if where != "everywhere" else "")
        figure = Figure(title, "segments in the library", "median latency, ms", curves, log_x=True, log_y=True)
        shown |= {name: figure} if curves else {}
    return shown
