"""The stage of a run: a session for every party, this run's canaries in place, and gone after.

What can't be put in place becomes an inconclusive finding; the rest of the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Run, phantom
from tenantctl.domain.finding import Finding, Outcome, Party
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Memory, Table
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import AwsError, TenantctlError, UsageError
from tenantctl.probes.at_once import each
from tenantctl.probes.bind import Duel, item_spot, memory_spot, object_spot
from tenantctl.probes.canaries import plant_items, plant_object, sweep_items, sweep_objects
from tenantctl.probes.memory.canaries import plant as plant_memory
from tenantctl.probes.memory.canaries import sweep as sweep_memory
from tenantctl.probes.pairs import Pair
from tenantctl.probes.parties import Side, side, user_id, warm
from tenantctl.probes.probe import ItemSpot, MemorySpot, ObjectSpot, Plane


@dataclass(frozen=True, slots=True)
class Stage:
    """What trials need. `problems` grows while it is set, `leftovers` when it is struck.

    `held` are the ARNs of the memories that are tried, by their names.
    """

    operator: Aws
    agent: Aws
    names: Names
    run: Run
    jobs: int
    tenants: tuple[Tenant, ...]
    planes: frozenset[Plane]
    held: Mapping[str, str] = field(default_factory=dict)
    sides: dict[str, Side] = field(default_factory=dict)
    items: dict[tuple[str, str], ItemSpot] = field(default_factory=dict)
    objects: dict[tuple[str, str], ObjectSpot] = field(default_factory=dict)
    memories: dict[tuple[str, str], MemorySpot] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    def duel(self, pair: Pair) -> Duel | None:
        """The parties of a pair; `None` when one of them got no session."""
        actor, owner = self.sides.get(pair.actor.id), self.sides.get(pair.owner.id)
        return None if actor is None or owner is None else Duel(self.operator, actor, owner)

    def item_spots(self, actor: str, owner: str) -> Iterator[tuple[ItemSpot, ItemSpot]]:
        """Actor's and owner's partition of each table that holds canaries of both."""
        for table in self.names.pool.data.tables:
            own, other = self.items.get((table.name, actor)), self.items.get((table.name, owner))
            if own is not None and other is not None:
                yield own, other

    def object_spots(self, actor: str, owner: str) -> Iterator[tuple[ObjectSpot, ObjectSpot]]:
        """Actor's and owner's prefix of each bucket that holds canaries of both."""
        for bucket in self.names.pool.data.buckets:
            own = self.objects.get((bucket.name, actor))
            other = self.objects.get((bucket.name, owner))
            if own is not None and other is not None:
                yield own, other

    def memory_spots(self, actor: str, owner: str) -> Iterator[tuple[MemorySpot, MemorySpot]]:
        """Actor's and owner's part of each memory that holds canaries of both."""
        for memory in self.names.pool.data.memories:
            own = self.memories.get((memory.name, actor))
            other = self.memories.get((memory.name, owner))
            if own is not None and other is not None:
                yield own, other

    def problem(self, rule: str, plane: Plane, message: str, resource: str) -> None:
        """Note what could not be put in place."""
        self.problems.append(unready(rule, plane, message, resource))


@contextmanager
def staged(  # noqa: PLR0913 - what a run is made of
    operator: Aws,
    agent: Aws,
    names: Names,
    pairs: Sequence[Pair],
    *,
    run: Run,
    jobs: int,
    planes: frozenset[Plane],
    held: Mapping[str, str],
) -> Iterator[Stage]:
    """Set the stage, and strike it after, also on Ctrl-C."""
    tenants = {t.id: t for pair in pairs for t in (pair.actor, pair.owner)}
    stage = Stage(operator, agent, names, run, jobs, tuple(tenants.values()), planes, held)
    warm(operator)
    operator.client("sts")
    if held:
        operator.client("bedrock-agentcore")
    _vend(stage)
    swept = (*stage.tenants, *_phantoms(names, tenants))
    _sweep(stage, swept)
    try:
        _plant(stage)
        yield stage
    finally:
        stage.leftovers.extend(_sweep(stage, swept))


def unready(rule: str, plane: Plane, message: str, resource: str) -> Finding:
    """An inconclusive finding about the verification itself."""
    nobody = Party(None, None)
    return Finding(
        rule=rule,
        plane=plane,
        action="",
        outcome=Outcome.INCONCLUSIVE,
        resource=resource,
        actor=nobody,
        owner=nobody,
        message=message,
    )


def _vend(stage: Stage) -> None:
    claim = stage.names.pool.identity.user
    for tenant in stage.tenants:
        try:
            user = user_id(tenant, claim, stage.tenants)
            made = stage.sides[tenant.id] = side(stage.agent, stage.names, tenant, user)
            if stage.held:
                made.aws.client("bedrock-agentcore")
        except TenantctlError as error:
            said = f"`{tenant.id}` gets no session, so nothing is tried with it: {error.message}"
            stage.problem("STS-VEND", Plane.STS, said, stage.names.vending_role_arn)


def _plant(stage: Stage) -> None:
    data = stage.names.pool.data
    ready = [t for t in stage.tenants if t.id in stage.sides]
    for table in data.tables if Plane.DYNAMODB in stage.planes else ():
        spots = {t.id: item_spot(stage.names, table, t, stage.run) for t in ready}
        try:
            plant_items(stage.operator, spots.values())
        except AwsError as error:
            arn = stage.names.table_arn(table)
            stage.problem("DDB-CANARY", Plane.DYNAMODB, error.message, arn)
            continue
        stage.items.update({(table.name, tenant): spot for tenant, spot in spots.items()})
    for bucket in data.buckets if Plane.S3 in stage.planes else ():
        _plant_bucket(stage, bucket, ready)
    for memory in data.memories:
        if memory.name in stage.held:
            _plant_memory(stage, memory, ready)


def _plant_bucket(stage: Stage, bucket: Bucket, tenants: Iterable[Tenant]) -> None:
    spots = [(t.id, object_spot(stage.names, bucket, t, stage.run)) for t in tenants]

    def plant(spot: ObjectSpot) -> ObjectSpot:
        return replace(spot, version=plant_object(stage.operator, spot))

    try:
        planted = each(plant, [spot for _, spot in spots], jobs=stage.jobs)
    except AwsError as error:
        stage.problem("S3-CANARY", Plane.S3, error.message, stage.names.bucket_arn(bucket))
        return
    for (tenant, _), spot in zip(spots, planted, strict=True):
        stage.objects[bucket.name, tenant] = spot


def _plant_memory(stage: Stage, memory: Memory, tenants: Iterable[Tenant]) -> None:
    arn = stage.held[memory.name]
    users = [(t, stage.sides[t.id].user) for t in tenants]
    spots = [memory_spot(memory, arn, tenant, user, stage.run) for tenant, user in users]
    try:
        planted = each(lambda spot: plant_memory(stage.operator, spot), spots, jobs=stage.jobs)
    except AwsError as error:
        stage.problem("MEM-CANARY", Plane.MEMORY, error.message, arn)
        return
    for (tenant, _), spot in zip(users, planted, strict=True):
        stage.memories[memory.name, tenant.id] = spot


def _memory_spots(stage: Stage, memory: Memory, tenants: Sequence[Tenant]) -> Iterator[MemorySpot]:
    """Where canaries of these tenants may lie; those without any user have none."""
    claim = stage.names.pool.identity.user
    for tenant in tenants:
        try:
            user = user_id(tenant, claim, stage.tenants)
        except UsageError:
            continue
        yield memory_spot(memory, stage.held[memory.name], tenant, user, stage.run)


def _sweep(stage: Stage, tenants: Sequence[Tenant]) -> list[str]:
    """Sweep every table, bucket and memory; what couldn't be swept, in words."""
    data, names = stage.names.pool.data, stage.names

    def of_table(table: Table) -> None:
        sweep_items(stage.operator, [item_spot(names, table, t, stage.run) for t in tenants])

    def of_bucket(bucket: Bucket) -> None:
        spots = [object_spot(names, bucket, t, stage.run) for t in tenants]
        each(lambda spot: sweep_objects(stage.operator, [spot]), spots, jobs=stage.jobs)

    def of_memory(memory: Memory) -> None:
        spots = list(_memory_spots(stage, memory, tenants))
        each(lambda spot: sweep_memory(stage.operator, spot), spots, jobs=stage.jobs)

    tasks: list[Callable[[], None]] = [
        lambda memory=memory: of_memory(memory)  # type: ignore[misc]
        for memory in data.memories
        if memory.name in stage.held
    ]
    if stage.planes & {Plane.DYNAMODB, Plane.GATEWAY}:
        tasks += [lambda table=table: of_table(table) for table in data.tables]  # type: ignore[misc]
    if stage.planes & {Plane.S3, Plane.GATEWAY, Plane.KNOWLEDGE}:
        tasks += [lambda bucket=bucket: of_bucket(bucket) for bucket in data.buckets]  # type: ignore[misc]
    left = []
    for task in tasks:
        try:
            task()
        except AwsError as error:
            left.append(f"canaries may be left behind: {error.message}")
    return left


def _phantoms(names: Names, taken: Iterable[str]) -> tuple[Tenant, ...]:
    """Where a killed run may have left canaries of tenants that don't exist."""
    claim, known = names.pool.identity.tenant, set(taken)
    made = (phantom(n, tier, claim, ()) for n, tier in enumerate(sorted(names.pool.tiers)))
    return tuple(t for t in made if t is not None and t.id not in known)
