"""Attack an owner's conversations and records as somebody whose tags spell the same name."""

from __future__ import annotations

from collections.abc import Callable

from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Party
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import UsageError
from tenantctl.probes.memory.collide import namesake
from tenantctl.probes.memory.probes import EVENTS, JOIN, RECORDS
from tenantctl.probes.parties import Side, user_id
from tenantctl.probes.probe import (
    Attack,
    Control,
    Got,
    MemorySpot,
    Plane,
    RefusedError,
    Trial,
    UnclearError,
)
from tenantctl.probes.witness.sessions import NoSessionError, Sessions


def trials(
    sessions: Sessions, owner: Side, spot: MemorySpot, tenants: tuple[Tenant, ...]
) -> tuple[Trial, ...]:
    """One for an actor id, and one for a namespace, that somebody else spells alike; if any."""
    pool, memory = sessions.names.pool, spot.memory
    made = []
    for rule, probe, template, text in (
        ("MEM-COLLIDE-ACTOR", EVENTS, memory.actor, spot.actor),
        ("MEM-COLLIDE-NAMESPACE", RECORDS, memory.namespace, spot.spaces.own),
    ):
        other = namesake(pool, template, text, tenants, owner.tenant)
        if other is None:
            continue
        same = Attack(owner.aws, spot, spot)
        control = Control(
            (rule, memory.name, owner.tenant.id),
            "the owner",
            lambda probe=probe, same=same: probe.attempt(same),  # type: ignore[misc]  # defaults
        )
        made.append(
            Trial(
                rule=rule,
                plane=Plane.MEMORY,
                action=probe.action,
                tries=f"{probe.tries}, whose name is spelt `{text}` as its own is",
                fix=JOIN,
                actor=other,
                owner=owner.party,
                resource=spot.arn,
                context=probe.context(same),
                attack=_attack(sessions, other, spot, probe.attempt),
                controls=(control,),
            )
        )
    return tuple(made)


def _attack(
    sessions: Sessions,
    party: Party,
    spot: MemorySpot,
    attempt: Callable[[Attack[MemorySpot]], Got],
) -> Callable[[], Got]:
    """The session is made here, on the thread that makes all clients."""
    try:
        caller = _session(sessions, party)
    except NoSessionError as error:
        refused, why = error.refused, str(error)

        def refusal() -> Got:
            raise RefusedError(why) if refused else UnclearError(why)

        return refusal
    return lambda: attempt(Attack(caller, spot, spot))


def _session(sessions: Sessions, party: Party) -> Aws:
    identity = sessions.names.pool.identity
    tenant = Tenant(party.tenant or "", party.tier or "")
    try:
        user = party.user or user_id(tenant, identity.user)
    except UsageError as error:
        raise NoSessionError(error.message, refused=False) from error
    tags = {
        identity.tier.tag: tenant.tier,
        identity.tenant.tag: tenant.id,
        identity.user.tag: user,
    }
    caller = sessions.of(tags)
    caller.client("bedrock-agentcore")
    return caller
