"""Bind the probes of tables, buckets and memories to their parties, as trials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Run, prefixes, spaces
from tenantctl.domain.layout import actor_id, partition_value, tenant_key
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Memory, Table
from tenantctl.domain.tenant import Tenant
from tenantctl.probes import dynamodb, dynamodb_calls, s3
from tenantctl.probes.memory import probes as memories
from tenantctl.probes.parties import Side
from tenantctl.probes.probe import (
    Attack,
    Control,
    ControlBy,
    ItemSpot,
    MemorySpot,
    ObjectSpot,
    Plane,
    Probe,
    Spot,
    Trial,
)


@dataclass(frozen=True, slots=True)
class Duel:
    """Two parties with their sessions, and the operator whose success controls."""

    operator: Aws
    actor: Side
    owner: Side


def item_spot(names: Names, table: Table, tenant: Tenant, run: Run) -> ItemSpot:
    """A tenant's partition of a table."""
    return ItemSpot(table, names.table_arn(table), partition_value(table, tenant), run)


def object_spot(names: Names, bucket: Bucket, tenant: Tenant, run: Run) -> ObjectSpot:
    """A tenant's prefix of a bucket."""
    return ObjectSpot(bucket, names, prefixes(bucket, tenant), run)


def memory_spot(memory: Memory, arn: str, tenant: Tenant, user: str, run: Run) -> MemorySpot:
    """A user's part of a memory; `arn` is what the memory has been given."""
    actor = actor_id(memory, tenant, user)
    return MemorySpot(memory, arn, actor, spaces(memory, tenant, user), run)


def table_trials(names: Names, duel: Duel, own: ItemSpot, other: ItemSpot) -> tuple[Trial, ...]:
    """All probes on one table, and on each of its indexes."""
    made = _trials(Plane.DYNAMODB, dynamodb.PROBES, duel, own, other, (own.table.name,))
    for index in own.table.indexes:
        arn = names.index_arn(own.table, index)
        made += _trials(
            Plane.DYNAMODB,
            dynamodb.PROBES,
            duel,
            replace(own, arn=arn, index=index),
            replace(other, arn=arn, index=index),
            (own.table.name, index.name),
        )
    return made


def bucket_trials(duel: Duel, own: ObjectSpot, other: ObjectSpot) -> tuple[Trial, ...]:
    """All probes on one bucket."""
    return _trials(Plane.S3, s3.PROBES, duel, own, other, (own.bucket.name,))


def memory_trials(duel: Duel, own: MemorySpot, other: MemorySpot) -> tuple[Trial, ...]:
    """All probes on one memory."""
    probes = memories.probes(duel.operator)
    return _trials(Plane.MEMORY, probes, duel, own, other, (own.memory.name,))


def registry_trial(duel: Duel, names: Names) -> Trial:
    """Whether a tenant can read another's entry in the registry."""
    table, owner = names.registry_table, duel.owner.tenant
    return Trial(
        rule="DDB-REGISTRY",
        plane=Plane.DYNAMODB,
        action="dynamodb:GetItem",
        tries="read the registry's entry of {owner}",
        fix=dynamodb.REGISTRY_FIX,
        actor=duel.actor.party,
        owner=duel.owner.party,
        resource=names.table_arn(table),
        context={"dynamodb:LeadingKeys": [tenant_key(owner.id)]},
        attack=lambda: dynamodb_calls.registry_get(duel.actor.aws, table, owner),
        controls=(
            Control(
                ("DDB-REGISTRY", owner.id),
                "the operator",
                lambda: dynamodb_calls.registry_get(duel.operator, table, owner),
            ),
        ),
    )


def only(trials: Iterable[Trial], rules: Sequence[str]) -> tuple[Trial, ...]:
    """Those of some rules; all where none are named."""
    return tuple(t for t in trials if not rules or t.rule in rules)


def _trials(  # noqa: PLR0913, PLR0917 - a probe, its parties and where their data lies
    plane: Plane,
    probes: Iterable[Probe[Spot]],
    duel: Duel,
    own: Spot,
    other: Spot,
    place: tuple[str, ...],
) -> tuple[Trial, ...]:
    made = []
    for probe in probes:
        attack = Attack(caller=duel.actor.aws, own=own, other=other)
        if probe.applies(attack):
            made.append(_trial(plane, probe, duel, attack, place))
    return tuple(made)


def _trial(
    plane: Plane, probe: Probe[Spot], duel: Duel, attack: Attack[Spot], place: tuple[str, ...]
) -> Trial:
    own, other = attack.own, attack.other

    def control(who: str, caller: Aws, spot: Spot, tenant: str) -> Control:
        same = Attack(caller=caller, own=spot, other=spot)
        key = (probe.rule, *place, who, tenant)
        return Control(key, who, lambda: probe.attempt(same))

    owner, actor = duel.owner.tenant.id, duel.actor.tenant.id
    controls = [
        control("the owner", duel.owner.aws, other, owner)
        if probe.control is ControlBy.OWNER
        else control("the operator", duel.operator, other, owner)
    ]
    if probe.mixed:
        controls.append(control("the owner", duel.actor.aws, own, actor))
    return Trial(
        rule=probe.rule,
        plane=plane,
        action=probe.action,
        tries=probe.tries,
        fix=probe.fix,
        actor=duel.actor.party,
        owner=duel.owner.party,
        resource=probe.resource(attack),
        context=probe.context(attack),
        attack=lambda: probe.attempt(attack),
        controls=tuple(controls),
        refusals=probe.refusals,
    )
