"""Read a tenant manifest: YAML (or JSON), JSONL or CSV, told apart by the file's suffix.

YAML holds `version: 1` and a list `tenants`; a line of JSONL and a row of CSV is one tenant with
the same fields, see `manifest_rows`.
"""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tenantctl.domain.manifest_rows import csv_rows, jsonl
from tenantctl.domain.pool import Pool
from tenantctl.domain.service_names import check_actors
from tenantctl.domain.tenant import Tenant, User, check_tenant_id
from tenantctl.domain.yaml_nodes import Listing, Node, compose, read_text
from tenantctl.domain.yaml_shape import Shape, Source, Step, listed, near_miss, shown
from tenantctl.errors import ConfigError, Place, UsageError

MAX_BYTES = 64_000_000
HINT = "a manifest is YAML, .jsonl or .csv; examples/clinics.yaml shows one"

# Cognito takes what looks like an address; 254 characters is SMTP's limit.
# https://www.rfc-editor.org/errata/eid1690
Email = Annotated[
    str,
    Meta(
        pattern=r"^[^@\s,;:<>\"()\[\]\\]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
        max_length=254,
        description="an e-mail address",
    ),
]
Line = Annotated[str, Meta(max_length=256, description="at most 256 characters on one line")]
Role = Annotated[
    str, Meta(min_length=1, max_length=64, description="a role's name, 1 to 64 characters")
]
TenantId = Annotated[str, Meta(min_length=1, max_length=256, description="a tenant's id")]
Zone = Annotated[
    str, Meta(min_length=1, max_length=64, description="a time zone like America/New_York")
]


class UserEntry(Shape, frozen=True):
    """A person who signs in."""

    email: Email
    name: Line = ""
    role: Role = "admin"


class TenantEntry(Shape, frozen=True):
    """A clinic or hospital."""

    id: TenantId
    tier: Annotated[str, Meta(min_length=1, max_length=32, description="a tier's name")]
    name: Line = ""
    timezone: Zone = "UTC"
    users: tuple[UserEntry, ...] = ()
    attributes: dict[str, object] = msgspec.field(default_factory=dict)


class File(Shape, frozen=True):
    """The tenants to onboard."""

    version: Annotated[Literal[1], Meta(description="1, the format's version")]
    tenants: Annotated[
        tuple[TenantEntry, ...], Meta(min_length=1, description="at least one tenant")
    ]


_FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(TenantEntry))
_ROWS: Mapping[str, Callable[[str, str], Iterator[Node]]] = {
    ".jsonl": jsonl,
    ".ndjson": jsonl,
    ".csv": partial(csv_rows, columns=_FIELDS),
}


def load(path: Path, pool: Pool | None = None) -> tuple[Tenant, ...]:
    """The tenants in the file, in order; with `pool`, checked against it as `check` does.

    Raises `ConfigError` with file, line and key.
    """
    text, file = read_text(path, limit=MAX_BYTES, hint=HINT), str(path)
    at: tuple[Step, ...] = ()
    if path.suffix.casefold() in _ROWS:
        rows = _ROWS[path.suffix.casefold()](text, file)
        source = Source(file, Listing(tuple(rows), 1), rows=True)
        entries = source.value(source.root, tuple[TenantEntry, ...], at)
    else:
        root = compose(text, file)
        if root is None:
            raise ConfigError("the file is empty", place=Place(file), hint=HINT)
        source, at = Source(file, root), ("tenants",)
        entries = source.read(File).tenants
    if not entries:
        raise ConfigError("the file holds no tenant", place=Place(file), hint=HINT)
    _unique(source, entries, at)
    tenants = tuple(_tenant(source, e, (*at, i)) for i, e in enumerate(entries))
    if pool is not None:
        check(tenants, pool, places=[source.place(*at, i) for i in range(len(tenants))])
    return tenants


def check(tenants: Sequence[Tenant], pool: Pool, *, places: Sequence[Place] = ()) -> None:
    """Refuse tenants that the pool can't take: unknown tiers, bad or reserved ids.

    `places` say where each tenant is written. Raises `ConfigError`.
    """
    for number, tenant in enumerate(tenants):
        place = places[number] if places else None
        if tenant.tier not in pool.tiers:
            message = f"tenant {shown(tenant.id)}: unknown tier {shown(tenant.tier)}"
            hint = near_miss(tenant.tier, pool.tiers)
            tiers = f"the configuration has {listed(pool.tiers)}"
            raise ConfigError(message, place=place, hint=f"{hint} {tiers}" if hint else tiers)
        try:
            check_tenant_id(tenant.id, pool.identity.tenant)
            check_actors(pool, tenant)
        except UsageError as error:
            raise ConfigError(error.message, place=place, hint=error.hint) from error


def _tenant(source: Source, entry: TenantEntry, at: tuple[Step, ...]) -> Tenant:
    try:
        zoneinfo.ZoneInfo(entry.timezone)
    except (KeyError, ValueError, OSError) as error:
        # Directories of the database (`America`) are an OSError, `../x` is a ValueError.
        hint = near_miss(entry.timezone, zoneinfo.available_timezones())
        message = f"unknown time zone {shown(entry.timezone)}"
        hint = hint or "use a name like Europe/Berlin"
        raise source.error(message, *at, "timezone", hint=hint) from error
    try:
        json.dumps(entry.attributes, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise source.error("holds half a surrogate pair", *at, "attributes") from error
    return Tenant(
        id=entry.id,
        tier=entry.tier,
        name=entry.name,
        timezone=entry.timezone,
        users=tuple(User(email=u.email, name=u.name, role=u.role) for u in entry.users),
        attributes=MappingProxyType(entry.attributes),
    )


def _unique(source: Source, entries: Sequence[TenantEntry], at: tuple[Step, ...]) -> None:
    """Ids and e-mails are each used once, whatever their case."""
    ids: dict[str, tuple[str, tuple[Step, ...]]] = {}
    emails: dict[str, tuple[Step, ...]] = {}
    for i, entry in enumerate(entries):
        path = (*at, i, "id")
        if (known := ids.get(entry.id.casefold())) is not None:
            line = source.place(*known[1]).line
            message = f"tenant id {shown(entry.id)} occurs again, first on line {line}"
            if known[0] != entry.id:
                message = f"tenant id {shown(entry.id)} differs only in case from line {line}'s"
            raise source.error(message, *path)
        ids[entry.id.casefold()] = (entry.id, path)
        for j, user in enumerate(entry.users):
            path = (*at, i, "users", j, "email")
            if (first := emails.get(user.email.casefold())) is not None:
                line = source.place(*first).line
                message = f"e-mail {shown(user.email)} occurs again, first on line {line}"
                raise source.error(message, *path, hint="a person belongs to one tenant")
            emails[user.email.casefold()] = path
