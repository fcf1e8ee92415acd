"""A chat model that says what a test wrote down for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.language_models import LanguageModelInput
    from langchain_core.runnables import Runnable

    Call = tuple[str, dict[str, Any]]
    Said = str | Call | list[Call] | AIMessage


class ScriptedChat(BaseChatModel):
    """A chat model that gives these answers in order, whoever asks; it stands in for a language model anywhere.

    An answer is a text, a call of a tool as `(name, arguments)`, several as a list, an `AIMessage`, an exception to
    raise, or a function of the prompt that gives a text, a call or a message. `prompts` are what it was asked, and
    `asked` the same as messages. Asked once too often, it raises `IndexError`.

        chat = ScriptedChat('{"steps": {"find": {"tool": "search_moments", "args": {"query": "a cat"}}}}')
        run = Agent(library, chat).run("Is there a cat?")
        assert "Is there a cat?" in chat.prompts[0]
    """

    answers: tuple[Any, ...] = ()
    prompts: list[str] = Field(default_factory=list)
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _offered: list[tuple[str, ...]] = PrivateAttr(default_factory=list)  # no setting, by which a model is known

    def __init__(self, *answers: Said | Exception | Callable[[str], Said]) -> None:
        super().__init__()
        self.answers = answers

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def asked(self) -> tuple[list[BaseMessage], ...]:
        """What it was asked, as messages."""
        return tuple(self._asked)

    @property
    def offered(self) -> tuple[tuple[str, ...], ...]:
        """The tools it could have called each time it was asked."""
        return tuple(self._offered)

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same script, which from now on is offered these tools. Nothing makes it call one but an answer."""
        del tool_choice
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del stop, run_manager
        self.prompts.append("\n".join(message.text for message in messages))
        self._asked.append(list(messages))
        self._offered.append(tuple(tool["function"]["name"] for tool in kwargs.get("tools", ())))
        if len(self.prompts) > len(self.answers):
            raise IndexError(f"the script has only {len(self.answers)} answers")
        answer = self.answers[len(self.prompts) - 1]
        if isinstance(answer, Exception):
            raise answer
        said = answer(self.prompts[-1]) if callable(answer) else answer
        return ChatResult(generations=[ChatGeneration(message=self._message(said))])

    def _message(self, said: Said) -> AIMessage:
        if isinstance(said, str):
            return AIMessage(said)
        if isinstance(said, AIMessage):
            return said.model_copy()  # LangChain writes an id into what it is given
        calls = said if isinstance(said, list) else [said]
        number = len(self.prompts)
        return AIMessage(
            "",
            tool_calls=[
                {"name": name, "args": arguments, "id": f"call-{number}-{place}"}
                for place, (name, arguments) in enumerate(calls)
            ],
        )
