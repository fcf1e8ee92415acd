"""What a planner is: a request in words and what is there, into a plan, or into questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from playhead.agent.plan import Plan  # noqa: TC001 - LangChain makes a schema of a Proposal

if TYPE_CHECKING:
    from pathlib import Path

    from playhead.types import Span, Video


@dataclass(frozen=True, slots=True)
class Stage:
    """What a planner may know: the videos there are, the one that is meant if none is named, what was found before.

    `recent` are the moments of the last answer, best first; of footage a planner sees nothing else. `asked` is the
    question or description that was answered last, of the video `asked_of` where it was of one; `given` is the
    picture, sound or film that the person handed over with this request.
    """

    videos: tuple[Video, ...] = ()
    video: Video | None = None
    recent: tuple[tuple[Video, Span], ...] = ()
    given: Path | None = None
    asked: str = ""
    asked_of: Video | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan, or none and what to ask back; `notes` say how the request was read."""

    plan: Plan | None
    questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@runtime_checkable
class Planner(Protocol):
    """Turns requests into plans. `id` names it in journals."""

    id: str

    def propose(self, request: str, stage: Stage) -> Proposal:
        """A plan for the request, or questions. Raises `PlanError` where it fails."""
