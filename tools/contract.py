"""What a tool is. Adding one is one new file in this folder, or one entry point `playhead.tools` in a package.

A tool knows nothing of planners, LangChain or the command line: it takes checked arguments and gives a typed result.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from playhead.errors import InputError, UnsafeMediaError
from playhead.media.files import open_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.index.library import Library
    from playhead.media.files import MediaFile
    from playhead.types import Progress


class Effect(StrEnum):
    """What running a tool does besides giving its result."""

    READS = "reads"
    WRITES = "writes"
    GENERATES = "generates"
    COSTLY = "costly"


class Arguments(BaseModel):
    """Base of every tool's arguments: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _silent(_: Progress) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a tool may use: the library, a folder for what it makes, and somebody to tell how far it is."""

    library: Library
    folder: Path = field(default_factory=Path.cwd)
    progress: Callable[[Progress], None] = _silent

    def open(self, video: str) -> MediaFile:
        """Open a video of the library (by id, name or path), or a file under the `roots` of the settings."""
        try:
            path = self.library.video(video).path
        except InputError:
            roots, limits = self.library.settings.roots, self.library.settings.limits
            if not roots:
                raise
            return open_file(Path(video), roots, limits)
        if not path.exists():
            raise UnsafeMediaError(f"{path} cannot be opened", "the file is gone", "Index it at its new place")
        return open_file(path, [path.parent], self.library.settings.limits)


A = TypeVar("A", bound=Arguments)
R = TypeVar("R")


class Tool(ABC, Generic[A, R]):
    """One thing that can be done. The class docstring is what a planner reads: write it for that reader."""

    name: ClassVar[str]
    Args: ClassVar[type[Arguments]]
    result: ClassVar[type]
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS})

    @abstractmethod
    def run(self, args: A, context: Context) -> R:
        """Do it. Raises `PlayheadError`."""

    @classmethod
    def description(cls) -> str:
        """The class docstring as one paragraph."""
        return " ".join((inspect.getdoc(cls) or "").split())

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return cls.Args.model_json_schema()

    def call(self, arguments: dict[str, Any], context: Context) -> R:
        """Check the arguments, then run. Raises `InputError` that names every argument that does not fit."""
        try:
            args = self.Args.model_validate(arguments)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors())
            raise InputError(f"{self.name} cannot run", problems, f"See: playhead tools {self.name}") from error
        return self.run(args, context)  # type: ignore[arg-type]
