"""Reads and writes of items through the API's own parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.dynamodb.context import (
    named_attributes,
    request_context,
    returned,
    selection,
)
from tenantctl.local.recognise.dynamodb.expressions import (
    Placeholders,
    key_conditions,
    legacy_key_conditions,
)
from tenantctl.local.recognise.dynamodb.tables import Target, table_target, target
from tenantctl.local.recognise.dynamodb.values import invalid, key_text
from tenantctl.local.recognise.rules import unrecognised

Params = Mapping[str, Any]


def _consumed(params: Params) -> str:
    return str(params.get("ReturnConsumedCapacity") or "NONE")


def _read(call: Call, facts: Facts, params: Params, enclosing: str | None = None) -> Check:
    """GetItem, alone or in a transaction."""
    where = table_target(call, facts, params)
    return Check(
        "dynamodb:GetItem",
        where.arn,
        request_context(
            leading_keys=where.leading_key(params.get("Key"), what="key"),
            names=named_attributes(params, where),
            select=selection(params, index=False),
            returnconsumedcapacity=_consumed(params if enclosing is None else call.params),
            enclosingoperation=enclosing,
        ),
    )


def _write(
    call: Call, facts: Facts, params: Params, action: str, enclosing: str | None = None
) -> Check:
    """PutItem, UpdateItem, DeleteItem or ConditionCheckItem, alone or in a transaction."""
    where = table_target(call, facts, params)
    for name in set(where.keys).intersection(params.get("AttributeUpdates") or ()):
        # moto would change it where it stands: an item of another tenant's, to who reads by value.
        raise invalid(
            f"One or more parameter values were invalid: Cannot update attribute {name}. "
            "This attribute is part of the key"
        )
    what = "item" if action == "PutItem" else "key"
    return Check(
        f"dynamodb:{action}",
        where.arn,
        request_context(
            leading_keys=where.leading_key(params.get(what.title()), what=what),
            names=named_attributes(params, where),
            returnvalues=returned(params),
            returnconsumedcapacity=_consumed(params if enclosing is None else call.params),
            enclosingoperation=enclosing,
        ),
    )


def _get(call: Call, facts: Facts) -> tuple[Check, ...]:
    return (_read(call, facts, call.params),)


def _change(call: Call, facts: Facts) -> tuple[Check, ...]:
    return (_write(call, facts, call.params, call.operation),)


def _partition(call: Call, where: Target) -> tuple[str, ...] | None:
    """The one partition that a Query reads; refused where its condition proves none."""
    params = call.params
    if where.partition is None:
        return None
    expression, legacy = params.get("KeyConditionExpression"), params.get("KeyConditions")
    if bool(expression) == bool(legacy):
        raise invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified"
            " in the request, and not both."
        )
    conditions = (
        key_conditions(expression, Placeholders.of(params))
        if expression
        else legacy_key_conditions(legacy or {})
    )
    names = [condition.attribute for condition in conditions]
    if len(set(names)) != len(names):
        raise invalid("KeyConditionExpressions must only contain one condition per key")
    proved = [c.equal for c in conditions if c.attribute == where.partition and c.equal is not None]
    if len(proved) != 1:
        raise invalid(f"Query condition missed key schema element: {where.partition}")
    return (key_text(proved[0]),)


def _query(call: Call, facts: Facts) -> tuple[Check, ...]:
    params = call.params
    where = table_target(call, facts, params)
    keys = _partition(call, where)
    start = params.get("ExclusiveStartKey")
    if start and keys and where.leading_key(start, what="starting key") != keys:
        raise invalid("The provided starting key is outside query boundaries")
    context = request_context(
        leading_keys=keys,
        names=named_attributes(params, where),
        select=selection(params, index="IndexName" in params),
        returnconsumedcapacity=_consumed(params),
    )
    return (Check("dynamodb:Query", where.arn, context),)


def _scan(call: Call, facts: Facts) -> tuple[Check, ...]:
    """A Scan reads every partition, so it has no leading keys at all."""
    params = call.params
    where = table_target(call, facts, params)
    context = request_context(
        leading_keys=None,
        names=named_attributes(params, where),
        select=selection(params, index="IndexName" in params),
        returnconsumedcapacity=_consumed(params),
    )
    return (Check("dynamodb:Scan", where.arn, context),)


def _batch_get(call: Call, facts: Facts) -> tuple[Check, ...]:
    """One check for each table, with the leading keys of all the items asked of it."""
    checks = []
    for name, request in _requests(call).items():
        where = target(call, facts, name)
        keys = [where.leading_key(key, what="key") for key in request.get("Keys") or ()]
        context = request_context(
            leading_keys=_distinct(call, where, keys),
            names=named_attributes(request, where).union(*request.get("Keys") or ()),
            select=selection(request, index=False),
            returnconsumedcapacity=_consumed(call.params),
        )
        checks.append(Check("dynamodb:BatchGetItem", where.arn, context))
    return tuple(checks)


def _batch_write(call: Call, facts: Facts) -> tuple[Check, ...]:
    """One check for each table, with the leading keys of all items put and deleted in it."""
    checks = []
    for name, requests in _requests(call).items():
        where = target(call, facts, name)
        keys: list[tuple[str, ...] | None] = []
        names: set[str] = set(where.keys)
        for request in requests:
            for kind, what in (("PutRequest", "item"), ("DeleteRequest", "key")):
                if request.get(kind) is not None:
                    item = request[kind].get(what.title())
                    keys.append(where.leading_key(item, what=what))
                    names.update(item or ())
        context = request_context(
            leading_keys=_distinct(call, where, keys),
            names=names,
            returnconsumedcapacity=_consumed(call.params),
        )
        checks.append(Check("dynamodb:BatchWriteItem", where.arn, context))
    return tuple(checks)


def _requests(call: Call) -> Mapping[str, Any]:
    requests = call.params.get("RequestItems")
    if not isinstance(requests, Mapping) or not requests:
        raise unrecognised(call, "no table is named")
    return requests


def _distinct(
    call: Call, where: Target, keys: list[tuple[str, ...] | None]
) -> tuple[str, ...] | None:
    if where.partition is None:
        return None
    found = tuple(dict.fromkeys(key for group in keys if group for key in group))
    if not found:
        raise unrecognised(call, "no item is named")
    return found


_TRANSACTIONS = {
    "Get": "GetItem",
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}


def _transact(call: Call, facts: Facts) -> tuple[Check, ...]:
    """Each item of a transaction is authorized as the action that it is.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    checks = []
    for item in call.params.get("TransactItems") or ():
        parts = [(kind, params) for kind, params in item.items() if params is not None]
        if len(parts) != 1 or parts[0][0] not in _TRANSACTIONS:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, params),) = parts
        if kind == "Get":
            checks.append(_read(call, facts, params, call.operation))
        else:
            checks.append(_write(call, facts, params, _TRANSACTIONS[kind], call.operation))
    if not checks:
        raise unrecognised(call, "no item is named")
    return tuple(checks)


ITEMS: Mapping[str, Callable[[Call, Facts], tuple[Check, ...]]] = {
    "BatchGetItem": _batch_get,
    "BatchWriteItem": _batch_write,
    "DeleteItem": _change,
    "GetItem": _get,
    "PutItem": _change,
    "Query": _query,
    "Scan": _scan,
    "TransactGetItems": _transact,
    "TransactWriteItems": _transact,
    "UpdateItem": _change,
}
