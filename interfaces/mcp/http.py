"""MCP over HTTP: on this machine alone, behind the door of every server of ours."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, Any

from playhead.errors import SettingsError, reason_of
from playhead.interfaces.access import Access, authorities, new_token
from playhead.interfaces.loopback import server_of

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from mcp.server import Server

PATH = "/mcp"
_TOKEN = re.compile(r"[\w.~+/=-]{32,512}", re.ASCII)
_GOODBYE_S = 3


def kept_token(path: Path) -> str:
    """The token in a file that only its owner may read; it is made where there is none. Raises `SettingsError`."""
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{new_token()}\n")
        about = path.stat()
        token = path.read_text(encoding="ascii", errors="replace").strip() if stat.S_ISREG(about.st_mode) else ""
    except OSError as error:
        why = reason_of(error)
        raise SettingsError(f"The token in {path} cannot be used", why, "Name another with --token-file") from error
    if about.st_mode & 0o077:
        raise SettingsError(f"The token in {path} cannot be used", "others may read it", f"Run: chmod 600 {path}")
    if not _TOKEN.fullmatch(token):
        why = "it is not 32 to 512 letters, digits and signs of a token"
        raise SettingsError(f"The token in {path} cannot be used", why, "Remove the file: a new one is made")
    return token


async def serve(server: Server[Any], at: socket.socket, token: str) -> None:
    """Serve until the process is told to stop."""
    host, port = at.getsockname()
    app = Access(server.streamable_http_app(streamable_http_path=PATH, host=host), token, authorities(host, port))
    await server_of(app, _GOODBYE_S).serve(sockets=[at])
