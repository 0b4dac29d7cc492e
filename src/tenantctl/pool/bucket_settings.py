"""What a bucket is beside its objects: each setting with how to read, judge and write it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tenantctl.aws.session import Aws
from tenantctl.pool.consistency import unless_absent
from tenantctl.pool.documents import canonical

_BLOCKED: Mapping[str, bool] = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A sub-resource of the bucket: how it is read, what it must be, how it is written."""

    name: str
    why: str
    read: Callable[[Aws], object]
    wanted: object
    write: Callable[[Aws], object]
    good: Callable[[object], bool]


def settings(bucket: str, policy: Mapping[str, Any]) -> Iterator[Setting]:
    """What every bucket of the pool must be; `policy` is its own policy document."""
    wanted = canonical(policy)
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    yield Setting(
        "public access block",
        "nothing in it is public",
        lambda aws: _get(
            lambda: aws.client("s3").get_public_access_block(Bucket=bucket),
            "PublicAccessBlockConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        _BLOCKED,
        lambda aws: aws.client("s3").put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration=_BLOCKED,  # type: ignore[arg-type]
        ),
        lambda now: now == _BLOCKED,
    )
    yield Setting(
        "ownership",
        "no ACL can give an object away",
        lambda aws: _ownership(aws, bucket),
        "BucketOwnerEnforced",
        lambda aws: aws.client("s3").put_bucket_ownership_controls(
            Bucket=bucket,
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        ),
        lambda now: now == "BucketOwnerEnforced",
    )
    yield Setting(
        "versioning",
        "a mistake must be undoable",
        lambda aws: aws.client("s3").get_bucket_versioning(Bucket=bucket).get("Status"),
        "Enabled",
        lambda aws: aws.client("s3").put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        ),
        lambda now: now == "Enabled",
    )
    yield Setting(
        "encryption",
        "documents lie encrypted",
        lambda aws: _encryption(aws, bucket),
        "AES256",
        lambda aws: aws.client("s3").put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={"Rules": [rule]},
        ),
        # A customer's own key is more than what is asked for.
        lambda now: now in {"AES256", "aws:kms", "aws:kms:dsse"},
    )
    yield Setting(
        "policy",
        "nobody speaks to it in the clear, and nobody else is let in",
        lambda aws: _policy(aws, bucket),
        wanted,
        lambda aws: aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy)),
        lambda now: now == wanted,
    )


def _get(call: Callable[[], Mapping[str, Any]], key: str, absent: str) -> Any:  # noqa: ANN401 - JSON
    answer = unless_absent(call, absent)
    return None if answer is None else answer[key]


def _ownership(aws: Aws, bucket: str) -> str | None:
    controls = _get(
        lambda: aws.client("s3").get_bucket_ownership_controls(Bucket=bucket),
        "OwnershipControls",
        "OwnershipControlsNotFoundError",
    )
    return controls["Rules"][0]["ObjectOwnership"] if controls else None


def _encryption(aws: Aws, bucket: str) -> str | None:
    found = _get(
        lambda: aws.client("s3").get_bucket_encryption(Bucket=bucket),
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    rules = found["Rules"] if found else []
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
    algorithm = default.get("SSEAlgorithm")
    return None if algorithm is None else str(algorithm)


def _policy(aws: Aws, bucket: str) -> object:
    text = _get(
        lambda: aws.client("s3").get_bucket_policy(Bucket=bucket), "Policy", "NoSuchBucketPolicy"
    )
    return None if text is None else canonical(json.loads(text))
