"""Test cases of policies, read from YAML: who calls which tool when, and what must come of it.

A case states what the gateway would know: the tier in the token, other claims, the tool's input,
and the time on the clinic's clock. `clock` overwrites the inputs that the interceptor sets, as the
interceptor does.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tenantctl.cedar.decide import ToolCall
from tenantctl.domain.clock import WEEKDAYS, ClinicTime, clinic_time
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.domain.yaml_nodes import compose, read_text
from tenantctl.domain.yaml_shape import Shape, Source, Step, listed, near_miss, shown
from tenantctl.errors import ConfigError, Place

HINT = "`tenantctl init` writes one to start from"
_MAX_BYTES = 4_000_000
_CLOCK = re.compile(r"(?:(?P<day>[a-z]{3}) )?(?P<hour>[01][0-9]|2[0-3]):[0-5][0-9]")
_LONG = range(-(2**63), 2**63)

Name = Annotated[str, Meta(min_length=1, max_length=200, description="a case's name")]
Claim = Annotated[str, Meta(max_length=2_048, description="a claim's value, text")]


class Expectation(StrEnum):
    """What must come of a case."""

    ALLOW = "allow"
    DENY = "deny"


class CaseEntry(Shape, frozen=True):
    """One tool call and what the policies must say of it."""

    name: Name
    tool: str
    expect: Annotated[Literal["allow", "deny"], Meta(description="`allow` or `deny`")]
    tier: str | None = None
    claims: dict[str, Claim] = msgspec.field(default_factory=dict)
    input: dict[str, object] = msgspec.field(default_factory=dict)
    clock: str | None = None
    gateway: str | None = None
    by: tuple[str, ...] | None = None


class File(Shape, frozen=True):
    """The cases of `tenantctl policy test`."""

    version: Annotated[Literal[1], Meta(description="1, the format's version")]
    cases: Annotated[
        tuple[CaseEntry, ...], Meta(min_length=1, description="at least one case, in a list")
    ]


@dataclass(frozen=True, slots=True)
class Case:
    """One case; each of `calls` must end alike.

    There are seven when the clock has an hour and no weekday: one for each day. `by` are the ids
    that must have decided, none for a refusal by default; `None` leaves them open.
    """

    name: str
    place: Place
    calls: tuple[ToolCall, ...]
    expect: Expectation
    by: frozenset[str] | None


def load(
    path: Path, names: Names, *, gateways: Mapping[str, str] | None = None
) -> tuple[Case, ...]:
    """The file's cases in order; raises `ConfigError` with file, line and key.

    `gateways` are the ARNs by tier that the policies name, where they aren't the names' own.
    """
    root = compose(read_text(path, limit=_MAX_BYTES, hint=HINT), str(path))
    if root is None:
        raise ConfigError("the file is empty", place=Place(str(path)), hint=HINT)
    source = Source(str(path), root)
    arns = {tier: names.gateway_arn(tier) for tier in names.pool.tiers}
    reader = _Reader(source, names, {**arns, **(gateways or {})})
    entries = source.read(File).cases
    reader.distinct(entries)
    return tuple(reader.case(entry, number) for number, entry in enumerate(entries))


@dataclass(frozen=True, slots=True)
class _Reader:
    source: Source
    names: Names
    gateways: Mapping[str, str]

    def case(self, entry: CaseEntry, number: int) -> Case:
        at = ("cases", number)
        tool = TOOLS.get(entry.tool)
        if tool is None:
            message = f"unknown tool {shown(entry.tool)}; expected {listed(TOOLS)}"
            raise self.source.error(message, *at, "tool", hint=near_miss(entry.tool, TOOLS))
        claims = dict(entry.claims)
        tier_claim = self.names.pool.identity.tier.claim
        if tier_claim in claims:
            message = f"`{tier_claim}` is what `tier` says"
            raise self.source.error(message, *at, "claims", tier_claim, hint="set `tier` alone")
        if entry.tier is not None:
            claims[tier_claim] = entry.tier
        given = self._input(entry.input, (*at, "input"))
        gateway = self._gateway(entry, at)
        calls = tuple(
            ToolCall(claims, tool.action, gateway, _overwritten(tool, given, time))
            for time in self._times(entry, at)
        )
        by = None if entry.by is None else frozenset(entry.by)
        return Case(
            entry.name,
            Place(self.source.file, self.source.place(*at).line),
            calls,
            Expectation(entry.expect),
            by,
        )

    def distinct(self, entries: tuple[CaseEntry, ...]) -> None:
        first: dict[str, int] = {}
        for number, entry in enumerate(entries):
            known = first.setdefault(entry.name, number)
            if known != number:
                line = self.source.place("cases", known, "name").line
                message = f"the name {shown(entry.name)} is used already, on line {line}"
                raise self.source.error(message, "cases", number, "name")

    def _gateway(self, entry: CaseEntry, at: tuple[Step, ...]) -> str:
        """The ARN of the gateway called: a tier's, the caller's own by default, or any."""
        tiers = self.gateways
        if entry.gateway is not None and entry.gateway.startswith("arn:"):
            return entry.gateway
        tier = entry.tier if entry.gateway is None else entry.gateway
        if tier is not None and tier in tiers:
            return tiers[tier]
        if entry.gateway is None:
            message = "whose gateway is called can't be told from `tier`"
            raise self.source.error(message, *at, hint=f"set `gateway` to one of {listed(tiers)}")
        message = f"unknown tier {shown(entry.gateway)}; expected {listed(tiers)} or an ARN"
        raise self.source.error(message, *at, "gateway", hint=near_miss(entry.gateway, tiers))

    def _times(self, entry: CaseEntry, at: tuple[Step, ...]) -> tuple[ClinicTime | None, ...]:
        if entry.clock is None:
            return (None,)
        found = _CLOCK.fullmatch(entry.clock)
        if found is not None and found["day"] in {None, *WEEKDAYS}:
            days = WEEKDAYS if found["day"] is None else (found["day"],)
            return tuple(ClinicTime(int(found["hour"]), day) for day in days)
        with contextlib.suppress(ValueError):
            moment = datetime.fromisoformat(entry.clock)
            if moment.tzinfo is None:
                return (clinic_time(moment),)
        message = f"expected a time on the clinic's clock, got {shown(entry.clock)}"
        hint = "write 07:59, `mon 07:59` or 2026-01-05T07:59, in quotes"
        raise self.source.error(message, *at, "clock", hint=hint)

    def _input(self, value: Any, at: tuple[Step, ...]) -> Any:  # noqa: ANN401 - JSON
        """The tool's input as Cedar can hold it: no null; integers of YAML are within a Long."""
        if isinstance(value, Mapping):
            return {name: self._input(part, (*at, name)) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._input(part, (*at, i)) for i, part in enumerate(value)]
        if isinstance(value, float):
            return self._decimal(value, at)
        if value is None:
            hint = "leave it out, or give text or a number"
            raise self.source.error("null is no value for Cedar", *at, hint=hint)
        return value

    def _decimal(self, value: float, at: tuple[Step, ...]) -> Decimal:
        """Cedar's decimals have four digits after the point.

        https://docs.cedarpolicy.com/policies/syntax-datatypes.html#datatype-decimal
        """
        exact = Decimal(str(value))
        scaled = exact * 10_000
        if scaled != int(scaled) or int(scaled) not in _LONG:
            message = f"{shown(value)} is no decimal of at most four digits after the point"
            raise self.source.error(message, *at)
        return exact


def _overwritten(tool: Tool, given: Mapping[str, Any], time: ClinicTime | None) -> dict[str, Any]:
    if time is None:
        return dict(given)
    return {**given, **{k: v for k, v in time.inputs.items() if k in tool.server_set}}
