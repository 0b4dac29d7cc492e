"""What the services take as a name: checked here, for boto3 checks no pattern.

A pool and a tier whose names are fine in themselves may make one together that a service refuses,
and it would only say so with half of the pool made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.domain.tenant import Tenant
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import UsageError

GATEWAY = "([0-9a-zA-Z][-]?){1,48}"
RUNTIME = MEMORY = "[a-zA-Z][a-zA-Z0-9_]{0,47}"
ENGINE = "[A-Za-z][A-Za-z0-9_]{0,47}"
TARGET = "([0-9a-zA-Z][-]?){1,100}"
FUNCTION = "[a-zA-Z0-9-_]{1,64}"
BUCKET = "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
CLAIM = "[A-Za-z0-9_.-:]+"
CLAIM_VALUE = "[A-Za-z0-9_.-]+"
DIMENSION = r"\$\.context\.jwt\.[a-zA-Z_][a-zA-Z0-9_\-\.]{0,61}[a-zA-Z0-9_]"
NAMESPACE = r"[a-zA-Z0-9\-_\/]*(\{[a-zA-Z][a-zA-Z0-9]*\}[a-zA-Z0-9\-_\/]*)*"
"""Patterns of botocore's models, `bedrock-agentcore-control` and `lambda`; matched whole."""

ACTOR = "[a-zA-Z0-9][a-zA-Z0-9-_/]*(?::[a-zA-Z0-9-_/]+)*[a-zA-Z0-9-_/]*"
LONGEST_ACTOR = 255
RECORDS = "[a-zA-Z0-9/*][a-zA-Z0-9-_/*]*(?::[a-zA-Z0-9-_/*]+)*[a-zA-Z0-9-_/*]*"
"""Actor ids and namespaces of `bedrock-agentcore`; AgentCore asks with each event, boto3 never."""

_TIER = "name the tier with letters, digits and single inner hyphens, and not too long"
_MEMORY = "name it with letters, digits and `_`; or give the `arn` of one that is there"
_ACTOR = (
    "begin it with a letter or digit, write it with letters, digits, `-`, `_` and `/`, and name "
    "users by a claim like `sub`"
)
_NAMESPACE = "write it with letters, digits, `-`, `_` and `/`"
_CLAIM = "name a claim of letters, digits and `_`, `.`, `/`, `:`"
_USER = "only a claim of letters, digits, `_`, `-` and `.` can be limited, like `sub`"

_LIKE = {"email": "a@example.com", "phone_number": "+10000000000"}
"""What values of claims look like that can't stand in an actor id."""


@dataclass(frozen=True, slots=True)
class _Name:
    what: str
    text: str
    pattern: str
    hint: str
    service: str = "AgentCore"


def check_names(names: Names) -> None:
    """Raise `UsageError` for the first name that a service would refuse, or that is there twice."""
    _distinct_roles(names)
    for name in _names(names):
        if re.fullmatch(name.pattern, name.text) is None:
            raise UsageError(
                f"{name.what} can't be `{name.text}`: {name.service} takes `{name.pattern}`",
                hint=name.hint,
            )


def check_actors(pool: Pool, tenant: Tenant) -> None:
    """Raise `UsageError` for an id that makes an actor of which AgentCore takes no event.

    One such tenant would leave all others' memories untried. Users count as 36 characters.
    """
    for memory in pool.data.memories:
        actor = memory.actor.fill(tier=tenant.tier, tenant=tenant.id, user="a" * 36)
        if len(actor) > LONGEST_ACTOR or re.fullmatch(ACTOR, actor) is None:
            raise UsageError(
                f"tenant id `{tenant.id}` can't stand in an actor of memory `{memory.name}`: "
                f"AgentCore takes up to {LONGEST_ACTOR} characters of `{ACTOR}`",
                hint="use letters, digits, `-` and `_`, a letter or digit first",
            )


def jwt_dimension(claim: str) -> str:
    """The key by which a gateway counts requests by a claim of the caller's token."""
    return f"$.context.jwt.{claim}"


def _distinct_roles(names: Names) -> None:
    roles = names.pool.roles
    own = (names.interceptor, names.gateway_role, names.knowledge_role)
    taken = {name.casefold() for name in own}
    for name in (roles.agent, roles.vending):
        if name.casefold() in taken:
            raise UsageError(
                f"`{name}` names a role of the gateways already", hint="name another under `roles`"
            )


def _names(names: Names) -> Iterator[_Name]:
    pool, identity = names.pool, names.pool.identity
    hint = "shorten the pool's name"
    yield _Name("the policy engine's name", names.policy_engine, ENGINE, hint)
    if pool.container is None:
        what = "the name of the bucket for the agent's code"
        yield _Name(what, names.code_bucket, BUCKET, hint, "S3")
    yield _Name("the tier's claim", identity.tier.claim, CLAIM, _CLAIM)
    for tier in pool.tiers.values():
        whose = f"of tier `{tier.name}`"
        yield _Name(f"the name of the gateway {whose}", names.gateway(tier.name), GATEWAY, _TIER)
        yield _Name(f"the name of the runtime {whose}", names.runtime(tier.name), RUNTIME, _TIER)
        yield _Name(f"the claim's value {whose}", tier.name, CLAIM_VALUE, _TIER)
        if tier.rate_limit is not None:
            counted = jwt_dimension(identity.user.claim)
            yield _Name(f"what the rate limit {whose} counts by", counted, DIMENSION, _USER)
    for tool in TOOLS.values():
        yield _Name(f"the target of `{tool.name}`", tool.target, TARGET, hint)
        yield _Name(
            f"the function of `{tool.name}`", names.function(tool), FUNCTION, hint, "Lambda"
        )
    yield _Name("the interceptor's name", names.interceptor, FUNCTION, hint, "Lambda")
    for memory in pool.data.memories:
        whose = f"of memory `{memory.name}`"
        user = _LIKE.get(identity.user.claim, "a")
        for name in pool.tiers:
            actor = memory.actor.fill(tier=name, tenant="a", user=user)
            namespace = memory.namespace.fill(tier=name, tenant="a", user=user)
            yield _Name(f"an actor {whose}", actor, ACTOR, _ACTOR)
            yield _Name(f"a namespace {whose}", namespace, RECORDS, _NAMESPACE)
        if memory.arn is None:
            yield _Name("the name of a memory", memory.name, MEMORY, _MEMORY)
            if memory.strategies and memory.extracted_to is not None:
                yield _Name(f"the namespace {whose}", memory.extracted_to, NAMESPACE, _NAMESPACE)
