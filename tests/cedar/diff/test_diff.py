"""What a comparison says, and whose calls and words it picks."""

from __future__ import annotations

import pytest

from tenantctl.cedar.decide import ToolCall
from tenantctl.cedar.diff.compare import Comparison, compare
from tenantctl.cedar.diff.differences import document, line, rows
from tenantctl.cedar.diff.known import Known
from tenantctl.domain.tools import TOOLS

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-"
BASIC, PREMIUM = f"{ARN}basic", f"{ARN}premium"
KNOWN = Known(("basic", "premium"), gateways={BASIC: "basic", PREMIUM: "premium"})

CONTEXT = 'action == AgentCore::Action::"patient-context___patient_context"'
TIER = 'principal.hasTag("custom:tier") && principal.getTag("custom:tier") == "basic"'
HAS_ROLE = 'principal.hasTag("custom:role")'
ROLE = 'principal.getTag("custom:role")'


def statement(
    rest: str = "", *, effect: str = "permit", action: str = CONTEXT, tier: str = "basic"
) -> str:
    claim = TIER.replace("basic", tier)
    more = f" && {rest}" if rest else ""
    gateway = f'resource == AgentCore::Gateway::"{ARN}{tier}"'
    head = f"{effect} (principal is AgentCore::OAuthUser, {action}, {gateway})"
    return f"{head} when {{ {claim}{more} }};"


def hours(start: int, until: int) -> str:
    given = "context.input has request_hour"
    return (
        f"{given} && context.input.request_hour >= {start} && context.input.request_hour < {until}"
    )


def lines(old: list[str], new: list[str]) -> list[str]:
    return [line(one) for one in compared(old, new).differences]


def compared(old: list[str], new: list[str]) -> Comparison:
    first, second = ({f"p{n}": text for n, text in enumerate(side)} for side in (old, new))
    return compare(first, second, known=KNOWN)


ALWAYS = statement()
DAY = statement(hours(8, 18))
LIMIT = "context.input.limit"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([DAY], [statement(hours(8, 20))], ["hours 18-20 · newly allowed"]),
        ([DAY], [statement(hours(9, 17))], ["hours 8-9 or hours 17-18 · newly refused"]),
        (
            [DAY],
            [statement(hours(10, 20))],
            ["hours 18-20 · newly allowed", "hours 8-10 · newly refused"],
        ),
        ([DAY], [ALWAYS], ["outside hours 8-18 or without request_hour · newly allowed"]),
        ([], [ALWAYS], ["any input · newly allowed"]),
        ([ALWAYS], [], ["any input · newly refused"]),
        ([ALWAYS], [ALWAYS, statement(effect="forbid")], ["any input · newly refused"]),
        ([DAY], [DAY, statement(effect="forbid")], ["hours 8-18 · newly refused"]),
        (
            [ALWAYS],
            [statement(f'{HAS_ROLE} && ["nurse", "physician"].contains({ROLE})')],
            ["role other than nurse, physician or without role · newly refused"],
        ),
        ([], [statement(f'{ROLE} == "nurse"')], ["role nurse · newly allowed"]),
        ([], [statement(f'{ROLE} == "head \\" nurse"')], [r'role "head \" nurse" · newly allowed']),
        ([], [statement(f'{ROLE} like "n*"')], ['role like "n*" · newly allowed']),
        (
            [],
            [statement(f'{ROLE} like "n*" && !({ROLE} like "*e")')],
            ['role like "n*" and not like "*e" · newly allowed'],
        ),
        ([], [statement(HAS_ROLE)], ["with role · newly allowed"]),
        ([], [statement(f"!{HAS_ROLE}")], ["without role · newly allowed"]),
        ([], [statement(f"{LIMIT} > 50")], ["limit from 51 · newly allowed"]),
        ([], [statement(f"{LIMIT} >= 1 && {LIMIT} <= 50")], ["limit 1 to 50 · newly allowed"]),
        ([], [statement(f"{LIMIT} != 7")], ["not limit 7 · newly allowed"]),
        ([], [statement(f"{LIMIT} == 7")], ["limit 7 · newly allowed"]),
        (
            [],
            [statement('["sat", "sun"].contains(context.input.request_weekday)')],
            ["on sat, sun · newly allowed"],
        ),
        (
            [ALWAYS],
            [
                statement(
                    '["mon", "tue", "fri", "wed", "thu"].contains(context.input.request_weekday)'
                )
            ],
            ["not on mon-fri or without request_weekday · newly refused"],
        ),
        (
            [],
            [statement('["fri", "mon", "noday"].contains(context.input.request_weekday)')],
            ["on mon, fri, noday · newly allowed"],
        ),
        ([], [statement("context.input.full")], ["full true · newly allowed"]),
        (
            [],
            [statement('context.input.tags.containsAll(["a"])')],
            ["tags of a or tags of a, another · newly allowed"],
        ),
        ([], [statement("context.input.of.part == 2")], ["with of; of.part 2 · newly allowed"]),
        (
            [],
            [statement('principal == AgentCore::OAuthUser::"u-1"')],
            ["user u-1 · newly allowed"],
        ),
        (
            [],
            [statement(f'{ROLE} == "nurse" && {LIMIT} == 7')],
            ["role nurse; limit 7 · newly allowed"],
        ),
        ([DAY], [statement("true && " + hours(8, 18)), DAY], []),
        ([DAY], [statement(hours(8, 12)), statement(hours(12, 18))], []),
        ([ALWAYS], [ALWAYS, DAY], []),
        ([], [statement(hours(18, 8))], []),
    ],
)
def test_differences_in_words(old: list[str], new: list[str], said: list[str]) -> None:
    assert lines(old, new) == [f"basic · patient_context · {one}" for one in said]


