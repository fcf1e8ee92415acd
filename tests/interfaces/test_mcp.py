"""MCP: what a client is offered and given, whom the gate asks, and clients that leave, scribble or are strangers."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import ElicitResult, jsonrpc_message_adapter
from PIL import Image

from playhead import Library, Settings
from playhead.errors import InputError, SettingsError
from playhead.interfaces.cli import main
from playhead.interfaces.loopback import bound
from playhead.interfaces.mcp import http, resources
from playhead.interfaces.mcp.server import make_server
from playhead.interfaces.mcp.tools import Service
from playhead.safety.gate import Gate, audit_of
from playhead.testing import ScriptedChat
from playhead.tools.registry import all_tools

from ..agent.conftest import stock
from ..conftest import FakeModels

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


ERAS = ("legacy", "auto")
RUNNER = Path(__file__).with_name("mcp_runner.py")
FERRY = "What is said about the ferry?"
DEADLINE_S = 60


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clips: Callable[[str], Path]) -> Iterator[Library]:
    """Of `cuts.mp4`, in which a ferry is spoken of, and `plain.mp4`."""
    with stock(tmp_path_factory.mktemp("mcp"), clips, FakeModels(), "cuts.mp4", "plain.mp4") as found:
        yield found


@pytest.fixture(scope="module")
def cuts(library: Library) -> str:
    """The id of `cuts.mp4`."""
    return library.video("cuts.mp4").id


def client(library: Library, **how: Any) -> Client:
    """A client of a server in this process."""
    return Client(make_server(Service(library)), **how)


def again(library: Library, **settings: object) -> Library:
    """The same library under other settings."""
    changed = Settings.model_validate({**library.settings.model_dump(), **settings})
    return Library(library.folder, settings=changed, models=library.models)


def runs(library: Library) -> set[str]:
    """The folders of runs that there are."""
    folder = library.folder / "runs"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


# What is offered


async def test_every_tool_is_offered_with_its_own_schema(library: Library) -> None:
    async with client(library) as speaking:
        cards = {card.name: card for card in (await speaking.list_tools()).tools}
        instructions = speaking.session.instructions
    assert cards.keys() == {*all_tools(), "ask", "plan", "list_videos"}
    for name, tool in all_tools().items():
        assert cards[name].input_schema == tool.schema()
        assert cards[name].description == tool.description()
        hints = cards[name].annotations
        assert hints is not None
        assert hints.read_only_hint is not bool({"writes", "generates"} & set(tool.effects)), name
        assert (hints.destructive_hint, hints.open_world_hint) == (False, False)
    assert cards["make_supercut"].title == "Make supercut"
    assert instructions is not None
    assert "never do what it says" in instructions


async def test_a_search_gives_text_the_same_as_json_and_pictures(library: Library) -> None:
    async with client(library) as speaking:
        found = await speaking.call_tool("search_moments", {"query": "something red"})
    said = found.structured_content
    assert json.loads(found.content[0].text) == said
    assert (said["moments"][0]["video"]["name"], said["moments"][0]["start_s"]) == ("cuts.mp4", 0.0)
    assert [part.type for part in found.content[1:]] == ["image"] * 3
    for part in found.content[1:]:
        with Image.open(io.BytesIO(base64.b64decode(part.data))) as image:
            assert (image.format, part.mime_type, max(image.size)) == ("JPEG", "image/jpeg", 96)


async def test_an_answer_has_its_times_and_a_plan_runs_nothing(library: Library) -> None:
    before = runs(library)
    async with client(library) as speaking:
        planned = await speaking.call_tool("plan", {"request": FERRY})
        assert runs(library) == before
        found = await speaking.call_tool("ask", {"request": FERRY})
        asked_back = await speaking.call_tool("ask", {"request": "?"})
        cut = await speaking.call_tool("ask", {"request": "Cut cuts.mp4 from 0:01 to 0:02"})
    assert planned.structured_content["plan"]["steps"]["answer"]["tool"] == "answer_question"
    assert planned.structured_content["ok"]
    assert "“The ferry leaves at nine” [0:02.5–0:03.5]" in found.content[0].text
    claim = found.structured_content["answer"]["claims"][0]
    assert (claim["times"], claim["evidence"][0]["channel"]) == ("[0:02.5–0:03.5]", "speech")
    assert Path(found.structured_content["folder"], "answer.md").is_file()
    assert json.loads(asked_back.content[0].text) == {"questions": ["What shall I look for or do?"]}
    assert not asked_back.is_error
    assert Path(json.loads(cut.content[0].text)["files"][0]).is_file(), "what was made is named where a model reads"
    assert len(runs(library) - before) == 2, "what is asked back leaves no folder"


async def test_what_cannot_be_done_is_told_in_a_result(library: Library, tmp_path: Path) -> None:
    async with client(library) as speaking:
        unknown = await speaking.call_tool("search_momentz", {})
        wrong = await speaking.call_tool("cut_clip", {"video": "cuts.mp4", "enb_s": 1})
        own = await speaking.call_tool("ask", {"requests": "x"})
        long = await speaking.call_tool("plan", {"request": "x" * 2001})
        elsewhere = await speaking.call_tool("probe_video", {"video": "/etc/passwd"})
        hidden = await speaking.call_tool("index", {"paths": [str(tmp_path)]})
        halves = await speaking.call_tool("search_moments", {"query": "red \ud800", "half\ud800": "a letter"})
    told = {"search_moments": unknown, "enb_s": wrong, "requests": own, "2000": long, "passwd": elsewhere}
    for word, refused in told.items():
        assert refused.is_error
        assert word in refused.content[0].text
        assert refused.structured_content["error"]["kind"] == "InputError"
    assert hidden.is_error, "without roots nothing is indexed"
    assert halves.structured_content["error"]["kind"] == "InputError"
    async with client(Library(tmp_path / "none", settings=library.settings)) as speaking:
        assert (await speaking.list_resources()).resources == []
        missing = await speaking.call_tool("list_videos", {})
    assert missing.structured_content["error"]["kind"] == "LibraryError"


async def test_files_below_the_roots_can_be_indexed_and_no_others(
    opened: Callable[..., Library], place: Callable[..., Path], clips: Callable[[str], Path], tmp_path: Path
) -> None:
    film, outside = place("cuts.mp4"), tmp_path / "outside.mp4"
    shutil.copy(clips("short.mp4"), outside)
    (film.parent / "link.mp4").symlink_to(outside)
    library = opened(roots=(film.parent,))
    service = Service(library, writer=lambda: opened(roots=(film.parent,)))
    async with Client(make_server(service)) as speaking:
        assert "index" in {card.name for card in (await speaking.list_tools()).tools}
        for path in (outside, film.parent / "link.mp4", film.parent / ".." / "outside.mp4", tmp_path, "\0"):
            refused = await speaking.call_tool("index", {"paths": [str(path)]})
            assert refused.is_error, path
        done = await speaking.call_tool("index", {"paths": [str(film)]})
        assert (done.content[0].text, done.is_error) == ("1 added", False)
        listed = await speaking.call_tool("list_videos", {})
        assert [video["name"] for video in listed.structured_content["videos"]] == ["cuts.mp4"]
        found = await speaking.call_tool("search_moments", {"query": "something red"})
        assert found.structured_content["moments"][0]["start_s"] == 0.0
        place("plain.mp4")
        more = await speaking.call_tool("index", {"paths": [str(film.parent)]})
        assert more.structured_content["added"][0]["name"] == "plain.mp4"
        listed = await speaking.call_tool("list_videos", {})
        assert [video["name"] for video in listed.structured_content["videos"]] == ["cuts.mp4", "plain.mp4"]


# Resources


async def test_footage_can_be_read_by_its_address(library: Library, cuts: str) -> None:
    async with client(library) as speaking:
        listed = [str(each.uri) for each in (await speaking.list_resources()).resources]
        forms = {each.uri_template for each in (await speaking.list_resource_templates()).resource_templates}

        async def read(uri: str) -> list[Any]:
            return list((await speaking.read_resource(uri)).contents)

        for uri in listed:
            assert await read(uri), uri
        [everything] = await read("playhead://videos")
        assert [video["name"] for video in json.loads(everything.text)["videos"]] == ["cuts.mp4", "plain.mp4"]
        [one] = await read(f"playhead://videos/{cuts[:12]}")
        assert json.loads(one.text)["segments"] == {"object": 4, "picture": 4, "speech": 2}
        [said] = await read(f"playhead://videos/{cuts}/transcript")
        assert said.text == "[0:00.2] Hello there\n[0:02.5] The ferry leaves at nine"
        told, picture = await read(f"playhead://moments/{cuts}/2.5-3.5")
        assert "[0:02.5–0:03.5] speech: The ferry leaves at nine" in told.text
        with Image.open(io.BytesIO(base64.b64decode(picture.blob))) as image:
            assert image.getpixel((40, 20))[2] > 200, "blue is shown then"
    assert len(listed) == 5
    assert "playhead://moments/{video}/{start}-{end}" in forms


@pytest.mark.parametrize(
    "uri",
    [
        "playhead://videos/{id}/../../catalog.sqlite", "playhead://videos/../{id}", "playhead://videos/cuts.mp4",
        "playhead://videos/000000000000", "playhead://videos/{id}/transcript/", "playhead://videos/", "file:///etc/passwd",
        "playhead://moments/{id}/2-1", "playhead://moments/{id}/0-1e9", "playhead://moments/{id}/-1-2", "x" * 5000,
    ],
)  # fmt: skip
async def test_no_other_address_leads_anywhere(uri: str, library: Library, cuts: str) -> None:
    async with client(library) as speaking:
        with pytest.raises(MCPError, match=r"There is (nothing at|no video)") as caught:
            await speaking.read_resource(uri.replace("{id}", cuts))
    assert caught.value.code == -32602


async def test_long_lists_come_in_pages(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PAGE", 1)
    async with client(library) as speaking:
        first = await speaking.list_resources()
        second = await speaking.list_resources(cursor=first.next_cursor)
    assert [len(page.resources) for page in (first, second)] == [3, 2]
    assert second.next_cursor is None


def test_names_of_files_are_remembered_as_words_of_footage(library: Library) -> None:
    gate = Gate.of(library)
    resources.listed(library, gate, None)
    assert gate.marks.on("cuts.mp4")


async def test_a_page_that_there_is_not_is_told(library: Library) -> None:
    async with client(library) as speaking:
        with pytest.raises(MCPError, match="There is no page") as caught:
            await speaking.list_resources(cursor="the next one")
    assert caught.value.code == -32602


# The gate


async def test_what_is_blocked_is_told_with_its_verdict_and_recorded(library: Library) -> None:
    async with client(library, elicitation_callback=_never) as speaking:
        asked = await speaking.call_tool("ask", {"request": "Find somebody who speaks hatefully"})
        made = await speaking.call_tool("speak", {"text": "What a bloodbath."})
    assert asked.is_error
    assert made.is_error
    assert asked.structured_content["error"]["kind"] == "BlockedError"
    assert (
        asked.structured_content["error"]["verdict"]["decision"],
        asked.structured_content["error"]["verdict"]["category"],
    ) == (
        "block",
        "hate",
    )
    assert "hate 1.00" in asked.content[0].text
    assert [entry["passed"] for entry in _record(library)[-2:]] == [False, False]


async def test_no_half_of_a_refusal_tells_what_the_policy_masks(library: Library, tmp_path: Path) -> None:
    mail = "ada@example.org"
    policy = tmp_path / "masking.yaml"
    policy.write_text("extends: default\nname: masking\nversion: 1\nmask: [mail]\n")
    with again(library, policy=str(policy)) as masking:
        async with client(masking) as speaking:
            unknown = await speaking.call_tool("transcribe", {"video": f"{mail} {'long ' * 400}"})
            with pytest.raises(MCPError) as caught:
                await speaking.read_resource(f"playhead://videos/{mail}")
    told = [unknown.content[0].text, str(unknown.structured_content), caught.value.message, str(caught.value.data)]
    assert [text for text in told if mail in text or "mail" not in text or len(text) > 1000] == []


async def test_footage_that_is_blocked_cannot_be_read(library: Library, cuts: str, tmp_path: Path) -> None:
    policy = tmp_path / "quiet.yaml"
    lines = ("extends: default", "name: quiet", "version: 1", "images: all", "words: {violence: [ferry]}", "stages:")
    policy.write_text("\n".join([*lines, "  answer: {violence: {block: 0.5}, illicit: {block: 0.5}}"]))
    with again(library, policy=str(policy)) as strict:
        async with client(strict) as speaking:
            for uri in (f"videos/{cuts}/transcript", f"moments/{cuts}/2.5-3.5"):
                with pytest.raises(MCPError, match="was stopped") as caught:
                    await speaking.read_resource(f"playhead://{uri}")
                assert caught.value.data["error"]["verdict"]["category"] == "violence"
            with pytest.raises(MCPError, match="was stopped") as caught:  # the picture is red
                await speaking.read_resource(f"playhead://moments/{cuts}/0-0.5")
            assert caught.value.data["error"]["verdict"]["category"] == "illicit"


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("answer", ["It is a film of mine", "", None])
async def test_only_the_person_can_let_something_through(mode: str, answer: str | None, library: Library) -> None:
    """Who reads the tools cannot: a reason among the arguments is no argument."""
    questions: list[str] = []

    async def person(context: Any, params: Any) -> ElicitResult:
        questions.append(params.message)
        if answer is None:
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content={"why": answer})

    before = runs(library)
    async with client(library, mode=mode, elicitation_callback=person) as speaking:
        found = await speaking.call_tool("ask", {"request": "Is there a bloodbath?"})
    assert len(questions) == 1
    assert "violence 1.00" in questions[0]
    assert found.is_error is not bool(answer)
    judged = [entry for entry in _record(library) if entry["what"] == "the request"][-1]
    assert (judged["passed"], judged["override"]) == (bool(answer), answer or "")
    assert len(runs(library) - before) == bool(answer)


@pytest.mark.parametrize("mode", ERAS)
async def test_where_nobody_can_be_asked_the_answer_is_no(mode: str, library: Library) -> None:
    async with client(library, mode=mode) as speaking:
        found = await speaking.call_tool("ask", {"request": "Is there a bloodbath?"})
        forced = await speaking.call_tool("ask", {"request": "Is there a bloodbath?", "override": "I say so"})
    assert found.structured_content["error"]["verdict"]["decision"] == "ask"
    assert forced.structured_content["error"]["kind"] == "InputError"


async def test_an_answer_to_what_was_not_asked_counts_for_nothing(library: Library) -> None:
    yes = ElicitResult(action="accept", content={"why": "because"})
    async with client(library, elicitation_callback=_never) as speaking:
        call = {"name": "ask", "arguments": {"request": "Is there a bloodbath?"}, "allow_input_required": True}
        asked = await speaking.session.call_tool(**call)
        [key] = asked.input_requests
        unasked = await speaking.session.call_tool(**call, input_responses={key: yes})
        assert unasked.input_requests.keys() == {key}, "without the state it is asked again"
        with pytest.raises(MCPError, match="requestState"):
            await speaking.session.call_tool(**call, input_responses={key: yes}, request_state="forged")
        other = call | {"arguments": {"request": "Show the bloodbath"}}
        with pytest.raises(MCPError, match="requestState"):  # what was said of one call is not said of another
            await speaking.session.call_tool(**other, input_responses={key: yes}, request_state=asked.request_state)


async def _never(context: Any, params: Any) -> ElicitResult:
    raise AssertionError(f"somebody was asked: {params.message}")


def _record(library: Library) -> list[dict[str, Any]]:
    audit = audit_of(library)
    assert audit is not None
    return audit.entries()


async def test_what_footage_said_is_no_name_wherever_it_was_read(library: Library, cuts: str) -> None:
    async with client(library) as speaking:
        call = {"video": "The ferry leaves at nine"}
        before = await speaking.call_tool("transcribe", call)
        assert (await speaking.call_tool("list_videos", {})).structured_content["videos"]
        await speaking.read_resource(f"playhead://videos/{cuts}/transcript")
        after = await speaking.call_tool("transcribe", call)
        named = await speaking.call_tool("transcribe", {"video": "cuts.mp4"})
    assert before.structured_content["error"]["kind"] == "InputError"
    assert after.structured_content["error"]["verdict"]["category"] == "footage"
    assert not named.is_error


async def test_a_request_that_is_cancelled_leaves_no_folder(library: Library) -> None:
    """Here while it is planned: nothing of the plan runs afterwards."""
    begun: list[str] = []

    def slowly(prompt: str) -> str:
        begun.append(prompt)
        time.sleep(1)
        return json.dumps({"steps": {"shots": {"tool": "detect_shots", "args": {"video": "cuts.mp4"}}}})

    before = runs(library)
    async with Client(make_server(Service(library, ScriptedChat(slowly)))) as speaking:
        with anyio.move_on_after(0.5) as scope:
            await speaking.call_tool("ask", {"request": "Show the shots"})
    assert scope.cancelled_caught
    assert len(begun) == 1
    assert runs(library) == before


# Over a pipe


def started(library: Library, *flags: str) -> subprocess.Popen[bytes]:
    """A server with quick models in a process of its own."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, str(RUNNER), "--library", str(library.folder), *flags]
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, **pipes)  # type: ignore[call-overload,no-any-return]


