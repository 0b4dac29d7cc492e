"""The gateways: one a tier, through which alone its users call tools.

UpdateGateway replaces the configuration: "Any optional field that you omit […] is reset". So every
change sends the whole of it, with what only operators set, and nothing else that was there.
https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_UpdateGateway.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError
from tenantctl.pool import ownership, rate_limits, targets
from tenantctl.pool.consistency import unless_absent, until
from tenantctl.pool.gateway_spec import KIND, GatewaySpec, Known, specs
from tenantctl.pool.gateway_state import ABSENT, Found, found_by_id, listed, ready
from tenantctl.pool.ownership import Tags
from tenantctl.pool.settings import compared
from tenantctl.pool.step import Change, Field, Part, Step, missing

_TAKEN = "ConflictException"
_GOING = "DELETING"

_OPERATORS = frozenset({"protocolConfiguration", "kmsKeyArn", "wafConfiguration", "domainOverride"})
"""What operators may set as they like: neither says who is let in, nor what is asked."""


def observe(aws: Aws, names: Names, known: Known) -> tuple[Part, ...]:
    """The tiers' gateways as they are, and those of tiers that are no more."""
    there = listed(aws)
    wanted = specs(names)
    own = tuple(_observe(aws, spec, known, there.get(spec.name)) for spec in wanted)
    taken = {spec.name for spec in wanted}
    others = {
        name: identifier
        for name, identifier in there.items()
        if name.startswith(names.gateway("")) and name not in taken
    }
    return (*own, *_unused(aws, names, others))


def delete_step(name: str, tags: Tags, why: str = "with its targets") -> Step:
    """Delete the gateway with its targets and limits, if it bears `tags`."""
    resource = f"{KIND} `{name}`"

    def run(aws: Aws) -> None:
        identifier = listed(aws).get(name)
        found = None if identifier is None else found_by_id(aws, identifier)
        if found is None:
            return
        client = aws.client("bedrock-agentcore-control")
        if found.status != _GOING:
            ownership.refuse_foreign(resource, found.tags, tags)
            rate_limits.delete_all(aws, found.id)
            targets.delete_all(aws, found.id)
            unless_absent(lambda: client.delete_gateway(gatewayIdentifier=found.id), ABSENT)
        _gone(aws, found.id, resource)

    return Step(Change.DELETE, resource, why, (), run)


def _observe(aws: Aws, spec: GatewaySpec, known: Known, identifier: str | None) -> Part:
    found = None if identifier is None else found_by_id(aws, identifier)
    if found is None or found.status == _GOING:
        parts = (*targets.observe(aws, spec, None), *rate_limits.observe(aws, spec, None))
        return missing(KIND, spec.name, _create(spec, known), parts=parts)
    claim = ownership.claim(
        spec.resource,
        found.tags,
        spec.tags,
        lambda aws: aws.client("bedrock-agentcore-control").tag_resource(
            resourceArn=found.arn, tags=dict(spec.tags)
        ),
    )
    problems = (f"its status is FAILED: {'; '.join(found.reasons)}",) * (found.status == "FAILED")
    parts = (*targets.observe(aws, spec, found.id), *rate_limits.observe(aws, spec, found.id))
    steps = tuple(_update(spec, known, found))
    return Part(KIND, spec.name, found.arn, steps, problems, claim, parts)


def _unused(aws: Aws, names: Names, others: Mapping[str, str]) -> Iterator[Part]:
    for name, identifier in others.items():
        found = found_by_id(aws, identifier)
        if found is not None and ownership.foreign(found.tags, names.tags) is None:
            step = delete_step(name, names.tags, "its tier isn't in the configuration")
            yield Part(KIND, name, found.arn, (step,))


def _create(spec: GatewaySpec, known: Known) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agentcore-control")
        identifier = listed(aws).get(spec.name)
        found = None if identifier is None else found_by_id(aws, identifier)
        if found is not None and found.status == _GOING:
            _gone(aws, found.id, spec.resource)
            found = None
        if found is None:
            settings = spec.settings(Known.now(aws, spec.names))
            unless_absent(lambda: client.create_gateway(**settings, tags=dict(spec.tags)), _TAKEN)
            found = found_by_id(aws, listed(aws).get(spec.name, ""))
        if found is None:
            raise ConflictError(f"{spec.resource} was deleted while it was made")
        arn = found.arn
        ownership.confirm(
            spec.resource,
            lambda: client.list_tags_for_resource(resourceArn=arn)["tags"],
            spec.tags,
        )
        ready(aws, spec)

    shown = compared({}, spec.settings(known))
    return Step(Change.CREATE, spec.resource, "it doesn't exist", shown, run)


def _update(spec: GatewaySpec, known: Known, found: Found) -> Iterator[Step]:
    changed = _changes(spec.settings(known), found)
    if not changed:
        return

    def run(aws: Aws) -> None:
        now = found_by_id(aws, found.id)
        kept = {} if now is None else now.settings
        settings = {
            **{key: value for key, value in kept.items() if key in _OPERATORS},
            **spec.settings(Known.now(aws, spec.names)),
        }
        aws.client("bedrock-agentcore-control").update_gateway(
            gatewayIdentifier=found.id, **settings
        )
        ready(aws, spec)

    why = "it lets in the tier's users alone, and asks interceptor and policies of every call"
    yield Step(Change.UPDATE, spec.resource, why, changed, run)


def _changes(wanted: Mapping[str, Any], found: Found) -> tuple[Field, ...]:
    now = {key: value for key, value in found.settings.items() if key not in _OPERATORS}
    changed = [
        field
        for key in wanted
        for field in compared(
            now.get(key), wanted[key], key, whole=key == "authorizerConfiguration"
        )
    ]
    changed += [Field(key, now[key], None) for key in sorted(set(now) - set(wanted))]
    if found.status == "UPDATE_UNSUCCESSFUL":
        changed.append(Field("status", found.status, "READY"))
    return tuple(changed)


def _gone(aws: Aws, identifier: str, resource: str) -> None:
    until(lambda: found_by_id(aws, identifier) is None, f"deleting {resource}")
