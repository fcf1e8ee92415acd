"""One library, one set of models, one record of the gate: what every tab of the page works with."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from playhead.agent.agent import Agent
from playhead.index.library import Library
from playhead.interfaces import searching
from playhead.interfaces.web import tasks
from playhead.interfaces.web.failures import NotFoundError
from playhead.interfaces.web.footage import Footage
from playhead.interfaces.web.jobs import Jobs
from playhead.interfaces.web.replies import Names
from playhead.interfaces.web.uploads import RESERVE, Uploads
from playhead.safety.gate import Gate, audit_of
from playhead.safety.texts import texts_of, with_texts
from playhead.types import Door

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playhead.agent.planner import Proposal
    from playhead.interfaces.web.jobs import Job
    from playhead.interfaces.web.uploads import Upload
    from playhead.tools.contract import Tool
    from playhead.types import SearchResult, Transcript, Video

_ID = re.compile(r"[0-9a-f]{64}")


class Desk:
    """Reads with one library that several threads share; whoever writes opens it anew, with the same models.

    An agent is made for each request: they share models, planner and what the gate remembers of footage, but no
    consent, and no memory of an answer that another tab was given.
    """

    def __init__(
        self, library: Library, chat: str | None = None, tools: Mapping[str, Tool[Any, Any]] | None = None
    ) -> None:
        self.library = library
        library.models  # noqa: B018 - chosen once, before threads could choose them twice
        self._agent = Agent(library, chat, tools=tools)
        self.names = Names(library)
        self._recorded = audit_of(library) is not None
        self._preparing, self._planning = threading.Lock(), threading.Lock()

    @property
    def tools(self) -> dict[str, Tool[Any, Any]]:
        """The tools that may be called, by name."""
        return self._agent.tools

    @property
    def policy(self) -> str:
        """The name of the policy in force."""
        return self._agent.gate.policy.name

    def agent(self, override: str = "") -> Agent:
        """An agent for one request; `override` is why what the gate asks about is all right."""
        with self._preparing:
            if not self._recorded and audit_of(self.library) is not None:  # the library was made meanwhile
                self._agent.gate, self._recorded = Gate.of(self.library), True
            return self._agent.asking(lambda _: override)

    @contextmanager
    def writing(self) -> Iterator[Library]:
        """The library, to change it."""
        with Library(self.library.folder, settings=self.library.settings, models=self.library.models) as opened:
            yield opened

    # What is there

    def videos(self) -> list[Video]:
        """Every video; none where there is no library yet."""
        return self.library.videos() if self._agent.has_library else []

    def holds(self, video_id: str) -> Video | None:
        """The video with this id, where there is a library and it is in there."""
        return self.library.by_id(video_id) if self._agent.has_library else None

    def video(self, video_id: str) -> Video:
        """The video with this id. Raises `NotFoundError`."""
        if _ID.fullmatch(video_id) and (video := self.holds(video_id)):
            return video
        raise NotFoundError("There is no such video", "it is not in the library", "Look at the list again")

    def transcript(self, video_id: str) -> Transcript:
        """What is said in a video, as the policy lets it out. Raises `BlockedError`."""
        said, gate = self.library.transcript(self.video(video_id)), self.agent().gate
        gate.text(Door.ANSWER, texts_of(said), "what is said")
        return with_texts(said, gate.mask)

    def demand_library(self) -> None:
        """Raise `NotFoundError` where nothing was indexed yet."""
        if not self._agent.has_library:
            raise NotFoundError("There is no footage yet", "nothing was indexed", "Add a video first")

    # What is asked

    def search(self, words: str, override: str, **where: Any) -> SearchResult:
        """The moments that fit, as the policy lets them out. Raises `BlockedError`, `QueryError`."""
        self.demand_library()
        gate = self.agent(override).gate
        return searching.search(self.library, gate, words, **where)[0]

    def plan(self, request: str, video: str, override: str) -> Proposal:
        """A plan for a request, or questions. Raises `BlockedError`."""
        with self._planning:
            self._agent.planner  # noqa: B018 - made once, for every agent to come
        return self.agent(override).plan(request, video)


@dataclass
class Served:
    """A desk, its jobs, and what was handed over: all that the routes share."""

    desk: Desk
    token: str
    jobs: Jobs
    uploads: Uploads
    footage: Footage

    @classmethod
    def of(cls, desk: Desk, token: str, reserve: int = RESERVE) -> Served:
        """All that a server of this desk needs."""
        return cls(desk, token, Jobs(desk.names), Uploads(desk, reserve), Footage(desk.library.settings.limits))

    def index(self, upload: Upload) -> Job:
        """Index what was handed over. A server that ends meanwhile leaves it to the next one."""
        todo = tasks.indexing(self.desk, upload.path)
        keep = self.jobs.closing.is_set
        return self.jobs.start("index", upload.path.name, todo, lambda: self.uploads.release(upload, keep=keep()))


def _served(request: Request) -> Any:
    return request.app.state.served


Here = Annotated[Served, Depends(_served)]
