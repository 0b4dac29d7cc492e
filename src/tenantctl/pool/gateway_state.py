"""A gateway as it is in the service, found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tenantctl.aws.session import Aws
from tenantctl.errors import AwsError, ConflictError
from tenantctl.pool.consistency import unless_absent, until
from tenantctl.pool.gateway_spec import GatewaySpec
from tenantctl.pool.ownership import Tags

ABSENT = "ResourceNotFoundException"

_EMPTY: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Found:
    """A gateway that is there; `settings` are what UpdateGateway takes of what GetGateway says."""

    id: str
    arn: str
    status: str
    reasons: tuple[str, ...]
    settings: Mapping[str, Any]
    tags: Tags


def listed(aws: Aws) -> dict[str, str]:
    """The ids of all gateways of the account and Region, by name; names are unique there."""
    pages = aws.client("bedrock-agentcore-control").get_paginator("list_gateways").paginate()
    found: dict[str, str] = {}
    for item in (item for page in pages for item in page["items"]):
        name = item.get("name", "")
        if name in found:
            raise ConflictError(
                f"there is more than one gateway `{name}`",
                hint="delete the one that isn't the pool's",
            )
        found[name] = item["gatewayId"]
    return found


def found_by_id(aws: Aws, identifier: str) -> Found | None:
    """The gateway with that id; `None` when there is none."""
    client = aws.client("bedrock-agentcore-control")
    answer = unless_absent(lambda: client.get_gateway(gatewayIdentifier=identifier), ABSENT)
    if answer is None:
        return None
    shape = client.meta.service_model.operation_model("UpdateGateway").input_shape
    settable = set() if shape is None else set(shape.members) - {"gatewayIdentifier"}
    now = cast("dict[str, Any]", answer)
    arn = answer["gatewayArn"]
    tags = unless_absent(lambda: client.list_tags_for_resource(resourceArn=arn)["tags"], ABSENT)
    return Found(
        id=answer["gatewayId"],
        arn=arn,
        status=answer["status"],
        reasons=tuple(answer.get("statusReasons", [])),
        settings={key: now[key] for key in sorted(settable & set(now)) if now[key] not in _EMPTY},
        tags=tags or {},
    )


def ready(aws: Aws, spec: GatewaySpec) -> str:
    """The gateway's id, once it can be changed and called; raises `AwsError` when it failed."""
    identifier = listed(aws).get(spec.name, "")

    def settled() -> bool:
        found = found_by_id(aws, identifier)
        if found is None or found.status in {"FAILED", "UPDATE_UNSUCCESSFUL"}:
            status = "gone" if found is None else f"in status {found.status}"
            reasons = "" if found is None else "; ".join(found.reasons)
            raise AwsError(
                f"{spec.resource} is {status}: {reasons or 'no reason is given'}",
                code="Failed" if found is None else found.status,
                operation="GetGateway",
                hint="does its role say what `tenantctl pool plan` wants?",
            )
        return found.status == "READY"

    until(settled, spec.resource)
    return identifier
