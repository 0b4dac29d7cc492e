"""What two sets of policies decide differently in one cell, in boxes of its regions."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tenantctl.cedar.decide import IAM
from tenantctl.cedar.diff.known import Known
from tenantctl.cedar.diff.wording import phrase
from tenantctl.cedar.regions.axis import Axis, Form
from tenantctl.cedar.regions.boxes import Box, TooManyBoxesError, cover, intersection, same, without
from tenantctl.cedar.regions.matching import full, matching
from tenantctl.cedar.regions.space import Cell, cut
from tenantctl.cedar.statement import Effect, Statement, parse
from tenantctl.domain.tools import Tool

ANY_TIER = "any tier"
BY_IAM = "callers by IAM"


@dataclass(frozen=True, slots=True)
class Part:
    """A box of calls of a cell; `callers` says whose, `tier` and `tiers` as in `Difference`."""

    allowed: bool
    cell: Cell
    box: Box
    tier: str | None
    tiers: tuple[str, ...]
    callers: str

    def sort_key(self, place: int) -> tuple[object, ...]:
        """Known tiers first, by name; tools in their order; what becomes allowed first."""
        who = (self.tier is None, self.tier or "", self.callers)
        return (*who, place, self.cell.action, self.cell.gateway, not self.allowed, self.box)


def parts(
    old: Mapping[str, str], new: Mapping[str, str], tools: Mapping[str, Tool], known: Known
) -> tuple[list[Part], tuple[str, ...]]:
    """All that changes between two sets of statements by id, and what may be missing, in words.

    Raises `PolicyInvalidError` for text that isn't one statement.
    """
    both = _together(old, new)
    found: list[Part] = []
    beyond: dict[str, None] = {}
    space = cut(both.policies, tools, known=known.tier_cuts, gateways=known.places, limit=None)
    for cell in space.cells:
        here = set(cell.reads)
        if both.was & here == both.will & here:
            continue
        some, more = _changes(cell, both, known)
        found += some
        beyond.update(dict.fromkeys((*cell.beyond, *more)))
    return found, tuple(beyond)


@dataclass(frozen=True, slots=True)
class _Both:
    """_Both sets together; a statement that is in both is one, whatever it is called."""

    policies: dict[str, Statement]
    was: set[str]
    will: set[str]


def _together(old: Mapping[str, str], new: Mapping[str, str]) -> _Both:
    policies: dict[str, Statement] = {}
    labels: dict[str, str] = {}
    sides: list[set[str]] = []
    for texts, suffix in ((new, ""), (old, " before")):
        side: set[str] = set()
        for name, text in texts.items():
            statement = parse(text, name)
            label = labels.setdefault(_meaning(statement), _free(name, suffix, policies))
            policies.setdefault(label, statement)
            side.add(label)
        sides.append(side)
    return _Both(policies, was=sides[1], will=sides[0])


def _free(name: str, suffix: str, taken: Container[str]) -> str:
    while name in taken:
        name = f"{name}{suffix or ' again'}"
    return name


def _meaning(policy: Statement) -> str:
    """Equal for statements that differ at most in annotations and layout."""
    conditions = [(condition.kind, condition.body) for condition in policy.conditions]
    head = repr((policy.effect, policy.principal, policy.action, policy.resource))
    return head + json.dumps(conditions, sort_keys=True)


def _changes(cell: Cell, both: _Both, known: Known) -> tuple[list[Part], tuple[str, ...]]:
    """The calls of the cell that fare differently, and what may be missing, in words."""
    try:
        boxes, beyond = matching(cell, {name: both.policies[name] for name in cell.reads})
        was, will = (_side(boxes, both.policies, names) for names in (both.was, both.will))
        gained = _by_tier(cell, _gained(was, will), known, allowed=True)
        lost = _by_tier(cell, _gained(will, was), known, allowed=False)
        found = [*gained, *lost]
    except TooManyBoxesError:
        return [], (f"{cell.action}: too many kinds of calls to compare",)
    return found, beyond


@dataclass(frozen=True, slots=True)
class _Side:
    permits: list[Box]
    forbids: list[Box]


def _side(
    boxes: Mapping[str, list[Box]], policies: Mapping[str, Statement], names: Container[str]
) -> _Side:
    side = _Side([], [])
    for name, matched in boxes.items():
        if name in names:
            permits = policies[name].effect is Effect.PERMIT
            (side.permits if permits else side.forbids).extend(matched)
    return side


def _gained(was: _Side, will: _Side) -> list[Box]:
    """What `will` allows and `was` doesn't.

    That takes a permit that wasn't, or a forbid that isn't any more.
    """
    permitted = [box for box in will.permits if box not in was.permits]
    forbidden = [box for box in was.forbids if box not in will.forbids]
    fresh = without(without(permitted, was.permits), will.forbids)
    freed = without(intersection(will.permits, forbidden), will.forbids)
    return [*fresh, *freed]


def _by_tier(cell: Cell, boxes: Sequence[Box], known: Known, *, allowed: bool) -> Iterator[Part]:
    """The boxes by whose callers' they are: of each tier, of none, or of any alike."""
    if cell.caller == IAM:
        for box in cover(boxes, full(cell)):
            yield Part(allowed, cell, box, None, (), BY_IAM)
        return
    number = next((n for n, a in enumerate(cell.axes) if a.attribute == known.attribute), None)
    if number is None:
        for box in cover(boxes, full(cell)):
            yield Part(allowed, cell, box, None, known.tiers, ANY_TIER)
        return
    axis = cell.axes[number]
    for places, some in _alike(boxes, number, len(axis.regions)):
        covered = cover(some, _on(full(cell), number, 1))
        for who in _callers(axis, places):
            mask = sum(1 << place for place in who)
            texts = [axis.regions[p].value for p in who if axis.regions[p].form is Form.TEXT]
            tiers = tuple(one for one in known.tiers if one in texts)
            tier = texts[0] if len(who) == 1 and texts else None
            name = tier or phrase(axis, who) or ANY_TIER
            for box in covered:
                yield Part(allowed, cell, _on(box, number, mask), tier, tiers, name)


def _alike(boxes: Sequence[Box], number: int, size: int) -> list[tuple[list[int], list[Box]]]:
    """The regions of one axis by what the boxes hold there, those without any left out."""
    groups: list[tuple[list[int], list[Box]]] = []
    for place in range(size):
        there = [_on(box, number, 1) for box in boxes if box[number] >> place & 1]
        known = next((places for places, other in groups if same(there, other)), None)
        if known is not None:
            known.append(place)
        elif there:
            groups.append(([place], there))
    return groups


def _callers(axis: Axis, places: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All together when that is everybody; else tier by tier, and those of no known tier."""
    if len(places) == len(axis.regions):
        yield tuple(places)
        return
    named = [place for place in places if axis.regions[place].form is Form.TEXT]
    yield from ((place,) for place in named)
    rest = tuple(place for place in places if place not in named)
    if rest:
        yield rest


def _on(box: Box, number: int, mask: int) -> Box:
    return (*box[:number], mask, *box[number + 1 :])
