"""Messages between the decoding process and its parent: a JSON head and a block of raw bytes.

No pickle: the child reads hostile files, so the parent trusts nothing that it sends beyond sizes it can check.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from typing import IO

_HEAD = struct.Struct("<II")
MAX_HEAD = 1 << 20
MAX_BODY = 1 << 28
_BLOCK = 1 << 20


def send(stream: IO[bytes], head: dict[str, Any], body: bytes | memoryview = b"") -> None:
    """Write one message."""
    text = json.dumps(head).encode()
    stream.write(_HEAD.pack(len(text), len(body)) + text)
    stream.write(body)
    stream.flush()


def widen(stream: IO[bytes]) -> None:
    """Let a pipe hold a sample or two, so that the decoder goes on while its parent is busy, where the system can."""
    with suppress(AttributeError, OSError):
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _BLOCK)


class Reader(Protocol):
    """Anything that gives `size` bytes, fewer only at the end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""


def receive(stream: Reader) -> tuple[dict[str, Any], bytes] | None:
    """Read one message, or `None` at the end of the stream. Raises `ValueError` on nonsense."""
    start = stream.read(_HEAD.size)
    if len(start) < _HEAD.size:
        return None
    text_size, body_size = _HEAD.unpack(start)
    if text_size > MAX_HEAD or body_size > MAX_BODY:
        raise ValueError("a message larger than any frame")
    text, body = stream.read(text_size), stream.read(body_size)
    if len(text) < text_size or len(body) < body_size:
        return None
    try:
        head = json.loads(text)
    except RecursionError as error:
        raise ValueError("a message nested too deep") from error
    if not isinstance(head, dict):
        raise ValueError("a message without a head")
    return head, body


class Patient:
    """Reads what the decoder sends, and does not wait for any part of it longer than `stall_s`."""

    def __init__(self, stream: IO[bytes], stall_s: float) -> None:
        self._descriptor, self._stall_s = stream.fileno(), stall_s
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def read(self, size: int) -> bytes:
        """The next bytes. Raises `TimeoutError`."""
        data = bytearray()
        while len(data) < size:
            if not self._poll.poll(self._stall_s * 1000):
                raise TimeoutError(f"the decoder made no progress for {self._stall_s:g} s")
            block = os.read(self._descriptor, min(size - len(data), _BLOCK))
            if not block:
                break
            data += block
        return bytes(data)
