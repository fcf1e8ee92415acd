"""A GGUF file as a LangChain chat model: llama.cpp in this process, through `xllamacpp` (the extra `local-llm`)."""

from __future__ import annotations

import mmap
import tempfile
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.output_parsers.openai_tools import make_invalid_tool_call, parse_tool_call
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from playhead.errors import ModelError, WeightsError, reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HEAD_BYTES = 64 << 20  # what a file says of itself stands before its tensors
_TEMPLATE = b"tokenizer.chat_template" + (8).to_bytes(4, "little")  # the key, and the type of its value: a string


class ChatGGUF(BaseChatModel):
    """One model file, loaded on first use; calls take turns. Greedy by default, so that a prompt has one answer."""

    takes_schema: ClassVar[bool] = True
    """`bind(response_format={"type": "json_schema", …})` is kept to, whatever the model."""

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
            raise WeightsError(f"{path} cannot be read", reason_of(error)) from error
        if head != b"GGUF":
            raise WeightsError(f"{path} is no language model", "it is not a GGUF file")
        try:
            import xllamacpp  # noqa: F401
        except ImportError as error:
            raise ModelError(
                "A GGUF file cannot be run", "xllamacpp is not installed", "Run: pip install 'playhead[local-llm]'"
            ) from error
        return cls(model_path=str(path.absolute()))

    @property
    def _llm_type(self) -> str:
        return "xllamacpp"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any) -> Any:
        """A model that may call these tools. Raises `ModelError` where its file has no way to tell it of tools."""
        if not _knows_tools(self.model_path):
            raise ModelError(f"{self.model_path} cannot call tools", "its chat template does not mention them")
        chosen = {"tool_choice": "required" if tool_choice == "any" else tool_choice} if tool_choice else {}
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
            raise self._refused(answer.get("error", answer))
        return ChatResult(generations=[ChatGeneration(message=_message(answer["choices"][0]["message"]))])

    def _refused(self, error: Any) -> ModelError:
        if isinstance(error, dict) and error.get("type") == "exceed_context_size_error":
            why = f"the request has {error['n_prompt_tokens']:,} tokens and {error['n_ctx']:,} fit"
            return ModelError(f"{self.model_path} cannot read all of it", why, "Ask about less at once")
        return ModelError(f"{self.model_path} gave no answer", str(error)[:300])

    def _loaded(self) -> Any:
        if self._server is None:
            import xllamacpp

            wanted = xllamacpp.CommonParams()
            wanted.model.path = self.model_path
            wanted.n_ctx, wanted.n_parallel, wanted.use_jinja = self.context_tokens, 1, True
            for threads in (wanted.cpuparams, wanted.cpuparams_batch):
                threads.n_threads, threads.poll = self.threads, 0  # waiting threads sleep: others work here, too
            wanted.verbosity = -1
            wanted.ui = False
            try:
                self._server = _unreachable(xllamacpp.Server, wanted)
            except RuntimeError as error:
                why = "it is damaged, too large for this machine, or of a kind that llama.cpp does not know"
                raise WeightsError(f"{self.model_path} cannot be loaded", why, "Download it again") from error
        return self._server


def _unreachable(server: Any, wanted: Any) -> Any:
    """The server at work. It insists on listening to somebody: here on a socket that nobody can find or open."""
    with tempfile.TemporaryDirectory() as folder:
        wanted.hostnames = [f"{folder}/unused.sock"]
        return server(wanted)


def _knows_tools(path: str) -> bool:
    """Whether the chat template in a GGUF file has a place for tools."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = data.find(_TEMPLATE, 0, _HEAD_BYTES) + len(_TEMPLATE)
        length = int.from_bytes(data[start : start + 8], "little")
        return start >= len(_TEMPLATE) and b"tools" in data[start + 8 : start + 8 + min(length, _HEAD_BYTES)]


def _message(said: dict[str, Any]) -> AIMessage:
    """As LangChain says it; calls whose arguments are no JSON object are there as `invalid_tool_calls`."""
    calls, invalid = [], []
    for call in said.get("tool_calls") or []:
        try:
            parsed: Any = parse_tool_call(call, return_id=True)
            if not isinstance(parsed["args"], dict):
                raise OutputParserException("The arguments are no JSON object")
            calls.append(parsed)
        except OutputParserException as error:
            invalid.append(make_invalid_tool_call(call, str(error)))
    return AIMessage(content=said.get("content") or "", tool_calls=calls, invalid_tool_calls=invalid)
