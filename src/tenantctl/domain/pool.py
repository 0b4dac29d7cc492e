"""The pool: one vendor's shared infrastructure, as `tenantctl.yaml` describes it, already checked.

These are values; `config` reads them from YAML, `names` builds
every resource name from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tenantctl.domain.regular import matches
from tenantctl.domain.target import Target as Target  # noqa: PLC0414 - part of a pool, so found here too
from tenantctl.domain.template import Template, Variable
from tenantctl.domain.tools import TOOLS, Tool


@dataclass(frozen=True, slots=True)
class Claim:
    """One part of an identity: the session tag, the token claim, and the format of its values.

    `pattern` is a Python regular expression that matches the whole value; `None` admits whatever
    STS accepts as a tag value.
    """

    tag: str
    claim: str
    pattern: str | None = None

    def takes(self, value: str) -> bool:
        """Whether a value has the format. Raises `PatternError` for a pattern that isn't one."""
        return self.pattern is None or matches(self.pattern, value)


@dataclass(frozen=True, slots=True)
class Identity:
    """What names a caller."""

    tier: Claim = field(default_factory=lambda: Claim("Tier", "custom:tier"))
    tenant: Claim = field(
        default_factory=lambda: Claim(
            "ClinicId", "custom:tenant_id", "[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
        )
    )
    user: Claim = field(default_factory=lambda: Claim("UserId", "sub", "[0-9a-f-]{36}"))

    @property
    def tags(self) -> dict[Variable, str]:
        """The session tag of each variable, for `Template.policy_text`."""
        return {
            Variable.TIER: self.tier.tag,
            Variable.TENANT: self.tenant.tag,
            Variable.USER: self.user.tag,
        }


@dataclass(frozen=True, slots=True)
class Roles:
    """Role names without a path; `operators` are ARNs that may assume the agent role."""

    agent: str
    vending: str
    operators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; its partition key is the table's, so that it stays partitioned."""

    name: str
    sort_key: str


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table whose partition key value names the tenant."""

    name: str
    partition_key: str
    value: Template
    sort_key: str = "item_id"
    indexes: tuple[Index, ...] = ()
    arn: str | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket in which a tenant owns the keys under one prefix."""

    name: str
    prefix: Template
    arn: str | None = None


class Strategy(StrEnum):
    """What AgentCore extracts from conversations by itself."""

    SEMANTIC = "semantic"
    """Facts."""
    SUMMARY = "summary"
    """What each session was about."""
    USER_PREFERENCE = "user_preference"
    """What a user likes."""


@dataclass(frozen=True, slots=True)
class Memory:
    """An AgentCore memory: actor ids and namespaces name the tenant.

    Conversations are kept for `expiry_days`; `strategies` extract records into the namespace.
    """

    name: str
    actor: Template
    namespace: Template
    arn: str | None = None
    strategies: tuple[Strategy, ...] = ()
    expiry_days: int = 90

    @property
    def extracted_to(self) -> str | None:
        """The namespace with AgentCore's `{actorId}` for the actor; `None` where it lacks that.

        What a strategy extracts is filed by the actor of the conversation: the one variable of a
        namespace that a session's policy holds to its tags.
        """
        if str(self.actor) not in str(self.namespace):
            return None
        rest = str(self.namespace).replace(str(self.actor), "{actorId}", 1)
        return None if Template.parse(rest.replace("{actorId}", "")).variables else rest


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """A Bedrock knowledge base over all tenants' documents in the bucket with that name."""

    name: str
    bucket: str
    arn: str | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """What belongs to tenants."""

    tables: tuple[Table, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    memories: tuple[Memory, ...] = ()
    knowledge_bases: tuple[KnowledgeBase, ...] = ()

    def searched(self, bucket: Bucket) -> bool:
        """Whether a knowledge base lies over a bucket."""
        return any(base.bucket == bucket.name for base in self.knowledge_bases)


@dataclass(frozen=True, slots=True)
class Hours:
    """From hour `start` (inclusive) until hour `end` (exclusive) on the clinic's clock; 0 to 24.

    `days` are of `clock.WEEKDAYS`, in their order; none given means every day.
    """

    start: int
    end: int
    days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputRule:
    """What a tool's input must be for the call to be allowed.

    `low` and `high` are inclusive, and of integers; `one_of` are strings or integers, none given
    means any. An input that the call leaves out passes, unless it is `required`.
    """

    name: str
    required: bool = False
    forbidden: bool = False
    low: int | None = None
    high: int | None = None
    one_of: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolRule:
    """When a tier may call a tool; with nothing in it, always.

    `roles` are values of the role claim, one of which the caller must have; none given means any
    caller. `disabled` is the tool's kill switch, beside whatever else is allowed.
    """

    hours: Hours | None = None
    roles: tuple[str, ...] = ()
    inputs: tuple[InputRule, ...] = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests one user may make `per` "second" or "minute"."""

    requests: int
    per: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A service level: the tools it may call under which rule, its models, and its kill switch.

    Without a `rate_limit`, only AgentCore's own limits hold.
    """

    name: str
    tools: Mapping[str, ToolRule]
    models: tuple[str, ...] = ()
    disabled: bool = False
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """The parsed configuration. `account` is `None` only on AWS, where STS knows it.

    `container` is the URI of the runtimes' image; without one they run the built-in agent.
    """

    name: str
    target: Target
    region: str
    account: str | None
    identity: Identity
    roles: Roles
    data: Data
    tiers: Mapping[str, Tier]
    container: str | None = None

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that any tier may call, in the order of their declaration."""
        given = {name for tier in self.tiers.values() for name in tier.tools}
        return tuple(tool for tool in TOOLS.values() if tool.name in given)
