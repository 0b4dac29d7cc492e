"""Audits of policies that stand together in an engine, by the calls on which each applies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tenantctl.cedar.lint.reach import shows_a_clock
from tenantctl.cedar.lint.rule import FLOW, UNDERSTANDING, VALIDATION, Hit, Rule, Severity
from tenantctl.cedar.lint.subject import Policy
from tenantctl.cedar.lint.trying import Calls, Together, Tried
from tenantctl.cedar.regions.operand import Kind
from tenantctl.cedar.statement import Effect


@dataclass(frozen=True, slots=True)
class SetAudit:
    """A rule, and how it is found in policies together; each hit is of one of them."""

    rule: Rule
    find: Callable[[Together], Iterator[tuple[Policy, Hit]]]


def _overridden(world: Together) -> Iterator[tuple[Policy, Hit]]:
    for number, guilty in _refused(world, world.of(Effect.FORBID) - _switches(world)):
        policy = world.policies[number]
        names = _listed(world, guilty)
        yield policy, Hit(policy.outline.statement, f"all that it allows is refused by {names}")


def _switched_off(world: Together) -> Iterator[tuple[Policy, Hit]]:
    """What is permitted without the kill switches, and not with them."""
    forbids, switches = world.of(Effect.FORBID), _switches(world)
    anyway = {number for number, _ in _refused(world, forbids - switches)}
    off: dict[int, list[int]] = {}
    for number, guilty in _refused(world, forbids) if switches else ():
        if number not in anyway:
            for switch in guilty & switches:
                off.setdefault(switch, []).append(number)
    for switch, permits in sorted(off.items()):
        policy = world.policies[switch]
        yield policy, Hit(policy.outline.statement, f"it switches off {_listed(world, permits)}")


def _refused(world: Together, forbids: frozenset[int]) -> Iterator[tuple[int, frozenset[int]]]:
    """Each permit of which the forbids leave nothing, with those that take something of it."""
    for number, cells in world.whole(Effect.PERMIT):
        left = [one.applied[number] & ~one.by(forbids & set(one.applied)) for one in cells]
        if any(one.applied[number] for one in cells) and not any(left):
            yield (
                number,
                frozenset(
                    other
                    for one in cells
                    for other in forbids & set(one.applied)
                    if one.applied[other] & one.applied[number]
                ),
            )


def _switches(world: Together) -> frozenset[int]:
    """The kill switches that `render` makes: they are there to override permits."""
    return frozenset(
        number
        for number in world.of(Effect.FORBID)
        if (key := world.policies[number].source.key) is not None and key.switches
    )


def _idle(world: Together) -> Iterator[tuple[Policy, Hit]]:
    permits = world.of(Effect.PERMIT)
    for number, cells in world.whole(Effect.FORBID):
        met = [one.applied[number] & one.by(permits & set(one.applied)) for one in cells]
        if not any(met):
            policy = world.policies[number]
            yield policy, Hit(policy.outline.statement, "no permit allows what it refuses")


def _alike(world: Together) -> Iterator[tuple[Policy, Hit]]:
    for effect in Effect:
        seen: dict[object, int] = {}
        for number, cells in world.whole(effect):
            reached = [(place, one.applied[number]) for place, one in _numbered(world, cells)]
            if not any(calls for _, calls in reached):
                continue
            first = seen.setdefault(tuple(reached), number)
            if first != number:
                policy = world.policies[number]
                same = f"it means the same as {_listed(world, [first])}"
                yield policy, Hit(policy.outline.statement, same)


def _numbered(world: Together, cells: Sequence[Tried]) -> Iterator[tuple[int, Tried]]:
    places = {id(one): place for place, one in enumerate(world.cells)}
    return ((places[id(one)], one) for one in cells)


def _adding_up(world: Together) -> Iterator[tuple[Policy, Hit]]:
    permits = world.of(Effect.PERMIT)
    told: set[frozenset[int]] = set()
    for one in world.cells:
        parts = _covering(one, sorted(permits & set(one.applied)))
        if len(parts) > 1 and parts not in told:
            told.add(parts)
            last = max(parts)
            policy = world.policies[last]
            others = _listed(world, parts - {last})
            told_of = one.cell.tool.name if one.cell.tool is not None else one.cell.action
            yield (
                policy,
                Hit(
                    policy.outline.statement,
                    f"together with {others} it allows every call of {told_of}",
                ),
            )


def _covering(one: Tried, permits: Sequence[int]) -> frozenset[int]:
    """As few of the permits as allow every call that has all they read; none if they don't.

    Calls without a claim or an input that a permit reads are left aside, and so are hours that no
    clock shows: every permit guards against the first, and the second never come.
    """
    wanted = _complete(one)
    parts = [number for number in permits if one.applied[number] & wanted]
    if not wanted or one.by(parts) & wanted != wanted:
        return frozenset()
    for number in tuple(parts):
        rest = [other for other in parts if other != number]
        if one.by(rest) & wanted == wanted:
            parts = rest
    return frozenset(parts)


def _complete(one: Tried) -> Calls:
    claims = {a.attribute.path[0] for a in one.cell.axes if a.attribute.kind is Kind.CLAIM}
    inputs = {a.attribute.path[0] for a in one.cell.axes if a.attribute.kind is Kind.INPUT}
    done = 0
    for place, call in enumerate(one.calls):
        if claims <= set(call.claims) and inputs <= set(call.input) and shows_a_clock(call):
            done |= 1 << place
    return done


def _listed(world: Together, numbers: Iterable[int]) -> str:
    return ", ".join(f"`{world.policies[number].label}`" for number in sorted(numbers))


AUDITS: Final = (
    SetAudit(
        Rule(
            "adds-up-to-permit-all",
            Severity.ERROR,
            "several permits together allow every call of a tool",
            "ask for the tier in each, and don't permit what another permit leaves out",
            VALIDATION,
        ),
        _adding_up,
    ),
    SetAudit(
        Rule(
            "overridden-permit",
            Severity.WARNING,
            "forbids refuse all that a permit allows",
            "lift the forbid, or delete the permit",
            FLOW,
        ),
        _overridden,
    ),
    SetAudit(
        Rule(
            "switched-off",
            Severity.INFO,
            "a kill switch refuses all that permits allow",
            "nothing need be done; take `disabled` out of the configuration to lift it",
            FLOW,
        ),
        _switched_off,
    ),
    SetAudit(
        Rule(
            "idle-forbid",
            Severity.INFO,
            "a forbid refuses what no permit allows",
            "nothing need be done: what isn't permitted is refused anyway",
            UNDERSTANDING,
        ),
        _idle,
    ),
    SetAudit(
        Rule(
            "same-meaning",
            Severity.WARNING,
            "two policies mean the same",
            "delete one: whoever changes the other will be surprised",
            UNDERSTANDING,
        ),
        _alike,
    ),
)
