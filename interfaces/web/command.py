"""The command `serve`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
import webbrowser
from contextlib import contextmanager, nullcontext, suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playhead.agent.threads import at_work
from playhead.errors import InputError
from playhead.interfaces import asking, render
from playhead.interfaces.loopback import HOST, bound, heeding_sigterm, server_of, with_few_arenas
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
    from collections.abc import Iterator
    from types import FrameType

    from uvicorn import Server

    from playhead.interfaces.web.desk import Served

_PATIENCE_S = 1
_OPEN_S = 60
_BEAT_S = 0.05
_DOOR = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={0}">
<a href="{0}">Playhead</a>
"""


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
    model: asking.AskedOption = None,
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
    with_few_arenas()
    with bound(port) as listening, open_library(library, roles, profile=profile, policy=policy) as opened:
        from playhead.interfaces.access import new_token
        from playhead.interfaces.web.desk import Desk, Served

        served = Served.of(Desk(opened, spec or opened.settings.chat or None), new_token())
        for left in served.uploads.unfinished():
            served.index(left)
        _serve(served, listening, found, no_browser=no_browser)


def _serve(served: Served, listening: socket.socket, paths: list[Path], *, no_browser: bool) -> None:
    """Answer until Ctrl-C."""
    from playhead.interfaces.access import authorities
    from playhead.interfaces.web import tasks
    from playhead.interfaces.web.app import guarded

    port = listening.getsockname()[1]
    app = guarded(served, authorities(HOST, port))
    address = f"http://{HOST}:{port}/#token={served.token}"
    render.say(address)
    sys.stdout.flush()
    if paths:
        names = ", ".join(path.name or str(path) for path in paths)
        served.jobs.start("index", names, tasks.indexing(served.desk, *paths))
    server = server_of(app, _PATIENCE_S)
    somebody = sys.stderr.isatty()
    if somebody:
        render.note("Open this address in a browser on this machine. Ctrl-C ends.")
    with nullcontext() if no_browser or not somebody else door(address) as way_in:
        if way_in:  # some browsers are waited for until they end: not here
            threading.Thread(target=_open, args=(server, way_in), name="browser", daemon=True).start()
        _until_told(server, served, listening)


@contextmanager
def door(address: str, open_s: float = _OPEN_S) -> Iterator[Path]:
    """A file for a minute that leads a browser to an address, and that nobody else may read.

    The address is not given to the browser itself: what a program is started with is seen by all users.
    """
    folder = Path(tempfile.mkdtemp(prefix="playhead-"))
    closing = threading.Timer(open_s, shutil.rmtree, [folder], {"ignore_errors": True})
    closing.daemon = True
    try:
        file = folder / "open.html"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(_DOOR.format(escape(address)))
        closing.start()
        yield file
    finally:
        closing.cancel()
        shutil.rmtree(folder, ignore_errors=True)


def _open(server: Server, way_in: Path) -> None:
    """Open the page once the server answers."""
    while not (server.started or server.should_exit):
        time.sleep(_BEAT_S)
    if not server.should_exit:
        webbrowser.open(way_in.as_uri())


def _until_told(server: Server, served: Served, listening: socket.socket) -> None:
    """Answer; in the end let go of whoever follows a job, and cancel what is at work. Raises `KeyboardInterrupt`."""
    end = server.handle_exit

    def ending(number: int, frame: FrameType | None) -> None:
        served.jobs.closing.set()
        end(number, frame)

    server.handle_exit = ending  # type: ignore[assignment, method-assign]
    try:
        with heeding_sigterm(), suppress(KeyboardInterrupt):  # uvicorn passes on what it heard
            server.run(sockets=[listening])
    finally:
        unfinished = served.jobs.close()
        _await_threads()
    if unfinished:
        raise KeyboardInterrupt


def _await_threads() -> None:
    """Give jobs a moment to clear up."""
    until = time.monotonic() + _PATIENCE_S
    for thread in at_work():
        thread.join(max(0.0, until - time.monotonic()))
