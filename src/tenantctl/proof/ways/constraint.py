"""What must be so for a condition to hold, and for it to fail: as much of it as can be decided.

Whatever can't be decided is left out, which makes the set of admitted requests larger, never
smaller: a proof stays a proof, and a witness is confirmed by the evaluator before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tenantctl.proof.automata.shape import Form


class Track(StrEnum):
    """The texts of a request that are still open when its constraints are collected."""

    WORD = "word"  # what names the owner: a key, a prefix, an actor, a namespace, a tag
    RESOURCE = "resource"  # the resource, where it isn't the word itself


@dataclass(frozen=True, slots=True)
class Match:
    """A track's text has one of these forms (or none of them)."""

    track: Track
    forms: frozenset[Form]
    admitted: bool = True
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """The session's variable has one of these forms (or none of them); they have no slots."""

    variable: str
    forms: frozenset[Form]
    admitted: bool = True
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Unlike:
    """A track's text has none of these forms, of which some have slots.

    That can't be complemented, so no more is made of it than that it rules out a match of them.
    """

    track: Track
    forms: frozenset[Form]
    fold: bool = False

    def rules_out(self, other: Constraint) -> bool:
        """Whether the other can't be so at the same time."""
        return (
            isinstance(other, Match)
            and other.admitted
            and other.track is self.track
            and (self.fold or not other.fold)
            and other.forms <= self.forms
        )


Constraint = Match | Value | Unlike
Cube = frozenset[Constraint]
"""All of these at once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must be so if a condition holds, and if it fails; `None` where it can't be."""

    holds: Cube | None
    fails: Cube | None

    def inverted(self) -> Outcome:
        """The outcome of the opposite."""
        return Outcome(self.fails, self.holds)


_NOTHING: Cube = frozenset()
TRUE = Outcome(_NOTHING, None)
FALSE = Outcome(None, _NOTHING)
OPEN = Outcome(_NOTHING, _NOTHING)


def ordered(cube: Iterable[Constraint]) -> list[Constraint]:
    """Constraints in an order that doesn't hang on hashes, so that reports don't either."""
    return sorted(cube, key=_place)


def in_order(cubes: Iterable[Cube]) -> list[Cube]:
    """Cubes, the simplest first."""
    return sorted(cubes, key=lambda cube: (len(cube), [_place(c) for c in ordered(cube)]))


def _place(constraint: Constraint) -> tuple[str, bool, bool, list[str]]:
    subject = constraint.variable if isinstance(constraint, Value) else constraint.track
    return (
        str(subject),
        isinstance(constraint, Unlike) or not constraint.admitted,
        constraint.fold,
        sorted(map(repr, constraint.forms)),
    )


def certain(*, answer: bool) -> Outcome:
    """The outcome of what is known."""
    return TRUE if answer else FALSE


def all_of(outcomes: list[Outcome]) -> Cube | None:
    """What must be so if all hold; `None` if they can't."""
    found: set[Constraint] = set()
    for outcome in outcomes:
        if outcome.holds is None:
            return None
        found |= outcome.holds
    return frozenset(found)
