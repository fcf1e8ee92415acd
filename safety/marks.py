"""What came out of footage is marked: it may be searched, quoted and summed up, and is never a name, path or option.

In a plan that follows from its form (agent/check.py). Where somebody calls tools one by one, such as a language model
that has read what footage says, it follows from this memory of what tools gave out.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 6
_PATH = re.compile(r"[/\\]|^\.\.|^~")
_MOST_CHARACTERS = 4 << 20


class Marks:
    """The texts that came out of footage lately; the oldest are forgotten beyond four million characters."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}
        self._size = 0
        self._lock = threading.Lock()

    def note(self, texts: Iterable[str]) -> None:
        """Remember what footage says; what is known becomes the newest."""
        with self._lock:
            for text in map(_even, texts):
                self._size += 0 if text in self._texts else len(text)
                self._texts.pop(text, None)
                self._texts[text] = None
            while self._size > _MOST_CHARACTERS and len(self._texts) > 1:
                oldest = next(iter(self._texts))
                del self._texts[oldest]
                self._size -= len(oldest)

    def on(self, value: str) -> bool:
        """Whether the value is something that footage says, or a path to a file that it names.

        What is shorter than six letters cannot be told, unless it is spelled like a path.
        """
        even = _even(value)
        return self._holds(even) or (bool(_PATH.search(even)) and self._holds(_PATH.split(even.rstrip("/\\"))[-1]))

    def _holds(self, wanted: str) -> bool:
        if len(wanted) < _SHORTEST and not (len(wanted) > 1 and _PATH.search(wanted)):
            return False
        with self._lock:
            return any(wanted in text for text in self._texts)


def _even(text: str) -> str:
    return " ".join(text.casefold().split())
