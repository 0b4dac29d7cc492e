"""The policies that a CloudFormation template gives to the pool's tables and buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tenantctl.domain.arn import Arn
from tenantctl.domain.pool import Table
from tenantctl.errors import PolicyInvalidError
from tenantctl.iam.json_text import Path
from tenantctl.iam.policy import Kind, Policy
from tenantctl.sources.gathered import Unread
from tenantctl.sources.partial import Unknown, partial
from tenantctl.sources.template import BUCKET, TABLES, Template

_BUCKET_POLICY = "AWS::S3::BucketPolicy"
_DOCUMENT = "PolicyDocument"


def data_policies(
    template: Template,
) -> tuple[tuple[tuple[str, Policy], ...], tuple[Unread, ...]]:
    """The policies by the ARN that they are attached to, and what of them isn't static.

    Raises `PolicyInvalidError` for a malformed one, or two on one resource.
    """
    reader = _Reader(template)
    for kind in TABLES:
        for logical in template.of(kind):
            reader.table(logical, kind)
    for logical in template.of(_BUCKET_POLICY):
        reader.bucket(logical)
    return tuple(reader.found.items()), tuple(reader.unread)


@dataclass(frozen=True, slots=True)
class _Meant:
    """The pool's resources that one of the template may be; `unsure` says why it isn't known."""

    arns: tuple[str, ...]
    unsure: Unknown | None = None


@dataclass(frozen=True, slots=True)
class _Reader:
    template: Template
    found: dict[str, Policy] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def table(self, logical: str, kind: str) -> None:
        """The policies of a table."""
        names = self.template.names
        tables: tuple[Table | str, ...] = (*names.pool.data.tables, names.registry_table)
        arns = tuple(map(names.table_arn, tables))
        meant = self._meant(logical, kind, arns)
        for at, policy in self._policies(logical):
            document = policy.get(_DOCUMENT) if isinstance(policy, Mapping) else policy
            path = (*at, _DOCUMENT) if isinstance(policy, Mapping) else at
            self._read(logical, path, document, meant)

    def bucket(self, logical: str) -> None:
        """A bucket's policy."""
        names = self.template.names
        arns = tuple(names.bucket_arn(bucket) for bucket in names.pool.data.buckets)
        given = self.template.properties(logical).get("Bucket")
        own = given.get("Ref") if isinstance(given, Mapping) else None
        name = self.template.property(logical, "Bucket")
        if isinstance(own, str) and own in self.template.of(BUCKET):
            meant = self._meant(own, BUCKET, arns)
        elif isinstance(name, Unknown):
            meant = _Meant(arns, name)
        else:
            meant = _Meant(tuple(a for a in arns if Arn.parse(a).resource == name))
        document = self.template.property(logical, _DOCUMENT)
        if self.template.conditional(logical):
            document = Unknown("a condition decides whether it is there")
        self._read(logical, (_DOCUMENT,), document, meant)

    def _policies(self, logical: str) -> Iterator[tuple[Path, object]]:
        own = self.template.property(logical, "ResourcePolicy")
        if own is not None:
            yield ("ResourcePolicy",), own
        stream = self.template.property(logical, "StreamSpecification")
        if isinstance(stream, Mapping) and "ResourcePolicy" in stream:
            yield ("StreamSpecification",), Unknown("policies of streams aren't looked at")
        replicas = self.template.property(logical, "Replicas")
        if isinstance(replicas, Unknown):
            yield ("Replicas",), replicas
        for index, replica in enumerate(replicas if isinstance(replicas, list) else ()):
            at: Path = ("Replicas", index)
            region = replica.get("Region") if isinstance(replica, Mapping) else replica
            if not isinstance(region, str):
                yield at, Unknown("its Region isn't static")
            elif region == self.template.names.pool.region and "ResourcePolicy" in replica:
                yield (*at, "ResourcePolicy"), replica["ResourcePolicy"]

    def _meant(self, logical: str, kind: str, arns: tuple[str, ...]) -> _Meant:
        """One that gets its name at its deployment may be any that no other is by name."""
        known = {other: self.template.attribute(other, "Arn") for other in self.template.of(kind)}
        own = known[logical]
        if isinstance(own, str):
            return _Meant(tuple(arn for arn in arns if arn == own))
        unnamed = tuple(arn for arn in arns if arn not in known.values())
        return _Meant(unnamed, Unknown("which resource it belongs to is known when it is deployed"))

    def _read(self, logical: str, at: Path, document: object, meant: _Meant) -> None:
        if meant.unsure is not None:
            document = meant.unsure
        for arn in meant.arns:
            if isinstance(document, Unknown):
                self.unread.append(self.template.unread(logical, at, document, about=arn))
                continue
            where = self.template.where(logical, at, Kind.RESOURCE, logical, about=arn)
            if arn in self.found:
                message = f"`{arn}` has a policy already; a resource has one"
                raise PolicyInvalidError(message, place=where.place())
            self.found[arn], unread = partial(document, where)
            self.unread.extend(unread)
