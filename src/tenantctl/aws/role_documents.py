"""What is attached to the vending role and to the pool's tables and buckets, as it is in force.

Documents come as AWS has them, not yet read: IAM's as JSON values (botocore decodes them), those
of buckets and tables as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantctl.aws.failures import code_of, translated
from tenantctl.aws.session import Aws
from tenantctl.domain.arn import Arn
from tenantctl.domain.names import Names
from tenantctl.errors import UsageError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Document = str | dict[str, Any]

_NO_POLICY = frozenset({"NoSuchBucketPolicy", "PolicyNotFoundException"})
"""The codes that say that a resource has no policy; any other leaves it unknown.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html
"""


@dataclass(frozen=True, slots=True)
class RoleDocuments:
    """Everything that decides about a session of the vending role.

    `identity` and `boundary` are pairs of a policy's name (its ARN, where it is managed) and its
    document; `resources` are triples of a table's or bucket's ARN, a name and a document.
    """

    trust: Document
    identity: tuple[tuple[str, Document], ...]
    boundary: tuple[str, Document] | None
    resources: tuple[tuple[str, str, Document], ...]


def role_documents(aws: Aws, names: Names) -> RoleDocuments:
    """Read them all.

    Raises `AwsError` for whatever can't be read, as none of it may be missed, and `UsageError`
    for a role with a path.
    """
    role = names.pool.roles.vending
    iam = aws.client("iam")
    with translated(f"reading the policies of `{role}`"):
        found: Any = iam.get_role(RoleName=role)["Role"]
        if found["Arn"] != names.vending_role_arn:
            raise UsageError(
                f"`{role}` is `{found['Arn']}`, and the configuration's roles have no path",
                hint="make the role without one",
            )
        identity = tuple(identity_documents(iam, role))
        limit = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        boundary = None if limit is None else (limit, _default_version(iam, limit))
    return RoleDocuments(
        trust=found["AssumeRolePolicyDocument"],
        identity=identity,
        boundary=boundary,
        resources=(*_tables(aws, names), *_buckets(aws, names)),
    )


def identity_documents(iam: IAMClient, role: str) -> Iterator[tuple[str, Document]]:
    """A role's identity policies by name, inline ones first; attached ones by their ARN."""
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            inline: Any = iam.get_role_policy(RoleName=role, PolicyName=name)
            yield name, inline["PolicyDocument"]
    for attached in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for policy in attached["AttachedPolicies"]:
            yield policy["PolicyArn"], _default_version(iam, policy["PolicyArn"])


def _default_version(iam: IAMClient, arn: str) -> Document:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found: Any = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    document: Document = found["Document"]
    return document


def _tables(aws: Aws, names: Names) -> Iterator[tuple[str, str, Document]]:
    for table in names.pool.data.tables:
        yield from _table(aws, names.table_arn(table), table.name, _NO_POLICY)
    # A pool that another tool made has no registry, and so nobody who could reach it.
    registry = names.registry_table
    none = _NO_POLICY | {"ResourceNotFoundException"}
    yield from _table(aws, names.table_arn(registry), registry, none)


def _table(
    aws: Aws, arn: str, name: str, none: frozenset[str]
) -> Iterator[tuple[str, str, Document]]:
    from botocore.exceptions import ClientError

    with translated(f"reading the policy of table `{name}`"):
        try:
            text = aws.client("dynamodb").get_resource_policy(ResourceArn=arn)["Policy"]
        except ClientError as error:
            if code_of(error) not in none:
                raise
        else:
            yield arn, f"table/{name}", text


def _buckets(aws: Aws, names: Names) -> Iterator[tuple[str, str, Document]]:
    from botocore.exceptions import ClientError

    for bucket in names.pool.data.buckets:
        arn = names.bucket_arn(bucket)
        with translated(f"reading the policy of bucket `{bucket.name}`"):
            try:
                text = aws.client("s3").get_bucket_policy(Bucket=Arn.parse(arn).resource)["Policy"]
            except ClientError as error:
                if code_of(error) not in _NO_POLICY:
                    raise
            else:
                yield arn, f"bucket/{bucket.name}", text
