"""Tenants and their users, and what makes an id a good one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tenantctl.domain.pool import Claim
from tenantctl.errors import UsageError

RESERVED = frozenset({"admin", "all", "default", "none", "null", "root", "shared", "system"})
"""Ids that a script, a path or a reader would take for something else than a tenant."""

# Letters, digits, spaces and `_ . : / = + - @`, at most 256 characters; never `*` or `?`.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know
# Letters are Unicode's (`\p{L}\p{Z}\p{N}` in the API's model).
TAG_VALUE = re.compile(r"[\w .:/=+\-@]{0,256}")


@dataclass(frozen=True, slots=True)
class User:
    """A person of a tenant; `sub` is Cognito's id, known once the user exists."""

    email: str
    name: str = ""
    role: str = "admin"
    sub: str | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A clinic or hospital. `attributes` are free and kept with the tenant."""

    id: str
    tier: str
    name: str = ""
    timezone: str = "UTC"
    users: tuple[User, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


def check_value(value: str, claim: Claim, what: str) -> str:
    """Return `value` if it has the declared format and can be a session tag; else refuse.

    Raises `UsageError`, naming the pattern.
    """
    if not value or TAG_VALUE.fullmatch(value) is None:
        raise UsageError(
            f"{what} `{value}` can't be a session tag value",
            hint="use 1 to 256 letters, digits, spaces and _ . : / = + - @",
        )
    if not claim.takes(value):
        raise UsageError(
            f"{what} `{value}` doesn't match the pattern of the configuration",
            hint=f"it must match `{claim.pattern}`",
        )
    return value


def check_tenant_id(value: str, claim: Claim, existing: Iterable[str] = ()) -> str:
    """Return `value` if a new tenant may bear it.

    Refused are values outside the format, reserved words, and an id that differs from one in
    `existing` only in case (people and some file systems would take the two for one).
    Raises `UsageError`.
    """
    check_value(value, claim, "tenant id")
    if value.casefold() in RESERVED:
        raise UsageError(f"tenant id `{value}` is a reserved word", hint="choose another id")
    for other in existing:
        if other != value and other.casefold() == value.casefold():
            raise UsageError(
                f"tenant id `{value}` differs from the existing `{other}` only in case",
                hint="choose an id that can't be mistaken for another",
            )
    return value
