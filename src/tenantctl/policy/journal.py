"""Enter versions into the history: before a push begins, and when all of it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tenantctl import __version__
from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain import versions as keys
from tenantctl.domain.names import Names
from tenantctl.policy.history import Held, Kind, Progress
from tenantctl.policy.lock import Lock, lost

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BATCH = 25
"""Items in a BatchWriteItem.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is entered of a version before its push."""

    number: int
    kind: Kind
    holds: tuple[Held, ...]
    changes: tuple[str, ...] = ()
    trial: bool = False
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """The writing side of one pool's history, under a lock."""

    aws: Aws
    names: Names
    lock: Lock

    def keep_texts(self, texts: Mapping[str, str]) -> None:
        """Keep statements by their digests; keeping one twice changes nothing."""
        table = self.names.registry_table
        puts: list[Any] = [
            {"PutRequest": {"Item": self._item(keys.text_key(digest), text={"S": text})}}
            for digest, text in sorted(texts.items())
        ]
        with translated("keeping the statements of the policies"):
            for start in range(0, len(puts), _BATCH):
                left: Any = {table: puts[start : start + _BATCH]}
                while left:
                    left = self._client.batch_write_item(RequestItems=left)["UnprocessedItems"]

    def begin(self, draft: Draft) -> None:
        """Enter a version as started; one that was started before, and killed, as it is now."""
        item = self._item(
            keys.version_key(draft.number),
            number={"N": str(draft.number)},
            state={"S": Progress.STARTED.value},
            kind={"S": draft.kind.value},
            started={"S": _now()},
            who={"S": self.lock.who},
            tool={"S": __version__},
            holds={"S": _holds(draft.holds)},
            changes={"S": json.dumps(draft.changes, ensure_ascii=False)},
            trial={"BOOL": draft.trial},
            **({} if draft.of is None else {"of": {"N": str(draft.of)}}),
        )
        put = {
            "TableName": self.names.registry_table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        check = {**self._owned(), "Key": self._item(keys.LOCK)}
        self._together(f"entering version {draft.number}", {"Put": put}, {"ConditionCheck": check})

    def go_on(self, number: int, holds: Sequence[Held]) -> None:
        """Say what a version that was started before, and killed, holds by now."""
        update = self._update(number, "SET #holds = :holds", holds={"S": _holds(holds)})
        check = {**self._owned(), "Key": self._item(keys.LOCK)}
        self._together(f"resuming version {number}", {"Update": update}, {"ConditionCheck": check})

    def end(self, number: int) -> None:
        """Say that a version is done, and give the lock back, at once."""
        update = self._update(
            number,
            "SET #state = :state, #ended = :ended",
            state={"S": Progress.DONE.value},
            ended={"S": _now()},
        )
        delete = {**self._owned(), "Key": self._item(keys.LOCK)}
        self._together(f"ending version {number}", {"Update": update}, {"Delete": delete})

    def _update(self, number: int, expression: str, **values: object) -> dict[str, Any]:
        return {
            "TableName": self.names.registry_table,
            "Key": self._item(keys.version_key(number)),
            "UpdateExpression": expression,
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": {f"#{name}": name for name in values},
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
        }

    def _owned(self) -> dict[str, Any]:
        return {
            "TableName": self.names.registry_table,
            "ConditionExpression": "#owner = :owner",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":owner": {"S": self.lock.owner}},
        }

    def _together(self, doing: str, *changes: dict[str, Any]) -> None:
        with translated(doing):
            try:
                self._client.transact_write_items(TransactItems=list(changes))  # type: ignore[arg-type]
            except self._client.exceptions.TransactionCanceledException as error:
                raise lost() from error

    def _item(self, sort_key: str, **values: object) -> dict[str, Any]:
        return {"pk": {"S": keys.POLICIES}, "sk": {"S": sort_key}, **values}

    @property
    def _client(self) -> DynamoDBClient:
        return self.aws.client("dynamodb")


def _holds(holds: Sequence[Held]) -> str:
    rows = [[h.key.tier, h.key.tool, h.name, h.digest, h.enforced] for h in holds]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
