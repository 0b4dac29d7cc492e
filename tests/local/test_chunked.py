"""Streamed uploads as SDKs send them: each chunk's signature, the trailers, the plain body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum

from tenantctl.aws.session import Aws
from tenantctl.local.cloud import Cloud
from tenantctl.local.wire.incoming import Answer, Incoming
from tenantctl.local.wire.sigv4 import read, signing_key

Signed = Callable[..., Incoming]
Code = Callable[[Answer], str]

BUCKET = "chunked-bucket"
TRAILER = {
    "Content-Encoding": "gzip,aws-chunked",
    "X-Amz-Trailer": "x-amz-checksum-crc32",
    "X-Amz-Decoded-Content-Length": "11",
}


@pytest.fixture(scope="module", autouse=True)
def bucket(aws: Aws) -> None:
    aws.client("s3").create_bucket(Bucket=BUCKET)


def stored(aws: Aws, key: str = "key") -> bytes:
    return aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_an_unsigned_trailer_as_botocore_writes_it(aws: Aws, cloud: Cloud, signed: Signed) -> None:
    body = AwsChunkedWrapper(
        io.BytesIO(b"hello world"),
        checksum_cls=Crc32Checksum,
        checksum_name="x-amz-checksum-crc32",
        chunk_size=4,
    ).read()
    request = signed(
        "PUT",
        f"/{BUCKET}/key",
        body=body,
        headers=TRAILER,
        payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    )
    assert cloud.answer(request).status == 200
    assert stored(aws) == b"hello world"
    found = aws.client("s3").head_object(Bucket=BUCKET, Key="key")
    assert found["ContentEncoding"] == "gzip"


def chunks(request: Incoming, secret: str, *parts: bytes, trailer: str = "") -> bytes:
    """A signed stream, by AWS's description of it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """
    signature = read(request)
    assert signature is not None
    scope = (signature.date, signature.region, signature.service)
    key = signing_key(secret, *scope)
    where = "/".join((*scope, "aws4_request"))

    def sign(kind: str, previous: str, *hashes: str) -> str:
        text = "\n".join(
            (f"AWS4-HMAC-SHA256-{kind}", signature.timestamp, where, previous, *hashes)
        )
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    previous = signature.value
    out = b""
    empty = hashlib.sha256(b"").hexdigest()
    for part in (*parts, b""):
        previous = sign("PAYLOAD", previous, empty, hashlib.sha256(part).hexdigest())
        out += f"{len(part):x};chunk-signature={previous}\r\n".encode() + part
        out += b"\r\n" if part else b""
    if trailer:
        last = sign("TRAILER", previous, hashlib.sha256(f"{trailer}\n".encode()).hexdigest())
        out += f"{trailer}\r\nx-amz-trailer-signature:{last}\r\n".encode()
    return out + b"\r\n"


@pytest.fixture
def stream(aws: Aws, signed: Signed) -> Callable[..., Incoming]:
    def build(*parts: bytes, trailer: str = "") -> Incoming:
        headers = {
            "Content-Encoding": "aws-chunked",
            "X-Amz-Decoded-Content-Length": str(sum(map(len, parts))),
            **({"X-Amz-Trailer": trailer.partition(":")[0]} if trailer else {}),
        }
        kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
        request = signed("PUT", f"/{BUCKET}/signed", headers=headers, payload=kind)
        assert aws.credentials is not None
        secret = aws.credentials.secret_access_key
        return replace(request, body=chunks(request, secret, *parts, trailer=trailer))

    return build


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_signed_chunks_are_put_together(aws: Aws, cloud: Cloud, stream: Signed) -> None:
    assert cloud.answer(stream(b"hello", b" ", b"world")).status == 200
    assert stored(aws, "signed") == b"hello world"
    trailer = f"x-amz-checksum-crc32:{crc32(b'with a trailer')}"
    assert cloud.answer(stream(b"with a ", b"trailer", trailer=trailer)).status == 200
    assert stored(aws, "signed") == b"with a trailer"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"hello", b"jello"),
        (b"hello", b"hell"),
        (b"5;chunk", b"4;chunk"),
        (b"5;chunk", b"-5;chunk"),
        (b";chunk-signature=", b";chunk-sig="),
        (b"\r\n0;", b"\r\n1;"),
    ],
)
def test_a_stream_that_was_changed_is_refused(
    cloud: Cloud, stream: Signed, code: Code, old: bytes, new: bytes
) -> None:
    request = stream(b"hello", b"world")
    assert old in request.body
    answer = cloud.answer(replace(request, body=request.body.replace(old, new, 1)))
    assert code(answer) in {"IncompleteBody", "SignatureDoesNotMatch"}


def test_a_stream_that_was_cut_is_refused(cloud: Cloud, stream: Signed, code: Code) -> None:
    request = stream(b"hello", b"world")
    for length in range(len(request.body) - 90):
        answer = cloud.answer(replace(request, body=request.body[:length]))
        assert code(answer) in {"IncompleteBody", "SignatureDoesNotMatch"}


def test_a_trailer_is_bound_by_its_signature_and_says_the_truth(
    cloud: Cloud, stream: Signed, code: Code
) -> None:
    request = stream(b"hello", trailer=f"x-amz-checksum-crc32:{crc32(b'hello')}")
    forged = request.body.replace(crc32(b"hello").encode(), crc32(b"jello").encode())
    assert code(cloud.answer(replace(request, body=forged))) == "SignatureDoesNotMatch"
    wrong = stream(b"hello", trailer=f"x-amz-checksum-crc32:{crc32(b'jello')}")
    assert code(cloud.answer(wrong)) == "BadDigest"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-amz-checksum-crc32", crc32(b"other")),
        ("x-amz-checksum-sha256", base64.b64encode(hashlib.sha256(b"other").digest()).decode()),
        ("content-md5", base64.b64encode(hashlib.md5(b"other").digest()).decode()),  # noqa: S324 - S3's header
    ],
)
def test_a_stated_checksum_must_hold(
    cloud: Cloud, signed: Signed, code: Code, header: str, value: str
) -> None:
    request = signed("PUT", f"/{BUCKET}/sum", body=b"content", headers={header: value})
    assert code(cloud.answer(request)) == "BadDigest"


def test_a_kind_of_streaming_that_is_not_known_is_refused(
    cloud: Cloud, signed: Signed, code: Code
) -> None:
    request = signed(
        "PUT", f"/{BUCKET}/key", body=b"x", payload="STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
    )
    assert code(cloud.answer(request)) == "AuthorizationHeaderMalformed"
