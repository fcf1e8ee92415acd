"""Serving on this machine alone, until somebody ends it."""

from __future__ import annotations

import ctypes
import errno
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playhead.errors import InputError, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvicorn import Server

    from playhead.interfaces.access import App

HOST = "127.0.0.1"
_TRIED = 50
_M_ARENA_MAX, _ARENAS = -8, 2  # of mallopt(3)


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
            why = reason_of(error)
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


def with_few_arenas() -> None:
    """Have glibc's threads share two arenas, before there are threads; another C library has none.

    Each thread would have one of its own, up to eight a core, and what is free in one is of no use to others: a
    process that answers for hours in threads that come and go grows, though nothing is lost (docs/scale.md).
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_M_ARENA_MAX, _ARENAS)


@contextmanager
def heeding_sigterm() -> Iterator[None]:
    """Whoever ends the server by a signal ends it as Ctrl-C does: calls are given up, nothing is left half-made."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def server_of(app: App, patience_s: int) -> Server:
    """A server that says nothing of itself; told to end, it waits so long for who is still being answered."""
    import uvicorn

    config = uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, lifespan="auto", ws="none",
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=patience_s,
    )  # fmt: skip
    return uvicorn.Server(config)
