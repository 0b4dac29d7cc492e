"""The condition keys that an S3 request carries.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tenantctl.iam.request import Context
from tenantctl.local.call import Call, ServiceError
from tenantctl.local.recognise.rules import unrecognised
from tenantctl.local.recognise.tags import request_tags

_HEADERS = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:versionid",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}
_LISTING = {"Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys", "Prefix": "s3:prefix"}

GRANTS = ("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")


def header_context(params: Mapping[str, Any], *names: str) -> dict[str, tuple[str, ...]]:
    """The keys for a request's headers; only those named, if any are."""
    return {
        key: (str(params[name]),)
        for name, key in _HEADERS.items()
        if params.get(name) is not None and (not names or name in names)
    }


def listing_context(params: Mapping[str, Any]) -> Context:
    """Prefix, delimiter and page size. What isn't in the request isn't in the context either.

    An empty prefix that is sent is a prefix: the empty string.
    """
    return {
        key: (str(params[name]),) for name, key in _LISTING.items() if params.get(name) is not None
    }


def object_tags(call: Call) -> Context:
    """`s3:RequestObjectTag/*` and `s3:RequestObjectTagKeys`, from the header or the body.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html
    """
    given = call.params.get("Tagging")
    if not given:
        return {}
    if isinstance(given, Mapping):
        pairs = request_tags(given.get("TagSet") or ())
    else:
        try:
            pairs = tuple(parse_qsl(str(given), keep_blank_values=True, strict_parsing=True))
        except ValueError as error:
            raise ServiceError(
                "InvalidArgument",
                "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded",
            ) from error
    context: dict[str, tuple[str, ...]] = {
        f"s3:requestobjecttag/{key.lower()}": (value,) for key, value in pairs
    }
    if len(context) != len(pairs):
        # Object tags that differ in case are legal in S3, but a condition can't tell them apart.
        raise unrecognised(call, "tag keys that differ only in case")
    context["s3:requestobjecttagkeys"] = tuple(key for key, _ in pairs)
    return context
