"""The server as an ASGI app: the page, the routes, their errors, and the door before them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from playhead import __version__
from playhead.errors import PlayheadError
from playhead.interfaces.access import Access, read_cookie
from playhead.interfaces.web import routes_read, routes_work
from playhead.interfaces.web.failures import refusal, status_of, told
from playhead.plain import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from playhead.interfaces.web.desk import Served

_log = logging.getLogger(__name__)
MOST_BYTES = 4 << 20
_UPLOADS = "/api/uploads/"
_NO_STORE = (b"cache-control", b"no-store")
FOLDER = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}


def make_app(served: Served) -> FastAPI:
    """The routes, without a door."""
    app = FastAPI(title="Playhead", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.served = served
    app.include_router(routes_read.router)
    app.include_router(routes_work.router)
    for address, (path, kind) in pages().items():
        app.add_api_route(address, _page(path, kind), methods=["GET", "HEAD"], include_in_schema=False)
    app.add_exception_handler(PlayheadError, _told)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _told)
    app.add_middleware(Bodies)
    app.openapi = _described(app, served.token)  # type: ignore[method-assign]
    return app


def guarded(served: Served, hosts: Collection[str]) -> Access:
    """The server behind its door: see `Access`."""
    return Access(make_app(served), served.token, hosts, pages())


def pages() -> dict[str, tuple[Path, str]]:
    """Every file of the page by its address, with its media type: they say nothing of anybody's footage."""
    found = {
        f"/page/{path.name}": (path, _KINDS[path.suffix])
        for path in sorted(FOLDER.glob("*"))
        if path.suffix in _KINDS and path.is_file()
    }
    first = found.get("/page/index.html")
    return ({"/": first} if first else {}) | found


def _page(path: Path, kind: str) -> Callable[[], Response]:
    def page() -> Response:
        headers = {"content-security-policy": POLICY, "cache-control": "no-cache"}
        return FileResponse(path, media_type=kind, headers=headers)

    return page


def _schemes(token: str) -> dict[str, Any]:
    name = read_cookie(token)[0]
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "Printed when the server starts. For everything.",
        },
        "cookie": {"type": "apiKey", "in": "cookie", "name": name, "description": "Of /api/session. For reading."},
    }


def _described(app: FastAPI, token: str) -> Callable[[], dict[str, Any]]:
    """The description, with how to show who one is."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        said = describe()
        said.setdefault("components", {})["securitySchemes"] = _schemes(token)
        for path in said["paths"].values():
            for method, operation in path.items():
                ways = ("token", "cookie") if method == "get" else ("token",)
                operation["security"] = [{way: []} for way in ways]
        return said

    return described


async def _told(request: Request, error: Exception) -> Response:
    if not isinstance(error, PlayheadError):
        _log.error("A request failed", exc_info=error)
    named = request.app.state.served.desk.names
    return refusal(status_of(error), await run_in_threadpool(named, told(error)))


async def _unfit(_: Request, error: Exception) -> Response:
    """A body or an argument that does not fit, in one line that names every fault."""
    found = error.errors()[:20] if isinstance(error, RequestValidationError) else []
    why = faults([fault | {"loc": fault["loc"][1:]} for fault in found], "body")
    return refusal(422, {"kind": "InputError", "message": f"The request does not fit: {why}"})


async def _gone(_: Request, __: Exception) -> Response:
    return refusal(400, {"kind": "InputError", "message": "The request broke off. Send it again"})  # nobody hears it


async def _refused(_: Request, error: Exception) -> Response:
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    why = {404: "There is nothing at this address", 405: "That cannot be done at this address"}
    message = why.get(status) or str(getattr(error, "detail", error))
    return refusal(status, {"kind": "HTTPError", "message": message}, headers)


class Bodies:
    """What holds for all: bodies that are read whole are small, and replies are not kept by the browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        streamed = scope["path"].startswith(_UPLOADS)

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
