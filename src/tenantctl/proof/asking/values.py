"""The values that a session's and an owner's variables may have: formats, and what narrows them.

A proof first tries formats with their long repetitions opened (`{0,61}` read as any number):
that admits more values, so what is proved for them holds, and the automata stay small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tenantctl.proof.automata.dfa import Dfa, both, of_format, of_word, of_words
from tenantctl.proof.automata.formats import ANY_TAG, Either, Node, One, Repeat, Then
from tenantctl.proof.automata.letters import Alphabet, Letters
from tenantctl.proof.automata.shape import Form, Wild
from tenantctl.proof.ways.constraint import Value

TENANT = "tenant"
USER = "user"
PART = "part"
"""A Region or an id in an ARN: no tag's value, and only on the owner's side."""

BASE = "base"
"""What a service assigns: a knowledge base's id, the end of a memory's, likewise."""

_LONG = 4
_EVERY = Letters((), negated=True)
_BEYOND_ASCII = "é"


@dataclass(frozen=True, slots=True)
class Values:
    """The formats of the variables on one side, over one alphabet. `empty` says which may be `""`.

    Whatever the format says, a value is one that STS takes.
    """

    alphabet: Alphabet
    formats: Mapping[str, Node]
    empty: frozenset[str] = frozenset()
    _made: dict[object, Dfa] = field(default_factory=dict, repr=False, compare=False)

    def of(self, variable: str, narrowed: Iterable[Value] = (), *, loose: bool = False) -> Dfa:
        """The values of a variable that fulfil these constraints."""
        asked = frozenset(narrowed)
        key = (variable, asked, loose)
        if key not in self._made:
            made = self._plain(variable, loose=loose)
            for value in asked:
                if value.admitted:
                    made = both(made, self._admitted(value))
            for fold in (False, True):  # what is refused is refused all at once
                refused = [v.forms for v in asked if not v.admitted and v.fold is fold]
                if refused:
                    one = Value(variable, frozenset().union(*refused), admitted=False, fold=fold)
                    made = both(made, self._admitted(one), without=True)
            self._made[key] = made
        return self._made[key]

    def all(self, narrowed: Iterable[Value], *, loose: bool = False) -> dict[str, Dfa]:
        """The values of every variable; constraints count for the variable that they name."""
        asked = tuple(narrowed)
        return {
            name: self.of(name, (v for v in asked if v.variable == name), loose=loose)
            for name in self.formats
        }

    @property
    def places(self) -> dict[str, Dfa]:
        """What stands in a resource's ARN without being anybody's."""
        return {name: self.of(name) for name in (PART, BASE) if name in self.formats}

    def words(self, values: Mapping[str, str]) -> dict[str, Dfa]:
        """Each variable with its one value."""
        return {name: self._word(value) for name, value in values.items()}

    def _word(self, value: str) -> Dfa:
        key = ("word", value)
        if key not in self._made:
            self._made[key] = of_word(value, self.alphabet)
        return self._made[key]

    def accepts(self, variable: str, text: str, narrowed: Iterable[Value] = ()) -> bool:
        """Whether a text whose characters are literals of the alphabet is such a value."""
        numbers = [self.alphabet.find(sign) for sign in text]
        known = [n for n in numbers if n is not None]
        mine = (v for v in narrowed if v.variable == variable)
        return len(known) == len(numbers) and self.of(variable, mine).accepts(known)

    def foldable(self, variable: str) -> bool:
        """Whether case can be ignored exactly: the values hold no letters beyond ASCII."""
        number = self.alphabet.find(_BEYOND_ASCII)
        rows = self.of(variable).rows
        return number is None or all(row[number] < 0 for row in rows)

    def _plain(self, variable: str, *, loose: bool) -> Dfa:
        key = (variable, loose)
        if key not in self._made:
            node = self.formats[variable]
            made = of_format(loosened(node) if loose else node, self.alphabet)
            if node is not ANY_TAG:
                made = both(made, of_format(ANY_TAG, self.alphabet))
            if variable not in self.empty:
                made = both(made, of_words(("",), self.alphabet), without=True)
            self._made[key] = made
        return self._made[key]

    def _admitted(self, value: Value) -> Dfa:
        key = (value.forms, value.fold)
        if key not in self._made:
            node = Either(tuple(_node(form, fold=value.fold) for form in value.forms))
            self._made[key] = of_format(node, self.alphabet)
        return self._made[key]


def loosened(node: Node) -> Node:
    """A format that admits at least as much, with no long repetition in it."""
    match node:
        case Repeat(part, low, high):
            long = high is not None and high > _LONG
            return Repeat(loosened(part), min(low, 1), None if long else high)
        case Then(parts):
            return Then(tuple(loosened(p) for p in parts))
        case Either(parts):
            return Either(tuple(loosened(p) for p in parts))
    return node


def _node(form: Form, *, fold: bool) -> Node:
    """A form without slots as a format."""
    parts: list[Node] = []
    for part in form:
        if part is Wild.ANY:
            parts.append(Repeat(One(_EVERY), 0, None))
        elif part is Wild.ONE:
            parts.append(One(_EVERY))
        elif isinstance(part, str):
            for sign in part:
                cases = {sign, *((sign.lower(), sign.upper()) if fold else ())}
                codes = tuple((ord(c), ord(c)) for c in sorted(cases) if len(c) == 1)
                parts.append(One(Letters(codes)))
    return Then(tuple(parts))
