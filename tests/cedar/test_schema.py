"""The schema, against what AgentCore's documentation shows of the one that it generates:
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html
"""

from __future__ import annotations

from typing import Any

import pytest

from tenantctl.cedar.schema import problems, schema
from tenantctl.cedar.statement import parse
from tenantctl.domain.tools import TOOLS, Tool
from tenantctl.errors import PolicyInvalidError

OAUTH = "principal is AgentCore::OAuthUser"
TOOL = 'action == AgentCore::Action::"patient-context___patient_context"'
ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic"


def permit(principal: str = OAUTH, action: str = TOOL, rest: str = "") -> str:
    return f'permit({principal}, {action}, resource == AgentCore::Gateway::"{ARN}") {rest};'


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ('when { principal.hasTag("a") && principal.getTag("a") == "b" }', None),
        ("when { context.input has request_hour && context.input.request_hour < 9 }", None),
        ('when { context.input.patient_id == "7" }', None),
        ("when { context.input.request_hour < 9 }", "optional attribute"),
        ("when { context.input.hour == 9 }", "not found"),
        ('when { principal.getTag("a") == "b" }', "tag"),
        ('when { context.input.patient_id < "b" }', "unexpected type"),
        ('when { principal.tier == "basic" }', "attribute `tier`"),
    ],
)
def test_the_schema_of_the_tools(rest: str, problem: str | None) -> None:
    found = problems(parse(permit(rest=rest), "x"))
    if problem is None:
        assert found == ()
    else:
        assert any(problem in text for text in found)


def test_an_unknown_tool_is_a_problem() -> None:
    typo = 'action == AgentCore::Action::"patient-context___patient_contxt"'
    assert any("patient_contxt" in text for text in problems(parse(permit(action=typo), "x")))


def found(statement: str, tools: list[Tool] | None = None) -> tuple[str, ...]:
    return problems(parse(statement, "x"), tools)


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ('when { principal.id like "arn:aws:iam::*" }', None),
        ('when { principal.getTag("a") == "b" }', "tag"),
        ('when { principal.name == "a" }', "attribute `name`"),
    ],
)
def test_an_iam_entity_has_an_id_and_no_tags(rest: str, problem: str | None) -> None:
    said = found(permit("principal is AgentCore::IamEntity", rest=rest))
    assert said == () if problem is None else any(problem in text for text in said)


def test_every_tool_is_a_call_of_its_target() -> None:
    actions = schema()["AgentCore"]["actions"]
    assert actions["CallTool"]["memberOf"] == [{"id": "Mcp"}]
    for tool in TOOLS.values():
        assert actions[tool.action]["memberOf"] == [{"id": "CallTool"}, {"id": tool.target}]
        assert actions[tool.target]["memberOf"] == [{"id": "CallTool"}]
        applies = actions[tool.action]["appliesTo"]
        assert set(applies["principalTypes"]) == {"OAuthUser", "IamEntity"}
        assert applies["resourceTypes"] == ["Gateway"]
    assert len(actions) == 2 + 2 * len(TOOLS)


def test_the_input_is_typed_and_named_after_the_tool() -> None:
    frame = schema()["AgentCore"]
    for tool in TOOLS.values():
        context = frame["actions"][tool.action]["appliesTo"]["context"]["attributes"]
        name = f"{tool.name}___{tool.name}Input"
        assert context == {"input": {"type": name}}
        inputs = frame["commonTypes"][name]["attributes"]
        assert set(inputs) == set(tool.properties)
        assert {n for n, part in inputs.items() if part.get("required", True)} == set(tool.required)


@pytest.mark.parametrize("group", ["Mcp", "CallTool", "patient-context"])
def test_a_group_of_actions_is_known(group: str) -> None:
    rest = 'when { principal.hasTag("a") }'
    assert found(permit(action=f'action in AgentCore::Action::"{group}"', rest=rest)) == ()


def test_an_input_of_one_tool_is_none_of_a_group() -> None:
    rest = 'when { context.input.query == "" }'
    group = 'action in AgentCore::Action::"CallTool"'
    assert any("query" in text for text in found(permit(action=group, rest=rest)))


@pytest.mark.parametrize(
    ("json_type", "cedar"),
    [  # the table under "Context"; `null` is an entity there, which no policy can name
        ({"type": "string"}, {"type": "EntityOrCommon", "name": "String"}),
        ({"type": "integer"}, {"type": "EntityOrCommon", "name": "Long"}),
        ({"type": "boolean"}, {"type": "EntityOrCommon", "name": "Bool"}),
        ({"type": "number"}, {"type": "EntityOrCommon", "name": "decimal"}),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "Set", "element": {"type": "EntityOrCommon", "name": "String"}},
        ),
    ],
)
def test_types_are_mapped_as_documented(json_type: dict[str, Any], cedar: dict[str, Any]) -> None:
    types = schema([Tool("t", "", {"i": json_type}, ("i",))])["AgentCore"]["commonTypes"]
    assert types["t___tInput"]["attributes"] == {"i": cedar}


def test_every_json_type_has_a_cedar_type() -> None:
    tool = Tool(
        "t",
        "",
        {
            "s": {"type": "string"},
            "i": {"type": "integer"},
            "b": {"type": "boolean"},
            "n": {"type": "number"},
            "l": {"type": "array", "items": {"type": "string"}},
            "o": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
        },
        ("s", "i", "b", "n", "l", "o"),
    )
    inputs = "context.input"
    good = (
        f'{inputs}.s == "" && {inputs}.i == 1 && {inputs}.b && {inputs}.n == decimal("1.5") && '
        f'{inputs}.l.contains("a") && {inputs}.o.x == 1'
    )
    statement = permit(action='action == AgentCore::Action::"t___t"', rest=f"when {{ {good} }}")
    assert problems(parse(statement, "x"), [tool]) == ()


@pytest.mark.parametrize(
    "properties",
    [
        {"any": {}},
        {"none": {"type": "null"}},
        {"list": {"type": "array"}},
        {"kind": {"type": "string", "enum": ["full", "summary"]}},
        {"either": {"type": ["string", "null"]}},
        {"odd": {"type": "wibble"}},
        {"if": {"type": "string"}, "__cedar": {"type": "object"}},
    ],
)
def test_an_input_that_no_policy_could_speak_of_is_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(PolicyInvalidError, match=r"no Cedar (type|schema)"):
        schema([Tool("t", "", properties)])
