"""The tier's gateway, spoken to in MCP over streamable HTTP.

https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
)

from agent.failure import AgentError

PROTOCOL = "2025-06-18"

_SECONDS = 60.0
_LONGEST = 16 * 1024 * 1024
_MOST_PAGES = 50
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_GONE = 404
"""A session that the gateway has ended; one begins anew.
https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#session-management
"""

_REFUSALS = frozenset({401, 403})


class _SessionEndedError(Exception):
    """The gateway no longer knows the session."""


class Gateway:
    """One gateway, with the MCP session of one user; may be called from many threads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            # The user's token goes there.
            raise AgentError("NotConfigured", "the gateway's address is no https URL")
        self._url = url
        self._opener = _opener()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._session: str | None = None
        self._begun = False

    def tools(self, authorization: str) -> list[Mapping[str, object]]:
        """The tools that the user may use, as MCP lists them; raises `AgentError`."""
        found: list[Mapping[str, object]] = []
        params: dict[str, object] = {}
        for _ in range(_MOST_PAGES):
            page = self._request(authorization, "tools/list", params)
            tools = page.get("tools")
            if not isinstance(tools, list):
                raise AgentError("Unavailable", "the gateway's list of tools can't be read")
            found += [tool for tool in tools if isinstance(tool, Mapping)]
            cursor = page.get("nextCursor")
            if cursor is None:
                return found
            params = {"cursor": cursor}
        raise AgentError("Unavailable", "the gateway's list of tools has no end")

    def call(
        self, authorization: str, tool: str, arguments: Mapping[str, object]
    ) -> Mapping[str, object]:
        """What a tool answers: MCP's `CallToolResult`; raises `AgentError`."""
        return self._request(authorization, "tools/call", {"name": tool, "arguments": arguments})

    def _request(
        self, authorization: str, method: str, params: Mapping[str, object]
    ) -> Mapping[str, object]:
        try:
            self._begin(authorization)
            return self._ask(authorization, method, params)
        except _SessionEndedError:
            with self._lock:
                self._begun, self._session = False, None
        try:
            self._begin(authorization)
            return self._ask(authorization, method, params)
        except _SessionEndedError as error:
            raise AgentError("Unavailable", "the gateway ends its sessions at once") from error

    def _begin(self, authorization: str) -> None:
        with self._lock:
            if self._begun:
                return
            client = {"name": "tenantctl-agent", "version": "1"}
            self._ask(
                authorization,
                "initialize",
                {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client},
            )
            self._send(authorization, {"method": "notifications/initialized"})
            self._begun = True

    def _ask(
        self, authorization: str, method: str, params: Mapping[str, object]
    ) -> Mapping[str, object]:
        number = next(self._ids)
        sent = {"id": number, "method": method, "params": params}
        for message in self._send(authorization, sent):
            if message.get("id") != number:
                continue
            error, result = message.get("error"), message.get("result")
            if isinstance(error, Mapping):
                raise AgentError("Refused", _text(error.get("message")))
            if isinstance(result, Mapping):
                return result
        raise AgentError("Unavailable", "the gateway didn't answer")

    def _send(
        self, authorization: str, message: Mapping[str, object]
    ) -> list[Mapping[str, object]]:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        headers = {
            "Authorization": authorization,
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": PROTOCOL,
            **({"Mcp-Session-Id": self._session} if self._session else {}),
        }
        request = Request(self._url, body, headers, method="POST")  # noqa: S310 - http(s) alone
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                kind, text = answer.headers.get_content_type(), answer.read(_LONGEST + 1)
                if message["method"] == "initialize":
                    self._session = answer.headers.get("Mcp-Session-Id")
        except HTTPError as error:
            with error:
                if error.code == _GONE and self._session:
                    raise _SessionEndedError from None
                raise _refusal(error) from None
        except (URLError, HTTPException, OSError) as error:
            raise AgentError("Unavailable", "the gateway can't be reached") from error
        return _messages(kind, text)


def _opener() -> OpenerDirector:
    """It knows no proxies and follows no redirects: either would see the user's token."""
    made = OpenerDirector()
    for handler in (HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        made.add_handler(handler())
    return made


def _messages(kind: str, text: bytes) -> list[Mapping[str, object]]:
    """The messages of an answer: one as JSON, or a stream of events."""
    if len(text) > _LONGEST:
        raise AgentError("Unavailable", "the gateway's answer is too long")
    if not text.strip():
        return []
    try:
        parts = [text.decode()] if kind == "application/json" else list(_events(text.decode()))
        found = [json.loads(part) for part in parts]
    except (ValueError, RecursionError) as error:
        raise AgentError("Unavailable", "the gateway's answer can't be read") from error
    return [message for message in found if isinstance(message, Mapping)]


def _events(text: str) -> Iterator[str]:
    """The data of server-sent events.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    data: list[str] = []
    for line in [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        name, _, value = line.partition(":")
        if name == "data" and line:
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def _refusal(error: HTTPError) -> AgentError:
    """What the gateway says of a request that it doesn't take, where that is JSON-RPC."""
    code = "Refused" if error.code in _REFUSALS else "Unavailable"
    try:
        told = json.loads(error.read(_LONGEST))
        message = cast("str | None", told["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError, OSError, HTTPException):
        message = None
    return AgentError(code, message or f"the gateway answered with status {error.code}")


def _text(value: object) -> str:
    return value if isinstance(value, str) and value else "the gateway refused"
