"""Bodies in `aws-chunked` encoding, as S3 clients stream them, and the checksums they announce.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tenantctl.local.call import ServiceError
from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.wire.incoming import Incoming
from tenantctl.local.wire.sigv4 import STREAMING, Signature, signing_key

_SIGNED = f"{STREAMING}AWS4-HMAC-SHA256-PAYLOAD"
_KINDS = frozenset(
    {f"{STREAMING}UNSIGNED-PAYLOAD-TRAILER", _SIGNED, f"{_SIGNED}-TRAILER"},
)
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_EMPTY = hashlib.sha256(b"").hexdigest()

_CHECKSUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body).digest(),  # noqa: S324 - S3 offers it
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
}


@dataclass(frozen=True, slots=True)
class _Chain:
    """Signs one chunk after another, each over the one before."""

    key: bytes
    timestamp: str
    scope: str

    @classmethod
    def of(cls, signature: Signature, secret: str) -> _Chain:
        scope = (signature.date, signature.region, signature.service)
        return cls(
            signing_key(secret, *scope), signature.timestamp, "/".join((*scope, "aws4_request"))
        )

    def sign(self, kind: str, previous: str, *hashes: str) -> str:
        text = "\n".join(
            (f"AWS4-HMAC-SHA256-{kind}", self.timestamp, self.scope, previous, *hashes)
        )
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


def decode(request: Incoming, signature: Signature, secret: str, payload: str) -> Incoming:
    """The request with its plain body and its trailers among the headers.

    `payload` is what `sigv4.verify` returned. Raises `RefusedError` for a chunk whose signature
    is wrong or a kind of streaming that isn't known, `ServiceError` for a malformed body.
    """
    if not payload.startswith(STREAMING):
        return request
    if payload not in _KINDS:
        raise RefusedError(Failure.INCOMPLETE, f"Unsupported x-amz-content-sha256: {payload}")
    chain = _Chain.of(signature, secret) if payload.startswith(_SIGNED) else None
    body, trailers = _read(request.body, chain, signature.value)
    length = request.headers.get("x-amz-decoded-content-length")
    if length is not None and length != str(len(body)):
        raise ServiceError(
            "IncompleteBody", "The body isn't as long as x-amz-decoded-content-length"
        )
    announced = {n.strip().lower() for n in request.headers.get("x-amz-trailer", "").split(",")}
    if set(trailers) - announced:
        raise ServiceError("MalformedTrailerError", "A trailer wasn't announced")
    headers = {**request.headers, **trailers, "content-length": str(len(body))}
    encodings = [e.strip() for e in headers.pop("content-encoding", "").split(",")]
    if rest := [e for e in encodings if e and e != "aws-chunked"]:
        headers["content-encoding"] = ",".join(rest)
    return Incoming(request.method, request.path, request.query, headers, body)


def _read(body: bytes, chain: _Chain | None, previous: str) -> tuple[bytes, dict[str, str]]:
    chunks: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at)
        head = _SIZE.fullmatch(body[at:end]) if end >= 0 else None
        if head is None or (chain is not None) != (head[2] is not None):
            raise _malformed()
        size, at = int(head[1], 16), end + 2
        chunk = body[at : at + size]
        if len(chunk) != size:
            raise _malformed()
        if chain is not None:
            previous = _check(
                chain.sign("PAYLOAD", previous, _EMPTY, hashlib.sha256(chunk).hexdigest()),
                head[2].decode(),
            )
        at += size
        if size == 0:
            return b"".join(chunks), _trailers(body[at:], chain, previous)
        if body[at : at + 2] != b"\r\n":
            raise _malformed()
        at += 2
        chunks.append(chunk)


def _trailers(tail: bytes, chain: _Chain | None, previous: str) -> dict[str, str]:
    found: dict[str, str] = {}
    signed: str | None = None
    for line in re.split(rb"\r?\n", tail):
        if not line:
            continue
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or name.strip().lower() in found:
            raise _malformed()
        if name.strip().lower() == "x-amz-trailer-signature":
            signed = value.strip()
        else:
            found[name.strip().lower()] = value.strip()
    if chain is not None and found:
        text = "".join(f"{n}:{found[n]}\n" for n in sorted(found))
        digest = hashlib.sha256(text.encode("latin-1")).hexdigest()
        _check(chain.sign("TRAILER", previous, digest), signed or "")
    return found


def _check(wanted: str, given: str) -> str:
    if not hmac.compare_digest(wanted, given):
        raise RefusedError(Failure.BAD_SIGNATURE, "A chunk's signature does not match")
    return wanted


def _malformed() -> ServiceError:
    return ServiceError("IncompleteBody", "The request body is not a valid aws-chunked stream")


def check_checksums(request: Incoming) -> None:
    """Compare the checksums that a request states with its body; raises `ServiceError`.

    crc32c and crc64nvme aren't computed here; moto stores what the client states.
    """
    for name, compute in _CHECKSUMS.items():
        stated = request.headers.get(name)
        if stated is not None and stated != base64.b64encode(compute(request.body)).decode():
            raise ServiceError("BadDigest", f"The {name[6:]} you specified did not match.")
    stated = request.headers.get("content-md5")
    if stated is not None:
        found = hashlib.md5(request.body, usedforsecurity=False).digest()
        if stated != base64.b64encode(found).decode():
            raise ServiceError("BadDigest", "The Content-MD5 you specified did not match.")
