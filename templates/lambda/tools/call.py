"""One call of a tool: who calls, with which arguments.

The event holds the arguments alone, and whatever in it names a clinic is the caller's word. Who
calls stands in the headers that the gateway's interceptor set.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared import headers
from shared.headers import HeaderError, decoded, only
from shared.identity import Caller, IdentityError
from tools.failure import ToolError
from tools.settings import Settings
from tools.tenant_session import TenantSession, tenant_session

TOOL_NAME = "bedrockAgentCoreToolName"
PROPAGATED = "bedrockAgentCorePropagatedHeaders"

Result = dict[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """A call, checked. `profile` is the clinic's, as the interceptor read it in the registry."""

    settings: Settings
    caller: Caller
    profile: Mapping[str, object]
    arguments: Mapping[str, object] = field(repr=False)

    @property
    def prefix(self) -> str:
        """Where the clinic's documents lie."""
        return self.caller.fill(self.settings.prefix)

    @property
    def session(self) -> TenantSession:
        """AWS with the clinic's credentials, which reach the clinic's own data and no other."""
        return tenant_session(self.settings, self.caller)


def tool(name: str) -> Callable[[Callable[[Call], Result]], Callable[[object, Any], Result]]:
    """Make a function of a `Call` the Lambda handler of the tool with that name."""

    def handler_of(run: Callable[[Call], Result]) -> Callable[[object, Any], Result]:
        def handle(event: object, context: Any) -> Result:  # noqa: ANN401 - Lambda's context object
            try:
                return run(_call(name, event, _custom(context)))
            except ToolError as error:
                return error.answer

        return handle

    return handler_of


def _custom(context: Any) -> Mapping[str, object]:  # noqa: ANN401 - Lambda's context object
    custom = getattr(getattr(context, "client_context", None), "custom", None)
    if not isinstance(custom, Mapping):
        raise ToolError("NotFromGateway", "the call didn't come through the gateway")
    return custom


def _call(name: str, event: object, custom: Mapping[str, object]) -> Call:
    named = custom.get(TOOL_NAME)
    if not isinstance(named, str) or named.rpartition("___")[2] != name:
        raise ToolError("NotFromGateway", f"the call is of another tool than `{name}`")
    if not isinstance(event, Mapping):
        raise ToolError("InvalidInput", "the arguments are no object")
    settings = Settings.of(os.environ)
    try:
        sent = custom.get(PROPAGATED)
        caller = _caller(sent, settings)
        profile = headers.unpacked(only(sent, headers.PROFILE))
    except (HeaderError, IdentityError) as error:
        raise ToolError("NoIdentity", f"the call doesn't say who calls: {error}") from error
    return Call(settings, caller, profile, event)


def _caller(sent: object, settings: Settings) -> Caller:
    """Whom the headers name, if they agree: the prefix follows from tier and clinic."""
    identity = settings.identity
    parts = (
        (headers.TIER, identity.tier),
        (headers.CLINIC, identity.tenant),
        (headers.USER, identity.user),
    )
    caller = Caller(*(part.checked(decoded(only(sent, name), name)) for name, part in parts))
    if decoded(only(sent, headers.PREFIX), headers.PREFIX) != caller.fill(settings.prefix):
        raise HeaderError(f"header `{headers.PREFIX}` isn't the clinic's")
    return caller
