"""What an MCP client can call: every tool, and what stands above the tools: ask, plan, list_videos, index."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_types import Tool as ToolCard
from mcp_types import ToolAnnotations
from pydantic import Field, ValidationError

from playhead.agent.agent import Agent
from playhead.errors import InputError, PolicyError
from playhead.index.library import Library
from playhead.interfaces import shapes
from playhead.interfaces.calling import LIST_VIDEOS, AskArgs, NoArgs, ask, call, heeding, list_videos
from playhead.interfaces.content import one_line, run_content
from playhead.plain import faults, plain
from playhead.safety.gate import Gate, nobody
from playhead.safety.texts import files_of
from playhead.tools.contract import Arguments, Effect
from playhead.tools.registry import all_tools, built_in
from playhead.types import SearchResult, format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from langchain_core.language_models.chat_models import BaseChatModel

    from playhead.interfaces.mcp.caller import Caller
    from playhead.tools.contract import Tool
    from playhead.types import Verdict


@dataclass(frozen=True, slots=True)
class Told:
    """What a call gave: a text to read, the same as JSON, and pictures that may be shown."""

    text: str
    said: dict[str, Any]
    pictures: tuple[Path, ...] = ()
    failed: bool = False


class Service:
    """One library with one agent, for every client. Nothing is loaded before it is asked for.

    `writer` opens the library once more, to index: with models of its own, so that nobody who searches waits.
    """

    def __init__(
        self, library: Library, model: str | BaseChatModel | None = None, writer: Callable[[], Library] | None = None
    ) -> None:
        self.library, self._model = library, model
        self.writer = writer or (lambda: Library(library.folder, settings=library.settings))
        self._own = {own.name: own for own in OWN if library.settings.roots or own is not INDEX}
        if both := self._own.keys() & all_tools().keys():
            raise InputError(f"Two tools are called {' and '.join(both)}", "one of them is of a package", "Remove it")
        self._made: Agent | None = None
        self._lock = threading.Lock()

    def agent(self, consent: Callable[[Verdict], str] = nobody) -> Agent:
        """The agent, whose gate asks whom it is told. Raises `LibraryError` where there is no library."""
        self.library.videos()
        with self._lock:
            self._made = self._made or Agent(self.library, self._model)
        return self._made.asking(consent)

    def mask(self, text: str) -> str:
        """A text without the personal data that the policy masks."""
        made = self._made
        try:
            return (made.gate if made else Gate.of(self.library)).mask(text)
        except PolicyError:  # nothing passes without a policy: it is told of this
            return text

    def planner(self, consent: Callable[[Verdict], str]) -> Agent:
        """The agent with its planner loaded, once for all clients."""
        self.agent()
        assert self._made is not None
        with self._lock:
            _ = self._made.planner
        return self._made.asking(consent)

    def cards(self) -> list[ToolCard]:
        """Every tool as a client is told of it."""
        return [*(own.card() for own in self._own.values()), *(_card(tool) for tool in all_tools().values())]

    def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Told:
        """Call a tool. Raises what `calling.call` raises."""
        if own := self._own.get(name):
            return own.act(self, own.checked(arguments), caller)
        called = call(self.agent(caller.consent), name, arguments, caller.progress, caller.left)
        said = plain(called.result)
        return Told(str(called), said if isinstance(said, dict) else {"result": said}, _pictures(called.result))


def _card(tool: Tool[Any, Any]) -> ToolCard:
    reads = not tool.effects & {Effect.WRITES, Effect.GENERATES}
    return ToolCard(
        name=tool.name, title=_title(tool.name), description=tool.description(), input_schema=tool.schema(),
        annotations=_hints(reads=reads, again=reads) if built_in(tool.name) else None,
    )  # fmt: skip


def _hints(*, reads: bool, again: bool) -> ToolAnnotations:
    """Nothing of ours removes or changes a file of yours, or reaches out of this machine's library."""
    return ToolAnnotations(read_only_hint=reads, destructive_hint=False, idempotent_hint=again, open_world_hint=False)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _pictures(result: object) -> tuple[Path, ...]:
    """The picture of each moment, best first; else every picture that a result names."""
    if isinstance(result, SearchResult):
        shown = [next((e.thumbnail for e in moment.evidence if e.thumbnail), None) for moment in result.moments]
        return tuple(dict.fromkeys(path for path in shown if path))
    return tuple(files_of(result))


# What is no tool of a plan


class IndexArgs(Arguments):
    """What to watch and listen to."""

    paths: tuple[str, ...] = Field(
        min_length=1, description="Files and folders (all the way down), in the folders that may be opened."
    )


