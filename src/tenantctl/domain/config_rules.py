"""What a tier's rules in `tenantctl.yaml` mean; a rule that can't do what it says is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import UNSET

from tenantctl.domain import rule_shape as shape
from tenantctl.domain.clock import WEEKDAYS
from tenantctl.domain.pool import Hours, InputRule, RateLimit, Tier, ToolRule
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.domain.yaml_shape import Source, Step, listed, near_miss, shown

_LIMITED = "integer"
_LISTED: Mapping[str, type] = {"string": str, "integer": int}


@dataclass(frozen=True, slots=True)
class TierRules:
    """One tier's rules in the file; errors are `ConfigError` with line and key."""

    source: Source
    name: str

    def read(self, given: shape.Tier) -> Tier:
        """The tier as the rest of the tool knows it."""
        for tool in given.tools:
            if tool not in TOOLS:
                message = f"unknown tool; expected {listed(TOOLS)}"
                hint = near_miss(tool, TOOLS)
                raise self.source.error(message, "tiers", self.name, "tools", tool, hint=hint)
        _unique(self.source, given.models, "tiers", self.name, "models")
        rules = {tool: self._rule(rule, TOOLS[tool]) for tool, rule in given.tools.items()}
        limit = None
        if given.rate_limit is not UNSET:
            limit = RateLimit(given.rate_limit.requests, given.rate_limit.per)
        return Tier(self.name, MappingProxyType(rules), given.models, given.disabled, limit)

    def _rule(self, given: shape.ToolRule | None, tool: Tool) -> ToolRule:
        if given is None:
            return ToolRule()
        at: tuple[Step, ...] = ("tiers", self.name, "tools", tool.name)
        _unique(self.source, given.roles, *at, "roles")
        inputs = {
            name: self._input(name, rule, tool, (*at, "inputs"))
            for name, rule in given.inputs.items()
        }
        return ToolRule(
            hours=None if given.hours is UNSET else self._hours(given.hours, (*at, "hours")),
            roles=given.roles,
            inputs=tuple(inputs[name] for name in tool.properties if name in inputs),
            disabled=given.disabled,
        )

    def _hours(self, given: shape.Hours, at: tuple[Step, ...]) -> Hours:
        if given.start >= given.end:
            message = f"`from` must be before `until`, got {given.start} and {given.end}"
            hint = "a rule can't cross midnight: write the hours of one day"
            raise self.source.error(message, *at, hint=hint)
        _unique(self.source, given.days, *at, "days")
        days = tuple(day for day in WEEKDAYS if day in given.days)
        return Hours(given.start, given.end, days)

    def _input(
        self, name: str, given: shape.InputRule, tool: Tool, above: tuple[Step, ...]
    ) -> InputRule:
        at = (*above, name)
        self._is_the_callers(name, tool, at)
        limited = given.min is not UNSET or given.max is not UNSET
        if given == shape.InputRule():
            raise self.source.error(
                "a condition is missing",
                *at,
                hint="say `required`, `forbidden`, `min`, `max` or `one_of`",
            )
        if given.forbidden:
            self._forbidden(name, given, tool, at)
        kind = str(tool.properties[name].get("type"))
        if limited and kind != _LIMITED:
            key = "max" if given.min is UNSET else "min"
            raise self.source.error(f"{shown(name)} is of type {kind}, not integer", *at, key)
        if given.one_of:
            self._one_of(name, given, kind, at)
        low = None if given.min is UNSET else given.min
        high = None if given.max is UNSET else given.max
        if low is not None and high is not None and low > high:
            raise self.source.error(f"`min` is above `max`, got {low} and {high}", *at)
        return InputRule(name, given.required, given.forbidden, low, high, given.one_of)

    def _is_the_callers(self, name: str, tool: Tool, at: tuple[Step, ...]) -> None:
        if name in tool.server_set:
            raise self.source.error(
                f"{shown(name)} is set by the gateway's interceptor, not by the caller",
                *at,
                hint="write `hours: {from: 8, until: 18, days: [mon]}` beside `inputs`",
            )
        if name not in tool.properties:
            inputs = tool.caller_inputs
            expected = f"expected {listed(inputs)}" if inputs else "the tool has none"
            raise self.source.error(
                f"unknown input of `{tool.name}`; {expected}", *at, hint=near_miss(name, inputs)
            )

    def _forbidden(
        self, name: str, given: shape.InputRule, tool: Tool, at: tuple[Step, ...]
    ) -> None:
        if given != shape.InputRule(forbidden=True):
            raise self.source.error(
                "`forbidden` admits no other condition: the input may not be there",
                *at,
                hint="drop `forbidden`, or the rest",
            )
        if name in tool.required:
            raise self.source.error(
                f"`{tool.name}` needs {shown(name)}: to forbid it would refuse every call",
                *at,
                hint="leave the tool out of the tier, or write `disabled: true` beside `inputs`",
            )

    def _one_of(self, name: str, given: shape.InputRule, kind: str, at: tuple[Step, ...]) -> None:
        if given.min is not UNSET or given.max is not UNSET:
            raise self.source.error(
                "`one_of` says all values already", *at, hint="drop `min` and `max`, or `one_of`"
            )
        if kind not in _LISTED:
            raise self.source.error(
                f"{shown(name)} is of type {kind}, which has no `one_of`", *at, "one_of"
            )
        for number, value in enumerate(given.one_of):
            if not isinstance(value, _LISTED[kind]):
                raise self.source.error(
                    f"{shown(name)} is of type {kind}, got {shown(value)}",
                    *at,
                    "one_of",
                    number,
                    hint="put it in quotes" if kind == "string" else None,
                )
        _unique(self.source, given.one_of, *at, "one_of")


def _unique(source: Source, values: Sequence[str | int], *path: Step) -> None:
    for i, value in enumerate(values):
        if value in values[:i]:
            raise source.error(f"{shown(value)} occurs twice", *path, i)
