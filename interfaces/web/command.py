"""The command `serve`."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
import time
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from playhead.errors import InputError
from playhead.interfaces import render
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
    from pathlib import Path
    from types import FrameType

    from uvicorn import Server

    from playhead.interfaces.web.served import Served

HOST = "127.0.0.1"
_TRIED = 50
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


def bound(port: int) -> socket.socket:
    """A socket on this machine alone, before anything else is loaded. Raises `InputError`."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno != errno.EADDRINUSE:
            why = (error.strerror or str(error)).lower()
            raise InputError(f"Port {port} cannot be used", why, "Choose another with --port") from error
        fix = f"Port {free} is free: --port {free}" if (free := _free(port)) else "Choose another with --port"
        raise InputError(f"Port {port} is taken", "another program answers there", fix) from error
    return listening


def _free(port: int) -> int:
    """The next port that nobody listens on; 0 where none was found."""
    for other in range(port + 1, min(port + _TRIED, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HOST, other))
            except OSError:
                continue
            return other
    return 0


def _serve(served: Served, listening: socket.socket, paths: list[Path], *, no_browser: bool) -> None:
    """Answer until Ctrl-C."""
    import uvicorn

    from playhead.interfaces.access import authorities
    from playhead.interfaces.web import work
    from playhead.interfaces.web.app import guarded

    port = listening.getsockname()[1]
    app = guarded(served, authorities(HOST, port))
    if paths:
        names = ", ".join(path.name or str(path) for path in paths)
        served.jobs.start("index", names, work.indexing(served.desk, *paths))
    _announce(served, port, no_browser=no_browser)
    config = uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, lifespan="off", ws="none",
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=_PATIENCE_S,
    )  # fmt: skip
    _until_told(uvicorn.Server(config), served, listening)


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
    for thread in threading.enumerate():
        if thread.name.startswith("step "):
            thread.join(max(0.0, until - time.monotonic()))
