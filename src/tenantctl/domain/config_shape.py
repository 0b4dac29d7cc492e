"""The form of `tenantctl.yaml`: the one definition behind the parser and the JSON Schema.

A `description` is both what an editor shows and what an error says was expected.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tenantctl.domain.rule_shape import Tier
from tenantctl.domain.yaml_shape import Shape

NAME = r"^[a-z](-?[a-z0-9]){0,30}$"
TIER = r"^[a-z][a-z0-9_-]{0,31}$"

PoolName = Annotated[
    str,
    # The strictest of what is derived from it: gateways are `([0-9a-zA-Z][-]?){1,48}`.
    Meta(
        pattern=NAME,
        description="1 to 31 lower-case letters, digits and single inner hyphens, a letter first",
    ),
]
RegionName = Annotated[
    str, Meta(pattern=r"^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$", description="a region like us-east-1")
]
AccountId = Annotated[str, Meta(pattern=r"^[0-9]{12}$", description="12 digits in quotes")]
# A tag's key goes into `${aws:PrincipalTag/KEY}`: no braces, wildcards or commas.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules_creating
TagKey = Annotated[
    str,
    Meta(
        pattern=r"^(?![aA][wW][sS]:)[A-Za-z0-9_.:/=+@-]{1,128}$",
        description="a tag key: up to 128 letters, digits and _ . : / = + - @, not aws:",
    ),
]
ClaimName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.:/@-]{1,128}$",
        description="a token claim like sub or custom:tenant_id",
    ),
]
Pattern = Annotated[
    str,
    Meta(min_length=1, max_length=256, description="a Python regular expression, matched whole"),
]
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
RoleName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$",
        description="a role name without a path: up to 64 letters, digits and + = , . @ - _",
    ),
]
PrincipalArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws(-[a-z]+)*:"
        r"(iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9_+=,.@/-]{1,576})"
        r"|sts::[0-9]{12}:assumed-role/[A-Za-z0-9_+=,.@-]{1,64}/[A-Za-z0-9_+=,.@-]{2,64})$",
        description="the ARN of a user, role or role session, without wildcards",
    ),
]
TableName = Annotated[
    str,
    Meta(
        pattern=r"^[a-zA-Z0-9_.-]{3,255}$",
        description="a DynamoDB name: 3 to 255 letters, digits and _ . -",
    ),
]
AttributeName = Annotated[
    str, Meta(min_length=1, max_length=255, description="an attribute's name, 1 to 255 characters")
]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BucketName = Annotated[
    str,
    Meta(
        pattern=r"^(?!xn--|sthree-|amzn-s3-demo-)(?!([0-9]+\.){3}[0-9]+$)(?!.*\.\.)"
        r"(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="an S3 bucket name: 3 to 63 lower-case letters, digits, dots and hyphens",
    ),
]
MemoryName = Annotated[
    str,
    Meta(
        pattern=r"^[a-zA-Z][a-zA-Z0-9_-]{0,110}$",
        description="a memory's name or id: letters, digits, _ and -, a letter first",
    ),
]
# As in `pool.Strategy`.
Strategy = Annotated[
    Literal["semantic", "summary", "user_preference"],
    Meta(description="a strategy: semantic, summary or user_preference"),
]
# https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateMemory.html
ExpiryDays = Annotated[int, Meta(ge=3, le=3650, description="3 to 3650 days")]
# The strictest of what bears it: vector indexes.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-indexes.html
KnowledgeBaseName = Annotated[
    str,
    Meta(
        pattern=r"^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$",
        description="3 to 63 lower-case letters, digits and single inner hyphens",
    ),
]
# A layout must name the tenant, or its data would belong to everybody.
Layout = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1024,
        description="text with the variables {tier}, {tenant} or {user}, at least {tenant}",
    ),
]
# https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_ContainerConfiguration.html
ContainerUri = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|public\.ecr\.aws)/"
        r"([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*(:[^:@]{1,300})?(@.+)?$",
        max_length=1024,
        description="the URI of an image in ECR: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG",
    ),
]
TierName = Annotated[
    str,
    Meta(
        pattern=TIER,
        description="a tier's name: up to 32 lower-case letters, digits, _ and -, a letter first",
    ),
]


def _arn(service: str, resource: str, what: str) -> Meta:
    pattern = rf"^arn:aws(-[a-z]+)*:{service}:{resource}$"
    return Meta(pattern=pattern, description=f"the ARN of a {what}")


_PLACED = r"[a-z0-9-]{1,32}:[0-9]{12}"
TableArn = Annotated[
    str, _arn("dynamodb", rf"{_PLACED}:table/[a-zA-Z0-9_.-]{{3,255}}", "DynamoDB table")
]
BucketArn = Annotated[str, _arn("s3", r"::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "bucket")]
MemoryArn = Annotated[
    str, _arn("bedrock-agentcore", rf"{_PLACED}:memory/[a-zA-Z][a-zA-Z0-9_-]{{0,110}}", "memory")
]

KnowledgeBaseArn = Annotated[
    str, _arn("bedrock", rf"{_PLACED}:knowledge-base/[0-9a-zA-Z]{{10}}", "knowledge base")
]


class NamedClaim(Shape, frozen=True):
    """One part of an identity; without a pattern, whatever STS takes as a tag value."""

    tag: TagKey
    claim: ClaimName
    pattern: Pattern | None = None


class TierClaim(NamedClaim, frozen=True):
    """The caller's service level; its values are the keys of `tiers`."""

    tag: TagKey = "Tier"
    claim: ClaimName = "custom:tier"


