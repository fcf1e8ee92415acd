"""The command `serve`."""

from __future__ import annotations

import signal
import sys
import time
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from playhead.agent.threads import at_work
from playhead.errors import InputError
from playhead.interfaces import render
from playhead.interfaces.loopback import HOST, bound, server_of
from playhead.interfaces.options import (
    DebugOption,
    LibraryOption,
    PolicyOption,
    ProfileOption,
    chat_and_roles,
    open_library,
    path_of,
)

if TYPE_CHECKING:
    import socket
    from pathlib import Path
    from types import FrameType

    from uvicorn import Server

    from playhead.interfaces.web.served import Served

_PATIENCE_S = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example:  playhead serve ~/Videos")(serve)


def serve(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files and folders to index meanwhile.", metavar="PATH...")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0: one that is free.")] = 8321,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address only.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A language model (ollama:qwen3:8b, …), or ROLE=SPEC.", metavar="SPEC"),
    ] = None,
    policy: PolicyOption = None,
    debug: DebugOption = False,
) -> None:
    """Show the library in a browser on this machine: search, watch, ask. Ctrl-C ends it."""
    del debug
    found = [path_of(text).expanduser() for text in paths or []]
    for path in found:
        if not path.exists():
            raise InputError(f"{path} cannot be indexed", "there is no such file or folder")
    spec, roles = chat_and_roles(model)
    with bound(port) as listening, open_library(library, roles, profile=profile, policy=policy) as opened:
        from playhead.interfaces.access import new_token
        from playhead.interfaces.web.desk import Desk
        from playhead.interfaces.web.served import Served
        from playhead.interfaces.web.uploads import sweep

        served = Served.of(Desk(opened, spec or opened.settings.chat or None), new_token())
        sweep(served.uploads.folder)
        _serve(served, listening, found, no_browser=no_browser)


def _serve(served: Served, listening: socket.socket, paths: list[Path], *, no_browser: bool) -> None:
    """Answer until Ctrl-C."""
    from playhead.interfaces.access import authorities
    from playhead.interfaces.web import work
    from playhead.interfaces.web.app import guarded

    port = listening.getsockname()[1]
    app = guarded(served, authorities(HOST, port))
    if paths:
        names = ", ".join(path.name or str(path) for path in paths)
        served.jobs.start("index", names, work.indexing(served.desk, *paths))
    _announce(served, port, no_browser=no_browser)
    _until_told(server_of(app, _PATIENCE_S), served, listening)


def _announce(served: Served, port: int, *, no_browser: bool) -> None:
    """Print the address, and open it where somebody sits there."""
    render.say(f"http://{HOST}:{port}/#token={served.token}")
    sys.stdout.flush()
    if sys.stderr.isatty():
        render.note("Open this address in a browser on this machine. Ctrl-C ends.")
        if not no_browser:
            webbrowser.open(f"http://{HOST}:{port}{served.entrance.path}")


def _until_told(server: Server, served: Served, listening: socket.socket) -> None:
    """Answer; in the end let go of whoever follows a job, and cancel what is at work. Raises `KeyboardInterrupt`."""
    end = server.handle_exit

    def ending(number: int, frame: FrameType | None) -> None:
        served.jobs.closing.set()
        end(number, frame)

    server.handle_exit = ending  # type: ignore[assignment, method-assign]
    before = signal.signal(signal.SIGTERM, _interrupted)
    try:
        with suppress(KeyboardInterrupt):  # uvicorn passes on what it heard
            server.run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)
        unfinished = served.jobs.close()
        _await_threads()
    if unfinished:
        raise KeyboardInterrupt


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _await_threads() -> None:
    """Give jobs a moment to clear up."""
    until = time.monotonic() + _PATIENCE_S
    for thread in at_work():
        thread.join(max(0.0, until - time.monotonic()))
