"""One library, one set of models, one record of the gate: what every tab of the page works with."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

from playhead.agent.agent import Agent
from playhead.index.library import Library
from playhead.interfaces import searching
from playhead.interfaces.web.failures import NotFoundError
from playhead.safety.gate import Gate, audit_of
from playhead.safety.texts import texts_of, with_texts
from playhead.types import Door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from playhead.agent.planner import Proposal
    from playhead.tools.contract import Tool
    from playhead.types import SearchResult, Transcript, Verdict, Video

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
        self._recorded = audit_of(library) is not None
        self._preparing, self._looking = threading.Lock(), threading.Lock()

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
            own = copy(self._agent)
        own.gate = own.gate.asking(_saying(override))
        own.forget()
        return own

    @contextmanager
    def writing(self) -> Iterator[Library]:
        """The library, to change it."""
        with Library(self.library.folder, settings=self.library.settings, models=self.library.models) as opened:
            yield opened

    # What is there

    def videos(self) -> list[Video]:
        """Every video; none where there is no library yet."""
        return self.library.videos() if self._agent.has_library else []

    def video(self, video_id: str) -> Video:
        """The video with this id. Raises `NotFoundError`."""
        if _ID.fullmatch(video_id):
            for video in self.videos():
                if video.id == video_id:
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
        with self._looking:  # tokenizers are not to be borrowed by two threads
            return searching.search(self.library, gate, words, **where)[0]

    def plan(self, request: str, video: str, override: str) -> Proposal:
        """A plan for a request, or questions. Raises `BlockedError`."""
        with self._looking:
            self._agent.planner  # noqa: B018 - made once, for every agent to come
            if self._agent.chat is None:
                return self.agent(override).plan(request, video)
        return self.agent(override).plan(request, video)  # a language model takes its time

    def folder_of_upload(self, video_id: str) -> Path:
        """Where the library keeps a file that was handed over, by its content."""
        from playhead.index.library import UPLOADS

        return self.library.folder / UPLOADS / video_id


def _saying(override: str) -> Callable[[Verdict], str]:
    return lambda _: override
