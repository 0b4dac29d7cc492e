"""Which partitions a statement can touch, and the checks that follow.

A claim comes only from what the WHERE clause proves: `key = value` or `key IN [values]`, joined by
AND with anything, or by OR with another proof. What proves nothing carries no leading keys and
is a full table scan, as AWS documents.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.dynamodb.context import request_context
from tenantctl.local.recognise.dynamodb.partiql.lexer import PartiqlError
from tenantctl.local.recognise.dynamodb.partiql.parser import parse
from tenantctl.local.recognise.dynamodb.partiql.syntax import (
    And,
    Compare,
    Condition,
    Delete,
    In,
    Insert,
    Or,
    Path,
    Select,
    Statement,
    Update,
    Value,
    equalities,
    paths,
)
from tenantctl.local.recognise.dynamodb.tables import Target, target
from tenantctl.local.recognise.dynamodb.values import invalid, key_text
from tenantctl.local.recognise.rules import unrecognised

STATEMENTS = frozenset({"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"})


def proved(condition: Condition | None, attribute: str) -> frozenset[str] | None:
    """The values that an attribute has in every item that meets a condition, as key texts.

    `None` when the condition lets any value through. Where both sides of an AND prove something,
    the claim is both: too many values never widen what a policy allows.
    """
    match condition:
        case Compare("=", path, value, size=False) if path == (attribute,):
            return frozenset({key_text(value)})
        case In(path, values) if path == (attribute,):
            return frozenset(map(key_text, values))
        case And(parts):
            found = [known for part in parts if (known := proved(part, attribute)) is not None]
            return frozenset().union(*found) if found else None
        case Or(parts):
            found = [known for part in parts if (known := proved(part, attribute)) is not None]
            return frozenset().union(*found) if len(found) == len(parts) else None
        case _:
            return None


def read(call: Call, request: Mapping[str, Any]) -> Statement:
    """The statement of a request or of one member of a batch; refused when it isn't understood."""
    text, parameters = request.get("Statement"), request.get("Parameters") or ()
    if not isinstance(text, str):
        raise unrecognised(call, "there is no statement")
    try:
        return parse(text, parameters)
    except PartiqlError as error:
        raise unrecognised(call, f"the statement isn't understood: {error}") from error


def requests(call: Call) -> tuple[Mapping[str, Any], ...]:
    """The members of a batch or a transaction, or the one request that there is."""
    for name in ("Statements", "TransactStatements"):
        if call.params.get(name):
            return tuple(call.params[name])
    return (call.params,)


def recognise(call: Call, facts: Facts) -> tuple[Check, ...]:
    """The checks of ExecuteStatement, BatchExecuteStatement and ExecuteTransaction."""
    return tuple(_check(call, facts, read(call, request)) for request in requests(call))


def _check(call: Call, facts: Facts, statement: Statement) -> Check:
    index = statement.index if isinstance(statement, Select) else None
    where = target(call, facts, statement.table, index)
    names = _attributes(call, where, statement)
    enclosing = call.operation if call.operation == "ExecuteTransaction" else None
    if isinstance(statement, Select):
        keys = None if where.partition is None else proved(statement.where, where.partition)
        context = request_context(
            leading_keys=None if keys is None else sorted(keys),
            names=names,
            select="ALL_ATTRIBUTES" if statement.projection is None else "SPECIFIC_ATTRIBUTES",
            fulltablescan="true" if keys is None else "false",
            enclosingoperation=enclosing,
        )
    else:
        item = statement.item if isinstance(statement, Insert) else _key(where, statement)
        context = request_context(
            leading_keys=where.leading_key(item, what="item"),
            names=names,
            returnvalues=None if isinstance(statement, Insert) else statement.returning or "NONE",
            enclosingoperation=enclosing,
        )
    return Check(f"dynamodb:PartiQL{type(statement).__name__}", where.arn, context)


def _key(where: Target, statement: Update | Delete) -> dict[str, Value]:
    """The key of the one item that a statement changes."""
    fixed = equalities(statement.where)
    if not all(name in fixed for name in where.keys):
        raise invalid("Where clause does not contain a mandatory equality on all key attributes")
    return {name: fixed[name] for name in where.keys}


def _attributes(call: Call, where: Target, statement: Statement) -> frozenset[str]:
    """Every attribute that a statement speaks of, with the key attributes.

    Whether DynamoDB ignores case in names without quotes isn't documented, so a name that is the
    partition key's but for its case is refused.
    """
    found: tuple[Path, ...] = ()
    match statement:
        case Select():
            found = (*(statement.projection or ()), *paths(statement.where))
        case Insert():
            found = tuple((name,) for name in statement.item)
        case Update():
            found = (
                *(each.path for each in statement.sets),
                *(each.base for each in statement.sets if each.base),
                *statement.removes,
                *paths(statement.where),
            )
        case Delete():
            found = paths(statement.where)
    names = {str(path[0]) for path in found}
    for key in where.keys:
        if any(name != key and name.lower() == key.lower() for name in names):
            raise unrecognised(call, f"`{key}` in another case")
    return frozenset(names | set(where.keys))
