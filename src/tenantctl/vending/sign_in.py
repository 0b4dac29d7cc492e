"""Sign a user in by the admin flow, and answer the one challenge that a new user meets.

The app client need not allow the user-side password flow, which is open to anybody.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantctl.aws.failures import code_of, translated
from tenantctl.aws.lookup import UserPool
from tenantctl.aws.session import Aws
from tenantctl.errors import TokenError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in yields; neither is ever shown unasked."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def sign_in(
    aws: Aws, pool: UserPool, *, email: str, password: str, new_password: Callable[[], str]
) -> Tokens:
    """Sign in with a password; `new_password` is asked only when Cognito demands one.

    Raises `TokenError` for a wrong password, an unknown or disabled user, or a challenge that
    this tool can't answer; `AwsError` for whatever else fails.
    """
    with translated(f"signing in `{email}`"), _refusals(email):
        cognito = aws.client("cognito-idp")
        answer = cognito.admin_initiate_auth(
            UserPoolId=pool.id,
            ClientId=pool.client_id,
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
            UserPoolId=pool.id,
            ClientId=pool.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=answer["Session"],
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": new_password()},
        )
        return _tokens(done["AuthenticationResult"])


@contextmanager
def _refusals(email: str) -> Iterator[None]:
    """Cognito's refusals of a person, as apart from IAM's of the operator.

    One message for a wrong password and an unknown user, so that it tells nobody who exists.
    """
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in {"NotAuthorizedException", "UserNotFoundException"}:
            raise TokenError(
                f"Cognito refused to sign in `{email}`: wrong password, or no enabled user",
                hint="check the password, or see `tenantctl tenant show`",
            ) from error
        if code == "InvalidPasswordException":
            raise TokenError(
                f"Cognito refused the new password of `{email}`",
                hint="use the length and kinds of characters that the user pool demands",
            ) from error
        raise


def _tokens(result: AuthenticationResultTypeTypeDef) -> Tokens:
    return Tokens(id_token=result["IdToken"], access_token=result["AccessToken"])
