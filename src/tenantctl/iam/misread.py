"""Say why a case can't be read, and whose case it is if that much can be told.

Only malformed cases come here, so this may take its time; a second, at most.
"""

from __future__ import annotations

import contextlib
import json
import re

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tenantctl.iam.json_text import Numeral
from tenantctl.iam.malformed import shown
from tenantctl.iam.weight import LARGEST

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
    try:
        found = _once(line) if len(line) <= LARGEST else _strictly(line)
    except RecursionError:
        with contextlib.suppress(*UNREADABLE):
            found = _strictly(line)
    except (ValueError, msgspec.MsgspecError):
        return None
    if isinstance(found, Numeral):
        found = int(found) if _INTEGER.fullmatch(found) else None
    if isinstance(found, str):
        return found if _encodable(found) else None
    if type(found) is not int:  # a truth value is one too
        return None
    return found if -(1 << 63) <= found < 1 << 64 else None


_INTEGER = re.compile(r"-?[0-9]{1,20}")


def _once(line: bytes) -> object:
    """The value of the only `id` of an object; `None` where there is none, or another."""
    text = line.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    found = json.loads(text, object_pairs_hook=_Pairs, parse_int=Numeral, parse_float=Numeral)
    ids = [value for key, value in found if key == "id"] if isinstance(found, _Pairs) else []
    return ids[0] if len(ids) == 1 else None


class _Pairs(list[tuple[str, object]]):
    """An object, told from a list."""


def _strictly(line: bytes) -> Name | None:
    found = _called(line).id
    return None if found is UNSET else _text(bytes(found))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
