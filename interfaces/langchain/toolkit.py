"""Every tool as a LangChain tool, and the whole agent as one more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, BaseToolkit, StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from playhead.agent.agent import Agent
from playhead.agent.check import Budget
from playhead.agent.executor import CancelledError
from playhead.errors import InputError, PlayheadError
from playhead.index.library import Library  # noqa: TC001 - pydantic reads the fields by their types
from playhead.interfaces.calling import LIST_VIDEOS, AskArgs, NoArgs, ask, call, list_videos
from playhead.interfaces.content import content, one_line, run_content
from playhead.interfaces.langchain.events import teller
from playhead.interfaces.langchain.retriever import MomentRetriever
from playhead.plain import faults
from playhead.safety.gate import Gate, nobody
from playhead.safety.texts import with_texts
from playhead.tools.contract import Effect
from playhead.tools.registry import get_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.runnables import RunnableConfig

    from playhead.agent.executor import Event
    from playhead.tools.contract import Tool
    from playhead.types import Progress, Verdict

    Tell = Callable[[Progress | Event], None]
    Work = Callable[[dict[str, Any], Tell, threading.Event], tuple[str, Any]]

ASK, LIST = "ask_footage", "list_videos"
_ASK = (
    "Answers a whole request about the footage, in plain words: plans it, checks the plan, runs it, and gives "
    "sentences, each with the times it rests on, and the files that were made. Use it where several steps are needed."
)


class VideoTool(StructuredTool):
    """A tool whose calls pass Playhead's gate, with what a `Tool` says of itself.

    Its `ToolMessage` has JSON as content and the typed result as artifact. What goes wrong on purpose, the gate
    included, is one line in a message with the status `error`; anything unexpected is raised.
    """

    effects: frozenset[Effect] = frozenset()
    reads_footage: bool = True
    checks: type[BaseModel]

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:  # noqa: ARG002
        """The model that checks the arguments."""
        return self.checks

    def _parse_input(self, tool_input: str | dict[str, Any], tool_call_id: str | None) -> dict[str, Any]:
        """All arguments as one, as they were given: they are checked once, behind the gate's memory of footage.

        A name that LangChain uses itself, such as `config`, is then an unknown argument like any other.
        """
        del tool_call_id
        if isinstance(tool_input, str):
            raise ToolException(f"{self.name} takes arguments by name, not a text")
        return {"arguments": tool_input}


class VideoToolkit(BaseToolkit):
    """Playhead's tools over one library, behind one gate that remembers what they said.

        agent = create_agent("ollama:qwen3:8b", VideoToolkit(library).get_tools())

    `model` words answers and plans for `ask_footage`; without one both are made offline. `consent` is asked where the
    policy wants a person to say why something may pass, `budget` bounds what `ask_footage` may do, `tools` says which
    tools there are, by name or whole, and a `gate` that is given is shared with whatever else has it.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)
    library: Library
    _agent: Agent = PrivateAttr()

    def __init__(
        self,
        library: Library,
        model: str | BaseChatModel | None = None,
        *,
        consent: Callable[[Verdict], str] = nobody,
        budget: Budget | None = None,
        tools: Mapping[str, Tool[Any, Any]] | Collection[str] | None = None,
        gate: Gate | None = None,
    ) -> None:
        super().__init__(library=library)  # type: ignore[call-arg]
        if not isinstance(budget, Budget | None):
            raise InputError(f"{budget!r} is no budget", "", "For example: Budget(seconds=60)")
        self._agent = Agent(library, model, tools=_chosen(tools), budget=budget, consent=consent, gate=gate)
        if both := {ASK, LIST} & self._agent.tools.keys():
            why = "one is that of the toolkit"
            raise InputError(f"Two tools are called {' and '.join(sorted(both))}", why, "Name yours otherwise")

    @property
    def gate(self) -> Gate:
        """Where every call is judged."""
        return self._agent.gate

    def get_tools(self) -> list[BaseTool]:
        """Each tool by its own name, `list_videos` and `ask_footage`."""
        return [*map(self._tool, self._agent.tools.values()), self._list_tool(), self._ask_tool()]

    def retriever(self, **how: Any) -> MomentRetriever:
        """A retriever behind the same gate."""
        return MomentRetriever(library=self.library, gate=self.gate, **how)

    def _tool(self, kind: Tool[Any, Any]) -> VideoTool:
        work = partial(_called, self._agent, kind.name)
        tool = self._made(kind.name, kind.description(), kind.Args, kind.effects, work)
        tool.reads_footage = kind.reads_footage
        return tool

    def _ask_tool(self) -> VideoTool:
        effects, budget = frozenset(Effect), self._agent.budget
        allowed = effects if budget.effects is None else effects & budget.effects
        tool = self._made(ASK, _ASK, AskArgs, allowed, partial(_asked, self._agent))
        tool.handle_validation_error = partial(_faults, ASK)
        return tool

    def _list_tool(self) -> VideoTool:
        tool = self._made(LIST, LIST_VIDEOS, NoArgs, frozenset({Effect.READS}), partial(_listed, self._agent))
        tool.handle_validation_error = partial(_faults, LIST)
        return tool

    def _made(
        self, name: str, description: str, checks: type[BaseModel], effects: frozenset[Effect], work: Work
    ) -> VideoTool:
        told = partial(_in_one_line, work, self.gate)

        def here(arguments: dict[str, Any]) -> tuple[str, Any]:
            return told(arguments, teller(), threading.Event())

        async def beside(arguments: dict[str, Any]) -> tuple[str, Any]:
            return await _beside(told, arguments)

        return VideoTool(
            name=name,
            description=description,
            args_schema=checks.model_json_schema(),
            checks=checks,
            effects=effects,
            func=here,
            coroutine=beside,
            response_format="content_and_artifact",
            handle_tool_error=True,
        )


