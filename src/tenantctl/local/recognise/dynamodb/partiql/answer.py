"""Statements carried out, and the answers that the API gives to them.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from tenantctl.local.call import Call, Facts, ServiceError
from tenantctl.local.recognise.dynamodb.partiql.native import Native, native
from tenantctl.local.recognise.dynamodb.partiql.reach import STATEMENTS, read, requests
from tenantctl.local.recognise.dynamodb.partiql.syntax import Insert, Select, Statement
from tenantctl.local.recognise.dynamodb.tables import target
from tenantctl.local.recognise.dynamodb.values import invalid, key_text

Run = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Carries out one operation of the DynamoDB API; raises `ServiceError` where it fails."""

operations = STATEMENTS


def answer(call: Call, facts: Facts, run: Run) -> dict[str, Any]:
    """The output of a call whose checks have passed, by way of the API's other operations.

    Raises `ServiceError`, as the operations do.
    """
    statements = tuple(read(call, request) for request in requests(call))
    if call.operation == "ExecuteStatement":
        return _single(call, facts, statements[0], run)
    if call.operation == "ExecuteTransaction":
        return _transaction(call, facts, statements, run)
    return {"Responses": [_member(call, facts, each, run) for each in statements]}


def _native(call: Call, facts: Facts, statement: Statement) -> Native:
    where = target(call, facts, statement.table)
    if where.partition is None:
        raise ServiceError("ResourceNotFoundException", "Requested resource not found")
    return native(statement, where.keys)


def _single(call: Call, facts: Facts, statement: Statement, run: Run) -> dict[str, Any]:
    todo = _native(call, facts, statement)
    if not isinstance(statement, Select):
        attributes = _write(statement, todo, run).get("Attributes")
        return {"Items": [attributes] if attributes else []}
    params = dict(todo.params)
    if call.params.get("Limit"):
        params["Limit"] = call.params["Limit"]
    if call.params.get("NextToken"):
        where = target(call, facts, statement.table)
        params["ExclusiveStartKey"] = _key(call.params["NextToken"], where.keys)
    found = run(todo.operation, params)
    out: dict[str, Any] = {"Items": list(found.get("Items") or ())}
    last = found.get("LastEvaluatedKey")
    return out | ({"NextToken": _token(last), "LastEvaluatedKey": last} if last else {})


def _write(statement: Statement, todo: Native, run: Run) -> Mapping[str, Any]:
    try:
        return run(todo.operation, todo.params)
    except ServiceError as error:
        if isinstance(statement, Insert) and error.code == "ConditionalCheckFailedException":
            raise ServiceError(
                "DuplicateItemException", "Duplicate primary key exists in table"
            ) from error
        raise


def _all(todo: Native, run: Run) -> list[Mapping[str, Any]]:
    """Every item of a SELECT, page by page."""
    items: list[Mapping[str, Any]] = []
    params = dict(todo.params)
    while True:
        found = run(todo.operation, params)
        items += found.get("Items") or ()
        if not found.get("LastEvaluatedKey"):
            return items
        params["ExclusiveStartKey"] = found["LastEvaluatedKey"]


def _first(call: Call, facts: Facts, statement: Statement, run: Run) -> dict[str, Any]:
    """The one item of a member of a batch or a transaction.

    DynamoDB asks the whole key of a SELECT there; here, more than one item is refused.
    """
    todo = _native(call, facts, statement)
    if not isinstance(statement, Select):
        item = _write(statement, todo, run).get("Attributes")
        return {"Item": item} if item else {}
    items = _all(todo, run)
    if len(items) > 1:
        raise invalid("Select statements within a batch must specify the primary key")
    return {"Item": items[0]} if items else {}


def _member(call: Call, facts: Facts, statement: Statement, run: Run) -> dict[str, Any]:
    """One response of a batch: its failure is its own."""
    try:
        return {"TableName": statement.table} | _first(call, facts, statement, run)
    except ServiceError as error:
        code = error.code.removesuffix("Exception").removesuffix("Error")
        return {
            "TableName": statement.table,
            "Error": {
                "Code": f"{code}Error" if code == "Validation" else code,
                "Message": error.message,
            },
        }


def _transaction(
    call: Call, facts: Facts, statements: tuple[Statement, ...], run: Run
) -> dict[str, Any]:
    reads = [isinstance(each, Select) for each in statements]
    if all(reads):
        return {"Responses": [_first(call, facts, each, run) for each in statements]}
    if any(reads):
        raise invalid("a transaction must either read or write")
    items = [_transacted(_native(call, facts, each)) for each in statements]
    run("TransactWriteItems", {"TransactItems": items})
    return {"Responses": [{} for _ in statements]}


_TRANSACTED = {"DeleteItem": "Delete", "PutItem": "Put", "UpdateItem": "Update"}


def _transacted(todo: Native) -> dict[str, Any]:
    params = {name: value for name, value in todo.params.items() if name != "ReturnValues"}
    return {_TRANSACTED[todo.operation]: params}


def _token(key: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, sort_keys=True).encode()).decode()


def _key(token: object, keys: tuple[str, ...]) -> dict[str, Any]:
    """The key of a token; it holds at least the table's `keys`, and nothing but key values."""
    try:
        found = json.loads(base64.urlsafe_b64decode(str(token)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise invalid("The provided NextToken is not valid") from error
    if not isinstance(found, dict) or not found.keys() >= set(keys):
        raise invalid("The provided NextToken is not valid")
    for value in found.values():
        key_text(value)
    return found
