"""One string for every way in which strings can match some `like` patterns.

A pattern is read letter by letter as a set of places in it that may have been reached. All
patterns are read at once, over the letters that they hold and one that none holds, so that the
first string found for each way is a shortest one.
https://docs.cedarpolicy.com/policies/syntax-operators.html#like-string-matching-with-wildcard
"""

from __future__ import annotations

from collections.abc import Sequence

from tenantctl.cedar.regions.operand import Pattern

MAX_STATES = 2_000
"""Joint states after which the search is given up: some tens of milliseconds."""


def witnesses(patterns: Sequence[Pattern]) -> dict[tuple[bool, ...], str] | None:
    """A string by which of the patterns it matches; None when there is too much to search."""
    letters = sorted({letter for pattern in patterns for letter in pattern if letter is not None})
    letters.append(_fresh(letters))
    start = tuple(_closed(pattern, 1) for pattern in patterns)
    seen = {start}
    queue = [(start, "")]
    found: dict[tuple[bool, ...], str] = {}
    for state, text in queue:
        accepted = tuple(
            bool(places >> len(pattern) & 1)
            for pattern, places in zip(patterns, state, strict=True)
        )
        found.setdefault(accepted, text)
        for letter in letters:
            after = tuple(
                _read(pattern, places, letter)
                for pattern, places in zip(patterns, state, strict=True)
            )
            if after not in seen:
                if len(seen) >= MAX_STATES:
                    return None
                seen.add(after)
                queue.append((after, text + letter))
    return found


def _read(pattern: Pattern, places: int, letter: str) -> int:
    """The places after one more letter; bit n says that the first n parts are matched."""
    after = 0
    for place, part in enumerate(pattern):
        if places >> place & 1:
            if part is None:
                after |= 1 << place
            elif part == letter:
                after |= 1 << (place + 1)
    return _closed(pattern, after)


def _closed(pattern: Pattern, places: int) -> int:
    """Wildcards match nothing too."""
    for place, part in enumerate(pattern):
        if part is None and places >> place & 1:
            places |= 1 << (place + 1)
    return places


def _fresh(letters: Sequence[str]) -> str:
    """A letter that is none of these, readable while there is one."""
    readable = "xyzabcdefghijklmnopqrstuvw0123456789"
    candidates: tuple[str, ...] = (*readable, *map(chr, range(0xE000, 0xF8FF)))
    return next(letter for letter in candidates if letter not in letters)
