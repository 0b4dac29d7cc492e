"""Objects, prefixes and buckets.

Actions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.local.call import Call, ServiceError, UnrecognisedError
from tenantctl.local.recognise.s3.names import copy_source

from .conftest import ACCOUNT, OPERATOR, Recognise

BUCKET = {"Bucket": "documents"}
KEY = {**BUCKET, "Key": "basic-tier/clinic-a/x.pdf"}
ARN = "arn:aws:s3:::documents"
OBJECT = f"{ARN}/basic-tier/clinic-a/x.pdf"
VERSION = {"VersionId": "v1"}

Pairs = list[tuple[str, str]]

_CASES: list[tuple[str, Mapping[str, Any], Pairs]] = [
    ("GetObject", KEY, [("s3:GetObject", OBJECT)]),
    ("GetObject", {**KEY, **VERSION}, [("s3:GetObjectVersion", OBJECT)]),
    ("GetObject", {**KEY, "VersionId": ""}, [("s3:GetObjectVersion", OBJECT)]),
    ("HeadObject", KEY, [("s3:GetObject", OBJECT)]),
    ("HeadObject", {**KEY, **VERSION}, [("s3:GetObjectVersion", OBJECT)]),
    (
        "GetObjectAttributes",
        KEY,
        [("s3:GetObject", OBJECT), ("s3:GetObjectAttributes", OBJECT)],
    ),
    ("GetObjectTagging", {**KEY, **VERSION}, [("s3:GetObjectVersionTagging", OBJECT)]),
    ("PutObject", KEY, [("s3:PutObject", OBJECT)]),
    (
        "PutObject",
        {**KEY, "ACL": "public-read", "Tagging": "a=b", "ObjectLockLegalHoldStatus": "ON"},
        [
            ("s3:PutObject", OBJECT),
            ("s3:PutObjectAcl", OBJECT),
            ("s3:PutObjectTagging", OBJECT),
            ("s3:PutObjectLegalHold", OBJECT),
        ],
    ),
    (
        "PutObject",
        {**KEY, "GrantRead": "id=x"},
        [("s3:PutObject", OBJECT), ("s3:PutObjectAcl", OBJECT)],
    ),
    ("PutObjectAcl", {**KEY, "ACL": "private"}, [("s3:PutObjectAcl", OBJECT)]),
    ("CreateMultipartUpload", KEY, [("s3:PutObject", OBJECT)]),
    ("UploadPart", {**KEY, "UploadId": "u"}, [("s3:PutObject", OBJECT)]),
    ("CompleteMultipartUpload", {**KEY, "UploadId": "u"}, [("s3:PutObject", OBJECT)]),
    ("AbortMultipartUpload", {**KEY, "UploadId": "u"}, [("s3:AbortMultipartUpload", OBJECT)]),
    ("ListParts", {**KEY, "UploadId": "u"}, [("s3:ListMultipartUploadParts", OBJECT)]),
    ("DeleteObject", KEY, [("s3:DeleteObject", OBJECT)]),
    ("DeleteObject", {**KEY, **VERSION}, [("s3:DeleteObjectVersion", OBJECT)]),
    (
        "DeleteObject",
        {**KEY, "BypassGovernanceRetention": True},
        [("s3:DeleteObject", OBJECT), ("s3:BypassGovernanceRetention", OBJECT)],
    ),
    (
        "DeleteObjects",
        {
            **BUCKET,
            "Delete": {"Objects": [{"Key": "a/1"}, {"Key": "b/2", "VersionId": "v"}]},
        },
        [("s3:DeleteObject", f"{ARN}/a/1"), ("s3:DeleteObjectVersion", f"{ARN}/b/2")],
    ),
    (
        "CopyObject",
        {**KEY, "CopySource": "documents/basic-tier/clinic-b/y%20z.pdf"},
        [
            ("s3:GetObject", f"{ARN}/basic-tier/clinic-b/y z.pdf"),
            ("s3:PutObject", OBJECT),
        ],
    ),
    (
        "UploadPartCopy",
        {**KEY, "CopySource": "/other/k%2F1?versionId=v.1"},
        [("s3:GetObjectVersion", "arn:aws:s3:::other/k/1"), ("s3:PutObject", OBJECT)],
    ),
    ("ListObjects", BUCKET, [("s3:ListBucket", ARN)]),
    ("ListObjectsV2", BUCKET, [("s3:ListBucket", ARN)]),
    ("ListObjectVersions", BUCKET, [("s3:ListBucketVersions", ARN)]),
    ("ListMultipartUploads", BUCKET, [("s3:ListBucketMultipartUploads", ARN)]),
    ("HeadBucket", BUCKET, [("s3:ListBucket", ARN)]),
    ("ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("CreateBucket", BUCKET, [("s3:CreateBucket", ARN)]),
    (
        "CreateBucket",
        {**BUCKET, "ACL": "private", "ObjectOwnership": "BucketOwnerEnforced"},
        [
            ("s3:CreateBucket", ARN),
            ("s3:PutBucketAcl", ARN),
            ("s3:PutBucketOwnershipControls", ARN),
        ],
    ),
    ("DeleteBucket", BUCKET, [("s3:DeleteBucket", ARN)]),
    ("GetBucketEncryption", BUCKET, [("s3:GetEncryptionConfiguration", ARN)]),
    ("DeleteBucketEncryption", BUCKET, [("s3:PutEncryptionConfiguration", ARN)]),
    ("PutPublicAccessBlock", BUCKET, [("s3:PutBucketPublicAccessBlock", ARN)]),
    ("DeletePublicAccessBlock", BUCKET, [("s3:PutBucketPublicAccessBlock", ARN)]),
    ("GetBucketPolicy", BUCKET, [("s3:GetBucketPolicy", ARN)]),
    ("DeleteBucketPolicy", BUCKET, [("s3:DeleteBucketPolicy", ARN)]),
    ("GetBucketLifecycleConfiguration", BUCKET, [("s3:GetLifecycleConfiguration", ARN)]),
    ("PutBucketVersioning", BUCKET, [("s3:PutBucketVersioning", ARN)]),
    ("GetBucketLocation", BUCKET, [("s3:GetBucketLocation", ARN)]),
    ("PutBucketOwnershipControls", BUCKET, [("s3:PutBucketOwnershipControls", ARN)]),
]


@pytest.mark.parametrize(("operation", "params", "expected"), _CASES)
def test_action_and_resource(
    recognised: Recognise, operation: str, params: Mapping[str, Any], expected: Pairs
) -> None:
    assert [(c.action, c.resource) for c in recognised("s3", operation, params)] == expected


@pytest.mark.parametrize("operation", ["ListObjects", "ListObjectsV2", "ListObjectVersions"])
@pytest.mark.parametrize(
    ("params", "context"),
    [
        ({}, {}),
        ({"Prefix": ""}, {"s3:prefix": ("",)}),
        ({"Prefix": "basic-tier/clinic-a/"}, {"s3:prefix": ("basic-tier/clinic-a/",)}),
        (
            {"Prefix": "x", "Delimiter": "/", "MaxKeys": 5},
            {"s3:prefix": ("x",), "s3:delimiter": ("/",), "s3:max-keys": ("5",)},
        ),
    ],
)
def test_a_listing_carries_what_was_asked_and_no_more(
    recognised: Recognise,
    operation: str,
    params: Mapping[str, Any],
    context: Mapping[str, tuple[str, ...]],
) -> None:
    (check,) = recognised("s3", operation, {**BUCKET, **params})
    assert check.context == context


def test_a_listing_of_uploads_cannot_be_narrowed(recognised: Recognise) -> None:
    (check,) = recognised("s3", "ListMultipartUploads", {**BUCKET, "Prefix": "basic-tier/"})
    assert check.context == {}


def test_headers_are_in_the_context(recognised: Recognise) -> None:
    (check,) = recognised("s3", "PutObject", {**KEY, "ServerSideEncryption": "aws:kms"})
    assert check.context == {"s3:x-amz-server-side-encryption": ("aws:kms",)}
    (check,) = recognised("s3", "GetObject", {**KEY, **VERSION})
    assert check.context == {"s3:versionid": ("v1",)}


@pytest.mark.parametrize(
    "params",
    [
        {"Tagging": "ClinicId=clinic-a&a%20b=c%2Bd"},
        {
            "Tagging": {
                "TagSet": [
                    {"Key": "ClinicId", "Value": "clinic-a"},
                    {"Key": "a b", "Value": "c+d"},
                ]
            }
        },
    ],
)
def test_object_tags_from_header_and_body(recognised: Recognise, params: Mapping[str, Any]) -> None:
    operation = "PutObject" if isinstance(params["Tagging"], str) else "PutObjectTagging"
    check = recognised("s3", operation, {**KEY, **params})[0]
    assert check.context == {
        "s3:requestobjecttag/clinicid": ("clinic-a",),
        "s3:requestobjecttag/a b": ("c+d",),
        "s3:requestobjecttagkeys": ("ClinicId", "a b"),
    }


def test_tags_that_cannot_be_told_apart_are_refused(recognised: Recognise) -> None:
    with pytest.raises(UnrecognisedError):
        recognised("s3", "PutObject", {**KEY, "Tagging": "a=1&A=2"})
    with pytest.raises(ServiceError, match="InvalidArgument"):
        recognised("s3", "PutObject", {**KEY, "Tagging": "nonsense"})


@pytest.mark.parametrize(
    "key", ["a*b", "a?b", "${aws:username}", "../x", "/x", "x//y", "clinic-\u00e9", "e\u0301", "\t"]
)
def test_a_key_stands_in_the_arn_as_it_is(recognised: Recognise, key: str) -> None:
    (check,) = recognised("s3", "GetObject", {**BUCKET, "Key": key})
    assert check.resource == f"{ARN}/{key}"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetObject", {**BUCKET, "Key": ""}),
        ("GetObject", BUCKET),
        ("GetObject", {**BUCKET, "Key": "k" * 1025}),
        ("GetObject", {**BUCKET, "Key": "\ud800"}),
        ("PutObject", {**BUCKET, "Key": "a\x00b"}),  # moto could list no version below `a` again
        ("PutObject", {**BUCKET, "Key": "a\x1bb"}),
        ("PutObject", {**BUCKET, "Key": "a\rb"}),  # XML turns it into a line feed
        ("PutObject", {**BUCKET, "Key": "a\ufffe"}),
        ("DeleteObjects", {**BUCKET, "Delete": {"Objects": [{"Key": "a\x01"}]}}),
        ("GetObject", {"Bucket": "a/b", "Key": "k"}),
        ("GetObject", {"Bucket": f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/ap", "Key": "k"}),
        ("ListObjectsV2", {"Bucket": "*"}),
        ("ListObjectsV2", {}),
        ("DeleteObjects", {**BUCKET, "Delete": {"Objects": []}}),
        ("DeleteObjects", {**BUCKET, "Delete": {"Objects": [{"Key": ""}]}}),
        ("DeleteObjects", BUCKET),
    ],
)
def test_what_names_no_object_or_bucket_is_refused(
    recognised: Recognise, operation: str, params: Mapping[str, Any]
) -> None:
    with pytest.raises(UnrecognisedError, match=f"s3:{operation}"):
        recognised("s3", operation, params)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "documents",
        "documents/",
        "//documents/k",
        "documents/k#fragment",
        "documents/k;v=1",
        "documents/k?versionId=",
        "documents/k?versionid=1",
        "documents/k?versionId=1&versionId=2",
        "documents/k?other=1",
        "documents/a b",
        "documents/a+b",
        "documents/a\\b",
        "documents/%",
        "documents/%zz",
        "documents/%ff",
        "documents%2Fk",
        "http://documents/k",
        f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/ap/object/k",
        "documents/\u00e9",
        "documents/k\n",
        None,
        {"Bucket": "documents", "Key": "k"},
    ],
)
def test_a_copy_source_that_could_be_read_two_ways_is_refused(
    recognised: Recognise, source: object
) -> None:
    with pytest.raises(UnrecognisedError):
        recognised("s3", "CopyObject", {**KEY, "CopySource": source})


def _copied(source: object) -> Call:
    params = {**KEY, "CopySource": source}
    return Call("s3", "CopyObject", params, "us-east-1", ACCOUNT, OPERATOR)


@given(st.text(min_size=1, max_size=40))
def test_any_key_can_be_copied_in_its_encoded_form(key: str) -> None:
    with contextlib.suppress(UnicodeEncodeError, UnrecognisedError):
        source = copy_source(_copied("documents/" + quote(key, safe="/~")))
        assert source.arn == f"{ARN}/{key}"


@given(st.text(alphabet="abz019/%25F#;?&=+:. versionId\u00e9", max_size=40))
def test_moto_never_copies_from_another_key_than_the_one_claimed(rest: str) -> None:
    text = f"documents/{rest}"
    try:
        source = copy_source(_copied(text))
    except UnrecognisedError:
        return
    # How moto's `copy_object` takes the header apart.
    parsed = urlparse(text)
    bucket, key = unquote(parsed.path).lstrip("/").split("/", 1)
    version = parse_qs(parsed.query).get("versionId", [None])[0]
    assert (f"arn:aws:s3:::{bucket}/{key}", version) == (source.arn, source.version)
