"""What a pass over a file has seen so far, and the error of a limit that it passed."""

from __future__ import annotations

from dataclasses import dataclass, field

_MOST_WARNINGS = 20


class TooLargeError(Exception):
    """A limit was passed; the message says which."""


@dataclass
class Tally:
    """What the pass has seen so far."""

    frames: int = 0
    damaged_in_a_row: int = 0
    played_s: float = 0.0
    first_s: float | None = None
    last_s: float | None = None
    end_s: float | None = None
    shown: tuple[float, float] | None = None  # the part of it with a picture
    samples: int = 0
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        """Keep a warning, once; of very many the first."""
        if len(self.warnings) < _MOST_WARNINGS:
            self.warnings.setdefault(text)

    def saw(self, start_s: float, end_s: float) -> None:
        """Widen the time that was covered."""
        self.first_s = start_s if self.first_s is None else min(self.first_s, start_s)
        self.end_s = end_s if self.end_s is None else max(self.end_s, end_s)
