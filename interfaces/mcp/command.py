"""The command that serves a library to MCP clients."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playhead.errors import InputError
from playhead.interfaces import asking, render
from playhead.interfaces.loopback import HOST, bound, heeding_sigterm, with_few_arenas
from playhead.interfaces.options import (
    DebugOption,
    LibraryOption,
    PolicyOption,
    ProfileOption,
    chat_and_roles,
    open_library,
)

if TYPE_CHECKING:
    from mcp.server import Server

PORT = 8374
TokenOption = Annotated[
    Path | None, typer.Option(help="File with the token for --http; made where there is none.", metavar="FILE")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example:  playhead mcp --library ~/footage.playhead")(mcp)


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP on this machine, not over a pipe.")] = False,
    port: Annotated[
        int | None, typer.Option(help=f"Port for --http (default {PORT}; 0: any).", min=0, max=65535)
    ] = None,
    token_file: TokenOption = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: asking.AskedOption = None,
    policy: PolicyOption = None,
    debug: DebugOption = False,
) -> None:
    """Serve the library to an MCP client, such as a desktop assistant: over a pipe, or over HTTP."""
    del debug
    if not http and (port is not None or token_file is not None):
        raise InputError("--port and --token-file belong to --http", "", "Add --http, or leave them out")
    spec, roles = chat_and_roles(model)
    with_few_arenas()
    with heeding_sigterm(), open_library(library, roles, profile=profile, policy=policy) as opened:
        import anyio

        from playhead.interfaces.mcp import stdio
        from playhead.interfaces.mcp.server import make_server
        from playhead.interfaces.mcp.tools import Service

        wires = None if http else stdio.claimed()  # before packages are loaded, which may print
        server = make_server(Service(opened, spec or opened.settings.chat or None))
        if wires is None:
            _serve_http(server, PORT if port is None else port, token_file)
        else:
            anyio.run(stdio.serve, server, *wires)


def _serve_http(server: Server[Any], port: int, token_file: Path | None) -> None:
    import anyio

    from playhead.interfaces.access import new_token
    from playhead.interfaces.mcp import http

    with bound(port) as at:
        token = http.kept_token(token_file) if token_file else new_token()
        render.note(f"Serving on http://{HOST}:{at.getsockname()[1]}{http.PATH}")
        render.note(render.line(f"Token: as in {token_file}" if token_file else f"Token: {token}"))
        with suppress(KeyboardInterrupt):  # uvicorn passes on what it heard
            anyio.run(http.serve, server, at, token)
