"""The places that witnesses name: nobody's, written down, with canaries in them, swept after.

A witness speaks of tenants that needn't exist, and a policy's own texts may stand in it. So each
place is looked at before anything is planted: one that an onboarded tenant may own, or that
holds anything but canaries, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tenantctl.aws.failures import translated
from tenantctl.aws.memories import located
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Prefixes, Run
from tenantctl.domain.layout import object_prefix, partition_value
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Memory, Table
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import AwsError, TenantctlError
from tenantctl.probes.canaries import plant_items, plant_object
from tenantctl.probes.ledger import Kind, Place, swept, swept_all
from tenantctl.probes.memory.canaries import (
    holds_events,
    holds_records,
    plant_event,
    plant_record,
)
from tenantctl.probes.memory.collide import owner_of
from tenantctl.probes.probe import ItemSpot, MemorySpot, ObjectSpot
from tenantctl.probes.witness.witness import UntriedError


@dataclass(frozen=True, slots=True)
class Ground:
    """What is prepared for a run; places are claimed as witnesses ask for them.

    `noted` are the places with canaries; `leftovers` says, when it is over, what couldn't be swept.
    """

    operator: Aws
    names: Names
    tenants: tuple[Tenant, ...]
    run: Run
    leftovers: list[str] = field(default_factory=list)
    noted: list[Place] = field(default_factory=list)
    _claimed: dict[Place, str | None] = field(default_factory=dict)
    _objects: dict[tuple[Place, str], ObjectSpot] = field(default_factory=dict)
    _memories: dict[Place, MemorySpot] = field(default_factory=dict)
    _held: dict[str, str] = field(default_factory=dict)

    def items(self, table: Table, partition: str) -> ItemSpot:
        """A partition with canaries; raises `UntriedError` where there may be anything else."""
        spot = ItemSpot(table, self.names.table_arn(table), partition, self.run)
        self._claim(
            Place(Kind.ITEMS, table.name, partition),
            owned=lambda t: partition_value(table, t) == partition,
            holds=lambda: _items(self.operator, spot),
            plant=lambda: plant_items(self.operator, [spot]),
        )
        return spot

    def objects(self, bucket: Bucket, prefix: str, tail: str) -> ObjectSpot:
        """A prefix with a canary whose key has that end; raises `UntriedError` likewise."""
        place = Place(Kind.OBJECTS, bucket.name, prefix)
        spot = ObjectSpot(bucket, self.names, Prefixes(prefix, None, None), self.run, tail=tail)

        def owned(tenant: Tenant) -> bool:
            theirs = object_prefix(bucket, tenant)
            return theirs.startswith(prefix) or prefix.startswith(theirs)

        self._claim(place, owned, lambda: _objects(self.operator, spot), lambda: None)
        if (place, tail) not in self._objects:
            try:
                version = plant_object(self.operator, spot)
            except AwsError as error:
                raise UntriedError(error.message) from error
            self._objects[place, tail] = replace(spot, version=version)
        return self._objects[place, tail]

    def events(self, memory: Memory, actor: str) -> MemorySpot:
        """An actor of a memory with a canary event; raises `UntriedError` likewise."""
        spot = self._in_memory(memory, actor)
        return self._remembered(
            Place(Kind.EVENTS, memory.name, actor),
            lambda: self._owner(memory.actor, actor),
            lambda: holds_events(self.operator, spot),
            lambda: plant_event(self.operator, spot),
        )

    def records(self, memory: Memory, namespace: str) -> MemorySpot:
        """A namespace of a memory with a canary record; raises `UntriedError` likewise."""
        spot = self._in_memory(memory, namespace)
        return self._remembered(
            Place(Kind.RECORDS, memory.name, namespace),
            lambda: self._owner(memory.namespace, namespace),
            lambda: holds_records(self.operator, spot),
            lambda: plant_record(self.operator, spot),
        )

    def _in_memory(self, memory: Memory, at: str) -> MemorySpot:
        if not self._held:
            try:
                self._held.update(located(self.operator, self.names))
            except TenantctlError as error:
                raise UntriedError(error.message) from error
        arn = self._held.get(memory.name)
        if arn is None:
            raise UntriedError(f"there is no memory `{memory.name}`")
        return MemorySpot(memory, arn, at, Prefixes(at, None, None), self.run)

    def _owner(self, template: Template, text: str) -> Tenant | None:
        return owner_of(self.names.pool, template, text, self.tenants)

    def _remembered(
        self,
        place: Place,
        owner: Callable[[], Tenant | None],
        holds: Callable[[], bool],
        plant: Callable[[], MemorySpot],
    ) -> MemorySpot:
        def planted() -> None:
            self._memories[place] = plant()

        found = owner()
        self._claim(place, lambda tenant: tenant == found, holds, planted)
        return self._memories[place]

    def _claim(
        self,
        place: Place,
        owned: Callable[[Tenant], bool],
        holds: Callable[[], bool],
        plant: Callable[[], None],
    ) -> None:
        if place not in self._claimed:
            self._claimed[place] = self._refusal(place, owned, holds, plant)
        why = self._claimed[place]
        if why is not None:
            raise UntriedError(why)

    def _refusal(
        self,
        place: Place,
        owned: Callable[[Tenant], bool],
        holds: Callable[[], bool],
        plant: Callable[[], None],
    ) -> str | None:
        """Why a place can't be had; else it is planted."""
        owner = next((t for t in self.tenants if owned(t)), None)
        if owner is not None:
            return f"`{place.at}` of `{place.name}` is of the tenant `{owner.id}`"
        try:
            if holds():
                return f"`{place.at}` of `{place.name}` holds data already"
            self.noted.append(place)
            place.note(self.operator, self.names)
            plant()
        except AwsError as error:
            return error.message
        return None


@contextmanager
def ground(operator: Aws, names: Names, tenants: tuple[Tenant, ...], run: Run) -> Iterator[Ground]:
    """Sweep what a killed run left, let places be claimed, and sweep them after; on Ctrl-C, too."""
    made = Ground(operator, names, tenants, run)
    made.leftovers.extend(swept_all(operator, names))
    try:
        yield made
    finally:
        made.leftovers.extend(swept(operator, names, made.noted))


def _items(aws: Aws, spot: ItemSpot) -> bool:
    """Whether a partition holds anything."""
    with translated(f"looking into `{spot.partition}` of table `{spot.table.name}`"):
        found = aws.client("dynamodb").query(
            TableName=spot.name,
            KeyConditionExpression="#pk = :pk",
            ExpressionAttributeNames={"#pk": spot.table.partition_key},
            ExpressionAttributeValues={":pk": {"S": spot.partition}},
            ConsistentRead=True,
            Limit=1,
        )
    return found["Count"] > 0


def _objects(aws: Aws, spot: ObjectSpot) -> bool:
    """Whether anything lies below a prefix, be it deleted versions."""
    prefix = spot.prefixes.own
    with translated(f"looking below `{prefix}` of bucket `{spot.bucket.name}`"):
        found = aws.client("s3").list_object_versions(
            Bucket=spot.bucket.name, Prefix=prefix, MaxKeys=1
        )
    return bool(found.get("Versions") or found.get("DeleteMarkers"))
