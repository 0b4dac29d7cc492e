"""The one exception inside `iam/`: a piece of a policy that says something IAM doesn't know.

`document.read` catches it and adds the document, the path and the line.
"""

from __future__ import annotations

_SHOWN = 80


class MalformedError(ValueError):
    """A value of a policy can't be read; `hint` says what would be right."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def shown(value: object) -> str:
    """A value in backticks, short and printable whatever it holds (NUL, lone surrogates)."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "…"
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f"`{safe}`"
