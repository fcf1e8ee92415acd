"""Playhead: point it at footage; it watches and listens once; then ask in plain words and it answers with times.

The public names below are resolved on first use, so that `import playhead` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playhead.agent.agent import Agent
    from playhead.agent.plan import Plan
    from playhead.agent.run import Run
    from playhead.errors import PlayheadError
    from playhead.index.library import Library
    from playhead.index.query import Query
    from playhead.settings import Settings
    from playhead.types import (
        Answer,
        Channel,
        Evidence,
        IndexReport,
        Moment,
        Progress,
        SearchResult,
        Segment,
        Span,
        Transcript,
        Video,
    )

_HOME = {
    "Agent": "playhead.agent.agent",
    "Answer": "playhead.types",
    "Channel": "playhead.types",
    "Evidence": "playhead.types",
    "IndexReport": "playhead.types",
    "Library": "playhead.index.library",
    "Moment": "playhead.types",
    "Plan": "playhead.agent.plan",
    "PlayheadError": "playhead.errors",
    "Progress": "playhead.types",
    "Query": "playhead.index.query",
    "Run": "playhead.agent.run",
    "SearchResult": "playhead.types",
    "Segment": "playhead.types",
    "Settings": "playhead.settings",
    "Span": "playhead.types",
    "Transcript": "playhead.types",
    "Video": "playhead.types",
}

__all__ = [
    "Agent",
    "Answer",
    "Channel",
    "Evidence",
    "IndexReport",
    "Library",
    "Moment",
    "Plan",
    "PlayheadError",
    "Progress",
    "Query",
    "Run",
    "SearchResult",
    "Segment",
    "Settings",
    "Span",
    "Transcript",
    "Video",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'playhead' has no attribute {name!r}")
    value: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
