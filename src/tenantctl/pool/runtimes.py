"""The agent runtimes: one a tier, each behind the same authorizer as the tier's gateway.

UpdateAgentRuntime makes a new version of the whole, so every change sends all of it, with what only
operators set: network, lifetimes, sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import AwsError, ConflictError
from tenantctl.pool import ownership
from tenantctl.pool.consistency import unless_absent, until
from tenantctl.pool.gateway_spec import Known
from tenantctl.pool.ownership import Tags
from tenantctl.pool.runtime_spec import KIND, RuntimeSpec, specs
from tenantctl.pool.settings import compared
from tenantctl.pool.step import Change, Field, Part, Step, missing

_ABSENT = "ResourceNotFoundException"
_TAKEN = "ConflictException"
_GOING = "DELETING"
_FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"})

_NETWORK: Mapping[str, Any] = {"networkConfiguration": {"networkMode": "PUBLIC"}}
"""Where it begins; operators may move it into their own network."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A runtime that is there; `settings` are what UpdateAgentRuntime takes of it."""

    id: str
    arn: str
    status: str
    reason: str
    settings: Mapping[str, Any]
    tags: Tags


def observe(
    aws: Aws, names: Names, known: Known, *, beside: Path | None = None
) -> tuple[Part, ...]:
    """The tiers' runtimes as they are, and those of tiers that are no more."""
    there = _listed(aws)
    wanted = specs(names, beside=beside)
    taken = {spec.name for spec in wanted}
    others = {
        name: identifier
        for name, identifier in there.items()
        if name.startswith(names.runtime("")) and name not in taken
    }
    return (
        *(_observe(aws, spec, known, there.get(spec.name)) for spec in wanted),
        *_unused(aws, names, others),
    )


def delete_step(name: str, tags: Tags, why: str = "with its versions and endpoints") -> Step:
    """Delete the runtime, if it bears `tags`."""
    resource = f"{KIND} `{name}`"

    def run(aws: Aws) -> None:
        found = _named(aws, name)
        if found is None:
            return
        if found.status != _GOING:
            ownership.refuse_foreign(resource, found.tags, tags)
            client = aws.client("bedrock-agentcore-control")
            unless_absent(lambda: client.delete_agent_runtime(agentRuntimeId=found.id), _ABSENT)
        _gone(aws, name)

    return Step(Change.DELETE, resource, why, (), run)


def _observe(aws: Aws, spec: RuntimeSpec, known: Known, identifier: str | None) -> Part:
    found = None if identifier is None else _found(aws, identifier)
    if found is None or found.status == _GOING:
        return missing(KIND, spec.name, _create(spec, known))
    claim = ownership.claim(
        spec.resource,
        found.tags,
        spec.tags,
        lambda aws: aws.client("bedrock-agentcore-control").tag_resource(
            resourceArn=found.arn, tags=dict(spec.tags)
        ),
    )
    broken = found.status in _FAILED - {"UPDATE_FAILED"}
    problems = (f"its status is {found.status}: {found.reason}",) * broken
    return Part(KIND, spec.name, found.arn, tuple(_update(spec, known, found)), problems, claim)


def _unused(aws: Aws, names: Names, others: Mapping[str, str]) -> Iterator[Part]:
    for name, identifier in others.items():
        found = _found(aws, identifier)
        if found is not None and ownership.foreign(found.tags, names.tags) is None:
            step = delete_step(name, names.tags, "its tier isn't in the configuration")
            yield Part(KIND, name, found.arn, (step,))


def _create(spec: RuntimeSpec, known: Known) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agentcore-control")
        found = _named(aws, spec.name)
        if found is not None and found.status == _GOING:
            _gone(aws, spec.name)
            found = None
        if found is None:
            settings = {**_NETWORK, **spec.settings(Known.now(aws, spec.names))}
            unless_absent(
                lambda: client.create_agent_runtime(
                    agentRuntimeName=spec.name, tags=dict(spec.tags), **settings
                ),
                _TAKEN,
            )
            found = _named(aws, spec.name)
        if found is None:
            raise ConflictError(f"{spec.resource} was deleted while it was made")
        arn = found.arn
        ownership.confirm(
            spec.resource,
            lambda: client.list_tags_for_resource(resourceArn=arn)["tags"],
            spec.tags,
        )
        _ready(aws, spec)

    shown = compared({}, spec.settings(known))
    return Step(Change.CREATE, spec.resource, "it doesn't exist", shown, run)


def _update(spec: RuntimeSpec, known: Known, found: _Found) -> Iterator[Step]:
    wanted = spec.settings(known)
    now = {key: found.settings.get(key) for key in wanted}
    changed = compared(now, wanted, whole=True)
    if found.status == "UPDATE_FAILED":
        changed = (*changed, Field("status", found.status, "READY"))
    if not changed:
        return

    def run(aws: Aws) -> None:
        kept = _found(aws, found.id)
        settings = {
            **({} if kept is None else kept.settings),
            **spec.settings(Known.now(aws, spec.names)),
        }
        client = aws.client("bedrock-agentcore-control")
        client.update_agent_runtime(agentRuntimeId=found.id, **settings)
        _ready(aws, spec)

    why = "it lets in the tier's users alone, and runs what was reviewed"
    yield Step(Change.UPDATE, spec.resource, why, changed, run)


def _listed(aws: Aws) -> dict[str, str]:
    """The ids of all runtimes of the account and Region, by name; names are unique there."""
    pages = aws.client("bedrock-agentcore-control").get_paginator("list_agent_runtimes").paginate()
    return {
        item["agentRuntimeName"]: item["agentRuntimeId"]
        for page in pages
        for item in page["agentRuntimes"]
    }


def _named(aws: Aws, name: str) -> _Found | None:
    identifier = _listed(aws).get(name)
    return None if identifier is None else _found(aws, identifier)


def _found(aws: Aws, identifier: str) -> _Found | None:
    client = aws.client("bedrock-agentcore-control")
    answer = unless_absent(lambda: client.get_agent_runtime(agentRuntimeId=identifier), _ABSENT)
    if answer is None:
        return None
    shape = client.meta.service_model.operation_model("UpdateAgentRuntime").input_shape
    settable = set() if shape is None else set(shape.members) - {"agentRuntimeId"}
    now = cast("dict[str, Any]", answer)
    arn = answer["agentRuntimeArn"]
    tags = unless_absent(lambda: client.list_tags_for_resource(resourceArn=arn)["tags"], _ABSENT)
    return _Found(
        id=answer["agentRuntimeId"],
        arn=arn,
        status=answer["status"],
        reason=str(now.get("failureReason") or "no reason is given"),
        settings={k: now[k] for k in sorted(settable & set(now)) if now[k] not in (None, "", [])},
        tags=tags or {},
    )


def _gone(aws: Aws, name: str) -> None:
    until(lambda: _named(aws, name) is None, f"deleting {KIND} `{name}`")


def _ready(aws: Aws, spec: RuntimeSpec) -> None:
    def settled() -> bool:
        found = _named(aws, spec.name)
        status, reason = ("gone", "") if found is None else (found.status, f": {found.reason}")
        if status == "gone" or status in _FAILED:
            raise AwsError(
                f"{spec.resource} is {status}{reason}",
                code=status,
                operation="GetAgentRuntime",
            )
        return status == "READY"

    until(settled, spec.resource)