def _chosen(tools: Mapping[str, Tool[Any, Any]] | Collection[str] | None) -> Mapping[str, Tool[Any, Any]] | None:
    """The tools themselves where their names are given. Raises `InputError`."""
    if tools is None or isinstance(tools, Mapping):
        return tools
    if isinstance(tools, str):
        raise InputError(f"tools is {tools!r}", "it takes several names, or a mapping", f"Give it [{tools!r}]")
    return {str(name): get_tool(str(name)) for name in tools}


# How a call is made


async def _beside(work: Work, arguments: dict[str, Any]) -> tuple[str, Any]:
    """In a thread; it is cancelled when whoever waits for it gives up."""
    stopped = threading.Event()
    try:
        return await asyncio.to_thread(work, arguments, teller(), stopped)
    except asyncio.CancelledError:
        stopped.set()
        raise


def _in_one_line(
    work: Work, gate: Gate, arguments: dict[str, Any], tell: Tell, stopped: threading.Event
) -> tuple[str, Any]:
    """What the call gives; an error of ours as one that LangChain hands to the model."""
    try:
        return work(arguments, tell, stopped)
    except CancelledError:
        raise
    except PlayheadError as error:
        raise ToolException(one_line(error, gate.mask)) from error


def _called(
    agent: Agent, name: str, arguments: dict[str, Any], tell: Tell, stopped: threading.Event
) -> tuple[str, Any]:
    result = call(agent, name, arguments, tell, stopped).result
    return content(result), result


def _asked(agent: Agent, arguments: dict[str, Any], tell: Tell, stopped: threading.Event) -> tuple[str, Any]:
    run = ask(agent, AskArgs.model_validate(arguments), tell, stopped)
    return run_content(run, agent.gate.mask), run


def _listed(agent: Agent, arguments: dict[str, Any], *_: object) -> tuple[str, Any]:
    NoArgs.model_validate(arguments)
    said = with_texts(list_videos(agent), agent.gate.mask)
    return content(said), said


def _faults(name: str, error: Any) -> str:
    """Every argument that does not fit, on one line."""
    assert isinstance(error, ValidationError)
    return one_line(f"{name} cannot run: {faults(error.errors())}")
