"""The tables and curves of what measures time, memory and endurance; as `quality_tables`, and figures by picture.

What these scripts print may say more than is shown here, and may leave out what a machine cannot do: a figure that is
missing leaves its cell empty. `rows` are lists of objects with the same keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cells import between, cell, of, table
from curves import Figure
from peer_table import noted, slower
from scale_tables import engines, latency, search_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from curves import Point

    Runs = Mapping[str, Mapping[str, Any]]


def cold_search(runs: Runs) -> str:
    """Medians of a search in a fresh process."""
    found = runs[""]
    names = {
        "wall_s": "wall, s",
        "cpu_s": "CPU-s",
        "floor_s": "floor, wall, s (an interpreter, NumPy, the sentence encoder's weights)",
        "ratio_to_floor": "wall over floor",
    }
    return table(
        ["`playhead search` from the shell", "median"], [[told, of(found, name, 2)] for name, told in names.items()]
    )


def _modes(runs: Runs) -> dict[str, Mapping[str, Any]]:
    """Results by mode, whether one run measured them all or each was a run of its own."""
    found = {}
    for label, run in runs.items():
        modes = run.get("modes", {label or run.get("mode", "full"): run})
        found |= {name: mode for name, mode in modes.items() if "x_realtime" in mode}
    return found


def index_speed(runs: Runs) -> str:
    """How fast each mode is, beside the limit of the same machine."""
    names = (
        "x_realtime",
        "cpu_s",
        "limit_x_realtime",
        "ratio_to_limit",
        "interval",
        "ratio_if_decoding_could_be_divided",
    )
    rows = [[mode, *(_measured(found, name) for name in names)] for mode, found in _modes(runs).items()]
    heads = ["x real time", "CPU-s", "limit, x real time", "ratio to the limit", "over the rounds"]
    return table(["mode", *heads, "ratio if decoding could be divided"], rows)


def stages(runs: Runs) -> str:
    """Where the processor seconds of each mode go."""
    rows = [
        [mode, stage, spent.get("cpu_s"), spent.get("x_realtime")]
        for mode, found in _modes(runs).items()
        for stage, spent in found.get("stages", {}).items()
    ]
    return table(["mode", "stage", "CPU-s", "x real time, alone"], rows)


def _measured(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if isinstance(value, dict):
        return spread(value)
    interval = found.get("interval_95", {}).get(name)
    return between(value, interval, 2) if interval else cell(value)


def spread(found: Mapping[str, Any]) -> str:
    """A median with its interval or range, each told as short as it can be."""
    around = found.get("interval_95") or found.get("range")
    middle = cell(found.get("median"))
    return f"{middle} [{cell(around[0])}, {cell(around[1])}]" if around else middle


def memory(runs: Runs) -> dict[str, Figure]:
    """Memory against the length of the film: {"lengths": [{"minutes", "peak_mib"}, …]}."""
    curve = {"pictures and speech": points(runs[""]["lengths"], "minutes", "peak_mib")}
    figure = Figure("Memory while a film is indexed", "length of the film, minutes", "peak memory, MiB", curve)
    return {"index-memory": figure}


def by_length(runs: Runs) -> str:
    """The same in figures."""
    rows = [[round(found["minutes"]), found["peak_mib"]] for found in runs[""]["lengths"]]
    return table(["minutes", "peak MiB"], rows)


def points(rows: Iterable[Mapping[str, Any]], x: str, y: str) -> Sequence[Point]:
    """The points of those rows that have both."""
    return [(float(row[x]), float(row[y])) for row in rows if row.get(x) is not None and row.get(y) is not None]


def peers(runs: Runs) -> str:
    """Work by peer, with the processor time beside Playhead's, or the reason why there is none; then who needs less.

    {"results": [{"work", "peer", "wall_s", "cpu_s", "peak_mib", …} or {"work", "peer", "reason"}]}
    """
    rows = [row for run in runs.values() for row in run["results"]]
    ours = {row["work"]: row["cpu_s"]["median"] for row in rows if row["peer"] == "Playhead" and "cpu_s" in row}
    found = []
    for row in rows:
        if reason := row.get("reason"):
            found.append([row["work"], row["peer"], None, None, None, None, reason])
            continue
        beside = row["cpu_s"]["median"] / ours[row["work"]] if row["work"] in ours else None
        costs = [spread(row[name]) for name in ("wall_s", "cpu_s")]
        found.append([row["work"], row["peer"], *costs, beside, spread(row["peak_mib"]), _found(row)])
    told = table(["work", "peer", "wall, s", "CPU-s", "x Playhead's CPU", "peak MiB", "found"], found)
    behind = slower(rows, noted("peers_reasons.yaml"))
    return "\n".join([told, "", "Where Playhead is not the faster one:", "", *behind])


def published(_: Runs) -> str:
    """What others published of their own, on their own machines."""
    names = ["system", "what", "figure", "hardware", "source"]
    return table(names, [[row.get(name) for name in names] for row in noted("peers_published.yaml")])


def _found(row: Mapping[str, Any]) -> str:
    told = [f"{row['right']} of {row['asked']}"] if "asked" in row else []
    told += [f"{row['error_s']:.2f} s off"] if row.get("error_s") is not None else []
    told += [f"{row['warm_ms']:.1f} ms a phrase when warm"] if "warm_ms" in row else []
    told += [f"{row['shots_seen']} of {row['shots']} shots"] if "shots_seen" in row else []
    return ", ".join(told)


def endurance(runs: Runs) -> str:
    """What was made to fail, killed or used for long, and what that cost: {"rows": [{…}]}, a column for each key."""
    rows = [row for run in runs.values() for row in run["rows"]]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return table(names, [[row.get(name) for name in names] for row in rows])


def growth(runs: Runs) -> str:
    """What grew during the soak, and by how much it may: {"soak": {"growth", "curves", "minutes", …}}."""
    soaks = [run["soak"] for run in runs.values() if run.get("soak")]
    rows = [
        [NAMES.get(what, what), grown["per_hour"], grown["in_all"], grown["may_per_hour"]]
        for run in soaks
        for what, grown in run["growth"].items()
    ]
    told = [
        f"{run['minutes']:g} minutes, {run['cycles']:,} cycles, {run['requests']:,} requests answered meanwhile."
        for run in soaks
    ]
    grew = table(["what", "grew an hour", "in all, after the warm-up", "may an hour"], rows)
    return f"{' '.join(told)}\n\n{grew}" if rows else ""


NAMES = {
    "held_mb": "memory that is held, MB",
    "rss_mb": "memory with free pages, MB",
    "children_mb": "of children, MB",
    "descriptors": "open descriptors",
    "threads": "threads",
    "children": "child processes",
    "library_mb": "library, MB",
    "temporary": "temporary files",
}


def soak(runs: Runs) -> dict[str, Figure]:
    """Memory and handles over the hour."""
    curves = next((run["soak"].get("curves", {}) for run in runs.values() if run.get("soak")), {})
    minutes = [at_s / 60 for at_s in curves.get("at_s", ())]

    def over(*names: str) -> dict[str, Sequence[Point]]:
        return {NAMES[name]: list(zip(minutes, curves[name], strict=True)) for name in names if curves.get(name)}

    shown = {
        "soak-memory": Figure("Memory over the soak", "minutes", "MB", over("held_mb", "rss_mb", "children_mb")),
        "soak-handles": Figure(
            "Handles over the soak", "minutes", "how many", over("descriptors", "threads", "children")
        ),
    }
    return {name: figure for name, figure in shown.items() if figure.curves}


TABLES: dict[str, Callable[[Runs], str]] = {
    "cold_search": cold_search,
    "index_speed": index_speed,
    "index_speed/stages": stages,
    "index_memory": by_length,
    "search_scale": search_scale,
    "search_scale/engines": engines,
    "peers": peers,
    "peers/published": published,
    "endurance": endurance,
    "endurance/growth": growth,
}
FIGURES: dict[str, Callable[[Runs], dict[str, Figure]]] = {
    "index_memory": memory,
    "search_scale": latency,
    "endurance": soak,
}
