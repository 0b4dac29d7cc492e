"""How a table fits a terminal: whole, wrapped between words, run over, or a record for each row.

Nothing is ever cut off: the column that a terminal has no room for may be the one that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Cells = Sequence[str]

_GAP = 2
"""Blanks between columns."""

_LINES = 2
"""Lines of a terminal that a row may run over before it is written as a record."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How wide each column is; `records` asks for a row's cells one below the other instead."""

    widths: tuple[int, ...]
    records: bool = False

    @property
    def total(self) -> int:
        """The width of a line."""
        return sum(self.widths) + _GAP * (len(self.widths) - 1)


def laid_out(
    columns: Cells, rows: Sequence[Cells], room: int, *, measure: Callable[[str], int] = len
) -> Layout:
    """The layout for a terminal that is `room` wide; `measure` says how wide a text is there.

    Columns are as wide as their longest cell. Where that is too much, the widest give way, none
    below its longest word. Where that isn't enough either, lines run over as they are, unless the
    longest would take more than two of the terminal's.
    """
    given = tuple(zip(columns, *rows, strict=True))
    natural = Layout(tuple(max(map(measure, cells)) for cells in given))
    widths = list(natural.widths)
    least = [max(measure(word) for text in cells for word in _words(text)) for cells in given]
    while (layout := Layout(tuple(widths))).total > room:
        giving = [(width, place) for place, width in enumerate(widths) if width > least[place]]
        if not giving:
            return Layout(natural.widths, records=natural.total > _LINES * room)
        widths[max(giving)[1]] -= 1
    return layout


def _words(text: str) -> list[str]:
    return text.split() or [""]
