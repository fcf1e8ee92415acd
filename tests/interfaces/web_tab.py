"""A server in this process with a small library, and a browser's tab that speaks to it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from playhead.interfaces.access import authorities
from playhead.interfaces.web.app import guarded
from playhead.interfaces.web.desk import Desk, Served
from playhead.tools.registry import all_tools

from ..agent.conftest import Do, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playhead import Library
    from playhead.tools.contract import Context

PORT = 8321
TOKEN = "a-token-that-nobody-can-guess"
FINAL = ("done", "partial", "failed", "blocked", "cancelled")


@dataclass
class Tab:
    """Speaks to a server; `get`, `post` and the others show the token."""

    served: Served
    client: TestClient

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def video(self, name: str = "cuts.mp4") -> dict[str, Any]:
        """A video of the library by its name."""
        videos = self.client.get("/api/library").json()["videos"]
        return next(video for video in videos if video["name"] == name)

    def ended(self, reply: Any, patience_s: float = 20) -> dict[str, Any]:
        """The job that a reply began, when it has ended."""
        assert reply.status_code == 202, reply.text
        return self.until(reply.json()["job"]["id"], FINAL, patience_s)

    def until(self, job: str, states: tuple[str, ...], patience_s: float = 20) -> dict[str, Any]:
        """The job when it is in one of these states."""
        return self.when(job, lambda shown: shown["state"] in states, patience_s)

    def when(self, job: str, fits: Callable[[dict[str, Any]], bool], patience_s: float = 20) -> dict[str, Any]:
        """The job when it is as it should be."""
        until = time.monotonic() + patience_s
        while not fits(shown := self.client.get(f"/api/jobs/{job}").json()):
            assert time.monotonic() < until, shown
            time.sleep(0.02)
        return shown


def slow(args: Any, context: Context) -> Said:
    """Works for as long as it is told to, and says so."""
    from playhead.types import Progress

    until = time.monotonic() + float(args.text)
    while time.monotonic() < until:
        context.progress(Progress("working", "slow"))
        time.sleep(0.01)
    return Said(args.text)


@contextmanager
def tab(library: Library, reserve: int = 0, *more: Do) -> Iterator[Tab]:
    """A tab whose server has the tools there are, one that is slow, and more."""
    own = {tool.name: tool for tool in (Do("slow", slow), *more)}
    served = Served.of(Desk(library, tools=all_tools() | own), TOKEN, reserve)
    with client(served, {"authorization": f"Bearer {TOKEN}"}) as opened:
        yield Tab(served, opened)
    served.jobs.close()


def client(served: Served, headers: dict[str, str] | None = None, host: str = f"127.0.0.1:{PORT}") -> TestClient:
    """Somebody who speaks to the server; without the token, if it is not among the headers."""
    app = guarded(served, authorities("127.0.0.1", PORT))
    return TestClient(app, f"http://{host}", headers=headers, raise_server_exceptions=False)
