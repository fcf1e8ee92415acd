"""Who may speak to a server of ours: by name of host, by origin, by token.

A page that a browser shows can reach every server on its machine. What stands in the way is that it cannot choose
the `Host` (a name that was made to point here is not ours) nor the `Origin`, and does not know the token.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING

from playhead.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, MutableMapping
    from typing import Any

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost")
SAFE = frozenset({"GET", "HEAD"})
COOKIE = "playhead-read"
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


def new_token() -> str:
    """A token nobody can guess, 43 characters long."""
    return secrets.token_urlsafe(32)


def read_key(token: str) -> str:
    """What lets a browser read, and only read, where it cannot send the token: in a cookie, for pictures and films.

    A browser sends cookies to every port of a host, so that another server here could see it; it does not tell the
    token.
    """
    return hmac.new(token.encode(), b"read", hashlib.sha256).hexdigest()


def read_cookie(token: str) -> tuple[str, str]:
    """The cookie that reads, as name and value. Another server on this machine, on another port, has another name."""
    key = read_key(token)
    return f"{COOKIE}-{key[:8]}", key


def authorities(host: str, port: int) -> frozenset[str]:
    """How a request may name a server on `host` and `port`. Raises `InputError` where that is not this machine."""
    if host not in LOOPBACK:
        raise InputError(
            f"{host} cannot be served on",
            "the footage would be open to the network",
            "Serve on 127.0.0.1, and reach it from elsewhere through a tunnel: ssh -L",
        )
    return frozenset(f"{name}:{port}" for name in LOOPBACK) | (frozenset(LOOPBACK) if port == 80 else frozenset())


class Access:
    """An ASGI app behind its door: 421 for another host, 403 for another origin, 401 without the token.

    `open_to_all` are the paths that may be read without a token: the page itself, which says nothing. What only
    reads may also show `read_key` in a cookie. Everything else asks for `Authorization: Bearer TOKEN`.
    """

    def __init__(self, app: App, token: str, hosts: Collection[str], open_to_all: Collection[str] = ()) -> None:
        self._app, self._hosts, self._open = app, frozenset(hosts), frozenset(open_to_all)
        self._token, self._cookie = token.encode(), "=".join(read_cookie(token)).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        refusal = self._refusal(scope) if scope["type"] == "http" else (403, "Only HTTP is spoken here")
        if refusal is None:
            await self._app(scope, receive, guarded)
        elif scope["type"] == "http":
            await _refuse(*refusal, guarded)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts = [value.decode("latin-1").lower() for value in headers.get(b"host", ())]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 421, f"This server does not go by the name {', '.join(hosts) or 'of nothing'}"
        read = scope["method"] in SAFE
        anybody = read and scope["path"] in self._open
        origins = [value.decode("latin-1").lower() for value in headers.get(b"origin", ())]
        ours = {f"http://{host}" for host in self._hosts}
        site = headers.get(b"sec-fetch-site", [b"none"])[0]
        if any(origin not in ours for origin in origins) or (site not in (b"none", b"same-origin") and not anybody):
            return 403, "Another site asked for this"
        if anybody or self._bears(headers) or (read and self._reads(headers)):
            return None
        return (
            401,
            "The token is missing or wrong. Show it (Authorization: Bearer), or open the address that was printed",
        )

    def _bears(self, headers: dict[bytes, list[bytes]]) -> bool:
        kind, _, token = b"".join(headers.get(b"authorization", ())).partition(b" ")
        return kind.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)

    def _reads(self, headers: dict[bytes, list[bytes]]) -> bool:
        """Whether the cookie is among them; those of others may be of any form."""
        shown = b";".join(headers.get(b"cookie", ())).split(b";")
        return any(hmac.compare_digest(cookie.strip(), self._cookie) for cookie in shown)


async def _refuse(status: int, why: str, send: Send) -> None:
    body = json.dumps({"error": {"kind": "AccessError", "message": why}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"www-authenticate", b"Bearer")] if status == 401 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
