"""Who didn't sign, signed something else, or signed too long ago is refused in AWS's own words."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.aws.session import Aws, Credentials
from tenantctl.local.cloud import Cloud
from tenantctl.local.failure import RefusedError
from tenantctl.local.wire.incoming import Answer, Incoming, from_url
from tenantctl.local.wire.sigv4 import read, verify

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Signed = Callable[..., Incoming]
Code = Callable[[Answer], str]

BUCKET = "sigv4-bucket"
TARGET = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
JSON = {"Content-Type": "application/x-amz-json-1.0"}


@pytest.fixture(scope="module", autouse=True)
def bucket(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="key", Body=b"content")


def without(request: Incoming, *names: str) -> Incoming:
    return replace(request, headers={k: v for k, v in request.headers.items() if k not in names})


def with_header(request: Incoming, name: str, value: str) -> Incoming:
    return replace(request, headers={**request.headers, name: value})


def test_what_botocore_signs_is_accepted(cloud: Cloud, signed: Signed) -> None:
    assert cloud.answer(signed("GET", f"/{BUCKET}/key")).body == b"content"
    put = signed("PUT", f"/{BUCKET}/put", body=b"x", headers={"x-amz-meta-a": "  b   c "})
    assert cloud.answer(put).status == 200
    listed = signed("POST", "/", body=b"{}", headers={**TARGET, **JSON}, service="dynamodb")
    assert cloud.answer(listed).status == 200


TAMPERED: dict[str, tuple[Callable[[Incoming], Incoming], str]] = {
    "body": (lambda r: replace(r, body=b"other"), "XAmzContentSHA256Mismatch"),
    "method": (lambda r: replace(r, method="DELETE"), "SignatureDoesNotMatch"),
    "path": (lambda r: replace(r, path=f"/{BUCKET}/other"), "SignatureDoesNotMatch"),
    "query": (lambda r: replace(r, query="versionId=1"), "SignatureDoesNotMatch"),
    "host": (lambda r: with_header(r, "host", "localhost"), "SignatureDoesNotMatch"),
    "signed header": (lambda r: with_header(r, "x-amz-date", "20200101T000000Z"), ""),
    "unsigned x-amz- header": (
        lambda r: with_header(r, "x-amz-copy-source", "/victim/key"),
        "SignatureDoesNotMatch",
    ),
    "payload hash left out": (
        lambda r: without(r, "x-amz-content-sha256"),
        "XAmzContentSHA256Mismatch",
    ),
    "body and its hash": (
        lambda r: with_header(
            replace(r, body=b"other"), "x-amz-content-sha256", hashlib.sha256(b"other").hexdigest()
        ),
        "SignatureDoesNotMatch",
    ),
    "hash given up": (
        lambda r: with_header(
            replace(r, body=b"other"), "x-amz-content-sha256", "UNSIGNED-PAYLOAD"
        ),
        "SignatureDoesNotMatch",
    ),
    "no signature": (lambda r: without(r, "authorization"), "AccessDenied"),
    "signature cut": (
        lambda r: with_header(r, "authorization", r.headers["authorization"][:-1]),
        "AuthorizationHeaderMalformed",
    ),
    "signature of version 2": (
        lambda r: with_header(r, "authorization", "AWS AKIAIOSFODNN7EXAMPLE:c2ln"),
        "AuthorizationHeaderMalformed",
    ),
    "host not signed": (
        lambda r: with_header(
            r, "authorization", r.headers["authorization"].replace("=host;", "=")
        ),
        "SignatureDoesNotMatch",
    ),
    "other region": (
        lambda r: with_header(
            r, "authorization", r.headers["authorization"].replace("us-east-1", "us-west-2")
        ),
        "SignatureDoesNotMatch",
    ),
    "other service": (
        lambda r: with_header(
            r, "authorization", r.headers["authorization"].replace("/s3/", "/ec2/")
        ),
        "AccessDenied",
    ),
    "two signatures": (
        lambda r: replace(r, query="X-Amz-Signature=00"),
        "AuthorizationHeaderMalformed",
    ),
    "name that points here": (
        lambda r: with_header(r, "host", "evil.example"),
        "AccessDenied",
    ),
    "unknown key": (
        lambda r: with_header(
            r,
            "authorization",
            r.headers["authorization"].replace("Credential=AKIA", "Credential=AKIZ"),
        ),
        "InvalidAccessKeyId",
    ),
    "a token with a long-term key": (
        lambda r: with_header(r, "x-amz-security-token", "made-up"),
        "InvalidToken",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_request_that_was_changed_is_refused(
    cloud: Cloud, signed: Signed, code: Code, what: str
) -> None:
    change, wanted = TAMPERED[what]
    request = signed("PUT", f"/{BUCKET}/key", body=b"mine")
    answer = cloud.answer(change(request))
    assert answer.status >= 400
    if wanted:
        assert code(answer) == wanted
    assert cloud.answer(signed("GET", f"/{BUCKET}/key")).body == b"content"


BY_PROTOCOL = [
    (
        "dynamodb",
        {**TARGET, **JSON},
        b"{}",
        "UnrecognizedClientException",
        "InvalidSignatureException",
    ),
    (
        "sts",
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"Action=GetCallerIdentity&Version=2011-06-15",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
    ),
]


@pytest.mark.parametrize(("service", "headers", "body", "unknown", "bad"), BY_PROTOCOL)
def test_each_protocol_has_its_own_words(  # noqa: PLR0913, PLR0917 - a table's columns
    aws: Aws,
    cloud: Cloud,
    signed: Signed,
    code: Code,
    service: str,
    headers: dict[str, str],
    body: bytes,
    unknown: str,
    bad: str,
) -> None:
    stranger = Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    asked = signed("POST", "/", body=body, headers=headers, service=service, keys=stranger)
    assert code(cloud.answer(asked)) == unknown
    assert aws.credentials is not None
    thief = Credentials(aws.credentials.access_key_id, "guessed")
    asked = signed("POST", "/", body=body, headers=headers, service=service, keys=thief)
    assert code(cloud.answer(asked)) == bad
    asked = signed("POST", "/", body=body, headers=headers, service=service)
    assert code(cloud.answer(replace(asked, body=body + b" "))) == bad
    assert cloud.answer(asked).status == 200


@pytest.mark.parametrize(
    ("minutes", "passes"), [(-14, True), (14, True), (-16, False), (16, False)]
)
def test_a_clock_may_be_off_by_a_quarter_of_an_hour(
    cloud: Cloud, signed: Signed, code: Code, minutes: int, *, passes: bool
) -> None:
    request = signed("GET", f"/{BUCKET}/key")
    cloud.clock = lambda: time.time() + 60 * minutes
    answer = cloud.answer(request)
    assert (answer.status == 200) is passes
    assert passes or code(answer) == "RequestTimeTooSkewed"


def presigned(client: S3Client, seconds: int = 60, operation: str = "get_object") -> Incoming:
    url = client.generate_presigned_url(
        operation, Params={"Bucket": BUCKET, "Key": "key"}, ExpiresIn=seconds
    )
    method = "PUT" if operation.startswith("put") else "GET"
    return from_url(method, url, [], b"")


@pytest.fixture
def v4(aws: Aws, cloud: Cloud) -> S3Client:
    """A client that presigns with version 4, which `us-east-1` isn't asked for otherwise."""
    from botocore.config import Config

    session = boto3.Session(region_name="us-east-1")
    assert aws.credentials is not None
    client = session.client(
        "s3",
        endpoint_url=aws.endpoint,
        aws_access_key_id=aws.credentials.access_key_id,
        aws_secret_access_key=aws.credentials.secret_access_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )

    assert cloud
    return client


