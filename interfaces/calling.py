"""One tool, called by somebody outside: gated like a step of a plan, its files in a folder of its own."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playhead.agent.agent import fresh_folder
from playhead.agent.run import copy_masked
from playhead.errors import InputError, StorageError
from playhead.plain import plain
from playhead.safety.texts import files_of, with_texts
from playhead.tools.contract import Context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playhead.agent.agent import Agent
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
        """The result as JSON on one line, for a language model: its keys are what other tools take."""
        return json.dumps(plain(self.result), ensure_ascii=False)


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


def new_folder(agent: Agent, name: str) -> Path:
    """A new folder in the library for what `name` makes. Raises `StorageError`."""
    try:
        return fresh_folder(agent.library.folder / "runs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise StorageError(
            f"{name} has nowhere to put what it makes", why, "Open a library you may write to"
        ) from error
