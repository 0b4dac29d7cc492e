"""MCP itself, by the official SDK: one request in, one response out, no session kept.

The SDK needs an event loop, which runs in a thread of its own; tools are called from other threads
beside it, because they wait for processes.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from tenantctl import __version__
from tenantctl.local.gateway.tools import ToolRefusedError, Tools, Visit
from tenantctl.local.wire.incoming import Answer

if TYPE_CHECKING:
    from anyio import CapacityLimiter
    from mcp.server import ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp_types import (
        CallToolRequestParams,
        CallToolResult,
        ListToolsResult,
        PaginatedRequestParams,
        Tool,
    )

# The SDK's warnings are nobody's terminal's, unless somebody asks for logs.
logging.getLogger("mcp").addHandler(logging.NullHandler())

Message = MutableMapping[str, Any]
T = TypeVar("T")

_VISIT = "tenantctl.visit"
_AT_ONCE = 64
"""Calls that wait for their functions at the same time."""

_PATIENCE = 900.0  # seconds; Lambda's longest timeout


class Protocol:
    """The MCP server of all gateways; begins with the first request."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._manager: StreamableHTTPSessionManager | None = None
        self._limiter: CapacityLimiter | None = None
        self._stop: asyncio.Event | None = None

    def answer(self, visit: Visit, body: bytes) -> Answer:
        """The answer to one JSON-RPC message of a caller who has been let in."""
        loop = self._running()
        return asyncio.run_coroutine_threadsafe(self._exchange(visit, body), loop).result(_PATIENCE)

    def close(self) -> None:
        """End the loop and its thread."""
        with self._lock:
            loop, thread, stop = self._loop, self._thread, self._stop
            self._loop = None
        if loop is not None and thread is not None and stop is not None:
            loop.call_soon_threadsafe(stop.set)
            thread.join()

    # -- the loop -----------------------------------------------------------------------------

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                ready = threading.Event()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._run(ready)), name="gateways", daemon=True
                )
                self._thread.start()
                ready.wait()
            if self._loop is None:
                raise RuntimeError("the gateways' event loop didn't start")
            return self._loop

    async def _run(self, ready: threading.Event) -> None:
        from anyio import CapacityLimiter
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        try:
            self._limiter, self._stop = CapacityLimiter(_AT_ONCE), asyncio.Event()
            self._manager = StreamableHTTPSessionManager(
                self._server(), json_response=True, stateless=True
            )
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(self._manager.run())
                self._loop = asyncio.get_running_loop()
                ready.set()
                await self._stop.wait()
        finally:
            ready.set()

    async def _exchange(self, visit: Visit, body: bytes) -> Answer:
        if self._manager is None:
            raise RuntimeError("the gateways' event loop isn't running")
        sent: list[Message] = []
        given = False
        over = asyncio.Event()

        async def receive() -> Message:
            nonlocal given
            if given:
                await over.wait()  # the client stays until it has its answer
                return {"type": "http.disconnect"}
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._manager.handle_request(_scope(visit, body), receive, send)
        over.set()
        return _answer(sent)

    # -- the server ---------------------------------------------------------------------------

    def _server(self) -> Server[Any]:
        from mcp.server.lowlevel import Server

        return Server(
            "tenantctl-embedded-gateway",
            version=__version__,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    async def _list_tools(
        self, context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        from mcp_types import ListToolsResult

        visit = _visit(context)
        found = await self._aside(lambda: self._tools.listed(visit))
        return ListToolsResult(
            tools=[_tool(t.name, t.description, t.input_schema, t.output_schema) for t in found]
        )

    async def _call_tool(
        self, context: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult:
        from mcp_types import CallToolResult, TextContent

        visit = _visit(context)
        answered = await self._aside(
            lambda: self._tools.called(
                visit, params.name, params.arguments or {}, str(context.request_id)
            )
        )
        return CallToolResult(
            content=[TextContent(type="text", text=answered.text)], is_error=answered.failed
        )

    async def _aside(self, work: Callable[[], T]) -> T:
        from anyio.to_thread import run_sync
        from mcp.shared.exceptions import MCPError

        try:
            return await run_sync(work, limiter=self._limiter)
        except ToolRefusedError as error:
            raise MCPError(error.code, str(error), error.data) from error


def _visit(context: ServerRequestContext[Any]) -> Visit:
    visit = context.request.scope[_VISIT] if context.request is not None else None
    if not isinstance(visit, Visit):
        raise TypeError("a message came past the gateway's authorizer")
    return visit


def _tool(
    name: str,
    description: str,
    input_schema: Mapping[str, Any],
    output_schema: Mapping[str, Any] | None,
) -> Tool:
    from mcp_types import Tool

    return Tool(
        name=name,
        description=description,
        input_schema=dict(input_schema),
        output_schema=None if output_schema is None else dict(output_schema),
    )


def _scope(visit: Visit, body: bytes) -> Message:
    """The request as the SDK sees it: only MCP's own headers are the client's."""
    headers = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "accept": "application/json, text/event-stream",
        **{name: value for name, value in visit.headers.items() if name.startswith("mcp-")},
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
        _VISIT: visit,
    }


def _answer(sent: list[Message]) -> Answer:
    started = next(m for m in sent if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    headers = tuple((n.decode(), v.decode("latin-1")) for n, v in started.get("headers", ()))
    return Answer(int(started["status"]), headers, body)