def test_whose_calls_they_are() -> None:
    """A claim of either tier, none, another; at each tier's gateway, and at any other."""
    here = f'resource == AgentCore::Gateway::"{BASIC}"'
    head = f"permit (principal is AgentCore::OAuthUser, {CONTEXT}, {here})"
    other = TIER.replace("basic", "premium")
    nobody = "tier other than basic, premium or without tier"
    told = "patient_context · any input · newly allowed"
    assert lines([], [f"{head} when {{ true }};"]) == [
        "any tier · patient_context · at basic's gateway · newly allowed"
    ]
    assert lines([], [f"{head} when {{ {other} }};"]) == [
        "premium · patient_context · at basic's gateway · newly allowed"
    ]
    assert lines([], [f"{head} when {{ ({TIER}) || ({other}) }};"]) == [
        f"basic · {told}",
        "premium · patient_context · at basic's gateway · newly allowed",
    ]
    assert lines([], [f"{head} unless {{ {TIER} }};"]) == [
        "premium · patient_context · at basic's gateway · newly allowed",
        f"{nobody} · patient_context · at basic's gateway · newly allowed",
    ]
    anywhere = head.replace(here, "resource is AgentCore::Gateway")
    assert lines([], [f"{anywhere} when {{ {TIER} }};"]) == [
        "basic · patient_context · at any other gateway · newly allowed",
        f"basic · {told}",
        "basic · patient_context · at premium's gateway · newly allowed",
    ]


def test_a_kill_switch_is_a_line_for_each_tool() -> None:
    tools = ("clinic_config", "current_time")
    actions = [f'AgentCore::Action::"{t.replace("_", "-")}___{t}"' for t in tools]
    permits = [statement(action=f"action == {action}") for action in actions]
    switch = statement(effect="forbid", action=f"action in [{', '.join(actions)}]")
    assert lines(permits, [*permits, switch]) == [
        f"basic · {tool} · any input · newly refused" for tool in tools
    ]


def test_an_example_is_as_ordinary_as_can_be() -> None:
    (one,) = compared([DAY], [statement(hours(8, 20))]).differences
    assert one.example == ToolCall(
        {"custom:tier": "basic"},
        "patient-context___patient_context",
        BASIC,
        {"patient_id": "any", "request_hour": 18},
    )
    assert (one.deciding, one.before) == (("p0",), ())
    (one,) = compared([ALWAYS], [ALWAYS, statement(effect="forbid")]).differences
    assert (one.deciding, one.before) == (("p1",), ("p0",))
    (one,) = compared([DAY], [ALWAYS]).differences
    assert "request_hour" not in one.example.input


