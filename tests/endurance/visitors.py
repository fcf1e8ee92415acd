"""A server of the page in this process, and somebody who asks it for everything, all the time."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from playhead import Library, Settings
from playhead.interfaces.access import authorities, new_token
from playhead.interfaces.loopback import HOST, bound, server_of
from playhead.interfaces.web.app import guarded
from playhead.interfaces.web.desk import Desk, Served

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead.models.registry import Models

PAUSE_S = 0.2
FINAL = ("done", "partial", "failed", "blocked", "cancelled")
MAY_GO = ("/api/videos/", "/api/thumbnails/")
BETWEEN = ("no video", "changed since it was indexed")  # said rightly between a film's change and its next indexing
CUT = "request: Cut it\nsteps:\n  cut: {tool: cut_clip, args: {video: flag.mp4, start_s: 0, end_s: 1}}\n"


class Visitors:
    """While it is open, a library is served and visited; `note` is told of what no visitor should see.

    The library is read through Chroma, and changes meanwhile: a film that is gone just now is no fault.
    """

    def __init__(self, library: Path, models: Models, note: Callable[[str], None]) -> None:
        settings = Settings.model_validate({"channels": ("picture", "object", "speech"), "exact_limit": 0})
        self._library, self._note, self.answered = Library(library, settings=settings, models=models), note, 0
        self._served = Served.of(Desk(self._library), new_token())
        self._listening = bound(0)
        self._port = self._listening.getsockname()[1]
        self._server = server_of(guarded(self._served, authorities(HOST, self._port)), 1)
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]}, name="server"),
            threading.Thread(target=self._visit, name="visitor"),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._threads[1].join(30)
        self._served.jobs.close()
        self._server.should_exit = True
        self._threads[0].join(30)
        for thread in self._threads:
            if thread.is_alive():
                self._note(f"the {thread.name} did not end")
        self._listening.close()
        self._library.close()

    def _visit(self) -> None:
        while not self._ended.is_set():
            try:
                self._round()
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self._note(f"a visitor was turned away: {type(error).__name__}: {error}")
            self._ended.wait(PAUSE_S)

    def _round(self) -> None:
        """The list, a search, what was found, its pictures, part of a film, and a cut."""
        videos = self._asked("GET", "/api/library")["videos"]
        found = self._asked("POST", "/api/search", {"query": "red"})
        for moment in found.get("moments", [])[:2]:
            if picture := moment.get("thumbnail"):
                self._answer("GET", picture)
        for video in videos[:1]:
            self._answer("GET", f"/api/videos/{video['id']}")
            self._answer("GET", f"/api/videos/{video['id']}/media", headers={"range": "bytes=0-999"})
        begun = self._asked("POST", "/api/runs", {"yaml": CUT})
        if job := begun.get("job"):
            self._follow(str(job["id"]))

    def _follow(self, job: str) -> None:
        until = time.monotonic() + 60
        while (shown := self._asked("GET", f"/api/jobs/{job}"))["state"] not in FINAL:
            if time.monotonic() > until:
                self._note("a job did not end within a minute")
                return
            time.sleep(0.05)
        if shown["state"] != "done" and not self._ended.is_set():
            why = shown.get("error", {}).get("message", "") if isinstance(shown.get("error"), dict) else ""
            if not any(said in why for said in BETWEEN):
                self._note(f"a job ended {shown['state']}: {why[:200]}")

    def _asked(self, method: str, address: str, body: Any = None) -> dict[str, Any]:
        status, data = self._answer(method, address, body)
        said = json.loads(data)
        return said if status < 400 and isinstance(said, dict) else {"videos": [], "state": "failed"}

    def _answer(
        self, method: str, address: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body. A film and its pictures may be gone just now; anything else above 399 is noted."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=30)
        try:
            sent = {"authorization": f"Bearer {self._served.token}", "content-type": "application/json"}
            connection.request(method, address, json.dumps(body) if body else None, sent | (headers or {}))
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        gone = reply.status == 404 and address.startswith(MAY_GO)
        if reply.status < 400:
            self.answered += 1
        elif not gone and not any(said in data.decode() for said in BETWEEN):
            self._note(f"{method} {address.split('/')[2]}: {reply.status} {data[:200]!r}")
        return reply.status, data
