"""Which statement let a breach happen: the real policies, read and evaluated once more.

Nothing here changes a verdict. What the evaluation can't account for is said in the message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tenantctl.aws.failures import code_of, translated
from tenantctl.aws.role_documents import identity_documents
from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Finding, Outcome
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket
from tenantctl.errors import TenantctlError
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal, PrincipalKind, Request, context
from tenantctl.probes.probe import Plane

_NO_POLICIES = frozenset({Plane.IDENTITY, Plane.GATEWAY})
"""Where it isn't IAM that keeps tenants apart."""

_UNACCOUNTED = "the policies as they can be read don't allow it, so what enforces them has failed"


def explained(operator: Aws, names: Names, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same findings; each breach of a policy with its statements."""
    documents = Documents(operator, names)
    return tuple(_explained(f, documents) if _explainable(f) else f for f in findings)


def _explainable(finding: Finding) -> bool:
    return finding.outcome is Outcome.BREACH and finding.plane not in _NO_POLICIES


def _explained(finding: Finding, documents: Documents) -> Finding:
    try:
        decision = evaluate(_request(finding, documents.names), documents.of(finding))
    except TenantctlError as error:
        said = f"its statements can't be named: {error.message}"
        return replace(finding, message=f"{finding.message}; {said}")
    if not decision.allowed:
        return replace(finding, message=f"{finding.message}; {_UNACCOUNTED}")
    return replace(finding, decided_by=decision.decided_by)


def _request(finding: Finding, names: Names) -> Request:
    """The finding's request as IAM saw it."""
    given: Any = finding.request.get("context", {})
    role = names.pool.roles.agent if finding.actor.tenant is None else names.pool.roles.vending
    return Request(
        principal=Principal(
            kind=PrincipalKind.SESSION,
            arn=names.session_arn(role, "tenantctl-probe"),
            account=names.account,
            role_arn=names.role_arn(role),
        ),
        action=finding.action,
        resource=finding.resource,
        context=context(dict(given) | _tags(finding, names) | {"aws:SecureTransport": "true"}),
    )


def _tags(finding: Finding, names: Names) -> dict[str, str]:
    identity, actor = names.pool.identity, finding.actor
    values = (
        (identity.tier.tag, actor.tier),
        (identity.tenant.tag, actor.tenant),
        (identity.user.tag, actor.user if actor.tenant is not None else None),
    )
    return {f"aws:PrincipalTag/{tag}": value for tag, value in values if value is not None}


@dataclass(frozen=True, slots=True)
class Documents:
    """The policies in force, each read once and only if a breach asks for it."""

    operator: Aws
    names: Names
    _read: dict[str, Policies] = field(default_factory=dict)

    def of(self, finding: Finding) -> Policies:
        """The policies that decided on a finding's request."""
        at = finding.resource if finding.plane == Plane.STS else self._container(finding)
        if at not in self._read:
            self._read[at] = self._policies(finding, at)
        return self._read[at]

    def _container(self, finding: Finding) -> str:
        bucket = self._bucket(finding)
        return finding.plane if bucket is None else self.names.bucket_arn(bucket)

    def _bucket(self, finding: Finding) -> Bucket | None:
        if finding.plane != Plane.S3:
            return None
        arns = ((self.names.bucket_arn(b), b) for b in self.names.pool.data.buckets)
        return next(
            (
                b
                for arn, b in arns
                if finding.resource == arn or finding.resource.startswith(f"{arn}/")
            ),
            None,
        )

    def _policies(self, finding: Finding, at: str) -> Policies:
        roles = self.names.pool.roles
        if finding.plane == Plane.STS:
            caller = roles.agent if finding.actor.tenant is None else roles.vending
            target = roles.agent if at == self.names.agent_role_arn else roles.vending
            return Policies(identity=self._identity(caller), resource=self._trust(target))
        bucket = self._bucket(finding)
        resource = None if bucket is None else self._bucket_policy(bucket)
        return Policies(identity=self._identity(roles.vending), resource=resource)

    def _identity(self, role: str) -> tuple[Policy, ...]:
        with translated(f"reading the policies of `{role}`"):
            documents = tuple(identity_documents(self.operator.client("iam"), role))
        return tuple(read(d, name=f"{role}/{name}", kind=Kind.IDENTITY) for name, d in documents)

    def _trust(self, role: str) -> Policy:
        with translated(f"reading the trust policy of `{role}`"):
            found = self.operator.client("iam").get_role(RoleName=role)["Role"]
        document: Any = found["AssumeRolePolicyDocument"]
        return read(document, name=f"{role}/trust", kind=Kind.TRUST)

    def _bucket_policy(self, bucket: Bucket) -> Policy | None:
        from botocore.exceptions import ClientError

        with translated(f"reading the policy of bucket `{bucket.name}`"):
            try:
                text = self.operator.client("s3").get_bucket_policy(Bucket=bucket.name)["Policy"]
            except ClientError as error:
                if code_of(error) != "NoSuchBucketPolicy":
                    raise
                return None
        return read(text, name=f"{bucket.name}/policy", kind=Kind.RESOURCE)
