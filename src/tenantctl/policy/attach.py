"""Attach the policy engine to the gateways that exist, in ENFORCE mode.

Without an engine, or in LOG_ONLY mode, a gateway lets every signed-in caller call every tool.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-enforcement-modes.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from tenantctl.aws.failures import translated
from tenantctl.aws.lookup import Gateway
from tenantctl.aws.session import Aws
from tenantctl.domain.pool import Target
from tenantctl.errors import AwsError

_PAUSE = 2.0  # seconds
_GLANCE = 0.02  # the same on the embedded cloud, where changes end when looked at
_PATIENCE = 180.0  # seconds

_ROLE_HINT = (
    "the gateway's role needs bedrock-agentcore:GetPolicyEngine, AuthorizeAction and "
    "PartiallyAuthorizeActions: without them attaching ends in InternalServerException"
)
"""https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-permissions.html"""


class Mode(StrEnum):
    """What a gateway does with the engine's decisions."""

    ENFORCE = "ENFORCE"
    LOG_ONLY = "LOG_ONLY"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A gateway that is to get the engine; `instead_of` is another engine's ARN that it has now."""

    tier: str
    gateway: Gateway
    mode: Mode
    instead_of: str | None = None

    @property
    def words(self) -> str:
        """What happens to the gateway."""
        if self.mode is Mode.LOG_ONLY:
            return "attach the engine, log only"
        return "attach the engine" + (f" instead of {self.instead_of}" if self.instead_of else "")


def unattached(
    aws: Aws, gateways: Mapping[str, Gateway], engine_arn: str, *, trial: bool = False
) -> tuple[Attachment, ...]:
    """The gateways that don't enforce this engine's policies.

    With `trial`, those that have no engine at all: to look on is all that they get, and a gateway
    that enforces, ours or another's, goes on as it is.
    """
    found: list[Attachment] = []
    with translated("looking at the gateways"):
        client = aws.client("bedrock-agentcore-control")
        for tier, gateway in gateways.items():
            answer = client.get_gateway(gatewayIdentifier=gateway.id)
            now: Mapping[str, str] = cast("Any", answer.get("policyEngineConfiguration", {}))
            if trial:
                if not now:
                    found.append(Attachment(tier, gateway, Mode.LOG_ONLY))
            elif now != {"arn": engine_arn, "mode": Mode.ENFORCE.value}:
                other = now.get("arn")
                found.append(
                    Attachment(
                        tier, gateway, Mode.ENFORCE, None if other in {None, engine_arn} else other
                    )
                )
    return tuple(found)


def attach(aws: Aws, to: Attachment, engine_arn: str) -> None:
    """Make the gateway use the engine, and wait until it does.

    UpdateGateway replaces the configuration: "Any optional field that you omit […] is reset". So
    whatever GetGateway shows and UpdateGateway takes is sent again, interceptors and all.
    https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_UpdateGateway.html
    """
    wanted = {"arn": engine_arn, "mode": to.mode.value}
    with translated(f"attaching the policy engine to `{to.gateway.name}`"):
        client = aws.client("bedrock-agentcore-control")
        shape = client.meta.service_model.operation_model("UpdateGateway").input_shape
        settable = set() if shape is None else set(shape.members) - {"gatewayIdentifier"}
        now = cast("dict[str, Any]", client.get_gateway(gatewayIdentifier=to.gateway.id))
        # What is shown empty was never set, and can't be set to that.
        settings = {name: now[name] for name in settable & set(now) if now[name] not in ("", None)}
        settings["policyEngineConfiguration"] = wanted
        client.update_gateway(gatewayIdentifier=to.gateway.id, **settings)
        _ready(aws, to.gateway, wanted)


def _ready(aws: Aws, gateway: Gateway, wanted: Mapping[str, str]) -> None:
    client = aws.client("bedrock-agentcore-control")
    deadline = time.monotonic() + _PATIENCE
    while True:
        now = client.get_gateway(gatewayIdentifier=gateway.id)
        if now["status"] == "READY" and now.get("policyEngineConfiguration") == wanted:
            return
        waiting = now["status"] in {"CREATING", "UPDATING"} and time.monotonic() <= deadline
        if not waiting:
            reasons = "; ".join(now.get("statusReasons", []))
            raise AwsError(
                f"the gateway `{gateway.name}` is in status {now['status']}, without the engine "
                f"{reasons}".rstrip(),
                code=now["status"],
                operation="UpdateGateway",
                hint=_ROLE_HINT,
            )
        time.sleep(_PAUSE if aws.target is Target.AWS else _GLANCE)
