"""How a session's tags may be spelt: their keys ignore case, but `aws:TagKeys` holds them as given.

A policy's `aws:PrincipalTag/clinicid` finds the tag `ClinicId`, while `StringEquals` on
`aws:TagKeys` tells the two apart. So whoever makes a session picks the spelling that the trust
policy lets in. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

from tenantctl.iam.conditions.condition import Condition
from tenantctl.iam.policy import Statement
from tenantctl.proof.asking.keys import TAG_KEYS

_MOST_CASES = 4_096
_MOST_SPELLINGS = 16
"""How much is looked at for one tag: so many comparisons, so many spellings."""

_Answers = tuple[bool | None, ...]


class TooManySpellingsError(Exception):
    """The statements tell more spellings of a tag apart than can be looked at."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """The spellings between which statements tell, by their conditions on the keys of tags.

    `key` is the condition key that holds them. Raises `TooManySpellingsError`.
    """

    statements: tuple[Statement, ...]
    key: str = TAG_KEYS
    _found: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, tags: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The keys of the tags in every spelling that matters, as they are given first."""
        yield from product(*(self.of_one(tag) for tag in tags))

    def of_one(self, tag: str) -> tuple[str, ...]:
        """The same for one tag."""
        if tag not in self._found:
            self._found[tag] = self._of(tag)
        return self._found[tag]

    def _of(self, tag: str) -> tuple[str, ...]:
        asked = [
            (statement.allow, condition)
            for statement in self.statements
            for condition in statement.conditions
            if isinstance(condition, Condition) and condition.key == self.key
        ]
        conditions = list(dict.fromkeys(condition for _, condition in asked))
        values = dict.fromkeys(value for condition in conditions for value in condition.values)
        written = (spelt for value in values if (spelt := as_in(value, tag)) is not None)
        cases = dict.fromkeys((tag, *written, tag.lower(), tag.upper(), tag.swapcase()))
        if len(cases) * len(conditions) > _MOST_CASES:
            raise TooManySpellingsError
        found: dict[_Answers, str] = {}
        for spelt in cases:
            answers = tuple(c.comparison.matches(spelt, {}) for c in conditions)
            found.setdefault(answers, spelt)
        # Where a match can only let in, what matches least is of no use to anybody.
        if all(allow and not condition.negated for allow, condition in asked):
            found = {a: s for a, s in found.items() if not any(_beats(o, a) for o in found)}
        if len(found) > _MOST_SPELLINGS:
            raise TooManySpellingsError
        return tuple(found.values())


def _beats(one: _Answers, other: _Answers) -> bool:
    """Whether one spelling matches wherever the other does, and elsewhere too."""
    return one != other and all(a is True or b is False for a, b in zip(one, other, strict=True))


def as_in(value: str, tag: str) -> str | None:
    """The tag spelt as a policy's value has it; `None` if they differ by more than case.

    `*` and `?` stand for what the tag has there: `Clinic*` makes `ClinicId` of `clinicId`.
    """
    spelt = list(tag)
    segments = value.split("*")
    at = 0
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        starts: Iterable[int] = range(at, len(tag) - len(segment) + 1)
        if index == 0:
            starts = [0]
        elif last:
            starts = [start] if (start := len(tag) - len(segment)) >= at else []
        place = next((start for start in starts if _stands(segment, tag, start)), None)
        if place is None:
            return None
        for offset, sign in enumerate(segment):
            if sign != "?":
                spelt[place + offset] = sign
        at = place + len(segment)
    return "".join(spelt) if at == len(tag) or len(segments) > 1 else None


def _stands(segment: str, tag: str, start: int) -> bool:
    there = tag[start : start + len(segment)]
    return len(there) == len(segment) and all(
        sign in {"?", own} or sign.lower() == own.lower()
        for sign, own in zip(segment, there, strict=True)
    )
