"""MCP over a pipe: a message a line. What is no message is answered as such; nothing else gets onto standard output.

The transport of the SDK drops what it cannot read, holds a line of any length in memory, and cannot be interrupted
while it waits for one.
"""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import CancelledError as Abandoned
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError

if TYPE_CHECKING:
    from typing import BinaryIO

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.server import Server

LONGEST = 8 << 20
_REPORTED = "A line is longer than 8 MiB"


def claimed() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone: from now on prints go to standard error."""
    wire_in, wire_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return wire_in, wire_out


async def serve(server: Server[Any], wire_in: BinaryIO, wire_out: BinaryIO) -> None:
    """Speak with one client until it leaves."""
    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_write, from_server, wire_out, tasks.cancel_scope)
        _start_reading(wire_in, to_server, to_client.clone())
        await server.run(from_client, to_client, server.create_initialization_options())


async def _write(
    messages: MemoryObjectReceiveStream[SessionMessage], wire: BinaryIO, serving: anyio.CancelScope
) -> None:
    def put(line: str) -> None:
        wire.write(line.encode() + b"\n")
        wire.flush()

    async with messages:
        async for each in messages:
            line = each.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                await anyio.to_thread.run_sync(put, line, abandon_on_cancel=True)
            except OSError:  # the client is gone
                serving.cancel()


def _start_reading(
    wire: BinaryIO,
    to_server: MemoryObjectSendStream[SessionMessage | Exception],
    to_client: MemoryObjectSendStream[SessionMessage],
) -> None:
    """Read in a thread that nobody waits for: nothing else can leave a read that has begun."""
    loop = asyncio.get_running_loop()

    def wait(act: Any) -> None:
        asyncio.run_coroutine_threadsafe(act, loop).result()

    async def close() -> None:
        to_server.close()
        to_client.close()

    def read() -> None:
        with suppress(RuntimeError, Abandoned, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            while line := wire.readline(LONGEST + 1):
                found = _message(line, wire)
                if isinstance(found, JSONRPCError):
                    wait(to_client.send(SessionMessage(found)))
                elif found is not None:
                    wait(to_server.send(found))
        with suppress(RuntimeError):  # the loop is closed: the server ended first
            loop.call_soon_threadsafe(lambda: loop.create_task(close()))

    threading.Thread(target=read, name="standard input", daemon=True).start()


def _message(line: bytes, wire: BinaryIO) -> SessionMessage | JSONRPCError | None:
    """The message in a line, what is wrong with it, or nothing for an empty one."""
    if len(line) > LONGEST:
        while line and not line.endswith(b"\n"):
            line = wire.readline(LONGEST)
        return _wrong(INVALID_REQUEST, _REPORTED)
    if not line.strip():
        return None
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValidationError as error:
        broken = any(each["type"] == "json_invalid" for each in error.errors(include_url=False, include_input=False))
        return _wrong(PARSE_ERROR, "This is no JSON") if broken else _wrong(INVALID_REQUEST, "This is no message")


def _wrong(code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=code, message=message))
