"""An MCP client for attacks: it sends what an honest one never would.

Headers go out as they are given: twice, in any case, folded over two lines. Nothing is followed
and nothing is repeated, so that one call is one request.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from tenantctl.probes.probe import UnclearError

Header = tuple[str, str]

PATIENCE = 30.0  # seconds; a tool's function may have to be started first
_LONGEST = 4 * 1024 * 1024

_MCP: tuple[Header, ...] = (
    ("Content-Type", "application/json"),
    # https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
    ("Accept", "application/json, text/event-stream"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def bearer(token: str) -> Header:
    """The header that presents a token."""
    return ("Authorization", f"Bearer {token}")


def message(method: str, params: Mapping[str, object] | None = None) -> dict[str, object]:
    """A JSON-RPC request."""
    made: dict[str, object] = {"jsonrpc": "2.0", "id": 1, "method": method}
    return made if params is None else {**made, "params": dict(params)}


def post(url: str, body: object, headers: Sequence[Header], *, query: str = "") -> Reply:
    """Send one message (or whatever `body` is) and read the answer.

    Raises `UnclearError` for what is no answer over HTTP.
    """
    where = urlsplit(url)
    path = f"{where.path}?{query}" if query else where.path
    connection = _connection(where.scheme, where.hostname or "", where.port)
    content = json.dumps(body).encode()
    try:
        connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in (*_MCP, ("Content-Length", str(len(content))), *headers):
            connection.putheader(name, value)
        connection.endheaders(content)
        answer = connection.getresponse()
        read = answer.read(_LONGEST + 1)
    except (OSError, http.client.HTTPException) as error:
        raise UnclearError(f"the gateway gave no answer: {type(error).__name__}") from error
    finally:
        connection.close()
    if len(read) > _LONGEST:
        raise UnclearError("the gateway's answer is too long to be read")
    return Reply(answer.status, {n.lower(): v for n, v in answer.getheaders()}, read)


def json_of(reply: Reply) -> object:
    """The JSON-RPC message of an answer, also out of an event stream; `None` where there is none.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    text = reply.body.decode(errors="replace")
    found: object = None
    stream = reply.headers.get("content-type", "").startswith("text/event-stream")
    for part in _events(text) if stream else (text,):
        try:
            read: object = json.loads(part)
        except (ValueError, RecursionError):
            continue
        # Notifications may come before the response, which alone has a result or an error.
        if not stream or (isinstance(read, dict) and ("result" in read or "error" in read)):
            found = read
    return found


def _events(text: str) -> Iterator[str]:
    data: list[str] = []
    for line in (*text.splitlines(), ""):
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=_tls())
    return http.client.HTTPConnection(host, port, timeout=PATIENCE)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
