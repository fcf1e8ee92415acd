"""Files on their way to the browser: whole or in part, in constant memory, never other bytes than were opened."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from anyio import to_thread
from starlette.responses import StreamingResponse

from playhead.interfaces.web.failures import FAILURES, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from playhead.media.files import MediaFile

SENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"application/octet-stream": {}}},
    206: {"description": "Part of it", "content": {"application/octet-stream": {}}},
    416: FAILURES[404] | {"description": "The range begins beyond its end"},
}
"""What a route that sends a file answers, for the API's description."""

_BLOCK = 256 << 10
_MAGIC = (
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"OggS", "video/ogg"),
    (0, b"RIFF", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x47", "video/mp2t"),
    (0, b"FLV", "video/x-flv"),
    (0, b"GIF8", "image/gif"),
    (0, b"\x89PNG", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (8, b"AVI ", "video/x-msvideo"),
)
_SOUNDS = {".m4a": "audio/mp4", ".mka": "audio/webm", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".oga": "audio/ogg"}
_ANYTHING = "application/octet-stream"
_RANGE = re.compile(r"bytes=[ \t]*(?:([0-9]+)-([0-9]*)|-([0-9]+))[ \t]*", re.IGNORECASE)
_DIGITS = 18  # of a number beyond the end of any file


@dataclass(frozen=True, slots=True)
class Bytes:
    """The half-open range `[start, end)` of a file."""

    start: int
    end: int


class OutsideError(Exception):
    """The range begins beyond the end of the file."""


def wanted(ranges: list[str], size: int, if_range: str | None, etag: str) -> Bytes | None:
    """The part that is wanted; None for the whole file (RFC 9110, sections 13.1.5 and 14).

    More than one range, one that cannot be read, and one of a file that has changed since mean the whole file, as the
    standard allows: many small or overlapping ones would cost more than they spare. Raises `OutsideError`.
    """
    found = _RANGE.fullmatch(ranges[0]) if len(ranges) == 1 else None
    if found is None or (if_range is not None and if_range != etag):
        return None
    if found[3] is not None:
        start, end = max(0, size - _number(found[3])), size
    else:
        start, end = _number(found[1]), min(size, _number(found[2]) + 1) if found[2] else size
        if found[2] and end <= start and _number(found[2]) < start:
            return None  # the last byte lies before the first: not a range
    if start >= size or start >= end:
        raise OutsideError
    return Bytes(start, end)


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS


def kind_of_media(file: MediaFile) -> str:
    """The media type by what the file begins with; never one that a browser would run or show as a page."""
    head = os.pread(file.descriptor, 16, 0)
    fitting = [(at, kind) for at, magic, kind in _MAGIC if head[at : at + len(magic)] == magic]
    kind = max(fitting, default=(0, _ANYTHING))[1]
    return _SOUNDS.get(file.path.suffix.lower(), kind) if kind.startswith(("video/", "audio/")) else kind


def attachment(path: Path, *, inline: bool) -> str:
    """The header that says under which name to keep a file."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in path.name)
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(path.name.encode(errors='replace'), safe='')}"


def send(file: MediaFile, request: Request, kind: str, etag: str, disposition: str = "") -> Response:
    """The file, or the part of it that is asked for. It is closed when it was sent, and when nobody takes it."""
    headers = {"accept-ranges": "bytes", "etag": etag, "content-security-policy": "default-src 'none'; sandbox"}
    headers |= {"content-disposition": disposition} if disposition else {}
    try:
        asked = request.headers.getlist("range") if request.method == "GET" else []
        part = wanted(asked, file.size, request.headers.get("if-range"), etag)
    except OutsideError:
        os.close(file.descriptor)
        said = {"kind": "RangeError", "message": f"The file has {file.size} bytes, and the range begins beyond them"}
        return refusal(416, said, {"content-range": f"bytes */{file.size}", "accept-ranges": "bytes"})
    if part:
        headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{file.size}"
    headers["content-length"] = str(part.end - part.start if part else file.size)
    body = Bytes(0, 0) if request.method == "HEAD" else part or Bytes(0, file.size)
    return _Sent(file, body, 206 if part else 200, headers, kind)


class _Sent(StreamingResponse):
    """Part of an open file, read as it is taken."""

    def __init__(self, file: MediaFile, part: Bytes, status: int, headers: dict[str, str], kind: str) -> None:
        self._file = file
        super().__init__(_blocks(file, part), status, headers, kind)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and close it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._file.descriptor)


async def _blocks(file: MediaFile, part: Bytes) -> AsyncIterator[bytes]:
    at = part.start
    while at < part.end:
        block = await to_thread.run_sync(partial(_read, file, at, min(_BLOCK, part.end - at)))
        at += len(block)
        yield block


def _read(file: MediaFile, at: int, size: int) -> bytes:
    """The next bytes. Raises where the file changed meanwhile: what was sent is cut short, not mixed."""
    block = os.pread(file.descriptor, size, at)
    file.check_unchanged()
    if not block:
        raise EOFError(f"{file.name} ended at {at} bytes")
    return block
