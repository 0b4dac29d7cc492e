"""A witness as a trial: the owner's own call first, then the actor's, on canaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Party
from tenantctl.domain.layout import (
    actor_id,
    object_prefix,
    partition_value,
    record_namespace,
)
from tenantctl.domain.pool import Bucket, Memory, Table
from tenantctl.domain.tenant import Tenant
from tenantctl.probes.memory.collide import user_of
from tenantctl.probes.probe import (
    Attack,
    Control,
    ControlBy,
    Got,
    ItemSpot,
    Plane,
    Probe,
    Spot,
    Trial,
    UnclearError,
)
from tenantctl.probes.sts import Minting
from tenantctl.probes.witness.ground import Ground
from tenantctl.probes.witness.items import probe_for
from tenantctl.probes.witness.memories import memory_probe
from tenantctl.probes.witness.objects import bucket_probe, object_probe
from tenantctl.probes.witness.sessions import NoSessionError, Sessions
from tenantctl.probes.witness.witness import UntriedError, Witness

RETAG = "STS-RETAG"


def trial(witness: Witness, ground: Ground, sessions: Sessions) -> Trial:
    """What carries the witness out.

    Raises `UntriedError` where nothing may or can, `NoSessionError` where the actor gets none.
    """
    for party in (witness.finding.actor, witness.finding.owner):
        if any(t.id == party.tenant for t in ground.tenants):
            raise UntriedError(f"`{party.tenant}` is a tenant of this pool")
    match witness.finding.plane:
        case Plane.DYNAMODB:
            return _of_table(witness, ground, sessions)
        case Plane.S3:
            return _of_bucket(witness, ground, sessions)
        case Plane.MEMORY:
            return _of_memory(witness, ground, sessions)
        case Plane.STS if witness.finding.rule == RETAG:
            return _of_role(witness, ground, sessions)
    raise _no_probe(witness)


def _of_table(witness: Witness, ground: Ground, sessions: Sessions) -> Trial:
    table, index = _table(witness, ground)
    probe = probe_for(witness.finding.action, len(witness.keys), on_index=index is not None)
    if probe is None:
        raise _no_probe(witness)
    caller = sessions.of(witness.actor)
    # What takes in the whole table must find something there, or a refusal shows nothing.
    keys = witness.keys or (partition_value(table, _tenant(witness.finding.owner)),)
    spots = [_at(ground.items(table, key), index, ground) for key in keys]
    attack = Attack(caller, spots[0], spots[-1])
    return _trial(witness, ground, sessions, probe, attack)


def _at(spot: ItemSpot, index: str | None, ground: Ground) -> ItemSpot:
    found = next((i for i in spot.table.indexes if i.name == index), None)
    if found is None:
        return spot
    arn = ground.names.index_arn(spot.table, found)
    return ItemSpot(spot.table, arn, spot.partition, spot.run, found)


def _table(witness: Witness, ground: Ground) -> tuple[Table, str | None]:
    """The table that the witness names, and its index."""
    resource = witness.finding.resource
    for table in ground.names.pool.data.tables:
        arn = ground.names.table_arn(table)
        if resource == arn:
            return table, None
        kind, _, name = resource.removeprefix(f"{arn}/").partition("/")
        if resource.startswith(f"{arn}/") and kind == "index":
            # The witness's name stands for any that the policy lets in.
            known = [i.name for i in table.indexes]
            if not known:
                raise UntriedError(f"`{table.name}` has no index")
            return table, name if name in known else known[0]
    raise _no_probe(witness)


def _of_bucket(witness: Witness, ground: Ground, sessions: Sessions) -> Trial:
    bucket, key = _bucket(witness, ground)
    action = witness.finding.action
    own = object_prefix(bucket, _tenant(witness.finding.owner))
    if key is None:
        probe = bucket_probe(action, witness.prefix, own)
    else:
        probe = object_probe(action, ground.operator)
    if probe is None:
        raise _no_probe(witness)
    if key is not None and not key.startswith(own):
        raise UntriedError(f"its key isn't below `{own}`")
    rest = "" if key is None else key.removeprefix(own)
    caller = sessions.of(witness.actor)
    spot = ground.objects(bucket, own, f"/{rest}" if rest else "")
    attack = Attack(caller, spot, spot)
    if not probe.applies(attack):
        raise UntriedError(f"`{bucket.name}` keeps no versions")
    return _trial(witness, ground, sessions, probe, attack)


def _bucket(witness: Witness, ground: Ground) -> tuple[Bucket, str | None]:
    """The bucket that the witness names, and the object's key."""
    resource = witness.finding.resource
    for bucket in ground.names.pool.data.buckets:
        arn = ground.names.bucket_arn(bucket)
        if resource == arn:
            return bucket, None
        if resource.startswith(f"{arn}/"):
            return bucket, resource.removeprefix(f"{arn}/")
    raise _no_probe(witness)


