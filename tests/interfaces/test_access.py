"""The door of a server: which requests reach what is behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from playhead.errors import InputError
from playhead.interfaces.access import COOKIE, HEADERS, Access, authorities, read_cookie, read_key

TOKEN = "a-token"
OURS = authorities("127.0.0.1", 8321)


def status(method: str = "GET", path: str = "/api/library", **headers: str | list[str]) -> int:
    """What the server answers; 200 comes from behind the door."""
    return asyncio.run(_ask(method, path, headers))[0]


async def _ask(method: str, path: str, headers: dict[str, Any]) -> tuple[int, dict[bytes, bytes]]:
    async def behind(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    lines = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, values in ({"host": "127.0.0.1:8321"} | headers).items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    door = Access(behind, TOKEN, OURS, open_to_all=["/"])
    await door({"type": "http", "method": method, "path": path, "headers": lines}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


BEARS = {"authorization": f"Bearer {TOKEN}"}
READS = {"cookie": f'theme={{"a": 1}}; {"=".join(read_cookie(TOKEN))}; x'}


def test_the_token_opens_everything_and_its_key_only_reading() -> None:
    assert status(**BEARS) == status("POST", **BEARS) == status("DELETE", **BEARS) == 200
    assert status(**READS) == status("HEAD", **READS) == 200
    assert status("POST", **READS) == status("DELETE", **READS) == status("PUT", **READS) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer \xff"},
        {"cookie": f"{COOKIE}={TOKEN}"},
        {"cookie": f"{COOKIE}={read_key(TOKEN)}"},
        {"cookie": f"{read_cookie(TOKEN)[0]}={TOKEN}"},
        {"cookie": "=".join(read_cookie("that of another server"))},
        {"cookie": f"{COOKIE}="},
        {"cookie": ";;;=\xff"},
        {"cookie": f"other={read_key(TOKEN)}"},
    ],
)
def test_nothing_else_does(headers: dict[str, str]) -> None:
    assert status(**headers) == 401


def test_the_page_may_be_read_by_anybody_and_nothing_be_sent_to_it() -> None:
    assert status(path="/") == 200
    assert status("POST", "/") == 401
    assert status(path="//") == status(path="/x") == status(path="/%2e") == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8321",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8321.evil.example",
        "[::1]:8321",  # nothing of ours answers there
        "localhost:8321@evil.example",
        "",
        ["127.0.0.1:8321", "evil.example"],
        [],
    ],
)
def test_another_name_is_refused_even_with_the_token(host: str | list[str]) -> None:
    assert status(host=host, **BEARS) == 421
    assert status(path="/", host=host) == 421


def test_every_name_of_this_machine_is_one_of_ours() -> None:
    for name in ("127.0.0.1:8321", "localhost:8321", "LocalHost:8321"):
        assert status(host=name, **BEARS) == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:8321", "http://127.0.0.1:9000", "file://"]
)
def test_another_origin_is_refused_even_with_the_token(origin: str) -> None:
    assert status("POST", origin=origin, **BEARS) == 403
    assert status(origin=["http://127.0.0.1:8321", origin], **BEARS) == 403


def test_the_page_itself_may_ask() -> None:
    own = {"origin": "http://127.0.0.1:8321", "sec_fetch_site": "same-origin"}
    assert status("POST", **own, **BEARS) == 200


def test_other_sites_may_link_to_the_page_and_embed_nothing() -> None:
    assert status(path="/", sec_fetch_site="cross-site") == 200
    assert status(sec_fetch_site="cross-site", **READS) == status(sec_fetch_site="same-site", **READS) == 403


def test_only_http_is_spoken() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def nothing(*_: Any) -> None:
        raise AssertionError("it came through")

    asyncio.run(Access(nothing, TOKEN, OURS)({"type": "websocket", "headers": []}, nothing, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_every_answer_says_that_it_may_not_be_embedded_or_guessed_at() -> None:
    for headers in (BEARS, {}):
        said = asyncio.run(_ask("GET", "/api/library", headers))[1]
        assert set(HEADERS) <= set(said.items())


def test_only_this_machine_is_served() -> None:
    assert "localhost" in authorities("localhost", 80)
    for host in ("0.0.0.0", "192.168.1.2", "::1", "footage.example", ""):
        with pytest.raises(InputError, match="tunnel"):
            authorities(host, 8321)
