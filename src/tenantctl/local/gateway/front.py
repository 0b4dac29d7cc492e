"""A gateway's door: who is let in, what its interceptor makes of the request, then MCP.

authorizer → interceptor → (MCP: policy engine → target). A request that isn't understood at one of
them ends there.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-inbound-auth.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.errors import TokenError
from tenantctl.local.call import ServiceError
from tenantctl.local.cognito.signing_keys import key_set
from tenantctl.local.failure import RefusedError
from tenantctl.local.functions.invoke import Functions
from tenantctl.local.gateway import interception
from tenantctl.local.gateway.address import Place, metadata_url_of, place_of, url_of
from tenantctl.local.gateway.authorizer import Refusal, authorize
from tenantctl.local.gateway.interception import Ends, GoesOn, UnreadableAnswerError
from tenantctl.local.gateway.issuers import Issuers
from tenantctl.local.gateway.propagation import merged
from tenantctl.local.gateway.protocol import Protocol
from tenantctl.local.gateway.settings import Gateway
from tenantctl.local.gateway.tools import Tools, Visit
from tenantctl.local.gateway.view import Gateways
from tenantctl.local.wire.incoming import HOSTS, Answer, Incoming

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_log = logging.getLogger(__name__)

_JSON = (("Content-Type", "application/json"),)
_LONGEST = 6 * 1024 * 1024
"""Bytes of a request; Lambda takes no more either."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
UNAUTHORIZED = -32001
INTERNAL = -32603


