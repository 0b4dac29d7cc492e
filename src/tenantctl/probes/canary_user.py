"""Users of our own in the user pool, for the length of a run; found again by their names."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantctl.aws.failures import translated
from tenantctl.aws.lookup import UserPool
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import PREFIX, Run
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TokenError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef


@dataclass(frozen=True, slots=True)
class CanaryUser:
    """A signed-in user of a tenant."""

    tenant: Tenant
    name: str
    sub: str
    password: str = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def create(  # noqa: PLR0913, PLR0917 - whose user it is, where, and which of several
    aws: Aws, names: Names, pool: UserPool, tenant: Tenant, run: Run, what: str = "user"
) -> CanaryUser:
    """Create the user with the tenant's claims, as onboarding does, and sign it in.

    No message is sent. Raises `AwsError` when Cognito refuses, `TokenError` for a challenge.
    """
    identity, email = names.pool.identity, run.email(what)
    password = f"aA1!{secrets.token_urlsafe(24)}"
    claims = {identity.tenant.claim: tenant.id, identity.tier.claim: tenant.tier}
    attributes = {"email": email, "email_verified": "true"} | {
        name: value for name, value in claims.items() if name.startswith("custom:")
    }
    cognito = aws.client("cognito-idp")
    with translated("creating a canary user"):
        user = cognito.admin_create_user(
            UserPoolId=pool.id,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )["User"]
        cognito.admin_set_user_password(
            UserPoolId=pool.id, Username=email, Password=password, Permanent=True
        )
        result = _signed_in(aws, pool.id, pool.client_id, email, password)
    subs = [a.get("Value", "") for a in user.get("Attributes", []) if a["Name"] == "sub"]
    return CanaryUser(
        tenant=tenant,
        name=email,
        sub=subs[0] if subs else "",
        password=password,
        id_token=result["IdToken"],
        access_token=result["AccessToken"],
    )


def at_other_client(aws: Aws, names: Names, pool: UserPool, user: CanaryUser, run: Run) -> str:
    """The user's ID token for another app client of the pool, which is made for that.

    Raises `AwsError`, `TokenError`.
    """
    claims = (names.pool.identity.tenant.claim, names.pool.identity.tier.claim)
    with translated("creating a canary app client"):
        client = aws.client("cognito-idp").create_user_pool_client(
            UserPoolId=pool.id,
            ClientName=run.client_name,
            GenerateSecret=False,
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            # Without them its tokens would carry no custom claims, and differ in that too.
            ReadAttributes=["email", *(name for name in claims if name.startswith("custom:"))],
        )["UserPoolClient"]
        answer = _signed_in(aws, pool.id, client["ClientId"], user.name, user.password)
    return answer["IdToken"]


def _signed_in(
    aws: Aws, pool_id: str, client_id: str, email: str, password: str
) -> AuthenticationResultTypeTypeDef:
    answer = aws.client("cognito-idp").admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    if "AuthenticationResult" not in answer:
        raise TokenError(f"Cognito asks the canary user for {answer.get('ChallengeName')}")
    return answer["AuthenticationResult"]


def sweep_users(aws: Aws, pool: UserPool) -> int:
    """Delete every canary user and app client, also of a killed run; how many users there were."""
    cognito = aws.client("cognito-idp")
    with translated("sweeping canary app clients"):
        listed = cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool.id)
        clients = [c for page in listed for c in page["UserPoolClients"]]
        for client in clients:
            if client.get("ClientName", "").startswith(PREFIX):
                cognito.delete_user_pool_client(UserPoolId=pool.id, ClientId=client["ClientId"])
    with translated("sweeping canary users"):
        pages = cognito.get_paginator("list_users").paginate(
            UserPoolId=pool.id, Filter=f'email ^= "{PREFIX}"'
        )
        found = [user["Username"] for page in pages for user in page["Users"] if "Username" in user]
        for name in found:
            cognito.admin_delete_user(UserPoolId=pool.id, Username=name)
    return len(found)
