"""Two readings of one word: what a policy admits under t's tags, and what belongs to u.

If in every word that both readings share some occurrence of t covers exactly an occurrence of u,
then t = u, and nothing of another tenant is reached. That is decided by walking the product of
both automata once; what is kept along the way is, for each pair of occurrences, whether they have
come apart. A listing's prefix is a word that ends before the key does: the policy's side stops
at the cut, the owner's side goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import islice, product

from tenantctl.proof.automata.letters import Alphabet
from tenantctl.proof.automata.shape import OUTSIDE, Avoided, Move, Shape, letters_in

_MOST_STATES = 150_000
_MOST_SEARCHED = 60_000
_MOST_WALKED = 20_000
_VISITS = 12
_ALIKE = 3


class TooLargeError(Exception):
    """The product has more states than can be walked."""


@dataclass(frozen=True, slots=True)
class Parse:
    """One word on which occurrences of both sides come apart (or meet nowhere).

    `word` is the policy's word, `whole` the owner's key that it is, or is a prefix of. `owner`
    and `actor` hold each variable's values, one for each occurrence that took part.
    """

    word: str
    whole: str
    owner: tuple[tuple[str, str], ...]
    actor: tuple[tuple[str, str], ...]


_Node = tuple[int, tuple[int, ...], int, bool]
"""The owner's state, the sides' states, the pairs that came apart (as bits), whether cut."""


@dataclass(frozen=True, slots=True)
class _Step:
    letter: int
    owner: Move
    sides: tuple[Move, ...]


def _letter(step: tuple[_Step | None, _Node]) -> int:
    """Letters that people like come first in an alphabet."""
    return -1 if step[0] is None else step[0].letter


_Path = tuple["_Path", _Step | None] | None
"""The steps of a walk, the last one outermost; walks that begin alike share what they have."""


def _steps_of(path: _Path) -> tuple[_Step | None, ...]:
    found: list[_Step | None] = []
    while path is not None:
        path, step = path
        found.append(step)
    return tuple(reversed(found))


class Product:
    """The owner's shape beside the policy's: all of `sides` must admit the word.

    `same` names the variable whose occurrences on both sides are compared; with `None` any shared
    word counts. With `prefix` the policy's word may end anywhere in the owner's.
    """

    def __init__(
        self,
        owner: Shape,
        sides: Sequence[Shape | Avoided],
        *,
        same: str | None,
        prefix: bool = False,
    ) -> None:
        self._owner = owner
        self._sides = tuple(sides)
        self._prefix = prefix
        # Occurrences to compare: the owner's label, the side, the side's label.
        self._pairs = tuple(
            (mine, number, theirs)
            for mine, name in enumerate(owner.slots)
            if name == same
            for number, side in enumerate(self._sides)
            for theirs, other in enumerate(side.slots)
            if other == same
        )
        self._all_apart = (1 << len(self._pairs)) - 1

    def apart(self) -> Product:
        """The same, with any shared word counting."""
        return Product(self._owner, self._sides, same=None, prefix=self._prefix)

    def separated(self) -> bool:
        """Whether no word puts different values on both sides. Raises `TooLargeError`."""
        waiting = self._starts()
        seen = set(waiting)
        while waiting:
            node = waiting.pop()
            if self._found(node):
                return False
            for _, after in self._steps(node, alike=1):
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
            if len(seen) > _MOST_STATES:
                raise TooLargeError
        return True

    def parses(self, alphabet: Alphabet, most: int) -> Iterator[Parse]:
        """Up to `most` parses, shortest first; several for each state, as one may be refused.

        The first that are found may put equal values on both sides, at different places.
        """
        left = self._left()
        visits: dict[_Node, int] = {}
        # The shortest first, and of those the ones that are nearest their end: a straight way.
        queue: list[tuple[int, int, int, _Node, _Path]] = [
            (left[node], left[node], number, node, None)
            for number, node in enumerate(self._starts())
            if node in left
        ]
        heapify(queue)
        given, pushed = 0, len(queue)
        for _ in range(_MOST_WALKED):
            if not queue:
                return
            length, ahead, _, node, path = heappop(queue)
            visits[node] = visits.get(node, 0) + 1
            if visits[node] > _VISITS:
                continue
            if self._found(node):
                yield self._parse(alphabet, _steps_of(path))
                given += 1
                if given == most:
                    return
            behind = length - ahead + 1
            for step, after in sorted(self._steps(node, alike=_ALIKE), key=_letter):
                if after in left:
                    pushed += 1
                    to_go = left[after]
                    heappush(queue, (behind + to_go, to_go, pushed, after, (path, step)))

    def _left(self) -> dict[_Node, int]:
        """How many steps are left to an end, from every node that has one, as far as is looked."""
        before: dict[_Node, list[_Node]] = {node: [] for node in self._starts()}
        for node in (order := list(before)):
            for _, after in self._steps(node, alike=1):
                if after in before:
                    before[after].append(node)
                elif len(before) < _MOST_SEARCHED:
                    before[after] = [node]
                    order.append(after)
        found = dict.fromkeys(filter(self._found, order), 0)
        for node in (reached := list(found)):
            for earlier in before[node]:
                if earlier not in found:
                    found[earlier] = found[node] + 1
                    reached.append(earlier)
        return found

    def _starts(self) -> list[_Node]:
        combined = product(*(side.starts for side in self._sides))
        return [(o, s, 0, False) for s in combined for o in self._owner.starts]

    def _found(self, node: _Node) -> bool:
        owner, states, apart, cut = node
        return (
            apart == self._all_apart
            and self._owner.accepting(owner)
            and (cut or self._admitted(states))
        )

    def _admitted(self, states: tuple[int, ...]) -> bool:
        return all(side.accepting(s) for side, s in zip(self._sides, states, strict=True))

    def _steps(self, node: _Node, *, alike: int) -> Iterator[tuple[_Step | None, _Node]]:
        """Every next node; `None` stands for the cut, which takes no character.

        Of letters that lead alike so many are taken: one shows where a word may lead, several
        that values of the same length may differ.
        """
        owner, states, apart, cut = node
        if self._prefix and not cut and self._admitted(states):
            yield None, (owner, (), apart, True)
        for bits, owners, choices in self._leads(node):
            for letter in islice(letters_in(bits), alike):
                for chosen in product(*choices):
                    after = tuple(move.state for move in chosen)
                    for mine in owners:
                        now = apart | self._came_apart(mine, chosen)
                        yield _Step(letter, mine, chosen), (mine.state, after, now, cut)

    def _leads(
        self, node: _Node
    ) -> Iterator[tuple[int, tuple[Move, ...], tuple[tuple[Move, ...], ...]]]:
        """Letters that lead alike on all sides, and the moves of the owner and of each side."""
        owner, states, _, cut = node
        for bits, owners in self._owner.leads(owner):
            met: list[tuple[int, tuple[tuple[Move, ...], ...]]] = [(bits, ())]
            for side, state in () if cut else zip(self._sides, states, strict=True):
                met = [
                    (shared, (*choices, moves))
                    for letters, choices in met
                    for more, moves in side.leads(state)
                    if (shared := letters & more)
                ]
            yield from ((letters, owners, choices) for letters, choices in met)

    def _came_apart(self, mine: Move, chosen: tuple[Move, ...]) -> int:
        """The pairs of which one side takes a character that the other doesn't.

        One that differs in case keeps the values from being equal, too.
        """
        bits = 0
        for bit, (label, number, theirs) in enumerate(self._pairs):
            here = mine.label == label
            there = bool(chosen) and chosen[number].label == theirs
            if here is not there or (here and chosen[number].taken is not None):
                bits |= 1 << bit
        return bits

    def _parse(self, alphabet: Alphabet, path: tuple[_Step | None, ...]) -> Parse:
        end = path.index(None) if None in path else len(path)
        steps = [step for step in path if step is not None]
        owner: dict[int, list[int]] = {}
        actor: dict[tuple[int, int], list[int]] = {}
        for step in steps:
            if step.owner.label != OUTSIDE:
                owner.setdefault(step.owner.label, []).append(step.letter)
            for number, move in enumerate(step.sides):
                if move.label != OUTSIDE:
                    actor.setdefault((number, move.label), []).append(
                        step.letter if move.taken is None else move.taken
                    )
        letters = [step.letter for step in steps]
        return Parse(
            word=alphabet.word(letters[:end]),
            whole=alphabet.word(letters),
            owner=tuple((self._owner.slots[k], alphabet.word(v)) for k, v in owner.items()),
            actor=tuple((self._sides[n].slots[k], alphabet.word(v)) for (n, k), v in actor.items()),
        )
