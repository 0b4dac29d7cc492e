"""The only module that prints: data on stdout, progress and errors on stderr.

rich is imported when something is drawn. It honours NO_COLOR and draws plain text off a terminal.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from tenantctl.errors import ConfirmationNeededError, TenantctlError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Tree = tuple[str, tuple["Tree", ...]]
"""A line, and what stands below it."""


class Advance(Protocol):
    """Tell a progress bar that one more thing is done."""

    def __call__(self, what: str, /) -> None:
        """`what` is shown beside the bar."""


_UNUSUAL = re.compile(r"[^\n -~]")

_WIDE = 10_000
"""Off a terminal no line is cut, so that a program reads whole values."""


def out() -> Console:
    """stdout, drawn."""
    return _console(sys.stdout)


def err() -> Console:
    """stderr, drawn."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    terminal = stream.isatty()
    return Console(
        file=stream, highlight=False, soft_wrap=not terminal, width=None if terminal else _WIDE
    )


def printable(text: str) -> str:
    """`text` on one line, without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def show_error(error: TenantctlError) -> None:
    """`error: …` and `hint: …` on stderr, as text: user input is never read as markup."""
    _echo(f"{_styled('error:', 'red')} {printable(str(error))}", err=True)
    if error.hint:
        _echo(f"{_styled('hint:', 'cyan')} {printable(error.hint)}", err=True)


def show_defect(error: BaseException) -> None:
    """What no `TenantctlError` says is the tool's own fault; the traceback only on request."""
    import traceback

    from tenantctl.cli.params import DEBUG

    debug = os.environ.get(DEBUG, "") not in {"", "0", "false"}
    if debug:
        _echo("".join(traceback.format_exception(error)), err=True, nl=False)
    what = printable(f"{type(error).__name__}: {error}"[:300])
    _echo(f"{_styled('error:', 'red')} this is a defect of tenantctl: {what}", err=True)
    if not debug:
        hint = "run it again with `tenantctl --debug …` and report what it prints"
        _echo(f"{_styled('hint:', 'cyan')} {hint}", err=True)


def _styled(text: str, colour: str) -> str:
    """`text` in colour, unless NO_COLOR asks for none: https://no-color.org."""
    if os.environ.get("NO_COLOR"):
        return text
    import typer

    return typer.style(text, fg=colour, bold=True)


def _echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    # typer is imported where something is said: `iam simulate` starts without it.
    import typer

    typer.echo(text, err=err, nl=nl)


def note(text: str) -> None:
    """A line of progress or advice on stderr."""
    _echo(printable(text), err=True)


def emit_text(text: str) -> None:
    """Lines for people on stdout."""
    _echo("\n".join(map(printable, text.split("\n"))))


def emit_document(text: str) -> None:
    """A document for programs on stdout, as it is."""
    _echo(text)


def emit_lines(batches: Iterable[Iterable[bytes]]) -> None:
    """Lines of UTF-8 on stdout, each batch as soon as it is there."""
    out = sys.stdout.buffer
    for lines in batches:
        out.write(b"\n".join((*lines, b"")))
        out.flush()


def emit_json(value: object) -> None:
    """One JSON document on stdout; what a terminal would obey is written as JSON's escapes."""
    utf8 = sys.stdout.encoding.casefold().replace("-", "") == "utf8"
    text = json.dumps(value, indent=2, ensure_ascii=not utf8)
    _echo(_UNUSUAL.sub(lambda m: m[0] if m[0].isprintable() else json.dumps(m[0])[1:-1], text))


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout; plain columns without a frame, so that `awk` can read it too.

    On a terminal that it is too wide for, cells go on below, see `layout`; off a terminal each row
    is a line.
    """
    from rich.cells import cell_len

    from tenantctl.cli.layout import laid_out

    console = out()
    cells = [tuple(map(printable, row)) for row in rows]
    room = console.width if console.is_terminal else _WIDE
    layout = laid_out(columns, cells, room, measure=cell_len)
    if layout.records:
        for row in cells:
            console.print(_record(columns, row))
        return
    table = _table(columns, cells, layout.widths)
    if console.is_terminal and layout.total <= room:
        console.print(table)
        return
    console.width = layout.total
    with console.capture() as drawn:
        console.print(table)
    _echo("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, width in zip(columns, widths, strict=True):
        table.add_column(name, width=width, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _record(columns: Sequence[str], row: Sequence[str]) -> Table:
    """A row as lines of name and value, with a blank line below."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, cell in zip(columns, row, strict=True):
        table.add_row(name, Text(cell))
    table.add_row("", "")
    return table


def emit_tree(root: Tree) -> None:
    """A tree on stdout; lines that don't fit go on below."""
    import rich.tree
    from rich.text import Text

    def drawn(node: Tree) -> rich.tree.Tree:
        line, below = node
        made = rich.tree.Tree(Text(printable(line)))
        made.children = [drawn(child) for child in below]
        return made

    out().print(drawn(root))


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that can't be undone.

    Off a terminal nothing is ever asked: raises `ConfirmationNeededError`. A no aborts.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfirmationNeededError(
            f"to {question.rstrip('?')} needs a yes, and this is no terminal", hint="give --yes"
        )
    import typer

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
