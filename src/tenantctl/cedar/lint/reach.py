"""Audits of what a policy does, decided by Cedar itself on one call of every kind.

Nothing is claimed of all calls where the space of calls isn't cut exactly; that some call fails,
or is let through, needs no more than that call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from tenantctl.cedar.decide import IAM, USER, Decider, ToolCall
from tenantctl.cedar.lint.rule import (
    CEDAR_OPERATORS,
    CONDITIONS,
    UNDERSTANDING,
    VALIDATION,
    Hit,
    Rule,
    Severity,
)
from tenantctl.cedar.lint.subject import Frame, Policy
from tenantctl.cedar.regions.space import cut
from tenantctl.cedar.statement import Effect, Tree, nodes, tree_of
from tenantctl.domain.clock import HOUR_INPUT, WEEKDAY_INPUT, WEEKDAYS
from tenantctl.domain.tools import Tool

MAX_CALLS = 10_000
"""Kinds of calls that one policy is tried on; with more, nothing is claimed of all of them."""

_HOURS = range(24)
_CLOCK = (HOUR_INPUT, WEEKDAY_INPUT)
_LONG = (-(2**63), 2**63 - 1)
_ASIDE = frozenset({"==", "!=", "<", "<=", ">", ">=", "contains", "has"})


@dataclass(frozen=True, slots=True)
class Reach:
    """On which calls a policy applies, of one of each kind.

    `exact` says whether these stand for all calls with the inputs that the tool requires; `error`
    is what Cedar said of the first call on which the policy failed.
    """

    calls: tuple[ToolCall, ...]
    applied: tuple[bool, ...]
    exact: bool
    error: str | None

    @property
    def matched(self) -> Iterator[ToolCall]:
        """The calls on which the policy applies."""
        return (call for call, held in zip(self.calls, self.applied, strict=True) if held)


@dataclass(frozen=True, slots=True)
class ReachAudit:
    """A rule, and how it is found in what a policy reaches."""

    rule: Rule
    find: Callable[[Policy, Frame, Reach], Iterator[Hit]]


def reach(policy: Policy, frame: Frame) -> Reach:
    """Try the policy alone on one call of every kind that it can tell apart."""
    space = cut(
        {"p": policy.statement},
        frame.tools,
        known=policy.tiers(frame),
        gateways=() if policy.takes_iam else None,
        limit=MAX_CALLS,
    )
    calls = [
        call
        for cell in space.cells
        for call in cell.calls(MAX_CALLS)
        if has_what_it_must(call, cell.tool)
    ]
    if space.beyond:
        calls += [extreme for call in calls for extreme in _extremes(call)]
    verdicts = Decider({"p": policy.statement.text}).decide_all(calls)
    return Reach(
        tuple(calls),
        tuple(bool(verdict.deciding) for verdict in verdicts),
        not space.beyond,
        next((error for verdict in verdicts for error in verdict.errors), None),
    )


def has_what_it_must(call: ToolCall, tool: Tool | None) -> bool:
    """Whether a call has the inputs that its tool requires, as the schema tells the engine."""
    return tool is None or all(name in call.input for name in tool.required)


def shows_a_clock(call: ToolCall) -> bool:
    """Whether the interceptor could have set the call's hour and weekday, where they are there."""
    hour = call.input.get(HOUR_INPUT, 0)
    return hour in _HOURS and call.input.get(WEEKDAY_INPUT, WEEKDAYS[0]) in WEEKDAYS


def _extremes(call: ToolCall) -> Iterator[ToolCall]:
    """The call with the least and the greatest whole numbers, on which arithmetic fails."""
    numbers = [name for name, value in call.input.items() if _is_number(value)]
    if numbers:
        for value in _LONG:
            yield replace(call, input={**call.input, **dict.fromkeys(numbers, value)})


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _all(policy: Policy, _: Frame, reach: Reach) -> Iterator[Hit]:
    if policy.statement.effect is Effect.PERMIT and _everything(policy, reach):
        yield Hit(policy.outline.statement, "the permit allows all calls of its principal and tool")


def _none(policy: Policy, _: Frame, reach: Reach) -> Iterator[Hit]:
    if policy.statement.effect is Effect.FORBID and _everything(policy, reach):
        yield Hit(policy.outline.statement, "the forbid refuses all calls of its principal")


def _everything(policy: Policy, reach: Reach) -> bool:
    certain = any(found.startswith("Overly") for found in policy.certain)
    return certain or (reach.exact and bool(reach.calls) and all(reach.applied))


def _never(policy: Policy, _: Frame, reach: Reach) -> Iterator[Hit]:
    if _applies_never(policy, reach) and not _for_the_clock(policy, reach):
        yield Hit(policy.outline.conditions, "no call meets the conditions")


