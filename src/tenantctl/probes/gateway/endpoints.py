"""The pool's gateways as users reach them: each tier's address, and the tools behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tenantctl.aws.failures import translated
from tenantctl.aws.lookup import find_gateways
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.target import Target
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.errors import AwsError
from tenantctl.probes.gateway.answer import Answer, sort
from tenantctl.probes.gateway.client import Header, Reply, message, post

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agentcore_control import BedrockAgentCoreControlClient

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A tier's gateway; `tools` are those of its targets that tenantctl knows."""

    tier: str
    id: str
    arn: str
    url: str
    tools: tuple[Tool, ...]

    def listed(self, headers: Sequence[Header], *, query: str = "") -> Answer:
        """Ask which tools there are: the least that a caller who was let in may do."""
        return sort(post(self.url, message("tools/list"), headers, query=query))

    def call(
        self,
        tool: Tool,
        arguments: Mapping[str, object],
        headers: Sequence[Header],
        meta: Mapping[str, object] | None = None,
    ) -> Answer:
        """Call a tool."""
        return sort(self.send(self.message(tool, arguments, meta), headers))

    def send(self, body: object, headers: Sequence[Header]) -> Reply:
        """Send whatever body."""
        return post(self.url, body, headers)

    @staticmethod
    def message(
        tool: Tool, arguments: Mapping[str, object], meta: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        """The message that calls a tool."""
        params: dict[str, object] = {"name": tool.action, "arguments": dict(arguments)}
        return message("tools/call", params if meta is None else {**params, "_meta": dict(meta)})


def endpoints(aws: Aws, names: Names) -> Mapping[str, Endpoint]:
    """The gateways that there are, by tier; raises `AwsError`, `ConflictError`.

    Of the embedded cloud only an address of this machine is called.
    """
    found: dict[str, Endpoint] = {}
    for tier, gateway in find_gateways(aws, names).items():
        client = aws.client("bedrock-agentcore-control")
        with translated(f"looking at gateway `{gateway.name}`"):
            url = client.get_gateway(gatewayIdentifier=gateway.id).get("gatewayUrl", "")
            actions = set(_actions(client, gateway.id))
        if aws.target is Target.LOCAL and urlsplit(url).hostname not in _LOOPBACK:
            raise AwsError(
                f"gateway `{gateway.name}` isn't served",
                code="NotServed",
                operation="GetGateway",
                hint="start `tenantctl local serve`",
            )
        tools = tuple(tool for tool in TOOLS.values() if tool.action in actions)
        found[tier] = Endpoint(tier, gateway.id, gateway.arn, url, tools)
    return found


def _actions(client: BedrockAgentCoreControlClient, gateway_id: str) -> Iterator[str]:
    """The names under which a gateway's targets offer tools, where they say so themselves."""
    for page in client.get_paginator("list_gateway_targets").paginate(gatewayIdentifier=gateway_id):
        for item in page["items"]:
            target: Any = client.get_gateway_target(
                gatewayIdentifier=gateway_id, targetId=item["targetId"]
            )
            mcp = target["targetConfiguration"].get("mcp", {})
            for tool in mcp.get("lambda", {}).get("toolSchema", {}).get("inlinePayload", ()):
                yield f"{target['name']}___{tool['name']}"