def test_tenants_are_those_of_the_tiers() -> None:
    found = compared([DAY], [statement(hours(8, 20))])
    clinics = [f"clinic-{n}" for n in range(5)]
    tenants = {"basic": clinics, "premium": ["hospital"]}
    ((*_, named, _),) = rows(found, tenants)
    assert named == "5: clinic-0, clinic-1, clinic-2, …"
    assert document(found, tenants)["differences"][0]["tenants"] == clinics
    assert rows(found, {})[0][4] == "none"
    assert rows(found, None)[0][4] == "?"
    assert document(found)["differences"][0]["tenants"] is None


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        (
            "context.input.request_hour < context.input.limit",
            "`request_hour` compared with `limit`",
        ),
        (f"{ROLE} == context.input.patient_id", "`custom:role` compared with `patient_id`"),
        ("context.input.limit + 1 > 3", "arithmetic compared with a constant"),
        ('ip(context.input.patient_id).isInRange(ip("10.0.0.0/8"))', "an address"),
        ("principal.hasTag(context.input.patient_id)", "a claim whose name is computed"),
        ('principal.getTag(context.input.patient_id) == "a"', "something computed compared"),
        ("context.input.tags.contains(context.input.patient_id)", "a set of what isn't constant"),
        ('datetime(context.input.patient_id) < datetime("2024-10-15")', "something computed"),
        (" && ".join(f'{ROLE} like "*{c}*{c}*"' for c in "abcdefgh"), "patterns on `role`"),
        (
            " && ".join(f'context.input.tags.contains("{n}")' for n in range(9)),
            "more than 6 members of `tags`",
        ),
    ],
)
def test_what_is_not_exact_is_named(condition: str, what: str) -> None:
    found = compared([], [statement(condition)])
    assert any(what in one for one in found.beyond), found.beyond
    assert not found.same
    unchanged = compared([statement(condition)], [statement(condition), ALWAYS])
    assert unchanged.beyond == found.beyond
    assert compared([statement(condition)], [statement(condition)]).same


def test_what_a_statement_is_called_and_how_it_is_laid_out_is_no_difference() -> None:
    before = {"a": '@id("a")\n' + DAY}
    after = {"b": '// moved\n@id("b") ' + DAY.replace(" && ", "\n  && ")}
    assert compare(before, after, known=KNOWN) == Comparison((), ())


HEAD = f'{CONTEXT}, resource == AgentCore::Gateway::"{BASIC}"'
AT_BASIC = "patient_context · at basic's gateway"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "",
            f'permit (principal == AgentCore::IamEntity::"someone", {HEAD});',
            f"callers by IAM · {AT_BASIC}; user someone · newly allowed",
        ),
        (
            f"permit (principal is AgentCore::OAuthUser, {HEAD});",
            f"permit (principal, {HEAD});",
            f"callers by IAM · {AT_BASIC} · newly allowed",
        ),
        (
            f"permit (principal, {HEAD});",
            f"permit (principal, {HEAD}) unless {{ principal is AgentCore::IamEntity }};",
            f"callers by IAM · {AT_BASIC} · newly refused",
        ),
        (
            f"permit (principal, {HEAD});",
            f'permit (principal, {HEAD}) when {{ principal.hasTag("custom:role") }};',
            (
                f"any tier · {AT_BASIC}; without role · newly refused\n"
                f"callers by IAM · {AT_BASIC} · newly refused"
            ),
        ),
    ],
)
def test_callers_by_iam_are_callers_too(old: str, new: str, said: str) -> None:
    assert lines([old] if old else [], [new]) == said.split("\n")


@pytest.mark.parametrize("action", ["action", 'action in AgentCore::Action::"CallTool"'])
def test_a_policy_about_all_tools_is_about_those_that_nobody_declared(action: str) -> None:
    each = [
        statement(action=f'action == AgentCore::Action::"{tool.action}"') for tool in TOOLS.values()
    ]
    assert lines(each, [statement(action=action)]) == [
        "basic · any other tool · any input · newly allowed"
    ]


@pytest.mark.parametrize(
    "condition",
    [
        "action == context.input.patient_id",
        "context.input.patient_id == action",
        "[resource, context.input.patient_id].contains(action)",
        "resource in context.input.patient_id",
        "resource is AgentCore::Gateway in context.input.patient_id",
        'context.input has "__expr"',
        'context.input.patient_id has "__entity"',
    ],
)
def test_what_cedar_reads_beside_action_and_resource_is_not_passed_over(condition: str) -> None:
    found = compared(
        [], [f"permit (principal is AgentCore::OAuthUser, {HEAD}) unless {{ {condition} }};"]
    )
    assert found.differences or found.beyond


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e9999999", "1.23456", "x", "1"])
def test_what_only_python_reads_as_a_decimal_is_no_number(literal: str) -> None:
    found = compared([], [statement(f'context.input.price.lessThan(decimal("{literal}"))')])
    assert found.differences == ()


def test_one_in_a_set_is_not_true() -> None:
    old, new = (statement(f"context.input.of.contains({member})") for member in ("1", "true"))
    changed = compared([old], [new]).differences
    assert {one.allowed for one in changed} == {True, False}
