"""botocore's errors in the tool's words; the one place that knows their codes.

Use `with translated("what was tried"):` around calls. What isn't botocore's passes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tenantctl.errors import AwsError, CredentialsError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

ACCESS_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorizedException"}
)
"""Codes that say an authorization decision was made and was no.

S3 and STS answer `AccessDenied`, JSON services `AccessDeniedException`. DynamoDB's
TransactionCanceledException and expired or unknown tokens are not among them.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""


def code_of(error: ClientError) -> str:
    """The service's error code; a HEAD answers only a status, as `403` or `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_access_denied(error: ClientError) -> bool:
    """Whether the service refused by an authorization decision.

    HEAD has no body, so S3's refusal of HeadObject arrives as the code `403`.
    """
    code = code_of(error)
    return code in ACCESS_DENIED or (code == "403" and error.operation_name.startswith("Head"))


_MEANWHILE = "somebody else may be changing it; run it again"
_HINTS = {
    "ConflictException": _MEANWHILE,
    "ResourceConflictException": _MEANWHILE,
    "ResourceInUseException": _MEANWHILE,
    "OperationAborted": _MEANWHILE,
    "EntityAlreadyExists": _MEANWHILE,
    "ConcurrentModification": _MEANWHILE,
    "ExpiredToken": "sign in again",
    "ExpiredTokenException": "sign in again",
    "InvalidClientTokenId": "check the access key, or `--profile`",
    "UnrecognizedClientException": "check the access key, or `--profile`",
    "SignatureDoesNotMatch": "check the secret key, and this machine's clock",
    "ResourceNotFoundException": "has `tenantctl pool apply` been run?",
    "NoSuchBucket": "has `tenantctl pool apply` been run?",
    "NoSuchEntity": "has `tenantctl pool apply` been run?",
}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what botocore raises into `TenantctlError`s; `doing` starts the message.

    Raises `CredentialsError` (exit 2) for missing credentials, profiles and unreachable or
    unknown regions, `AwsError` (exit 1) for what a service answered.
    """
    from botocore import exceptions as boto

    try:
        yield
    except boto.ClientError as error:
        code = code_of(error)
        text = str(error.response.get("Error", {}).get("Message", "")).strip()
        hint = _HINTS.get(code)
        if is_access_denied(error):
            hint = "the caller needs that permission; see the policies of its role"
        raise AwsError(
            f"{doing}: {error.operation_name}: {code}{': ' + text if text else ''}",
            code=code,
            operation=error.operation_name,
            hint=hint,
        ) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError, boto.TokenRetrievalError) as e:
        raise CredentialsError(
            f"{doing}: no AWS credentials",
            hint="set AWS_PROFILE or --profile, or use `target: local` in tenantctl.yaml",
        ) from e
    except (boto.ProfileNotFound, boto.NoRegionError, boto.InvalidRegionError) as e:
        raise CredentialsError(f"{doing}: {e}", hint="check --profile and --region") from e
    except boto.EndpointConnectionError as e:
        raise CredentialsError(
            f"{doing}: {e}", hint="check the region's name and the network"
        ) from e
    except boto.BotoCoreError as e:
        raise AwsError(f"{doing}: {e}", code=type(e).__name__, operation=doing) from e
