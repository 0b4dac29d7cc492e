"""What a gateway is made of, read from what the control plane says of it and its targets.

A part that the embedded data plane doesn't have makes the gateway refuse everything, by that
part's name: left out, it would look as if it worked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenantctl.local.call import ServiceError

_IGNORED = frozenset(
    {
        "gatewayUrl",
        "createdAt",
        "updatedAt",
        "statusReasons",
        "description",
        "protocolConfiguration",
        "kmsKeyArn",
        "workloadIdentityDetails",
        "gatewayArn",
        "gatewayId",
        "status",
        "name",
        "roleArn",
        "protocolType",
        "authorizerType",
        "authorizerConfiguration",
        "interceptorConfigurations",
        "policyEngineConfiguration",
        "exceptionLevel",
    }
)
"""What is read here, and what changes no answer."""


@dataclass(frozen=True, slots=True)
class Interceptor:
    """A REQUEST interceptor."""

    function_arn: str
    passes_headers: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A Lambda target; `headers` are the names that it is passed."""

    id: str
    function_arn: str
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GatewayTool:
    """A tool as clients see it; `name` is `target___tool`, schemas are JSON Schema."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None
    target: Target


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway of the embedded cloud; `authorizer` is as the control plane keeps it."""

    id: str
    arn: str
    name: str
    role_arn: str
    authorizer: Mapping[str, Any] = field(repr=False)
    interceptor: Interceptor | None
    engine_arn: str | None
    enforcing: bool
    debug: bool
    tools: Mapping[str, GatewayTool] = field(repr=False)


def gateway_of(described: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> Gateway:
    """A gateway by the answers of GetGateway and GetGatewayTarget; raises `ServiceError`."""
    unknown = sorted(name for name in described.keys() - _IGNORED if described[name])
    if unknown:
        raise _unserved(f"gateways with `{unknown[0]}`")
    if described.get("protocolType") not in {None, "MCP"}:
        raise _unserved(f"gateways for {described['protocolType']}")
    if described.get("authorizerType") != "CUSTOM_JWT":
        raise _unserved(f"gateways with the authorizer {described.get('authorizerType')}")
    engine = described.get("policyEngineConfiguration") or {}
    tools = [tool for target in targets for tool in _tools(target)]
    return Gateway(
        id=described["gatewayId"],
        arn=described["gatewayArn"],
        name=described["name"],
        role_arn=described["roleArn"],
        authorizer=described.get("authorizerConfiguration") or {},
        interceptor=_interceptor(described.get("interceptorConfigurations") or ()),
        engine_arn=engine.get("arn"),
        enforcing=engine.get("mode") != "LOG_ONLY",
        debug=described.get("exceptionLevel") == "DEBUG",
        tools={tool.name: tool for tool in tools},
    )


def _interceptor(configured: Sequence[Mapping[str, Any]]) -> Interceptor | None:
    for one in configured:
        if one.get("interceptionPoints") != ["REQUEST"]:
            raise _unserved("interceptors of responses")
        if "lambda" not in one["interceptor"]:
            raise _unserved("interceptors that aren't Lambda functions")
    if len(configured) > 1:
        raise _unserved("several interceptors")
    if not configured:
        return None
    given = configured[0].get("inputConfiguration") or {}
    return Interceptor(
        configured[0]["interceptor"]["lambda"]["arn"], bool(given.get("passRequestHeaders"))
    )


def _tools(described: Mapping[str, Any]) -> tuple[GatewayTool, ...]:
    kind = (described["targetConfiguration"].get("mcp") or {}).get("lambda")
    if kind is None:
        raise _unserved("targets that aren't Lambda functions")
    schema = kind["toolSchema"].get("inlinePayload")
    if schema is None:
        raise _unserved("tool schemas in S3")
    for provider in described.get("credentialProviderConfigurations") or ():
        if provider.get("credentialProviderType") != "GATEWAY_IAM_ROLE":
            raise _unserved(f"targets with {provider.get('credentialProviderType')}")
    allowed = (described.get("metadataConfiguration") or {}).get("allowedRequestHeaders") or ()
    target = Target(described["targetId"], kind["lambdaArn"], tuple(allowed))
    return tuple(
        GatewayTool(
            # https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-tool-naming.html
            name=f"{described['name']}___{tool['name']}",
            description=tool["description"],
            input_schema=tool["inputSchema"],
            output_schema=tool.get("outputSchema"),
            target=target,
        )
        for tool in schema
    )


def _unserved(what: str) -> ServiceError:
    return ServiceError(
        "NotImplementedException", f"the embedded cloud doesn't serve {what}", status=501
    )
