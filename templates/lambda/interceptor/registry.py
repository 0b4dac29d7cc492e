"""What the registry knows of a clinic, kept for a minute.

The table's item `TENANT#<id>`, `META` holds id, tier, name, timezone, attributes (JSON) and status.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from interceptor.answers import RefusedError
from shared.identity import Caller

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 60
_MOST_KEPT = 1000
_ACTIVE = "active"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Clinic:
    """A registered clinic; `attributes` are free."""

    tier: str
    status: str
    name: str
    timezone: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


kept: dict[str, tuple[float, Clinic]] = {}
"""Clinics by id, each with the end of its minute on the monotonic clock."""


def clinic(caller: Caller) -> Clinic:
    """The caller's clinic; raises `RefusedError` unless it is known, active and of this tier."""
    until, found = kept.get(caller.clinic, (0.0, None))
    if found is None or until <= time.monotonic():
        found = _read(caller.clinic)
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[caller.clinic] = (time.monotonic() + KEPT_SECONDS, found)
    if found.status != _ACTIVE:
        raise RefusedError(403, "the clinic isn't active")
    if found.tier != caller.tier:
        raise RefusedError(403, "the clinic's tier has changed; sign in again")
    return found


def _read(tenant: str) -> Clinic:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = client().get_item(
            TableName=os.environ["TENANTCTL_REGISTRY"],
            Key={"pk": {"S": f"TENANT#{tenant}"}, "sk": {"S": "META"}},
            ConsistentRead=True,
        )
    except (BotoCoreError, ClientError) as error:
        _log.warning("the registry can't be read: %s", type(error).__name__)
        raise RefusedError(503, "the registry can't be read; try again") from error
    item = answer.get("Item")
    if item is None or item.get("id") != {"S": tenant}:
        raise RefusedError(403, "the token's clinic isn't known")
    try:
        attributes = json.loads(item.get("attributes", {}).get("S", "{}"))
    except ValueError as error:
        raise RefusedError(503, "the registry's entry of the clinic can't be read") from error
    texts = {n: item.get(n, {}).get("S", "") for n in ("tier", "status", "name", "timezone")}
    return Clinic(**texts, attributes=attributes if isinstance(attributes, dict) else {})


@lru_cache(maxsize=1)
def client() -> DynamoDBClient:
    """DynamoDB as the interceptor's role; made once, since the environment stays."""
    import boto3
    from botocore.config import Config

    # The gateway waits for the interceptor: better a refusal soon than an answer late.
    quick = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard"})
    return boto3.Session().client("dynamodb", config=quick)
