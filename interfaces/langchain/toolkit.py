"""Every tool as a LangChain tool, and the whole agent as one more."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, BaseToolkit, StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from playhead.agent.agent import Agent, CancelledError
from playhead.errors import InputError, PlayheadError
from playhead.index.library import Library  # noqa: TC001 - pydantic reads the fields by their types
from playhead.interfaces.calling import AskArgs, ask, call
from playhead.interfaces.content import content, one_line, run_content
from playhead.interfaces.langchain.events import teller
from playhead.interfaces.langchain.retriever import MomentRetriever
from playhead.plain import faults
from playhead.safety.gate import Gate, nobody
from playhead.tools.contract import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.runnables import RunnableConfig

    from playhead.agent.check import Budget
    from playhead.agent.executor import Event
    from playhead.tools.contract import Tool
    from playhead.types import Progress, Verdict

    Tell = Callable[[Progress | Event], None]
    Work = Callable[[dict[str, Any], Tell, threading.Event], tuple[str, Any]]

ASK = "ask_footage"
_ASK = (
    "Answers a whole request about the footage, in plain words: plans it, checks the plan, runs it, and gives "
    "sentences, each with the times it rests on, and the files that were made. Use it where several steps are needed."
)


class VideoTool(StructuredTool):
    """A tool whose calls pass Playhead's gate. `effects` are what it does besides giving its result.

    Its `ToolMessage` has JSON as content and the typed result as artifact. What goes wrong on purpose, the gate
    included, is one line in a message with the status `error`; anything unexpected is raised.
    """

    effects: frozenset[Effect] = frozenset()
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
    policy wants a person to say why something may pass, `budget` bounds what `ask_footage` may do.
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
        tools: Mapping[str, Tool[Any, Any]] | None = None,
    ) -> None:
        super().__init__(library=library)  # type: ignore[call-arg]
        self._agent = Agent(library, model, tools=tools, budget=budget, consent=consent)
        if ASK in self._agent.tools:
            raise InputError(f"Two tools are called {ASK}", "one is that of the toolkit", "Name yours otherwise")

    @property
    def gate(self) -> Gate:
        """Where every call is judged."""
        return self._agent.gate

    def get_tools(self) -> list[BaseTool]:
        """Each tool by its own name, and `ask_footage`."""
        return [*map(self._tool, self._agent.tools.values()), self._ask_tool()]

    def retriever(self, **how: Any) -> MomentRetriever:
        """A retriever behind the same gate."""
        return MomentRetriever(library=self.library, gate=self.gate, **how)

    def _tool(self, kind: Tool[Any, Any]) -> VideoTool:
        return self._made(
            kind.name, kind.description(), kind.Args, kind.effects, partial(_called, self._agent, kind.name)
        )

    def _ask_tool(self) -> VideoTool:
        effects, budget = frozenset(Effect), self._agent.budget
        allowed = effects if budget.effects is None else effects & budget.effects
        tool = self._made(ASK, _ASK, AskArgs, allowed, partial(_asked, self._agent))
        tool.handle_validation_error = _faults
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


def _faults(error: Any) -> str:
    """Every argument of `ask_footage` that does not fit, on one line."""
    assert isinstance(error, ValidationError)
    return one_line(f"{ASK} cannot run: {faults(error.errors())}")
