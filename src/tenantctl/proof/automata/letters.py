"""Characters by classes: one representative for all that no pattern and no format tells apart.

Sampling characters instead once "proved" false cases. A representative is exact: two characters
with the same answers from every set and in no literal text lead to the same runs everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

Item = tuple[int, int] | str
"""A range of code points (both ends included), or a category: `w`, `d`, `s`, `tag`, `dot`."""

_WORD = re.compile(r"\w")
_DIGIT = re.compile(r"\d")
_SPACE = re.compile(r"\s")
_TAG_SIGNS = frozenset("_.:/=+-@")


class UnsupportedError(Exception):
    """A format says something that can't be decided here; the text says what."""


def _in_category(name: str, sign: str) -> bool:
    match name:
        case "w":
            return _WORD.match(sign) is not None
        case "d":
            return _DIGIT.match(sign) is not None
        case "s":
            return _SPACE.match(sign) is not None
        case "dot":
            return sign != "\n"
    # What STS takes in a tag's value: \p{L} \p{Z} \p{N} and a few signs.
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
    return sign in _TAG_SIGNS or unicodedata.category(sign)[0] in "LZN"


@dataclass(frozen=True, slots=True)
class Letters:
    """A set of characters, as a format writes it."""

    items: tuple[Item, ...]
    negated: bool = False

    def hold(self, sign: str) -> bool:
        """Whether the character is one of them."""
        code = ord(sign)
        found = any(
            _in_category(item, sign) if isinstance(item, str) else item[0] <= code <= item[1]
            for item in self.items
        )
        return found is not self.negated


TAG = Letters(("tag",))
"""What a session tag's value is made of."""

# The order in which representatives are preferred: witnesses are read by people.
_PREFERRED = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ.@/:+= "
# One character outside ASCII for each way in which the categories can answer: letter, decimal,
# other number, space, line separator that is no \p{Z}, and what is none of them.
_BEYOND = "é٣½\u3000\x85€"
_LAST_ASCII = 127
_EACH = 2
"""Representatives of a class: two, so that two ids of one letter each can differ."""
_PRINTABLE = "".join(map(chr, range(33, _LAST_ASCII)))
_CONTROL = "".join(map(chr, (*range(33), _LAST_ASCII)))


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Representatives, one or two of each class; literal characters stand for themselves."""

    signs: tuple[str, ...]
    literals: frozenset[str]
    _number: dict[str, int] = field(compare=False, hash=False, repr=False)

    @classmethod
    def of(cls, literals: Iterable[str], sets: Iterable[Letters]) -> Alphabet:
        """The classes that these texts and sets distinguish.

        Raises `UnsupportedError` for ranges beyond ASCII beside categories, whose pieces can't be
        listed here.
        """
        known = tuple(dict.fromkeys((*sets, TAG)))
        ends = [i for s in known for i in s.items if not isinstance(i, str)]
        if any(high > _LAST_ASCII for _, high in ends):
            raise UnsupportedError("it names characters beyond ASCII")
        alone = frozenset(sign for text in literals for sign in text)
        universe = dict.fromkeys((*_PREFERRED, *_PRINTABLE, *_CONTROL, *_BEYOND))
        seen: Counter[tuple[bool, ...]] = Counter()
        chosen: list[str] = []
        for sign in universe:
            if sign in alone:
                continue
            answers = tuple(letters.hold(sign) for letters in known)
            seen[answers] += 1
            if seen[answers] <= _EACH:
                chosen.append(sign)
        signs = (*chosen, *sorted(alone))
        return cls(signs, alone, {sign: number for number, sign in enumerate(signs)})

    def number(self, sign: str) -> int:
        """The class of a literal character."""
        return self._number[sign]

    def find(self, sign: str) -> int | None:
        """The class of a character, if it has one of its own."""
        return self._number.get(sign)

    def word(self, numbers: Iterable[int]) -> str:
        """The text of a run."""
        return "".join(self.signs[n] for n in numbers)

    def holding(self, letters: Letters) -> frozenset[int]:
        """The classes inside a set."""
        return frozenset(n for n, sign in enumerate(self.signs) if letters.hold(sign))
