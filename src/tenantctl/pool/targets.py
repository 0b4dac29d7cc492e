"""A gateway's targets: each a tool of the tier, told who calls by the interceptor's headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from tenantctl.aws.session import Aws
from tenantctl.errors import AwsError
from tenantctl.pool.consistency import unless_absent, until
from tenantctl.pool.gateway_spec import GatewaySpec, TargetSpec
from tenantctl.pool.gateway_state import ready
from tenantctl.pool.settings import compared
from tenantctl.pool.step import Change, Field, Part, Step, missing

KIND = "target"
_ABSENT = "ResourceNotFoundException"
_TAKEN = "ConflictException"
_FAILED = frozenset({"FAILED", "UPDATE_UNSUCCESSFUL"})
_GOING = "DELETING"


def observe(aws: Aws, spec: GatewaySpec, gateway_id: str | None) -> tuple[Part, ...]:
    """The targets as they are, and those of tools that the tier isn't given.

    `gateway_id` is `None` before the gateway is made.
    """
    there = {} if gateway_id is None else _listed(aws, gateway_id)
    wanted = {target.name for target in spec.targets}
    return (
        *(_observe(aws, spec, t, gateway_id, there.get(t.name)) for t in spec.targets),
        *(
            Part(KIND, f"{spec.name}/{name}", identifier, (_drop(spec, name),))
            for name, identifier in there.items()
            if name not in wanted
        ),
    )


def delete_all(aws: Aws, gateway_id: str) -> None:
    """Delete all targets of a gateway, and wait until they are gone."""
    for target_id in _listed(aws, gateway_id).values():
        _delete(aws, gateway_id, target_id)
    until(lambda: not _listed(aws, gateway_id), "deleting the gateway's targets")


def _observe(
    aws: Aws,
    spec: GatewaySpec,
    target: TargetSpec,
    gateway_id: str | None,
    target_id: str | None,
) -> Part:
    name = f"{spec.name}/{target.name}"
    now = None
    if gateway_id is not None and target_id is not None:
        now = _found(aws, gateway_id, target_id)
    if now is None or now["status"] == _GOING:
        return missing(KIND, name, _create(spec, target))
    return Part(KIND, name, now["targetId"], tuple(_update(spec, target, now)))


def _create(spec: GatewaySpec, target: TargetSpec) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agentcore-control")
        gateway_id = ready(aws, spec)
        target_id = _listed(aws, gateway_id).get(target.name)
        if target_id is not None and _status(aws, gateway_id, target_id) == _GOING:
            _gone(aws, gateway_id, target_id)
            target_id = None
        if target_id is None:
            made = unless_absent(
                lambda: client.create_gateway_target(
                    gatewayIdentifier=gateway_id, **target.settings
                ),
                _TAKEN,
            )
            target_id = made["targetId"] if made else _listed(aws, gateway_id)[target.name]
        _ready(aws, gateway_id, target_id, name)

    name = f"{spec.name}/{target.name}"
    shown = compared({}, target.settings)
    return Step(Change.CREATE, f"{KIND} `{name}`", "it doesn't exist", shown, run)


def _update(spec: GatewaySpec, target: TargetSpec, now: dict[str, Any]) -> Iterator[Step]:
    wanted = target.settings
    changed = compared({key: now.get(key) for key in wanted}, wanted, whole=True)
    if now["status"] in _FAILED:
        changed = (*changed, Field("status", now["status"], "READY"))
    if not changed:
        return
    name = f"{spec.name}/{target.name}"

    def run(aws: Aws) -> None:
        gateway_id = ready(aws, spec)
        # It replaces the configuration, as UpdateGateway does.
        aws.client("bedrock-agentcore-control").update_gateway_target(
            gatewayIdentifier=gateway_id, targetId=now["targetId"], **wanted
        )
        _ready(aws, gateway_id, now["targetId"], name)

    why = "it is told who calls by these headers, and calls its function alone"
    yield Step(Change.UPDATE, f"{KIND} `{name}`", why, changed, run)


def _drop(spec: GatewaySpec, name: str) -> Step:
    def run(aws: Aws) -> None:
        gateway_id = ready(aws, spec)
        target_id = _listed(aws, gateway_id).get(name)
        if target_id is not None:
            _delete(aws, gateway_id, target_id)
            _gone(aws, gateway_id, target_id)

    why = f"tier `{spec.tier}` isn't given it"
    return Step(Change.DELETE, f"{KIND} `{spec.name}/{name}`", why, (), run)


def _listed(aws: Aws, gateway_id: str) -> dict[str, str]:
    pages = aws.client("bedrock-agentcore-control").get_paginator("list_gateway_targets")
    return {
        item["name"]: item["targetId"]
        for page in pages.paginate(gatewayIdentifier=gateway_id)
        for item in page["items"]
    }


def _found(aws: Aws, gateway_id: str, target_id: str) -> dict[str, Any] | None:
    client = aws.client("bedrock-agentcore-control")
    answer = unless_absent(
        lambda: client.get_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id),
        _ABSENT,
    )
    return cast("dict[str, Any] | None", answer)


def _status(aws: Aws, gateway_id: str, target_id: str) -> str | None:
    found = _found(aws, gateway_id, target_id)
    return None if found is None else str(found["status"])


def _delete(aws: Aws, gateway_id: str, target_id: str) -> None:
    client = aws.client("bedrock-agentcore-control")
    unless_absent(
        lambda: client.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id),
        _ABSENT,
    )


def _gone(aws: Aws, gateway_id: str, target_id: str) -> None:
    until(lambda: _found(aws, gateway_id, target_id) is None, "deleting a target")


def _ready(aws: Aws, gateway_id: str, target_id: str, name: str) -> None:
    def settled() -> bool:
        found = _found(aws, gateway_id, target_id)
        status = "gone" if found is None else str(found["status"])
        if found is None or status in _FAILED:
            reasons = "; ".join((found or {}).get("statusReasons", []))
            raise AwsError(
                f"{KIND} `{name}` is {status}: {reasons or 'no reason is given'}",
                code=status,
                operation="GetGatewayTarget",
                hint="may the gateway's role call its function?",
            )
        return status == "READY"

    until(settled, f"{KIND} `{name}`")
