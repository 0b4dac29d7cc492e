"""The WHERE clause: OR binds weakest, then AND, then NOT."""

from __future__ import annotations

from collections.abc import Callable

from tenantctl.local.recognise.dynamodb.partiql.lexer import Kind
from tenantctl.local.recognise.dynamodb.partiql.reader import Reader
from tenantctl.local.recognise.dynamodb.partiql.syntax import (
    And,
    Between,
    Compare,
    Condition,
    In,
    Is,
    Not,
    Or,
    Path,
    Test,
)

_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_TESTS = ("BEGINS_WITH", "CONTAINS", "ATTRIBUTE_TYPE")


def condition(reader: Reader) -> Condition:
    """Read a condition. Raises `PartiqlError` for what DynamoDB or this reader doesn't know."""
    parts = _joined(reader, "OR", _all)
    return parts[0] if len(parts) == 1 else Or(parts)


def _all(reader: Reader) -> Condition:
    parts = _joined(reader, "AND", _one)
    return parts[0] if len(parts) == 1 else And(parts)


def _joined(
    reader: Reader, word: str, read: Callable[[Reader], Condition]
) -> tuple[Condition, ...]:
    parts = [read(reader)]
    while reader.next.is_word(word):
        reader.take()
        parts.append(read(reader))
    return tuple(parts)


def _one(reader: Reader) -> Condition:
    if reader.next.is_word("NOT"):
        reader.take()
        return Not(reader.nested(lambda: _one(reader)))
    if reader.next.is_sign("("):
        reader.take()
        found = reader.nested(lambda: condition(reader))
        reader.sign(")")
        return found
    if reader.next.kind is Kind.WORD and reader.peek().is_sign("("):
        return _function(reader)
    return _comparison(reader, reader.path())


def _comparison(reader: Reader, path: Path) -> Condition:
    if reader.next.is_sign(*_COMPARISONS):
        return Compare(_operator(reader), path, reader.value())
    word = reader.word("BETWEEN", "IN", "IS", "NOT")
    if word == "NOT":
        reader.word("IN")
        return Not(_in(reader, path))
    if word == "IN":
        return _in(reader, path)
    if word == "BETWEEN":
        low = reader.value()
        reader.word("AND")
        return Between(path, low, reader.value())
    negated = reader.next.is_word("NOT")
    if negated:
        reader.take()
    return Is(path, reader.word("MISSING", "NULL"), negated)


def _operator(reader: Reader) -> str:
    sign = reader.sign(*_COMPARISONS)
    return "<>" if sign == "!=" else sign


def _in(reader: Reader, path: Path) -> In:
    closing = "]" if reader.sign("[", "(") == "[" else ")"
    values = reader.nested(lambda: reader.listed(closing))
    if not values:
        raise reader.fail("a list that isn't empty")
    return In(path, tuple(values))


def _function(reader: Reader) -> Condition:
    function = reader.word("SIZE", *_TESTS)
    reader.sign("(")
    path = reader.path()
    if function == "SIZE":
        reader.sign(")")
        return Compare(_operator(reader), path, reader.value(), size=True)
    reader.sign(",")
    value = reader.value()
    reader.sign(")")
    return Test(function.lower(), path, value)
