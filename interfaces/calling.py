"""What somebody outside, such as a model of theirs, may have done: one tool, or a whole request."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from playhead.agent.executor import CancelledError
from playhead.agent.run import Run, copy_masked
from playhead.agent.run_folder import fresh_folder
from playhead.errors import InputError, StorageError, reason_of
from playhead.interfaces import shapes
from playhead.interfaces.content import content
from playhead.safety.texts import files_of, with_texts
from playhead.tools.contract import Arguments, Context
from playhead.tools.doorway import is_data, refuse, remembered
from playhead.types import Answer

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playhead.agent.agent import Agent
    from playhead.agent.executor import Event
    from playhead.agent.plan import Plan
    from playhead.tools.contract import Effect
    from playhead.types import Progress

N = TypeVar("N")


def _silent(_: object) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True)
class Called:
    """What a call gave: its result, as the policy masks it, and the files that it made, in `folder`."""

    result: Any
    files: tuple[Path, ...]
    folder: Path

    def __str__(self) -> str:
        """The result as a language model reads it: see `content`."""
        return content(self.result)


class AskArgs(Arguments):
    """The request, and the video it is about."""

    request: str = Field(min_length=1, max_length=2000, description="What is to be known or made, in plain words.")
    video: str = Field("", max_length=4096, description="Id, name or path of one video; empty: the whole library.")


def call(
    agent: Agent,
    name: str,
    arguments: dict[str, Any],
    progress: Callable[[Progress], None] = _silent,
    cancel: threading.Event | None = None,
) -> Called:
    """Call a tool of the agent over its library, through its gate.

    Raises `InputError` for an unknown tool and for arguments that do not fit, `BlockedError`, what the tool and
    `progress` raise, and `CancelledError` where `cancel` was set by the end; nothing is left behind then.
    """
    if name not in agent.tools:
        raise InputError(f"There is no tool {name!r}", "", f"Tools are: {', '.join(agent.tools)}")
    agent.library.videos()  # raises where there is no library
    with _new_folder(agent, name) as folder:
        context = Context(agent.library, folder, heeding(cancel, progress), agent.chat, agent.gate)
        given = {key: _stretches(value) for key, value in arguments.items()}
        result = with_texts(agent.tools[name].call(given, context), agent.gate.mask)
        files = tuple(path for path in files_of(result) if folder in path.parents)
        for path in files:
            copy_masked(path, path, agent.gate.mask)
        _heed(cancel)
    with suppress(OSError):  # it holds what was made
        folder.rmdir()
    return Called(result, files, folder)


def _stretches(value: Any) -> Any:
    """Moments as a search gives them, as the stretches that other tools take; anything else as it is."""
    if isinstance(value, list | tuple):
        return [_stretches(item) for item in value]
    if isinstance(value, dict) and {"video", "start_s", "end_s", "score", "evidence"} == set(value):
        video = value["video"]
        stretch = {"video": video.get("id") if isinstance(video, dict) else video}
        return stretch | {key: value[key] for key in ("start_s", "end_s")}
    return value


def ask(
    agent: Agent, asked: AskArgs, listen: Callable[[Event], None] = _silent, cancel: threading.Event | None = None
) -> Run:
    """Plan, run and answer a request that a model passes on, who may have it from footage.

    Raises what `Agent.run` raises, and `CancelledError` where `cancel` was set by the end; no folder is left then.
    """
    proposal = agent.plan(asked.request, asked.video)
    _heed(cancel)
    if proposal.plan is None:
        return Run(None, Answer(()), questions=proposal.questions, notes=proposal.notes)
    _held_to_footage(agent, asked.request, proposal.plan)
    with _new_folder(agent, "ask") as folder:
        run = agent.run(proposal.plan, out=folder, listen=listen, cancel=cancel)
        _heed(cancel)
    return replace(run, notes=proposal.notes)


def heeding(cancel: threading.Event | None, tell: Callable[[N], None]) -> Callable[[N], None]:
    """Tells news, and raises `CancelledError` in place of it once `cancel` is set."""

    def told(news: N) -> None:
        _heed(cancel)
        tell(news)

    return told


def _heed(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError("The call was cancelled")


def _held_to_footage(agent: Agent, request: str, plan: Plan) -> None:
    """Raise `BlockedError` where a model passes on as a request what footage said, beyond what the policy lets it.

    A plan tells by its form what its steps read. That the request itself was read only the gate's memory can tell.
    """
    if agent.gate.marks.on(request):
        agent.gate.footage("a request", _effects(agent, plan), ["request"])
    context = Context(
        agent.library, agent.library.folder / "runs" / "none", gate=agent.gate
    )  # of none of these files
    for step in plan.steps.values():
        fields = agent.tools[step.tool].Args.model_fields if step.tool in agent.tools else {}
        for name, value in step.args.items():
            known = plan.inputs.get(value[1:], "") if isinstance(value, str) and value[:1] == "$" else value
            if name in fields and not is_data(fields[name]) and remembered(known, fields[name], context):
                refuse(agent.gate, step.tool, name, known)


def _effects(agent: Agent, plan: Plan) -> frozenset[Effect]:
    """All that the steps of a plan do, as far as their tools are known."""
    return frozenset().union(*(agent.tools[s.tool].effects for s in plan.steps.values() if s.tool in agent.tools))


class NoArgs(Arguments):
    """Nothing to say."""


LIST_VIDEOS = "Lists the videos of the library: id, name, length, and how much was observed on each channel."


def list_videos(agent: Agent) -> dict[str, Any]:
    """The videos of the library. Their names are marked: whoever named a file may have meant to give orders."""
    library = agent.library
    videos = library.videos()
    agent.gate.remember(videos)
    return {"library": str(library.folder), "videos": [shapes.video(v, library.counts(v)) for v in videos]}


@contextmanager
def _new_folder(agent: Agent, name: str) -> Iterator[Path]:
    """A new folder in the library for what `name` makes, gone where that raises. Raises `StorageError`."""
    try:
        folder = fresh_folder(agent.library.folder / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}")
    except OSError as error:
        why = reason_of(error)
        raise StorageError(
            f"{name} has nowhere to put what it makes", why, "Open a library you may write to"
        ) from error
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