def _of_memory(witness: Witness, ground: Ground, sessions: Sessions) -> Trial:
    memory = _memory(witness, ground)
    witness, user = _owned_by(witness, ground, memory)
    owner = _tenant(witness.finding.owner)
    probe = memory_probe(
        witness.finding.action,
        witness.memory,
        record_namespace(memory, owner, user),
        ground.operator,
    )
    if probe is None:
        raise _no_probe(witness)
    if probe.of_records:
        spot = ground.records(memory, probe.at)
    else:
        spot = ground.events(memory, witness.memory.actor or actor_id(memory, owner, user))
    caller = sessions.of(witness.actor)
    caller.client("bedrock-agentcore")
    return _trial(witness, ground, sessions, probe.probe, Attack(caller, spot, spot))


def _owned_by(witness: Witness, ground: Ground, memory: Memory) -> tuple[Witness, str]:
    """The witness with the owner's session as the one whose name it is, and that user."""
    pool, named, tag = ground.names.pool, witness.memory, ground.names.pool.identity.user.tag
    owner, user = _tenant(witness.finding.owner), witness.finding.owner.user
    if user is None and named.actor is not None:
        user = user_of(pool, memory.actor, named.actor, owner)
    elif user is None:
        user = user_of(pool, memory.namespace, named.namespace or named.path or "", owner)
    if user is None:
        return witness, witness.owner[tag]
    return replace(witness, owner={**witness.owner, tag: user}), user


def _memory(witness: Witness, ground: Ground) -> Memory:
    """The memory that the witness names: by its ARN as it was before an id was assigned, or is."""
    resource = witness.finding.resource
    for memory in ground.names.pool.data.memories:
        arn = ground.names.memory_arn(memory)
        if resource == arn or (memory.arn is None and resource.startswith(f"{arn}-")):
            return memory
    raise _no_probe(witness)


def _of_role(witness: Witness, ground: Ground, sessions: Sessions) -> Trial:
    role = ground.names.vending_role_arn
    # Transitive tags can't be changed, whatever the policies say; that is the vendor's doing.
    careless = sessions.of(witness.actor, careless=True)
    call = Minting(careless, role, witness.requested)
    proper = Minting(sessions.agent, role, witness.owner)
    control = Control((RETAG, *sorted(witness.owner.values())), "the agent role", proper.attempt)
    return _made(witness, call.attempt, "take the vending role again as {owner}", (control,))


def _trial(
    witness: Witness,
    ground: Ground,
    sessions: Sessions,
    probe: Probe[Spot],
    attack: Attack[Spot],
) -> Trial:
    def control(who: str, caller: Aws, spot: Spot) -> Control:
        same = Attack(caller, spot, spot)
        key = (probe.rule, witness.finding.action, who, str(id(caller)), str(spot))
        return Control(key, who, lambda: probe.attempt(same))

    if probe.control is ControlBy.OPERATOR:
        controls = [control("the operator", ground.operator, attack.other)]
    else:
        try:
            controls = [control("the owner", sessions.of(witness.owner), attack.other)]
        except NoSessionError as error:
            controls = [_impossible(error)]
    if probe.mixed and attack.own != attack.other:
        controls.append(control("the caller on the rest", attack.caller, attack.own))
    return _made(witness, lambda: probe.attempt(attack), probe.tries, tuple(controls))


def _impossible(error: NoSessionError) -> Control:
    """The control of an owner who gets no session: it always fails, and says why."""

    def attempt() -> Got:
        raise UnclearError(str(error))

    return Control(("no session", str(error)), "the owner", attempt)


def _made(
    witness: Witness, attempt: Callable[[], Got], tries: str, controls: tuple[Control, ...]
) -> Trial:
    finding, context = witness.finding, witness.finding.request.get("context", {})
    return Trial(
        rule=finding.rule,
        plane=Plane(finding.plane),
        action=finding.action,
        tries=tries,
        fix=finding.fix,
        actor=finding.actor,
        owner=finding.owner,
        resource=finding.resource,
        context=dict(context) if isinstance(context, Mapping) else {},
        attack=attempt,
        controls=controls,
    )


def _tenant(party: Party) -> Tenant:
    if party.tenant is None or party.tier is None:
        raise UntriedError("it names no owner")
    return Tenant(party.tenant, party.tier)


def _no_probe(witness: Witness) -> UntriedError:
    return UntriedError(f"nothing here carries out `{witness.finding.action}`")
