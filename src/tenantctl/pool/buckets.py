"""The pool's buckets: not public, owner-only, versioned, encrypted, TLS only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenantctl.aws.failures import code_of
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket
from tenantctl.errors import AwsError, ConflictError
from tenantctl.pool.bucket_settings import Setting, settings
from tenantctl.pool.consistency import unless_absent
from tenantctl.pool.documents import bucket_document
from tenantctl.pool.step import Change, Field, Part, Step, differences, missing, removals

KIND = "bucket"


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
            return missing(KIND, spec.name, _create(spec), *_settings(spec, None))
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


def _settings(spec: BucketSpec, aws: Aws | None) -> tuple[Step, ...]:
    """Steps for the settings that aren't right; without `aws`, for all of them."""
    steps = []
    for setting in settings(spec.name, spec.policy):
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


def _writer(setting: Setting) -> Callable[[Aws], None]:
    def run(aws: Aws) -> None:
        setting.write(aws)

    return run


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
