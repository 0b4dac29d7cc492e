"""The only module that prints: data on stdout, progress and errors on stderr.

rich is imported when something is drawn. It honours NO_COLOR and draws plain text off a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer

from tenantctl.errors import ConfirmationNeededError, TenantctlError

if TYPE_CHECKING:
    from rich.console import Console


class Advance(Protocol):
    """Tell a progress bar that one more thing is done."""

    def __call__(self, what: str, /) -> None:
        """`what` is shown beside the bar."""


def out() -> Console:
    """stdout, drawn."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """stderr, drawn."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def show_error(error: TenantctlError) -> None:
    """`error: …` and `hint: …` on stderr, as text: user input is never read as markup."""
    typer.echo(f"{typer.style('error:', fg='red', bold=True)} {error}", err=True)
    if error.hint:
        typer.echo(f"{typer.style('hint:', fg='cyan')} {error.hint}", err=True)


def note(text: str) -> None:
    """A line of progress or advice on stderr."""
    typer.echo(text, err=True)


def emit_text(text: str) -> None:
    """Data on stdout, as it is."""
    typer.echo(text)


def emit_json(value: object) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout; plain columns without a frame, so that `awk` can read it too."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out().print(table)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that can't be undone.

    Off a terminal nothing is ever asked: raises `ConfirmationNeededError`. A no aborts.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfirmationNeededError(
            f"{question} needs an answer, and this is no terminal", hint="give --yes"
        )
    typer.confirm(question, abort=True, err=True)


@contextmanager
def progress(title: str, total: int, *, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar on stderr while the block runs; off a terminal, nothing is drawn."""
    if quiet or not sys.stderr.isatty():
        yield lambda _what, /: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[what]}", markup=False),
        console=err(),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=total, what="")
        yield lambda what, /: bar.update(task, advance=1, what=what)
