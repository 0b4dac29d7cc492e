"""Tokens in order: the part of the parser that statements and conditions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from tenantctl.local.recognise.dynamodb.partiql.lexer import Kind, PartiqlError, Token, tokens
from tenantctl.local.recognise.dynamodb.partiql.syntax import Path, Value

T = TypeVar("T")

_DEEPEST = 32  # the service's own limit for nested values

# Words of the grammar can't be names unless they are in double quotes.
_KEYWORDS = frozenset(
    {
        *("AND", "AS", "ASC", "BETWEEN", "BY", "DELETE", "DESC", "EXISTS", "FALSE", "FROM", "IN"),
        *("INSERT", "INTO", "IS", "LIKE", "LIMIT", "MISSING", "NOT", "NULL", "OFFSET", "ON", "OR"),
        *("ORDER", "REMOVE", "RETURNING", "SELECT", "SET", "TRUE", "UNION", "UPDATE", "VALUE"),
        *("VALUES", "WHERE", "WITH"),
    }
)


class Reader:
    """Takes tokens from the front; parameters fill `?` from left to right."""

    def __init__(self, statement: str, parameters: Sequence[Value]) -> None:
        self._tokens = tokens(statement)
        self._at = 0
        self._parameters = list(parameters)
        self._used = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The token at the front."""
        return self._tokens[self._at]

    def peek(self) -> Token:
        """The token behind it."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Remove the token at the front."""
        token = self.next
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def fail(self, expected: str) -> PartiqlError:
        """The error that something else was expected at the front."""
        found = self.next.text or "the end"
        return PartiqlError(f"expected {expected}, not `{found}`, at character {self.next.at + 1}")

    def word(self, *words: str) -> str:
        """Take one of these keywords."""
        if not self.next.is_word(*words):
            raise self.fail(" or ".join(words))
        return self.take().text.upper()

    def sign(self, *signs: str) -> str:
        """Take one of these signs."""
        if not self.next.is_sign(*signs):
            raise self.fail(" or ".join(f"`{sign}`" for sign in signs))
        return self.take().text

    def finish(self) -> None:
        """There must be nothing more, and every parameter must have its place."""
        if self.next.kind is not Kind.END:
            raise self.fail("the end")
        if self._used != len(self._parameters):
            raise PartiqlError("number of parameters in request and statement don't match")

    def name(self) -> str:
        """A name, bare or in double quotes."""
        token = self.next
        bare = token.kind is Kind.WORD and token.text.upper() not in _KEYWORDS
        if token.kind is not Kind.QUOTED and not bare:
            raise self.fail("a name")
        return self.take().text

    def path(self) -> Path:
        """An attribute, and members and elements in it."""
        found: list[str | int] = [self.name()]
        while self.next.is_sign(".", "["):
            if self.take().text == ".":
                found.append(self.name())
                continue
            if self.next.kind is not Kind.NUMBER or not self.next.text.isdigit():
                raise self.fail("an index")
            found.append(int(self.take().text))
            self.sign("]")
        return tuple(found)

    def nested(self, read: Callable[[], T]) -> T:
        """Read something one level deeper. Raises `PartiqlError` beyond the deepest level."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PartiqlError(f"nested more than {_DEEPEST} levels deep")
        found = read()
        self._depth -= 1
        return found

    def value(self) -> Value:
        """A literal or a parameter, as an attribute value."""
        token = self.next
        if token.kind is Kind.TEXT:
            return {"S": self.take().text}
        if token.kind is Kind.NUMBER:
            return {"N": self.take().text}
        if token.is_word("TRUE", "FALSE"):
            return {"BOOL": self.take().text.upper() == "TRUE"}
        if token.is_word("NULL"):
            self.take()
            return {"NULL": True}
        read = self._openings.get(token.text) if token.kind is Kind.SIGN else None
        if read is None:
            raise self.fail("a value")
        self.take()
        return read()

    @property
    def _openings(self) -> Mapping[str, Callable[[], Value]]:
        """What the signs begin that can begin a value."""
        return {
            "?": self._parameter,
            "[": lambda: {"L": self.nested(lambda: self.listed("]"))},
            "<<": lambda: _set_of(self.nested(lambda: self.listed(">>"))),
            "{": lambda: {"M": self.nested(self.members)},
        }

    def listed(self, closing: str) -> list[Value]:
        """Values up to a closing sign, which is taken."""
        found: list[Value] = []
        while not self.next.is_sign(closing):
            if found:
                self.sign(",")
            found.append(self.value())
        self.take()
        return found

    def members(self) -> dict[str, Value]:
        """`'name': value` up to the closing brace; a name that comes twice is an error."""
        found: dict[str, Value] = {}
        while not self.next.is_sign("}"):
            if found:
                self.sign(",")
            if self.next.kind is not Kind.TEXT:
                raise self.fail("an attribute's name in single quotes")
            key = self.take().text
            if key in found:
                raise PartiqlError(f"`{key}` stands twice in one value")
            self.sign(":")
            found[key] = self.value()
        self.take()
        return found

    def _parameter(self) -> Value:
        if self._used >= len(self._parameters):
            raise PartiqlError("number of parameters in request and statement don't match")
        value = self._parameters[self._used]
        self._used += 1
        if not isinstance(value, Mapping) or len(value) != 1:
            raise PartiqlError("a parameter must be one attribute value")
        return value


def _set_of(values: list[Value]) -> dict[str, Any]:
    kinds = {kind for value in values for kind in value}
    if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
        raise PartiqlError("a set must hold strings, numbers or binary values, and not be empty")
    (kind,) = kinds
    return {f"{kind}S": [value[kind] for value in values]}
