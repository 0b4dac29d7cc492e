"""What the enforcing layer must know of the cloud's present state, read from moto."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tenantctl.domain.names import partition
from tenantctl.local.call import Call, ServiceError, TableKeys
from tenantctl.local.knowledge.api import KnowledgeBases


@dataclass(frozen=True, slots=True)
class MotoFacts:
    """`Facts` of one account in one region."""

    region: str
    account: str
    bases: KnowledgeBases | None = None

    def table_keys(self, table: str) -> TableKeys | None:
        """The key schema of a table, by name or by an ARN of this account and region."""
        name = table
        if table.startswith("arn:"):
            prefix = f"arn:{partition(self.region)}:dynamodb:{self.region}:{self.account}:table/"
            if not table.startswith(prefix):
                return None
            name = table.removeprefix(prefix)
        found = self._dynamodb().tables.get(name)
        if found is None:
            return None
        indexes = (*found.indexes, *found.global_indexes)
        return TableKeys(
            partition=found.hash_key_attr,
            sort=found.range_key_attr,
            indexes={index.name: _hash_key(index.schema) for index in indexes},
        )

    def bucket_policy(self, bucket: str) -> str | None:
        """The bucket's policy document, if there is such a bucket and it has one."""
        from moto.s3.models import s3_backends

        found = s3_backends[self.account][partition(self.region)].buckets.get(bucket)
        policy = found.policy if found is not None else None
        if policy is None:
            return None
        return policy.decode() if isinstance(policy, bytes) else str(policy)

    def knowledge_base_tags(self, base: str) -> Mapping[str, str]:
        """The tags of a knowledge base by its ARN; none, where there is no such base."""
        return {} if self.bases is None else self.bases.tags(base)

    def _dynamodb(self) -> Any:  # noqa: ANN401 - moto's own
        from moto.dynamodb.models import dynamodb_backends

        return dynamodb_backends[self.account][self.region]


def bucket_owner(bucket: str) -> str | None:
    """The account that has a bucket of that name."""
    from moto.s3.models import s3_backends

    owners: Mapping[str, tuple[str, str]] = cast("Any", s3_backends).bucket_accounts
    return owners[bucket][1] if bucket in owners else None


def check_upload(call: Call) -> None:
    """Refuse an upload that isn't there; moto fails on some of these. Raises `ServiceError`."""
    from moto.s3.models import s3_backends

    upload = call.params.get("UploadId")
    if upload is None:
        return
    buckets = s3_backends[call.account][partition(call.region)].buckets
    found = buckets.get(call.params.get("Bucket", ""))
    part = found.multiparts.get(upload) if found is not None else None
    if found is not None and (part is None or part.key_name != call.params.get("Key")):
        raise ServiceError("NoSuchUpload", "The specified upload does not exist.", 404)


def _hash_key(schema: list[dict[str, str]]) -> str:
    return next(key["AttributeName"] for key in schema if key["KeyType"] == "HASH")
