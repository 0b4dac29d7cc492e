"""Whom vending takes a token for: it is verified, and its user hasn't been disabled meanwhile."""

from __future__ import annotations

from tenantctl.aws.lookup import UserPool
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import TokenError
from tenantctl.vending.token import Claims, Issuer, verify
from tenantctl.vending.token_checks import Outcome
from tenantctl.vending.token_standing import user_standing
from tenantctl.vending.token_text import decode
from tenantctl.vending.vend import issuer_of


def verified(aws: Aws, names: Names, pool: UserPool, token: str) -> Claims:
    """The claims of an ID token of this pool; raises `TokenError`, and `AwsError` if unasked."""
    return admitted(aws, names, pool, token, issuer_of(aws, pool))


def admitted(aws: Aws, names: Names, pool: UserPool, token: str, issuer: Issuer) -> Claims:
    """The same by an issuer that is known already.

    An ID token is good until it expires, so the user pool is asked of its user: one who is
    disabled, deleted or of another tenant by now gets nothing. Raises `TokenError`, `AwsError`.
    """
    claims = verify(token, issuer, names.pool.identity)
    for check in user_standing(aws, names, pool, decode(token).claims):
        if check.outcome is not Outcome.PASSED:
            raise TokenError(check.reason, hint="ask whoever administers the clinic's users")
    return claims
