"""Match a whole text with an operator's pattern, in a time that no pattern and no text can stretch.

`re` tries one way after another: `(a+)+b` takes it hours over forty letters. Here the parts of a
pattern move all positions at once (`regular_parts`). Single characters are still put before `re`:
sets, classes and flags mean what they mean there. What a pattern remembers or takes back (back
references, atomic groups) isn't a question of positions, and is refused when the pattern is read.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from tenantctl.domain.regular_parts import Either, One, Part, Place, Repeat, Text, Then, through

_SCOPED = re.IGNORECASE | re.ASCII | re.MULTILINE | re.DOTALL
_WORD = re.compile(r"\w")
_ASCII_WORD = re.compile(r"\w", re.ASCII)


class PatternError(ValueError):
    """A text is no regular expression, or one that can't be matched in bounded time."""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` has the form, as `re.fullmatch` says it.

    Raises `PatternError` for what `compiled` refuses.
    """
    return bool(through(compiled(pattern), Text(text), 1) >> len(text) & 1)


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Part:
    """Read a regular expression. Raises `PatternError`, saying what is wrong."""
    # The parser is private to `re`; there is no other that reads what `re` reads.
    from re import _parser  # type: ignore[attr-defined] # no stubs

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
            tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise PatternError(str(error)) from error
    return _sequence(tree, tree.state.flags & _SCOPED)


def _sequence(items: Iterable[tuple[Any, Any]], flags: int) -> Part:
    parts = tuple(_part(str(code), value, flags) for code, value in items)
    return parts[0] if len(parts) == 1 else Then(parts)


def _part(code: str, value: Any, flags: int) -> Part:  # noqa: ANN401 - as the parser gives it
    match code:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
            return One(re.compile(_single(code, value), flags))
        case "BRANCH":
            return Either(tuple(_sequence(branch, flags) for branch in value[1]))
        case "SUBPATTERN":
            _, added, removed, inside = value
            if added & re.UNICODE:
                flags &= ~re.ASCII
            return _sequence(inside, (flags | added & _SCOPED) & ~removed)
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, high, inside = value
            unbounded = str(high) == "MAXREPEAT"
            return Repeat(_sequence(inside, flags), int(low), None if unbounded else int(high))
        case "ASSERT" | "ASSERT_NOT":
            direction, inside = value
            width = 0 if direction > 0 else inside.getwidth()[0]
            return _around(_sequence(inside, flags), width, direction, wanted=code == "ASSERT")
        case "AT":
            return Place(_at(str(value), flags))
    what = _REFUSED.get(code, code.lower().replace("_", " "))
    raise PatternError(f"{what} can't be matched in bounded time")


_REFUSED = {
    "GROUPREF": "a back reference",
    "GROUPREF_EXISTS": "a conditional group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repetition",
}


def _single(code: str, value: Any) -> str:  # noqa: ANN401 - as the parser gives it
    if code == "ANY":
        return "."
    items = value if code == "IN" else [(code.removeprefix("NOT_"), value)]
    negated = code == "NOT_LITERAL"
    written = ""
    for kind, item in items:
        match str(kind):
            case "NEGATE":
                negated = True
            case "LITERAL":
                written += _sign(item)
            case "RANGE":
                written += f"{_sign(item[0])}-{_sign(item[1])}"
            case _:
                written += _CLASSES[str(item)]
    return f"[{'^' if negated else ''}{written}]"


def _sign(number: int) -> str:
    return f"\\U{number:08x}"


_CLASSES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def _around(inside: Part, width: int, direction: int, *, wanted: bool) -> Place:
    def holds(text: Text, position: int) -> bool:
        if direction > 0:
            found = through(inside, text, 1 << position) != 0
        else:  # what looks behind has a fixed width
            begin = position - width
            found = begin >= 0 and bool(through(inside, text, 1 << begin) >> position & 1)
        return found is wanted

    return Place(holds)


def _at(where: str, flags: int) -> Callable[[Text, int], bool]:
    lines = bool(flags & re.MULTILINE)
    word = _ASCII_WORD if flags & re.ASCII else _WORD

    def edge(text: Text, p: int) -> bool:
        around = (text.text[max(p - 1, 0) : p], text.text[p : p + 1])
        before, after = (word.match(sign) is not None for sign in around)
        return before is not after

    match where:
        case "AT_BEGINNING":
            return lambda text, p: p == 0 or (lines and text.text[p - 1] == "\n")
        case "AT_BEGINNING_STRING":
            return lambda _, p: p == 0
        case "AT_END":
            return lambda text, p: text.text[p:] in {"", "\n"} or (lines and text.text[p] == "\n")
        case "AT_END_STRING":
            return lambda text, p: p == len(text.text)
        case "AT_BOUNDARY":
            return edge
    return lambda text, p: text.text != "" and not edge(text, p)  # as `re` has it
