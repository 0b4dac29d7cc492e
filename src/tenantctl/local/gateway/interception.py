"""What a gateway tells its REQUEST interceptor, and what it makes of the answer.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-interceptors-types.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_VERSION = "1.0"
_LEAST_STATUS = 200
_MOST_STATUS = 599


class UnreadableAnswerError(Exception):
    """The interceptor's answer isn't one; the request ends."""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The request goes on, with these headers over the client's and this body."""

    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ends:
    """The interceptor answers in the gateway's place."""

    status: int
    headers: Mapping[str, str]
    body: object = field(repr=False)


def event_of(raw: str, body: object, headers: Mapping[str, str] | None) -> dict[str, Any]:
    """The interceptor's input; `headers` are given only where `passRequestHeaders` says so."""
    request: dict[str, Any] = {"path": "/mcp", "httpMethod": "POST", "body": body}
    if headers is not None:
        request["headers"] = dict(headers)
    return {
        "interceptorInputVersion": _VERSION,
        "mcp": {"rawGatewayRequest": {"body": raw}, "gatewayRequest": request},
    }


def outcome_of(answer: object, body: object) -> GoesOn | Ends:
    """What the interceptor's answer means for a request with this body.

    A response wins over a request. Raises `UnreadableAnswerError`.
    """
    if not isinstance(answer, Mapping) or answer.get("interceptorOutputVersion") != _VERSION:
        raise UnreadableAnswerError("it isn't of version 1.0")
    mcp = answer.get("mcp")
    if not isinstance(mcp, Mapping):
        raise UnreadableAnswerError("it has no `mcp`")
    response = mcp.get("transformedGatewayResponse")
    if response is not None:
        return _ends(response)
    request = mcp.get("transformedGatewayRequest")
    if not isinstance(request, Mapping):
        raise UnreadableAnswerError("it has neither a request nor a response")
    return GoesOn(_headers(request.get("headers")), request.get("body", body))


def _ends(response: object) -> Ends:
    if not isinstance(response, Mapping):
        raise UnreadableAnswerError("its response is no object")
    status = response.get("statusCode")
    if type(status) is not int or not _LEAST_STATUS <= status <= _MOST_STATUS:
        raise UnreadableAnswerError("its response has no status")
    return Ends(status, _headers(response.get("headers")), response.get("body"))


def _headers(given: object) -> Mapping[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(
        isinstance(name, str) and isinstance(value, str) for name, value in given.items()
    ):
        raise UnreadableAnswerError("its headers aren't texts")
    if len({name.lower() for name in given}) != len(given):
        raise UnreadableAnswerError("it sets a header twice")
    return given


def as_bytes(body: object) -> bytes:
    """A body as it is sent."""
    return b"" if body is None else json.dumps(body).encode()
