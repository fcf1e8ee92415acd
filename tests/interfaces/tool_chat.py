"""A chat model that calls tools by a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.messages import BaseMessage

    Turn = str | tuple[str, dict[str, Any]] | list[tuple[str, dict[str, Any]]] | Callable[[list[BaseMessage]], Any]


class ScriptedToolChat(BaseChatModel):
    """A chat model whose turns are given: a text, a call `(tool, arguments)`, a list of calls, or a function.

    A function is given the messages and gives one of the others. `asked` are the messages of each turn, `tools` what
    was bound, as OpenAI's schema has it. After the last turn it raises `IndexError`.
    """

    turns: tuple[Any, ...] = ()
    asked: list[Any] = Field(default_factory=list)
    tools: dict[str, Any] = Field(default_factory=dict)

    def __init__(self, *turns: Turn) -> None:
        super().__init__()
        self.turns = turns

    @property
    def _llm_type(self) -> str:
        return "scripted-tools"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> ScriptedToolChat:  # type: ignore[override]
        """Itself, having noted the tools."""
        self.tools.update({tool["function"]["name"]: tool for tool in map(convert_to_openai_tool, tools)})
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del stop, run_manager, kwargs
        self.asked.append(list(messages))
        if len(self.asked) > len(self.turns):
            raise IndexError(f"the script has only {len(self.turns)} turns")
        turn = self.turns[len(self.asked) - 1]
        turn = turn(messages) if callable(turn) else turn
        return ChatResult(generations=[ChatGeneration(message=self._message(turn))])

    def _message(self, turn: Any) -> AIMessage:
        if isinstance(turn, str):
            return AIMessage(turn)
        calls = turn if isinstance(turn, list) else [turn]
        number = len(self.asked)
        return AIMessage(
            "",
            tool_calls=[
                {"name": name, "args": arguments, "id": f"call-{number}-{n}", "type": "tool_call"}
                for n, (name, arguments) in enumerate(calls)
            ],
        )


def tool_messages(result: dict[str, Any]) -> list[ToolMessage]:
    """What tools said in a conversation."""
    return [message for message in result["messages"] if isinstance(message, ToolMessage)]
