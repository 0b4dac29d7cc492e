"""Which calls two sets of policies decide differently: newly allowed, and newly refused.

A call is allowed where a permit matches and no forbid does, so what a set allows follows from what
each of its policies matches (`cedar.matching`), region by region; nothing but the regions that
differ is listed, in boxes as large as they can be. Each is confirmed by asking Cedar with both
whole sets about the call that stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.diff.changes import Part, parts
from tenantctl.cedar.diff.known import Known
from tenantctl.cedar.diff.wording import HOURS, phrase
from tenantctl.cedar.regions.axis import Axis, Form
from tenantctl.cedar.regions.boxes import Box, bits
from tenantctl.cedar.regions.space import ANOTHER_GATEWAY, Cell
from tenantctl.domain.clock import HOUR_INPUT
from tenantctl.domain.tools import TOOLS, Tool

_NOTHING = Known()


@dataclass(frozen=True, slots=True)
class Difference:
    """Calls that the new set decides otherwise than the old one.

    `tier` is the one whose callers these are, None for callers without a known tier, or of any;
    `tiers` are all known tiers that it touches, `callers` says either in words. `tool` is the
    tool's name, or an action that no tool has. `where` says in words what else these calls have in
    common. `deciding` are the ids of the new set's policies that decide `example`, `before` those
    of the old set's; none are a refusal by default.
    """

    allowed: bool
    tier: str | None
    tool: str
    callers: str
    where: tuple[str, ...]
    example: ToolCall
    tiers: tuple[str, ...]
    deciding: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, in order; `beyond` says what may be missing, in words."""

    differences: tuple[Difference, ...]
    beyond: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether it is certain that both sets decide every call alike."""
        return not self.differences and not self.beyond


def compare(
    old: Mapping[str, str],
    new: Mapping[str, str],
    *,
    tools: Mapping[str, Tool] = TOOLS,
    known: Known = _NOTHING,
) -> Comparison:
    """Compare two sets of statements by id; both must name gateways alike.

    Raises `PolicyInvalidError` for text that isn't one statement.
    """
    found, beyond = parts(old, new, tools, known)
    order = {tool.action: number for number, tool in enumerate(tools.values())}
    found.sort(key=lambda part: part.sort_key(order.get(part.cell.action, len(order))))
    return Comparison(tuple(_confirmed(found, old, new, known)), beyond)


def _confirmed(
    found: Sequence[Part], old: Mapping[str, str], new: Mapping[str, str], known: Known
) -> Iterator[Difference]:
    """The differences, each with a call that Cedar itself decides so."""
    if not found:
        return
    calls = [_example(part.cell, part.box) for part in found]
    before, after = (Decider(side).decide_all(calls) for side in (old, new))
    for part, call, was, will in zip(found, calls, before, after, strict=True):
        if (was.allowed, will.allowed) != (not part.allowed, part.allowed):
            raise AssertionError(f"policies and their parts decide differently: {call}")
        yield Difference(
            allowed=part.allowed,
            tier=part.tier,
            tool=part.cell.action if part.cell.tool is None else part.cell.tool.name,
            callers=part.callers,
            where=tuple(_where(part, known)),
            example=call,
            tiers=part.tiers,
            deciding=will.deciding,
            before=was.deciding,
        )


def _where(part: Part, known: Known) -> Iterator[str]:
    at = known.gateways.get(part.cell.gateway)
    if part.cell.gateway == ANOTHER_GATEWAY:
        yield "at any other gateway"
    elif at is None:
        yield f"at {part.cell.gateway.rpartition('/')[2]}"
    elif at != part.tier:
        yield f"at {at}'s gateway"
    for axis, mask in zip(part.cell.axes, part.box, strict=True):
        if axis.attribute != known.attribute:
            said = phrase(axis, tuple(bits(mask)))
            if said is not None:
                yield said


def _example(cell: Cell, box: Box) -> ToolCall:
    """A call of the box as ordinary as can be."""
    pairs = zip(cell.axes, box, strict=True)
    return cell.call(tuple(_ordinary(cell, axis, bits(mask)) for axis, mask in pairs))


def _ordinary(cell: Cell, axis: Axis, places: Iterable[int]) -> int:
    """Nothing that needn't be there, everything that should be, no hour that no clock shows."""
    required = () if cell.tool is None else cell.tool.required
    rest = tuple(places)
    for place in rest:
        region = axis.regions[place]
        if region.form is Form.ABSENT:
            odd = axis.attribute.path[0] in required
        else:
            odd = axis.attribute.path == (HOUR_INPUT,) and not 0 <= region.value < HOURS
        if not odd:
            return place
    return rest[0]
