"""What a text may look like: literal characters, wildcards, and slots that a tag or an id fills.

A `Shape` is the automaton of some such forms, with its states worked out as they are met. Each of
its moves says which slot the character went into, so that two runs over one word can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import cast

from tenantctl.proof.automata.dfa import DEAD, Dfa
from tenantctl.proof.automata.letters import Alphabet


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


Lead = tuple[int, tuple[Move, ...]]
"""Letters that lead alike, as the bits of a number, and where they lead."""

Leads = tuple[Lead, ...]
"""All that lead on from a state; no letter is in two of them."""


def letters_in(bits: int) -> Iterator[int]:
    """The letters of a set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


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
        self.letters = (1 << len(alphabet.signs)) - 1
        self._leads: dict[int, Leads] = {}
        starts = dict.fromkeys(
            spot for number in range(len(self._forms)) for spot in self._entered(number, 0)
        )
        self.starts = tuple(self._number(spot) for spot in starts)

    def accepting(self, state: int) -> bool:
        """Whether a form ends here."""
        form, unit, _ = self._spots[state]
        return unit == len(self._forms[form])

    def leads(self, state: int) -> Leads:
        """The moves from a state."""
        found = self._leads.get(state)
        if found is None:
            found = self._leads[state] = self._worked_out(state)
        return found

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

    def _worked_out(self, state: int) -> Leads:
        form, unit, inside = self._spots[state]
        if unit == len(self._forms[form]):
            return ()
        part = self._forms[form][unit]
        if isinstance(part, tuple):
            return tuple(self._through_slot(form, unit, inside))
        spots = self._entered(form, unit if part is Wild.ANY else unit + 1)
        moves = tuple(Move(self._number(spot), OUTSIDE) for spot in spots)
        return (((self.letters if isinstance(part, Wild) else self._same(part)), moves),)

    def _through_slot(self, form: int, unit: int, inside: int) -> Iterator[Lead]:
        """The moves inside a slot."""
        label, dfa = cast("tuple[int, Dfa]", self._forms[form][unit])
        if not self._fold:
            for bits, after in dfa.leads(inside):
                yield bits, tuple(Move(s, label) for s in self._inside(form, unit, after, dfa))
            return
        for letter in range(len(self._alphabet.signs)):
            moves = [
                Move(s, label, None if taken == letter else taken)
                for taken in letters_in(self._same(letter))
                if (after := dfa.rows[inside][taken]) != DEAD
                for s in self._inside(form, unit, after, dfa)
            ]
            if moves:
                yield 1 << letter, tuple(moves)

    def _inside(self, form: int, unit: int, after: int, dfa: Dfa) -> Iterator[int]:
        """The states at which a run may stand whose slot has come to a state of its format."""
        yield self._number((form, unit, after))
        if after in dfa.accepting:
            yield from map(self._number, self._entered(form, unit + 1))

    def _same(self, letter: int) -> int:
        """The letters that count as this one, as bits."""
        if not self._fold:
            return 1 << letter
        sign = self._alphabet.signs[letter]
        variants = {sign, sign.lower(), sign.upper()}
        numbers = (self._alphabet.find(variant) for variant in variants)
        return sum(1 << number for number in numbers if number is not None)

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
        self._leads: dict[int, Leads] = {}
        self.starts = (self._number(frozenset(shape.starts)),)

    def accepting(self, state: int) -> bool:
        """Whether no form has ended here."""
        return not any(self._shape.accepting(s) for s in self._sets[state])

    def leads(self, state: int) -> Leads:
        """The one move by each letter."""
        if state not in self._leads:
            parted: list[tuple[int, frozenset[int]]] = [(self._shape.letters, frozenset())]
            for inside in self._sets[state]:
                parted = [*_parted(parted, self._shape.leads(inside))]
            merged: dict[frozenset[int], int] = {}
            for bits, reached in parted:
                merged[reached] = merged.get(reached, 0) | bits
            self._leads[state] = tuple(
                (bits, (Move(self._number(reached), OUTSIDE),)) for reached, bits in merged.items()
            )
        return self._leads[state]

    def _number(self, states: frozenset[int]) -> int:
        if states not in self._numbers:
            self._numbers[states] = len(self._sets)
            self._sets.append(states)
        return self._numbers[states]


def _parted(
    parted: Iterable[tuple[int, frozenset[int]]], leads: Leads
) -> Iterator[tuple[int, frozenset[int]]]:
    """Sets of letters told apart further by where a state leads, beside what they reach."""
    for bits, reached in parted:
        rest = bits
        for letters, moves in leads:
            if bits & letters:
                yield bits & letters, reached | {move.state for move in moves}
                rest &= ~letters
        if rest:
            yield rest, reached
