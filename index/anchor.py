"""One fact that is kept in the catalogue beside what was observed: how far the gate's audit log has come."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_KEY = "audit"
_WAIT_S = 10.0
_WAIT_TO_WRITE_S = 0.1


def read_anchor(catalog: Path) -> tuple[int, str]:
    """How many entries the log has, and the digest of the last; `(0, "")` where none was written."""
    with closing(sqlite3.connect(f"{catalog.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)) as db:
        row = db.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    if row is None:
        return 0, ""
    count, _, digest = str(row[0]).partition(":")
    return int(count), digest


def write_anchor(catalog: Path, count: int, digest: str) -> bool:
    """Note it, through to the disk; False where a video is being committed just now, since no reader waits for that.

    The next entry is anchored then, and with it all that came before. Raises `sqlite3.Error`.
    """
    address = f"{catalog.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_TO_WRITE_S)) as db:
        try:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, f"{count}:{digest}"))
            db.commit()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
    return True
