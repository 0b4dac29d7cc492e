"""Operations on objects: reads, writes, copies, uploads in parts, tags and access lists.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tenantctl.local.call import Call, Check
from tenantctl.local.recognise.rules import unrecognised
from tenantctl.local.recognise.s3.context import GRANTS, header_context, object_tags
from tenantctl.local.recognise.s3.names import copy_source, object_arn

# The actions of an operation; a request with a version id asks the second list's instead.
READS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "GetObject": (("GetObject",), ("GetObjectVersion",)),
    "HeadObject": (("GetObject",), ("GetObjectVersion",)),
    "GetObjectAcl": (("GetObjectAcl",), ("GetObjectVersionAcl",)),
    "GetObjectAttributes": (
        ("GetObject", "GetObjectAttributes"),
        ("GetObjectVersion", "GetObjectVersionAttributes"),
    ),
    "GetObjectLegalHold": (("GetObjectLegalHold",), ("GetObjectLegalHold",)),
    "GetObjectRetention": (("GetObjectRetention",), ("GetObjectRetention",)),
    "GetObjectTagging": (("GetObjectTagging",), ("GetObjectVersionTagging",)),
    "PutObjectAcl": (("PutObjectAcl",), ("PutObjectVersionAcl",)),
    "PutObjectLegalHold": (("PutObjectLegalHold",), ("PutObjectLegalHold",)),
    "PutObjectTagging": (("PutObjectTagging",), ("PutObjectVersionTagging",)),
    "DeleteObject": (("DeleteObject",), ("DeleteObjectVersion",)),
    "DeleteObjectTagging": (("DeleteObjectTagging",), ("DeleteObjectVersionTagging",)),
    "AbortMultipartUpload": (("AbortMultipartUpload",), ("AbortMultipartUpload",)),
    "ListParts": (("ListMultipartUploadParts",), ("ListMultipartUploadParts",)),
    "PutObjectRetention": (("PutObjectRetention",), ("PutObjectRetention",)),
    "RestoreObject": (("RestoreObject",), ("RestoreObject",)),
}
_WRITES = frozenset({"CompleteMultipartUpload", "CreateMultipartUpload", "PutObject", "UploadPart"})
_COPIES = frozenset({"CopyObject", "UploadPartCopy"})


def object_checks(call: Call) -> tuple[Check, ...] | None:
    """The checks of an operation on objects; `None` for any other."""
    if call.operation in READS:
        return _plain(call)
    if call.operation in _WRITES:
        return _put(call)
    if call.operation in _COPIES:
        return _copy(call)
    special = _SPECIAL.get(call.operation)
    return special(call) if special else None


def _plain(call: Call) -> tuple[Check, ...]:
    params = call.params
    resource = object_arn(call, params.get("Bucket"), params.get("Key"))
    current, versioned = READS[call.operation]
    context = header_context(params)
    if call.operation == "PutObjectTagging":
        context |= object_tags(call)
    actions = list(versioned if params.get("VersionId") is not None else current)
    if params.get("BypassGovernanceRetention"):
        actions.append("BypassGovernanceRetention")
    return tuple(Check(f"s3:{action}", resource, context) for action in actions)


def _put(call: Call) -> tuple[Check, ...]:
    """PutObject, and what its headers ask for besides: an access list, tags, a lock."""
    params = call.params
    resource = object_arn(call, params.get("Bucket"), params.get("Key"))
    context = header_context(params) | dict(object_tags(call))
    actions = ["PutObject"]
    if any(params.get(name) for name in GRANTS):
        actions.append("PutObjectAcl")
    if params.get("Tagging"):
        actions.append("PutObjectTagging")
    if params.get("ObjectLockMode") or params.get("ObjectLockRetainUntilDate"):
        actions.append("PutObjectRetention")
    if params.get("ObjectLockLegalHoldStatus"):
        actions.append("PutObjectLegalHold")
    return tuple(Check(f"s3:{action}", resource, context) for action in actions)


def _copy(call: Call) -> tuple[Check, ...]:
    """A write at the destination and a read of the source.

    S3 also asks for GetObjectTagging and PutObjectTagging where the source has tags. Which it has
    isn't known here; asking at every copy would refuse what AWS allows.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    source = copy_source(call)
    version = "" if source.version is None else "Version"
    context = {} if source.version is None else {"s3:versionid": (source.version,)}
    return (Check(f"s3:GetObject{version}", source.arn, context), *_put(call))


def _delete_many(call: Call) -> tuple[Check, ...]:
    """DeleteObjects is authorized key by key."""
    params = call.params
    delete = params.get("Delete")
    objects = delete.get("Objects") if isinstance(delete, Mapping) else None
    if not objects:
        raise unrecognised(call, "no object is named")
    found: list[Check] = []
    for entry in objects:
        resource = object_arn(call, params.get("Bucket"), entry.get("Key"))
        version = entry.get("VersionId")
        if version is not None and not isinstance(version, str):
            raise unrecognised(call, "an object is named twice")
        context = {} if version is None else {"s3:versionid": (version,)}
        action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
        found.append(Check(action, resource, context))
        if params.get("BypassGovernanceRetention"):
            found.append(Check("s3:BypassGovernanceRetention", resource, context))
    return tuple(found)


_SPECIAL: Mapping[str, Callable[[Call], tuple[Check, ...]]] = {"DeleteObjects": _delete_many}
