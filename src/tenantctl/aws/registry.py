"""Read the registry: which tenants there are, with their users and how far onboarding got.

One table per pool (`Names.registry_table`, keys `pk` and `sk`, both strings):

    TENANT#<id>   META              id, tier, name, timezone, attributes (JSON), status
    TENANT#<id>   USER#<email>      email, name, role, sub, password (pending | delivered)
    TENANT#<id>   JOURNAL#<step>    see `lifecycle.journal`
    TENANT-IDS    <case-folded id>  id
    POLICIES      VERSION#, TEXT#, LOCK   see `policy.history` and `policy.lock`
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain import layout
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant, User
from tenantctl.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Record = Mapping[str, "AttributeValueTypeDef"]


class Status(StrEnum):
    """How far a tenant's onboarding got."""

    ONBOARDING = "onboarding"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the registry knows of one tenant."""

    tenant: Tenant
    status: Status
    undelivered: frozenset[str] = frozenset()
    """E-mail addresses of users whose temporary password nobody has been shown yet."""
    open_steps: tuple[str, ...] = ()
    """Journal keys of steps that began and didn't end: the run was interrupted there."""
    journal: tuple[str, ...] = ()
    """All journal keys; a run that came to its end leaves none."""


def tenants(aws: Aws, names: Names) -> tuple[Tenant, ...]:
    """All tenants by id, those whose onboarding isn't finished too."""
    return tuple(entry.tenant for entry in entries(aws, names))


def tenant(aws: Aws, names: Names, tenant_id: str) -> Tenant:
    """One tenant; raises `NotFoundError` with near misses."""
    return known(aws, names, tenant_id).tenant


def known(aws: Aws, names: Names, tenant_id: str) -> Entry:
    """What the registry knows of a tenant that must be there; raises `NotFoundError`."""
    found = entry(aws, names, tenant_id)
    if found is None:
        raise not_found(tenant_id, (t.id for t in tenants(aws, names)))
    return found


def not_found(tenant_id: str, known: Iterable[str]) -> NotFoundError:
    """The error that says that there is no such tenant, and which one may have been meant."""
    import difflib

    near = difflib.get_close_matches(tenant_id, tuple(known), n=3)
    hint = (
        "did you mean " + ", ".join(f"`{n}`" for n in near)
        if near
        else "see `tenantctl tenant list`"
    )
    return NotFoundError(f"there is no tenant `{tenant_id}`", hint=hint)


def entry(aws: Aws, names: Names, tenant_id: str) -> Entry | None:
    """What the registry knows of one tenant; `None` when it isn't there."""
    with translated(f"reading the registry entry of `{tenant_id}`"):
        pages = (
            aws.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=names.registry_table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": layout.tenant_key(tenant_id)}},
                ConsistentRead=True,
            )
        )
        records = [record for page in pages for record in page["Items"]]
    return next(iter(_entries(records)), None)


def entries(aws: Aws, names: Names) -> tuple[Entry, ...]:
    """All entries by tenant id.

    A Scan: the registry is small beside the data, and only operators may read it.
    """
    with translated("reading the registry"):
        pages = (
            aws.client("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=names.registry_table, ConsistentRead=True)
        )
        records = [record for page in pages for record in page["Items"]]
    return _entries(records)


def _entries(records: Iterable[Record]) -> tuple[Entry, ...]:
    by_tenant: dict[str, list[Record]] = {}
    for record in records:
        by_tenant.setdefault(text(record, "pk"), []).append(record)
    found = []
    for of_one in by_tenant.values():
        meta = next((r for r in of_one if text(r, "sk") == layout.META), None)
        if meta is not None:
            found.append(_entry(meta, of_one))
    return tuple(sorted(found, key=lambda e: e.tenant.id))


def _entry(meta: Record, records: Iterable[Record]) -> Entry:
    users: list[User] = []
    undelivered: set[str] = set()
    open_steps: list[str] = []
    journal: list[str] = []
    for record in records:
        sort_key = text(record, "sk")
        if sort_key.startswith(layout.USER):
            email = text(record, "email")
            users.append(
                User(
                    email=email,
                    name=text(record, "name"),
                    role=text(record, "role"),
                    sub=text(record, "sub") or None,
                )
            )
            if text(record, "password") != "delivered":
                undelivered.add(email)
        elif sort_key.startswith(layout.JOURNAL):
            journal.append(sort_key.removeprefix(layout.JOURNAL))
            if text(record, "state") != "done":
                open_steps.append(journal[-1])
    return Entry(
        tenant=Tenant(
            id=text(meta, "id"),
            tier=text(meta, "tier"),
            name=text(meta, "name"),
            timezone=text(meta, "timezone"),
            users=tuple(sorted(users, key=lambda u: u.email)),
            attributes=MappingProxyType(_attributes(meta)),
        ),
        status=Status(text(meta, "status") or Status.ONBOARDING),
        undelivered=frozenset(undelivered),
        open_steps=tuple(sorted(open_steps)),
        journal=tuple(sorted(journal)),
    )


def _attributes(meta: Record) -> dict[str, Any]:
    read = json.loads(text(meta, "attributes") or "{}")
    return read if isinstance(read, dict) else {}


def attributes_json(of: Tenant) -> str:
    """A tenant's free attributes as they are kept: JSON with sorted keys, dates as text."""
    return json.dumps(dict(of.attributes), sort_keys=True, ensure_ascii=False, default=str)


def text(record: Record, name: str) -> str:
    """A string attribute; empty where it is absent."""
    return record.get(name, {}).get("S", "")


def registered_as(aws: Aws, names: Names, tenant_id: str) -> str | None:
    """The registered id that equals `tenant_id` but for case; `None` when there is none."""
    with translated(f"looking for ids like `{tenant_id}`"):
        answer = aws.client("dynamodb").get_item(
            TableName=names.registry_table,
            Key={"pk": {"S": layout.IDS}, "sk": {"S": tenant_id.casefold()}},
            ConsistentRead=True,
        )
    return text(answer.get("Item", {}), "id") or None
