"""Random policies of one tier, and which calls each of them matches, as Cedar says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product

from hypothesis import strategies as st

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.statement import Effect, parse
from tenantctl.domain.policies import PolicyKey
from tenantctl.domain.tools import TOOLS
from tenantctl.policy.wanted import Wanted

GATEWAY = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic"
HOURS = (None, (8, 18), (18, 20), (8, 20), (0, 8))
ROLES = (None, "nurse", "physician")
TOOL_NAMES = ("patient_context", "clinic_config")

CALLS = tuple(
    ToolCall(
        {"custom:tier": "basic"} | ({} if role is None else {"custom:role": role}),
        TOOLS[tool].action,
        GATEWAY,
        {} if hour is None else {"request_hour": hour},
    )
    for tool, hour, role in product(TOOL_NAMES, (None, 7, 8, 17, 18, 19, 20), ROLES)
)
"""Every kind of call that the policies below tell apart."""


@dataclass(frozen=True)
class Rule:
    """One of a few hundred statements."""

    effect: Effect
    tool: str
    hours: tuple[int, int] | None
    role: str | None

    @property
    def text(self) -> str:
        return _text(self)


@cache
def _text(rule: Rule) -> str:
    conditions = ['principal.hasTag("custom:tier")', 'principal.getTag("custom:tier") == "basic"']
    if rule.role is not None:
        conditions += [
            'principal.hasTag("custom:role")',
            f'principal.getTag("custom:role") == "{rule.role}"',
        ]
    if rule.hours is not None:
        start, end = rule.hours
        conditions += [
            "context.input has request_hour",
            f"context.input.request_hour >= {start}",
            f"context.input.request_hour < {end}",
        ]
    return parse(
        f"{rule.effect.value} (principal is AgentCore::OAuthUser, "
        f'action == AgentCore::Action::"{TOOLS[rule.tool].action}", '
        f'resource == AgentCore::Gateway::"{GATEWAY}") when {{ {" && ".join(conditions)} }};',
        "rule",
    ).text


@cache
def matched(text: str) -> frozenset[int]:
    """The calls, by number, that a statement matches: a lone one decides exactly those."""
    verdicts = Decider({"it": text}).decide_all(CALLS)
    return frozenset(number for number, verdict in enumerate(verdicts) if verdict.deciding)


def allowed(permits: Iterable[str], forbids: Iterable[str]) -> frozenset[int]:
    """The calls that statements in force let through."""
    let = frozenset[int]().union(*map(matched, permits))
    return let - frozenset[int]().union(*map(matched, forbids))


def allowed_by(wanted: Iterable[Wanted]) -> frozenset[int]:
    """The calls that policies let through."""
    by_effect: dict[Effect, list[str]] = {Effect.PERMIT: [], Effect.FORBID: []}
    for want in wanted:
        by_effect[want.effect].append(want.text)
    return allowed(by_effect[Effect.PERMIT], by_effect[Effect.FORBID])


RULES = st.builds(
    Rule,
    st.sampled_from(Effect),
    st.sampled_from(TOOL_NAMES),
    st.sampled_from(HOURS),
    st.sampled_from(ROLES),
)


@st.composite
def policies(draw: st.DrawFn) -> tuple[Wanted, ...]:
    """Up to six policies under six names, so that two sets share some of either."""
    rules = draw(st.dictionaries(st.sampled_from("abcdef"), RULES, max_size=6))
    return tuple(
        Wanted(PolicyKey("basic", name), rule.text, rule.effect) for name, rule in rules.items()
    )
