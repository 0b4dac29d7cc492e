"""How much work a case can make, told before it is done: no decision may take a second.

A pattern's matching is linear, but a case may hold many of them and many values to match. What is
bounded here are products of both, far above what AWS itself takes in its policies and requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenantctl.iam.request import Context

LARGEST = 2_000_000
"""Bytes of a case."""

_MOST_COMMAS = 20_000
_CEILINGS = (64_000, 16_000, 4_000, 1_000)

_COMPARISONS = 60_000  # texts of the policies, times values of the request
_SCANNED = 200_000_000  # texts of the policies, times characters of the request
_SOUGHT = 1_500_000  # the same for patterns with `?`, which are sought place by place
_FILLED = 200_000_000  # variables, times the longest value, times the values compared with each

_escapes = re.compile(rb"\\.", re.DOTALL).findall  # from the left, so a run's are told in pairs


def strings(text: bytes) -> int:
    """How many strings a JSON text has, its keys included; half a one for a missing mark."""
    marks = text.count(b'"')
    if b"\\" in text:
        marks -= _escapes(text).count(b'\\"')
    return marks >> 1 if not marks & 1 else -1


@dataclass(frozen=True, slots=True)
class Weight:
    """What policies ask of an evaluation: their strings, those with `?`, and their variables.

    Each is at least what it says: an escaped character counts as any.
    """

    strings: int
    sought: int
    variables: int
    commas: int

    @classmethod
    def of(cls, texts: Iterable[bytes]) -> Weight:
        """The weight of the JSON texts of policies."""
        total = sought = variables = commas = 0
        for text in texts:
            total += text.count(b'"') // 2
            sought += sum(b"?" in piece or b"\\u" in piece for piece in text.split(b'"'))
            variables += text.count(b"{") + text.count(b"\\u")
            commas += text.count(b",")
        return cls(total, sought, variables, commas)

    @property
    def readable(self) -> bool:
        """Whether policies of this weight are read in a fraction of a second."""
        return self.commas <= _MOST_COMMAS

    @property
    def ceiling(self) -> int:
        """Bytes of a request that is certainly not too much; 0 if there is no such size."""
        return next((n for n in _CEILINGS if self._bears(n, n // 3, n)), 0)

    def bears(self, resource: str, context: Context) -> bool:
        """Whether a request can be decided soon."""
        values = max(map(len, context.values()), default=1)
        longest = max((len(v) for found in context.values() for v in found), default=0)
        return self._bears(len(resource) + _characters(context), values, longest)

    def _bears(self, characters: int, values: int, longest: int) -> bool:
        return (
            self.strings * values <= _COMPARISONS
            and self.strings * characters <= _SCANNED
            and self.sought * characters <= _SOUGHT
            and self.variables * values * (longest + 100) <= _FILLED
        )


def _characters(context: Mapping[str, tuple[str, ...]]) -> int:
    return sum(len(v) for found in context.values() for v in found)
