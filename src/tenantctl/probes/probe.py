"""A probe is a value: a rule, what is tried, and one call that owner and attacker make alike.

The owner's own call comes first (the positive control). Only when it succeeds does an attacker's
refusal say anything: a table that doesn't exist refuses everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from tenantctl.aws.session import Aws
from tenantctl.domain.canary import Prefixes, Run
from tenantctl.domain.finding import Party
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Index, Memory, Table

Context = Mapping[str, str | list[str]]
"""Condition keys as the request carries them, for the report and for the explanation."""


class Plane(StrEnum):
    """Where an attack happens."""

    DYNAMODB = "dynamodb"
    S3 = "s3"
    STS = "sts"
    IDENTITY = "identity"
    MEMORY = "memory"
    KNOWLEDGE = "knowledge"
    GATEWAY = "gateway"


class UnclearError(Exception):
    """The attempt said nothing about authorization; the text says why."""


class RefusedError(Exception):
    """A refusal inside an answer that is formally a success (`DeleteObjects`)."""


@dataclass(frozen=True, slots=True)
class Got:
    """The call was allowed. `data` is whether what was asked for came back, or was written."""

    data: bool = True
    detail: str = ""


class ControlBy(StrEnum):
    """Whose success makes a refusal believable.

    Where the policy grants an action to no tenant at all (`Scan`), no owner can succeed; then the
    operator must: the call is sound and its resource exists, so the refusal was IAM's.
    """

    OWNER = "owner"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class ItemSpot:
    """A tenant's partition of a table or of one of its indexes, with this run's canaries in it.

    `arn` is the table's, or the index's.
    """

    table: Table
    arn: str
    partition: str
    run: Run
    index: Index | None = None

    @property
    def name(self) -> str:
        """What the API is given as `TableName`."""
        return self.table.arn or self.table.name


@dataclass(frozen=True, slots=True)
class ObjectSpot:
    """A tenant's prefix of a bucket, with this run's canaries below it.

    `version` is the version id of the object `read`, `None` in a bucket without versions. `tail`
    ends every key, for policies that ask how a key ends.
    """

    bucket: Bucket
    names: Names
    prefixes: Prefixes
    run: Run
    version: str | None = None
    tail: str = ""

    @property
    def bucket_arn(self) -> str:
        """The bucket's ARN."""
        return self.names.bucket_arn(self.bucket)

    def object_arn(self, key: str) -> str:
        """The ARN of one of its objects."""
        return self.names.object_arn(self.bucket, key)

    def key(self, what: str) -> str:
        """The key of a canary object."""
        return self.run.object_key(self.prefixes.own, what) + self.tail


@dataclass(frozen=True, slots=True)
class MemorySpot:
    """A user's part of a memory: an actor id and a namespace, with this run's canaries in both.

    `event` and `record` are the ids of the canaries that are read.
    """

    memory: Memory
    arn: str
    actor: str
    spaces: Prefixes
    run: Run
    event: str = ""
    record: str = ""

    @property
    def id(self) -> str:
        """What the API is given as `memoryId`."""
        return self.arn.rpartition("/")[2]

    def session(self, what: str) -> str:
        """The id of a canary session."""
        return self.run.session_id(what)


Spot = TypeVar("Spot", ItemSpot, ObjectSpot, MemorySpot)


@dataclass(frozen=True, slots=True)
class Attack(Generic[Spot]):
    """One call: who makes it, where the caller's own data lies, and whose data it aims at.

    In a positive control `own` and `other` are the same spot.
    """

    caller: Aws
    own: Spot
    other: Spot


@dataclass(frozen=True, slots=True)
class Probe(Generic[Spot]):
    """A way to reach another tenant's data in a table, a bucket or a memory.

    `tries` completes "could …"; `{owner}` in it is whose data it is. `mixed` says that the call
    touches the caller's own data as well, so that a refusal counts only when the caller succeeds
    on its own data too. `refusals` are as a `Trial` has them.
    """

    rule: str
    action: str
    tries: str
    attempt: Callable[[Attack[Spot]], Got]
    resource: Callable[[Attack[Spot]], str]
    context: Callable[[Attack[Spot]], Context]
    fix: str
    control: ControlBy = ControlBy.OWNER
    mixed: bool = False
    applies: Callable[[Attack[Spot]], bool] = lambda _: True
    refusals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Control:
    """A positive control; those of equal `key` are run once. `who` names its caller."""

    key: tuple[str, ...]
    who: str
    run: Callable[[], Got]


@dataclass(frozen=True, slots=True)
class Trial:
    """A probe bound to its parties: what the runner runs.

    `refusals` are error codes that count as a refusal beside AWS's access-denied codes, for
    services that refuse by another name.
    """

    rule: str
    plane: Plane
    action: str
    tries: str
    fix: str
    actor: Party
    owner: Party
    resource: str
    context: Context
    attack: Callable[[], Got]
    controls: tuple[Control, ...]
    refusals: frozenset[str] = field(default=frozenset())


@contextmanager
def preparing(what: str) -> Iterator[None]:
    """For steps before the call that is judged: their refusal isn't the refusal looked for."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise UnclearError(f"{what} failed: {code}") from error
