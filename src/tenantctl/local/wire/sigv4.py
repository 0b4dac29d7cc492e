"""Signature Version 4, checked: what AWS does with a request before it looks at any policy.

Canonical request, string to sign and signature are botocore's own code, so a request is judged
by the same rules by which it was signed.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import gmtime, strftime, strptime
from typing import Any, cast
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from tenantctl.local.failure import Failure, RefusedError
from tenantctl.local.wire.incoming import Incoming

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW = 15 * 60
"""Seconds by which a client's clock may be off."""

MAX_URL_SECONDS = 7 * 24 * 3600
"""The longest life of a presigned URL."""

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING = "STREAMING-"

_CREDENTIAL = (
    r"(?P<key>\w{16,128})/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9.-]+)"
    r"/aws4_request"
)
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential={_CREDENTIAL}, ?SignedHeaders=(?P<headers>[a-z0-9;_.-]+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_SCOPE = re.compile(_CREDENTIAL, re.ASCII)
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_IN_URL = re.compile(r"(?:^|&)x-amz-(?:signature|algorithm|credential)=", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request says about who signed it; nothing in it has been checked yet."""

    access_key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    value: str = field(repr=False)
    timestamp: str
    token: str | None = field(default=None, repr=False)
    url_seconds: int | None = None


def read(request: Incoming) -> Signature | None:
    """The signature of a request, in its header or its URL; `None` when it bears none.

    Raises `RefusedError` for one that can't be read, and for two at once.
    """
    header = request.headers.get("authorization")
    in_url = _IN_URL.search(request.query)
    if header is not None and in_url:
        raise RefusedError(Failure.INCOMPLETE, "Only one auth mechanism allowed")
    if header is not None:
        return _from_header(request, header)
    return _from_url(request) if in_url else None


def _from_header(request: Incoming, header: str) -> Signature:
    found = _AUTHORIZATION.fullmatch(header.strip())
    if not found:
        raise RefusedError(
            Failure.INCOMPLETE, f"The authorization header must be of {ALGORITHM} and complete"
        )
    return Signature(
        access_key=found["key"],
        date=found["date"],
        region=found["region"],
        service=found["service"],
        headers=tuple(found["headers"].split(";")),
        value=found["signature"],
        timestamp=_timestamp(request),
        token=request.headers.get("x-amz-security-token"),
    )


def _timestamp(request: Incoming) -> str:
    stamp = request.headers.get("x-amz-date")
    if stamp is None and "date" in request.headers:
        try:
            when = parsedate_to_datetime(request.headers["date"]).timestamp()
        except ValueError as error:
            raise RefusedError(Failure.INCOMPLETE, "The Date header can't be read") from error
        stamp = strftime(_TIMESTAMP, gmtime(when))
    if stamp is None:
        raise RefusedError(Failure.INCOMPLETE, "The request has neither X-Amz-Date nor Date")
    return stamp


def _from_url(request: Incoming) -> Signature:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    values = dict(pairs)
    if len(values) != len(pairs):
        raise RefusedError(Failure.BAD_URL, "A query parameter is there twice")
    scope = _SCOPE.fullmatch(values.get("X-Amz-Credential", ""))
    seconds = values.get("X-Amz-Expires", "")
    signature = values.get("X-Amz-Signature", "")
    if (
        values.get("X-Amz-Algorithm") != ALGORITHM
        or scope is None
        or not re.fullmatch(r"[0-9]{1,6}", seconds)
        or not 0 < int(seconds) <= MAX_URL_SECONDS
        or not _HEX.fullmatch(signature)
    ):
        raise RefusedError(Failure.BAD_URL, "The signature's query parameters aren't complete")
    return Signature(
        access_key=scope["key"],
        date=scope["date"],
        region=scope["region"],
        service=scope["service"],
        headers=tuple(values.get("X-Amz-SignedHeaders", "").split(";")),
        value=signature,
        timestamp=values.get("X-Amz-Date", ""),
        token=values.get("X-Amz-Security-Token"),
        url_seconds=int(seconds),
    )


def verify(request: Incoming, signature: Signature, secret: str, now: float) -> str:
    """Check time, signed headers, payload and signature; returns the payload's hash as signed.

    `now` is in seconds since the epoch. Raises `RefusedError` for the first check that fails.
    """
    _check_time(signature, now)
    _check_headers(request, signature)
    payload = _payload_hash(request, signature)
    wanted = _sign(request, signature, secret, payload)
    if not hmac.compare_digest(wanted, signature.value):
        raise RefusedError(
            Failure.BAD_SIGNATURE,
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )
    return payload


def _check_time(signature: Signature, now: float) -> None:
    try:
        signed = timegm(strptime(signature.timestamp, _TIMESTAMP))
    except ValueError as error:
        raise RefusedError(Failure.INCOMPLETE, "The date isn't ISO 8601 basic") from error
    if signature.timestamp[:8] != signature.date:
        raise RefusedError(Failure.BAD_SIGNATURE, "The date isn't the credential scope's")
    if signature.url_seconds is not None:
        if now > signed + signature.url_seconds:
            raise RefusedError(Failure.EXPIRED_URL, "Request has expired")
        if signed > now + MAX_SKEW:
            raise RefusedError(Failure.EXPIRED_URL, "Request is not valid yet")
    elif abs(now - signed) > MAX_SKEW:
        raise RefusedError(
            Failure.SKEWED,
            "The difference between the request time and the current time is too large.",
        )


def _check_headers(request: Incoming, signature: Signature) -> None:
    signed = set(signature.headers)
    if "host" not in signed:
        raise RefusedError(Failure.BAD_SIGNATURE, "'Host' must be a signed header")
    loose = sorted(n for n in request.headers if n.startswith("x-amz-") and n not in signed)
    if loose:
        # What isn't signed may have been added on the way: a copy source, a target, a token.
        raise RefusedError(
            Failure.BAD_SIGNATURE,
            f"There were headers present in the request which were not signed: {', '.join(loose)}",
        )


def _payload_hash(request: Incoming, signature: Signature) -> str:
    stated = request.headers.get("x-amz-content-sha256")
    if signature.service == "s3":
        if signature.url_seconds is not None and stated is None:
            return UNSIGNED_PAYLOAD
        if stated is None:
            raise RefusedError(
                Failure.BAD_PAYLOAD,
                "Missing required header for this request: x-amz-content-sha256",
            )
        if stated == UNSIGNED_PAYLOAD or stated.startswith(STREAMING):
            return stated
    found = hashlib.sha256(request.body).hexdigest()
    if stated is not None and stated != found:
        raise RefusedError(
            Failure.BAD_PAYLOAD,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    return found


def _sign(request: Incoming, signature: Signature, secret: str, payload: str) -> str:
    headers = HTTPHeaders()
    for name in signature.headers:
        if name not in request.headers:
            raise RefusedError(Failure.BAD_SIGNATURE, f"The signed header '{name}' is missing")
        headers[name] = request.headers[name]
    if "x-amz-content-sha256" not in signature.headers:
        headers["X-Amz-Content-SHA256"] = payload
    query = "&".join(p for p in request.query.split("&") if not p.startswith("X-Amz-Signature="))
    auth = (_S3Verifier if signature.service == "s3" else _Verifier)(signature, secret)
    wire = AWSRequest(
        request.method,
        f"http://{request.headers['host']}{request.path}{'?' if query else ''}{query}",
        cast("Mapping[str, Any]", headers),
    )
    wire.context["timestamp"] = signature.timestamp
    return str(auth.signature(auth.string_to_sign(wire, auth.canonical_request(wire)), wire))


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that a day's requests to one service are signed with."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class _Verifying(SigV4Auth):
    """botocore's signer, with exactly the headers that the client says it signed."""

    def __init__(self, signature: Signature, secret: str) -> None:
        super().__init__(
            Credentials(signature.access_key, secret), signature.service, signature.region
        )
        self._names = set(signature.headers)
        self._key = signing_key(secret, signature.date, signature.region, signature.service)

    def headers_to_sign(self, request: Any) -> Any:  # noqa: ANN401 - botocore's own signature
        chosen = HTTPHeaders()
        for name, value in request.headers.items():
            if name.lower() in self._names:
                chosen[name.lower()] = value
        return chosen

    def signature(self, string_to_sign: str, request: Any) -> str:  # noqa: ANN401, ARG002 - the same
        return hmac.new(self._key, string_to_sign.encode(), hashlib.sha256).hexdigest()


class _Verifier(_Verifying, SigV4Auth):
    """For every service but S3: the path is normalised and encoded once more."""


class _S3Verifier(_Verifying, S3SigV4Auth):
    """For S3: the path is signed as it is sent."""
