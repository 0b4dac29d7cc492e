"""JSON values as DynamoDB stores them: conversion, comparison and limits.

An attribute value is a one-entry mapping from type to value, as on the wire: `{"S": "x"}`,
`{"N": "1.5"}`, `{"M": {…}}`.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Value = Mapping[str, Any]

MAX_DEPTH = 32
"""Levels of nested lists and maps in one attribute."""

MAX_ITEM_BYTES = 400 * 1024
"""Names and values of one item together."""

_MAX_DIGITS = 38
_LEAST_EXPONENT, _GREATEST_EXPONENT = -130, 125


def parse_json(text: str) -> object:
    """Read JSON strictly: numbers as `Decimal`, no duplicate key, no NaN, no lone surrogate.

    Raises `ValueError` with a message for the user.
    """
    try:
        value: object = json.loads(
            text,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ArithmeticError as error:
        raise ValueError("a number is out of range") from error
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"`{name}` is no JSON number")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(key for key, times in Counter(k for k, _ in pairs).items() if times > 1)
        raise ValueError(f"the key `{twice}` occurs twice")
    return made


def attribute(value: object, depth: int = 0) -> Value:
    """A JSON value (of `parse_json`) as an attribute value; raises `ValueError`."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": _text(value)}
        case Decimal():
            return {"N": _number(value)}
        case list():
            return {"L": [attribute(v, depth + 1) for v in value]}
        case dict():
            return {"M": {_name(k): attribute(v, depth + 1) for k, v in value.items()}}
    raise ValueError(f"a {type(value).__name__} can't be stored")


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a string holds half of a surrogate pair") from error
    return value


def _name(value: str) -> str:
    if not value:
        raise ValueError("a key is empty")
    return _text(value)


def _number(value: Decimal) -> str:
    if not value:
        return "0"
    significant = len("".join(map(str, value.as_tuple().digits)).strip("0"))
    if significant > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} significant digits")
    if not _LEAST_EXPONENT <= value.adjusted() <= _GREATEST_EXPONENT:
        raise ValueError("a number is out of DynamoDB's range, 1E-130 to 9.9E+125")
    return str(value)


def same(one: Value, other: Value) -> bool:
    """Whether two attribute values are equal; numbers by value, since DynamoDB rewrites them."""
    return _comparable(one) == _comparable(other)


def _comparable(value: Value) -> object:
    ((kind, inner),) = value.items()
    match kind:
        case "N":
            return (kind, Decimal(inner))
        case "L":
            return (kind, [_comparable(v) for v in inner])
        case "M":
            return (kind, {k: _comparable(v) for k, v in inner.items()})
        case "NS":
            return (kind, {Decimal(v) for v in inner})
        case "SS" | "BS":
            return (kind, set(inner))
    return (kind, inner)


def size(value: Value) -> int:
    """Bytes that DynamoDB counts for a value, rounded up where its rule is vague.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return 21
        case "L":
            return 3 + sum(1 + size(v) for v in inner)
        case "M":
            return 3 + sum(1 + len(k.encode()) + size(v) for k, v in inner.items())
    return 1
