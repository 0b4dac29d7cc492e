"""Read the clinic's items: its own partition, with its own credentials."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tools.call import Call
from tools.failure import ToolError, translated

Record = dict[str, object]


def partition(call: Call) -> str:
    """The partition key's value under which the caller's clinic keeps its items."""
    return call.caller.fill(call.settings.table.value)


def one(call: Call, patient: str) -> Record:
    """One item of the clinic; raises `ToolError` when it has none of that id."""
    table = call.settings.table
    with translated("reading the record"):
        answer = call.session.dynamodb.get_item(
            TableName=table.name,
            Key={table.partition_key: {"S": partition(call)}, table.sort_key: {"S": patient}},
        )
    if "Item" not in answer:
        raise ToolError("NotFound", "the clinic has no such patient")
    return _record(answer["Item"])


def some(call: Call, most: int) -> tuple[list[Record], bool]:
    """The clinic's first items by sort key, and whether there are more."""
    table = call.settings.table
    with translated("reading the records"):
        answer = call.session.dynamodb.query(
            TableName=table.name,
            KeyConditionExpression="#key = :value",
            ExpressionAttributeNames={"#key": table.partition_key},
            ExpressionAttributeValues={":value": {"S": partition(call)}},
            Limit=most,
        )
    return [_record(item) for item in answer["Items"]], "LastEvaluatedKey" in answer


def _record(item: Mapping[str, Any]) -> Record:
    from boto3.dynamodb.types import TypeDeserializer

    read = TypeDeserializer()
    return {name: _json(read.deserialize(value)) for name, value in sorted(item.items())}


def _json(value: Any) -> object:  # noqa: ANN401 - whatever DynamoDB stores
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: _json(inner) for name, inner in value.items()}
        case list():
            return [_json(inner) for inner in value]
        case set():
            return sorted((_json(inner) for inner in value), key=str)
        case None | bool() | str():
            return value
    return base64.b64encode(bytes(value)).decode()
