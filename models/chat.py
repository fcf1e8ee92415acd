"""Language models: any LangChain chat model, or a local GGUF file, behind one small door.

`ollama:qwen3:8b`, `openai:gpt-5-mini`, `anthropic:claude-…` are given to LangChain's `init_chat_model`; `gguf:PATH`
runs in this process with llama.cpp through `xllamacpp` (the extra `local-llm`).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playhead.errors import ModelError, SettingsError
from playhead.models.cache import sha256_of

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

_PACKAGES = {"ollama": "langchain-ollama", "openai": "langchain-openai", "anthropic": "langchain-anthropic"}
_THOUGHTS = re.compile(r"^.*</think>|<think>.*", re.DOTALL)
_SECRET = re.compile(r"key|token|secret|password|client|callbacks|prompts", re.IGNORECASE)
_EXAMPLES = "For example ollama:qwen3:8b, openai:gpt-5-mini, anthropic:claude-haiku-4-5 or gguf:model.gguf"


class Chat:
    """A chat model that answers a prompt with text. `name` is told to people; `id` changes when answers could."""

    def __init__(self, model: BaseChatModel, name: str = "") -> None:
        self.model = model
        self.name = name or _name(model)
        self.id = f"{self.name}@{_settings(model)}"

    def ask(self, prompt: str, schema: dict[str, Any] | None = None) -> str:
        """The answer as text, without thoughts. Raises `ModelError` where the model fails, whatever it raised.

        `schema` is a JSON Schema of the answer; it binds models that say `takes_schema`, others never see it.
        """
        model: Any = self.model
        if schema is not None and getattr(model, "takes_schema", False):
            model = model.bind(response_format={"type": "json_schema", "json_schema": {"schema": schema}})
        try:
            message: Any = model.invoke(prompt)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(
                f"The language model {self.name} failed",
                f"{type(error).__name__}: {error}"[:500],
                "Try another --model",
            ) from error
        text = getattr(message, "text", message)
        return _THOUGHTS.sub("", str(text() if callable(text) and not isinstance(text, str) else text))


def load_chat(spec: str) -> Chat:
    """The chat model of a spec. Raises `SettingsError` where it names none, `ModelError` where that is missing."""
    provider, _, name = spec.partition(":")
    if not provider or not name:
        raise SettingsError(f"{spec!r} names no language model", "it must say provider:model", _EXAMPLES)
    if provider == "gguf":
        from playhead.models.gguf import ChatGGUF

        model = ChatGGUF.open(Path(name).expanduser())
        chat = Chat(model, spec)
        chat.id += f":{sha256_of(Path(model.model_path))[:8]}"
        return chat
    from langchain.chat_models import init_chat_model

    try:
        return Chat(init_chat_model(name, model_provider=provider, temperature=0), spec)
    except ImportError as error:
        package = _PACKAGES.get(provider, f"langchain-{provider}")
        raise ModelError(
            f"{spec} cannot be used", f"{package} is not installed", f"Run: pip install {package}"
        ) from error
    except ValueError as error:
        raise SettingsError(
            f"{spec!r} names no language model", str(error).splitlines()[0][:200], _EXAMPLES
        ) from error
    except Exception as error:
        why = f"{type(error).__name__}: {error}"[:300]
        raise ModelError(f"{spec} cannot be used", why, "Set its key, or name another --model") from error


def _settings(model: Any) -> str:
    """A digest of the settings that decide what a model answers; keys and connections are none of them."""
    plain = {
        name: value
        for name, value in sorted(vars(model).items())
        if isinstance(value, str | int | float | bool | list | tuple | dict) and not _SECRET.search(name)
        if not name.startswith("_")  # what LangChain remembers of a model once it was used
    }
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:8]


def _name(model: Any) -> str:
    for field in ("model", "model_name", "model_id", "model_path"):
        value = getattr(model, field, None)
        if isinstance(value, str) and value:
            return f"{type(model).__name__}:{value}"
    return type(model).__name__
