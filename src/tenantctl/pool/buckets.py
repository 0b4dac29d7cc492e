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
from tenantctl.pool import ownership
from tenantctl.pool.bucket_settings import Setting, settings
from tenantctl.pool.consistency import unless_absent
from tenantctl.pool.documents import bucket_document
from tenantctl.pool.ownership import Tags
from tenantctl.pool.step import Change, Field, Part, Step, differences, missing, removals

KIND = "bucket"


@dataclass(frozen=True, slots=True)
class BucketSpec:
    """What a bucket must be; `policy` is its own policy document."""

    name: str
    arn: str
    policy: Mapping[str, Any]
    tags: Tags

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{KIND} `{self.name}`"


def specs(names: Names, *, beside: Path | None = None) -> tuple[BucketSpec, ...]:
    """The buckets that the pool owns: for data, and for the agent's code."""
    buckets: tuple[Bucket | str, ...] = (*owned(names), *_code(names))
    return tuple(
        BucketSpec(
            bucket if isinstance(bucket, str) else bucket.name,
            names.bucket_arn(bucket),
            bucket_document(names, bucket, beside=beside),
            names.tags,
        )
        for bucket in buckets
    )


def owned(names: Names) -> tuple[Bucket, ...]:
    """The configuration's buckets that the pool makes and deletes."""
    return tuple(bucket for bucket in names.pool.data.buckets if names.manages(bucket))


def possible(names: Names) -> tuple[str, ...]:
    """The names of all buckets that the pool may have made."""
    return (*(bucket.name for bucket in owned(names)), names.code_bucket)


def _code(names: Names) -> tuple[str, ...]:
    return (names.code_bucket,) if names.pool.container is None else ()


def observe(aws: Aws, spec: BucketSpec) -> Part:
    """The bucket as it is, with the steps and problems on the way to what it must be."""
    from botocore.exceptions import ClientError

    try:
        found = aws.client("s3").head_bucket(Bucket=spec.name, ExpectedBucketOwner=aws.account)
    except ClientError as error:
        if code_of(error) == "404":
            return missing(KIND, spec.name, _create(spec), *_settings(spec, None))
        if code_of(error) not in {"301", "403"}:
            raise
        taken = "its name is taken by another account or Region, or the caller may not see it"
        return Part(KIND, spec.name, None, problems=(taken,))
    # botocore follows a bucket into its own Region, so nothing else would tell.
    if (region := found.get("BucketRegion", aws.region)) != aws.region:
        elsewhere = f"it lies in region `{region}`, and can't be moved"
        return Part(KIND, spec.name, None, problems=(elsewhere,))
    claim = ownership.claim(
        spec.resource, _tags(aws, spec.name), spec.tags, lambda aws: _tag(aws, spec)
    )
    return Part(KIND, spec.name, spec.arn, _settings(spec, aws), claim=claim)


def delete_step(name: str, tags: Tags) -> Step:
    """Delete the bucket with every version of every object, if it bears `tags`."""

    def delete(aws: Aws) -> None:
        ownership.refuse_foreign(f"{KIND} `{name}`", _tags(aws, name), tags)
        _delete(aws, name)

    def run(aws: Aws) -> None:
        unless_absent(lambda: delete(aws), "NoSuchBucket")

    return Step(Change.DELETE, f"{KIND} `{name}`", "with every version of every object", (), run)


def _create(spec: BucketSpec) -> Step:
    def run(aws: Aws) -> None:
        from botocore.exceptions import ClientError

        configuration: dict[str, Any] = {"Tags": ownership.as_list(spec.tags)}
        # us-east-1 is the one Region that must not be named.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        if aws.region != "us-east-1":
            configuration["LocationConstraint"] = aws.region
        try:
            aws.client("s3").create_bucket(
                Bucket=spec.name,
                CreateBucketConfiguration=configuration,  # type: ignore[arg-type]
            )
        except ClientError as error:
            if code_of(error) == "BucketAlreadyExists":
                raise ConflictError(
                    f"the bucket name `{spec.name}` is taken by another account",
                    hint="bucket names are global: choose another under `data.buckets`",
                ) from error
            if code_of(error) != "BucketAlreadyOwnedByYou":
                raise
        # us-east-1 answers the same for a bucket that was there already.
        ownership.confirm(spec.resource, lambda: _tags(aws, spec.name), spec.tags)

    return Step(Change.CREATE, spec.resource, "it doesn't exist", (), run)


def _tags(aws: Aws, bucket: str) -> Tags:
    answer = unless_absent(
        lambda: aws.client("s3").get_bucket_tagging(Bucket=bucket), "NoSuchTagSet"
    )
    return {} if answer is None else ownership.from_list(answer["TagSet"])


def _tag(aws: Aws, spec: BucketSpec) -> None:
    """PutBucketTagging overwrites all tags, so those of others go with ours.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html
    """
    kept = {**_tags(aws, spec.name), **spec.tags}
    aws.client("s3").put_bucket_tagging(
        Bucket=spec.name, Tagging={"TagSet": ownership.as_list(kept)}
    )


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
                spec.resource,
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
