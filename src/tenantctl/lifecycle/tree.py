"""Walk a directory without ever leaving it: links and special files are refused, not followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tenantctl.errors import UsageError


def files(directory: Path, skipped: list[str]) -> Iterator[Path]:
    """Regular files below a directory, in order; links to files inside it count as files."""
    inside = directory.resolve()
    pending = entries(directory)[::-1]
    while pending:
        path = pending.pop()
        if path.name.startswith("."):
            skipped.append(f"{shown(path)}: hidden")
            continue
        mode = _mode(path)
        if path.is_symlink() and not (stat.S_ISREG(mode) and path.resolve().is_relative_to(inside)):
            raise UsageError(
                f"the link `{shown(path)}` leaves the tenant's directory",
                hint="put a copy of the file in its place",
            )
        if stat.S_ISDIR(mode):
            pending += entries(path)[::-1]
        elif stat.S_ISREG(mode):
            yield path
        else:
            raise UsageError(f"`{shown(path)}` is neither a file nor a directory")


def entries(directory: Path) -> list[Path]:
    """What lies right in a directory, in order."""
    try:
        return sorted(directory.iterdir())
    except OSError as error:
        raise unreadable(directory, error) from error


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> UsageError:
    """The error of a file that can't be read."""
    return UsageError(f"can't read `{shown(path)}`: {(error.strerror or str(error)).lower()}")


def shown(path: Path) -> str:
    """A path as text, whatever bytes its name has."""
    return os.fsencode(path).decode(errors="backslashreplace")
