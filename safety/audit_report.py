"""What a person who has to answer for the gate wants to know of its record."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from playhead.safety.policy import shipped

if TYPE_CHECKING:
    from playhead.safety.audit import Audit

_MOST_SHOWN = 50


def report(log: Audit) -> dict[str, Any]:
    """Counts by door and decision, everything stopped or overridden, policies, classifiers and their error rates."""
    entries = log.entries()
    judged = [entry for entry in entries if entry.get("event") == "judged"]
    measured = shipped("measured.yaml")
    models = sorted({part for entry in judged for part in str(entry["model"]).split("+") if part})
    return {
        "file": str(log.path),
        "problems": log.verify(),
        "entries": len(entries),
        "from": _when(entries[0]) if entries else "",
        "to": _when(entries[-1]) if entries else "",
        "doors": _counts(judged),
        "stopped": [_short(entry) for entry in judged if not entry["passed"]],
        "overridden": [_short(entry) for entry in judged if entry["override"]],
        "unjudged": sum(entry["category"] == "unjudged" for entry in judged),
        "restarts": [_short(entry) for entry in entries if entry.get("event") == "restart"],
        "policies": sorted({str(entry["policy"]) for entry in judged}),
        "models": {model: measured.get(model, {}) for model in models},
    }


def told(summary: dict[str, Any]) -> list[str]:
    """The report, line by line, as a person reads it."""
    lines = [f"{summary['entries']} entries in {summary['file']}"]
    if summary["entries"]:
        lines.append(f"from {summary['from']} to {summary['to']}")
    lines += [f"NOT WHOLE: {problem}" for problem in summary["problems"]] or ["The record is whole."]
    for door, counts in summary["doors"].items():
        lines.append(f"{door:>15}: " + ", ".join(f"{count} {decision}" for decision, count in counts.items()))
    for title, key in (("Stopped", "stopped"), ("Let through by a person", "overridden"), ("Begun anew", "restarts")):
        lines += _listed(title, summary[key])
    if summary["unjudged"]:
        lines.append(f"Without a classifier: {summary['unjudged']}")
    lines.append(f"Policies: {', '.join(summary['policies']) or 'none'}")
    for model, rates in summary["models"].items():
        lines.append(f"{model}: {'; '.join(f'{name} {rate}' for name, rate in rates.items()) or 'not measured'}")
    return lines


def _listed(title: str, entries: list[dict[str, Any]]) -> list[str]:
    if not entries:
        return []
    shown = [f"  {' · '.join(str(value) for value in entry.values() if value)}" for entry in entries[-_MOST_SHOWN:]]
    return [f"{title}: {len(entries)}", *shown]


def _counts(judged: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    found = Counter((str(entry["door"]), str(entry["decision"])) for entry in judged)
    doors = dict.fromkeys(door for door, _ in found)
    return {door: {decision: n for (at, decision), n in sorted(found.items()) if at == door} for door in doors}


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    wanted = ("what", "category", "score", "reason", "override", "excerpt", "before")
    return {"entry": entry["n"], "time": _when(entry)} | {key: entry[key] for key in wanted if entry.get(key)}


def _when(entry: dict[str, Any]) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(float(entry["time"])))
