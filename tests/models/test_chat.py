"""Language models by name: what cannot be had says what is missing; what is there answers with text."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from playhead.errors import ModelError, PlayheadError, SettingsError, WeightsError
from playhead.models.chat import Chat, load_chat
from playhead.models.gguf import ChatGGUF, _message
from playhead.testing import ScriptedChat

# By name


@pytest.mark.parametrize("spec", ["", ":", "gpt-5-mini", "openai:", ":gpt-5-mini", "/models/model.gguf"])
def test_a_spec_without_a_provider_or_a_model_is_refused(spec: str) -> None:
    with pytest.raises(SettingsError, match="names no language model") as refusal:
        load_chat(spec)
    assert "gguf:model.gguf" in refusal.value.fix


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(SettingsError, match="'frobnicate:x' names no language model") as refusal:
        load_chat("frobnicate:x")
    assert "ollama:" in refusal.value.fix


@pytest.mark.parametrize("provider", ["ollama", "openai", "anthropic", "mistralai"])
def test_a_package_that_is_missing_is_named(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, f"langchain_{provider}", None)
    with pytest.raises(ModelError, match=f"langchain-{provider} is not installed") as refusal:
        load_chat(f"{provider}:some-model")
    assert refusal.value.fix == f"Run: pip install langchain-{provider}"


# GGUF


def test_a_gguf_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.gguf cannot be read: no such file"):
        load_chat(f"gguf:{tmp_path}/none.gguf")
    with pytest.raises(WeightsError, match="is a directory"):
        load_chat(f"gguf:{tmp_path}")


@pytest.mark.parametrize("data", [b"", b"GG", b"GGML and more", b"\x89PNG\r\n"])
def test_a_file_that_is_no_gguf_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(data)
    with pytest.raises(WeightsError, match=r"model\.gguf is no language model: it is not a GGUF file"):
        load_chat(f"gguf:{tmp_path}/model.gguf")


def test_a_missing_xllamacpp_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF....")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ModelError, match="xllamacpp is not installed") as refusal:
        load_chat(f"gguf:{tmp_path}/model.gguf")
    assert "playhead[local-llm]" in refusal.value.fix


def written(path: Path, template: str | None) -> ChatGGUF:
    """The beginning of a GGUF file with this chat template."""
    head = b"GGUF" + (3).to_bytes(4, "little") + bytes(8) + (1).to_bytes(8, "little")
    if template is not None:
        text = template.encode()
        head += (23).to_bytes(8, "little") + b"tokenizer.chat_template" + (8).to_bytes(4, "little")
        head += len(text).to_bytes(8, "little") + text
    path.write_bytes(head + b" tools tools")
    return ChatGGUF(model_path=str(path))


def test_tools_are_bound_only_where_the_model_would_hear_of_them(tmp_path: Path) -> None:
    tool = {"name": "fly", "description": "Fly.", "parameters": {"type": "object", "properties": {}}}
    able = written(tmp_path / "able.gguf", "{% if tools %}{{ tools }}{% endif %}")
    assert able.bind_tools([tool], tool_choice="any").kwargs["tool_choice"] == "required"
    assert able.bind_tools([tool]).kwargs["tools"][0]["function"]["name"] == "fly"
    for template in ("{{ messages }}", None):
        deaf = written(tmp_path / "deaf.gguf", template)
        with pytest.raises(ModelError, match="cannot call tools: its chat template does not mention them"):
            deaf.bind_tools([tool])


def test_a_call_with_broken_arguments_is_an_invalid_call_and_no_error() -> None:
    calls = [
        {"id": "1", "type": "function", "function": {"name": "fly", "arguments": '{"to": "Rome"}'}},
        {"id": "2", "type": "function", "function": {"name": "fly", "arguments": '{"to": "Ro'}},
        {"id": "3", "type": "function", "function": {"name": "fly", "arguments": '["Rome"]'}},
        {"id": "4", "type": "function", "function": {"name": "land", "arguments": ""}},
    ]
    message = _message({"content": None, "tool_calls": calls})
    assert [(call["name"], call["args"], call["id"]) for call in message.tool_calls] == [
        ("fly", {"to": "Rome"}, "1"),
        ("land", {}, "4"),
    ]
    assert [call["args"] for call in message.invalid_tool_calls] == ['{"to": "Ro', '["Rome"]']
    assert message.content == ""


# Answers


def test_thoughts_are_left_out() -> None:
    chat = Chat(ScriptedChat("<think>Hm [1].</think>\nYes.", "Hm [1].</think>No.", "<think>Hm [1].", "Plainly."))
    assert [chat.ask("?").strip() for _ in range(4)] == ["Yes.", "No.", "", "Plainly."]


def test_whatever_a_model_raises_is_a_model_error_that_names_it() -> None:
    scripted = ScriptedChat(RuntimeError("no memory " * 1000), WeightsError("The file is gone", "", "Get it again"))
    chat = Chat(scripted, "test:model")
    with pytest.raises(ModelError, match="The language model test:model failed: RuntimeError: no memory") as refusal:
        chat.ask("?")
    assert len(str(refusal.value)) < 700
    assert isinstance(refusal.value.__cause__, RuntimeError)
    with pytest.raises(WeightsError, match=r"^The file is gone\. Get it again$"):
        chat.ask("?")


def test_a_scripted_chat_keeps_to_its_script() -> None:
    scripted = ScriptedChat("one", str.upper, KeyError("three"))
    assert scripted.invoke("a").text == "one"
    assert scripted.invoke("b").text == "B"
    with pytest.raises(KeyError, match="three"):
        scripted.invoke("c")
    with pytest.raises(IndexError, match="only 3 answers"):
        scripted.invoke("d")
    assert scripted.prompts == ["a", "b", "c", "d"]
    assert scripted.offered == ((), (), (), ())
    assert ScriptedChat("x").prompts == []


def test_a_scripted_chat_calls_tools() -> None:
    from langchain.agents import create_agent

    def double(number: int) -> int:
        """Twice the number."""
        return 2 * number

    call = AIMessage("", tool_calls=[{"name": "double", "args": {"number": 21}, "id": "1"}])
    scripted = ScriptedChat(call, lambda prompt: f"It is {prompt.split()[-1]}.")
    known = Chat(scripted).id
    agent = create_agent(scripted, tools=[double])
    said = agent.invoke({"messages": [("user", "Twice 21?")]})["messages"]
    assert [message.type for message in said] == ["human", "ai", "tool", "ai"]
    assert said[-1].text == "It is 42."
    assert scripted.offered == (("double",), ("double",))
    assert ScriptedChat(call).answers == (call,)
    assert Chat(scripted).id == known


# A real file, named by GGUF_MODEL


@pytest.fixture(scope="module")
def local() -> Chat:
    pytest.importorskip("xllamacpp")
    path = os.environ.get("GGUF_MODEL")
    if not path:
        pytest.skip("GGUF_MODEL names no language model")
    chat = load_chat(f"gguf:{path}")
    assert isinstance(chat.model, ChatGGUF)
    chat.model.context_tokens, chat.model.max_tokens = 512, 40
    return chat


def test_a_gguf_file_answers_and_answers_the_same_again(local: Chat) -> None:
    said = local.ask("Say hello.")
    assert said.strip()
    assert local.ask("Say hello.") == said


def test_a_stop_word_ends_the_answer(local: Chat) -> None:
    whole = local.ask("Count from 1 to 9.")
    word = whole.split()[-1]
    stopped = local.model.invoke("Count from 1 to 9.", stop=[word]).text
    assert whole.startswith(stopped)
    assert word not in stopped


def test_a_schema_binds_the_answer(local: Chat) -> None:
    choice = {"type": "object", "properties": {"way": {"enum": ["left", "right"]}}, "required": ["way"]}
    answer = json.loads(local.ask("Paint a red barn.", choice | {"additionalProperties": False}))
    assert answer in ({"way": "left"}, {"way": "right"})


def test_what_does_not_fit_says_how_much_does(local: Chat) -> None:
    with pytest.raises(ModelError, match=r"cannot read all of it: the request has 5,\d+ tokens and 512 fit"):
        local.ask("word " * 5000)
    assert local.ask("Say hello.").strip()


def test_two_threads_take_turns(local: Chat) -> None:
    prompts = ["Name a colour.", "Name an animal."]
    alone = [local.ask(prompt) for prompt in prompts]
    answers: dict[str, Any] = {}
    threads = [threading.Thread(target=lambda p=p: answers.update({p: local.ask(p)})) for p in prompts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answers[prompt] for prompt in prompts] == alone


def test_it_listens_to_nobody(local: Chat) -> None:
    local.ask("Say hello.")
    own = {os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink() and entry.exists()}
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [fields for fields in listening if fields[3] == "0A" and f"socket:[{fields[9]}]" in own] == []


def test_a_damaged_file_says_so(local: Chat, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(range(200)) * 10)
    with pytest.raises(PlayheadError, match=r"model\.gguf cannot be loaded: it is damaged"):
        load_chat(f"gguf:{tmp_path}/model.gguf").ask("Say hello.")
