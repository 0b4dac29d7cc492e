"""What must be so for a condition to hold, and for it to fail: as much of it as can be decided.

Whatever can't be decided is left out, which makes the set of admitted requests larger, never
smaller: a proof stays a proof, and a witness is confirmed by the evaluator before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tenantctl.proof.shape import Form


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


Constraint = Match | Value
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
    subject = constraint.track if isinstance(constraint, Match) else constraint.variable
    return (
        str(subject),
        not constraint.admitted,
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
