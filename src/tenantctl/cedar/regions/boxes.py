"""Sets of regions as boxes: for each axis the regions that it may be in, as bits.

A list of boxes stands for all points in any of them. Nothing here knows what an axis is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

Box = tuple[int, ...]
"""For each axis a number whose bit n is set when region n belongs to the box."""

_MAX_WIDENED = 200
"""Boxes that are tried to be made larger; more are only merged."""


class TooManyBoxesError(Exception):
    """A set takes more boxes than there is time for."""


MAX_BOXES = 20_000


def meet(one: Box, other: Box) -> Box | None:
    """What two boxes have in common."""
    common = tuple(a & b for a, b in zip(one, other, strict=True))
    return common if all(common) else None


def intersection(some: Iterable[Box], others: Sequence[Box]) -> list[Box]:
    """What two sets have in common; raises `TooManyBoxesError`."""
    found: list[Box] = []
    for one in some:
        found.extend(both for other in others if (both := meet(one, other)) is not None)
        _bound(found)
    return found


def without(some: Iterable[Box], others: Iterable[Box]) -> list[Box]:
    """What is in the first set and not in the second, as boxes that don't overlap if some don't.

    Raises `TooManyBoxesError`.
    """
    left = list(some)
    for other in others:
        left = [piece for one in left for piece in _carve(one, other)]
        _bound(left)
    return left


def apart(some: Iterable[Box]) -> list[Box]:
    """The same set as boxes that don't overlap; raises `TooManyBoxesError`."""
    done: list[Box] = []
    for one in some:
        done.extend(without([one], done))
        _bound(done)
    return done


def merged(some: Iterable[Box]) -> list[Box]:
    """The same set, with boxes joined that differ on one axis alone; sorted."""
    boxes = set(some)
    while True:
        before = len(boxes)
        for axis in range(len(next(iter(boxes), ()))):
            groups: dict[Box, int] = {}
            for box in boxes:
                rest = (*box[:axis], 0, *box[axis + 1 :])
                groups[rest] = groups.get(rest, 0) | box[axis]
            boxes = {(*rest[:axis], bits, *rest[axis + 1 :]) for rest, bits in groups.items()}
        if len(boxes) == before:
            return sorted(boxes)


def cover(some: Iterable[Box], full: Box) -> list[Box]:
    """The same set as few boxes, each as large as the set allows; they may overlap."""
    pieces = merged(apart(some))
    if len(pieces) > _MAX_WIDENED:
        return pieces
    chosen: list[Box] = []
    for piece in sorted(pieces, key=lambda box: (-_size(box), box)):
        if without([piece], chosen):
            chosen.append(_widened(piece, pieces, full))
    for box in sorted(chosen, key=_size):
        rest = [other for other in chosen if other is not box]
        if not without([box], rest):
            chosen = rest
    return sorted(chosen)


def same(some: Sequence[Box], others: Sequence[Box]) -> bool:
    """Whether two sets hold the same points."""
    return not without(some, others) and not without(others, some)


def bits(number: int) -> Iterator[int]:
    """The places of the set bits, from the lowest."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _carve(one: Box, hole: Box) -> Iterator[Box]:
    """The rest of a box around another, in pieces that don't overlap."""
    if meet(one, hole) is None:
        yield one
        return
    rest = list(one)
    for axis, (a, b) in enumerate(zip(one, hole, strict=True)):
        if a & ~b:
            yield (*rest[:axis], a & ~b, *rest[axis + 1 :])
            rest[axis] = a & b


def _widened(box: Box, within: Sequence[Box], full: Box) -> Box:
    for axis, every in enumerate(full):
        for place in (None, *bits(every & ~box[axis])):
            more = every if place is None else box[axis] | 1 << place
            wider = (*box[:axis], more, *box[axis + 1 :])
            if not without([wider], within):
                box = wider
    return box


def _size(box: Box) -> int:
    return prod(part.bit_count() for part in box)


def _bound(boxes: Sequence[Box]) -> None:
    if len(boxes) > MAX_BOXES:
        raise TooManyBoxesError
