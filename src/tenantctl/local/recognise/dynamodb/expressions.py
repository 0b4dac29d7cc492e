"""DynamoDB's expressions, as far as it takes to say what they reach.

A key condition is parsed strictly, so that the partition it proves is the only one it can read.
From the other expressions only the attribute names are taken: too many never widen a claim.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tenantctl.local.recognise.dynamodb.values import invalid

_TOKEN = re.compile(
    r"\s*(?:(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9]+)"
    r"|(?P<sign><=|>=|<>|[=<>()\[\],.+-]))",
    re.ASCII,
)
_PLACEHOLDER_NAME = re.compile(r"#[A-Za-z0-9_]+")
_PLACEHOLDER_VALUE = re.compile(r":[A-Za-z0-9_]+")
_LONGEST = 4096  # the service's own limit for an expression, in bytes

# All of these are reserved words, so none is an attribute's name unless a `#name` stands for it.
_KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"})
_COMPARISONS = frozenset({"=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is name, value, word, number or sign; the end is an empty sign."""

    kind: str
    text: str


_END = Token("sign", "")


def tokens(expression: str) -> tuple[Token, ...]:
    """The tokens of an expression. Raises `ServiceError` for what is none."""
    if len(expression.encode("utf-8", "surrogatepass")) > _LONGEST:
        raise invalid("Expression size has exceeded the maximum allowed size")
    found: list[Token] = []
    at, end = 0, len(expression.rstrip())
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise invalid(f"Invalid expression: Syntax error; token: {expression[at : at + 10]!r}")
        found.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Placeholders:
    """What `#name` and `:value` stand for."""

    names: Mapping[str, str]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Placeholders:
        """Read both maps of a request.

        Keys must be placeholders: a bare `tenant_id` in the names would let an interpreter that
        looks every word up read another attribute than the one that is written.
        """
        names = params.get("ExpressionAttributeNames") or {}
        values = params.get("ExpressionAttributeValues") or {}
        for key in names:
            if not _PLACEHOLDER_NAME.fullmatch(key):
                raise invalid(f'ExpressionAttributeNames contains invalid key: "{key}"')
        for key in values:
            if not _PLACEHOLDER_VALUE.fullmatch(key):
                raise invalid(f'ExpressionAttributeValues contains invalid key: "{key}"')
        return cls(names, values)

    def attribute(self, token: Token) -> str:
        """The attribute that a token names."""
        if token.kind == "word" and token.text.upper() not in _KEYWORDS:
            return token.text
        if token.kind == "name":
            if token.text in self.names:
                return self.names[token.text]
            raise invalid(f"An expression attribute name used is not defined: {token.text}")
        raise invalid(f"Invalid expression: expected an attribute, token: {token.text}")

    def value(self, token: Token) -> Any:  # noqa: ANN401 - an attribute value of any type
        """The value that a token stands for."""
        if token.kind == "value" and token.text in self.values:
            return self.values[token.text]
        raise invalid(f"An expression attribute value used is not defined: {token.text}")


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """One condition on a key attribute; `equal` is its value where the operator is `=`."""

    attribute: str
    equal: Any | None


def attributes(expression: str, placeholders: Placeholders) -> frozenset[str]:
    """The top-level attributes that an expression speaks of.

    That is the head of every path: no member behind a dot, no function, no keyword.
    """
    found: set[str] = set()
    sequence = (*tokens(expression), _END)
    before = _END
    for token, after in pairwise(sequence):
        named = token.kind == "name" or (
            token.kind == "word" and token.text.upper() not in _KEYWORDS and after.text != "("
        )
        if named and before.text != ".":
            found.add(placeholders.attribute(token))
        before = token
    return frozenset(found)


class _Reader:
    """A key condition expression, token by token."""

    def __init__(self, expression: str, placeholders: Placeholders) -> None:
        self._tokens: Iterator[Token] = iter(tokens(expression))
        self._next = next(self._tokens, _END)
        self._placeholders = placeholders

    def read(self) -> tuple[KeyCondition, ...]:
        found = [self._clause()]
        while self._next.kind == "word" and self._next.text.upper() == "AND":
            self._take()
            found.append(self._clause())
        if self._next is not _END:
            raise _syntax(self._next)
        return tuple(found)

    def _clause(self) -> KeyCondition:
        if self._next.text == "(":
            self._take()
            condition = self._condition()
            self._expect(")")
            return condition
        return self._condition()

    def _condition(self) -> KeyCondition:
        first = self._take()
        if first.text == "begins_with" and self._next.text == "(":
            self._take()
            attribute = self._placeholders.attribute(self._take())
            self._expect(",")
            self._placeholders.value(self._take())
            self._expect(")")
            return KeyCondition(attribute, None)
        attribute = self._placeholders.attribute(first)
        operator = self._take()
        if operator.kind == "word" and operator.text.upper() == "BETWEEN":
            self._placeholders.value(self._take())
            self._expect("AND")
            self._placeholders.value(self._take())
            return KeyCondition(attribute, None)
        if operator.text not in _COMPARISONS:
            raise _syntax(operator)
        value = self._placeholders.value(self._take())
        return KeyCondition(attribute, value if operator.text == "=" else None)

    def _take(self) -> Token:
        token, self._next = self._next, next(self._tokens, _END)
        return token

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text.upper() != text:
            raise _syntax(token)


def _syntax(token: Token) -> Exception:
    return invalid(f'Invalid KeyConditionExpression: Syntax error; token: "{token.text}"')


def key_conditions(expression: str, placeholders: Placeholders) -> tuple[KeyCondition, ...]:
    """The conditions of a `KeyConditionExpression`, all of which hold for what it reads.

    The grammar is `condition [AND condition]`, each perhaps in parentheses; attributes stand on
    the left, values are placeholders. Raises `ServiceError` for anything else.
    """
    return _Reader(expression, placeholders).read()


def legacy_key_conditions(conditions: Mapping[str, Any]) -> tuple[KeyCondition, ...]:
    """The same of the older `KeyConditions` parameter.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.KeyConditions.html
    """
    found: list[KeyCondition] = []
    for attribute, condition in conditions.items():
        values: list[Any] = list(condition.get("AttributeValueList") or ())
        equal = condition.get("ComparisonOperator") == "EQ"
        if equal and len(values) != 1:
            raise invalid("Invalid number of argument(s) for the EQ ComparisonOperator")
        found.append(KeyCondition(attribute, values[0] if equal else None))
    return tuple(found)
