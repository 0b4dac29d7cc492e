"""The app client, through which people sign in.

It may write neither tenant, tier nor role: a user that could would move itself to another tenant,
and every policy downstream would believe it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenantctl.aws.lookup import find_app_client, find_user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import NotFoundError
from tenantctl.pool.step import Change, Part, Step, differences, missing

KIND = "app client"


def settings(claims: Iterable[str]) -> dict[str, Any]:
    """The app client's settings; without ReadAttributes a token carries no custom claims.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    return {
        "ExplicitAuthFlows": [
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
        ],
        "ReadAttributes": sorted(["email", "email_verified", "name", *claims]),
        "WriteAttributes": ["name"],
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
        "IdTokenValidity": 60,
        "AccessTokenValidity": 60,
        "RefreshTokenValidity": 12,
        "TokenValidityUnits": {
            "IdToken": "minutes",
            "AccessToken": "minutes",
            "RefreshToken": "hours",
        },
    }


def absent(names: Names, claims: Iterable[str]) -> Part:
    """The app client that isn't there."""
    return missing(KIND, names.app_client, _create(names, claims))


def observe(aws: Aws, names: Names, pool_id: str, claims: Iterable[str]) -> Part:
    """The app client as it is, with what it needs."""
    client = aws.client("cognito-idp")
    client_id = find_app_client(aws, names, pool_id)
    if client_id is None:
        return absent(names, claims)
    found: dict[str, Any] = dict(
        client.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
    )
    problems = ("it has a secret, and Cognito can't take it away",) * ("ClientSecret" in found)
    for key in ("ExplicitAuthFlows", "ReadAttributes", "WriteAttributes"):
        found[key] = sorted(found.get(key, []))
    wanted = settings(claims)
    changed = differences(found, wanted)
    if not changed:
        return Part(KIND, names.app_client, client_id, (), problems)

    def run(aws: Aws) -> None:
        operation = aws.client("cognito-idp").meta.service_model.operation_model(
            "UpdateUserPoolClient"
        )
        known = operation.input_shape.members if operation.input_shape is not None else {}
        kept = {key: value for key, value in found.items() if key in known}
        aws.client("cognito-idp").update_user_pool_client(**{**kept, **wanted})

    why = "a person can't write its own tenant, tier or role, and tokens carry them"
    step = Step(Change.UPDATE, f"{KIND} `{names.app_client}`", why, changed, run)
    return Part(KIND, names.app_client, client_id, (step,), problems)


def _create(names: Names, claims: Iterable[str]) -> Step:
    wanted = settings(claims)

    def run(aws: Aws) -> None:
        pool_id = find_user_pool(aws, names)
        if pool_id is None:
            raise NotFoundError(f"there is no user pool `{names.user_pool}`")
        if find_app_client(aws, names, pool_id) is None:
            aws.client("cognito-idp").create_user_pool_client(
                UserPoolId=pool_id, ClientName=names.app_client, GenerateSecret=False, **wanted
            )

    shown = differences({}, wanted)
    resource = f"{KIND} `{names.app_client}`"
    return Step(Change.CREATE, resource, "it doesn't exist", shown, run)
