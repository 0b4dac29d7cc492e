"""A tenant's group and users in Cognito: read them, make them, give them passwords.

The claims that isolation rests on (`custom:tenant_id`, `custom:tier`) are user attributes, set
here once. The tenant's is immutable in the pool, so a user never moves to another tenant.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenantctl.aws.failures import code_of
from tenantctl.aws.lookup import user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain import layout
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Identity, Target
from tenantctl.domain.tenant import Tenant, User

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

_LENGTH = 20
"""Of a temporary password; a user pool may demand more. With all four classes of characters it
passes every policy."""

_SYMBOLS = "!#%*+-.=@_~"
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)

_CREATIONS_PER_SECOND = 40
"""AdminCreateUser's quota is 50 a second for the account, not adjustable by a pool.
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""


@dataclass(frozen=True, slots=True)
class Account:
    """A user as Cognito has it; attributes that it lacks are empty."""

    sub: str
    tenant: str
    tier: str
    role: str
    name: str
    in_group: bool
    unclaimed: bool
    """Whether the user has yet to sign in with a temporary password."""


@dataclass(frozen=True, slots=True)
class People:
    """The Cognito side of one pool."""

    aws: Aws
    pool_id: str
    identity: Identity
    password_length: int = _LENGTH

    @classmethod
    def of(cls, aws: Aws, names: Names) -> People:
        """The pool's people; raises `NotFoundError` before `tenantctl pool apply`."""
        pool_id = user_pool(aws, names).id
        answer = aws.client("cognito-idp").describe_user_pool(UserPoolId=pool_id)
        policy = answer["UserPool"].get("Policies", {}).get("PasswordPolicy", {})
        length = max(_LENGTH, policy.get("MinimumLength", 0))
        return cls(aws, pool_id, names.pool.identity, length)

    def members(self, tenant: str) -> frozenset[str] | None:
        """Subs of the users in a tenant's group; `None` when there is no such group."""
        from botocore.exceptions import ClientError

        client = self.aws.client("cognito-idp")
        pages = client.get_paginator("list_users_in_group").paginate(
            UserPoolId=self.pool_id, GroupName=layout.group(tenant)
        )
        try:
            return frozenset(
                _values(user.get("Attributes", ())).get("sub", user.get("Username", ""))
                for page in pages
                for user in page["Users"]
            )
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise

    def account(self, email: str, members: frozenset[str]) -> Account | None:
        """The user of an e-mail address; `None` when there is none."""
        from botocore.exceptions import ClientError

        client = self.aws.client("cognito-idp")
        try:
            answer = client.admin_get_user(UserPoolId=self.pool_id, Username=email)
        except ClientError as error:
            if code_of(error) == "UserNotFoundException":
                return None
            raise
        values = _values(answer.get("UserAttributes", ()))
        sub = values.get("sub", "")
        return Account(
            sub=sub,
            tenant=values.get(self.identity.tenant.claim, ""),
            tier=values.get(self.identity.tier.claim, ""),
            role=values.get(layout.ROLE_CLAIM, ""),
            name=values.get("name", ""),
            in_group=bool({sub, answer["Username"]} & members),
            unclaimed=answer.get("UserStatus") == "FORCE_CHANGE_PASSWORD",
        )

    def create_group(self, tenant: Tenant) -> None:
        """Make the tenant's group; one that is there already is kept."""
        client = self.aws.client("cognito-idp")
        try:
            client.create_group(
                UserPoolId=self.pool_id,
                GroupName=layout.group(tenant.id),
                Description=f"{tenant.tier} tenant {tenant.id}",
            )
        except client.exceptions.GroupExistsException:
            return

    def create_user(self, tenant: Tenant, user: User) -> tuple[str, str]:
        """Make a user with the tenant's claims and a temporary password; returns (sub, password).

        Cognito sends no message: the operator hands the password over.
        """
        if self.aws.target is Target.AWS:
            time.sleep(1 / _CREATIONS_PER_SECOND)
        password = generate(self.password_length)
        attributes = {
            "email": user.email,
            "email_verified": "true",
            self.identity.tenant.claim: tenant.id,
            self.identity.tier.claim: tenant.tier,
            layout.ROLE_CLAIM: user.role,
            **({"name": user.name} if user.name else {}),
        }
        answer = self.aws.client("cognito-idp").admin_create_user(
            UserPoolId=self.pool_id,
            Username=user.email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            TemporaryPassword=password,
            MessageAction="SUPPRESS",
        )
        return _values(answer["User"].get("Attributes", ())).get("sub", ""), password

    def join(self, tenant: str, email: str) -> None:
        """Put a user into its tenant's group; being in it already is no error to Cognito."""
        self.aws.client("cognito-idp").admin_add_user_to_group(
            UserPoolId=self.pool_id, Username=email, GroupName=layout.group(tenant)
        )

    def renew_password(self, email: str) -> str:
        """Set another temporary password and return it."""
        password = generate(self.password_length)
        self.aws.client("cognito-idp").admin_set_user_password(
            UserPoolId=self.pool_id, Username=email, Password=password, Permanent=False
        )
        return password


def generate(length: int) -> str:
    """A random password of `length` (at least 4) with a character of every class.

    It begins with a letter, so that no program takes it for an option.
    """
    pick = secrets.choice
    required = [pick(characters) for characters in _CLASSES[1:]]
    rest = [pick("".join(_CLASSES)) for _ in range(length - len(required) - 1)]
    middle = required + rest
    secrets.SystemRandom().shuffle(middle)
    return pick(string.ascii_lowercase) + "".join(middle)


def _values(attributes: Iterable[AttributeTypeTypeDef]) -> Mapping[str, str]:
    return {attribute["Name"]: attribute.get("Value", "") for attribute in attributes}
