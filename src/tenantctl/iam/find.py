"""Find a segment with `?` in a text, in time that no pattern can blow up.

A segment is its pieces between `?`: `("ab", "c")` is `ab?c`. One without `?` is the text search
of Python, which is linear. One with `?` is sought window by window: the first places one by one,
the later ones all at once, as the bits of one number.
"""

from __future__ import annotations

from collections.abc import Sequence

_FIRST_WINDOW = 256
_GROWTH = 8
_FEW = 500
"""Surviving places times pieces that are cheaper to try one by one than by further bits."""


def width(pieces: Sequence[str]) -> int:
    """How many characters a segment spans."""
    return len(pieces[0]) if len(pieces) == 1 else sum(map(len, pieces)) + len(pieces) - 1


def at(pieces: Sequence[str], text: str, start: int) -> bool:
    """Whether the segment stands at `start` of the text."""
    for index, piece in enumerate(pieces):
        if index:
            start += 1
        if not text.startswith(piece, start):
            return False
        start += len(piece)
    return start <= len(text)


def find(pieces: Sequence[str], text: str, start: int, end: int) -> int:
    """The first place at or after `start` where the segment stands, ending by `end`; else -1."""
    if len(pieces) == 1:
        return text.find(pieces[0], start, end)
    span = width(pieces)
    window = _FIRST_WINDOW
    while start + span <= end:
        places = min(window, end - start - span + 1)
        if window == _FIRST_WINDOW:
            found = next((p for p in range(start, start + places) if at(pieces, text, p)), -1)
        else:
            found = _among(pieces, text[start : start + places + span - 1], places)
            found = found if found < 0 else start + found
        if found >= 0:
            return found
        start += places
        window *= _GROWTH
    return -1


def _among(pieces: Sequence[str], text: str, places: int) -> int:
    """The first of the text's `places` where the segment stands, or -1.

    Bit i of `alive` says that the segment may still stand at place i.
    """
    backwards = text[::-1]
    where: dict[str, int] = {}
    alive = (1 << places) - 1
    offset = 0
    for piece in pieces:
        for sign in piece:
            if sign not in where:
                # The first digit is the highest bit; reading base 2 takes linear time.
                where[sign] = int("1".join("0" * len(p) for p in backwards.split(sign)), 2)
            alive &= where[sign] >> offset
            offset += 1
        if alive.bit_count() * len(pieces) <= _FEW:
            break
        offset += 1
    survivors = bin(alive)[:1:-1]
    place = survivors.find("1")
    while place >= 0 and not at(pieces, text, place):
        place = survivors.find("1", place + 1)
    return place
