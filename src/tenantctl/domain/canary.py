"""What verification leaves in the cloud while it runs, all of it found again by its name.

A write probe only ever aims at keys that begin with `PREFIX`, so real data can't be touched; a
run that was killed leaves nothing that the next one wouldn't find and sweep away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tenantctl.domain.pool import Bucket, Claim, Memory
from tenantctl.domain.template import Template, Variable
from tenantctl.domain.tenant import TAG_VALUE, Tenant

PREFIX = "tenantctl-canary-"
"""Starts every canary's sort key, object name (below the tenant's prefix), session and user."""

MARK = "tenantctl_canary"
"""The attribute of a canary item that holds the run which wrote it."""

_PHANTOM = "tenantctl-phantom"


@dataclass(frozen=True, slots=True)
class Run:
    """One verification; `id` is a short random word, so that runs don't meet."""

    id: str

    def sort_key(self, what: str) -> str:
        """The sort key of a canary item."""
        return f"{PREFIX}{self.id}-{what}"

    def object_key(self, prefix: str, what: str) -> str:
        """The key of a canary object below a tenant's prefix."""
        return f"{prefix}{PREFIX}{self.id}/{what}"

    def session_id(self, what: str) -> str:
        """The id of a canary session of an actor."""
        return f"{PREFIX}{self.id}-{what}"

    def email(self, what: str) -> str:
        """The user name of a canary user; `.invalid` never takes mail (RFC 2606)."""
        return f"{PREFIX}{self.id}-{what}@example.invalid"

    @property
    def client_name(self) -> str:
        """The name of a canary app client."""
        return f"{PREFIX}{self.id}"


@dataclass(frozen=True, slots=True)
class Prefixes:
    """A tenant's prefix in a bucket, and the shorter ones that would list its neighbours too.

    Or its user's namespace in a memory, which is a path in the same way.

    For `basic-tier/clinic-1/`: `stem` is `basic-tier/clinic-1` (lists `clinic-10`), `parent` is
    `basic-tier/` (lists the tier). Either is `None` where the layout has no such prefix.
    """

    own: str
    stem: str | None
    parent: str | None


def prefixes(bucket: Bucket, tenant: Tenant) -> Prefixes:
    """The prefixes that matter to a tenant's listing."""
    return _cut(bucket.prefix, tenant, "")


def spaces(memory: Memory, tenant: Tenant, user: str) -> Prefixes:
    """The namespaces that matter to a listing of a user's records."""
    return _cut(memory.namespace, tenant, user)


def _cut(template: Template, tenant: Tenant, user: str) -> Prefixes:
    own = template.fill(tier=tenant.tier, tenant=tenant.id, user=user)
    values = {Variable.TIER: tenant.tier, Variable.TENANT: tenant.id, Variable.USER: user}
    before = ""
    for part in template.parts:
        if part is Variable.TENANT:
            stem = before + tenant.id
            return Prefixes(own, stem if stem != own else None, before or None)
        before += values[part] if isinstance(part, Variable) else part
    return Prefixes(own, None, None)


def phantom(number: int, tier: str, claim: Claim, taken: Iterable[str]) -> Tenant | None:
    """A tenant that doesn't exist, with an id of the declared format; the same one every time.

    It lets a pool with a single tenant be verified. `None` when no id of the format is free.
    """
    known = set(taken)
    bases = (_PHANTOM, *sorted(known)[:1], "phantom", "0" * 12, "a")
    candidates = [f"{base}-{number}" for base in bases]
    candidates += [f"{base[:-1]}{c}" for base in bases if base for c in "0123456789abcxyzABCXYZ"]
    candidates += [f"{base}{c}" for base in bases for c in "0123456789x"]
    for candidate in candidates:
        if candidate not in known and fits(candidate, claim):
            return Tenant(id=candidate, tier=tier)
    return None


def fits(value: str, claim: Claim) -> bool:
    """Whether a made-up value has the declared format."""
    return bool(value) and TAG_VALUE.fullmatch(value) is not None and claim.takes(value)
