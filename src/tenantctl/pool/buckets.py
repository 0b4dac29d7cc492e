"""The pool's buckets: not public, owner-only, versioned, encrypted, TLS only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenantctl.aws.failures import code_of
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket
from tenantctl.errors import AwsError, ConflictError
from tenantctl.pool.consistency import unless_absent
from tenantctl.pool.documents import bucket_document, canonical
from tenantctl.pool.step import Change, Field, Part, Step, differences, removals

KIND = "bucket"

_BLOCKED: Mapping[str, bool] = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True)
class BucketSpec:
    """What a bucket must be; `policy` is its own policy document."""

    name: str
    arn: str
    policy: Mapping[str, Any]


def specs(names: Names, *, beside: Path | None = None) -> tuple[BucketSpec, ...]:
    """The buckets that the pool owns."""
    return tuple(
        BucketSpec(
            bucket.name, names.bucket_arn(bucket), bucket_document(names, bucket, beside=beside)
        )
        for bucket in owned(names)
    )


def owned(names: Names) -> tuple[Bucket, ...]:
    """The configuration's buckets that the pool makes and deletes."""
    return tuple(bucket for bucket in names.pool.data.buckets if names.manages(bucket))


def observe(aws: Aws, spec: BucketSpec) -> Part:
    """The bucket as it is, with the steps and problems on the way to what it must be."""
    from botocore.exceptions import ClientError

    try:
        aws.client("s3").head_bucket(Bucket=spec.name, ExpectedBucketOwner=aws.account)
    except ClientError as error:
        if code_of(error) == "404":
            return Part(KIND, spec.name, None, (_create(spec), *_settings(spec, None)))
        if code_of(error) not in {"301", "403"}:
            raise
        taken = "its name is taken by another account or Region, or the caller may not see it"
        return Part(KIND, spec.name, None, problems=(taken,))
    return Part(KIND, spec.name, spec.arn, _settings(spec, aws))


def delete_step(name: str) -> Step:
    """Delete the bucket with every version of every object."""

    def run(aws: Aws) -> None:
        unless_absent(lambda: _delete(aws, name), "NoSuchBucket")

    return Step(Change.DELETE, f"{KIND} `{name}`", "with every version of every object", (), run)


def _create(spec: BucketSpec) -> Step:
    def run(aws: Aws) -> None:
        from botocore.exceptions import ClientError

        # us-east-1 is the one Region that must not be named.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        where: dict[str, Any] = (
            {}
            if aws.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
        )
        try:
            aws.client("s3").create_bucket(Bucket=spec.name, **where)
        except ClientError as error:
            if code_of(error) == "BucketAlreadyExists":
                raise ConflictError(
                    f"the bucket name `{spec.name}` is taken by another account",
                    hint="bucket names are global: choose another under `data.buckets`",
                ) from error
            if code_of(error) != "BucketAlreadyOwnedByYou":
                raise

    return Step(Change.CREATE, f"{KIND} `{spec.name}`", "it doesn't exist", (), run)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A sub-resource of the bucket: how it is read, what it must be, how it is written."""

    name: str
    why: str
    read: Callable[[Aws], object]
    wanted: object
    write: Callable[[Aws], object]
    good: Callable[[object], bool]


def _settings(spec: BucketSpec, aws: Aws | None) -> tuple[Step, ...]:
    """Steps for the settings that aren't right; without `aws`, for all of them."""
    steps = []
    for setting in _all(spec):
        now = None if aws is None else setting.read(aws)
        if now is not None and setting.good(now):
            continue
        changed = (*differences(now, setting.wanted), *removals(now, setting.wanted))
        fields = tuple(
            Field(f"{setting.name}.{f.name}" if f.name else setting.name, f.old, f.new)
            for f in changed
        )
        steps.append(
            Step(
                Change.UPDATE,
                f"{KIND} `{spec.name}`",
                setting.why,
                fields,
                _writer(setting),
            )
        )
    return tuple(steps)


def _writer(setting: _Setting) -> Callable[[Aws], None]:
    def run(aws: Aws) -> None:
        setting.write(aws)

    return run


def _all(spec: BucketSpec) -> Iterable[_Setting]:
    bucket = spec.name
    policy = canonical(spec.policy)
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    yield _Setting(
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
    yield _Setting(
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
    yield _Setting(
        "versioning",
        "a mistake must be undoable",
        lambda aws: aws.client("s3").get_bucket_versioning(Bucket=bucket).get("Status"),
        "Enabled",
        lambda aws: aws.client("s3").put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        ),
        lambda now: now == "Enabled",
    )
    yield _Setting(
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
    yield _Setting(
        "policy",
        "nobody speaks to it in the clear, and nobody else is let in",
        lambda aws: _policy(aws, bucket),
        policy,
        lambda aws: aws.client("s3").put_bucket_policy(
            Bucket=bucket, Policy=json.dumps(spec.policy)
        ),
        lambda now: now == policy,
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


def _delete(aws: Aws, bucket: str) -> None:
    client = aws.client("s3")
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
    # 1,000 a page, and as many may be deleted in one call.
    for versions in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        gone = [
            {"Key": item["Key"], "VersionId": item["VersionId"]}
            for item in (*versions.get("Versions", []), *versions.get("DeleteMarkers", []))
        ]
        if not gone:
            continue
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": gone, "Quiet": True})  # type: ignore[typeddict-item]
        for error in answer.get("Errors", []):
            raise AwsError(
                f"emptying bucket `{bucket}`: DeleteObjects: {error.get('Code')}: "
                f"{error.get('Message')}",
                code=error.get("Code", ""),
                operation="DeleteObjects",
            )
    client.delete_bucket(Bucket=bucket)
