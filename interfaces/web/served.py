"""What the routes share: what is served, and how replies are described."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from playhead.interfaces.web.footage import Footage
from playhead.interfaces.web.jobs import Jobs
from playhead.interfaces.web.schema import Failure
from playhead.interfaces.web.uploads import RESERVE, Uploads

if TYPE_CHECKING:
    from playhead.interfaces.web.desk import Desk

_OPEN_S = 60.0
_FAILURES = {
    400: "Something that was given cannot be used",
    401: "The token is missing or wrong",
    403: "The gate stopped it, or another site asked",
    404: "There is no such thing",
    405: "That cannot be done with it",
    409: "The library is being written to, or the file is no longer what was indexed",
    413: "It is too large",
    415: "It is not video or sound that can be read",
    421: "The server does not go by this name",
    422: "The body or an argument does not fit",
    429: "Too much is waiting",
    503: "The library or a model cannot be used",
    507: "The disk is full",
}
FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": about} for status, about in _FAILURES.items()
}


@dataclass
class Entrance:
    """The address a browser is started with, which leads in once: other users see what programs are started with."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    until_s: float = field(default_factory=lambda: time.monotonic() + _OPEN_S)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/open/{self.key}"

    def enter(self) -> bool:
        """Whether this is the first time, and in time."""
        with self._lock:
            open_still, self.until_s = time.monotonic() < self.until_s, 0.0
        return open_still


@dataclass
class Served:
    """A desk, its jobs, and what was handed over."""

    desk: Desk
    token: str
    jobs: Jobs
    uploads: Uploads
    footage: Footage
    entrance: Entrance = field(default_factory=Entrance)

    @classmethod
    def of(cls, desk: Desk, token: str, reserve: int = RESERVE) -> Served:
        """All that a server of this desk needs."""
        return cls(desk, token, Jobs(), Uploads(desk, reserve), Footage(desk.library.settings.limits))


def _served(request: Request) -> Any:
    return request.app.state.served


Here = Annotated[Served, Depends(_served)]
