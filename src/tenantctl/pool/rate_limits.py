"""A gateway's rate limit: how many requests each user of the tier may make.

It counts by user, for a gateway can't count by clinic: claims with a colon are no dimension.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-rate-limits-dimensions.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from tenantctl.aws.session import Aws
from tenantctl.domain.pool import RateLimit
from tenantctl.domain.service_names import jwt_dimension
from tenantctl.pool.consistency import unless_absent, until
from tenantctl.pool.gateway_spec import GatewaySpec
from tenantctl.pool.gateway_state import ABSENT, ready
from tenantctl.pool.settings import compared
from tenantctl.pool.step import Change, Part, Step, missing

KIND = "rate limit"
_ID = "users"
_TAKEN = "ConflictException"


def observe(aws: Aws, spec: GatewaySpec, gateway_id: str | None) -> tuple[Part, ...]:
    """The tier's limit as it is; one that the tier hasn't any more, with the step that deletes it.

    `gateway_id` is `None` before the gateway is made. Limits on anything else are left alone.
    """
    now = None if gateway_id is None else _found(aws, spec, gateway_id)
    if spec.limit is None:
        if now is None or now["rateLimitId"] != _ID:
            return ()
        return (Part(KIND, _name(spec), _ID, (_drop(spec),)),)
    if now is None or now["status"] == "DELETING":
        return (missing(KIND, _name(spec), _put(spec, spec.limit, None)),)
    steps = tuple(_update(spec, spec.limit, now))
    return (Part(KIND, _name(spec), now["rateLimitId"], steps),)


def delete_all(aws: Aws, gateway_id: str) -> None:
    """Delete all limits of a gateway, and wait until they are gone."""
    for limit in _listed(aws, gateway_id):
        _delete(aws, gateway_id, limit["rateLimitId"])
    until(lambda: not _listed(aws, gateway_id), "deleting the gateway's rate limits")


def _name(spec: GatewaySpec) -> str:
    return f"{spec.name}/{_ID}"


def _dimension(spec: GatewaySpec) -> str:
    return jwt_dimension(spec.names.pool.identity.user.claim)


def _entries(spec: GatewaySpec, limit: RateLimit) -> list[Any]:
    """One entry for whatever user: each value of the dimension is counted by itself."""
    rate = {"rate": float(limit.requests), "period": limit.per}
    return [{"dimensions": {_dimension(spec): "*"}, "requests": [rate]}]


def _update(spec: GatewaySpec, limit: RateLimit, now: Mapping[str, Any]) -> Iterator[Step]:
    changed = compared(now["entries"], _entries(spec, limit), "entries", whole=True)
    if changed:
        yield _put(spec, limit, now)


def _put(spec: GatewaySpec, limit: RateLimit, now: Mapping[str, Any] | None) -> Step:
    entries = _entries(spec, limit)

    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agentcore-control")
        gateway_id = ready(aws, spec)
        found = _settled(aws, spec, gateway_id)
        if found is None:
            unless_absent(
                lambda: client.create_gateway_rate_limit(
                    gatewayIdentifier=gateway_id,
                    rateLimitId=_ID,
                    description=f"Each user of tier {spec.tier}",
                    dimensionKeys=[_dimension(spec)],
                    entries=entries,
                ),
                _TAKEN,
            )
        elif compared(found["entries"], entries, whole=True):
            client.update_gateway_rate_limit(
                gatewayIdentifier=gateway_id, rateLimitId=found["rateLimitId"], entries=entries
            )
        _settled(aws, spec, gateway_id)

    resource = f"{KIND} `{_name(spec)}`"
    if now is None:
        shown = compared(None, entries, "entries")
        return Step(Change.CREATE, resource, "it doesn't exist", shown, run)
    shown = compared(now["entries"], entries, "entries", whole=True)
    return Step(Change.UPDATE, resource, "one user can't slow the others", shown, run)


def _drop(spec: GatewaySpec) -> Step:
    def run(aws: Aws) -> None:
        gateway_id = ready(aws, spec)
        _delete(aws, gateway_id, _ID)
        until(lambda: _found(aws, spec, gateway_id) is None, f"deleting {KIND} `{_name(spec)}`")

    why = f"tier `{spec.tier}` has no limit"
    return Step(Change.DELETE, f"{KIND} `{_name(spec)}`", why, (), run)


def _found(aws: Aws, spec: GatewaySpec, gateway_id: str) -> dict[str, Any] | None:
    """The limit by user; there can be but one, for no two share their dimensions."""
    keys = [_dimension(spec)]
    return next((li for li in _listed(aws, gateway_id) if li["dimensionKeys"] == keys), None)


def _listed(aws: Aws, gateway_id: str) -> list[dict[str, Any]]:
    pages = aws.client("bedrock-agentcore-control").get_paginator("list_gateway_rate_limits")
    return [
        cast("dict[str, Any]", limit)
        for page in pages.paginate(gatewayIdentifier=gateway_id)
        for limit in page["rateLimits"]
    ]


def _settled(aws: Aws, spec: GatewaySpec, gateway_id: str) -> dict[str, Any] | None:
    """The limit once nothing is changing it; `None` when there is none."""

    def settled() -> bool:
        found = _found(aws, spec, gateway_id)
        return found is None or found["status"] == "ACTIVE"

    until(settled, f"{KIND} `{_name(spec)}`")
    return _found(aws, spec, gateway_id)


def _delete(aws: Aws, gateway_id: str, limit_id: str) -> None:
    client = aws.client("bedrock-agentcore-control")
    unless_absent(
        lambda: client.delete_gateway_rate_limit(
            gatewayIdentifier=gateway_id, rateLimitId=limit_id
        ),
        ABSENT,
    )
