"""Why a caller couldn't be authenticated or authorized, in each protocol's own code and status.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from enum import StrEnum

from tenantctl.local.call import ServiceError


class Protocol(StrEnum):
    """How a service speaks; S3 has its own form of XML errors."""

    S3 = "s3"
    QUERY = "query"
    JSON = "json"
    REST_JSON = "rest-json"


class Failure(StrEnum):
    """What was wrong with a request before any policy was asked."""

    UNSIGNED = "unsigned"
    INCOMPLETE = "incomplete"
    UNKNOWN_KEY = "unknown_key"
    BAD_TOKEN = "bad_token"  # noqa: S105 - a reason's name
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the same
    BAD_SIGNATURE = "bad_signature"
    SKEWED = "skewed"
    EXPIRED_URL = "expired_url"
    BAD_URL = "bad_url"
    BAD_PAYLOAD = "bad_payload"
    DENIED = "denied"
    NOT_IMPLEMENTED = "not_implemented"
    INTERNAL = "internal"


class RefusedError(Exception):
    """A request that is refused before its operation is known; carries no secret."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(f"{failure}: {message}")
        self.failure = failure
        self.message = message


# (S3, query, JSON, REST with JSON): (code, status)
_CODES: dict[Failure, tuple[tuple[str, int], ...]] = {
    Failure.UNSIGNED: (
        ("AccessDenied", 403),
        ("MissingAuthenticationToken", 403),
        ("MissingAuthenticationTokenException", 400),
        ("MissingAuthenticationTokenException", 403),
    ),
    Failure.INCOMPLETE: (
        ("AuthorizationHeaderMalformed", 400),
        ("IncompleteSignature", 400),
        ("IncompleteSignatureException", 400),
        ("IncompleteSignatureException", 403),
    ),
    Failure.UNKNOWN_KEY: (
        ("InvalidAccessKeyId", 403),
        ("InvalidClientTokenId", 403),
        ("UnrecognizedClientException", 400),
        ("UnrecognizedClientException", 403),
    ),
    Failure.BAD_TOKEN: (
        ("InvalidToken", 400),
        ("InvalidClientTokenId", 403),
        ("UnrecognizedClientException", 400),
        ("UnrecognizedClientException", 403),
    ),
    Failure.EXPIRED_TOKEN: (
        ("ExpiredToken", 400),
        ("ExpiredToken", 403),
        ("ExpiredTokenException", 400),
        ("ExpiredTokenException", 403),
    ),
    Failure.BAD_SIGNATURE: (
        ("SignatureDoesNotMatch", 403),
        ("SignatureDoesNotMatch", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Failure.SKEWED: (
        ("RequestTimeTooSkewed", 403),
        ("SignatureDoesNotMatch", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Failure.EXPIRED_URL: (
        ("AccessDenied", 403),
        ("SignatureDoesNotMatch", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Failure.BAD_URL: (
        ("AuthorizationQueryParametersError", 400),
        ("IncompleteSignature", 400),
        ("IncompleteSignatureException", 400),
        ("IncompleteSignatureException", 403),
    ),
    Failure.BAD_PAYLOAD: (
        ("XAmzContentSHA256Mismatch", 400),
        ("SignatureDoesNotMatch", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
    ),
    Failure.DENIED: (
        ("AccessDenied", 403),
        ("AccessDenied", 403),
        ("AccessDeniedException", 400),
        ("AccessDeniedException", 403),
    ),
    Failure.NOT_IMPLEMENTED: (("NotImplemented", 501),) * 4,
    Failure.INTERNAL: (
        ("InternalError", 500),
        ("InternalFailure", 500),
        ("InternalServerError", 500),
        ("InternalServerException", 500),
    ),
}


def as_service_error(error: RefusedError, protocol: Protocol) -> ServiceError:
    """The refusal as a service of that protocol words it."""
    code, status = _CODES[error.failure][list(Protocol).index(protocol)]
    return ServiceError(code, error.message, status)
