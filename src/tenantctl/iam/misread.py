"""Say why a case can't be read, and whose case it is if that much can be told.

Only malformed cases come here, so this may take its time; a second, at most.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TypeGuard

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tenantctl.iam.malformed import shown
from tenantctl.iam.weight import LARGEST

Name = str | int
"""What a case is called: a text or an integer."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""How msgspec refuses a text."""

_LONGEST = 300
_HALF = re.compile("[\ud800-\udfff]")  # of a pair of surrogates


class CaseError(ValueError):
    """A case that can't be answered; `case` is its id, `None` where none can be read."""

    def __init__(self, message: str, case: Name | None) -> None:
        super().__init__(message)
        self.case = case


class _Called(msgspec.Struct):
    id: Raw | UnsetType = UNSET


_called = msgspec.json.Decoder(_Called).decode
_text = msgspec.json.Decoder(Name).decode


def malformed(line: bytes, error: Exception) -> CaseError:
    """The reason and the id of a line that msgspec refused."""
    if isinstance(error, RecursionError):
        return CaseError("nested too deeply", _name(line))
    if isinstance(error, UnicodeDecodeError):
        return CaseError(f"no UTF-8: {error.reason}", _name(line))
    text = str(error).removeprefix("JSON is malformed: ")[:_LONGEST]
    text = text[:1].lower() + text[1:]
    if not isinstance(error, msgspec.ValidationError):
        text = f"no JSON: {text}"
    return CaseError(text, _name(line))


def doubled(line: bytes) -> CaseError:
    """The same for a line that has a key twice in one object."""
    try:
        json.loads(line, object_pairs_hook=_distinct)
    except _TwiceError as error:
        return CaseError(f"the key {shown(error.key)} twice in one object", _name(line))
    except (ValueError, RecursionError) as error:
        return malformed(line, error)
    return CaseError("a key is there twice", None)


def too_large(line: bytes, largest: int) -> CaseError:
    """The same for a line of more than `largest` bytes."""
    return CaseError(f"a case has at most {largest} bytes, this one {len(line)}", _name(line))


class _TwiceError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _distinct(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _TwiceError(key)
        seen.add(key)


def _name(line: bytes) -> Name | None:
    """The id of a line, wherever one can be read.

    Python's decoder reads on over what the strict one refuses (`NaN`, half a surrogate pair, bytes
    that are no UTF-8), and shows whether the id is there twice. What is too large or too deep for
    it the strict one may still take.
    """
    found: object = None
    if len(line) <= LARGEST:
        with contextlib.suppress(ValueError, RecursionError):
            found = _once(line)
            return found if _fits(found) else None
    with contextlib.suppress(*UNREADABLE):
        found = _strictly(line)
    return found if _fits(found) else None


def _fits(found: object) -> TypeGuard[Name]:
    """Whether it is an id, and can be written again."""
    if isinstance(found, str):
        return _HALF.search(found) is None
    return type(found) is int and -(1 << 63) <= found < 1 << 64  # a truth value is no number


def _once(line: bytes) -> object:
    """The value of the only `id` of an object; `None` where there is none, or another."""
    text = line.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    found = json.loads(text, object_pairs_hook=_Pairs)
    ids = [value for key, value in found if key == "id"] if isinstance(found, _Pairs) else []
    return ids[0] if len(ids) == 1 else None


class _Pairs(list[tuple[str, object]]):
    """An object, told from a list."""


def _strictly(line: bytes) -> Name | None:
    found = _called(line).id
    return None if found is UNSET else _text(bytes(found))
