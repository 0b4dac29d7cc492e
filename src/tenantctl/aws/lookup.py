"""Find the pool's parts whose ids the services assign, by the names that we gave them.

Cognito admits two user pools (or clients) of one name. Which of them would be ours can't be told,
so that is an error: acting on the wrong one would issue tokens that nobody checks against ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError, NotFoundError

_PAGE = 60
"""Cognito's largest page of pools or clients."""

_T = TypeVar("_T")

_APPLY = "run `tenantctl pool apply`"


@dataclass(frozen=True, slots=True)
class UserPool:
    """The pool's users and its app client; `jwks_url` is where the signing keys are read."""

    id: str
    arn: str
    client_id: str
    issuer: str
    jwks_url: str


@dataclass(frozen=True, slots=True)
class Engine:
    """The policy engine. `status` is the service's word: `ACTIVE`, `CREATING`, …."""

    id: str
    arn: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A tier's gateway."""

    id: str
    arn: str
    name: str
    status: str


def find_user_pool(aws: Aws, names: Names) -> str | None:
    """The user pool's id; `None` when there is none of that name."""
    with translated("looking for the user pool"):
        pages = aws.client("cognito-idp").get_paginator("list_user_pools")
        found = [
            pool["Id"]
            for page in pages.paginate(PaginationConfig={"PageSize": _PAGE})
            for pool in page["UserPools"]
            if pool.get("Name") == names.user_pool and "Id" in pool
        ]
    return _only(found, f"user pool `{names.user_pool}`")


def find_app_client(aws: Aws, names: Names, user_pool_id: str) -> str | None:
    """The app client's id; `None` when the user pool has none of that name."""
    with translated("looking for the app client"):
        pages = aws.client("cognito-idp").get_paginator("list_user_pool_clients")
        found = [
            client["ClientId"]
            for page in pages.paginate(
                UserPoolId=user_pool_id, PaginationConfig={"PageSize": _PAGE}
            )
            for client in page["UserPoolClients"]
            if client.get("ClientName") == names.app_client and "ClientId" in client
        ]
    return _only(found, f"app client `{names.app_client}`")


def user_pool(aws: Aws, names: Names) -> UserPool:
    """The user pool with its app client; raises `NotFoundError` when either is missing."""
    pool_id = find_user_pool(aws, names)
    if pool_id is None:
        raise NotFoundError(f"there is no user pool `{names.user_pool}`", hint=_APPLY)
    client_id = find_app_client(aws, names, pool_id)
    if client_id is None:
        raise NotFoundError(f"there is no app client `{names.app_client}`", hint=_APPLY)
    issuer = names.issuer(pool_id)
    base = issuer if aws.endpoint is None else f"{aws.endpoint.rstrip('/')}/{pool_id}"
    return UserPool(
        id=pool_id,
        arn=names.user_pool_arn(pool_id),
        client_id=client_id,
        issuer=issuer,
        jwks_url=f"{base}/.well-known/jwks.json",
    )


def find_engine(aws: Aws, names: Names) -> Engine | None:
    """The policy engine; `None` when there is none of that name."""
    with translated("looking for the policy engine"):
        pages = aws.client("bedrock-agentcore-control").get_paginator("list_policy_engines")
        found = [
            Engine(
                id=engine["policyEngineId"],
                arn=engine["policyEngineArn"],
                name=engine["name"],
                status=engine["status"],
            )
            for page in pages.paginate()
            for engine in page["policyEngines"]
            if engine["name"] == names.policy_engine
        ]
    return _only(found, f"policy engine `{names.policy_engine}`")


def policy_engine(aws: Aws, names: Names) -> Engine:
    """The policy engine; raises `NotFoundError` when it is missing."""
    engine = find_engine(aws, names)
    if engine is None:
        raise NotFoundError(f"there is no policy engine `{names.policy_engine}`", hint=_APPLY)
    return engine


def find_gateways(aws: Aws, names: Names) -> Mapping[str, Gateway]:
    """The gateways that exist, by tier."""
    wanted = {names.gateway(tier): tier for tier in names.pool.tiers}
    found: dict[str, Gateway] = {}
    with translated("looking for the gateways"):
        client = aws.client("bedrock-agentcore-control")
        for page in client.get_paginator("list_gateways").paginate():
            for item in page["items"]:
                tier = wanted.get(item.get("name", ""))
                if tier is None:
                    continue
                if tier in found:
                    raise ConflictError(
                        f"there is more than one gateway `{names.gateway(tier)}`",
                        hint="delete the one that isn't the pool's",
                    )
                try:
                    gateway = client.get_gateway(gatewayIdentifier=item["gatewayId"])
                except client.exceptions.ResourceNotFoundException:
                    continue  # it was being deleted when it was listed
                found[tier] = Gateway(
                    id=gateway["gatewayId"],
                    arn=gateway["gatewayArn"],
                    name=names.gateway(tier),
                    status=gateway["status"],
                )
    return found


def _only(found: Iterable[_T], what: str) -> _T | None:
    rest = list(found)
    if len(rest) > 1:
        raise ConflictError(
            f"there is more than one {what}", hint="delete the one that isn't the pool's"
        )
    return rest[0] if rest else None
