"""For whom credentials are vended, and on whose word: a user's token, or the operator's own.

The trusted base is plain here: whoever may assume the agent role can have a session for any
tenant. So the operator's word must be given as such, and never stands in for a missing token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenantctl.aws import registry
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant, User
from tenantctl.errors import NotFoundError, TokenError
from tenantctl.vending.token import Claims


@dataclass(frozen=True, slots=True)
class Subject:
    """One user of one tenant; `until` is when the word that vouches for it ends."""

    tier: str
    tenant: str
    user: str
    until: datetime | None = None


def find_user(tenant: Tenant, who: str) -> User:
    """The user of a tenant by e-mail address or `sub`; raises `NotFoundError`."""
    for user in tenant.users:
        if who in (user.email, user.sub) or who.casefold() == user.email.casefold():
            return user
    raise NotFoundError(
        f"tenant `{tenant.id}` has no user `{who}`",
        hint=f"see `tenantctl tenant show {tenant.id}`",
    )


def by_token(aws: Aws, names: Names, tenant_id: str, who: str | None, claims: Claims) -> Subject:
    """The subject that a verified token names.

    Raises `TokenError` unless the token is of `tenant_id`, of the user `who` (where one is
    named), and of the tier that the registry has the tenant in.
    """
    if claims.tenant != tenant_id:
        raise TokenError(f"the token is of tenant `{claims.tenant}`, not of `{tenant_id}`")
    tenant = registry.tenant(aws, names, tenant_id)
    if claims.tier != tenant.tier:
        raise TokenError(
            f"the token says tier `{claims.tier}`, the registry says `{tenant.tier}`",
            hint="sign in again; the tenant's tier has changed",
        )
    if who is not None and find_user(tenant, who).sub != claims.user:
        raise TokenError(f"the token is not of user `{who}`")
    return Subject(tenant.tier, tenant.id, claims.user, claims.expires)


def by_operator(aws: Aws, names: Names, tenant_id: str, who: str) -> Subject:
    """The subject that an operator names; the user must be one of the tenant's."""
    tenant = registry.tenant(aws, names, tenant_id)
    user = find_user(tenant, who)
    if user.sub is None:
        raise NotFoundError(
            f"user `{user.email}` of `{tenant_id}` isn't in the user pool yet",
            hint="run the onboarding again; it resumes where it stopped",
        )
    return Subject(tenant.tier, tenant.id, user.sub)
