"""Identifier formats: Python regular expressions, read by Python's own parser.

What isn't regular (lookaround, back references, atomic groups) or depends on flags can't be
decided here and says so, instead of being approximated.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tenantctl.proof.letters import TAG, Item, Letters, UnsupportedError


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


def parse(pattern: str) -> Node:
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
    try:
        return _sequence(list(tree), first=True, last=True)
    except UnsupportedError as error:
        raise UnsupportedError(f"`{pattern}` {error}") from error


def letters_of(node: Node) -> Iterator[Letters]:
    """Every set of characters in a format."""
    if isinstance(node, One):
        yield node.letters
    elif isinstance(node, Repeat):
        yield from letters_of(node.part)
    else:
        for part in node.parts:
            yield from letters_of(part)


def _sequence(items: Sequence[tuple[Any, Any]], *, first: bool, last: bool) -> Node:
    """A sequence; `first` and `last` say whether it touches the ends of the whole."""
    parts: list[Node] = []
    for number, (code, value) in enumerate(items):
        begins = first and number == 0
        ends = last and number == len(items) - 1
        made = _one(str(code), value, begins=begins, ends=ends)
        if made is not None:
            parts.append(made)
    return parts[0] if len(parts) == 1 else Then(tuple(parts))


def _one(  # noqa: C901, PLR0911 - one case for each construct of the language
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
            return Either(tuple(_sequence(list(v), first=begins, last=ends) for v in value[1]))
        case "SUBPATTERN":
            _, added, removed, inside = value
            if added or removed:
                raise UnsupportedError("sets flags")
            return _sequence(list(inside), first=begins, last=ends)
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, high, inside = value
            unbounded = str(high) == "MAXREPEAT"
            part = _sequence(list(inside), first=False, last=False)
            return Repeat(part, int(low), None if unbounded else int(high))
        case "AT":
            where = str(value)
            if begins and where in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
                return None
            if ends and where in {"AT_END", "AT_END_STRING"}:
                return None
            raise UnsupportedError("asks for a position inside the text")
    raise UnsupportedError(f"uses {code.lower().replace('_', ' ')}, which isn't regular")


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