class TenantClaim(NamedClaim, frozen=True):
    """The caller's tenant."""

    tag: TagKey = "ClinicId"
    claim: ClaimName = "custom:tenant_id"


class UserClaim(NamedClaim, frozen=True):
    """The caller itself."""

    tag: TagKey = "UserId"
    claim: ClaimName = "sub"


class Identity(Shape, frozen=True):
    """What names a caller: session tag, token claim, format of the value."""

    tier: TierClaim = TierClaim()
    tenant: TenantClaim = TenantClaim(pattern="[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
    user: UserClaim = UserClaim(pattern="[0-9a-f-]{36}")


class Roles(Shape, frozen=True):
    """Role names; by default the pool's name with `-agent` and `-tvm`."""

    agent: RoleName | None = None
    vending: RoleName | None = None
    operators: tuple[PrincipalArn, ...] = ()


class Index(Shape, frozen=True):
    """A global secondary index; its partition key is the table's."""

    name: TableName
    sort_key: AttributeName


class Table(Shape, frozen=True):
    """A DynamoDB table in which `value` is the partition key of a tenant's items."""

    name: TableName
    partition_key: AttributeName
    value: Layout
    sort_key: AttributeName = "item_id"
    indexes: Annotated[
        tuple[Index, ...], Meta(max_length=20, description="at most 20 indexes")
    ] = ()
    arn: TableArn | None = None


class Bucket(Shape, frozen=True):
    """An S3 bucket in which a tenant owns the keys under `prefix`."""

    name: BucketName
    prefix: Layout
    arn: BucketArn | None = None


class Memory(Shape, frozen=True):
    """An AgentCore memory in which `actor` and `namespace` name the tenant."""

    name: MemoryName
    actor: Layout
    namespace: Layout
    arn: MemoryArn | None = None
    strategies: tuple[Strategy, ...] = ()
    expiry_days: ExpiryDays = 90


class KnowledgeBase(Shape, frozen=True):
    """A Bedrock knowledge base over all tenants' documents in `bucket`."""

    name: KnowledgeBaseName
    bucket: BucketName
    arn: KnowledgeBaseArn | None = None


class Data(Shape, frozen=True):
    """What belongs to tenants."""

    tables: tuple[Table, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    memories: tuple[Memory, ...] = ()
    knowledge_bases: tuple[KnowledgeBase, ...] = ()


class Runtime(Shape, frozen=True):
    """What the tiers' agent runtimes run; without a container, the built-in agent."""

    container: ContainerUri | None = None


class File(Shape, frozen=True):
    """The configuration of a pool for tenantctl."""

    version: Annotated[Literal[1], Meta(description="1, the format's version")]
    pool: PoolName
    region: RegionName
    tiers: Annotated[
        dict[TierName, Tier], Meta(min_length=1, description="at least one tier, by name")
    ]
    target: Annotated[Literal["local", "aws"], Meta(description="`local` or `aws`")] = "local"
    account: AccountId | None = None
    identity: Identity = Identity()
    roles: Roles = Roles()
    data: Data = Data()
    runtime: Runtime = Runtime()
