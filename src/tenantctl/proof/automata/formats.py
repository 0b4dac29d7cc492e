"""Identifier formats: Python regular expressions, read by Python's own parser.

What isn't regular is read as more than it says: a lookaround asks nothing, a back reference is
anything. That keeps proofs valid; a witness' ids are matched as onboarding matches them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tenantctl.proof.automata.letters import TAG, Item, Letters, UnsupportedError


@dataclass(frozen=True, slots=True)
class One:
    """One character of a set."""

    letters: Letters


@dataclass(frozen=True, slots=True)
class Then:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part, `low` to `high` times; `None` is without end."""

    part: Node
    low: int
    high: int | None


Node = One | Then | Either | Repeat

ANY_TAG = Repeat(One(TAG), 0, None)
"""Any value that STS takes. Its limit of 256 characters is left out: longer values do no harm,
as a proof for more words is one for fewer."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format, and the constructs in it that were read as more than they say."""

    node: Node
    widened: tuple[str, ...] = ()


def parse(pattern: str) -> Format:
    """The format that a regular expression means, matched whole.

    Raises `UnsupportedError`, naming the construct.
    """
    # The parser is private to `re`; there is no other that reads what `re` reads.
    from re import _parser  # type: ignore[attr-defined] # no stubs

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsupportedError(f"`{pattern}` is no regular expression: {error}") from error
    flags = tree.state.flags & ~(re.UNICODE | re.VERBOSE)
    if flags:
        raise UnsupportedError(f"`{pattern}` sets flags")
    reader = _Reader()
    try:
        node = reader.sequence(list(tree), first=True, last=True)
    except UnsupportedError as error:
        raise UnsupportedError(f"`{pattern}` {error}") from error
    return Format(node, tuple(dict.fromkeys(reader.widened)))


def letters_of(node: Node) -> Iterator[Letters]:
    """Every set of characters in a format."""
    if isinstance(node, One):
        yield node.letters
    elif isinstance(node, Repeat):
        yield from letters_of(node.part)
    else:
        for part in node.parts:
            yield from letters_of(part)


class _Reader:
    """Turns the parser's tree into a format, noting what is widened."""

    def __init__(self) -> None:
        self.widened: list[str] = []

    def sequence(self, items: Sequence[tuple[Any, Any]], *, first: bool, last: bool) -> Node:
        """A sequence; `first` and `last` say whether it touches the ends of the whole."""
        parts: list[Node] = []
        for number, (code, value) in enumerate(items):
            begins = first and number == 0
            ends = last and number == len(items) - 1
            made = self._one(str(code), value, begins=begins, ends=ends)
            if made is not None:
                parts.append(made)
        return parts[0] if len(parts) == 1 else Then(tuple(parts))

    def _one(  # noqa: C901, PLR0911, PLR0912 - one case for each construct of the language
        self,
        code: str,
        value: Any,  # noqa: ANN401 - as the parser gives it
        *,
        begins: bool,
        ends: bool,
    ) -> Node | None:
        match code:
            case "LITERAL":
                return One(Letters(((value, value),)))
            case "NOT_LITERAL":
                return One(Letters(((value, value),), negated=True))
            case "ANY":
                return One(Letters(("dot",)))
            case "IN":
                return One(_set(value))
            case "BRANCH":
                return Either(
                    tuple(self.sequence(list(v), first=begins, last=ends) for v in value[1])
                )
            case "SUBPATTERN":
                _, added, removed, inside = value
                if added or removed:
                    raise UnsupportedError("sets flags")
                return self.sequence(list(inside), first=begins, last=ends)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                if code == "POSSESSIVE_REPEAT":
                    self.widened.append("a possessive repetition")
                low, high, inside = value
                unbounded = str(high) == "MAXREPEAT"
                part = self.sequence(list(inside), first=False, last=False)
                return Repeat(part, int(low), None if unbounded else int(high))
            case "AT":
                where = str(value)
                if begins and where in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
                    return None
                if ends and where in {"AT_END", "AT_END_STRING"}:
                    return None
                self.widened.append("a position inside the text")
                return None
            case "ASSERT" | "ASSERT_NOT":
                self.widened.append("a lookaround")
                return None
            case "GROUPREF" | "GROUPREF_EXISTS":
                self.widened.append("a back reference")
                return ANY_TAG
            case "ATOMIC_GROUP":
                self.widened.append("an atomic group")
                return self.sequence(list(value), first=False, last=False)
        raise UnsupportedError(f"uses {code.lower().replace('_', ' ')}")


_CATEGORIES = {
    "CATEGORY_WORD": "w",
    "CATEGORY_DIGIT": "d",
    "CATEGORY_SPACE": "s",
}


def _set(items: Sequence[tuple[Any, Any]]) -> Letters:
    negated = False
    found: list[Item] = []
    for code, value in items:
        match str(code):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.append((value, value))
            case "RANGE":
                found.append((value[0], value[1]))
            case "CATEGORY" if str(value) in _CATEGORIES:
                found.append(_CATEGORIES[str(value)])
            case other:
                raise UnsupportedError(f"uses {other.lower()} {str(value).lower()} in a set")
    return Letters(tuple(found), negated)
