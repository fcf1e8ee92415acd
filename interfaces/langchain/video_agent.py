"""An agent of LangChain that works on footage: its tools, the gate, and a person asked before costly calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.memory import InMemorySaver

from playhead import prompts
from playhead.agent.check import Budget
from playhead.errors import InputError
from playhead.interfaces.langchain.middleware import SafetyMiddleware
from playhead.interfaces.langchain.toolkit import VideoTool, VideoToolkit
from playhead.models.chat import load_chat
from playhead.safety.gate import Gate, nobody
from playhead.tools.contract import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from langchain.agents.middleware import AgentMiddleware, InterruptOnConfig
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.tools import BaseTool
    from langgraph.graph.state import CompiledStateGraph

    from playhead.index.library import Library
    from playhead.types import Verdict

_MOST_NAMES = 50


def create_video_agent(
    model: str | BaseChatModel,
    library: Library,
    *,
    ask_before: Collection[str] = (Effect.GENERATES, Effect.COSTLY),
    tools: Sequence[BaseTool | Callable[..., Any]] = (),
    reading: Collection[str] = (),
    middleware: Sequence[AgentMiddleware[Any, Any]] = (),
    consent: Callable[[Verdict], str] = nobody,
    gate: Gate | None = None,
    checkpointer: Any = None,
    **more: Any,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """A compiled agent whose `model` calls Playhead's tools and yours, behind the gate.

    It stops before calls of our tools that do one of the effects in `ask_before`, and goes on by
    `Command(resume={"decisions": [{"type": "approve"}]})`; `ask_footage` does none of them. To stop and to go on
    every call names its thread, `agent.invoke(…, {"configurable": {"thread_id": "1"}})`; without a `checkpointer`
    threads are kept in memory. `reading` names those of your tools that only read; a `gate` that is given is shared
    with whatever else has it. `more` is what `langchain.agents.create_agent` takes besides.
    """
    asked = _effects(ask_before)
    toolkit = VideoToolkit(library, consent=consent, budget=Budget(effects=frozenset(Effect) - asked), gate=gate)
    own = toolkit.get_tools()
    safety = SafetyMiddleware(toolkit.gate, reading=reading)  # named last: after the model it judges first
    return create_agent(
        load_chat(model).model if isinstance(model, str) else model,
        [*own, *tools],
        system_prompt=_system_prompt(library),
        middleware=[HumanInTheLoopMiddleware(_asked_about(own, asked)), safety, *middleware],
        checkpointer=checkpointer or InMemorySaver(),
        **more,
    )


def _effects(names: Iterable[str]) -> frozenset[Effect]:
    """The effects of these names. Raises `InputError`."""
    if unknown := sorted({str(name) for name in names} - set(Effect)):
        raise InputError(f"No tool does {', '.join(unknown)}", "", f"What tools do: {', '.join(sorted(Effect))}")
    return frozenset(map(Effect, names))


def _asked_about(tools: Iterable[BaseTool], asked: frozenset[Effect]) -> dict[str, bool | InterruptOnConfig]:
    """The tools before which a person is asked, and what may be answered."""
    return {
        tool.name: {"allowed_decisions": ["approve", "edit", "reject"]}
        for tool in tools
        if isinstance(tool, VideoTool) and tool.effects & asked
    }


def _system_prompt(library: Library) -> str:
    names = [" ".join(video.name.split()) for video in library.videos()]
    more = f"\n(and {len(names) - _MOST_NAMES} more)" if len(names) > _MOST_NAMES else ""
    return prompts.load("converse").fill(videos=prompts.data("\n".join(names[:_MOST_NAMES]) + more))
