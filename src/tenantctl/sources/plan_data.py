"""The policies that a Terraform plan gives to the pool's tables and buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tenantctl.domain.arn import Arn
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Table
from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.policy import Kind, Policy
from tenantctl.sources.gathered import Unread
from tenantctl.sources.partial import Unknown, Where, partial
from tenantctl.sources.plan import Plan, Resource


def data_policies(
    plan: Plan, names: Names
) -> tuple[tuple[tuple[str, Policy], ...], tuple[Unread, ...]]:
    """The policies by the ARN that they are attached to, and what isn't known before apply.

    Raises `PolicyInvalidError` for a malformed one, or two on one resource.
    """
    reader = _Reader(plan)
    buckets = {
        Arn.parse(arn).resource: arn
        for arn in (names.bucket_arn(bucket) for bucket in names.pool.data.buckets)
    }
    for resource in plan.of("aws_s3_bucket_policy"):
        reader.attached(resource, "bucket", "aws_s3_bucket", "bucket", buckets)
    written = {str(r.value("bucket")) for r in plan.gone if r.kind == "aws_s3_bucket_policy"}
    for resource in plan.of("aws_s3_bucket"):
        name, policy = str(resource.value("bucket")), resource.value("policy")
        # What isn't configured is what was found: another resource writes it, or deletes it.
        found = not resource.configured("policy")
        if name not in buckets or (found and (name in written or buckets[name] in reader.seen)):
            continue
        if policy and not (found and isinstance(policy, Unknown)):
            reader.read(resource, [buckets[name]])
    all_tables: tuple[Table | str, ...] = (*names.pool.data.tables, names.registry_table)
    tables = {
        Arn.parse(arn).resource.removeprefix("table/"): arn
        for arn in map(names.table_arn, all_tables)
    }
    for resource in plan.of("aws_dynamodb_resource_policy"):
        reader.attached(resource, "resource_arn", "aws_dynamodb_table", "name", tables)
    return tuple(reader.found.items()), tuple(reader.unread)


@dataclass(frozen=True, slots=True)
class _Reader:
    plan: Plan
    found: dict[str, Policy] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def attached(
        self, resource: Resource, to: str, kind: str, named_by: str, arns: Mapping[str, str]
    ) -> None:
        """Read a policy that is attached by the attribute `to`.

        `arns` are those of the pool by name; what `to` refers to is of type `kind`, and has its
        name in `named_by`.
        """
        value = resource.value(to)
        streams = any(r.endswith(".stream_arn") for r in resource.references(to))
        if isinstance(value, Unknown) and not streams:
            referred = self.plan.referred(resource, to, kind)
            if referred is not None and len(referred) == 1:
                value = referred[0].value(named_by)
        if isinstance(value, Unknown):
            self._skip(resource, to, value.why, arns.values())
            return
        text = str(value)
        inside = [arn for arn in arns.values() if text.startswith(f"{arn}/")]
        self._skip(resource, to, "policies of streams aren't looked at", inside)
        self.read(resource, [arn for name, arn in arns.items() if text in {name, arn}])

    def read(self, resource: Resource, meant: list[str]) -> None:
        """Read the `policy` of a resource as that of those which are meant."""
        for arn in meant:
            path = (resource.address, "policy")
            where = Where(resource.address, Kind.RESOURCE, self.plan.tree, path, arn)
            if arn in self.seen:
                message = f"`{arn}` has a policy already; a resource has one"
                raise PolicyInvalidError(message, place=where.place())
            self.seen.add(arn)
            policy, unread = partial(resource.value("policy"), where)
            self.unread.extend(unread)
            if policy.statements:
                self.found[arn] = policy

    def _skip(self, resource: Resource, name: str, why: str, about: Iterable[str]) -> None:
        place = str(self.plan.tree.place((resource.address, name)))
        self.unread.extend(Unread(place, why, arn) for arn in about)
