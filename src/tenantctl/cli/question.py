"""`tenantctl iam explain`: from the command line to a request and the policies that decide it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.errors import UsageError

if TYPE_CHECKING:
    from tenantctl.cli.context import Context
    from tenantctl.domain.names import Names
    from tenantctl.domain.pool import Pool
    from tenantctl.domain.tenant import Tenant
    from tenantctl.iam.evaluate import Policies
    from tenantctl.iam.request import Request
    from tenantctl.proof.documents import Documents

_SESSION = "tenantctl-explain"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options. Without a `tier` the registry is asked; without a `user` one is made up."""

    tenant: str
    action: str
    resource: str
    tier: str | None = None
    user: str | None = None
    context: tuple[str, ...] = ()


def question(ctx: Context, asked: Asked, directory: Path | None) -> tuple[Request, Policies]:
    """The request of a tenant's session, and the policies that apply to it.

    The policies are those of a directory of documents, or those that the configuration renders.
    Raises `UsageError` for what is no request, `PolicyInvalidError` for what is no document.
    """
    from tenantctl.cli.proof import rendered
    from tenantctl.domain.config import LOCAL_ACCOUNT
    from tenantctl.domain.names import Names
    from tenantctl.domain.tenant import Tenant
    from tenantctl.iam.request import Request
    from tenantctl.proof.directory import load
    from tenantctl.proof.documents import session_of

    pool = ctx.pool()
    if directory is not None:
        names, documents = load(directory, pool)
    else:
        names = Names(pool, pool.account or LOCAL_ACCOUNT)
        documents = rendered(names, ctx.config.absolute().parent)
    _check(asked)
    tenant = Tenant(asked.tenant, _tier(ctx, pool, asked))
    request = Request(
        session_of(names, session=_SESSION),
        asked.action,
        asked.resource,
        _keys(names, tenant, asked),
    )
    return request, _policies(names, documents, asked.resource)


def _tier(ctx: Context, pool: Pool, asked: Asked) -> str:
    from tenantctl.domain.tenant import check_value

    check_value(asked.tenant, pool.identity.tenant, "tenant id")
    if asked.tier is None and len(pool.tiers) == 1:
        return next(iter(pool.tiers))
    if asked.tier is None:
        from tenantctl.aws.registry import tenant

        with ctx.cloud() as (names, aws):
            return tenant(aws, names, asked.tenant).tier
    if asked.tier not in pool.tiers:
        known = ", ".join(f"`{tier}`" for tier in pool.tiers)
        raise UsageError(f"there is no tier `{asked.tier}`", hint=f"use one of {known}")
    return asked.tier


def _policies(names: Names, documents: Documents, resource: str) -> Policies:
    if resource == names.vending_role_arn:
        return documents.for_role()
    places = (at for at, _ in documents.resources if resource.startswith(f"{at}/"))
    return documents.for_resource(next(places, resource))


def _keys(names: Names, tenant: Tenant, asked: Asked) -> dict[str, tuple[str, ...]]:
    """What a signed request of the tenant's session carries, and what the caller adds to it."""
    identity = names.pool.identity
    if asked.user is None:
        from tenantctl.probes.parties import user_id

        user = user_id(tenant, identity.user)
    else:
        from tenantctl.domain.tenant import check_value

        user = check_value(asked.user, identity.user, "user id")
    given = {
        f"aws:principaltag/{identity.tier.tag}".lower(): (tenant.tier,),
        f"aws:principaltag/{identity.tenant.tag}".lower(): (tenant.id,),
        f"aws:principaltag/{identity.user.tag}".lower(): (user,),
        "aws:principalaccount": (names.account,),
        "aws:principalarn": (names.vending_role_arn,),
        "aws:securetransport": ("true",),
    }
    added: dict[str, tuple[str, ...]] = {}
    for pair in asked.context:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            hint = "write --context s3:prefix=basic-tier/; repeat a key for several values"
            raise UsageError(f"`{pair}` is no context key with its value", hint=hint)
        added[key.lower()] = (*added.get(key.lower(), ()), value)
    return given | added


def _check(asked: Asked) -> None:
    from tenantctl.iam.arn import is_arn

    service, colon, name = asked.action.partition(":")
    if not (service and colon and name) or "*" in name or "?" in name:
        raise UsageError(f"`{asked.action}` is no action", hint="write `s3:GetObject`")
    if asked.resource != "*" and not is_arn(asked.resource):
        raise UsageError(f"`{asked.resource}` is no ARN", hint="write an ARN, or `*`")