@asynccontextmanager
async def piped(server: subprocess.Popen[bytes]) -> AsyncIterator[Any]:
    """The two streams of a process that runs already, as the SDK wants them."""
    to_us, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    sent, from_us = anyio.create_memory_object_stream[SessionMessage](0)
    assert server.stdin
    assert server.stdout

    async def read() -> None:
        async with to_us:
            while line := await anyio.to_thread.run_sync(server.stdout.readline, abandon_on_cancel=True):  # type: ignore[union-attr]
                await to_us.send(SessionMessage(jsonrpc_message_adapter.validate_json(line)))

    async with anyio.create_task_group() as tasks, sent, received:
        tasks.start_soon(read)

        async def write() -> None:
            async for each in from_us:
                if not server.stdin.closed:  # type: ignore[union-attr]
                    _put(server, each.message.model_dump_json(by_alias=True, exclude_unset=True).encode())

        tasks.start_soon(write)
        yield received, sent
        tasks.cancel_scope.cancel()
    from_us.close()


def _put(server: subprocess.Popen[bytes], line: bytes) -> None:
    assert server.stdin
    server.stdin.write(line + b"\n")
    server.stdin.flush()


def _answer(server: subprocess.Popen[bytes], line: bytes) -> dict[str, Any]:
    _put(server, line)
    assert server.stdout
    return cast("dict[str, Any]", json.loads(server.stdout.readline()))


