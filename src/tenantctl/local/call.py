"""A request to the embedded cloud, once it has been read: who calls, and what for.

Data flows one way: bytes → `Call` → `Check`s (what IAM must allow, all of them) → moto or one of
our own services → an answer, or a `ServiceError` in AWS's own shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tenantctl.iam.request import Context, Principal


class ServiceError(Exception):
    """An answer that is an error: AWS's code, its message, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class UnrecognisedError(Exception):
    """The enforcing layer doesn't know what this request would reach, so nobody may make it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated, parsed request.

    `service` and `operation` are botocore's names (`dynamodb`, `GetItem`); `params` has the shape
    of the operation's input in botocore's model. `principal` is the caller; `caller_context` are
    the condition keys that come with it (`aws:principaltag/…`, `aws:userid`).
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    region: str
    account: str
    principal: Principal
    caller_context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that IAM must allow for the call to proceed; `context` joins the caller's."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableKeys:
    """Partition key attribute names: the table's, and each index's by index name."""

    partition: str
    sort: str | None
    indexes: Mapping[str, str]


class Facts(Protocol):
    """What recognising a request must know of the cloud's present state."""

    def table_keys(self, table: str) -> TableKeys | None:
        """The key schema of a table by name or ARN; `None` when there is no such table."""

    def bucket_policy(self, bucket: str) -> str | None:
        """The bucket's policy document, if it has one."""

    def knowledge_base_tags(self, base: str) -> Mapping[str, str]:
        """The tags of a knowledge base by its ARN; none, where there is no such base."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a request may have changed: a service of an account in a region, and maybe others."""

    service: str
    operation: str
    account: str
    region: str
