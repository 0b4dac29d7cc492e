"""What the embedded knowledge bases keep: data sources, jobs, and what was ingested."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Value = str | float | bool | tuple[str, ...]
"""A metadata attribute's value; numbers are floats."""

_ID = string.ascii_uppercase + string.digits


def new_id() -> str:
    """Ten letters and digits: `[0-9a-zA-Z]{10}`."""
    return "".join(secrets.choice(_ID) for _ in range(10))


def now() -> datetime:
    """The time for `createdAt` and `updatedAt`."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was when it was ingested; `uri` is `s3://bucket/key`."""

    uri: str
    fingerprint: str
    passages: tuple[str, ...] = field(repr=False)
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Job:
    """An ingestion that is over; `failures` are its reasons, where it read nothing."""

    id: str
    started: datetime
    statistics: Mapping[str, int]
    description: str | None = None
    failures: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """The service's word."""
        return "FAILED" if self.failures else "COMPLETE"


@dataclass(slots=True)
class Source:
    """A data source: a bucket, or what lies under some prefixes of it.

    `given` are the parts of the request that are only shown again.
    """

    id: str
    name: str
    bucket: str
    prefixes: tuple[str, ...]
    given: Mapping[str, Any]
    created: datetime
    updated: datetime
    jobs: dict[str, Job] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)


@dataclass(slots=True)
class Base:
    """A knowledge base; `fresh` while nobody has looked at it since it was made or changed."""

    id: str
    name: str
    arn: str
    given: Mapping[str, Any]
    created: datetime
    updated: datetime
    fresh: str = "CREATING"
    tags: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The service's word."""
        return self.fresh or "ACTIVE"

    @property
    def role(self) -> str:
        """The ARN of the role that reads its sources."""
        return str(self.given["roleArn"])
