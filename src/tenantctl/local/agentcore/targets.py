"""The operations on a gateway's targets.

https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateGatewayTarget.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.agentcore.plane import GONE, Around, Gateway, Operation, Plane
from tenantctl.local.agentcore.records import (
    Ending,
    Params,
    Record,
    answer,
    conflict,
    invalid,
    known,
    look,
    members,
    over_quota,
    page,
    settings_of,
    settle,
    suffix,
)

_MAX_TARGETS = 100
"""Targets of a gateway.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""
_PAGE = 100


def _create(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    earlier = plane.earlier("CreateGatewayTarget", params)
    if earlier is not None:
        return _shown("CreateGatewayTarget", gateway, known(gateway.targets, "target", earlier))
    gateway.require_settled()
    name = params.get("name")
    if name is None:
        raise invalid("A target takes a name")
    _check_name(gateway, name)
    if len(gateway.targets) >= _MAX_TARGETS:
        raise over_quota("gateway", _MAX_TARGETS, "targets")
    _check(params)
    made = suffix().upper()
    gateway.targets[made] = target = Record(
        serial=plane.next(),
        id=made,
        name=name,
        arn="",
        settings=_settings(params),
        status="CREATING",
        ending=Ending("READY"),
    )
    plane.remember("CreateGatewayTarget", params, made)
    return _shown("CreateGatewayTarget", gateway, target)


def _get(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    return _shown("GetGatewayTarget", gateway, look(gateway.targets, "target", params["targetId"]))


def _list(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    targets = plane.gateway(params["gatewayIdentifier"]).targets
    here, rest = page(params, targets.values(), _PAGE)
    items = [
        members("ListGatewayTargets", "items", one.shown, _facts(one), _kind(one)) for one in here
    ]
    for one in here:
        settle(targets, one)
    return {"items": items, **rest}


def _update(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    """Replace the configuration, as UpdateGateway does; a name that is left out stays."""
    gateway = plane.gateway(params["gatewayIdentifier"])
    target = known(gateway.targets, "target", params["targetId"])
    name = params.get("name", target.name)
    if name != target.name:
        _check_name(gateway, name)
    _check(params)
    gateway.require_settled()
    target.begin("UPDATING", Ending("READY", settings=_settings(params)))
    target.name = name
    return _shown("UpdateGatewayTarget", gateway, target)


def _delete(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    target = known(gateway.targets, "target", params["targetId"])
    target.begin("DELETING", GONE)
    return answer("DeleteGatewayTarget", {"gatewayArn": gateway.arn}, _facts(target))


def _settings(params: Params) -> dict[str, Any]:
    # The answers always have a list.
    return {"credentialProviderConfigurations": []} | settings_of("GetGatewayTarget", params)


def _check_name(gateway: Gateway, name: str) -> None:
    if any(found.name == name for found in gateway.targets.values()):
        raise conflict(f"The gateway {gateway.id} has a target with the name {name} already")


def _check(params: Params) -> None:
    """A Lambda target is called in the gateway's role, and tools have names of their own.

    https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html
    """
    function = params["targetConfiguration"].get("mcp", {}).get("lambda")
    if function is None:
        return
    kinds = [
        one["credentialProviderType"] for one in params.get("credentialProviderConfigurations", ())
    ]
    if kinds != ["GATEWAY_IAM_ROLE"]:
        raise invalid("A Lambda target takes the credential provider GATEWAY_IAM_ROLE alone")
    tools = [tool["name"] for tool in function["toolSchema"].get("inlinePayload", ())]
    if len(tools) != len(set(tools)):
        raise invalid("A tool's name is there twice")


def _kind(target: Record) -> dict[str, str]:
    is_lambda = "lambda" in target.shown["targetConfiguration"].get("mcp", {})
    return {"targetType": "LAMBDA"} if is_lambda else {}


def _facts(target: Record) -> dict[str, Any]:
    return {
        "targetId": target.id,
        "name": target.name,
        "createdAt": target.created,
        "updatedAt": target.updated,
        "status": target.status,
        "statusReasons": list(target.reasons),
    }


def _shown(operation: str, gateway: Gateway, target: Record) -> dict[str, Any]:
    return answer(operation, target.shown, {"gatewayArn": gateway.arn}, _facts(target))


OPERATIONS: Mapping[str, Operation] = {
    "CreateGatewayTarget": _create,
    "GetGatewayTarget": _get,
    "ListGatewayTargets": _list,
    "UpdateGatewayTarget": _update,
    "DeleteGatewayTarget": _delete,
}
