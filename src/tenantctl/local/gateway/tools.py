"""List and call a gateway's tools for a caller who has been let in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tenantctl.cedar.decide import ToolCall
from tenantctl.local.call import Check, ServiceError
from tenantctl.local.failure import RefusedError
from tenantctl.local.functions.invoke import Functions
from tenantctl.local.functions.run import Result
from tenantctl.local.gateway.policies import Enforced, enforced, tags_of
from tenantctl.local.gateway.propagation import propagated
from tenantctl.local.gateway.settings import Gateway, GatewayTool
from tenantctl.local.keys import SERVICE
from tenantctl.local.principals import Caller
from tenantctl.local.service_role import Sessions, require

if TYPE_CHECKING:
    from tenantctl.local.cloud import Cloud

DENIED = -32002
"""The JSON-RPC code of a refusal by policy."""

UNKNOWN_TOOL = -32602
INTERNAL = -32603

_MESSAGE_VERSION = "1.0"
_OPAQUE = "An internal error occurred. Please retry later."


class ToolRefusedError(Exception):
    """A call that ends in a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a caller: the gateway, what the token says, the headers as they are now."""

    gateway: Gateway
    claims: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a tool said, as text; `failed` where the function did not answer."""

    text: str = field(repr=False)
    failed: bool = False


class Tools:
    """The tools of a cloud's gateways."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self._sessions = Sessions(cloud)

    def invoke_as_gateway(
        self,
        gateway: Gateway,
        function_arn: str,
        event: object,
        client_context: Mapping[str, Any] | None = None,
    ) -> Result:
        """Call a function with the gateway's own role; raises `RefusedError`, `ServiceError`."""
        with self._cloud.lock:
            who = self._role(gateway)
        return self._functions.invoke(who, function_arn, event, client_context=client_context)

    def listed(self, visit: Visit) -> tuple[GatewayTool, ...]:
        """The tools that the caller may try; raises `ToolRefusedError`."""
        gateway = visit.gateway
        found = tuple(gateway.tools.values())
        rules = self._rules(gateway, "PartiallyAuthorizeActions", "list tools")
        if rules is None or not gateway.enforcing:
            return found
        return tuple(tool for tool in found if rules.shows(_call(visit, tool.name, {})))

    def called(
        self, visit: Visit, name: str, arguments: Mapping[str, Any], message_id: str
    ) -> Answered:
        """What the tool answers; raises `ToolRefusedError`."""
        gateway = visit.gateway
        tool = gateway.tools.get(name)
        if tool is None:
            raise ToolRefusedError(UNKNOWN_TOOL, f"Unknown tool: {name}")
        rules = self._rules(gateway, "AuthorizeAction", "tool call")
        if rules is not None and gateway.enforcing:
            denial = rules.denial(_call(visit, name, arguments))
            if denial is not None:
                told = {"policies": list(denial.policies), "unmet": list(denial.unmet)}
                raise ToolRefusedError(DENIED, denial.message, told)
        # https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html
        custom = {
            "bedrockAgentCoreToolName": name,
            "bedrockAgentCoreGatewayId": gateway.id,
            "bedrockAgentCoreTargetId": tool.target.id,
            "bedrockAgentCoreMessageVersion": _MESSAGE_VERSION,
            "bedrockAgentCoreMcpMessageId": message_id,
            "bedrockAgentCorePropagatedHeaders": propagated(visit.headers, tool.target.headers),
        }
        try:
            result = self.invoke_as_gateway(
                gateway, tool.target.function_arn, dict(arguments), {"custom": custom}
            )
        except (RefusedError, ServiceError) as error:
            return Answered(error.message if gateway.debug else _OPAQUE, failed=True)
        if result.error is not None:
            failure = f"{result.error.type}: {result.error.message}"
            return Answered(failure if gateway.debug else _OPAQUE, failed=True)
        return Answered(json.dumps(result.payload, ensure_ascii=False))

    def _rules(self, gateway: Gateway, action: str, what: str) -> Enforced | None:
        """The gateway's policies, if its role may ask for them."""
        if gateway.engine_arn is None:
            return None
        cloud, engine = self._cloud, gateway.engine_arn
        name = f"bedrock-agentcore:{action}"
        checks = (
            Check("bedrock-agentcore:GetPolicyEngine", engine),
            Check(name, engine),
            Check(name, gateway.arn),
        )
        try:
            with cloud.lock:
                require(cloud, self._role(gateway), "bedrock-agentcore", action, checks)
                texts = cloud.policy_engines(cloud.account, cloud.region).enforced(engine)
        except (RefusedError, ServiceError) as error:
            why = f": {error.message}" if gateway.debug else ""
            raise ToolRefusedError(
                INTERNAL,
                f"InternalServerException - Policy evaluation failed for {what}{why}",
            ) from error
        return enforced(texts)

    def _role(self, gateway: Gateway) -> Caller:
        session = self._sessions.session(
            SERVICE, gateway.role_arn, "gateway", source_arn=gateway.arn
        )
        return session.caller(self._cloud)


def _call(visit: Visit, name: str, arguments: Mapping[str, Any]) -> ToolCall:
    return ToolCall(
        claims=tags_of(visit.claims),
        action=name,
        gateway=visit.gateway.arn,
        input=arguments,
        sub=str(visit.claims.get("sub", "")),
    )
