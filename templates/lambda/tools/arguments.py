"""What the caller asks for: checked before anything is read."""

from __future__ import annotations

from collections.abc import Mapping

from tools.failure import ToolError

MAX_TEXT = 1024
"""Bytes; what DynamoDB admits as a sort key."""


def text(arguments: Mapping[str, object], name: str) -> str | None:
    """A text of one line; `None` where it isn't given. Raises `ToolError`."""
    value = arguments.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ToolError("InvalidInput", f"`{name}` must be a text of one line")
    if len(value.encode()) > MAX_TEXT:
        raise ToolError("InvalidInput", f"`{name}` is longer than {MAX_TEXT} bytes")
    return value


def required(arguments: Mapping[str, object], name: str) -> str:
    """The same, where it must be given."""
    value = text(arguments, name)
    if value is None:
        raise ToolError("InvalidInput", f"`{name}` is missing")
    return value


def limit(arguments: Mapping[str, object], *, default: int, most: int) -> int:
    """How many results are wanted, from 1; raises `ToolError` for more than `most`."""
    value = arguments.get("limit")
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ToolError("InvalidInput", f"`limit` must be an integer from 1 to {most}")
    return value
