"""What a test of endurance counts: how many it tried, what was lost, what was left over."""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .vitals import descendants, descriptors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WHOLE = os.environ.get("ENDURE") == "whole"
"""Everything, as `make endure` asks; else a few of each."""


@dataclass
class Toll:
    """Collected over a test, so that all of it is told at once; its end fails where anything was lost or leaked."""

    tried: int = 0
    struck: int = 0
    lost: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Before:
    """What was held before, to be compared with what is held after."""

    descriptors: frozenset[tuple[int, str]]
    children: frozenset[int]

    @classmethod
    def now(cls) -> Before:
        return cls(frozenset(descriptors().items()), frozenset(descendants()))

    def leaked(self, patience_s: float = 2.0) -> list[str]:
        """What is held now and was not before: files, pipes, child processes. Threads that end have a moment to."""
        until = time.monotonic() + patience_s
        gc.collect()  # errors hold what their frames held, in a circle
        while (found := self._more()) and time.monotonic() < until:
            time.sleep(0.02)
        return found

    def _more(self) -> list[str]:
        held = [f"descriptor of {what}" for number, what in descriptors().items() if self._new(number, what)]
        return held + [f"process {pid}" for pid in descendants() - self.children]

    def _new(self, number: int, what: str) -> bool:
        return (number, what) not in self.descriptors and not what.startswith("anon_inode:")


def partials(folder: Path) -> list[str]:
    """Files below a folder that were never finished."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.part"))


def places(calls: int, few: int) -> list[int]:
    """Which of so many calls fail: every one, or only so `few` of them, spread evenly."""
    if WHOLE or calls <= few:
        return list(range(1, calls + 1))
    return [1 + (2 * n + 1) * calls // (2 * few) for n in range(few)]


def swept(calls: int, few: int, toll: Toll, case: str, each: Callable[[int], Iterator[str]]) -> None:
    """Try each place; what it finds wrong is noted under its number. Where no fault struck, that is wrong too."""
    before = toll.struck
    for at in places(calls, few):
        toll.tried += 1
        toll.lost += [f"{case} {at}: {what}" for what in each(at)]
    if toll.struck == before:
        toll.lost.append(f"{case}: of {calls} calls none was struck")
