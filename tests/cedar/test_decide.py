"""Decisions on tool calls, by Cedar's own engine; expectations by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.errors import PolicyInvalidError

GATEWAY = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/g"
ACTION = "patient-context___patient_context"
HEAD = f'principal is AgentCore::OAuthUser, action, resource == AgentCore::Gateway::"{GATEWAY}"'


def permit(condition: str) -> str:
    return f"permit ({HEAD}) when {{ {condition} }};"


def call(claims: dict[str, str] | None = None, **given: Any) -> ToolCall:  # noqa: ANN401 - a tool's input
    return ToolCall(claims or {}, ACTION, GATEWAY, given)


@pytest.mark.parametrize(
    ("condition", "made", "allowed"),
    [
        ('principal.getTag("t") == "a"', call({"t": "a"}), True),
        ('principal.getTag("t") == "a"', call({"t": 'a"'}), False),
        ("context.input.n <= 3", call(n=3), True),
        ("context.input.n <= 3", call(n=4), False),
        ('context.input.x.lessThan(decimal("1.5"))', call(x=Decimal("1.4999")), True),
        ('context.input.x.lessThan(decimal("1.5"))', call(x=1.5), False),
        ('context.input.who.name == "x"', call(who={"name": "x"}), True),
        ('context.input.list.contains("b")', call(list=["a", "b"]), True),
        ("context.input.flag", call(flag=True), True),
        ("!(context.input has n)", call(), True),
        ('context.input.s == "\\u{1F600}\\n\\"; permit"', call(s='😀\n"; permit'), True),
        # The target's own group, and the one of all tools.
        ('action in AgentCore::Action::"patient-context"', call(), True),
        ('action in AgentCore::Action::"CallTool"', call(), True),
        ('action in AgentCore::Action::"clinic-config"', call(), False),
    ],
)
def test_a_condition_decides(condition: str, made: ToolCall, *, allowed: bool) -> None:
    verdict = Decider({"one": permit(condition)}).decide(made)
    assert verdict.allowed is allowed
    assert verdict.deciding == (("one",) if allowed else ())
    assert verdict.errors == ()


def test_a_forbid_decides_over_permits_and_errors_are_told() -> None:
    policies = {
        "yes": permit("true"),
        "no": f"forbid ({HEAD}) when {{ context.input.n > 3 }};",
        "broken": permit("context.input.missing > 1"),
    }
    decider = Decider(policies)
    refused = decider.decide(call(n=4))
    assert (refused.allowed, refused.deciding) == (False, ("no",))
    assert decider.decide(call(n=1)).deciding == ("yes",)
    assert any("broken" in error for error in refused.errors)


def test_many_calls_are_answered_in_their_order() -> None:
    decider = Decider({"one": permit('principal.getTag("t") == "a"')})
    calls = [call({"t": "ab"[number % 2]}, n=number) for number in range(50)]
    assert [v.allowed for v in decider.decide_all(calls)] == [n % 2 == 0 for n in range(50)]


def test_no_policy_refuses_by_default() -> None:
    verdict = Decider({}).decide(call())
    assert (verdict.allowed, verdict.deciding) == (False, ())


def test_text_that_is_no_policy_is_refused_by_name() -> None:
    with pytest.raises(PolicyInvalidError, match=r"basic\.x"):
        Decider({"basic.x": "permit("})
