"""What the pool's tables must be: the registry, and those of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from tenantctl.domain.names import Names
from tenantctl.pool.ownership import Tags

KIND = "table"


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What a table must be; key attributes are strings. `indexes` are (name, sort key)."""

    name: str
    partition: str
    sort: str
    tags: Tags
    indexes: tuple[tuple[str, str], ...] = ()

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{KIND} `{self.name}`"

    def keys(self, sort: str | None = None) -> list[dict[str, str]]:
        """A key schema; indexes have the table's partition key."""
        return [
            {"AttributeName": self.partition, "KeyType": "HASH"},
            {"AttributeName": sort or self.sort, "KeyType": "RANGE"},
        ]

    def attributes(self) -> list[dict[str, str]]:
        """The key attributes' definitions."""
        named = dict.fromkeys((self.partition, self.sort, *(sort for _, sort in self.indexes)))
        return [{"AttributeName": name, "AttributeType": "S"} for name in named]

    def index(self, name: str, sort: str) -> dict[str, object]:
        """An index's definition; it carries whole items."""
        return {
            "IndexName": name,
            "KeySchema": self.keys(sort),
            "Projection": {"ProjectionType": "ALL"},
        }


def specs(names: Names) -> tuple[TableSpec, ...]:
    """The tables that the pool owns: the registry and those of the configuration."""
    return (
        TableSpec(names.registry_table, "pk", "sk", names.tags),
        *(
            TableSpec(
                table.name,
                table.partition_key,
                table.sort_key,
                names.tags,
                tuple((index.name, index.sort_key) for index in table.indexes),
            )
            for table in names.pool.data.tables
            if names.manages(table)
        ),
    )
