"""Where canaries of tenants that nobody knows may lie, kept in the registry while they do.

Canaries in tenants' own places are found again by the tenants' names. A witness of a proof may
name any tenant: its places are written down before anything is planted there, and struck out
when they have been swept, by this run or, if it was killed, by the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenantctl.aws.failures import translated
from tenantctl.aws.memories import located
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Prefixes, Run
from tenantctl.domain.layout import CANARIES, canary_key
from tenantctl.domain.names import Names
from tenantctl.errors import AwsError
from tenantctl.probes.canaries import sweep_items, sweep_objects
from tenantctl.probes.memory.canaries import sweep_events, sweep_records
from tenantctl.probes.probe import ItemSpot, MemorySpot, ObjectSpot

_ANY_RUN = Run("")
"""Sweeps go by name, whichever run it was."""


class Kind(StrEnum):
    """What lies at a place."""

    ITEMS = "items"
    OBJECTS = "objects"
    EVENTS = "events"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Place:
    """A partition of a table, a prefix of a bucket, an actor or a namespace of a memory.

    `name` is the table's, the bucket's or the memory's.
    """

    kind: Kind
    name: str
    at: str

    @property
    def _key(self) -> dict[str, Any]:
        return {"pk": {"S": CANARIES}, "sk": {"S": canary_key(self.kind, self.name, self.at)}}

    def note(self, aws: Aws, names: Names) -> None:
        """Write it down; raises `AwsError`."""
        held = {"kind": self.kind, "name": self.name, "at": self.at}
        item = self._key | {key: {"S": str(value)} for key, value in held.items()}
        with translated(f"noting canaries in `{names.registry_table}`"):
            aws.client("dynamodb").put_item(TableName=names.registry_table, Item=item)

    def strike(self, aws: Aws, names: Names) -> None:
        """Strike it out; raises `AwsError`."""
        with translated(f"striking canaries from `{names.registry_table}`"):
            aws.client("dynamodb").delete_item(TableName=names.registry_table, Key=self._key)

    def sweep(self, aws: Aws, names: Names) -> bool:
        """Delete every canary there; `False` when the configuration knows the place no more.

        Raises `AwsError`.
        """
        data = names.pool.data
        if self.kind in {Kind.EVENTS, Kind.RECORDS}:
            return self._sweep_memory(aws, names)
        if self.kind is Kind.ITEMS:
            tables = [t for t in data.tables if t.name == self.name]
            sweep_items(aws, [ItemSpot(t, names.table_arn(t), self.at, _ANY_RUN) for t in tables])
            return bool(tables)
        buckets = [b for b in data.buckets if b.name == self.name]
        prefixes = Prefixes(self.at, None, None)
        sweep_objects(aws, [ObjectSpot(b, names, prefixes, _ANY_RUN) for b in buckets])
        return bool(buckets)

    def _sweep_memory(self, aws: Aws, names: Names) -> bool:
        arn = located(aws, names).get(self.name)
        memory = next((m for m in names.pool.data.memories if m.name == self.name), None)
        if memory is None or arn is None:
            return False
        spot = MemorySpot(memory, arn, self.at, Prefixes(self.at, None, None), _ANY_RUN)
        (sweep_events if self.kind is Kind.EVENTS else sweep_records)(aws, spot)
        return True


def noted(aws: Aws, names: Names) -> tuple[Place, ...]:
    """What is written down; raises `AwsError`."""
    with translated(f"reading the canaries of `{names.registry_table}`"):
        pages = (
            aws.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=names.registry_table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": CANARIES}},
                ConsistentRead=True,
            )
        )
        items: list[Any] = [item for page in pages for item in page["Items"]]
    return tuple(Place(Kind(i["kind"]["S"]), i["name"]["S"], i["at"]["S"]) for i in items)


def swept(aws: Aws, names: Names, places: Iterable[Place]) -> list[str]:
    """Sweep places and strike them out; what couldn't be swept, in words."""
    left = []
    for place in places:
        try:
            if place.sweep(aws, names):
                place.strike(aws, names)
            else:
                left.append(
                    f"canaries may lie at `{place.at}` of `{place.name}`, which the configuration "
                    "doesn't name any more"
                )
        except AwsError as error:
            left.append(f"canaries may be left behind: {error.message}")
    return left


def swept_all(aws: Aws, names: Names) -> list[str]:
    """Sweep what a killed run has left; what couldn't be swept, in words."""
    try:
        return swept(aws, names, noted(aws, names))
    except AwsError as error:
        return [f"canaries of a killed run may be left: {error.message}"]