class Front:
    """The gateways of a cloud, as they are reached at `endpoint`.

    `clock` sets the clinics' clock for the functions: ISO 8601 with an offset.
    """

    def __init__(self, cloud: Cloud, endpoint: str, *, clock: str | None = None) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._gateways = Gateways(cloud)
        self._functions = Functions(cloud, endpoint, clock=clock)
        self._tools = Tools(cloud, self._functions)
        self._protocol = Protocol(self._tools)
        self.issuers = Issuers(self._pool_keys)

    def answer(self, request: Incoming) -> Answer | None:
        """The answer to a request for a gateway; `None` for a request that is for none."""
        place = place_of(request.path)
        if place is None or _is_signed(request):
            return None
        if request.host not in HOSTS:
            return _error(403, INVALID_REQUEST, "The embedded cloud answers to 127.0.0.1 alone")
        try:
            return self._answer(request, place)
        except ServiceError as error:
            return _error(error.status, INVALID_REQUEST, error.message)
        except Exception as error:  # noqa: BLE001 - our own defect, told as one
            _log.exception("a gateway failed")
            return _error(500, INTERNAL, f"The embedded gateway failed: {type(error).__name__}")

    def close(self) -> None:
        """End what runs for gateways: the functions' processes, which calls wait for, then MCP."""
        self._functions.close()
        self._protocol.close()

    def _answer(self, request: Incoming, place: Place) -> Answer:
        gateway = self._gateways.find(place.gateway)
        if place.is_metadata:
            return self._metadata(request, gateway)
        admitted = authorize(gateway.authorizer, request.headers, self.issuers, self._cloud.clock())
        if isinstance(admitted, Refusal):
            return self._unauthorized(gateway, admitted)
        if request.method != "POST":
            # No stream is opened by the server, and there are no sessions to end.
            allow = ("Allow", "POST")
            return Answer(405, (*_JSON, allow), _body(INVALID_REQUEST, "Method Not Allowed"))
        if not isinstance(admitted.claims.get("sub"), str):
            return self._unauthorized(gateway, Refusal("the token names no subject"))
        return self._admitted(gateway, request, admitted.claims)

    def _admitted(self, gateway: Gateway, request: Incoming, claims: Mapping[str, Any]) -> Answer:
        try:
            body = _message(request.body)
        except ValueError as error:
            return _error(400, PARSE_ERROR, f"Parse error: {error}")
        if "id" in body and type(body["id"]) not in {str, int}:
            # Readers differ: for the SDK it is a notification, and its caller waits for nothing.
            return _error(400, INVALID_REQUEST, "Invalid Request: the id is no text and no integer")
        went = self._intercepted(gateway, request, body)
        if isinstance(went, Ends):
            headers = went.headers.items() or _JSON
            return Answer(went.status, tuple(headers), interception.as_bytes(went.body))
        visit = Visit(gateway, claims, merged(request.headers, went.headers))
        return self._protocol.answer(visit, json.dumps(went.body).encode())

    def _intercepted(self, gateway: Gateway, request: Incoming, body: object) -> GoesOn | Ends:
        interceptor = gateway.interceptor
        if interceptor is None:
            return GoesOn({}, body)
        event = interception.event_of(
            request.body.decode(), body, request.headers if interceptor.passes_headers else None
        )
        try:
            result = self._tools.invoke_as_gateway(gateway, interceptor.function_arn, event)
        except (RefusedError, ServiceError) as error:
            return _broken(gateway, error.message)
        if result.error is not None:
            return _broken(gateway, f"{result.error.type}: {result.error.message}")
        try:
            return interception.outcome_of(result.payload, body)
        except UnreadableAnswerError as error:
            return _broken(gateway, f"the interceptor's answer can't be read: {error}")

    def _unauthorized(self, gateway: Gateway, refusal: Refusal) -> Answer:
        """RFC 9728, 5.1: where to find out whose tokens are taken."""
        where = f'resource_metadata="{metadata_url_of(self._endpoint, gateway.id)}"'
        if refusal.missing:
            challenge, message = f"Bearer {where}", "Missing Bearer token"
        else:
            reason = refusal.reason.replace('"', "'").encode("ascii", "replace").decode()
            challenge = f'Bearer {where}, error="invalid_token", error_description="{reason}"'
            message = "Invalid Bearer token"
        return Answer(
            401, (*_JSON, ("WWW-Authenticate", challenge)), _body(UNAUTHORIZED, message, 0)
        )

    def _metadata(self, request: Incoming, gateway: Gateway) -> Answer:
        if request.method != "GET":
            return _error(405, INVALID_REQUEST, "Method Not Allowed")
        rules = gateway.authorizer["customJWTAuthorizer"]
        try:
            issuer = self.issuers.name(str(rules["discoveryUrl"]))
        except TokenError as error:
            return _error(503, INTERNAL, error.message)
        told = {
            "resource": url_of(self._endpoint, gateway.id),
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
        }
        return Answer(200, _JSON, json.dumps(told).encode())

    def _pool_keys(self, region: str, pool_id: str) -> bytes:
        with self._cloud.lock:
            if region != self._cloud.region:
                raise ServiceError("ResourceNotFoundException", f"nothing of `{region}` is here")
            return key_set(pool_id, region=region, account=self._cloud.account)


def _is_signed(request: Incoming) -> bool:
    """Whether it is for AWS's API: an object of a bucket may have a gateway's path."""
    given = request.headers.get("authorization", "")
    return given.startswith("AWS4-") or "x-amz-" in request.query.lower()


def _broken(gateway: Gateway, why: str) -> Ends:
    """An interceptor that doesn't answer lets nothing pass."""
    message = f"Interceptor failed: {why}" if gateway.debug else "An internal error occurred."
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": INTERNAL, "message": message}}
    return Ends(500, dict(_JSON), error)


def _message(body: bytes) -> Mapping[str, Any]:
    """The body, if it is one JSON object; raises `ValueError`.

    A name that is there twice is refused: what is judged here is read once more behind.
    """
    if len(body) > _LONGEST:
        raise ValueError("the message is too long")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name is there twice")
        return found

    def constant(name: str) -> None:
        raise ValueError(f"{name} isn't JSON")

    try:
        found = json.loads(body.decode(), object_pairs_hook=once, parse_constant=constant)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError as error:
        raise ValueError("the message nests too deep") from error
    if not isinstance(found, dict):
        raise ValueError("one message a request")  # noqa: TRY004 - of a client's text, not of ours
    return found


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(status, _JSON, _body(code, message))


def _body(code: int, message: str, request_id: int | None = None) -> bytes:
    error = {"code": code, "message": message}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error}).encode()
