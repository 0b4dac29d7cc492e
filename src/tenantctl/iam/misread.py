"""Say why a case can't be read, and whose case it is if that much can be told.

Only malformed cases come here, so this may take its time; a second, at most.
"""

from __future__ import annotations

import json

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tenantctl.iam.malformed import shown

Name = str | int
"""What a case is called: a text or an integer."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""How msgspec refuses a text."""

_LONGEST = 300


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
        return CaseError("nested too deeply", None)
    if isinstance(error, UnicodeDecodeError):
        return CaseError(f"no UTF-8: {error.reason}", None)
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
        name = None if error.key == "id" else _name(line)
        return CaseError(f"the key {shown(error.key)} twice in one object", name)
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
    """The id of a line, wherever it is one."""
    try:
        found = _called(line).id
        name = None if found is UNSET else _text(bytes(found))
    except UNREADABLE:
        return None
    fits = isinstance(name, str) or (name is not None and -(1 << 63) <= name < 1 << 64)
    return name if fits else None
