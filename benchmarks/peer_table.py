"""What peers did, summed up: medians and intervals, how right it was, one table, and where Playhead is slower."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contestants import Seen
    from measuring import Cost
    from spoken_film import Truth

WORKS = {
    "speech": "make speech searchable",
    "find": "find a phrase, from the shell",
    "find again": "five phrases and more, in one process",
    "supercut": "join five sentences to a film",
    "clips": "cut five clips without encoding",
    "pictures": "shots, and a vector for each second",
    "frames": "choose frames",
}
_OURS = "Playhead"
_PER_COMMAND = {"find"}
_NEAR_S = 1.5


@dataclass
class Result:
    """One peer's rounds at one work; or the reason why there are none."""

    work: str
    peer: str
    reason: str = ""
    rounds: list[tuple[float, float, float]] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    def add(self, costs: Sequence[Cost], found: dict[str, Any]) -> None:
        """A round: the sum of its commands, or, of a search, the mean; what it found is that of the last."""
        share = len(costs) if self.work in _PER_COMMAND else 1
        wall_s, cpu_s = sum(c.wall_s for c in costs) / share, sum(c.cpu_s for c in costs) / share
        self.rounds.append((wall_s, cpu_s, max(c.peak_mib for c in costs)))
        self.found = found

    @property
    def cpu_s(self) -> list[float]:
        """The processor seconds of each round."""
        return [cpu_s for _, cpu_s, _ in self.rounds]

    def summary(self) -> dict[str, Any]:
        """What goes into JSON."""
        named = zip(("wall_s", "cpu_s", "peak_mib"), zip(*self.rounds, strict=True), strict=False)
        figures = {name: {"median": statistics.median(v), "range": [min(v), max(v)]} for name, v in named}
        told = {name: value for name, value in self.found.items() if value is not None}
        return {"work": self.work, "peer": self.peer, "rounds": len(self.rounds)} | (
            {"reason": self.reason} if self.reason else figures | told
        )


def findings(seen: Seen, truth: Truth) -> dict[str, Any]:
    """What was found, held against what is known about the film."""
    found = {name: seen[name] for name in ("warm_ms", "warm_cpu_ms", "pictures", "cuts") if name in seen}
    if "starts_s" in seen:
        pairs = [
            (start, said) for start, said in zip(seen["starts_s"], truth.asked, strict=True) if start is not None
        ]
        errors = [abs(start - said.start_s) for start, said in pairs]
        found |= {"asked": len(truth.asked), "right": sum(error < _NEAR_S for error in errors)}
        found["error_s"] = statistics.median(errors) if errors else None
    if times := seen.get("times_s"):
        edges = [0.0, *times, truth.length_s]
        found["largest_gap_s"] = max(b - a for a, b in pairwise(edges))
        found["shots_seen"] = _shots_seen(times, truth)
        found["shots"] = len(truth.cuts_s) + 1
    return found


def _shots_seen(times: Sequence[float], truth: Truth) -> int:
    edges = [0.0, *truth.cuts_s, truth.length_s]
    return sum(any(a <= time < b for time in times) for a, b in pairwise(edges))


def table(results: Sequence[Result]) -> str:
    """Markdown: a row for each work and peer. `x` is processor time beside Playhead's of the same round."""
    lines = [
        "| work | peer | wall s | CPU-s | x Playhead's CPU | peak MiB | found |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        head = f"| {WORKS[result.work]} | {result.peer} |"
        if result.reason:
            lines.append(f"{head} | | | | {_plain(result.reason)} |")
            continue
        walls, cpus, peaks = zip(*result.rounds, strict=True)
        ratio = _interval(_ratios(result, results))
        lines.append(
            f"{head} {_interval(walls)} | {_interval(cpus)} | {ratio} | {max(peaks):.0f} | {_told(result)} |"
        )
    return "\n".join(lines)


def slower(rows: Sequence[Mapping[str, Any]], reasons: Sequence[Mapping[str, str]]) -> list[str]:
    """A line for each peer that needs less processor time than Playhead, and why as far as it is known.

    `rows` are summaries of results.
    """
    why = {(row["work"], row["peer"]): row["why"] for row in reasons}
    spent = {(row["work"], row["peer"]): row["cpu_s"]["median"] for row in rows if "cpu_s" in row}
    lines = []
    for (work, peer), cpu_s in spent.items():
        if cpu_s < (ours := spent.get((work, _OURS), 0.0)):
            because = why.get((work, peer), "Why was not looked into.")
            lines.append(f"- {WORKS[work]}: {peer} needs {ours / cpu_s:.1f} times less. {because}")
    return lines or ["- nowhere in this run"]


def noted(name: str) -> list[dict[str, str]]:
    """What `peers_reasons.yaml` or `peers_published.yaml` says."""
    return list(yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8")) or [])


def _ratios(result: Result, results: Sequence[Result]) -> list[float]:
    ours = next((r.cpu_s for r in results if (r.work, r.peer) == (result.work, _OURS)), [])
    return [theirs / our for theirs, our in zip(result.cpu_s, ours, strict=False)]


def _interval(values: Sequence[float]) -> str:
    if not values:
        return ""
    middle, least, most = (_figure(v) for v in (statistics.median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} [{least}, {most}]"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _told(result: Result) -> str:
    found, parts = result.found, list[str]()
    if "asked" in found:
        off = f", {found['error_s']:.2f} s off" if found["error_s"] is not None else ""
        parts.append(f"{found['right']} of {found['asked']}{off}")
    if "warm_ms" in found:
        parts.append(f"{found['warm_ms']:.2f} ms a phrase when warm, {found['warm_cpu_ms']:.2f} of them computed")
    if "pictures" in found and result.work in ("pictures", "frames"):
        parts.append(f"{found['pictures']} pictures")
    if result.work == "frames" and "shots" in found:
        parts.append(f"{found['shots_seen']} of {found['shots']} shots, at most {found['largest_gap_s']:.1f} s apart")
    return "; ".join(parts)


def _plain(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
