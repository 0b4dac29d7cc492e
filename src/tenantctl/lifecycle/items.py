"""Read the items to seed: a JSONL file, one object a line, each belonging to one tenant.

All of a file goes into one table. An item is stored as it is, plus its keys: the partition key is
filled from the configuration; the sort key is the item's attribute of that name, or a copy of
`item_id`, of `id`, or of the first other attribute whose name ends in `_id`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tenantctl.domain import canary, layout
from tenantctl.domain.pool import Table
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import Place, UsageError
from tenantctl.lifecycle.attribute import MAX_ITEM_BYTES, Value, attribute, parse_json, size

MAX_BYTES = 64_000_000
"""Of a file of items, which is held in memory."""

_MAX_SORT_KEY = 1024
_MAX_PARTITION_KEY = 2048


@dataclass(frozen=True, slots=True)
class Item:
    """One item, as it is to lie in its table; `key` is its sort key."""

    tenant: str
    key: str
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Reading:
    """What decides how a line becomes an item.

    `sole` is the one tenant that an item without `tenant_field` belongs to, if there is one.
    """

    table: Table
    tenants: Mapping[str, Tenant]
    tenant_field: str = layout.TENANT_FIELD
    sole: str | None = None


def load(path: Path, reading: Reading) -> tuple[Item, ...]:
    """All items of a file; raises `UsageError` for the first line that can't be one.

    Nothing is skipped: an item of a tenant that isn't being onboarded is an error too.
    """
    found: dict[tuple[str, str], tuple[int, Item]] = {}
    for number, line in _lines(path):
        item = _item(line, reading, Place(str(path), number))
        before = found.setdefault((item.tenant, item.key), (number, item))
        if before[0] != number:
            raise UsageError(
                f"the key `{item.key}` of tenant `{item.tenant}` is already on line {before[0]}",
                hint=f"`{reading.table.sort_key}` must differ within a tenant",
                place=Place(str(path), number),
            )
    return tuple(item for _, item in found.values())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"can't read `{path}`: {(error.strerror or 'unreadable').lower()}",
            hint="--items takes a file of JSON objects, one a line",
        ) from error
    if len(raw) > MAX_BYTES:
        raise UsageError(
            f"`{path}` is larger than {MAX_BYTES:,} bytes", hint="seed the items in several runs"
        )
    # Only \n ends a line of JSONL; str.splitlines would also cut at U+2028 inside a string.
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, line.decode()
        except UnicodeDecodeError as error:
            raise UsageError("not UTF-8", place=Place(str(path), number)) from error


def _item(line: str, reading: Reading, place: Place) -> Item:
    try:
        value = parse_json(line)
    except ValueError as error:
        raise UsageError(
            f"not a JSON object: {str(error)[:1].lower()}{str(error)[1:]}", place=place
        ) from error
    if not isinstance(value, dict):
        raise UsageError("not a JSON object", hint="one object a line", place=place)
    tenant = _owner(value, reading, place)
    table = reading.table
    partition = layout.partition_value(table, tenant)
    named = value.get(table.partition_key, partition)
    if table.partition_key != reading.tenant_field and named != partition:
        raise UsageError(
            f"`{table.partition_key}` is `{named}`, but `{tenant.id}` owns `{partition}`",
            hint="leave the partition key out; it is filled in",
            place=place,
        )
    key = _sort_key(value, reading, place)
    stored = value | {table.partition_key: partition, table.sort_key: key}
    try:
        # An item isn't a level of nesting of its own.
        attributes: Mapping[str, Value] = attribute(stored, depth=-1)["M"]
    except ValueError as error:
        raise UsageError(str(error), place=place) from error
    _check(attributes, table, place)
    return Item(tenant.id, key, attributes)


def _owner(value: Mapping[str, object], reading: Reading, place: Place) -> Tenant:
    named = value.get(reading.tenant_field, reading.sole)
    if named is None:
        raise UsageError(
            f"the item names no tenant: it has no `{reading.tenant_field}`",
            hint="--tenant-field names the attribute that does",
            place=place,
        )
    tenant = reading.tenants.get(named) if isinstance(named, str) else None
    if tenant is None:
        raise UsageError(
            f"the item belongs to `{named}`, which isn't being onboarded",
            hint="onboard its tenant in the same run, or take the line out",
            place=place,
        )
    return tenant


def _sort_key(value: Mapping[str, object], reading: Reading, place: Place) -> str:
    table = reading.table
    taken = {reading.tenant_field, table.partition_key}
    others = (n for n in value if n.endswith("_id") and n not in taken)
    candidates = (table.sort_key, "item_id", "id", *others)
    name = next((n for n in candidates if value.get(n) is not None), None)
    if name is None:
        raise UsageError(
            f"the item has no `{table.sort_key}`",
            hint="an item needs its sort key, or `item_id`, `id` or another `…_id`",
            place=place,
        )
    found = value[name]
    if isinstance(found, Decimal) and name != table.sort_key:
        found = str(found)
    if not isinstance(found, str) or not 0 < _bytes(found) <= _MAX_SORT_KEY:
        raise UsageError(
            f"`{name}` can't be the sort key",
            hint=f"a sort key is a string of 1 to {_MAX_SORT_KEY} bytes",
            place=place,
        )
    if found.startswith(canary.PREFIX):
        raise UsageError(
            f"the sort key `{found}` is kept for isolation checks, which sweep it away", place=place
        )
    return found


def _check(attributes: Mapping[str, Value], table: Table, place: Place) -> None:
    for index in table.indexes:
        key = attributes.get(index.sort_key)
        if key is not None and not key.get("S"):
            raise UsageError(
                f"`{index.sort_key}` must be a string with at least one character",
                hint=f"it is the sort key of the index `{index.name}`",
                place=place,
            )
    if _bytes(attributes[table.partition_key]["S"]) > _MAX_PARTITION_KEY:
        raise UsageError(f"`{table.partition_key}` is too long for a key", place=place)
    total = sum(len(name.encode()) + size(value) for name, value in attributes.items())
    if total > MAX_ITEM_BYTES:
        raise UsageError(
            f"the item has {total:,} bytes, DynamoDB admits {MAX_ITEM_BYTES:,}", place=place
        )


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
