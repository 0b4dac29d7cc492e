"""Tables on terminals of any width: nothing that a table says is ever cut off."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.cli import console
from tenantctl.cli.layout import laid_out

HEAD = ("CALLERS", "CALLS", "CHANGE")
ROWS = (
    ("basic", "role other than physician or without role; hours 8-18", "newly refused"),
    ("premium", "any input", "newly allowed"),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("LINES", "40")
    console.emit_table(HEAD, ROWS)
    return [line.rstrip() for line in terminal.getvalue().splitlines()]


def test_what_fits_is_drawn_as_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, 90) == [
        "CALLERS  CALLS                                                  CHANGE",
        "basic    role other than physician or without role; hours 8-18  newly refused",
        "premium  any input                                              newly allowed",
    ]


def test_the_widest_column_goes_on_below(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, 50) == [
        "CALLERS  CALLS                       CHANGE",
        "basic    role other than physician   newly refused",
        "         or without role; hours",
        "         8-18",
        "premium  any input                   newly allowed",
    ]


def test_where_words_have_no_room_lines_run_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROWS", (("a" * 30, "b" * 30, "c" * 30),))
    assert drawn(monkeypatch, 60)[1] == f"{'a' * 30}  {'b' * 30}  {'c' * 30}"


def test_where_lines_would_run_over_far_a_row_is_a_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert drawn(monkeypatch, 25) == [
        "CALLERS  basic",
        "CALLS    role other than",
        "         physician or",
        "         without role;",
        "         hours 8-18",
        "CHANGE   newly refused",
        "",
        "CALLERS  premium",
        "CALLS    any input",
        "CHANGE   newly allowed",
        "",
    ]


CELL = st.text("ab ", max_size=30)


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=4), st.integers(1, 80))
def test_no_column_is_narrower_than_its_longest_word(
    rows: list[tuple[str, ...]], room: int
) -> None:
    layout = laid_out(("A", "B", "C"), rows, room)
    columns = zip(("A", "B", "C"), *rows, strict=True)
    for width, cells in zip(layout.widths, columns, strict=True):
        assert width >= max(len(word) for cell in cells for word in cell.split() or [""])
        assert width <= max(map(len, cells))
    natural = laid_out(("A", "B", "C"), rows, 1_000)
    assert layout.total <= room or layout.widths == natural.widths
    assert layout.records == (layout.total > 2 * room)
