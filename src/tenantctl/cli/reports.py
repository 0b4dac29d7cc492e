"""`--report FORMAT=PATH`: read the option before the work starts, write the file after it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenantctl.cli import console
from tenantctl.errors import TenantctlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tenantctl.domain.finding import Report
    from tenantctl.report.formats import ReportFormat

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Destination:
    """One report to write; `path` is `None` for stdout."""

    form: ReportFormat
    path: Path | None


def destinations(options: Iterable[str]) -> tuple[Destination, ...]:
    """Parse the options.

    Raises `UsageError` for an unknown format, a missing path or directory, the same file twice,
    or more than one report on stdout.
    """
    parsed = tuple(_destination(option) for option in options)
    places = [str(d.path) if d.path is not None else STDOUT for d in parsed]
    for place in places:
        if places.count(place) > 1:
            where = "stdout" if place == STDOUT else f"`{place}`"
            raise UsageError(f"two reports would go to {where}", hint="give each its own path")
    return parsed


def write(report: Report, places: Sequence[Destination]) -> bool:
    """Write every report; whether one of them went to stdout."""
    from tenantctl.report.formats import render

    for place in places:
        put(render(report, place.form), place)
    return any(place.path is None for place in places)


def put(text: str, place: Destination) -> None:
    """Write one report's text where it belongs."""
    if place.path is None:
        console.emit_document(text.removesuffix("\n"))
    else:
        _write(place.path, text)


def _destination(option: str) -> Destination:
    from tenantctl.report.formats import ReportFormat

    name, separator, path = option.partition("=")
    if name not in set(ReportFormat):
        known = ", ".join(ReportFormat)
        raise UsageError(f"unknown report format `{name}`", hint=f"use FORMAT=PATH with {known}")
    if not separator or not path:
        raise UsageError(
            f"`--report {option}` names no file", hint=f"write {name}=PATH, or {name}=- for stdout"
        )
    if path == STDOUT:
        return Destination(ReportFormat(name), None)
    target = Path(path)
    if not target.parent.is_dir() or target.is_dir():
        raise UsageError(f"the report can't be written to `{path}`", hint="check the directory")
    return Destination(ReportFormat(name), target)


def _write(path: Path, text: str) -> None:
    """Write the whole file or leave the old one: a reader never sees half a report.

    A link stays, and its file is written; so does a device or a pipe, which is written to.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path.resolve(), text)
    except (OSError, RuntimeError) as error:  # resolving a loop of links
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise TenantctlError(
            f"the report can't be written to `{path}`: {why.lower()}",
            hint="check the directory's permissions and space",
        ) from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        # mkstemp's 0600 is for secrets; a report is a plain file.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
