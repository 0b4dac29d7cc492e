"""Deterministic automata over an alphabet of representatives: formats, and what narrows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tenantctl.proof.automata.formats import Either, Node, One, Repeat, Then
from tenantctl.proof.automata.letters import Alphabet, UnsupportedError

DEAD = -1
"""The state from which nothing is accepted."""

_MOST_STATES = 4_000


@dataclass(frozen=True, slots=True)
class Dfa:
    """`rows[state][letter]` is the next state or `DEAD`; only live states are kept.

    `start` is `DEAD` for the empty language.
    """

    start: int
    rows: tuple[tuple[int, ...], ...]
    accepting: frozenset[int]
    _leads: dict[int, tuple[tuple[int, int], ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def leads(self, state: int) -> tuple[tuple[int, int], ...]:
        """Where a state leads: letters that lead alike as the bits of a number, and the state."""
        found = self._leads.get(state)
        if found is None:
            letters: dict[int, int] = {}
            for letter, after in enumerate(self.rows[state]):
                if after != DEAD:
                    letters[after] = letters.get(after, 0) | 1 << letter
            found = self._leads[state] = tuple((bits, after) for after, bits in letters.items())
        return found

    @property
    def empty(self) -> bool:
        """Whether no word is accepted."""
        return self.start == DEAD

    def accepts(self, numbers: Iterable[int]) -> bool:
        """Whether a word of letters is accepted."""
        state = self.start
        for number in numbers:
            if state == DEAD:
                return False
            state = self.rows[state][number]
        return state in self.accepting

    def listed(self, most: int) -> tuple[tuple[int, ...], ...] | None:
        """Every word, if there are at most so many."""
        found = tuple(self.words(most + 1))
        # A state is passed once for each word at most, so no word is missed up to the limit.
        return found if len(found) <= most else None

    def words(self, most: int) -> Iterator[tuple[int, ...]]:
        """Up to `most` of the shortest words, shortest first."""
        if self.empty:
            return
        queue: deque[tuple[int, tuple[int, ...]]] = deque([(self.start, ())])
        visits: dict[int, int] = {}
        given = 0
        while queue:
            state, word = queue.popleft()
            visits[state] = visits.get(state, 0) + 1
            if visits[state] > most:
                continue
            if state in self.accepting:
                yield word
                given += 1
                if given == most:
                    return
            queue.extend(
                (after, (*word, letter))
                for letter, after in enumerate(self.rows[state])
                if after != DEAD
            )


def of_format(node: Node, alphabet: Alphabet) -> Dfa:
    """The automaton of a format. Raises `UnsupportedError` if it would be too large."""
    nfa = _Nfa(alphabet)
    start, end = nfa.add(node)
    return nfa.determined(start, end)


def of_word(word: str, alphabet: Alphabet) -> Dfa:
    """The automaton of one word, made for thousands in a search: no state of it needs trimming."""
    dead = (DEAD,) * len(alphabet.signs)
    rows = [
        (*dead[:number], state, *dead[number + 1 :])
        for state, number in enumerate(map(alphabet.number, word), start=1)
    ]
    return Dfa(0, (*rows, dead), frozenset({len(word)}))


def of_words(words: Iterable[str], alphabet: Alphabet) -> Dfa:
    """The automaton of a few words. Every character must be a literal of the alphabet."""
    rows: list[list[int]] = [[DEAD] * len(alphabet.signs)]
    accepting: set[int] = set()
    for word in words:
        state = 0
        for sign in word:
            number = alphabet.number(sign)
            if rows[state][number] == DEAD:
                rows[state][number] = len(rows)
                rows.append([DEAD] * len(alphabet.signs))
            state = rows[state][number]
        accepting.add(state)
    return trimmed(0 if accepting else DEAD, rows, accepting)


def both(one: Dfa, other: Dfa, *, without: bool = False) -> Dfa:
    """The words of both; with `without`, those of `one` that `other` lacks."""
    if one.empty:
        return one
    numbers: dict[tuple[int, int], int] = {(one.start, other.start): 0}
    order = [(one.start, other.start)]
    rows: list[list[int]] = []
    accepting: set[int] = set()
    for here, there in order:
        row: list[int] = []
        for letter, after in enumerate(one.rows[here]):
            beside = DEAD if there == DEAD else other.rows[there][letter]
            if after == DEAD or (beside == DEAD and not without):
                row.append(DEAD)
                continue
            pair = (after, beside)
            if pair not in numbers:
                numbers[pair] = len(order)
                order.append(pair)
            row.append(numbers[pair])
        rows.append(row)
        if here in one.accepting and ((there in other.accepting) is not without):
            accepting.add(len(rows) - 1)
    return trimmed(0, rows, accepting)


def trimmed(start: int, rows: list[list[int]], accepting: set[int]) -> Dfa:
    """The same automaton with its live states alone."""
    before: list[set[int]] = [set() for _ in rows]
    for state, row in enumerate(rows):
        for after in row:
            if after != DEAD:
                before[after].add(state)
    live = set(accepting)
    waiting = list(accepting)
    while waiting:
        for state in before[waiting.pop()]:
            if state not in live:
                live.add(state)
                waiting.append(state)
    if start not in live:
        return Dfa(DEAD, (), frozenset())
    names = {state: number for number, state in enumerate(sorted(live))}
    names[DEAD] = DEAD
    return Dfa(
        names[start],
        tuple(tuple(names.get(after, DEAD) for after in rows[s]) for s in sorted(live)),
        frozenset(names[s] for s in accepting),
    )


class _Nfa:
    """Thompson's construction."""

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._silent: list[list[int]] = []
        self._moves: list[tuple[frozenset[int], int] | None] = []

    def add(self, node: Node) -> tuple[int, int]:
        """Add a format; its first and last state."""
        match node:
            case One(letters):
                start, end = self._state(), self._state()
                self._moves[start] = (self._alphabet.holding(letters), end)
                return start, end
            case Then(parts):
                start = end = self._state()
                for part in parts:
                    first, last = self.add(part)
                    self._silent[end].append(first)
                    end = last
                return start, end
            case Either(parts):
                start, end = self._state(), self._state()
                for part in parts:
                    first, last = self.add(part)
                    self._silent[start].append(first)
                    self._silent[last].append(end)
                return start, end
            case Repeat(part, low, high):
                return self._repeat(part, low, high)

    def _repeat(self, part: Node, low: int, high: int | None) -> tuple[int, int]:
        start = end = self._state()
        for _ in range(low):
            first, last = self.add(part)
            self._silent[end].append(first)
            end = last
        if high is None:
            first, last = self.add(part)
            after = self._state()
            self._silent[end] += [first, after]
            self._silent[last] += [first, after]
            return start, after
        after = self._state()
        for _ in range(high - low):
            self._silent[end].append(after)
            first, last = self.add(part)
            self._silent[end].append(first)
            end = last
        self._silent[end].append(after)
        return start, after

    def determined(self, start: int, end: int) -> Dfa:
        """The subset construction."""
        first = self._closure([start])
        numbers = {first: 0}
        order = [first]
        rows: list[list[int]] = []
        columns = self._columns()
        for states in order:
            moves = [m for m in (self._moves[state] for state in states) if m is not None]
            row = [DEAD] * len(self._alphabet.signs)
            for column in columns:
                after = frozenset(target for letters, target in moves if column[0] in letters)
                if not after:
                    continue
                target = self._closure(after)
                if target not in numbers:
                    numbers[target] = len(order)
                    order.append(target)
                for letter in column:
                    row[letter] = numbers[target]
            rows.append(row)
            if len(order) > _MOST_STATES:
                raise UnsupportedError("it is too large")
        accepting = {n for states, n in numbers.items() if end in states}
        return trimmed(0, rows, accepting)

    def _columns(self) -> list[list[int]]:
        """Letters that this format doesn't tell apart, together."""
        sets = list(dict.fromkeys(move[0] for move in self._moves if move is not None))
        groups: dict[tuple[bool, ...], list[int]] = {}
        for letter in range(len(self._alphabet.signs)):
            groups.setdefault(tuple(letter in s for s in sets), []).append(letter)
        return list(groups.values())

    def _closure(self, states: Iterable[int]) -> frozenset[int]:
        found = set(states)
        waiting = list(found)
        while waiting:
            for after in self._silent[waiting.pop()]:
                if after not in found:
                    found.add(after)
                    waiting.append(after)
        return frozenset(found)

    def _state(self) -> int:
        if len(self._moves) > 8 * _MOST_STATES:
            raise UnsupportedError("it is too large")
        self._silent.append([])
        self._moves.append(None)
        return len(self._moves) - 1
