"""What a text may look like: literal characters, wildcards, and slots that a tag or an id fills.

A `Shape` is the automaton of some such forms, with its states worked out as they are met. Each of
its moves says which slot the character went into, so that two runs over one word can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import cast

from tenantctl.proof.dfa import DEAD, Dfa
from tenantctl.proof.letters import Alphabet


class Wild(Enum):
    """A wildcard."""

    ONE = "?"
    ANY = "*"


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the value of a variable stands; `name` is the variable."""

    name: str


Form = tuple[str | Wild | Slot, ...]
"""Literal text, wildcards and slots, in order."""

OUTSIDE = -1
"""The label of a character that no slot took."""


@dataclass(frozen=True, slots=True)
class Move:
    """To `state` by a character that `label` (an index of `Shape.slots`, or `OUTSIDE`) took.

    `taken` is the character as the slot holds it, where that differs from the word's: with case
    ignored.
    """

    state: int
    label: int
    taken: int | None = None


_Unit = int | Wild | tuple[int, Dfa]  # a letter, a wildcard, or a slot's label and format
_Spot = tuple[int, int, int]  # form, unit, state inside the slot


class Shape:
    """The automaton of a union of forms. `values` are the formats of the slots.

    `slots` names, for each label, the variable; two occurrences in one form have two labels.
    """

    def __init__(
        self,
        forms: Iterable[Form],
        values: dict[str, Dfa],
        alphabet: Alphabet,
        *,
        fold: bool = False,
    ) -> None:
        self._alphabet = alphabet
        self._fold = fold
        self._labels: dict[tuple[str, int], int] = {}
        self._forms = tuple(tuple(self._units(form, values)) for form in sorted(forms, key=repr))
        self.slots = tuple(name for name, _ in self._labels)
        self._spots: list[_Spot] = []
        self._numbers: dict[_Spot, int] = {}
        self._moves: dict[int, dict[int, tuple[Move, ...]]] = {}
        starts = dict.fromkeys(
            spot for number in range(len(self._forms)) for spot in self._entered(number, 0)
        )
        self.starts = tuple(self._number(spot) for spot in starts)

    def accepting(self, state: int) -> bool:
        """Whether a form ends here."""
        form, unit, _ = self._spots[state]
        return unit == len(self._forms[form])

    def moves(self, state: int) -> dict[int, tuple[Move, ...]]:
        """The moves from a state, by letter."""
        found = self._moves.get(state)
        if found is None:
            found = self._moves[state] = self._worked_out(state)
        return found

    def after(self, state: int, letter: int) -> tuple[Move, ...]:
        """The moves from a state by a letter."""
        return self.moves(state).get(letter, ())

    def _units(self, form: Form, values: dict[str, Dfa]) -> Iterator[_Unit]:
        seen: dict[str, int] = {}
        for part in form:
            if isinstance(part, str):
                yield from (self._alphabet.number(sign) for sign in part)
            elif isinstance(part, Wild):
                yield part
            else:
                seen[part.name] = occurrence = seen.get(part.name, -1) + 1
                label = self._labels.setdefault((part.name, occurrence), len(self._labels))
                yield label, values[part.name]

    def _entered(self, form: int, unit: int) -> Iterator[_Spot]:
        """The spots at which a run may stand that has come to a unit."""
        units = self._forms[form]
        while unit < len(units):
            part = units[unit]
            if isinstance(part, tuple):
                if part[1].empty:
                    return
                yield form, unit, part[1].start
                if part[1].start not in part[1].accepting:
                    return
            elif part is Wild.ANY:
                yield form, unit, 0
            else:
                yield form, unit, 0
                return
            unit += 1
        yield form, unit, 0

    def _worked_out(self, state: int) -> dict[int, tuple[Move, ...]]:
        form, unit, inside = self._spots[state]
        if unit == len(self._forms[form]):
            return {}
        part = self._forms[form][unit]
        if isinstance(part, tuple):
            return self._through_slot(form, unit, inside)
        spots = [*self._entered(form, unit if part is Wild.ANY else unit + 1)]
        numbers = [self._number(spot) for spot in spots]
        letters = self._same(part) if isinstance(part, int) else range(len(self._alphabet.signs))
        shared = tuple(Move(number, OUTSIDE) for number in numbers)
        return dict.fromkeys(letters, shared)

    def _through_slot(self, form: int, unit: int, inside: int) -> dict[int, tuple[Move, ...]]:
        """The moves inside a slot; letters that lead alike share one tuple."""
        label, dfa = cast("tuple[int, Dfa]", self._forms[form][unit])
        shared: dict[tuple[tuple[int, int | None], ...], tuple[Move, ...]] = {}
        moves: dict[int, tuple[Move, ...]] = {}
        for letter in range(len(self._alphabet.signs)):
            key = tuple(
                (dfa.rows[inside][taken], None if taken == letter else taken)
                for taken in self._same(letter)
                if dfa.rows[inside][taken] != DEAD
            )
            if not key:
                continue
            if key not in shared:
                found: list[Move] = []
                for after, taken in key:
                    spots: list[_Spot] = [(form, unit, after)]
                    if after in dfa.accepting:
                        spots += self._entered(form, unit + 1)
                    found += (Move(self._number(s), label, taken) for s in spots)
                shared[key] = tuple(found)
            moves[letter] = shared[key]
        return moves

    def _same(self, letter: int) -> tuple[int, ...]:
        """The letters that count as this one."""
        if not self._fold:
            return (letter,)
        sign = self._alphabet.signs[letter]
        variants = dict.fromkeys((sign, sign.lower(), sign.upper()))
        return tuple(
            number
            for number in (self._alphabet.find(variant) for variant in variants)
            if number is not None
        )

    def _number(self, spot: _Spot) -> int:
        number = self._numbers.get(spot)
        if number is None:
            number = self._numbers[spot] = len(self._spots)
            self._spots.append(spot)
        return number


class Avoided:
    """All texts that a union of forms without slots does not match."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._sets: list[frozenset[int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self.slots: tuple[str, ...] = ()
        self._by_state: dict[int, tuple[Move, ...]] = {}
        self.starts = (self._number(frozenset(shape.starts)),)
        self._moves: dict[tuple[int, int], tuple[Move, ...]] = {}

    def accepting(self, state: int) -> bool:
        """Whether no form has ended here."""
        return not any(self._shape.accepting(s) for s in self._sets[state])

    def after(self, state: int, letter: int) -> tuple[Move, ...]:
        """The one move by a letter; letters that lead alike share one tuple."""
        key = (state, letter)
        if key not in self._moves:
            reached = frozenset(
                move.state
                for s in self._sets[state]
                for move in self._shape.moves(s).get(letter, ())
            )
            number = self._number(reached)
            self._moves[key] = self._by_state.setdefault(number, (Move(number, OUTSIDE),))
        return self._moves[key]

    def _number(self, states: frozenset[int]) -> int:
        if states not in self._numbers:
            self._numbers[states] = len(self._sets)
            self._sets.append(states)
        return self._numbers[states]
