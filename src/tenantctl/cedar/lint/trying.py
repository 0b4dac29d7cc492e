"""Policies that stand together in an engine, tried by Cedar on one call of every kind.

A cell, that is one tool at one gateway, with more kinds of calls than can be tried, or with
conditions that the space isn't cut exactly for, is left undecided and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.lint.reach import Reach, has_what_it_must, reach
from tenantctl.cedar.lint.subject import Frame, Policy
from tenantctl.cedar.regions.boxes import Box, TooManyBoxesError, bits
from tenantctl.cedar.regions.matching import matching
from tenantctl.cedar.regions.space import Cell, cut
from tenantctl.cedar.statement import Effect, Statement

MAX_CALLS = 4_000
"""Kinds of calls of a tool at a gateway that a set of policies is tried on."""

Calls = int
"""A set of a cell's calls: bit n stands for call n."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A cell, and on which of its calls each of its policies applies.

    `proper` are the calls with the inputs that the tool requires, each with its number.
    """

    cell: Cell
    calls: tuple[ToolCall, ...]
    proper: tuple[tuple[int, ToolCall], ...]
    applied: Mapping[int, Calls] = field(hash=False)

    def by(self, numbers: Iterable[int]) -> Calls:
        """The calls on which one of the policies applies."""
        done = 0
        for number in numbers:
            done |= self.applied[number]
        return done


@dataclass(frozen=True, slots=True)
class Together:
    """A set of policies, by number, in the cells that could be tried.

    `undecided` says why others couldn't, and `partly` are the policies that stand in one of them.
    """

    policies: tuple[Policy, ...]
    cells: tuple[Tried, ...]
    undecided: tuple[str, ...]
    partly: frozenset[int]

    def of(self, effect: Effect) -> frozenset[int]:
        """The policies of an effect."""
        return frozenset(
            n for n, policy in enumerate(self.policies) if policy.statement.effect is effect
        )

    def reach(self, number: int, frame: Frame) -> Reach:
        """What a policy reaches, of the calls that were tried anyway if they are enough."""
        if number in self.partly:
            return reach(self.policies[number], frame)
        tried = [
            (call, one.applied[number] >> place & 1 == 1)
            for one in self.cells
            if number in one.applied
            for place, call in one.proper
        ]
        calls, applied = zip(*tried, strict=True) if tried else ((), ())
        # Where the cut is exact nothing is computed, and what isn't guarded isn't here.
        return Reach(calls, applied, exact=True, error=None)

    def whole(self, effect: Effect) -> Iterator[tuple[int, tuple[Tried, ...]]]:
        """Each policy of an effect that was tried wherever it stands, with its cells."""
        for number in sorted(self.of(effect) - self.partly):
            yield number, tuple(one for one in self.cells if number in one.applied)


def try_together(policies: Sequence[Policy], frame: Frame) -> Together:
    """Try the policies on one call of every kind that they can tell apart."""
    named = {str(number): policy.statement for number, policy in enumerate(policies)}
    tiers = tuple(one for policy in policies for one in policy.tiers(frame))
    space = cut(named, frame.tools, known=tiers, limit=MAX_CALLS)
    cells: list[Tried] = []
    undecided: list[str] = []
    partly: set[int] = set()
    for cell in space.cells:
        numbers = [int(name) for name in cell.reads]
        if cell.beyond or any(policies[number].takes_iam for number in numbers):
            partly.update(numbers)
            undecided.append(f"{cell.action} at {cell.gateway}: {_why(cell, policies)}")
        else:
            cells.append(_tried(cell, policies))
    return Together(tuple(policies), tuple(cells), tuple(undecided), frozenset(partly))


def _why(cell: Cell, policies: Sequence[Policy]) -> str:
    if not cell.beyond:
        return "callers by IAM"
    what, found, name = cell.beyond[0].rpartition(" in ")
    known = found and name.isdecimal() and int(name) < len(policies)
    return f"{what} in {policies[int(name)].label}" if known else cell.beyond[0]


def _tried(cell: Cell, policies: Sequence[Policy]) -> Tried:
    calls = tuple(cell.calls(MAX_CALLS))
    here = {name: policies[int(name)].statement for name in cell.reads}
    try:
        boxes, beyond = matching(cell, here)
    except TooManyBoxesError:
        boxes, beyond = {}, ("too many boxes",)
    if beyond:
        applied = _asked(calls, here)
    else:
        applied = {int(name): _places(cell, boxes[name]) for name in here}
    proper = tuple((n, call) for n, call in enumerate(calls) if has_what_it_must(call, cell.tool))
    return Tried(cell, calls, proper, applied)


def _places(cell: Cell, boxes: Iterable[Box]) -> Calls:
    """The calls in the boxes: `Cell.calls` counts regions up like digits, the last axis fastest."""
    done = 0
    for box in boxes:
        inside, size = 1, 1
        for axis, regions in zip(reversed(cell.axes), reversed(box), strict=True):
            inside = sum(inside << region * size for region in bits(regions))
            size *= len(axis.regions)
        done |= inside
    return done


def _asked(calls: Sequence[ToolCall], here: Mapping[str, Statement]) -> dict[int, Calls]:
    """On which calls each policy applies, each asked of Cedar.

    Permits and forbids are asked apart: a verdict names only those that decide it.
    """
    applied = {int(name): 0 for name in here}
    for effect in Effect:
        texts = {name: one.text for name, one in here.items() if one.effect is effect}
        if texts:
            for place, verdict in enumerate(Decider(texts).decide_all(calls)):
                for name in verdict.deciding:
                    applied[int(name)] |= 1 << place
    return applied