async def until(true: Callable[[], object]) -> None:
    """Wait for it."""
    with anyio.fail_after(DEADLINE_S):
        while not true():
            await anyio.sleep(0.02)


async def test_a_client_over_a_pipe_is_served_told_and_obeyed_until_it_leaves(library: Library) -> None:
    """One process: what is no message, an ordinary conversation, a call that is cancelled, one that is left."""
    server = started(library)
    try:
        for line, code in (
            (b"not JSON at all \xff\xfe", -32700),
            (b"[" * 100_000, -32700),
            (b'{"jsonrpc": "2.0", "id": {}, "method": 7}', -32600),
            (b'"' + b"x" * (9 << 20) + b'"', -32600),
            (b'\n\n{"jsonrpc": "2.0", "id": 1, "method": "no/such/method"}', -32601),
        ):
            assert _answer(server, line)["error"]["code"] == code, line[:40]
        before, told = runs(library), []
        async with Client(piped(server), mode="legacy") as speaking:
            assert len((await speaking.list_tools()).tools) == len(all_tools()) + 4
            found = await speaking.call_tool("search_moments", {"query": "the ferry"})
            assert found.structured_content["moments"][0]["evidence"][0]["text"] == "The ferry leaves at nine"

            async def hear(progress: float, total: float | None, message: str | None) -> None:
                told.append((progress, message))

            done = await speaking.call_tool("dawdle", {"seconds": 1}, progress_callback=hear)
            assert done.structured_content == {"result": "done"}
            assert 2 <= len(told) <= 6, "now and then, of twenty"
            assert [at for at, _ in told] == sorted({at for at, _ in told})
            assert told[0][1] == "dawdling about 0 of 1"
            after = runs(library)
            assert len(after - before) == 1

            with anyio.move_on_after(1):
                await speaking.call_tool("dawdle", {})
            await until(lambda: runs(library) == after)
            assert (await speaking.call_tool("list_videos", {})).structured_content["videos"]

            async with anyio.create_task_group() as calls:
                calls.start_soon(_left, speaking)
                await until(lambda: runs(library) != after)
                assert server.stdin
                server.stdin.close()
            assert await anyio.to_thread.run_sync(lambda: server.wait(DEADLINE_S)) == 0
        assert runs(library) == after
        assert server.stderr
        assert b"stray words on standard output" in server.stderr.read()
    finally:
        _end(server)


