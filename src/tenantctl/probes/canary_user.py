"""A user of our own in the user pool, for the length of a run; found again by its name."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from tenantctl.aws.failures import translated
from tenantctl.aws.lookup import UserPool
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import PREFIX, Run
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TokenError


@dataclass(frozen=True, slots=True)
class CanaryUser:
    """A signed-in user of a tenant."""

    tenant: Tenant
    name: str
    sub: str
    password: str = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def create(aws: Aws, names: Names, pool: UserPool, tenant: Tenant, run: Run) -> CanaryUser:
    """Create the user with the tenant's claims, as onboarding does, and sign it in.

    No message is sent. Raises `AwsError` when Cognito refuses, `TokenError` for a challenge.
    """
    identity, email = names.pool.identity, run.email("user")
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
        answer = cognito.admin_initiate_auth(
            UserPoolId=pool.id,
            ClientId=pool.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
    if "AuthenticationResult" not in answer:
        raise TokenError(f"Cognito asks the canary user for {answer.get('ChallengeName')}")
    result = answer["AuthenticationResult"]
    subs = [a.get("Value", "") for a in user.get("Attributes", []) if a["Name"] == "sub"]
    return CanaryUser(
        tenant=tenant,
        name=email,
        sub=subs[0] if subs else "",
        password=password,
        id_token=result["IdToken"],
        access_token=result["AccessToken"],
    )


def sweep_users(aws: Aws, pool: UserPool) -> int:
    """Delete every canary user, of this run or of one that was killed; how many there were."""
    cognito = aws.client("cognito-idp")
    with translated("sweeping canary users"):
        pages = cognito.get_paginator("list_users").paginate(
            UserPoolId=pool.id, Filter=f'email ^= "{PREFIX}"'
        )
        found = [user["Username"] for page in pages for user in page["Users"] if "Username" in user]
        for name in found:
            cognito.admin_delete_user(UserPoolId=pool.id, Username=name)
    return len(found)
