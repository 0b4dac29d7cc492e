"""The user pool and its app client: who may sign in, and what a person can't change of itself.

The tenant's attribute is immutable, and no client may write tenant, tier or role: a user that
could would move itself to another tenant, and every policy downstream would believe it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.aws.lookup import find_app_client, find_user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain.layout import ROLE_CLAIM
from tenantctl.domain.names import Names
from tenantctl.errors import NotFoundError, UsageError
from tenantctl.pool.consistency import unless_absent
from tenantctl.pool.step import Change, Field, Part, Step, differences

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import UserPoolTypeTypeDef

KIND = "user pool"
_ABSENT = "ResourceNotFoundException"
_CUSTOM = "custom:"

_SETTINGS: Mapping[str, Any] = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 12,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": 7,
        }
    },
    # Whoever signs itself up would choose its own tenant.
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
    "DeletionProtection": "ACTIVE",
}

_FIXED: Mapping[str, Any] = {
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}
"""What Cognito takes at creation only."""


def attributes(names: Names) -> dict[str, bool]:
    """The claims that are custom attributes, and whether each is mutable.

    A tenant moves between tiers and a person between roles, by an operator's hand; nobody moves
    between tenants. Raises `UsageError` for claims that Cognito can't hold as custom attributes.
    """
    identity = names.pool.identity
    for claim in (identity.tenant.claim, identity.tier.claim):
        if not claim.startswith(_CUSTOM) or not 0 < len(claim) - len(_CUSTOM) <= 20:  # noqa: PLR2004 - Cognito's limit
            raise UsageError(
                f"the claim `{claim}` can't be an attribute of the user pool",
                hint="name claims `custom:` and at most 20 characters, as in `custom:tenant_id`",
            )
    return {identity.tenant.claim: False, identity.tier.claim: True, ROLE_CLAIM: True}


def client_settings(names: Names) -> dict[str, Any]:
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
        "ReadAttributes": sorted(["email", "email_verified", "name", *attributes(names)]),
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


def observe(aws: Aws, names: Names) -> tuple[Part, Part]:
    """The user pool and the app client as they are, with what each needs."""
    wanted = attributes(names)
    pool_id = find_user_pool(aws, names)
    if pool_id is None:
        pool = Part(KIND, names.user_pool, None, (_create(names),))
        return pool, Part("app client", names.app_client, None, (_create_client(names),))
    found = aws.client("cognito-idp").describe_user_pool(UserPoolId=pool_id)["UserPool"]
    steps = (*_missing(names, found, wanted), *_drifted(names, found))
    pool = Part(KIND, names.user_pool, pool_id, steps, tuple(_problems(names, found, wanted)))
    return pool, _client(aws, names, pool_id)


def delete_step(names: Names) -> Step:
    """Delete the user pool with its client, groups and users."""

    def run(aws: Aws) -> None:
        pool_id = find_user_pool(aws, names)
        if pool_id is None:
            return
        _send(aws, pool_id, {"DeletionProtection": "INACTIVE"})
        unless_absent(
            lambda: aws.client("cognito-idp").delete_user_pool(UserPoolId=pool_id), _ABSENT
        )

    why = "with its client, groups and users"
    return Step(Change.DELETE, f"{KIND} `{names.user_pool}`", why, (), run)


def _schema(name: str, *, mutable: bool) -> dict[str, Any]:
    return {
        "Name": name.removeprefix(_CUSTOM),
        "AttributeDataType": "String",
        "Mutable": mutable,
        "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "256"},
    }


def _create(names: Names) -> Step:
    wanted = attributes(names)
    shown = (
        *(
            Field(f"attribute {name}", None, "mutable" if mutable else "immutable")
            for name, mutable in wanted.items()
        ),
        *differences({}, {**_SETTINGS, **_FIXED}),
    )

    def run(aws: Aws) -> None:
        # Names of user pools aren't unique: a killed run's must be found, not made again.
        if find_user_pool(aws, names) is None:
            aws.client("cognito-idp").create_user_pool(
                PoolName=names.user_pool,
                Schema=[_schema(name, mutable=mutable) for name, mutable in wanted.items()],  # type: ignore[misc]
                **_SETTINGS,
                **_FIXED,
            )

    return Step(Change.CREATE, f"{KIND} `{names.user_pool}`", "it doesn't exist", shown, run)


def _missing(
    names: Names, found: UserPoolTypeTypeDef, wanted: Mapping[str, bool]
) -> Iterator[Step]:
    present = {a.get("Name") for a in found.get("SchemaAttributes", [])}
    absent = {name: mutable for name, mutable in wanted.items() if name not in present}
    if not absent:
        return

    def run(aws: Aws) -> None:
        aws.client("cognito-idp").add_custom_attributes(
            UserPoolId=found["Id"],
            CustomAttributes=[_schema(name, mutable=mutable) for name, mutable in absent.items()],  # type: ignore[misc]
        )

    shown = tuple(
        Field(f"attribute {name}", None, "mutable" if mutable else "immutable")
        for name, mutable in absent.items()
    )
    why = "tokens carry it as a claim"
    yield Step(Change.UPDATE, f"{KIND} `{names.user_pool}`", why, shown, run)


def _drifted(names: Names, found: UserPoolTypeTypeDef) -> Iterator[Step]:
    changed = differences(found, _SETTINGS)
    if changed:
        yield Step(
            Change.UPDATE,
            f"{KIND} `{names.user_pool}`",
            "only operators admit people, with passwords worth the name",
            changed,
            lambda aws: _send(aws, found["Id"], _SETTINGS),
        )


def _problems(
    names: Names, found: UserPoolTypeTypeDef, wanted: Mapping[str, bool]
) -> Iterator[str]:
    present = {a["Name"]: a for a in found.get("SchemaAttributes", []) if "Name" in a}
    for name, mutable in wanted.items():
        if name not in present:
            continue
        if present[name].get("AttributeDataType") != "String":
            yield f"its attribute `{name}` is no string"
        if name == names.pool.identity.tenant.claim and present[name].get("Mutable", True):
            yield (
                f"its attribute `{name}` is mutable, so that a user can be moved to another "
                "tenant, and Cognito can't make it immutable"
            )
        if mutable and not present[name].get("Mutable", True):
            yield f"its attribute `{name}` is immutable, and must be mutable"
    if sorted(found.get("UsernameAttributes", [])) != _FIXED["UsernameAttributes"]:
        yield "its users don't sign in by e-mail address, and Cognito can't change that"


def _send(aws: Aws, pool_id: str, settings: Mapping[str, Any]) -> None:
    """UpdateUserPool resets what it isn't given, so everything known goes with it.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
    """
    client = aws.client("cognito-idp")
    now = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    inputs = client.meta.service_model.operation_model("UpdateUserPool").input_shape
    taken: dict[str, Any] = {
        key: value
        for key, value in now.items()
        if inputs is not None and key in inputs.members and key != "PoolName"
    }
    admin = dict(taken.get("AdminCreateUserConfig", {}))
    if "PasswordPolicy" in taken.get("Policies", {}):
        # The older name of TemporaryPasswordValidityDays; the two may not come together.
        admin.pop("UnusedAccountValidityDays", None)
    if admin:
        taken["AdminCreateUserConfig"] = admin
    client.update_user_pool(**{**taken, "UserPoolId": pool_id, **settings})


def _client(aws: Aws, names: Names, pool_id: str) -> Part:
    client = aws.client("cognito-idp")
    client_id = find_app_client(aws, names, pool_id)
    if client_id is None:
        return Part("app client", names.app_client, None, (_create_client(names),))
    found: dict[str, Any] = dict(
        client.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
    )
    problems = ("it has a secret, and Cognito can't take it away",) * ("ClientSecret" in found)
    for key in ("ExplicitAuthFlows", "ReadAttributes", "WriteAttributes"):
        found[key] = sorted(found.get(key, []))
    wanted = client_settings(names)
    changed = differences(found, wanted)
    if not changed:
        return Part("app client", names.app_client, client_id, (), problems)

    def run(aws: Aws) -> None:
        operation = aws.client("cognito-idp").meta.service_model.operation_model(
            "UpdateUserPoolClient"
        )
        known = operation.input_shape.members if operation.input_shape is not None else {}
        kept = {key: value for key, value in found.items() if key in known}
        aws.client("cognito-idp").update_user_pool_client(**{**kept, **wanted})

    why = "a person can't write its own tenant, tier or role, and tokens carry them"
    step = Step(Change.UPDATE, f"app client `{names.app_client}`", why, changed, run)
    return Part("app client", names.app_client, client_id, (step,), problems)


def _create_client(names: Names) -> Step:
    wanted = client_settings(names)

    def run(aws: Aws) -> None:
        pool_id = find_user_pool(aws, names)
        if pool_id is None:
            raise NotFoundError(f"there is no user pool `{names.user_pool}`")
        if find_app_client(aws, names, pool_id) is None:
            aws.client("cognito-idp").create_user_pool_client(
                UserPoolId=pool_id, ClientName=names.app_client, GenerateSecret=False, **wanted
            )

    shown = differences({}, wanted)
    resource = f"app client `{names.app_client}`"
    return Step(Change.CREATE, resource, "it doesn't exist", shown, run)
