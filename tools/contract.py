"""What a tool is. Adding one is one new file in this folder, or one entry point `playhead.tools` in a package.

A tool knows nothing of planners, LangChain or the command line: it takes checked arguments and gives a typed result.
"""

from __future__ import annotations

import inspect
import os
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from playhead.errors import InputError, MediaError, PlayheadError, UnsafeMediaError
from playhead.media.decode import probe
from playhead.media.files import open_file
from playhead.media.images import read_image
from playhead.models.cache import sha256_of
from playhead.models.roles import Role
from playhead.plain import faults
from playhead.safety.gate import Gate
from playhead.tools import doorway
from playhead.tools.provenance import write_sidecars
from playhead.types import Channel, Progress, Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from playhead.index.library import Library
    from playhead.media.files import MediaFile
    from playhead.models.chat import Chat
    from playhead.models.roles import Image


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
    """What a tool may use: the library, a folder for what it makes, whom to tell how far it is, a language model.

    `gate` judges every call; without one it is the library's own. `given` are files that the person named, which may
    be opened wherever they lie. `admitted` is set by `Tool.call` alone.
    """

    library: Library
    folder: Path = field(default_factory=Path.cwd)
    progress: Callable[[Progress], None] = _silent
    chat: Chat | None = None
    gate: Gate = None  # type: ignore[assignment]
    given: tuple[Path, ...] = ()
    admitted: object = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "gate", self.gate or Gate.of(self.library))

    def open(self, video: str) -> MediaFile:
        """Open a video of the library (by id, name or path), or a file under the `roots` of the settings.

        The bytes of a video of the library must still be those that were indexed: they are read once through, unless
        that was done before and nothing touched the file since.
        Raises `InputError` for a video that nobody knows, `MediaError` for one that is gone, changed or unreadable.
        """
        try:
            known = self.library.video(video)
        except InputError:
            roots = [*self.library.settings.roots, *self.given]
            if not roots:
                raise
            return open_file(Path(video), roots, self.library.settings.limits)
        path = known.path
        if not path.exists():
            raise UnsafeMediaError(f"{path} cannot be opened", "the file is gone", "Index it at its new place")
        file = open_file(path, [path.parent], self.library.settings.limits)
        try:
            same = sha256_of(path) == known.id and os.path.samestat(os.fstat(file.descriptor), path.stat())
        except OSError:
            same = False
        if not same:
            os.close(file.descriptor)
            raise MediaError(f"{path} cannot be used", "it changed since it was indexed", "Index it again")
        return file

    def video(self, key: str) -> Video:
        """The video of the library, or the file under the `roots` of the settings, that is meant; see `open`."""
        try:
            return self.library.video(key)
        except InputError:
            if not self.library.settings.roots and not self.given:
                raise
        with self.open(key) as file:
            said = probe(file, self.library.settings.limits)
            size = (said.video.width, said.video.height) if said.video else (0, 0)
            length_s = said.stated_duration_s or 0.0
            return Video(file.sha256(), file.name, file.path, length_s, said.start_s, *size, said.audio is not None)

    @property
    def _own_roots(self) -> list[Path]:
        """Where files lie that a tool may open: what tools made, what the person gave, the `roots`."""
        return [self.folder, self.library.folder, *self.library.settings.roots, *self.given]

    def picture(self, path: Path) -> Image:
        """A picture that a tool made, or one under the `roots` of the settings, as upright RGB `(height, width, 3)`.

        Raises `MediaError`.
        """
        return read_image(path, self._own_roots, self.library.settings.limits)

    def own(self, path: Path) -> Path:
        """A file that a tool made, or one under the `roots` of the settings. Raises `MediaError`."""
        with open_file(path, self._own_roots, self.library.settings.limits):
            return path


A = TypeVar("A", bound=Arguments)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Admission:
    """What a call that passed the gate carries: it admits this tool, and no other that it may call."""

    tool: object


def _only_admitted(run: Any) -> Any:
    """A tool's `run`, which nobody can use to get past the gate."""

    @wraps(run)
    def guarded(self: Any, args: Any, context: Context) -> Any:
        admitted = context.admitted
        if not isinstance(admitted, _Admission) or admitted.tool is not self:
            context.gate.bypassed(self.name)
            raise PlayheadError(f"{self.name} cannot be run like this", "it would pass by the gate", "Use its call()")
        return run(self, args, context)

    guarded.admits = True  # type: ignore[attr-defined]
    return guarded


