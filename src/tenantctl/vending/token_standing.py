"""What the cloud says of whom a token names: tenant and user may have changed since it was issued.

Cognito's ID tokens can't be recalled. A sign-out ends refresh tokens and Cognito's own operations,
and nobody can see it by an ID token, which stays good until it expires.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUserGlobalSignOut.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenantctl.aws import registry
from tenantctl.aws.failures import code_of, translated
from tenantctl.aws.lookup import UserPool, user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Claim
from tenantctl.vending.token_checks import Check, Examined, Outcome, examine
from tenantctl.vending.vend import issuer_of

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AdminGetUserResponseTypeDef

_SUB = re.compile(r"[0-9A-Za-z-]{1,128}")
"""What a `sub` is made of; not of `@`, since Cognito takes addresses in its place."""

SIGN_OUT = "a sign-out can't be seen by an ID token: it stays good until it expires"


def verdict(
    aws: Aws, names: Names, token: str, *, now: float, keys: Mapping[str, Any] | None = None
) -> Examined:
    """Every check of a token, against the pool's keys, registry and users.

    Given a key set (JWKS), believes that one instead of the user pool's own. Raises `AwsError` when
    the cloud can't be asked: no answer is no verdict.
    """
    pool = user_pool(aws, names)
    issuer = issuer_of(aws, pool)
    if keys is not None:
        issuer = replace(issuer, keys=keys)
    found = examine(token, issuer, names.pool.identity, now=now)
    return replace(found, checks=(*found.checks, *standing(aws, names, pool, found)))


def standing(aws: Aws, names: Names, pool: UserPool, found: Examined) -> Iterator[Check]:
    """Compare the claims with registry and user pool, whether or not the token is genuine.

    Claims that haven't their format are asked nobody about. Raises `AwsError`.
    """
    if found.decoded is None:
        return
    claims = found.decoded.claims
    yield from _tenant(aws, names, claims, found)
    yield from user_standing(aws, names, pool, claims)


def _tenant(aws: Aws, names: Names, claims: Mapping[str, Any], found: Examined) -> Iterator[Check]:
    identity = names.pool.identity
    if not found.passed("tenant claim"):
        yield Check("registry", Outcome.UNCHECKED, "the token names no tenant")
        return
    tenant_id = claims[identity.tenant.claim]
    entry = registry.entry(aws, names, tenant_id)
    if entry is None:
        yield Check("registry", Outcome.FAILED, f"there is no tenant `{tenant_id}`")
        return
    yield Check("registry", Outcome.PASSED)
    tier = claims.get(identity.tier.claim)
    if tier == entry.tenant.tier:
        yield Check("tier", Outcome.PASSED)
    else:
        said = f"the token says `{str(tier)[:80]}`, the registry says `{entry.tenant.tier}`"
        yield Check("tier", Outcome.FAILED, said)


def user_standing(
    aws: Aws, names: Names, pool: UserPool, claims: Mapping[str, Any]
) -> Iterator[Check]:
    """Compare the claims with the user whom they name. Raises `AwsError`."""
    sub = claims.get("sub")
    if not isinstance(sub, str) or _SUB.fullmatch(sub) is None:
        yield Check("user", Outcome.UNCHECKED, "the token names no user")
        return
    account = _account(aws, pool, sub)
    if account is None:
        yield Check("user", Outcome.FAILED, f"the user pool has no user `{sub}`")
        return
    yield Check("user", Outcome.PASSED)
    if account.get("Enabled") is True:
        yield Check("enabled", Outcome.PASSED)
    else:
        yield Check("enabled", Outcome.FAILED, "the user is disabled")
    values = {a["Name"]: a.get("Value", "") for a in account.get("UserAttributes", ())}
    identity = names.pool.identity
    changed = [
        f"the user's `{claim.claim}` is `{values.get(claim.claim, '')}` now"
        for claim in (identity.tenant, identity.tier)
        if _differs(claims, values, claim)
    ]
    outcome = Outcome.FAILED if changed else Outcome.PASSED
    yield Check("attributes", outcome, "; ".join(changed))


def _differs(claims: Mapping[str, Any], values: Mapping[str, str], claim: Claim) -> bool:
    """Whether a claim that is a user attribute isn't what the user has now."""
    name = claim.claim
    return name.startswith("custom:") and name in claims and claims[name] != values.get(name)


def _account(aws: Aws, pool: UserPool, sub: str) -> AdminGetUserResponseTypeDef | None:
    """The user by `sub`, which Cognito takes as a username where users sign in by address."""
    from botocore.exceptions import ClientError

    with translated(f"asking for the user `{sub}`"):
        try:
            return aws.client("cognito-idp").admin_get_user(UserPoolId=pool.id, Username=sub)
        except ClientError as error:
            if code_of(error) == "UserNotFoundException":
                return None
            raise
