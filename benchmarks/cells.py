"""Markdown tables and what stands in their cells: figures with their intervals, shares, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; a cell is told as `cell` tells it."""
    lines = [head, ["---"] * len(head), *([cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line).strip() + " |" for line in lines)


def cell(value: Any) -> str:
    """Text as it is, counts with commas, other figures with three digits that count; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _figure(value)
    return str(value).replace("|", "/").replace("\n", " ")


def _figure(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def between(value: float | None, interval: Sequence[float] | None, digits: int = 3) -> str:
    """A figure and its interval: 0.489 [0.417, 0.561]. Nothing for None."""
    if value is None:
        return ""
    told = f"{value:.{digits}f}"
    return f"{told} [{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]" if interval else told


def of(found: Mapping[str, Any], name: str, digits: int = 3) -> str:
    """One figure of a result that keeps its intervals under "interval_95"."""
    return between(found.get(name), found.get("interval_95", {}).get(name), digits)


def percent(share: float, low: float | None = None, high: float | None = None) -> str:
    """A share in per cent, with its interval: 0.8 % [0.0, 2.8]."""
    told = f"{100 * share:.1f} %"
    return told if low is None or high is None else f"{told} [{100 * low:.1f}, {100 * high:.1f}]"
