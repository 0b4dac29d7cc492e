"""The operations on gateways.

https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGateway.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.agentcore.plane import GONE, Around, Gateway, Operation, Plane
from tenantctl.local.agentcore.records import (
    Ending,
    Params,
    answer,
    conflict,
    invalid,
    look,
    members,
    over_quota,
    page,
    settings_of,
    settle,
    suffix,
)

_MAX_GATEWAYS = 1_000
"""Gateways in an account.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""
_PAGE = 100


def _create(plane: Plane, params: Params, around: Around) -> dict[str, Any]:
    earlier = plane.earlier("CreateGateway", params)
    if earlier is not None:
        return _shown("CreateGateway", plane, plane.gateway(earlier), around)
    if any(found.name == params["name"] for found in plane.gateways.values()):
        raise conflict(f"A gateway with the name {params['name']} already exists")
    if len(plane.gateways) >= _MAX_GATEWAYS:
        raise over_quota("account", _MAX_GATEWAYS, "gateways")
    _check(params)
    reasons = _reasons(params, around)
    made = f"{params['name'].lower()}-{suffix()}"
    plane.gateways[made] = gateway = Gateway(
        serial=plane.next(),
        id=made,
        name=params["name"],
        arn=f"{plane.prefix}:gateway/{made}",
        settings=settings_of("GetGateway", params),
        status="CREATING",
        ending=Ending("FAILED", reasons) if reasons else Ending("READY"),
        tags=dict(params.get("tags", {})),
    )
    plane.remember("CreateGateway", params, made)
    return _shown("CreateGateway", plane, gateway, around)


def _get(plane: Plane, params: Params, around: Around) -> dict[str, Any]:
    gateway = look(plane.gateways, "gateway", params["gatewayIdentifier"])
    return _shown("GetGateway", plane, gateway, around)


def _list(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    here, rest = page(params, plane.gateways.values(), _PAGE)
    items = [members("ListGateways", "items", one.shown, _facts(one)) for one in here]
    for one in here:
        settle(plane.gateways, one)
    return {"items": items, **rest}


def _update(plane: Plane, params: Params, around: Around) -> dict[str, Any]:
    """Replace the configuration: "Any optional field that you omit […] is reset"."""
    gateway = plane.gateway(params["gatewayIdentifier"])
    if params["name"] != gateway.name:
        raise invalid("The name of a gateway can't be changed")
    _check(params)
    reasons = _reasons(params, around)
    gateway.begin(
        "UPDATING",
        Ending("UPDATE_UNSUCCESSFUL", reasons)
        if reasons
        else Ending("READY", settings=settings_of("GetGateway", params)),
    )
    return _shown("UpdateGateway", plane, gateway, around)


def _delete(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    for what, found in (("targets", gateway.targets), ("rate limits", gateway.limits)):
        if found:
            raise conflict(f"The gateway {gateway.id} has {what}: delete them first")
    gateway.begin("DELETING", GONE)
    return answer("DeleteGateway", _facts(gateway))


def _check(params: Params) -> None:
    """What the model doesn't say of a gateway's parameters."""
    if params["authorizerType"] == "CUSTOM_JWT" and "authorizerConfiguration" not in params:
        raise invalid("CUSTOM_JWT takes an authorizerConfiguration")
    points = [
        point
        for interceptor in params.get("interceptorConfigurations", ())
        for point in interceptor["interceptionPoints"]
    ]
    if len(points) != len(set(points)):
        raise invalid("An interception point has more than one interceptor")


def _reasons(params: Params, around: Around) -> tuple[str, ...]:
    engine = params.get("policyEngineConfiguration", {}).get("arn")
    if engine is None or around.has_engine(engine):
        return ()
    return (f"The policy engine {engine} doesn't exist",)


def _facts(gateway: Gateway) -> dict[str, Any]:
    return {
        "gatewayArn": gateway.arn,
        "gatewayId": gateway.id,
        "name": gateway.name,
        "createdAt": gateway.created,
        "updatedAt": gateway.updated,
        "status": gateway.status,
        "statusReasons": list(gateway.reasons),
    }


def _shown(operation: str, plane: Plane, gateway: Gateway, around: Around) -> dict[str, Any]:
    identity = f"{plane.prefix}:workload-identity-directory/default/workload-identity/{gateway.id}"
    return answer(
        operation,
        gateway.shown,
        _facts(gateway),
        {
            "gatewayUrl": around.gateway_url(gateway.id),
            "workloadIdentityDetails": {"workloadIdentityArn": identity},
        },
    )


OPERATIONS: Mapping[str, Operation] = {
    "CreateGateway": _create,
    "GetGateway": _get,
    "ListGateways": _list,
    "UpdateGateway": _update,
    "DeleteGateway": _delete,
}
