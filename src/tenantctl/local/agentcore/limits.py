"""The operations on a gateway's rate limits.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-rate-limits.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    page,
    settle,
    suffix,
)

_PAGE = 100
_KINDS = ("requests", "tokens", "connections")


def _create(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    earlier = plane.earlier("CreateGatewayRateLimit", params)
    if earlier is not None:
        found = known(gateway.limits, "rate limit", earlier)
        return _shown("CreateGatewayRateLimit", gateway, found)
    gateway.require_settled()
    if params.get("rateLimitId") in gateway.limits:
        raise conflict(f"The rate limit {params['rateLimitId']} already exists")
    _check(params["dimensionKeys"], params["entries"])
    _check_keys(gateway, params["dimensionKeys"])
    limit = _made(plane, params)
    gateway.limits[limit.id] = limit
    plane.remember("CreateGatewayRateLimit", params, limit.id)
    return _shown("CreateGatewayRateLimit", gateway, limit)


def _get(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    limit = look(gateway.limits, "rate limit", params["rateLimitId"])
    return _shown("GetGatewayRateLimit", gateway, limit)


def _list(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    here, rest = page(params, gateway.limits.values(), _PAGE)
    items = [
        members("ListGatewayRateLimits", "rateLimits", one.shown, _facts(gateway, one))
        for one in here
    ]
    for one in here:
        settle(gateway.limits, one)
    return {"rateLimits": items, **rest}


def _update(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    """PATCH: the entries are replaced; a description that is left out stays, as do the keys."""
    gateway = plane.gateway(params["gatewayIdentifier"])
    limit = known(gateway.limits, "rate limit", params["rateLimitId"])
    _check(limit.settings["dimensionKeys"], params["entries"])
    changed = {name: params[name] for name in ("description", "entries") if name in params}
    limit.begin("UPDATING", Ending("ACTIVE", settings={**limit.settings, **changed}))
    return _shown("UpdateGatewayRateLimit", gateway, limit)


def _batch(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    """All or none: update those with the id or the keys of one that is there, make the others.

    The operation's own words; its parameter's ("replaces all existing rate limits") differ where
    some are left out. Here those stay, so nobody relies on their going.
    """
    gateway = plane.gateway(params["gatewayIdentifier"])
    gateway.require_settled()
    given = params["rateLimits"]
    plan: list[tuple[Record | None, Params]] = []
    for one in given:
        _check(one["dimensionKeys"], one["entries"])
        found = _matching(gateway, one)
        if found is not None:
            found.require_settled()
            if found.settings["dimensionKeys"] != list(one["dimensionKeys"]):
                raise invalid("The dimension keys of a rate limit can't be changed")
        plan.append((found, one))
    keys = [tuple(one["dimensionKeys"]) for one in given]
    ids = [one["rateLimitId"] for one in given if "rateLimitId" in one]
    if len(set(keys)) != len(keys) or len(set(ids)) != len(ids):
        raise invalid("A rate limit is there twice")
    for found, one in plan:
        if found is None:
            _check_keys(gateway, one["dimensionKeys"])
    done = []
    for found, one in plan:
        limit = found
        if limit is None:
            limit = _made(plane, one)
            gateway.limits[limit.id] = limit
        else:
            limit.begin("UPDATING", Ending("ACTIVE", settings=_settings(one)))
        done.append(limit)
    operation = "BatchPutGatewayRateLimits"
    return {
        "rateLimits": [
            members(operation, "rateLimits", one.shown, _facts(gateway, one)) for one in done
        ]
    }


def _delete(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    gateway = plane.gateway(params["gatewayIdentifier"])
    limit = known(gateway.limits, "rate limit", params["rateLimitId"])
    limit.begin("DELETING", GONE)
    return answer("DeleteGatewayRateLimit", _facts(gateway, limit))


def _matching(gateway: Gateway, one: Params) -> Record | None:
    if one.get("rateLimitId") in gateway.limits:
        return gateway.limits[one["rateLimitId"]]
    if "rateLimitId" in one:
        return None
    keys = list(one["dimensionKeys"])
    return next((x for x in gateway.limits.values() if x.settings["dimensionKeys"] == keys), None)


def _made(plane: Plane, params: Params) -> Record:
    made = params.get("rateLimitId") or suffix()
    return Record(
        serial=plane.next(),
        id=made,
        name=made,
        arn="",
        settings=_settings(params),
        status="CREATING",
        ending=Ending("ACTIVE"),
    )


def _settings(params: Params) -> dict[str, Any]:
    names = ("description", "dimensionKeys", "entries")
    return {name: params[name] for name in names if name in params}


def _check_keys(gateway: Gateway, keys: Sequence[str]) -> None:
    """Raise `ServiceError` when another rate limit of the gateway has the same keys."""
    if any(found.settings["dimensionKeys"] == list(keys) for found in gateway.limits.values()):
        raise conflict(f"The gateway {gateway.id} has a rate limit with these dimension keys")


def _check(keys: Sequence[str], entries: Sequence[Params]) -> None:
    """What the model says only in words of dimensions, wildcards and periods.

    https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_LimitEntry.html
    """
    seen = set()
    for entry in entries:
        dimensions = entry["dimensions"]
        if set(dimensions) != set(keys):
            raise invalid("An entry's dimensions must be those of the rate limit")
        values = tuple(dimensions[key] for key in keys)
        if values in seen:
            raise invalid("Two entries have the same dimensions")
        seen.add(values)
        tail = values[values.index("*") :] if "*" in values else ()
        if set(tail) - {"*"}:
            raise invalid("A wildcard may only stand in the last dimensions")
        if not any(entry.get(kind) for kind in _KINDS):
            raise invalid("An entry must limit requests, tokens or connections")
        if any(rate["period"] != "second" for rate in entry.get("connections", ())):
            raise invalid("Connections are limited by the second")


def _facts(gateway: Gateway, limit: Record) -> dict[str, Any]:
    return {
        "rateLimitId": limit.id,
        "gatewayIdentifier": gateway.id,
        "createdAt": limit.created,
        "updatedAt": limit.updated,
        "status": limit.status,
    }


def _shown(operation: str, gateway: Gateway, limit: Record) -> dict[str, Any]:
    return answer(operation, limit.shown, _facts(gateway, limit))


OPERATIONS: Mapping[str, Operation] = {
    "CreateGatewayRateLimit": _create,
    "GetGatewayRateLimit": _get,
    "ListGatewayRateLimits": _list,
    "UpdateGatewayRateLimit": _update,
    "BatchPutGatewayRateLimits": _batch,
    "DeleteGatewayRateLimit": _delete,
}
