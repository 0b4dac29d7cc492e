"""A statement as the operation of the API that does the same.

moto's own PartiQL can't be trusted (it takes every unknown operator for `=`, ignores case in names
and gives AND and OR equal rank), so statements are carried out as Scan, PutItem, UpdateItem and
DeleteItem, with all of the WHERE clause in the expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenantctl.local.recognise.dynamodb.partiql.syntax import (
    And,
    Assignment,
    Between,
    Compare,
    Condition,
    Delete,
    In,
    Insert,
    Is,
    Not,
    Or,
    Path,
    Select,
    Statement,
    Test,
    Update,
    Value,
    equalities,
)


@dataclass(frozen=True, slots=True)
class Native:
    """An operation of the DynamoDB API and its parameters."""

    operation: str
    params: Mapping[str, Any]


class _Expressions:
    """Expression text, and the placeholders that it uses: names and values never stand in it."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Value] = {}

    def path(self, path: Path) -> str:
        text = ""
        for part in path:
            text += f"[{part}]" if isinstance(part, int) else f".{self._name(part)}"
        return text.removeprefix(".")

    def _name(self, name: str) -> str:
        for placeholder, known in self.names.items():
            if known == name:
                return placeholder
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = name
        return placeholder

    def value(self, value: Value) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    def condition(self, condition: Condition) -> str:
        match condition:
            case And(parts):
                text = " AND ".join(f"({self.condition(part)})" for part in parts)
            case Or(parts):
                text = " OR ".join(f"({self.condition(part)})" for part in parts)
            case Not(part):
                text = f"NOT ({self.condition(part)})"
            case Compare():
                text = self._comparison(condition)
            case Between(path, low, high):
                text = f"{self.path(path)} BETWEEN {self.value(low)} AND {self.value(high)}"
            case In(path, values):
                text = f"{self.path(path)} IN ({', '.join(map(self.value, values))})"
            case Is(path, "MISSING", negated):
                text = f"attribute_{'' if negated else 'not_'}exists({self.path(path)})"
            case Is(path, _, negated):
                text = f"attribute_type({self.path(path)}, {self.value({'S': 'NULL'})})"
                text = f"NOT ({text})" if negated else text
            case Test(function, path, value):
                text = f"{function}({self.path(path)}, {self.value(value)})"
        return text

    def _comparison(self, each: Compare) -> str:
        name, value = self.path(each.path), self.value(each.value)
        if each.size:
            # moto fails at the size of what isn't there, where DynamoDB takes it for false.
            return f"attribute_exists({name}) AND size({name}) {each.operator} {value}"
        return f"{name} {each.operator} {value}"

    def assignment(self, each: Assignment) -> str:
        left, value = self.path(each.path), self.value(each.value)
        if each.base is None:
            return f"{left} = {value}"
        if each.operator == "list_append":
            return f"{left} = list_append({self.path(each.base)}, {value})"
        return f"{left} = {self.path(each.base)} {each.operator} {value}"

    def params(self) -> dict[str, Any]:
        """The placeholder maps; DynamoDB refuses empty ones."""
        maps = {
            "ExpressionAttributeNames": self.names,
            "ExpressionAttributeValues": self.values,
        }
        return {name: value for name, value in maps.items() if value}


def native(statement: Statement, keys: tuple[str, ...]) -> Native:
    """The operation for a statement on a table with these key attributes, partition key first.

    An update or a delete must fix all of them, as `reach` has checked.
    """
    match statement:
        case Select():
            return _select(statement)
        case Insert(table, item):
            texts = _Expressions()
            condition = f"attribute_not_exists({texts.path((keys[0],))})"
            params = {"TableName": table, "Item": item, "ConditionExpression": condition}
            return Native("PutItem", params | texts.params())
        case Update():
            return _update(statement, keys)
        case Delete(table, where, returning):
            texts = _Expressions()
            params = _one(texts, table, where, keys) | {"ReturnValues": returning or "NONE"}
            return Native("DeleteItem", params | texts.params())


def _select(statement: Select) -> Native:
    texts = _Expressions()
    params: dict[str, Any] = {"TableName": statement.table}
    if statement.index is not None:
        params["IndexName"] = statement.index
    if statement.projection is not None:
        params["ProjectionExpression"] = ", ".join(map(texts.path, statement.projection))
    if statement.where is not None:
        params["FilterExpression"] = texts.condition(statement.where)
    return Native("Scan", params | texts.params())


def _update(statement: Update, keys: tuple[str, ...]) -> Native:
    texts = _Expressions()
    clauses = []
    sets = [each for each in statement.sets if each.operator not in {"set_add", "set_delete"}]
    if sets:
        clauses.append("SET " + ", ".join(map(texts.assignment, sets)))
    if statement.removes:
        clauses.append("REMOVE " + ", ".join(map(texts.path, statement.removes)))
    for operator, clause in (("set_add", "ADD"), ("set_delete", "DELETE")):
        changes = [each for each in statement.sets if each.operator == operator]
        if changes:
            pairs = (f"{texts.path(each.path)} {texts.value(each.value)}" for each in changes)
            clauses.append(f"{clause} " + ", ".join(pairs))
    params = _one(texts, statement.table, statement.where, keys) | {
        "UpdateExpression": " ".join(clauses),
        "ReturnValues": statement.returning or "NONE",
    }
    return Native("UpdateItem", params | texts.params())


def _one(
    texts: _Expressions, table: str, where: Condition, keys: tuple[str, ...]
) -> dict[str, Any]:
    """The key of one item, and the condition that it exists and meets the WHERE clause."""
    exists = f"attribute_exists({texts.path((keys[0],))})"
    return {
        "TableName": table,
        "Key": {name: value for name, value in equalities(where).items() if name in keys},
        "ConditionExpression": f"({exists}) AND ({texts.condition(where)})",
    }
