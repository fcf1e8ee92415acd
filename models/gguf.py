"""A GGUF file as a LangChain chat model: llama.cpp in this process, through `xllamacpp` (the extra `local-llm`)."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from playhead.errors import ModelError, WeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ChatGGUF(BaseChatModel):
    """One model file, loaded on first use; calls take turns. Greedy by default, so that a prompt has one answer."""

    model_path: str
    context_tokens: int = 8192
    threads: int = 2
    temperature: float = 0.0
    max_tokens: int = 1024
    _server: Any = PrivateAttr(default=None)
    _turn: Any = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def open(cls, path: Path) -> ChatGGUF:
        """The model in a file. Raises `WeightsError` where it is none, `ModelError` where llama.cpp is missing."""
        try:
            with path.open("rb") as file:
                head = file.read(4)
        except OSError as error:
            raise WeightsError(f"{path} cannot be read", (error.strerror or str(error)).lower()) from error
        if head != b"GGUF":
            raise WeightsError(f"{path} is no language model", "it is not a GGUF file")
        try:
            import xllamacpp  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
        except ImportError as error:
            raise ModelError(
                "A GGUF file cannot be run", "xllamacpp is not installed", "Run: pip install 'playhead[local-llm]'"
            ) from error
        return cls(model_path=str(path.absolute()))

    @property
    def _llm_type(self) -> str:
        return "xllamacpp"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any) -> Any:
        """A model that may call these tools."""
        chosen = {"tool_choice": tool_choice} if tool_choice else {}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **chosen, **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del run_manager
        asked = {
            "messages": convert_to_openai_messages(messages),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            **kwargs,
        }
        if stop:
            asked["stop"] = stop
        with self._turn:
            answer = self._loaded().handle_chat_completions(asked)
        if "choices" not in answer:
            raise ModelError(f"{self.model_path} gave no answer", str(answer)[:300])
        return ChatResult(generations=[ChatGeneration(message=_message(answer["choices"][0]["message"]))])

    def _loaded(self) -> Any:
        if self._server is None:
            import xllamacpp

            wanted = xllamacpp.CommonParams()
            wanted.model.path = self.model_path
            wanted.n_ctx, wanted.n_parallel, wanted.use_jinja = self.context_tokens, 1, True
            wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = self.threads
            self._server = xllamacpp.Server(wanted)
        return self._server


def _message(said: dict[str, Any]) -> AIMessage:
    calls = [
        {
            "name": call["function"]["name"],
            "args": json.loads(call["function"]["arguments"] or "{}"),
            "id": call.get("id") or str(number),
        }
        for number, call in enumerate(said.get("tool_calls") or [])
    ]
    return AIMessage(content=said.get("content") or "", tool_calls=calls)