def _hours(policy: Policy, _: Frame, reach: Reach) -> Iterator[Hit]:
    if _applies_never(policy, reach):
        empty = _for_the_clock(policy, reach)
    else:
        empty = reach.exact and not any(map(shows_a_clock, reach.matched))
    if empty:
        yield Hit(policy.line(*_CLOCK), "no hour of any day meets the conditions")


def _applies_never(policy: Policy, reach: Reach) -> bool:
    certain = any(found.startswith("Ineffective") for found in policy.certain)
    return certain or (reach.exact and not any(reach.applied))


def _for_the_clock(policy: Policy, reach: Reach) -> bool:
    """Whether the policy would apply to some call but for what it asks of the clock."""
    if not reach.calls:
        return False
    for answer in (True, False):
        text = _without_clock(policy, answer=answer)
        if text is None:
            return False
        verdicts = Decider({"p": text}).decide_all(reach.calls)
        if any(verdict.deciding for verdict in verdicts):
            return True
    return False


def _without_clock(policy: Policy, *, answer: bool) -> str | None:
    """The statement with `answer` in place of each question about the clock, None without any."""
    import cedarpy

    tree = tree_of(policy.statement.text, policy.source.file)
    conditions = [_replaced(condition, answer=answer) for condition in tree["conditions"]]
    if conditions == tree["conditions"]:
        return None
    whole = {
        "staticPolicies": {"p": {**tree, "conditions": conditions}},
        "templates": {},
        "templateLinks": [],
    }
    return cedarpy.policies_from_json_str(json.dumps(whole))


def _replaced(tree: Tree, *, answer: bool) -> Any:  # noqa: ANN401 - JSON
    if isinstance(tree, list):
        return [_replaced(part, answer=answer) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if _ASIDE & set(tree) and any(node.get("attr") in _CLOCK for node in nodes(tree)):
        return {"Value": True if "has" in tree else answer}
    return {name: _replaced(part, answer=answer) for name, part in tree.items()}


def _fails(policy: Policy, _: Frame, reach: Reach) -> Iterator[Hit]:
    if reach.error is not None:
        why = reach.error.rpartition(": ")[2]
        yield Hit(policy.outline.conditions, f"on some calls the policy fails: {why}")


def _any_tier(policy: Policy, frame: Frame, reach: Reach) -> Iterator[Hit]:
    key = policy.source.key
    if key is None or policy.statement.effect is not Effect.PERMIT:
        return
    matched = tuple(reach.matched)
    users = (call for call in matched if call.caller == USER)
    others = {call.claims.get(frame.tier_claim) for call in users} - {key.tier}
    named = sorted(f"tier `{tier}`" for tier in others if tier in frame.gateways)
    if policy.statement.principal.bare and any(call.caller == IAM for call in matched):
        yield Hit(
            policy.outline.conditions, "callers by IAM are let through, too: they have no tier"
        )
    if others:
        who = "no tier" if None in others else (*named, "any other tier")[0]
        yield Hit(policy.outline.conditions, f"callers of {who} are let through, too")


AUDITS: Final = (
    ReachAudit(
        Rule(
            "permit-all",
            Severity.ERROR,
            "a permit allows every call",
            "ask for the tier: `principal.getTag(…) == …`",
            VALIDATION,
        ),
        _all,
    ),
    ReachAudit(
        Rule(
            "forbid-all",
            Severity.ERROR,
            "a forbid refuses every call",
            "ask for the tier; to close a tool or a tier, use `disabled: true` in tenantctl.yaml",
            VALIDATION,
        ),
        _none,
    ),
    ReachAudit(
        Rule(
            "never-applies",
            Severity.ERROR,
            "no call meets the conditions",
            "mend the conditions, or delete the file: AgentCore refuses ineffective policies",
            VALIDATION,
        ),
        _never,
    ),
    ReachAudit(
        Rule(
            "hours-empty",
            Severity.ERROR,
            "no hour of any day meets the conditions",
            "let the hours begin before they end; for a night, write two ranges joined by `||`",
            CONDITIONS,
        ),
        _hours,
    ),
    ReachAudit(
        Rule(
            "may-fail",
            Severity.WARNING,
            "the conditions can't be evaluated on some calls, where the policy is left out",
            "bound the numbers first: `context.input.limit < 1000 && …`",
            CEDAR_OPERATORS,
        ),
        _fails,
    ),
    ReachAudit(
        Rule(
            "any-tier",
            Severity.WARNING,
            "a tier's permit lets callers of other tiers through, or callers of none",
            "ask for the tier as the rendered policies do",
            UNDERSTANDING,
        ),
        _any_tier,
    ),
)
