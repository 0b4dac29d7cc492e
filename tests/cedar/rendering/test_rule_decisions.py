"""Rendered policies decide as a plain reading of the rules does, whatever the rules hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cedar.conftest import make_names

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.rendering.render import render
from tenantctl.domain.clock import WEEKDAYS
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Hours, InputRule, Tier, ToolRule
from tenantctl.domain.tools import TOOLS

TIERS = ("basic", "premium")
RULED = ("get_patient_records", "retrieve_clinic_documents", "clinic_config")

TEXTS = (
    "nurse",
    "physician",
    "",
    '";permit(principal,action,resource);//',
    '"] .contains("") || true || ["',
    "*/",
    "\n",
    "\x00",
    "\u202e",
    "\\u{0}",
    "premium",
)
WHOLE = (-(2**63), -1, 0, 1, 50, 2**63 - 1)
OF_TYPE: Mapping[object, tuple[str | int, ...]] = {"string": TEXTS, "integer": WHOLE}

texts = st.sampled_from(TEXTS) | st.text(max_size=3)
wholes = st.sampled_from(WHOLE) | st.integers(-3, 60)


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    start = draw(st.integers(0, 23))
    days = draw(st.sets(st.sampled_from(WEEKDAYS)))
    return Hours(start, draw(st.integers(start + 1, 24)), tuple(d for d in WEEKDAYS if d in days))


@st.composite
def input_rules(draw: st.DrawFn, name: str, kind: str) -> InputRule:
    required = draw(st.booleans())
    what = draw(st.sampled_from(("forbidden", "limits", "one_of", "required")))
    if what == "forbidden":
        return InputRule(name, forbidden=True)
    if what == "one_of" or (what == "limits" and kind == "string"):
        values: st.SearchStrategy[str | int] = wholes if kind == "integer" else texts
        some = draw(st.lists(values, min_size=1, max_size=3, unique=True))
        return InputRule(name, required=required, one_of=tuple(some))
    if what == "limits":
        ends = sorted((draw(wholes), draw(wholes)))
        low, high = draw(st.sampled_from(((ends[0], None), (None, ends[1]), tuple(ends))))
        return InputRule(name, required=required, low=low, high=high)
    return InputRule(name, required=True)


@st.composite
def tool_rules(draw: st.DrawFn, tool: str) -> ToolRule:
    inputs = []
    for name in TOOLS[tool].caller_inputs:
        rule = draw(st.none() | input_rules(name, str(TOOLS[tool].properties[name]["type"])))
        inputs += [] if rule is None else [rule]
    return ToolRule(
        hours=draw(st.none() | hours()),
        roles=tuple(draw(st.lists(texts, max_size=3, unique=True))),
        inputs=tuple(inputs),
        disabled=draw(st.sampled_from((False,) * 9 + (True,))),
    )


@st.composite
def tiers(draw: st.DrawFn) -> dict[str, Tier]:
    made = {}
    for name in TIERS:
        tools = draw(st.sets(st.sampled_from(RULED)))
        rules = {tool: draw(tool_rules(tool)) for tool in sorted(tools)}
        off = draw(st.sampled_from((False,) * 9 + (True,)))
        made[name] = Tier(name, rules, disabled=off)
    return made


def near(dice: Random, names: Names, pool: Mapping[str, Tier]) -> ToolCall:
    """A call near what some rule speaks of, so that both answers occur."""
    ruled = [(tier.name, t, r) for tier in pool.values() for t, r in tier.tools.items()]
    tier, name, rule = dice.choice(ruled) if ruled else ("basic", RULED[0], ToolRule())
    tool = TOOLS[name]
    claims = {"custom:tier": tier, "custom:role": dice.choice((*rule.roles * 8, *TEXTS))}
    open_hours = rule.hours or Hours(0, 24)
    start, end = open_hours.start, open_hours.end
    given: dict[str, Any] = {
        "request_hour": dice.choice((start - 1, start, start, end - 1, end - 1, end)),
        "request_weekday": dice.choice((*open_hours.days * 4, *WEEKDAYS)),
    }
    for one in tool.caller_inputs:
        said = [v for r in rule.inputs if r.name == one for v in (*r.one_of, r.low, r.high)]
        said += [*said * 7, *OF_TYPE[tool.properties[one]["type"]]]
        given[one] = dice.choice([value for value in said if value is not None])
        if isinstance(given[one], int) and abs(given[one]) < 2**62:
            given[one] += dice.choice((-1, 0, 0, 0, 1))
    gateway = names.gateway_arn(tier)
    for part in (claims, given):
        for key in list(part):
            if dice.random() < 0.1:
                del part[key]
    if dice.random() < 0.1:
        claims["custom:tier"] = dice.choice((*TIERS, "gold", ""))
    if dice.random() < 0.1:
        gateway = names.gateway_arn(dice.choice(TIERS))
    return ToolCall(claims, tool.action, gateway, given)


def allowed(pool: Mapping[str, Tier], names: Names, call: ToolCall) -> bool:
    """The rules as a person reads them."""
    tier = pool.get(call.claims.get("custom:tier", ""))
    if tier is None or tier.disabled or call.gateway != names.gateway_arn(tier.name):
        return False
    rule = next((r for t, r in tier.tools.items() if TOOLS[t].action == call.action), None)
    if rule is None or rule.disabled:
        return False
    if rule.roles and call.claims.get("custom:role") not in rule.roles:
        return False
    return _in_hours(rule.hours, call) and all(_fits(one, call.input) for one in rule.inputs)


def _in_hours(rule: Hours | None, call: ToolCall) -> bool:
    if rule is None:
        return True
    hour, day = call.input.get("request_hour"), call.input.get("request_weekday")
    return hour in range(rule.start, rule.end) and (not rule.days or day in rule.days)


def _fits(rule: InputRule, given: Mapping[str, Any]) -> bool:
    if rule.name not in given:
        return not rule.required
    value = given[rule.name]
    return (
        not rule.forbidden
        and (rule.low is None or value >= rule.low)
        and (rule.high is None or value <= rule.high)
        and (not rule.one_of or value in rule.one_of)
    )


@settings(deadline=None, max_examples=60)
@given(tiers(), st.integers(0, 2**32))
def test_policies_decide_as_the_rules_read(pool: dict[str, Tier], seed: int) -> None:
    names = make_names({})
    names = replace(names, pool=replace(names.pool, tiers=pool))
    decider = Decider({one.key.annotation: one.statement.text for one in render(names)})
    dice = Random(seed)  # noqa: S311 - cases, no secrets
    asked = [near(dice, names, pool) for _ in range(40)]
    for call, verdict in zip(asked, decider.decide_all(asked), strict=True):
        assert verdict.errors == ()
        assert verdict.allowed is allowed(pool, names, call), call


def test_both_answers_occur_for_every_kind_of_rule() -> None:
    """What the property rests on: each condition alone turns an answer round."""
    free = {"patient_id": "7", "limit": 9, "request_hour": 9, "request_weekday": "mon"}
    for rule, without in (
        (ToolRule(Hours(9, 10)), {**free, "request_hour": 10}),
        (ToolRule(Hours(0, 24)), {"request_weekday": "mon"}),
        (ToolRule(Hours(0, 24, ("mon", "fri"))), {**free, "request_weekday": "tue"}),
        (ToolRule(Hours(0, 24, ("mon", "fri"))), {"request_hour": 9}),
        (ToolRule(inputs=(InputRule("limit", required=True),)), {"request_hour": 9}),
        (ToolRule(inputs=(InputRule("limit", low=9),)), {"limit": 8}),
        (ToolRule(inputs=(InputRule("limit", high=9),)), {"limit": 10}),
        (ToolRule(inputs=(InputRule("limit", one_of=(9, 11)),)), {"limit": 10}),
        (ToolRule(inputs=(InputRule("patient_id", one_of=("7",)),)), {"patient_id": "8"}),
    ):
        names = make_names({"basic": {"get_patient_records": rule}})
        decider = Decider({one.key.annotation: one.statement.text for one in render(names)})
        yes = ToolCall(
            {"custom:tier": "basic"},
            TOOLS["get_patient_records"].action,
            names.gateway_arn("basic"),
            free,
        )
        answers = [v.allowed for v in decider.decide_all((yes, replace(yes, input=without)))]
        assert answers == [True, False], rule
