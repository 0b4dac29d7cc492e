"""The clinic's own credentials: the vending role, tagged with tier, clinic and user.

The function's role reaches no data by itself, but for the knowledge base's. What a session reaches
is IAM's decision by the three tags, so a tool that asks for another clinic's data is refused there.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.identity import Caller
from tools.failure import translated
from tools.settings import Settings

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

SECONDS = 900
"""STS's shortest session."""

_USED_SECONDS = 600
"""A session isn't used to its end: a call begun with it must be able to finish."""

_MOST_KEPT = 128
_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)


@dataclass(slots=True)
class TenantSession:
    """AWS as one user of one clinic; clients are made on first use."""

    keys: dict[str, str] = field(repr=False)
    clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def dynamodb(self) -> DynamoDBClient:
        """The clinic's table."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @property
    def s3(self) -> S3Client:
        """The clinic's documents."""
        client: S3Client = self._client("s3")
        return client

    def _client(self, service: str) -> Any:  # noqa: ANN401 - see the properties
        if service not in self.clients:
            # mypy can't match a plain str against boto3-stubs' literals.
            self.clients[service] = boto3_session().client(service, **self.keys)  # type: ignore[call-overload]
        return self.clients[service]


kept: OrderedDict[tuple[str, Caller], tuple[float, TenantSession]] = OrderedDict()
"""Sessions by vending role and caller, each with its end on the monotonic clock."""


def tenant_session(settings: Settings, caller: Caller) -> TenantSession:
    """The session of a caller; kept for ten minutes, and never for anybody else."""
    until, session = kept.get((settings.vending_role, caller), (0.0, None))
    if session is None or until <= time.monotonic():
        session = _vend(settings, caller)
        kept[settings.vending_role, caller] = (time.monotonic() + _USED_SECONDS, session)
        if len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    return session


def _vend(settings: Settings, caller: Caller) -> TenantSession:
    identity = settings.identity
    tags = {
        identity.tier.tag: caller.tier,
        identity.tenant.tag: caller.clinic,
        identity.user.tag: caller.user,
    }
    with translated("getting the clinic's credentials"):
        answer = sts().assume_role(
            RoleArn=settings.vending_role,
            RoleSessionName=_name(caller),
            DurationSeconds=SECONDS,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            TransitiveTagKeys=list(tags),
        )
    vended = answer["Credentials"]
    return TenantSession(
        {
            "aws_access_key_id": vended["AccessKeyId"],
            "aws_secret_access_key": vended["SecretAccessKey"],
            "aws_session_token": vended["SessionToken"],
        }
    )


def _name(caller: Caller) -> str:
    """A session name for CloudTrail's readers, at most 64 long, another for every user."""
    digest = hashlib.sha256(f"{caller.clinic}\0{caller.user}".encode()).hexdigest()
    return f"{_SESSION_NAME.sub('-', f'{caller.clinic}.{caller.user}')[:47]}-{digest[:16]}"


@lru_cache(maxsize=1)
def boto3_session() -> boto3.Session:
    """One boto3 session: it reads each service's model once."""
    import boto3

    return boto3.Session()


@lru_cache(maxsize=1)
def sts() -> STSClient:
    """STS as the function's role."""
    return boto3_session().client("sts")
