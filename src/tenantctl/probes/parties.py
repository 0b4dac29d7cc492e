"""Turn tenants into parties of an attack: each with a session of the vending role."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenantctl.aws.chain import tenant_session
from tenantctl.aws.session import Aws, Credentials
from tenantctl.domain.canary import fits, phantom
from tenantctl.domain.finding import Party
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Claim
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import UsageError

SECONDS = 900
"""A probe's session is as short as STS makes it."""


@dataclass(frozen=True, slots=True)
class Side:
    """A tenant that takes part: its user's id, and the cloud as its session sees it."""

    tenant: Tenant
    user: str
    aws: Aws
    keys: Credentials

    @property
    def party(self) -> Party:
        """The same, for a finding."""
        return Party(self.tenant.tier, self.tenant.id, self.user)


def side(agent: Aws, names: Names, tenant: Tenant, user: str) -> Side:
    """Vend a session for one tenant.

    Its clients are made here, on one thread: boto3's factory isn't safe on several.
    Raises `AwsError` when STS refuses, `UsageError` when an id hasn't the declared format.
    """
    session = tenant_session(
        agent, names, tier=tenant.tier, tenant=tenant.id, user=user, seconds=SECONDS
    )
    aws = agent.acting_as(session.credentials)
    warm(aws)
    return Side(tenant, user, aws, session.credentials)


def warm(aws: Aws) -> None:
    """Make the clients that every party uses."""
    aws.client("dynamodb")
    aws.client("s3")


def user_id(tenant: Tenant, claim: Claim, known: Iterable[Tenant] = ()) -> str:
    """The id of the user who attacks: one of the tenant's own, else a made-up one.

    Raises `UsageError` when the format admits no id that can be made up.
    """
    subs = [u.sub for u in tenant.users if u.sub is not None and fits(u.sub, claim)]
    if subs:
        return subs[0]
    made_up = uuid.uuid5(uuid.NAMESPACE_URL, f"tenantctl:{tenant.id}")
    candidates = [str(made_up), made_up.hex, "tenantctl-probe", "probe", "probe1"]
    candidates += [c * n for n in range(1, 65) for c in ("0", "a", "A")]
    candidates += [u.sub for t in known for u in t.users if u.sub is not None]
    for candidate in candidates:
        if fits(candidate, claim):
            return candidate
    raise UsageError(
        f"no user id could be made up for `{tenant.id}`, which has no users",
        hint=f"onboard a user whose id matches `{claim.pattern}`",
    )


def phantoms(
    names: Names, tenants: Sequence[Tenant], actors: Sequence[Tenant]
) -> tuple[Tenant, ...]:
    """Made-up tenants that fill the gaps, so that every actor has somebody to attack in each tier.

    A pool with one tenant can be verified that way, and one with none at all.
    """
    claim = names.pool.identity.tenant
    made: list[Tenant] = []
    for number, tier in enumerate(sorted(names.pool.tiers)):
        there = {t.id for t in tenants if t.tier == tier}
        if not there or any(not (there - {a.id}) for a in actors):
            one = phantom(number, tier, claim, (t.id for t in (*tenants, *made)))
            made += () if one is None else (one,)
    return tuple(made)
