"""A statement, read: parameters are in their places already, values are attribute values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = Mapping[str, Any]
"""An attribute value in DynamoDB's JSON, such as `{"S": "clinic-a"}`."""

Path = tuple[str | int, ...]
"""An attribute and the way into it: `("address", "lines", 0)`."""


@dataclass(frozen=True, slots=True)
class Compare:
    """`path operator value`, or with `size`, `size(path) operator value`."""

    operator: str
    path: Path
    value: Value
    size: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """`path BETWEEN low AND high`, ends included."""

    path: Path
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class In:
    """`path IN [value, …]`."""

    path: Path
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Is:
    """`path IS [NOT] MISSING` or `path IS [NOT] NULL`."""

    path: Path
    what: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Test:
    """`begins_with`, `contains` or `attribute_type` of a path and a value."""

    function: str
    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It doesn't hold."""

    part: Condition


Condition = Compare | Between | In | Is | Test | And | Or | Not


@dataclass(frozen=True, slots=True)
class Select:
    """`projection` is `None` for `*`."""

    table: str
    index: str | None
    projection: tuple[Path, ...] | None
    where: Condition | None


@dataclass(frozen=True, slots=True)
class Insert:
    """One new item."""

    table: str
    item: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Assignment:
    """`SET path = value`, or `path = base operator value`, or `path = function(base, value)`."""

    path: Path
    value: Value
    operator: str | None = None
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Changes to the one item whose key the condition gives."""

    table: str
    sets: tuple[Assignment, ...]
    removes: tuple[Path, ...]
    where: Condition
    returning: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Removal of the one item whose key the condition gives."""

    table: str
    where: Condition
    returning: str | None = None


Statement = Select | Insert | Update | Delete


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The conditions that must all hold: the parts of the outermost ANDs."""
    if condition is None:
        return ()
    if isinstance(condition, And):
        return tuple(part for each in condition.parts for part in conjuncts(each))
    return (condition,)


def equalities(condition: Condition) -> dict[str, Value]:
    """What the outermost ANDs fix: attribute and value of each `attribute = value`.

    One that is fixed twice counts as it was first; the rest is tested all the same.
    """
    found: dict[str, Value] = {}
    for part in conjuncts(condition):
        match part:
            case Compare("=", (str(name),), value, size=False):
                found.setdefault(name, value)
    return found


def paths(condition: Condition | None) -> tuple[Path, ...]:
    """Every path that a condition tests."""
    match condition:
        case None:
            return ()
        case And(parts) | Or(parts):
            return tuple(path for part in parts for path in paths(part))
        case Not(part):
            return paths(part)
        case _:
            return (condition.path,)
