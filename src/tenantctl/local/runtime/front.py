"""A runtime's door: who may call its agent, which session is meant, what of the request reaches it.

A runtime with a JWT authorizer takes bearer tokens alone, one without takes signed requests alone.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-oauth.html
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from uuid import uuid4

from tenantctl.errors import TokenError
from tenantctl.local.behind import forward
from tenantctl.local.call import Call, ServiceError, UnrecognisedError
from tenantctl.local.failure import Failure, Protocol, RefusedError, as_service_error
from tenantctl.local.gateway.authorizer import Refusal, authorize
from tenantctl.local.gateway.issuers import Issuers
from tenantctl.local.principals import ANONYMOUS
from tenantctl.local.recognise.runtimes import OPERATIONS, qualifier, runtime_id
from tenantctl.local.runtime.process import MAX_BYTES
from tenantctl.local.runtime.sessions import Key, Sessions
from tenantctl.local.runtime.settings import Runtime
from tenantctl.local.runtime.view import Runtimes
from tenantctl.local.wire import answers, shapes
from tenantctl.local.wire.incoming import HOSTS, Answer, Incoming
from tenantctl.local.wire.reading import parse
from tenantctl.local.wire.services import SERVICES

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

_log = logging.getLogger(__name__)

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"

_SERVICE = next(s for s in SERVICES if s.name == "bedrock-agentcore")
_PREFIX = "/runtimes/"
_METADATA = re.compile(
    r"/runtimes/(?P<runtime>[^/]+)/invocations/\.well-known/oauth-protected-resource"
)
_WEB_SOCKET = re.compile(r"/runtimes/[^/]+/ws")

_ALWAYS = frozenset({"accept", "content-type"})
_NEVER = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_LONGEST_HEADER = 4096
"""https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-header-allowlist.html"""

_MISMATCH = (
    "Authorization method mismatch. The agent is configured for a different authorization method "
    "than what was used in your request. Check the agent's authorization configuration and ensure "
    "your request uses the matching method (OAuth or SigV4)"
)
"""AgentCore's own words."""

_GOOD = range(200, 300)


