"""The server as an ASGI app: the routes, their errors, and the door before them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from playhead import __version__
from playhead.errors import PlayheadError
from playhead.interfaces.access import Access, read_cookie
from playhead.interfaces.web import looking, working
from playhead.interfaces.web.failures import NotFoundError, failure, refusal
from playhead.interfaces.web.outgoing import Outgoing
from playhead.interfaces.web.pages import POLICY, pages
from playhead.plain import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from playhead.interfaces.web.served import Served

_log = logging.getLogger(__name__)


def make_app(served: Served) -> FastAPI:
    """The routes, without a door."""
    app = FastAPI(title="Playhead", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.served = served
    app.include_router(looking.router)
    app.include_router(working.router)
    for address, (path, kind) in pages().items():
        app.add_api_route(address, _page(path, kind), methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(served.entrance.path, _entrance(served), include_in_schema=False)
    app.add_exception_handler(PlayheadError, _told)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _told)
    app.add_middleware(Outgoing)
    app.openapi = _described(app, served.token)  # type: ignore[method-assign]
    return app


def guarded(served: Served, hosts: Collection[str]) -> Access:
    """The server behind its door: see `Access`."""
    return Access(make_app(served), served.token, hosts, {*pages(), served.entrance.path})


def _page(path: Path, kind: str) -> Callable[[], Response]:
    def page() -> Response:
        headers = {"content-security-policy": POLICY, "cache-control": "no-cache"}
        return FileResponse(path, media_type=kind, headers=headers)

    return page


def _entrance(served: Served) -> Callable[[], Response]:
    def enter() -> Response:
        if not served.entrance.enter():
            raise NotFoundError("This address led in once", "", "Open the address that was printed")
        return RedirectResponse(f"/#token={served.token}", 303)

    return enter


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


async def _told(_: Request, error: Exception) -> Response:
    if not isinstance(error, PlayheadError):
        _log.error("A request failed", exc_info=error)
    return failure(error)


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