def test_a_presigned_url_works_until_it_expires(v4: S3Client, cloud: Cloud, code: Code) -> None:
    request = presigned(v4, seconds=60)
    assert cloud.answer(request).body == b"content"
    cloud.clock = lambda: time.time() + 61
    answer = cloud.answer(request)
    assert (answer.status, code(answer)) == (403, "AccessDenied")
    assert b"expired" in answer.body


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/key?", "/other?"),
        ("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=600"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders="),
        ("X-Amz-Algorithm=AWS4", "versionId=1&X-Amz-Algorithm=AWS4"),
        ("%2Fs3%2F", "%2Fdynamodb%2F"),
    ],
)
def test_a_presigned_url_that_was_changed_is_refused(
    v4: S3Client, cloud: Cloud, old: str, new: str
) -> None:
    request = presigned(v4)
    url = f"http://127.0.0.1{request.path}?{request.query}"
    assert old in url
    changed = urlsplit(url.replace(old, new))
    answer = cloud.answer(replace(request, path=changed.path, query=changed.query))
    assert answer.status in {400, 403}


def test_a_presigned_url_is_for_its_method_alone(v4: S3Client, cloud: Cloud) -> None:
    assert cloud.answer(replace(presigned(v4), method="DELETE")).status == 403
    put = presigned(v4, operation="put_object")
    assert cloud.answer(replace(put, body=b"content")).status == 200


def test_an_unsigned_call_is_no_call(aws: Aws) -> None:
    from botocore import UNSIGNED
    from botocore.config import Config

    for service, operation in (("dynamodb", "list_tables"), ("iam", "list_roles")):
        client: Any = aws.session.client(  # type: ignore[call-overload]
            service,
            endpoint_url=aws.endpoint,
            region_name=aws.region,
            config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
        )
        with pytest.raises(ClientError, match="MissingAuthenticationToken"):
            getattr(client, operation)()


@given(
    body=st.binary(max_size=64),
    path=st.text(alphabet="abc/%20+~.-_", max_size=20),
    value=st.text(alphabet="abc =&%,", max_size=20),
)
def test_botocore_and_we_agree_on_every_request(body: bytes, path: str, value: str) -> None:
    from botocore.credentials import Credentials as Keys

    wire = AWSRequest(
        "POST", f"http://127.0.0.1/{path}", {"x-amz-meta-v": value.strip() or "-"}, body
    )
    SigV4Auth(Keys("AKIAIOSFODNN7EXAMPLE", "secret"), "dynamodb", "us-east-1").add_auth(wire)
    request = from_url("POST", wire.url or "", wire.headers.items(), body)
    signature = read(request)
    assert signature is not None
    now = time.time()
    assert verify(request, signature, "secret", now) == hashlib.sha256(body).hexdigest()
    with pytest.raises(RefusedError):
        verify(replace(request, body=body + b"!"), signature, "secret", now)
    with pytest.raises(RefusedError):
        verify(request, signature, "Secret", now)
