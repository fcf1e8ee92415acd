"""What happens while something runs, told the way LangChain tells it: to callbacks and to a graph's own stream."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import dispatch_custom_event
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.config import get_stream_writer

from playhead.agent.executor import Event
from playhead.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.types import Progress

PROGRESS, EVENT = "playhead_progress", "playhead_event"
"""The names of the custom events: a tool's progress, and what becomes of the steps of a plan."""


def teller() -> Callable[[Progress | Event], None]:
    """Tells whoever listens to the call that is being made now, from whatever thread it is used.

    Callbacks hear `on_custom_event`; in a graph `stream_mode="custom"` gives the same table with its name as `type`.
    """
    config = var_child_runnable_config.get()
    if config is None:
        return lambda _: None
    write, here = _writer(), copy_context()  # the graph's writer asks where it is when it writes

    def tell(news: Progress | Event) -> None:
        name, said = EVENT if isinstance(news, Event) else PROGRESS, plain(news)
        dispatch_custom_event(name, said, config=config)
        here.copy().run(write, {"type": name, **said})

    return tell


def _writer() -> Callable[[Any], None]:
    """That of the graph in which this runs; outside of one nobody reads."""
    try:
        write: Callable[[Any], None] = get_stream_writer()
    except (KeyError, RuntimeError):  # what it raises where there is no graph
        return lambda _: None
    return write
