"""All the calls that policies can tell apart, one of each kind.

The space of calls is cut first into cells, a tool's action at a gateway, and each cell at every
constant that a policy which can match there mentions. Between the cuts all calls fare alike, so
that what holds for one call of each region holds for all calls: exactly, except for `beyond`.

Any attribute may be absent, also an input that the tool requires: that a gateway checks a call
against the tool's schema before it asks the engine isn't documented. Present values are of the
declared type. A caller without the interceptor may send any hour: those that no clock shows are
regions of their own. An input that no policy mentions is left out unless the tool requires it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, product
from math import prod
from typing import Any

from tenantctl.cedar.decide import ANOTHER_TOOL, IAM, USER, ToolCall
from tenantctl.cedar.regions.axis import ABSENT, Axis, Form, axis
from tenantctl.cedar.regions.head import applies, named, takes
from tenantctl.cedar.regions.mentions import Asks, Beyond, Mention, mentions
from tenantctl.cedar.regions.operand import SUBJECT, Attribute, Kind
from tenantctl.cedar.rules import ACTION, GATEWAY
from tenantctl.cedar.statement import Statement
from tenantctl.domain.clock import HOUR_INPUT, WEEKDAY_INPUT, WEEKDAYS
from tenantctl.domain.tools import TOOLS, Tool

MAX_CALLS = 200_000
"""Calls that `Cell.calls` yields at most; Cedar decides some ten thousand a second."""

ANOTHER_GATEWAY = "arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/another"
"""Stands for every gateway that no policy names."""

_HOURS = Attribute(Kind.INPUT, (HOUR_INPUT,))
_DAYS = Attribute(Kind.INPUT, (WEEKDAY_INPUT,))
_CLOCK = (
    Mention(_HOURS, Asks.CUT, 0),
    Mention(_HOURS, Asks.CUT, 24),
    *(Mention(_DAYS, Asks.TEXT, day) for day in WEEKDAYS),
)

_ESCAPES = frozenset({"__expr", "__entity", "__extn"})
"""Keys that mean something else in Cedar's JSON, in which calls are put to it:
https://docs.cedarpolicy.com/auth/entities-syntax.html
"""

Point = tuple[int, ...]
"""A region for each axis of a cell, by number."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One action at one gateway, by callers of one type.

    `tool` is None for an action of no declared tool. `reads` has the policies that can match
    here, each with the axes that its principal and its conditions ask about.
    """

    action: str
    gateway: str
    tool: Tool | None
    axes: tuple[Axis, ...]
    reads: Mapping[str, tuple[int, ...]] = field(hash=False)
    beyond: tuple[str, ...] = ()
    caller: str = USER

    @property
    def size(self) -> int:
        """How many regions there are."""
        return prod(len(one.regions) for one in self.axes)

    def call(self, point: Point) -> ToolCall:
        """The call that stands for a region."""
        claims: dict[str, str] = {}
        inputs: dict[str, Any] = {name: _ordinary(self.tool, name) for name in self._unasked()}
        subject: dict[str, str] = {}
        # An input's parts come after it: attributes are sorted.
        for one, number in zip(self.axes, point, strict=True):
            region = one.regions[number]
            if region.form is Form.ABSENT:
                continue
            if one.attribute.kind is Kind.CLAIM:
                claims[one.attribute.path[0]] = region.value
            elif one.attribute == SUBJECT:
                subject["sub"] = region.value
            else:
                _put(inputs, one.attribute.path, region.value)
        return ToolCall(claims, self.action, self.gateway, inputs, caller=self.caller, **subject)

    def calls(self, limit: int = MAX_CALLS) -> Iterator[ToolCall]:
        """One call for each region; where that is more than `limit`, the first of each policy's.

        A policy's own regions are those of the axes that it reads, other attributes absent.
        """
        if self.size <= limit:
            yield from map(self.call, product(*(range(len(one.regions)) for one in self.axes)))
            return
        share = max(1, limit // len(self.reads))
        for read in self.reads.values():
            yield from map(self.call, islice(self.points(read), share))

    def points(self, numbers: Sequence[int]) -> Iterator[Point]:
        """Every region of the axes `numbers`, the first region of each other."""
        moving = set(numbers)
        return product(
            *(
                range(len(one.regions)) if number in moving else range(1)
                for number, one in enumerate(self.axes)
            )
        )

    def _unasked(self) -> Iterator[str]:
        asked = {one.attribute.path[0] for one in self.axes if one.attribute.kind is Kind.INPUT}
        if self.tool is not None:
            yield from (name for name in self.tool.required if name not in asked)


@dataclass(frozen=True, slots=True)
class Space:
    """The cells, by action and gateway; `beyond` says what the cut isn't exact for."""

    cells: tuple[Cell, ...]
    beyond: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many regions there are in all cells."""
        return sum(cell.size for cell in self.cells)

    def calls(self) -> Iterator[ToolCall]:
        """One call for each region; of a cell with more than `MAX_CALLS`, fewer: see `beyond`."""
        for cell in self.cells:
            yield from cell.calls()


def cut(
    policies: Mapping[str, Statement],
    tools: Mapping[str, Tool] = TOOLS,
    *,
    known: Sequence[Mention] = (),
    gateways: Iterable[str] | None = None,
    limit: int | None = MAX_CALLS,
) -> Space:
    """Cut the space of calls at every constant of the policies, and at those in `known`.

    With `gateways` there are cells for whatever else a policy may let in: for each of them where it
    names no gateway, for a tool that isn't declared where it names no tool, and for callers by IAM.
    An axis exists only where a policy asks about the attribute. `limit` is what a cell's size may
    be without a word in `beyond`, None for whoever doesn't ask for `calls`.
    """
    actions = {tool.action: tool for tool in tools.values()}
    if gateways is not None:
        actions[ANOTHER_TOOL.action] = ANOTHER_TOOL
    places = {one for p in policies.values() for one in named(p, GATEWAY)}
    if any(policy.gateway is None for policy in policies.values()):
        places |= {*(gateways or ()), ANOTHER_GATEWAY}
    groups = {"CallTool", "Mcp", *(tool.target for tool in tools.values())}
    mentioned = {one for p in policies.values() for one in named(p, ACTION)} - groups
    cells: list[Cell] = []
    for gateway in sorted(places):
        for action in (*actions, *sorted(mentioned - set(actions))):
            tool = actions.get(action)
            there = {
                name: policy
                for name, policy in policies.items()
                if applies(policy, action, gateway, tool)
            }
            for caller in (USER,) if gateways is None else (USER, IAM):
                here = {n: p for n, p in there.items() if gateways is None or takes(p, caller)}
                if here:
                    cells.append(_cell((action, gateway, tool, caller), here, known, limit))
    found = dict.fromkeys(phrase for cell in cells for phrase in cell.beyond)
    return Space(tuple(cells), tuple(found))


def _cell(
    place: tuple[str, str, Tool | None, str],
    policies: Mapping[str, Statement],
    known: Sequence[Mention],
    limit: int | None,
) -> Cell:
    action, gateway, tool, caller = place
    asked = {name: tuple(asks(policy)) for name, policy in policies.items()}
    reads = {name: set(read(found)) for name, found in asked.items()}
    questions = [*chain.from_iterable(asked.values()), *_CLOCK, *known]
    axes: list[Axis] = []
    beyond = [
        f"{one.what} in {name}"
        for name, found in asked.items()
        for one in found
        if isinstance(one, Beyond)
    ]
    for attribute in sorted(set().union(*reads.values())):
        declared = _declared(tool, attribute, reads.values())
        made, more = axis(attribute, tuple(_about(attribute, declared, questions)), declared)
        if caller == IAM and attribute.kind is Kind.CLAIM:
            made, more = Axis(attribute, (ABSENT,)), ()
        axes.append(made)
        beyond += [one.what for one in more]
    numbers = {one.attribute: number for number, one in enumerate(axes)}
    where = {name: tuple(sorted(numbers[a] for a in found)) for name, found in reads.items()}
    size = prod(len(one.regions) for one in axes)
    if limit is not None and size > limit:
        beyond.append(f"{size} kinds of calls of {action}, more than {limit}")
    return Cell(action, gateway, tool, tuple(axes), where, tuple(dict.fromkeys(beyond)), caller)


def _about(
    attribute: Attribute,
    declared: Mapping[str, Any] | None,
    questions: Sequence[Mention | Beyond],
) -> Iterator[Mention]:
    """What is asked of an attribute; of numbers that are compared, what is asked of each other."""
    compared = {
        q.attribute for q in questions if isinstance(q, Mention) and q.asks is Asks.COMPARED
    }
    number = attribute in compared and declared is not None and declared.get("type") == "integer"
    for asked in questions:
        if isinstance(asked, Mention) and (
            asked.attribute == attribute
            or (number and asked.asks is Asks.CUT and asked.attribute in compared)
        ):
            yield asked


def asks(policy: Statement) -> Iterator[Mention | Beyond]:
    """What the statement asks of a call, action and gateway aside."""
    for entity in policy.principal.entities:
        yield Mention(SUBJECT, Asks.TEXT, entity.id)
    for condition in policy.conditions:
        for one in mentions(condition.body):
            yield one
            if isinstance(one, Mention) and one.attribute.kind is Kind.INPUT:
                yield from (
                    Beyond(f"an input called `{n}`") for n in one.attribute.path if n in _ESCAPES
                )


def read(found: Iterable[Mention | Beyond]) -> Iterator[Attribute]:
    """The attributes of the questions, and the records that they are parts of."""
    for one in found:
        if isinstance(one, Mention):
            yield one.attribute
            yield from _parents(one.attribute)


def _parents(attribute: Attribute) -> Iterator[Attribute]:
    if attribute.kind is Kind.INPUT:
        for length in range(1, len(attribute.path)):
            yield Attribute(Kind.INPUT, attribute.path[:length])


def _declared(
    tool: Tool | None, attribute: Attribute, reads: Iterable[Iterable[Attribute]]
) -> Mapping[str, Any] | None:
    """The input's JSON Schema; one that has parts is an object, declared or not."""
    if any(attribute in _parents(other) for read in reads for other in read):
        return {"type": "object"}
    if tool is None or attribute.kind is not Kind.INPUT:
        return None
    found: Any = tool.input_schema
    for part in attribute.path:
        found = found.get("properties", {}).get(part, {})
    return found or None


def _ordinary(tool: Tool | None, name: str) -> object:
    """A value for an input that no policy asks about."""
    kind = None if tool is None else tool.properties.get(name, {}).get("type")
    return {"integer": 1, "boolean": True, "number": 1, "array": [], "object": {}}.get(
        str(kind), "any"
    )


def _put(inputs: dict[str, Any], path: Sequence[str], value: object) -> None:
    """Set a part of an input, if what it is part of is there."""
    inside = inputs
    for part in path[:-1]:
        if not isinstance(inside.get(part), dict):
            return
        inside = inside[part]
    inside[path[-1]] = dict(value) if isinstance(value, dict) else _plain(value)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
