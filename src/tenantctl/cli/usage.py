"""typer's complaints about a command line, in the tool's words."""

from __future__ import annotations

import re

from typer import Context
from typer.exceptions import TyperException

from tenantctl.errors import UsageError

_SUGGESTION = re.compile(r"\.? (?:\(Possible options: (.*)\)|Did you mean (.*)\?)$", re.DOTALL)


def as_usage_error(error: TyperException) -> UsageError:
    """Message in lower case with backticks; near misses, or where to read on, as the hint."""
    text = error.format_message().replace(": Value error, ", ": ")
    ctx: Context | None = getattr(error, "ctx", None)
    found = _SUGGESTION.search(text)
    near = (found.group(1) or found.group(2)).replace("'", "") if found else None
    message = _SUGGESTION.sub("", text).rstrip(".")
    message = re.sub(r"'([^']*)'", r"`\1`", message)
    message = re.sub(r"(option: )(\S+)$", r"\1`\2`", message)
    return UsageError(
        message[:1].lower() + message[1:],
        hint=_misplaced(error, ctx)
        or (f"did you mean {' or '.join(f'`{n}`' for n in near.split(', '))}?" if near else None)
        or f"see `{ctx.command_path if ctx else 'tenantctl'} --help`",
    )


def _misplaced(error: TyperException, ctx: Context | None) -> str | None:
    """An option that holds for every command stands before the command."""
    option = getattr(error, "option_name", None)
    if ctx is None or ctx.parent is None or not option:
        return None
    if any(option in parameter.opts for parameter in ctx.find_root().command.params):
        return f"`{option}` stands before the command: `tenantctl {option} …`"
    return None