def past_the_gate(kind: type[Tool[Any, Any]]) -> str:
    """What a class, or one that it is derived from, puts over the way through the gate, or nothing."""
    ours = ("call", "_run", "makes", "writes", "__getattribute__", "__getattr__")
    return next((name for name in ours if getattr(kind, name, None) is not getattr(Tool, name, None)), "")


WAITING = "waiting for its turn"
_TURN_S = 0.1
_AT_WORK: dict[Role, threading.RLock] = {role: threading.RLock() for role in Role}


class Tool(ABC, Generic[A, R]):
    """One thing that can be done. The class docstring is what a planner reads: write it for that reader.

    `version` is raised when the same arguments begin to give another result. `roles` names the models it runs: tools
    that share one take turns. `indexed` says that the result depends on what the library holds, `remembers` names the
    channel whose index spares the work, `worded` says that a language model words it where there is one. `examples`
    are requests that it answers, for the offline planner. `reads_footage` says that its result is marked as what
    footage says, `judges` that it is the classifier itself, whose words are what is to be judged.
    """

    name: ClassVar[str]
    Args: ClassVar[type[Arguments]]
    result: ClassVar[type]
    effects: ClassVar[frozenset[Effect]] = frozenset({Effect.READS})
    version: ClassVar[int] = 1
    roles: ClassVar[frozenset[Role]] = frozenset()
    indexed: ClassVar[bool] = False
    worded: ClassVar[bool] = False
    examples: ClassVar[tuple[str, ...]] = ()
    remembers: ClassVar[Channel | None] = None
    reads_footage: ClassVar[bool] = True
    judges: ClassVar[bool] = False

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if own := past_the_gate(cls):
            raise TypeError(f"{cls.__name__} may not have a call of its own ({own}): what a tool does is its run")
        if not hasattr(cls.run, "admits"):
            cls.run = _only_admitted(cls.run)  # type: ignore[method-assign]

    @property
    def makes(self) -> bool:
        """Whether it generates: the gate is stricter with what is made than with what is looked at."""
        return Effect.GENERATES in self.effects

    @property
    def writes(self) -> bool:
        """Whether it leaves files."""
        return Effect.WRITES in self.effects

    def uses(self, args: A) -> frozenset[Role]:  # noqa: ARG002
        """Those of its models that a call with these arguments runs: they decide its result, the others do not."""
        return self.roles

    @abstractmethod
    def run(self, args: A, context: Context) -> R:
        """Do it. Raises `PlayheadError`. An author writes this; everybody else uses `call`, which passes the gate."""

    def estimate_s(self, args: A, footage_s: float) -> float:  # noqa: ARG002
        """Seconds it will take on an ordinary machine, given the length of the footage it is about."""
        return 1.0

    @classmethod
    def description(cls) -> str:
        """The class docstring as one paragraph."""
        return " ".join((inspect.getdoc(cls) or "").split())

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return cls.Args.model_json_schema()

    def checked(self, arguments: dict[str, Any]) -> A:
        """The arguments, checked. Raises `InputError` that names every one that does not fit."""
        try:
            return self.Args.model_validate(arguments)  # type: ignore[return-value]
        except ValidationError as error:
            why, fix = faults(error.errors()), f"See: playhead tools {self.name}"
            raise InputError(f"{self.name} cannot run", why, fix) from error

    def call(
        self,
        arguments: dict[str, Any],
        context: Context,
        *,
        marked: frozenset[str] | None = None,
        through: Callable[[A, Callable[[Context], R]], tuple[R, Iterable[Path]]] | None = None,
    ) -> R:
        """Check the arguments, let them in, run, and let the result out: the one way to use a tool.

        `marked` names the arguments that came out of footage, where a plan says which; otherwise those are that say
        what footage said lately. `through` is given the arguments and what runs them, and gives the result, which it
        may know already, with the files that were made. Raises `InputError` that names every argument that does not
        fit, and `BlockedError` where the gate stops the call or its result.
        """
        args = self.checked(arguments)
        doorway.admit(self, arguments, args, context, marked)
        result, made = through(args, partial(self._run, args)) if through else (self._run(args, context), ())
        doorway.release(self, result, context, made)
        return result

    def _run(self, args: A, context: Context) -> R:
        """Run when it is this tool's turn, and say beside each file that it made where it comes from."""
        with ExitStack() as turns:
            for role in sorted(self.uses(args)):
                while not _AT_WORK[role].acquire(timeout=_TURN_S):
                    context.progress(Progress(WAITING, self.name))
                turns.callback(_AT_WORK[role].release)
            result = self.run(args, replace(context, admitted=_Admission(self)))
        if self.writes:
            write_sidecars(result, self, args)
        return result