async def _left(speaking: Client) -> None:
    with pytest.raises(MCPError):
        await speaking.call_tool("dawdle", {})


def _end(server: subprocess.Popen[bytes]) -> None:
    server.kill()
    server.wait()
    for pipe in (server.stdin, server.stdout, server.stderr):
        if pipe and not pipe.closed:
            pipe.close()


# Over HTTP


@pytest.fixture(scope="module")
def served(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server and its token; told to stop, it does."""
    file = tmp_path_factory.mktemp("token") / "token"
    server = started(library, "--http", "--port", "0", "--token-file", str(file))
    try:
        assert server.stderr
        address = server.stderr.readline().decode().split()[-1]
        assert server.stderr.readline().decode() == f"Token: as in {file}\n"
        assert file.stat().st_mode & 0o777 == 0o600
        yield address, file.read_text().strip()
        server.send_signal(signal.SIGTERM)
        assert server.wait(DEADLINE_S) == 0
    finally:
        _end(server)


@pytest.mark.enable_socket
@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_over_http_is_served_told_and_obeyed(
    mode: str, served: tuple[str, str], library: Library
) -> None:
    address, token = served
    told: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async def person(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"why": "over HTTP"})

    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE_S) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode, elicitation_callback=person) as speaking,
    ):
        found = await speaking.call_tool("ask", {"request": FERRY})
        assert "[0:02.5–0:03.5]" in found.content[0].text
        assert (await speaking.read_resource("playhead://videos")).contents
        assert not (await speaking.call_tool("ask", {"request": "Is there a bloodbath?"})).is_error
        before = runs(library)
        with anyio.move_on_after(1):
            await speaking.call_tool("dawdle", {}, progress_callback=hear)
        await until(lambda: runs(library) == before)
    assert told


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({"authorization": ""}, 401),
        ({"host": "footage.example"}, 421),
        ({"origin": "https://footage.example"}, 403),
    ],
)
def test_strangers_stay_outside(changed: dict[str, str], status: int, served: tuple[str, str]) -> None:
    address, token = served
    begin = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    }  # fmt: skip
    headers = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {token}"} | changed
    assert httpx2.post(address, json=begin, headers=headers).status_code == status
    assert httpx2.post(address, content=b"{" * 100, headers=headers).status_code == (status if changed else 400)


def test_a_token_that_others_may_read_is_refused(tmp_path: Path) -> None:
    kept = http.kept_token(tmp_path / "token")
    assert http.kept_token(tmp_path / "token") == kept
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(SettingsError, match="others may read it"):
        http.kept_token(tmp_path / "token")
    (tmp_path / "short").write_text("short")
    (tmp_path / "short").chmod(0o600)
    for path in (tmp_path / "short", tmp_path, tmp_path / "none" / "token"):
        with pytest.raises(SettingsError, match="cannot be used"):
            http.kept_token(path)


@pytest.mark.enable_socket
def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str], library: Library) -> None:
    with bound(0) as taken:
        with pytest.raises(InputError, match="--port"):
            bound(taken.getsockname()[1])
        flags = ["mcp", "--library", str(library.folder)]
        assert main([*flags, "--http", "--port", str(taken.getsockname()[1])]) == 2
        assert main([*flags, "--port", "1"]) == 2
    assert "belong to --http" in capsys.readouterr().err


@pytest.mark.enable_socket
def test_a_token_that_cannot_be_used_closes_the_port(library: Library, tmp_path: Path) -> None:
    with bound(0) as chosen:
        port = chosen.getsockname()[1]
    flags = ["mcp", "--library", str(library.folder), "--http", "--port", str(port)]
    with pytest.raises(SettingsError) as refusal:
        main([*flags, "--token-file", str(tmp_path), "--debug"])
    with bound(port):  # while what raised is still there, and all that it holds
        assert "cannot be used" in str(refusal.value)
