"""A breach's witness as it can be carried out: sessions by their tags, and what a request names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenantctl.domain.finding import Finding
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import UsageError
from tenantctl.probes.parties import user_id

_PRINCIPAL_TAG = "aws:principaltag/"
_REQUEST_TAG = "aws:requesttag/"
_LEADING_KEYS = "dynamodb:leadingkeys"
_PREFIX = "s3:prefix"
_ACTOR = "bedrock-agentcore:actorid"
_NAMESPACE = "bedrock-agentcore:namespace"
_PATH = "bedrock-agentcore:namespacepath"

_SENT = frozenset(
    {
        *(_ACTOR, _NAMESPACE, _PATH),
        *(_LEADING_KEYS, _PREFIX, "dynamodb:fulltablescan", "aws:tagkeys", "s3:resourceaccount"),
        *("aws:principalaccount", "aws:principalarn", "aws:principalisawsservice"),
        *("aws:principaltype", "aws:requestedregion", "aws:resourceaccount"),
        *("aws:securetransport", "aws:viaawsservice"),
    }
)
"""Condition keys that a call has as the witness does, by itself or by its parameters."""


class UntriedError(Exception):
    """Why a witness isn't carried out."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names in a memory; one of them at most."""

    actor: str | None = None
    namespace: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A finding's request taken apart.

    `actor` and `owner` are the tags of their sessions. `keys` are the partition key values that
    the request names, `prefix` is what it lists by (`None` for a listing without one), `memory` is
    what it names in a memory, `requested` are tags that it asks for. `unsent` are condition keys
    that no call of ours has.
    """

    finding: Finding
    actor: Mapping[str, str]
    owner: Mapping[str, str]
    keys: tuple[str, ...]
    prefix: str | None
    memory: Named
    requested: Mapping[str, str]
    unsent: tuple[str, ...]


def read(finding: Finding, names: Names) -> Witness:
    """Take the witness of a breach apart; raises `UntriedError`."""
    given: Any = finding.request.get("context", {})
    context: dict[str, Any] = {key.lower(): value for key, value in given.items()}
    actor = _tags(given, _PRINCIPAL_TAG)
    if names.pool.identity.tenant.tag not in actor:
        raise UntriedError("it takes a caller who isn't a tenant's")
    listed = context.get(_LEADING_KEYS, [])
    return Witness(
        finding=finding,
        actor=actor,
        owner=actor | _own(finding, names),
        keys=(listed,) if isinstance(listed, str) else tuple(listed),
        prefix=context.get(_PREFIX),
        memory=Named(context.get(_ACTOR), context.get(_NAMESPACE), context.get(_PATH)),
        requested=_tags(given, _REQUEST_TAG),
        unsent=tuple(
            key
            for key in given
            if key.lower() not in _SENT
            and not key.lower().startswith((_PRINCIPAL_TAG, _REQUEST_TAG))
        ),
    )


def _tags(context: Mapping[str, Any], stem: str) -> dict[str, str]:
    """Tags by their keys as written; only the stem's case means nothing."""
    return {k[len(stem) :]: str(v) for k, v in context.items() if k.lower().startswith(stem)}


def _own(finding: Finding, names: Names) -> dict[str, str]:
    """The three tags of the owner, whatever the actor's session lacks."""
    identity, owner = names.pool.identity, finding.owner
    if owner.tenant is None or owner.tier is None:
        raise UntriedError("it names no owner")
    try:
        user = owner.user or user_id(Tenant(owner.tenant, owner.tier), identity.user)
    except UsageError as error:
        raise UntriedError(error.message) from error
    return {
        identity.tier.tag: owner.tier,
        identity.tenant.tag: owner.tenant,
        identity.user.tag: user,
    }
