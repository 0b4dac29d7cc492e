"""JSON as a policy may be written: strict, and with the line of what is wrong.

Python's decoder accepts duplicate keys and `NaN` and forgets where things stood. Lines are only
worked out when something is wrong, by walking the text a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Never

Path = tuple[str | int, ...]


class JsonError(ValueError):
    """The text is no JSON, or has a key twice; `line` counts from 1."""

    def __init__(self, message: str, line: int | None, path: Path = ()) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.path = path


class Numeral(str):
    """A number as it was written: `1.0` and `1` compare as IAM says, not as floats."""

    __slots__ = ()


class _DuplicateError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def parse(text: str) -> object:
    """The value of a JSON text, numbers as `Numeral`.

    Raises `JsonError` for bad syntax, duplicate keys, `NaN`, and nesting beyond Python's stack.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_int=Numeral,
            parse_float=Numeral,
            parse_constant=_refuse,
        )
    except json.JSONDecodeError as error:
        raise JsonError(f"no JSON: {error.msg.lower()}", error.lineno) from error
    except _DuplicateError as error:
        path, line = _first_duplicate(text, error.key)
        raise JsonError("the same key twice in one object", line, path) from error
    except RecursionError as error:
        raise JsonError("nested too deeply", None) from error
    except ValueError as error:
        raise JsonError(str(error), None) from error


def line_of(text: str, path: Path) -> int | None:
    """The line of the value (or its key) at `path`; `None` if there is none."""
    if not path:
        return 1
    wanted = list(path)
    return next((line for found, line in _walk(text) if found == wanted), None)


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateError(key)
            seen.add(key)
    return made


def _refuse(constant: str) -> Never:
    raise ValueError(f"no JSON: {constant}")


def _first_duplicate(text: str, key: str) -> tuple[Path, int | None]:
    seen: set[Path] = set()
    for found, line in _walk(text):
        if found[-1] != key:
            continue
        path = tuple(found)
        if path in seen:
            return path, line
        seen.add(path)
    return (), None


_LEXEME = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]|\n|[^\s\[\]{},":]+', re.DOTALL)
_DEEPEST = 32
"""Policies nest six levels; what lies deeper has no path of its own."""


def _walk(text: str) -> Iterator[tuple[list[str | int], int]]:
    """Every key and list item with its path and line, in the order of the text.

    The path is the walk's own list, to be read before the next step.
    """
    path: list[str | int] = []  # a list's index, an object's present key
    is_list: list[bool] = []
    expecting = True  # a key, or a list's next item
    line = 1
    for match in _LEXEME.finditer(text):
        lexeme = match.group()
        if lexeme == "\n":
            line += 1
            continue
        if lexeme in {"}", "]"}:
            if path:
                path.pop()
                is_list.pop()
            expecting = False
            continue
        if lexeme == ",":
            expecting = True
            if is_list and is_list[-1]:
                path[-1] = int(path[-1]) + 1
            continue
        if expecting and path and len(path) <= _DEEPEST:
            if not is_list[-1]:
                path[-1] = _text(lexeme)
            yield path, line
        expecting = False
        if lexeme in {"{", "["}:
            is_list.append(lexeme == "[")
            path.append(0 if lexeme == "[" else "")
            expecting = True
        line += lexeme.count("\n")


def _text(lexeme: str) -> str:
    if "\\" in lexeme and lexeme.startswith('"'):
        return str(json.loads(lexeme, strict=False))
    return lexeme[1:-1]
