"""What onboarding is asked for: tenants with their users, items and documents, all checked.

Everything is read and checked before the first call to a cloud, so bad input changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantctl.domain import layout
from tenantctl.domain.manifest import Email, check
from tenantctl.domain.pool import Bucket, Pool, Table
from tenantctl.domain.tenant import Tenant, check_tenant_id
from tenantctl.errors import ConflictError, UsageError
from tenantctl.lifecycle import documents, items
from tenantctl.lifecycle.documents import Document, Found
from tenantctl.lifecycle.items import Item, Reading

ALL_FIELDS = frozenset({"name", "timezone", "attributes"})
"""What may be given of a tenant besides its tier and users."""

_MAX_NAME = 256
_MAX_USERNAME = 128
"""https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One tenant as it shall be. Only the fields in `given` are compared with what exists."""

    tenant: Tenant
    given: frozenset[str] = ALL_FIELDS
    items: tuple[Item, ...] = ()
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """All that one run brings. `skipped` says what was left out of the documents, and why."""

    tenants: tuple[Wanted, ...]
    table: Table | None = None
    bucket: Bucket | None = None
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a run's data is read from; `table` names another than the configuration's first."""

    items: Path | None = None
    documents: Path | None = None
    tenant_field: str = layout.TENANT_FIELD
    table: str | None = None


def one(pool: Pool, tenant: Tenant, sources: Sources, given: frozenset[str]) -> Intake:
    """A single tenant: items may leave its id out, documents may lie right in the directory."""
    _check(pool, (tenant,))
    table, bucket = _table(pool, sources), _bucket(pool, sources)
    read: tuple[Item, ...] = ()
    if sources.items is not None and table is not None:
        read = items.load(
            sources.items, Reading(table, {tenant.id: tenant}, sources.tenant_field, tenant.id)
        )
    found = Found()
    if sources.documents is not None and bucket is not None:
        found = documents.load_one(sources.documents, tenant, bucket)
    wanted = Wanted(tenant, given, read, found.documents)
    return Intake((wanted,), table, bucket, found.skipped)


def several(pool: Pool, tenants: Sequence[Tenant], sources: Sources) -> Intake:
    """The tenants of a manifest, with the data that its run brings."""
    _check(pool, tenants)
    table, bucket = _table(pool, sources), _bucket(pool, sources)
    read: tuple[Item, ...] = ()
    if sources.items is not None and table is not None:
        by_id = {tenant.id: tenant for tenant in tenants}
        read = items.load(sources.items, Reading(table, by_id, sources.tenant_field))
    found = Found()
    if sources.documents is not None and bucket is not None:
        found = documents.load_all(sources.documents, tenants, bucket)
    wanted = (
        Wanted(
            tenant,
            items=tuple(i for i in read if i.tenant == tenant.id),
            documents=tuple(d for d in found.documents if d.tenant == tenant.id),
        )
        for tenant in tenants
    )
    return Intake(tuple(wanted), table, bucket, found.skipped)


def _check(pool: Pool, tenants: Sequence[Tenant]) -> None:
    check(tenants, pool)
    owners: dict[str, str] = {}
    for tenant in tenants:
        check_tenant_id(tenant.id, pool.identity.tenant, (t.id for t in tenants))
        _check_zone(tenant.timezone)
        if not tenant.name.isprintable() or len(tenant.name) > _MAX_NAME:
            hint = f"use at most {_MAX_NAME} characters on one line"
            raise UsageError(f"the name of `{tenant.id}` can't be shown", hint=hint)
        for user in tenant.users:
            _check_email(user.email)
            owner = owners.setdefault(user.email.casefold(), tenant.id)
            if owner != tenant.id:
                raise ConflictError(f"`{user.email}` is a user of `{owner}` and of `{tenant.id}`")


def _check_zone(name: str) -> None:
    import zoneinfo

    # `localtime` is in the list where the machine has such a file, and means another zone on each.
    if name not in zoneinfo.available_timezones() - {"localtime", "Factory"}:
        raise UsageError(f"unknown time zone `{name}`", hint="use a name like Europe/Berlin")


def _check_email(address: str) -> None:
    import msgspec

    hint = f"an address of at most {_MAX_USERNAME} characters, such as `jo@clinic.example`"
    try:
        msgspec.convert(address, Email)
    except msgspec.ValidationError as error:
        raise UsageError(f"`{address}` is no e-mail address", hint=hint) from error
    if len(address) > _MAX_USERNAME:
        raise UsageError(f"`{address}` is too long", hint=hint)
    if not address.isprintable():
        # A mark that turns the direction of writing would show another address than this.
        raise UsageError(f"`{address}` is no e-mail address: it can't be shown", hint=hint)


def _table(pool: Pool, sources: Sources) -> Table | None:
    if sources.items is None:
        return None
    if not pool.data.tables:
        raise UsageError("there is no table for the items", hint="declare one in `data.tables`")
    by_name = {table.name: table for table in pool.data.tables}
    if sources.table is None:
        return pool.data.tables[0]
    if sources.table not in by_name:
        raise UsageError(f"unknown table `{sources.table}`", hint=f"use one of {_listed(by_name)}")
    return by_name[sources.table]


def _bucket(pool: Pool, sources: Sources) -> Bucket | None:
    if sources.documents is None:
        return None
    if not pool.data.buckets:
        raise UsageError("there is no bucket for documents", hint="declare one in `data.buckets`")
    return pool.data.buckets[0]


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "(none)"
