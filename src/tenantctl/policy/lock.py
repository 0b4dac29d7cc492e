"""One push at a time: an item of the registry that a push holds, renews and gives back.

    POLICIES   LOCK   owner, who, host, process, since, until (all text; times UTC, ISO 8601)

A push that died can't give it back. Its lock counts as dead once its time is over, or at once
where the same machine says that the process is gone. Else nobody but a person can know, and says
so by `--take-over`. Before each write a push makes sure that it still holds the lock, so one that
was taken over by mistake stops; at most the one write under way still happens, and any single
write of one push keeps the promise of `plan`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain import versions as keys
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_LEASE = timedelta(minutes=10)
"""Longer than the longest wait between two writes, with clocks that differ by a minute or two."""

_RENEW = timedelta(seconds=20)

_MACHINE = ("/etc/machine-id", "/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock; `host` is a digest of the machine and `process` an id on it."""

    owner: str
    who: str
    host: str
    process: int
    since: datetime
    until: datetime

    def dead(self, now: datetime) -> bool:
        """Whether nothing is being pushed under this lock any more, as far as can be known."""
        return self.until <= now or (self.host == _host() and not _runs(self.process))


@dataclass(slots=True)
class Lock:
    """The lock of one pool's pushes, held by this process."""

    aws: Aws
    names: Names
    who: str
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    _renewed: datetime = field(default=datetime.min.replace(tzinfo=UTC), repr=False)

    def take(self, *, over: bool = False) -> None:
        """Take the lock, with `over` even from somebody who seems to be alive.

        Raises `ConflictError` that says who holds it and since when.
        """
        now = datetime.now(UTC)
        found = holder(self.aws, self.names)
        if found is not None and not over and not found.dead(now):
            raise _held(found)
        before = "" if found is None else found.owner  # no owner is empty
        fields = {
            "owner": self.owner,
            "who": self.who,
            "host": _host(),
            "process": str(os.getpid()),
            "since": _text(now),
            "until": _text(now + _LEASE),
        }
        with translated("locking the policies"):
            try:
                self._client.put_item(
                    TableName=self.names.registry_table,
                    Item={**_KEY, **{name: {"S": value} for name, value in fields.items()}},
                    ConditionExpression="attribute_not_exists(pk) OR #owner = :before",
                    ExpressionAttributeNames={"#owner": "owner"},
                    ExpressionAttributeValues={":before": {"S": before}},
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                found = holder(self.aws, self.names)
                raise (lost() if found is None else _held(found)) from error
        self._renewed = now

    def keep(self) -> None:
        """Make sure of the lock and renew it; raises `ConflictError` once somebody else has it."""
        now = datetime.now(UTC)
        if timedelta() <= now - self._renewed < _RENEW:  # a clock that was set back says nothing
            return
        with translated("keeping the lock of the push"):
            try:
                self._client.update_item(
                    TableName=self.names.registry_table,
                    Key=_KEY,
                    UpdateExpression="SET #until = :until",
                    ConditionExpression="#owner = :owner",
                    ExpressionAttributeNames={"#owner": "owner", "#until": "until"},
                    ExpressionAttributeValues={
                        ":owner": {"S": self.owner},
                        ":until": {"S": _text(now + _LEASE)},
                    },
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                raise lost() from error
        self._renewed = now

    def give_back(self) -> None:
        """Let others push; nothing happens to a lock that somebody took over."""
        with translated("giving back the lock of the push"):
            try:
                self._client.delete_item(
                    TableName=self.names.registry_table,
                    Key=_KEY,
                    ConditionExpression="#owner = :owner",
                    ExpressionAttributeNames={"#owner": "owner"},
                    ExpressionAttributeValues={":owner": {"S": self.owner}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return

    @property
    def _client(self) -> DynamoDBClient:
        return self.aws.client("dynamodb")


_KEY: dict[str, AttributeValueTypeDef] = {"pk": {"S": keys.POLICIES}, "sk": {"S": keys.LOCK}}


def holder(aws: Aws, names: Names) -> Holder | None:
    """Who holds the lock; `None` when nobody does."""
    with translated("looking for a push that is going on"):
        item = (
            aws.client("dynamodb")
            .get_item(TableName=names.registry_table, Key=_KEY, ConsistentRead=True)
            .get("Item")
        )
    if item is None:
        return None
    value = {name: part["S"] for name, part in item.items() if "S" in part}
    return Holder(
        owner=value["owner"],
        who=value["who"],
        host=value["host"],
        process=int(value["process"]),
        since=datetime.fromisoformat(value["since"]),
        until=datetime.fromisoformat(value["until"]),
    )


def lost() -> ConflictError:
    """The error of a push whose lock somebody else has."""
    return ConflictError(
        "somebody else is pushing policies", hint="see `tenantctl policy status`, then push again"
    )


def _held(by: Holder) -> ConflictError:
    return ConflictError(
        f"`{by.who}` is pushing policies since {_text(by.since)}",
        hint=f"wait for it; a push that died counts as dead from {_text(by.until)}, or at once "
        "with --take-over",
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _host() -> str:
    """This machine, as far as process ids mean something on it: a container is one of its own."""
    parts = [platform.node(), str(uuid.getnode())]
    for path in _MACHINE:
        try:
            parts.append(Path(path).read_text(encoding="ascii").strip())
        except OSError:  # no Linux: the name and the network address must do
            continue
    try:
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:  # the same
        parts.append("")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _runs(process: int) -> bool:
    if os.name != "posix":  # elsewhere a signal of 0 isn't harmless
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and somebody else's
        return True
    return True
