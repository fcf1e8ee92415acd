"""The MCP server: the same tools, plans and gate as everywhere, for whoever speaks the Model Context Protocol."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from mcp.server import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    ReadResourceResult,
    TextContent,
)

from playhead import __version__, prompts
from playhead.errors import BlockedError, PlayheadError
from playhead.interfaces import mcp_resources, shapes
from playhead.interfaces.mcp_caller import Caller, rounds
from playhead.interfaces.mcp_pictures import shown
from playhead.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.context import ServerRequestContext
    from mcp_types import (
        CallToolRequestParams,
        ContentBlock,
        InputRequiredResult,
        PaginatedRequestParams,
        ReadResourceRequestParams,
    )

    from playhead.interfaces.mcp_tools import Service, Told

    Context = ServerRequestContext[Any, Any]

T = TypeVar("T")
_NAME = "playhead"
_AT_ONCE = 4
_log = logging.getLogger(__name__)


class Answers:
    """What the server answers to each kind of request."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._cards = service.cards()

    async def list_tools(self, context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        """Every tool, on one page."""
        del context, params
        return ListToolsResult(tools=self._cards)

    async def call_tool(
        self, context: Context, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        """What the tool gives; errors of ours are results that say so, for the model to read."""
        caller = Caller(context, rounds(params.request_state, params.input_responses))
        try:
            result = await self._worked(
                caller, lambda: self._result(self._service.call(params.name, params.arguments or {}, caller))
            )
        except Exception as error:  # noqa: BLE001 - a tool may raise anything; it is told, and the server lives
            result = _refusal(error)
        return caller.next_round() or result

    async def list_resources(self, context: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        """The videos and their transcripts, a page at a time; nothing where there is no library."""
        cursor = params.cursor if params else None
        library = self._service.library
        if not (library.folder / "catalog.sqlite").exists():
            return ListResourcesResult(resources=[])
        found, after = await self._read(context, lambda: mcp_resources.listed(library, cursor))
        return ListResourcesResult(resources=found, next_cursor=after)

    async def list_templates(
        self, context: Context, params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """The forms of address of what can be read."""
        del context, params
        return ListResourceTemplatesResult(resource_templates=mcp_resources.templates())

    async def read_resource(self, context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """What is at an address."""

        def read() -> list[mcp_resources.Contents]:
            return mcp_resources.read(params.uri, self._service.library, self._service.agent().gate)

        return ReadResourceResult(contents=await self._read(context, read))

    async def _worked(self, caller: Caller, act: Callable[[], T]) -> T:
        async with self._turns:
            return await caller.served(act)

    async def _read(self, context: Context, act: Callable[[], T]) -> T:
        """Nobody is asked while something is read: what the gate asks about is not read."""
        try:
            return await self._worked(Caller(context, {}), act)
        except mcp_resources.UnknownResourceError as error:
            raise MCPError(INVALID_PARAMS, str(error), shapes.error(error)) from error
        except PlayheadError as error:
            raise MCPError(INVALID_REQUEST, str(error), _said(error)) from error
        except Exception as error:
            _log.exception("A resource could not be read")
            raise MCPError(INTERNAL_ERROR, f"Unexpected {type(error).__name__}") from error

    def _result(self, told: Told) -> CallToolResult:
        content: list[ContentBlock] = [TextContent(text=told.text), *shown(told.pictures, self._service.library)]
        return CallToolResult(content=content, structured_content=told.said, is_error=told.failed)


def _refusal(error: Exception) -> CallToolResult:
    if not isinstance(error, PlayheadError):
        _log.error("A call failed", exc_info=error)
    said = _said(error)
    return CallToolResult(
        content=[TextContent(text=said["error"]["message"])], structured_content=said, is_error=True
    )


def _said(error: Exception) -> dict[str, Any]:
    """An error as JSON; of what the gate stopped, with its verdict."""
    said = shapes.error(error)
    return said | {"verdict": plain(error.verdict)} if isinstance(error, BlockedError) else said


def make_server(service: Service) -> Server[Any]:
    """The server over one library; `service` is shared by all its clients."""
    answers = Answers(service)
    server: Server[Any] = Server(
        _NAME,
        version=__version__,
        title="Playhead",
        instructions=prompts.load("mcp").text,
        on_list_tools=answers.list_tools,
        on_call_tool=answers.call_tool,
        on_list_resources=answers.list_resources,
        on_list_resource_templates=answers.list_templates,
        on_read_resource=answers.read_resource,
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=_NAME))
    return server
