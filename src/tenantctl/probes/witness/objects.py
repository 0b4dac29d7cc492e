"""Which probe carries out a witness on a bucket: the live run's own, and some that it lacks.

What is named nowhere here is never tried: policies, replication, lifecycles, logging and whatever
else changes a bucket, or keeps an object from being swept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tenantctl.aws.session import Aws
from tenantctl.probes import s3, s3_calls
from tenantctl.probes.probe import Attack, ControlBy, Got, ObjectSpot, Probe, preparing

_A = Attack[ObjectSpot]

_BY_RULE = {probe.rule: probe for probe in s3.PROBES}
_UPLOAD = "multipart"


def object_probe(action: str, operator: Aws) -> Probe[ObjectSpot] | None:
    """The probe for an action on one object; `None` if there is none."""
    rule = _OBJECTS.get(action)
    if rule is not None:
        return _BY_RULE[rule]
    made = _MORE.get(action)
    if made is None:
        return None
    tries, attempt = made
    return replace(_BY_RULE["S3-PUT"], action=action, tries=tries, attempt=attempt(operator))


def bucket_probe(action: str, prefix: str | None, own: str) -> Probe[ObjectSpot] | None:
    """The probe for a listing of a bucket; `None` if there is none.

    Only below its `own` prefix a tenant is granted any: elsewhere the operator controls.
    """
    if action == "s3:ListBucketMultipartUploads":
        return _BY_RULE["S3-LIST-UPLOADS"]
    attempt = _LISTINGS.get(action)
    if attempt is None:
        return None
    how = "without a prefix" if prefix is None else f"by the prefix `{prefix}`"
    inside = prefix is not None and prefix.startswith(own)
    return replace(
        _BY_RULE["S3-LIST-PREFIX"],
        action=action,
        tries=f"list the bucket, with what {{owner}} has there, {how}",
        attempt=attempt(prefix),
        control=ControlBy.OWNER if inside else ControlBy.OPERATOR,
    )


_OBJECTS: Mapping[str, str] = {
    "s3:GetObject": "S3-GET",
    "s3:GetObjectVersion": "S3-GET-VERSION",
    "s3:PutObject": "S3-PUT",
    "s3:DeleteObject": "S3-DELETE",
    "s3:DeleteObjectVersion": "S3-DELETE-VERSION",
}


def _versions(prefix: str | None) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        client, bucket = a.caller.client("s3"), a.other.bucket.name
        answer = (
            client.list_object_versions(Bucket=bucket, MaxKeys=1)
            if prefix is None
            else client.list_object_versions(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        )
        return Got(bool(answer.get("Versions") or answer.get("DeleteMarkers")))

    return attempt


_LISTINGS: Mapping[str, Callable[[str | None], Callable[[_A], Got]]] = {
    "s3:ListBucket": lambda prefix: s3_calls.lists(lambda _: prefix),
    "s3:ListBucketVersions": _versions,
}


def _started(operator: Aws, spot: ObjectSpot) -> str:
    """An upload below the owner's prefix, for the attempt to find; the sweep aborts it."""
    with preparing("starting an upload for the owner"):
        answer = operator.client("s3").create_multipart_upload(
            Bucket=spot.bucket.name, Key=spot.key(_UPLOAD)
        )
    return answer["UploadId"]


def _abort(operator: Aws) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        upload = _started(operator, a.other)
        a.caller.client("s3").abort_multipart_upload(
            Bucket=a.other.bucket.name, Key=a.other.key(_UPLOAD), UploadId=upload
        )
        return Got()

    return attempt


def _parts(operator: Aws) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        upload = _started(operator, a.other)
        a.caller.client("s3").list_parts(
            Bucket=a.other.bucket.name, Key=a.other.key(_UPLOAD), UploadId=upload
        )
        return Got()

    return attempt


def _get_tags(_: Aws) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        key = a.other.key(s3_calls.READ)
        a.caller.client("s3").get_object_tagging(Bucket=a.other.bucket.name, Key=key)
        return Got()

    return attempt


def _put_tags(_: Aws) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        a.caller.client("s3").put_object_tagging(
            Bucket=a.other.bucket.name,
            Key=a.other.key(s3_calls.READ),
            Tagging={"TagSet": [{"Key": "tenantctl", "Value": "canary"}]},
        )
        return Got()

    return attempt


_MORE: Mapping[str, tuple[str, Callable[[Aws], Callable[[_A], Got]]]] = {
    "s3:AbortMultipartUpload": ("abort an upload of {owner}", _abort),
    "s3:ListMultipartUploadParts": ("list the parts of an upload of {owner}", _parts),
    "s3:GetObjectTagging": ("read the tags of an object of {owner}", _get_tags),
    "s3:PutObjectTagging": ("change the tags of an object of {owner}", _put_tags),
}
"""By action: what is tried, and the attempt with the operator's help."""
