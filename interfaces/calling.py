"""What somebody outside, such as a model of theirs, may have done: one tool, or a whole request."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from playhead.agent.agent import fresh_folder
from playhead.agent.run import Run, copy_masked
from playhead.errors import InputError, StorageError
from playhead.interfaces import shapes
from playhead.interfaces.content import content
from playhead.safety.texts import files_of, with_texts
from playhead.tools.contract import Arguments, Context
from playhead.tools.doorway import is_data, loose, remembered
from playhead.types import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead.agent.agent import Agent
    from playhead.agent.plan import Plan
    from playhead.tools.contract import Effect
    from playhead.types import Progress


def _silent(_: Progress) -> None:
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


def call(
    agent: Agent, name: str, arguments: dict[str, Any], progress: Callable[[Progress], None] = _silent
) -> Called:
    """Call a tool of the agent over its library, through its gate.

    Raise from `progress` to stop it. Raises `InputError` for an unknown tool and for arguments that do not fit,
    `BlockedError`, and what the tool raises; nothing is left behind then.
    """
    if name not in agent.tools:
        raise InputError(f"There is no tool {name!r}", "", f"Tools are: {', '.join(agent.tools)}")
    agent.library.videos()  # raises where there is no library
    folder, mask = new_folder(agent, name), agent.gate.mask
    try:
        context = Context(agent.library, folder, progress, agent.chat, agent.gate)
        result = with_texts(agent.tools[name].call(arguments, context), mask)
        files = tuple(path for path in files_of(result) if folder in path.parents)
        for path in files:
            copy_masked(path, path, mask)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    with suppress(OSError):  # it holds what was made
        folder.rmdir()
    return Called(result, files, folder)


def ask(agent: Agent, request: str, video: str = "", **how: Any) -> Run:
    """Plan, run and answer a request that a model passes on, who may have it from footage. As `Agent.run`."""
    proposal = agent.plan(request, video)
    if proposal.plan is None:
        return Run(None, Answer(()), questions=proposal.questions, notes=proposal.notes)
    _held_to_footage(agent, request, proposal.plan)
    return replace(agent.run(proposal.plan, **how), notes=proposal.notes)


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
                agent.gate.refuse(step.tool, name, next(loose(known)))


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
    agent.gate.marks.note([video.name for video in videos])
    return {"library": str(library.folder), "videos": [shapes.video(v, library.counts(v)) for v in videos]}


def new_folder(agent: Agent, name: str) -> Path:
    """A new folder in the library for what `name` makes. Raises `StorageError`."""
    try:
        return fresh_folder(agent.library.folder / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise StorageError(
            f"{name} has nowhere to put what it makes", why, "Open a library you may write to"
        ) from error
