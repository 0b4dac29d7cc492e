"""Vend: from a subject to a tagged session that lives no longer than what vouches for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tenantctl.aws.chain import (
    MAX_SECONDS,
    MIN_SECONDS,
    TenantSession,
    agent_session,
    tenant_session,
)
from tenantctl.aws.fetch import get
from tenantctl.aws.lookup import UserPool
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import TokenError
from tenantctl.vending.cache import cache_directory, cache_key, cached
from tenantctl.vending.subject import Subject
from tenantctl.vending.token import Issuer


def issuer_of(aws: Aws, pool: UserPool) -> Issuer:
    """The pool as an issuer, with its present keys; raises `TokenError` if they aren't a JWKS."""
    try:
        keys = json.loads(get(aws, pool.jwks_url))
    except ValueError as error:
        raise TokenError("the user pool's key set is no JSON") from error
    if not isinstance(keys, dict):
        raise TokenError("the user pool's key set has not the form of a JWKS")
    return Issuer(url=pool.issuer, audience=pool.client_id, keys=keys)


def lifetime(until: datetime | None, now: datetime) -> int:
    """How many seconds a session may live: an hour, or what is left of the token.

    Raises `TokenError` when less is left than STS's shortest session: one that outlives the
    token would keep a signed-out user in.
    """
    if until is None:
        return MAX_SECONDS
    left = int((until - now).total_seconds())
    if left < MIN_SECONDS:
        raise TokenError(
            f"the token lives {max(left, 0)} s more, and STS's shortest session is {MIN_SECONDS} s",
            hint="sign in again",
        )
    return min(left, MAX_SECONDS)


def vend(aws: Aws, names: Names, subject: Subject) -> TenantSession:
    """Assume the agent role, and from it the vending role with the subject's three tags."""
    return tenant_session(
        agent_session(aws, names),
        names,
        tier=subject.tier,
        tenant=subject.tenant,
        user=subject.user,
        seconds=lifetime(subject.until, datetime.now(UTC)),
    )


def vend_cached(aws: Aws, names: Names, subject: Subject) -> TenantSession:
    """The same, kept on disk between commands; a token's end is part of what is kept."""
    key = cache_key(
        aws.target,
        aws.endpoint or "",
        names.vending_role_arn,
        names.agent_role_arn,
        aws.credentials.access_key_id if aws.credentials else "",
        subject.tier,
        subject.tenant,
        subject.user,
        subject.until.isoformat() if subject.until else "",
    )
    return cached(cache_directory(), key, lambda: vend(aws, names, subject))
