"""Threads that may outlive a command: by their names it knows to wait for them, or to leave them behind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "step "


def begin(work: Callable[[], None], about: str) -> None:
    """Do it in a thread of its own; `about` is read in stack dumps."""
    threading.Thread(target=work, name=f"{_MARK}{about}", daemon=True).start()


def at_work() -> list[threading.Thread]:
    """Those that have not ended."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(_MARK)]
