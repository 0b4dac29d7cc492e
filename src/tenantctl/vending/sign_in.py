"""Sign a user in by the admin flow, and answer the one challenge that a new user meets.

The app client need not allow the user-side password flow, which is open to anybody.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.errors import TokenError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in yields; neither is ever shown unasked."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def sign_in(  # noqa: PLR0913 - the pool, the client, and what a sign-in form asks
    aws: Aws,
    *,
    user_pool: str,
    client: str,
    email: str,
    password: str,
    new_password: Callable[[], str],
) -> Tokens:
    """Sign in with a password; `new_password` is asked only when Cognito demands one.

    Raises `AwsError` when Cognito refuses, `TokenError` for challenges this tool can't answer.
    """
    with translated(f"signing in `{email}`"):
        cognito = aws.client("cognito-idp")
        answer = cognito.admin_initiate_auth(
            UserPoolId=user_pool,
            ClientId=client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        if "AuthenticationResult" in answer:
            return _tokens(answer["AuthenticationResult"])
        if answer["ChallengeName"] != "NEW_PASSWORD_REQUIRED":
            raise TokenError(
                f"Cognito asks `{email}` for {answer['ChallengeName']}",
                hint="sign in elsewhere and give the ID token with --token-file",
            )
        done = cognito.admin_respond_to_auth_challenge(
            UserPoolId=user_pool,
            ClientId=client,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=answer["Session"],
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": new_password()},
        )
        return _tokens(done["AuthenticationResult"])


def _tokens(result: AuthenticationResultTypeTypeDef) -> Tokens:
    return Tokens(id_token=result["IdToken"], access_token=result["AccessToken"])
