"""Operations on buckets: listings, and their configuration.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

from collections.abc import Mapping

from tenantctl.local.call import Call, Check
from tenantctl.local.recognise.s3.context import header_context, listing_context
from tenantctl.local.recognise.s3.names import bucket_arn
from tenantctl.local.recognise.tags import pairs_context, request_tags

LISTINGS: Mapping[str, str] = {
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
}

# Operations whose action has another name than theirs; the rest of a line's have their own.
OTHER_NAMES: Mapping[str, str] = {
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
SAME_NAMES = """
    CreateBucket DeleteBucket DeleteBucketPolicy DeleteBucketWebsite GetBucketAcl GetBucketLocation
    GetBucketLogging GetBucketNotification GetBucketOwnershipControls GetBucketPolicy
    GetBucketPolicyStatus GetBucketRequestPayment GetBucketTagging GetBucketVersioning
    GetBucketWebsite PutBucketAcl PutBucketLogging PutBucketNotification PutBucketOwnershipControls
    PutBucketPolicy PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite
"""


def bucket_checks(call: Call) -> tuple[Check, ...] | None:
    """The checks of an operation on buckets; `None` for any other."""
    params, operation = call.params, call.operation
    if operation == "ListBuckets":
        return (Check("s3:ListAllMyBuckets", "*"),)
    listing = LISTINGS.get(operation)
    if listing is not None:
        # The reference gives ListBucketMultipartUploads no prefix key: a listing of uploads can't
        # be narrowed, and a policy that tries to never matches.
        context = {} if operation == "ListMultipartUploads" else listing_context(params)
        return (Check(f"s3:{listing}", bucket_arn(call, params.get("Bucket")), context),)
    action = OTHER_NAMES.get(operation, operation if operation in SAME_NAMES.split() else None)
    if action is None:
        return None
    resource = bucket_arn(call, params.get("Bucket"))
    if operation == "CreateBucket":
        return _create(call, resource)
    return (Check(f"s3:{action}", resource, header_context(params)),)


def _create(call: Call, resource: str) -> tuple[Check, ...]:
    """CreateBucket, and what its parameters ask for besides.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    """
    params = call.params
    context = header_context(params)
    configuration = params.get("CreateBucketConfiguration") or {}
    if configuration.get("LocationConstraint"):
        context["s3:locationconstraint"] = (str(configuration["LocationConstraint"]),)
    actions = ["CreateBucket"]
    if configuration.get("Tags"):
        context |= pairs_context(request_tags(configuration["Tags"]))
        actions.append("TagResource")
    if params.get("ACL") or any(str(name).startswith("Grant") for name in params):
        actions.append("PutBucketAcl")
    if params.get("ObjectOwnership"):
        actions.append("PutBucketOwnershipControls")
    if params.get("ObjectLockEnabledForBucket"):
        actions += ["PutBucketObjectLockConfiguration", "PutBucketVersioning"]
    return tuple(Check(f"s3:{action}", resource, context) for action in actions)
