"""The calls that reach below a prefix of a bucket, made by owners and attackers alike.

Writes and deletions aim at canary keys alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tenantctl.probes.probe import (
    Attack,
    Got,
    ObjectSpot,
    RefusedError,
    UnclearError,
    preparing,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READ = "read"
"""The canary object that is there before the probes start."""

BODY = b"tenantctl canary\n"

_A = Attack[ObjectSpot]


def _s3(attack: _A) -> S3Client:
    return attack.caller.client("s3")


def get(a: _A) -> Got:
    """GetObject of the canary."""
    answer = _s3(a).get_object(Bucket=a.other.bucket.name, Key=a.other.key(READ))
    return Got(answer["Body"].read() == BODY)


def head(a: _A) -> Got:
    """HeadObject of the canary."""
    _s3(a).head_object(Bucket=a.other.bucket.name, Key=a.other.key(READ))
    return Got()


def get_version(a: _A) -> Got:
    """GetObject of the canary's version."""
    answer = _s3(a).get_object(
        Bucket=a.other.bucket.name, Key=a.other.key(READ), VersionId=a.other.version or "null"
    )
    return Got(answer["Body"].read() == BODY)


def put(a: _A) -> Got:
    """PutObject of a canary."""
    _s3(a).put_object(Bucket=a.other.bucket.name, Key=a.other.key("put"), Body=BODY)
    return Got()


def delete(a: _A) -> Got:
    """DeleteObject of a canary key, which may hold nothing."""
    _s3(a).delete_object(Bucket=a.other.bucket.name, Key=a.other.key("delete"))
    return Got()


def delete_version(a: _A) -> Got:
    """DeleteObject of a version of a canary key; no such version need be there."""
    _s3(a).delete_object(
        Bucket=a.other.bucket.name, Key=a.other.key("delete"), VersionId=a.other.version or "null"
    )
    return Got()


def delete_many(a: _A) -> Got:
    """DeleteObjects of a canary key of the caller's and one of the other's."""
    keys = [a.own.key("delete-own"), a.other.key("delete-many")]
    answer = _s3(a).delete_objects(
        Bucket=a.other.bucket.name, Delete={"Objects": [{"Key": key} for key in keys]}
    )
    # DeleteObjects answers 200 and refuses key by key.
    failed = {e.get("Key"): e.get("Code", "") for e in answer.get("Errors", ())}
    code = failed.get(keys[1])
    if code == "AccessDenied":
        raise RefusedError(code)
    if code is not None:
        raise UnclearError(f"DeleteObjects answered {code} for the key")
    return Got()


def copy(a: _A) -> Got:
    """CopyObject of the canary to the caller's own prefix."""
    _s3(a).copy_object(
        Bucket=a.own.bucket.name,
        Key=a.own.key("copy"),
        CopySource={"Bucket": a.other.bucket.name, "Key": a.other.key(READ)},
    )
    return Got()


def copy_part(a: _A) -> Got:
    """UploadPartCopy of the canary into an upload below the caller's own prefix."""
    bucket, key = a.own.bucket.name, a.own.key("copy-part")
    with preparing("starting an upload of its own"):
        upload = _s3(a).create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    # The upload is left to the sweep: aborting it here could hide what the copy answered.
    _s3(a).upload_part_copy(
        Bucket=bucket,
        Key=key,
        UploadId=upload,
        PartNumber=1,
        CopySource={"Bucket": a.other.bucket.name, "Key": a.other.key(READ)},
    )
    return Got()


def multipart(a: _A) -> Got:
    """CreateMultipartUpload of a canary key."""
    _s3(a).create_multipart_upload(Bucket=a.other.bucket.name, Key=a.other.key("multipart"))
    return Got()


def lists(prefix: Callable[[_A], str | None]) -> Callable[[_A], Got]:
    """ListObjectsV2 by a prefix, or without one."""

    def attempt(a: _A) -> Got:
        wanted = prefix(a)
        answer = (
            _s3(a).list_objects_v2(Bucket=a.other.bucket.name, MaxKeys=1)
            if wanted is None
            else _s3(a).list_objects_v2(Bucket=a.other.bucket.name, Prefix=wanted, MaxKeys=1)
        )
        return Got(answer["KeyCount"] > 0)

    return attempt


def list_folders(a: _A) -> Got:
    """ListObjectsV2 of the parent's folders."""
    answer = _s3(a).list_objects_v2(
        Bucket=a.other.bucket.name, Prefix=parent(a) or "", Delimiter="/", MaxKeys=1
    )
    return Got(bool(answer.get("CommonPrefixes") or answer.get("Contents")))


def list_versions(a: _A) -> Got:
    """ListObjectVersions below the prefix."""
    answer = _s3(a).list_object_versions(
        Bucket=a.other.bucket.name, Prefix=a.other.prefixes.own, MaxKeys=1
    )
    return Got(bool(answer.get("Versions") or answer.get("DeleteMarkers")))


def list_uploads(a: _A) -> Got:
    """ListMultipartUploads below the prefix."""
    _s3(a).list_multipart_uploads(Bucket=a.other.bucket.name, Prefix=a.other.prefixes.own)
    return Got()


def own_prefix(a: _A) -> str | None:
    """The prefix of the owner."""
    return a.other.prefixes.own


def stem(a: _A) -> str | None:
    """The actor's own prefix without what ends its id."""
    return a.own.prefixes.stem


def parent(a: _A) -> str | None:
    """What comes before the owner's id."""
    return a.other.prefixes.parent


def nothing(_: _A) -> str | None:
    """No prefix at all."""
    return None


def empty(_: _A) -> str | None:
    """A prefix that is there, and empty."""
    return ""
