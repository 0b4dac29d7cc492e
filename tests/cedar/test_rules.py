"""The schema's frame, after
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html
"""

from __future__ import annotations

import pytest

from tenantctl.cedar.findings import findings
from tenantctl.cedar.rules import refusals
from tenantctl.cedar.statement import parse

OAUTH = "principal is AgentCore::OAuthUser"
TOOL = 'action == AgentCore::Action::"patient-context___patient_context"'
ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic"
ON = f'resource == AgentCore::Gateway::"{ARN}"'


def permit(principal: str = OAUTH, action: str = TOOL, resource: str = ON, rest: str = "") -> str:
    return f"permit({principal}, {action}, {resource}) {rest};"


@pytest.mark.parametrize(
    "statement",
    [
        permit(),
        permit("principal"),
        permit('principal == AgentCore::OAuthUser::"3f"'),
        permit("principal is AgentCore::IamEntity"),
        permit(action="action", resource="resource is AgentCore::Gateway"),
        permit(action=f'action in [{TOOL[10:]}, AgentCore::Action::"x___y"]'),
        permit(action='action in AgentCore::Action::"patient-context"'),
        permit(
            rest="when { context.input has patient_id && context.input.patient_id == principal.id }"
        ),
        permit(rest="when { context has input }"),
        permit(rest=f'when {{ resource == AgentCore::Gateway::"{ARN}" }}'),
    ],
)
def test_what_agentcore_takes(statement: str) -> None:
    assert refusals(parse(statement, "x")) == ()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (permit(resource="resource"), "bare `resource`"),
        ("permit(principal, action, resource);", "bare `resource`"),
        (permit(resource="resource is AgentCore::Gateway"), "must name the gateway's arn"),
        (permit(resource="resource is Other::Gateway"), "must be AgentCore::Gateway"),
        (permit(resource=f'resource in AgentCore::Gateway::"{ARN}"'), "the resource must be"),
        (permit(resource='resource == AgentCore::Gateway::"*"'), "no gateway arn"),
        (permit(resource='resource == AgentCore::Runtime::"x"'), "the resource must be"),
        (permit("principal is User"), "unknown principal type `User`"),
        (permit('principal == Other::OAuthUser::"a"'), "unknown principal type"),
        (permit('principal in AgentCore::OAuthUser::"a"'), "no groups"),
        (permit('principal is AgentCore::OAuthUser in AgentCore::OAuthUser::"a"'), "no groups"),
        (permit(action='action == Action::"x"'), "an action is"),
        (permit(action='action in [AgentCore::Action::"a", Other::Action::"b"]'), "an action is"),
        (permit(rest='when { principal == Group::"a" }'), "unknown entity type `Group`"),
        (permit(rest="when { principal is Group }"), "unknown entity type `Group`"),
        (permit(rest="when { context.tier == 1 }"), "only `context.input`"),
        (permit(rest='when { context["tier"] == 1 }'), "only `context.input`"),
        (permit(rest="when { context has tier }"), "only `context.input`"),
        (permit(rest="when { [context].isEmpty() }"), "only `context.input`"),
        (permit(rest="when { {a: context} has a }"), "only `context.input`"),
        (permit(rest="unless { context == context }"), "only `context.input`"),
    ],
)
def test_what_agentcore_refuses(statement: str, why: str) -> None:
    assert any(why in reason for reason in refusals(parse(statement, "x")))


@pytest.mark.parametrize(
    ("rest", "finding"),
    [
        ("", "Overly Permissive"),
        ("when { true }", "Overly Permissive"),
        ("unless { false }", "Overly Permissive"),
        ("when { 1 == 1 }", "Overly Permissive"),
        ('when { principal.hasTag("a") || true }', "Overly Permissive"),
        ('when { principal.hasTag("a") || !principal.hasTag("a") }', "Overly Permissive"),
        ('when { if principal.hasTag("a") then true else true }', "Overly Permissive"),
        ("when { false }", "Ineffective"),
        ("when { true } unless { true }", "Ineffective"),
        ('when { "a" == "b" }', "Ineffective"),
        ("when { 1 == true }", "Ineffective"),
        ('when { principal.hasTag("a") && !principal.hasTag("a") }', "Ineffective"),
        ('when { principal.hasTag("a") } unless { principal.hasTag("a") }', "Ineffective"),
        ('when { principal.hasTag("a") }', None),
        ('when { principal.hasTag("a") || !principal.hasTag("b") }', None),
        ('unless { principal.hasTag("a") }', None),
    ],
)
def test_findings_of_a_permit(rest: str, finding: str | None) -> None:
    found = findings(parse(permit(rest=rest), "x"))
    assert [f.partition(":")[0] for f in found] == ([] if finding is None else [finding])


def test_a_forbid_without_conditions_denies_all() -> None:
    found = findings(parse(permit().replace("permit", "forbid"), "x"))
    assert [f.partition(":")[0] for f in found] == ["Overly Restrictive"]


def test_many_unknowns_are_left_to_the_service() -> None:
    many = " || ".join(f'principal.hasTag("{n}")' for n in range(20))
    assert findings(parse(permit(rest=f"when {{ {many} }}"), "x")) == ()
