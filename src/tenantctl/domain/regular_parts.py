"""The parts of a pattern, each taking all positions of a text that it may start from at once.

Positions are the bits of one number, so no way through a pattern is gone twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Text:
    """What is matched. Position `p` is bit `p`; `known` is what parts have answered before."""

    text: str
    known: dict[tuple[int, int], int] = field(default_factory=dict)

    def where(self, test: Callable[[str], bool]) -> int:
        """The positions whose character passes a test."""
        return sum(1 << p for p, sign in enumerate(self.text) if test(sign))


class Part(Protocol):
    """A piece of a pattern."""

    def advance(self, text: Text, starts: int) -> int:
        """Every position where it may end, having begun at one of `starts`."""


def through(part: Part, text: Text, starts: int) -> int:
    """The same as `advance`, asked of a part once for each set of starts."""
    if not starts:
        return 0
    key = (id(part), starts)
    found = text.known.get(key)
    if found is None:
        found = text.known[key] = part.advance(text, starts)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class One:
    """One character; `single` is the regular expression of just that."""

    single: re.Pattern[str]
    seen: dict[str, bool] = field(default_factory=dict)

    def advance(self, text: Text, starts: int) -> int:
        """One on, where the character is one of its."""
        key = (id(self), -1)
        places = text.known.get(key)
        if places is None:
            places = text.known[key] = text.where(self._takes)
        return (starts & places) << 1

    def _takes(self, sign: str) -> bool:
        taken = self.seen.get(sign)
        if taken is None:
            taken = self.single.fullmatch(sign) is not None
            if len(self.seen) < _MOST_SEEN:
                self.seen[sign] = taken
        return taken


_MOST_SEEN = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class Then:
    """One part after the other."""

    parts: tuple[Part, ...]

    def advance(self, text: Text, starts: int) -> int:
        """Where the last ends."""
        for part in self.parts:
            starts = through(part, text, starts)
        return starts


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """Any of the parts."""

    parts: tuple[Part, ...]

    def advance(self, text: Text, starts: int) -> int:
        """Where any ends."""
        found = 0
        for part in self.parts:
            found |= through(part, text, starts)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """A part, `low` to `high` times; `None` is without end."""

    part: Part
    low: int
    high: int | None

    def advance(self, text: Text, starts: int) -> int:
        """Where so many end.

        Each time either all positions move on, until none is left, or some stay and more join
        them, until no more do: no loop is longer than the text.
        """
        here = starts
        for _ in range(self.low):
            after = through(self.part, text, here)
            if after == here:
                break
            here = after
        found = new = here
        more = len(text.text) + 1 if self.high is None else self.high - self.low
        while new and more:
            new = through(self.part, text, new) & ~found
            found |= new
            more -= 1
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A condition on the position: a lookaround, `^`, `$` or a word's edge."""

    holds: Callable[[Text, int], bool]

    def advance(self, text: Text, starts: int) -> int:
        """The positions that fulfil it."""
        return sum(1 << p for p in _positions(starts) if self.holds(text, p))


def _positions(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
