"""What holds for all: bodies that are read whole are small, and replies are not kept by the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 4 << 20
UPLOADS = "/api/uploads/"
_NO_STORE = (b"cache-control", b"no-store")


class Outgoing:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        streamed = scope["path"].startswith(UPLOADS)

        async def fresh(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                kept = any(name.lower() == b"cache-control" for name, _ in headers)
                message["headers"] = headers if kept else [*headers, _NO_STORE]
                if streamed and message["status"] >= 400:  # what is still to come is not waited for
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        await self._app(scope, receive if streamed else _counted(receive), fresh)


def _counted(receive: Receive) -> Receive:
    """The same, up to a size."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            why = f"The request was not read: it has more than {MOST_BYTES:,} bytes. Send less"
            raise HTTPException(413, why, {"connection": "close"})
        return message

    return counted
