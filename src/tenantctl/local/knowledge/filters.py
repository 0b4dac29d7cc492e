"""A retrieval's filter over the metadata of documents.

A comparison holds only for an attribute that is there, also one that denies (`notEquals`, `notIn`).
A list is compared member by member, as S3 Vectors does.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrievalFilter.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-metadata-filtering.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.knowledge.records import Value

Attributes = Mapping[str, Value]
Keep = Callable[[Attributes], bool]

_MOST_DEEP = 20
"""Levels of `andAll` and `orAll`; ours, so that no request is deeper than Python's stack."""

_ORDERED: Mapping[str, Callable[[float, float], bool]] = {
    "greaterThan": operator.gt,
    "greaterThanOrEquals": operator.ge,
    "lessThan": operator.lt,
    "lessThanOrEquals": operator.le,
}


def compiled(given: Mapping[str, Any], depth: int = 0) -> Keep:
    """What a filter keeps; raises `ServiceError` for a value of the wrong type."""
    ((name, operand),) = ((k, v) for k, v in given.items() if v is not None)
    if depth > _MOST_DEEP:
        raise _invalid(f"The filter has more than {_MOST_DEEP} levels")
    if name in {"andAll", "orAll"}:
        together = all if name == "andAll" else any
        parts = tuple(compiled(part, depth + 1) for part in operand)
        return lambda attributes: together(keep(attributes) for keep in parts)
    key = str(operand["key"])
    holds = _test(name, operand["value"])
    return lambda attributes: key in attributes and holds(attributes[key])


def _test(name: str, value: object) -> Callable[[Value], bool]:  # noqa: PLR0911 - one for each
    if name in _ORDERED:
        compare, bound = _ORDERED[name], _number(name, value)
        return lambda found: _is_number(found) and compare(float(found), bound)  # type: ignore[arg-type]  # a number, by the first part
    match name:
        case "equals":
            wanted = _plain(name, value)
            return lambda found: wanted in _members(found)
        case "notEquals":
            unwanted = _plain(name, value)
            return lambda found: unwanted not in _members(found)
        case "in":
            among = _several(name, value)
            return lambda found: not among.isdisjoint(_members(found))
        case "notIn":
            outside = _several(name, value)
            return lambda found: outside.isdisjoint(_members(found))
        case "startsWith":
            start = _text(name, value)
            return lambda found: isinstance(found, str) and found.startswith(start)
        case "listContains":
            member = _text(name, value)
            return lambda found: isinstance(found, tuple) and member in found
        case "stringContains":
            part = _text(name, value)
            return lambda found: any(part in one for one in _values(found) if isinstance(one, str))
    raise _invalid(f"The filter `{name}` isn't known")


def _values(found: Value) -> tuple[str | float | bool, ...]:
    return found if isinstance(found, tuple) else (found,)


def _members(found: Value) -> frozenset[tuple[type, str | float | bool]]:
    """Each with its kind: to Python, 1 is True."""
    return frozenset(_kinded(one) for one in _values(found))


def _kinded(value: str | float | bool) -> tuple[type, str | float | bool]:
    if isinstance(value, bool):
        return bool, value
    return (str, value) if isinstance(value, str) else (float, float(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(name: str, value: object) -> tuple[type, str | float | bool]:
    if not isinstance(value, str | int | float):
        raise _invalid(f"`{name}` takes a string, a number or a boolean")
    return _kinded(value)


def _several(name: str, value: object) -> frozenset[tuple[type, str | float | bool]]:
    if not isinstance(value, list | tuple) or not value:
        raise _invalid(f"`{name}` takes a list")
    return frozenset(_plain(name, one) for one in value)


def _number(name: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _invalid(f"`{name}` takes a number")
    return float(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _invalid(f"`{name}` takes a string")
    return value


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