class RuntimeFront:
    """The runtimes of a cloud, as they are reached at `endpoint`."""

    def __init__(self, cloud: Cloud, endpoint: str, issuers: Issuers) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._issuers = issuers
        self._runtimes = Runtimes(cloud, endpoint)
        self._sessions = Sessions()

    def answer(self, request: Incoming) -> Answer | None:
        """The answer to a request with a token, or with nothing; `None` for all others."""
        if not request.path.startswith(_PREFIX) or _is_signed(request):
            return None
        try:
            return self._answer(request)
        except ServiceError as error:
            failed = error
        except UnrecognisedError as error:
            refused = RefusedError(Failure.DENIED, f"not recognised, so not allowed: {error}")
            failed = as_service_error(refused, Protocol.REST_JSON)
        except RefusedError as error:
            failed = as_service_error(error, Protocol.REST_JSON)
        except Exception as error:  # noqa: BLE001 - our own defect, told as AWS tells of its own
            _log.exception("a runtime failed")
            refused = RefusedError(
                Failure.INTERNAL, f"The embedded runtime failed: {type(error).__name__}"
            )
            failed = as_service_error(refused, Protocol.REST_JSON)
        return answers.error(failed, Protocol.REST_JSON, method=request.method)

    def signed(self, call: Call, request: Incoming) -> Callable[[], Answer]:
        """What answers a signed request that IAM has allowed, once the cloud is free again."""

        def run() -> Answer:
            shapes.check(_SERVICE.name, call.operation, call.params)
            runtime = self._runtimes.find(runtime_id(call), qualifier(call))
            if runtime.authorizer is not None:
                raise RefusedError(Failure.DENIED, _MISMATCH)
            return self._run(call, request, runtime)

        return run

    def close(self) -> None:
        """End every agent."""
        self._sessions.close()

    def _answer(self, request: Incoming) -> Answer:
        if request.host not in HOSTS:
            raise RefusedError(Failure.DENIED, "The embedded cloud answers to 127.0.0.1 alone")
        told = _METADATA.fullmatch(request.path)
        if told is not None and request.method == "GET":
            return self._metadata(unquote(told["runtime"]))
        if _WEB_SOCKET.fullmatch(request.path):
            raise UnrecognisedError("bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream")
        parsed = parse((_SERVICE,), request, forward.environ_of(request))
        call = self._call(parsed.operation, dict(parsed.params))
        if call.operation not in OPERATIONS:
            raise UnrecognisedError(f"{call.service}:{call.operation}")
        runtime = self._runtimes.find(runtime_id(call), qualifier(call))
        if runtime.authorizer is None:
            if "authorization" in request.headers:
                raise RefusedError(Failure.DENIED, _MISMATCH)
            raise RefusedError(Failure.UNSIGNED, "Missing Authentication Token")
        admitted = authorize(
            runtime.authorizer, request.headers, self._issuers, self._cloud.clock()
        )
        if isinstance(admitted, Refusal):
            return self._unauthorized(call, admitted)
        shapes.check(_SERVICE.name, call.operation, call.params)
        if call.params.get("runtimeUserId"):
            # Who calls is in the token; a permission that nobody was asked for would say otherwise.
            raise ServiceError("ValidationException", "A user id is taken of signed requests only")
        return self._run(call, request, runtime)

    def _run(self, call: Call, request: Incoming, runtime: Runtime) -> Answer:
        session = str(call.params.get("runtimeSessionId") or uuid4())
        key = Key(runtime.id, qualifier(call), session)
        said = (SESSION_HEADER, session)
        if call.operation == "StopRuntimeSession":
            self._sessions.stop(key)
            return Answer(200, (("Content-Type", "application/json"), said), b"{}")
        payload = bytes(call.params["payload"])
        if len(payload) > MAX_BYTES:
            raise ServiceError("ValidationException", f"A payload has up to {MAX_BYTES} bytes")
        reply = self._sessions.invoke(
            key,
            lambda: self._runtimes.start(runtime),
            payload,
            {**_passed(request, runtime), SESSION_HEADER: session},
        )
        if reply.status not in _GOOD:
            raise ServiceError(
                "RuntimeClientError",
                f"Received error ({reply.status}) from runtime. Please check your CloudWatch logs "
                "for more information.",
                424,
            )
        return Answer(reply.status, (("Content-Type", reply.content_type), said), reply.body)

    def _unauthorized(self, call: Call, refusal: Refusal) -> Answer:
        """RFC 9728, 5.1: where to find out whose tokens are taken."""
        named = quote(str(call.params["agentRuntimeArn"]), safe="")
        where = (
            f"{self._endpoint}{_PREFIX}{named}/invocations/.well-known/oauth-protected-resource"
            f"?qualifier={qualifier(call)}"
        )
        challenge = f'Bearer resource_metadata="{where}"'
        if not refusal.missing:
            reason = refusal.reason.replace('"', "'").encode("ascii", "replace").decode()
            challenge += f', error="invalid_token", error_description="{reason}"'
        failed = ServiceError("UnauthorizedException", f"Unauthorized: {refusal.reason}", 401)
        answered = answers.error(failed, Protocol.REST_JSON)
        headers = (*answered.headers, ("WWW-Authenticate", challenge))
        return Answer(answered.status, headers, answered.body)

    def _metadata(self, named: str) -> Answer:
        call = self._call("InvokeAgentRuntime", {"agentRuntimeArn": named})
        runtime = self._runtimes.find(runtime_id(call), qualifier(call))
        rules = (runtime.authorizer or {}).get("customJWTAuthorizer")
        if rules is None:
            raise ServiceError("ResourceNotFoundException", "The runtime takes no tokens", 404)
        try:
            issuer = self._issuers.name(str(rules["discoveryUrl"]))
        except TokenError as error:
            raise ServiceError("InternalServerException", error.message, 500) from error
        told = {
            "resource": f"{self._endpoint}{_PREFIX}{quote(named, safe='')}/invocations",
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
        }
        return Answer(200, (("Content-Type", "application/json"),), json.dumps(told).encode())

    def _call(self, operation: str, params: dict[str, object]) -> Call:
        cloud = self._cloud
        return Call(
            _SERVICE.name, operation, params, cloud.region, cloud.account, ANONYMOUS.principal
        )


def _is_signed(request: Incoming) -> bool:
    """Whether it claims a signature, which is the cloud's to judge."""
    scheme = request.headers.get("authorization", "")[:4].upper()
    return scheme == "AWS4" or "x-amz-signature=" in request.query.lower()


def _passed(request: Incoming, runtime: Runtime) -> dict[str, str]:
    """The headers that reach the agent: the allowlist's; a signature is nobody's business there."""
    allowed = (_ALWAYS | runtime.headers) - _NEVER
    if runtime.authorizer is None:
        allowed -= {"authorization"}
    found = {name: value for name, value in request.headers.items() if name in allowed}
    for name, value in found.items():
        if len(value.encode()) > _LONGEST_HEADER:
            raise ServiceError("ValidationException", f"The header {name} is too long")
    return found
