"""The MCP server: the same tools, plans and gate as everywhere, for whoever speaks the Model Context Protocol."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
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
from playhead.errors import PlayheadError, UnknownResourceError
from playhead.interfaces import shapes
from playhead.interfaces.content import one_line
from playhead.interfaces.mcp import resources
from playhead.interfaces.mcp.caller import Caller, rounds
from playhead.interfaces.mcp.pictures import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.context import ServerRequestContext
    from mcp_types import (
        CallToolRequestParams,
        ContentBlock,
        InputRequiredResult,
        PaginatedRequestParams,
        ReadResourceRequestParams,
        Resource,
    )

    from playhead.interfaces.mcp.tools import Service, Told

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
            result = self._refusal(error)
        return caller.next_round() or result

    async def list_resources(self, context: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        """The videos and their transcripts, a page at a time; nothing where there is no library."""
        cursor = params.cursor if params else None
        library = self._service.library
        if not library.exists:
            return ListResourcesResult(resources=[])

        def read() -> tuple[list[Resource], str | None]:
            return resources.listed(library, self._service.agent().gate, cursor)

        found, after = await self._read(context, read)
        return ListResourcesResult(resources=found, next_cursor=after)

    async def list_templates(
        self, context: Context, params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """The forms of address of what can be read."""
        del context, params
        return ListResourceTemplatesResult(resource_templates=resources.templates())

    async def read_resource(self, context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """What is at an address."""

        def read() -> list[resources.Contents]:
            return resources.read(params.uri, self._service.library, self._service.agent().gate)

        return ReadResourceResult(contents=await self._read(context, read))

    async def _worked(self, caller: Caller, act: Callable[[], T]) -> T:
        async with self._turns:
            return await caller.served(act)

    async def _read(self, context: Context, act: Callable[[], T]) -> T:
        """Nobody is asked while something is read: what the gate asks about is not read."""
        try:
            return await self._worked(Caller(context, {}), act)
        except PlayheadError as error:
            code = INVALID_PARAMS if isinstance(error, UnknownResourceError) else INVALID_REQUEST
            said = self._said(error)
            raise MCPError(code, said["error"]["message"], said) from error
        except Exception as error:
            _log.exception("A resource could not be read")
            raise MCPError(INTERNAL_ERROR, f"Unexpected {type(error).__name__}") from error

    def _result(self, told: Told) -> CallToolResult:
        content: list[ContentBlock] = [TextContent(text=told.text), *shown(told.pictures, self._service.library)]
        return CallToolResult(content=content, structured_content=told.said, is_error=told.failed)

    def _refusal(self, error: Exception) -> CallToolResult:
        if not isinstance(error, PlayheadError):
            _log.error("A call failed", exc_info=error)
        said = self._said(error)
        return CallToolResult(
            content=[TextContent(text=said["error"]["message"])], structured_content=said, is_error=True
        )

    def _said(self, error: Exception) -> dict[str, Any]:
        """An error as JSON, short and without the personal data that the policy masks."""
        return shapes.error(error, partial(one_line, mask=self._service.mask))


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
