"""The chain of roles: operator (or the AgentCore service) → agent role → vending role with tags.

The vending role trusts the agent role alone, so every tenant session passes through here, the
probes' as well as a user's. Chained sessions last an hour at most.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tenantctl.aws.failures import is_access_denied, translated
from tenantctl.aws.session import Aws, Credentials
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import check_value
from tenantctl.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import AssumeRoleResponseTypeDef

MIN_SECONDS = 900
"""The shortest session that STS gives."""

MAX_SECONDS = 3600
"""The longest session that role chaining gives."""

_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class TenantSession:
    """A session of the vending role that speaks for one user of one tenant."""

    credentials: Credentials = field(repr=False)
    arn: str
    expires: datetime
    tags: tuple[tuple[str, str], ...]


def session_name(tenant: str, user: str) -> str:
    """A `RoleSessionName` for CloudTrail's readers, different for every pair; at most 64 long.

    Readable as long as it fits and needs no replacement; else cut, with a digest of the pair.
    """
    plain = f"{tenant}.{user}"
    name = _SESSION_NAME.sub("-", plain)
    if name == plain and len(name) <= 64 and "." not in tenant:  # noqa: PLR2004 - the API's limit
        return name
    digest = hashlib.sha256(f"{tenant}\0{user}".encode()).hexdigest()
    return f"{name[:47]}-{digest[:16]}"


def agent_session(aws: Aws, names: Names) -> Aws:
    """Act as the agent execution role.

    The embedded cloud lends the AgentCore service's own keys (`Aws.runtime`), as the service
    would use them for its runtimes; elsewhere the caller itself must be one of `roles.operators`.
    Raises `AwsError` with a hint where the role's trust policy doesn't admit the caller.
    """
    from botocore.exceptions import ClientError

    caller = aws.acting_as(aws.runtime) if aws.runtime is not None else aws
    with translated(f"assuming the agent role `{names.pool.roles.agent}`"):
        try:
            answer = caller.client("sts").assume_role(
                RoleArn=names.agent_role_arn,
                RoleSessionName="tenantctl",
                DurationSeconds=MAX_SECONDS,
            )
        except ClientError as error:
            if not is_access_denied(error):
                raise
            raise AwsError(
                f"the agent role `{names.pool.roles.agent}` can't be assumed from here",
                code="AccessDenied",
                operation="AssumeRole",
                hint="run `tenantctl pool apply`; on AWS, add your ARN to `roles.operators` first",
            ) from error
    return aws.acting_as(_credentials(answer))


def tenant_session(  # noqa: PLR0913 - a session is these six things
    agent: Aws, names: Names, *, tier: str, tenant: str, user: str, seconds: int = MAX_SECONDS
) -> TenantSession:
    """Assume the vending role from the agent role, tagged with tier, tenant and user.

    All three tags are transitive: a session chained from this one can't change them.
    `seconds` is the length of the session, 900 to 3600. Raises `UsageError` for values that
    don't have the declared format, `AwsError` for STS's refusals.
    """
    identity = names.pool.identity
    tags = (
        (identity.tier.tag, check_value(tier, identity.tier, "tier")),
        (identity.tenant.tag, check_value(tenant, identity.tenant, "tenant id")),
        (identity.user.tag, check_value(user, identity.user, "user id")),
    )
    with translated(f"vending credentials for `{tenant}`"):
        answer = agent.client("sts").assume_role(
            RoleArn=names.vending_role_arn,
            RoleSessionName=session_name(tenant, user),
            DurationSeconds=seconds,
            Tags=[{"Key": key, "Value": value} for key, value in tags],
            TransitiveTagKeys=[key for key, _ in tags],
        )
    return TenantSession(
        credentials=_credentials(answer),
        arn=answer["AssumedRoleUser"]["Arn"],
        expires=answer["Credentials"]["Expiration"],
        tags=tags,
    )


def _credentials(answer: AssumeRoleResponseTypeDef) -> Credentials:
    keys = answer["Credentials"]
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
