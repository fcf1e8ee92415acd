"""The cutting process: open footage in, one film out, nothing else within its reach.

Run as `python -m playhead.media.cutter DESCRIPTOR`, the descriptor being that of the empty file to write to. Standard
input is a Unix socket: first comes what is wanted, as a line of JSON, then, whenever the process says `next`, a piece
of footage as a line and the descriptor of its open file, until a line says that it was the last. It knows no path and
gives up everything else (`sandbox`) before the first file comes, so that a hostile one can only spoil the film.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import signal
import socket
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import numpy as np

from playhead.errors import reason_of
from playhead.media import sandbox, wire
from playhead.media.copying import copy
from playhead.media.cutting import Look
from playhead.media.demux import load, plain
from playhead.media.joining import Beat, Joined
from playhead.media.measuring import measured
from playhead.media.reel import Output
from playhead.media.tally import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_LINE = 1 << 16
_FREE = 4  # descriptors: the one that comes, the one FFmpeg takes of it, and two to spare


def main(give_up: Callable[[], object] = sandbox.confine) -> int:
    """Do what the socket says; everything that happens is a message on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing a library prints can get between the messages
    av.logging.set_level(None)
    load()
    orders = Orders(socket.socket(fileno=os.dup(0)))
    request, _ = orders.next()
    limits = request["limits"]
    sandbox.limit(limits, written_bytes=limits["bytes"])
    give_up()
    target = Output(int(sys.argv[1]))
    sandbox.seal(below=max(int(sys.argv[1]), orders.descriptor, out.fileno()) + 1 + _FREE)
    try:
        _WORK[request["work"]](request, orders, target, out)
    except (TooLargeError, MemoryError) as error:
        _refuse(out, "limit", str(error) or "cutting it needs more memory than allowed")
    except (av.FFmpegError, OSError, ValueError) as error:
        if target.failed:
            _refuse(out, "storage", _disk(target.failed), target.failed.errno)
        else:
            _refuse(out, "damage", plain(error))
    return 0


def _refuse(out: BinaryIO, why: str, text: str, number: int | None = None) -> None:
    wire.send(out, {"kind": "refused", "why": why, "text": text, "errno": number})


def _disk(error: OSError) -> str:
    return "it would grow too large" if error.errno == errno.EFBIG else reason_of(error)


class Orders:
    """What the parent says over the socket: a line of JSON, and with a piece the descriptor of its file."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self.descriptor = stream.fileno()

    def next(self) -> tuple[dict[str, Any], int]:
        """The next line, and the descriptor that came with it or -1."""
        text, given = b"", [-1]
        while not text.endswith(b"\n"):
            data, came, _, _ = socket.recv_fds(self._stream, _LINE, 1)
            if not data:
                raise ValueError("nobody waits for the film any more")
            text, given = text + data, came or given
        found: dict[str, Any] = json.loads(text)
        return found, given[0]

    def pieces(self, out: BinaryIO) -> Iterator[tuple[dict[str, Any], int]]:
        """Ask for one piece after the other."""
        while True:
            wire.send(out, {"kind": "next"})
            piece, descriptor = self.next()
            if piece.get("last"):
                return
            try:
                yield piece, descriptor
            finally:
                os.close(descriptor)


def _cut(request: dict[str, Any], orders: Orders, target: Output, out: BinaryIO) -> None:
    """Join pieces into one film."""
    look = Look(
        width=request["width"],
        height=request["height"],
        rate_hz=Fraction(*request["rate"]),
        sound=request["sound"],
        own_times=request["own_times"],
    )
    film = Joined(look, target, request["limits"], Beat(out), _label(request["label"]))
    for piece, descriptor in orders.pieces(out):
        wire.send(out, {"kind": "piece"} | film.add(descriptor, **piece))
    wire.send(out, {"kind": "made", "frames": film.close()})


def _label(said: dict[str, Any] | None) -> NDArray[np.uint8] | None:
    """The label in grey, of which the rows come one after another."""
    if said is None:
        return None
    return np.frombuffer(base64.b64decode(said["pixels"]), np.uint8).reshape(said["height"], said["width"])


def _copy(request: dict[str, Any], orders: Orders, target: Output, out: BinaryIO) -> None:
    """Cut one piece without decoding it."""
    for piece, descriptor in orders.pieces(out):
        copied = copy(descriptor, target, piece["start_s"], piece["end_s"], sound=request["sound"], beat=Beat(out))
        wire.send(out, {"kind": "piece"} | copied)


def _measure(request: dict[str, Any], orders: Orders, _: Output, out: BinaryIO) -> None:
    """Tell how large and fast each file is."""
    for _piece, descriptor in orders.pieces(out):
        wire.send(out, {"kind": "measured"} | measured(descriptor, request["limits"]))


_WORK: dict[str, Callable[[dict[str, Any], Orders, Output, BinaryIO], None]] = {
    "cut": _cut,
    "copy": _copy,
    "measure": _measure,
}


if __name__ == "__main__":
    sys.exit(main())
