"""Tables and indexes in a request: their ARNs and partition keys.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenantctl.local.call import Call, Facts
from tenantctl.local.recognise.dynamodb.values import invalid, key_text
from tenantctl.local.recognise.rules import arn, unrecognised

_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")


@dataclass(frozen=True, slots=True)
class Target:
    """What a request works on: a table or an index, and the attribute that partitions it.

    `partition` is `None` for a table that doesn't exist: there is nothing to reach, and no key.
    `keys` are all key attributes of the target and its table.
    """

    arn: str
    partition: str | None
    keys: tuple[str, ...] = ()

    def leading_key(self, attributes: object, *, what: str) -> tuple[str, ...] | None:
        """The partition key's value in an item or a key, as the only one of its leading keys.

        `None` where there is no such table. Raises `ServiceError` where the attribute is missing,
        as DynamoDB does.
        """
        if self.partition is None:
            return None
        if not isinstance(attributes, Mapping) or self.partition not in attributes:
            raise invalid(
                "One or more parameter values were invalid: "
                f"Missing the key {self.partition} in the {what}"
            )
        return (key_text(attributes[self.partition]),)


def table_name(call: Call, given: object) -> str:
    """A table's name, given as name or ARN; the ARN must be of this account and region."""
    if not isinstance(given, str):
        raise unrecognised(call, "no table is named")
    name = given.removeprefix(arn(call, "dynamodb", "table/"))
    if not _NAME.fullmatch(name):
        raise unrecognised(call, f"`{given}` is no table of this account and region")
    return name


def target(call: Call, facts: Facts, given: object, index: object = None) -> Target:
    """The table, or the index, that a request names.

    Raises `ServiceError` for an index that the table doesn't have.
    """
    name = table_name(call, given)
    table = arn(call, "dynamodb", f"table/{name}")
    keys = facts.table_keys(name)
    if index is not None and (not isinstance(index, str) or not _NAME.fullmatch(index)):
        raise unrecognised(call, "no index is named")
    where = table if index is None else f"{table}/index/{index}"
    if keys is None:
        return Target(where, None)
    own = (keys.partition,) if keys.sort is None else (keys.partition, keys.sort)
    if index is None:
        return Target(where, keys.partition, own)
    partition = keys.indexes.get(str(index))
    if partition is None:
        raise invalid(f"The table does not have the specified index: {index}")
    return Target(where, partition, (*own, partition))


def table_target(call: Call, facts: Facts, params: Mapping[str, Any]) -> Target:
    """The target that a request's or a sub-request's own `TableName` and `IndexName` say."""
    return target(call, facts, params.get("TableName"), params.get("IndexName"))