@dataclass(frozen=True, slots=True)
class Own:
    """Something to call that is no tool of a plan."""

    name: str
    description: str
    Args: type[Arguments]
    act: Callable[[Service, Any, Caller], Told]
    reads: bool = True
    again: bool = True

    def card(self) -> ToolCard:
        """As a client is told of it."""
        return ToolCard(
            name=self.name, title=_title(self.name), description=self.description,
            input_schema=self.Args.model_json_schema(), annotations=_hints(reads=self.reads, again=self.again),
        )  # fmt: skip

    def checked(self, arguments: dict[str, Any]) -> Arguments:
        """The arguments, checked. Raises `InputError`."""
        try:
            return self.Args.model_validate(arguments)
        except ValidationError as error:
            raise InputError(f"{self.name} cannot run", faults(error.errors()), "Look at its schema") from error


def _ask(service: Service, args: AskArgs, caller: Caller) -> Told:
    agent = service.planner(caller.consent)
    run = ask(agent, args, caller.listen, caller.left)
    if run.folder and caller.open:  # it will run again
        shutil.rmtree(run.folder)
    mask, shown = agent.gate.mask, (*files_of(run.answer), *run.artifacts)
    failed = run.exit_code not in (0, 2, 3)
    return Told(run_content(run, mask), shapes.run(run, partial(one_line, mask=mask)), shown, failed)


def _plan(service: Service, args: AskArgs, caller: Caller) -> Told:
    agent = service.planner(caller.consent)
    proposal = agent.plan(args.request, args.video)
    if proposal.plan is None:
        return Told("\n".join(proposal.questions), shapes.proposal(proposal))
    checked = agent.check(proposal.plan)
    wrong = [str(problem) for problem in checked.problems] or [f"About {checked.seconds:.0f} s"]
    text = "\n".join([*proposal.notes, proposal.plan.yaml(), *wrong])
    return Told(text, shapes.proposal(proposal) | shapes.checked(checked))


def _list_videos(service: Service, args: NoArgs, caller: Caller) -> Told:
    del args, caller
    said = list_videos(service.agent())
    lines = [f"{video.id}  {video}  {format_time(video.duration_s)}" for video in service.library.videos()]
    return Told("\n".join(lines) or "The library is empty.", said)


def _index(service: Service, args: IndexArgs, caller: Caller) -> Told:
    own = service.library
    paths = [_below(text, own.settings.roots) for text in args.paths]
    if own.exists:
        gate = service.agent(caller.consent).gate
        for text in args.paths:
            if gate.marks.on(text):
                gate.refuse("index", "paths", text)
    with service.writer() as library:
        report = library.add(*paths, progress=heeding(caller.left, caller.progress))
    said = shapes.report(report, own.folder)
    counts = [f"{len(said[name])} {name}" for name in ("added", "updated", "unchanged", "failed") if said[name]]
    failed = [f"{each['path']}: {each['error']}" for each in said["failed"]]
    return Told(
        "\n".join([", ".join(counts), *report.notes, *failed]), said, failed=bool(failed) and len(counts) == 1
    )


def _below(text: str, roots: Iterable[Path]) -> Path:
    """The path, where it lies in a folder that may be opened: links are followed first. Raises `InputError`."""
    try:
        path = Path(text).expanduser().resolve()
        if any(path.is_relative_to(root.resolve()) for root in roots):
            return path
    except (OSError, ValueError, RuntimeError) as error:  # a nul, a loop of links, nobody's home
        raise InputError(f"{text!r} cannot be opened", str(error), "Name a file or a folder") from error
    allowed = ", ".join(map(str, roots))
    raise InputError(
        f"{text!r} cannot be indexed", f"it is in none of {allowed}", "Name a file there, or add to roots"
    )


INDEX = Own(
    "index",
    "Watches and listens to video files once, so that they can be searched and asked about; known ones cost a hash.",
    IndexArgs, _index, reads=False,
)  # fmt: skip
OWN = (
    Own(
        "ask",
        "Answers a request about the footage, or makes what it asks for: plans, checks the plan, runs it, and says "
        "every sentence with the times it rests on. A request that no plan fits is answered with questions.",
        AskArgs, _ask, reads=False, again=False,
    ),
    Own(
        "plan",
        "Shows the plan for a request, its faults and about how long it takes. Nothing runs.",
        AskArgs, _plan,
    ),
    Own(
        "list_videos",
        LIST_VIDEOS,
        NoArgs, _list_videos,
    ),
    INDEX,
)  # fmt: skip
