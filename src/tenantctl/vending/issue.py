"""Issue: sign a tenant's user in and hand over the ID token, verified and of that tenant.

Without the user's password there is one way only: to replace it. Cognito lets nobody sign a user in
on an operator's word, and its custom challenges would be open to whoever has the app client's id.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from tenantctl.aws import registry
from tenantctl.aws.failures import code_of, translated
from tenantctl.aws.lookup import UserPool, user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import TokenError
from tenantctl.vending.admit import verified
from tenantctl.vending.sign_in import sign_in
from tenantctl.vending.subject import by_token, find_user
from tenantctl.vending.token import Claims
from tenantctl.vending.token_text import Decoded, decode

_LENGTH = 40
"""Characters of a password that replaces one; a user pool may demand more."""

SignIn = Callable[[Aws, UserPool, str], str]
"""Sign in the user of an e-mail address and return the ID token; raises `TokenError`."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An ID token with what it says; `token` is shown only to who asks for it."""

    claims: Claims
    decoded: Decoded
    token: str = field(repr=False)


def issue(aws: Aws, names: Names, tenant: str, who: str, by: SignIn) -> Issued:
    """Sign in one of a tenant's users, by e-mail address or `sub`, the way that `by` does.

    Raises `NotFoundError` for an unknown tenant or user before anybody is asked for a password, and
    `TokenError` when Cognito refuses or its token isn't that user's.
    """
    user = find_user(registry.tenant(aws, names, tenant), who)
    pool = user_pool(aws, names)
    token = by(aws, pool, user.email)
    claims = verified(aws, names, pool, token)
    by_token(aws, names, tenant, user.email, claims)
    return Issued(claims, decode(token), token)


def with_new_password(aws: Aws, pool: UserPool, email: str) -> str:
    """Replace a user's password by one that nobody knows, and sign in by it.

    The person gets back in by Cognito's "forgot password", or by an operator's new password.
    Raises `TokenError` for a user who is disabled or isn't in the user pool, whose password stays.
    """
    from botocore.exceptions import ClientError

    cognito = aws.client("cognito-idp")
    with translated(f"replacing the password of `{email}`"):
        try:
            account = cognito.admin_get_user(UserPoolId=pool.id, Username=email)
        except ClientError as error:
            if code_of(error) != "UserNotFoundException":
                raise
            raise TokenError(f"the user pool has no user `{email}`") from error
        if account.get("Enabled") is not True:
            hint = "enable the user in the user pool first"
            raise TokenError(f"the user `{email}` is disabled", hint=hint)
        password = _password(aws, pool)
        cognito.admin_set_user_password(
            UserPoolId=pool.id, Username=email, Password=password, Permanent=True
        )

    def nothing_else() -> str:
        raise TokenError(f"Cognito asks `{email}` for a new password again")

    signed = sign_in(aws, pool, email=email, password=password, new_password=nothing_else)
    return signed.id_token


def _password(aws: Aws, pool: UserPool) -> str:
    """A random password with characters of every class, as long as the user pool demands."""
    answer = aws.client("cognito-idp").describe_user_pool(UserPoolId=pool.id)
    policy = answer["UserPool"].get("Policies", {}).get("PasswordPolicy", {})
    length = max(_LENGTH, policy.get("MinimumLength", 0))
    return f"aA1!{secrets.token_urlsafe(length)}"[:length]
