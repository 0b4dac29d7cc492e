"""Attach the policy engine to the gateways that exist, in ENFORCE mode.

Without an engine, or in LOG_ONLY mode, a gateway lets every signed-in caller call every tool.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from tenantctl.aws.failures import translated
from tenantctl.aws.lookup import Gateway
from tenantctl.aws.session import Aws
from tenantctl.domain.pool import Target
from tenantctl.errors import AwsError

_PAUSE = 2.0  # seconds
_GLANCE = 0.02  # the same on the embedded cloud, where changes end when looked at
_PATIENCE = 180.0  # seconds


def unattached(aws: Aws, gateways: Mapping[str, Gateway], engine_arn: str) -> dict[str, Gateway]:
    """The gateways, by tier, that don't enforce this engine's policies."""
    wanted = {"arn": engine_arn, "mode": "ENFORCE"}
    with translated("looking at the gateways"):
        client = aws.client("bedrock-agentcore-control")
        return {
            tier: gateway
            for tier, gateway in gateways.items()
            if client.get_gateway(gatewayIdentifier=gateway.id).get("policyEngineConfiguration")
            != wanted
        }


def attach(aws: Aws, gateway: Gateway, engine_arn: str) -> None:
    """Make the gateway enforce the engine's policies, and wait until it does.

    UpdateGateway replaces the configuration, so all of it is sent again.
    https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_UpdateGateway.html
    """
    with translated(f"attaching the policy engine to `{gateway.name}`"):
        client = aws.client("bedrock-agentcore-control")
        shape = client.meta.service_model.operation_model("UpdateGateway").input_shape
        settable = set() if shape is None else set(shape.members) - {"gatewayIdentifier"}
        now = cast("dict[str, Any]", client.get_gateway(gatewayIdentifier=gateway.id))
        settings = {name: now[name] for name in settable & set(now)}
        settings["policyEngineConfiguration"] = {"arn": engine_arn, "mode": "ENFORCE"}
        client.update_gateway(gatewayIdentifier=gateway.id, **settings)
        _ready(aws, gateway)


def _ready(aws: Aws, gateway: Gateway) -> None:
    client = aws.client("bedrock-agentcore-control")
    deadline = time.monotonic() + _PATIENCE
    while True:
        now = client.get_gateway(gatewayIdentifier=gateway.id)
        if now["status"] == "READY":
            return
        if now["status"] not in {"CREATING", "UPDATING"} or time.monotonic() > deadline:
            reasons = "; ".join(now.get("statusReasons", []))
            raise AwsError(
                f"the gateway `{gateway.name}` is in status {now['status']} {reasons}".rstrip(),
                code=now["status"],
                operation="UpdateGateway",
            )
        time.sleep(_PAUSE if aws.target is Target.AWS else _GLANCE)
