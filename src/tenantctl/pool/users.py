"""The user pool: only operators admit people, and nobody moves a person to another tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.aws.lookup import find_user_pool
from tenantctl.aws.session import Aws
from tenantctl.domain.layout import ROLE_CLAIM
from tenantctl.domain.names import Names
from tenantctl.errors import UsageError
from tenantctl.pool import app_client, ownership
from tenantctl.pool.consistency import unless_absent
from tenantctl.pool.ownership import Tags
from tenantctl.pool.step import Change, Field, Part, Step, differences, missing

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


def observe(aws: Aws, names: Names) -> tuple[Part, Part]:
    """The user pool and the app client as they are, with what each needs."""
    wanted = attributes(names)
    pool_id = find_user_pool(aws, names)
    if pool_id is None:
        pool = missing(KIND, names.user_pool, _create(names))
        return pool, app_client.absent(names, wanted)
    found = aws.client("cognito-idp").describe_user_pool(UserPoolId=pool_id)["UserPool"]
    steps = (*_missing(names, found, wanted), *_drifted(names, found))
    claim = ownership.claim(
        _resource(names),
        found.get("UserPoolTags", {}),
        names.tags,
        lambda aws: aws.client("cognito-idp").tag_resource(
            ResourceArn=names.user_pool_arn(pool_id), Tags=names.tags
        ),
    )
    problems = tuple(_problems(names, found, wanted))
    pool = Part(KIND, names.user_pool, pool_id, steps, problems, claim)
    return pool, app_client.observe(aws, names, pool_id, wanted)


def delete_step(names: Names) -> Step:
    """Delete the user pool with its client, groups and users, if it is the pool's."""

    def run(aws: Aws) -> None:
        pool_id = find_user_pool(aws, names)
        if pool_id is None:
            return
        ownership.refuse_foreign(_resource(names), _tags(aws, pool_id), names.tags)
        _send(aws, pool_id, {"DeletionProtection": "INACTIVE"})
        unless_absent(
            lambda: aws.client("cognito-idp").delete_user_pool(UserPoolId=pool_id), _ABSENT
        )

    why = "with its client, groups and users"
    return Step(Change.DELETE, _resource(names), why, (), run)


def _resource(names: Names) -> str:
    return f"{KIND} `{names.user_pool}`"


def _tags(aws: Aws, pool_id: str) -> Tags:
    found = aws.client("cognito-idp").describe_user_pool(UserPoolId=pool_id)["UserPool"]
    return found.get("UserPoolTags", {})


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
        pool_id = find_user_pool(aws, names)
        if pool_id is not None:
            ownership.refuse_foreign(_resource(names), _tags(aws, pool_id), names.tags)
            return
        aws.client("cognito-idp").create_user_pool(
            PoolName=names.user_pool,
            Schema=[_schema(name, mutable=mutable) for name, mutable in wanted.items()],  # type: ignore[misc]
            UserPoolTags=names.tags,
            **_SETTINGS,
            **_FIXED,
        )

    return Step(Change.CREATE, _resource(names), "it doesn't exist", shown, run)


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
    yield Step(Change.UPDATE, _resource(names), why, shown, run)


def _drifted(names: Names, found: UserPoolTypeTypeDef) -> Iterator[Step]:
    changed = differences(found, _SETTINGS)
    if changed:
        yield Step(
            Change.UPDATE,
            _resource(names),
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
