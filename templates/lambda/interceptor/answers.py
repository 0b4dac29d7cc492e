"""What the interceptor may answer: the request as it goes on, or its end.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-interceptors-types.html
"""

from __future__ import annotations

from collections.abc import Mapping

VERSION = "1.0"

INVALID_REQUEST = -32600
"""JSON-RPC's own code for a request that isn't one."""

REFUSED = -32003
"""A code of ours, in the range that JSON-RPC leaves to servers."""


class RefusedError(Exception):
    """The request ends here, with an HTTP status and a text that the caller may read."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def forward(headers: Mapping[str, str], body: object) -> dict[str, object]:
    """Let the request go on, with these headers over the client's."""
    request = {"headers": dict(headers), "body": body}
    return {"interceptorOutputVersion": VERSION, "mcp": {"transformedGatewayRequest": request}}


def refusal(error: RefusedError, body: object) -> dict[str, object]:
    """End the request with a JSON-RPC error; nothing behind the gateway is called."""
    code = INVALID_REQUEST if error.status == 400 else REFUSED  # noqa: PLR2004 - Bad Request
    answer = {
        "statusCode": error.status,
        "headers": {"Content-Type": "application/json"},
        "body": {
            "jsonrpc": "2.0",
            "id": _id(body),
            "error": {"code": code, "message": str(error)},
        },
    }
    return {"interceptorOutputVersion": VERSION, "mcp": {"transformedGatewayResponse": answer}}


def _id(body: object) -> str | int | None:
    found = body.get("id") if isinstance(body, Mapping) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None
