from __future__ import annotations

import json

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantctl.cedar.statement import Effect, Entity, literal, on_gateway, parse
from tenantctl.errors import PolicyInvalidError

GATEWAY = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic"
REAL = f"{GATEWAY}-abcdefghij"


def text(condition: str = "", *, effect: str = "permit", gateway: str = GATEWAY) -> str:
    return (
        f'@id("basic.x") {effect}(principal is AgentCore::OAuthUser, '
        f'action == AgentCore::Action::"x___x", resource == AgentCore::Gateway::"{gateway}")'
        f"{condition};"
    )


def test_a_statement_is_read_with_its_parts() -> None:
    found = parse(text(' when { principal.hasTag("a") } unless { false }', effect="forbid"), "x")
    assert found.effect is Effect.FORBID
    assert found.id == "basic.x"
    assert found.principal.entity_type == "AgentCore::OAuthUser"
    assert found.action.entities == (Entity("AgentCore::Action", "x___x"),)
    assert found.gateway == GATEWAY
    assert [c.kind for c in found.conditions] == ["when", "unless"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "0 statements"),
        ("// only a comment", "0 statements"),
        (text() + text(), "2 statements"),
        (text() + "\n// gap\n" + text(effect="forbid"), "2 statements"),
        ("permit(principal, action", "not a Cedar policy"),
        ("allow(principal, action, resource);", "not a Cedar policy"),
        ("permit(principal == ?principal, action, resource);", "template slots"),
        ("permit(principal in ?principal, action, resource);", "template slots"),
        (text(" when { " + "(" * 3000 + "true" + ")" * 3000 + " }"), "more than 300 brackets"),
        (text(" when { " + "[" * 3000 + "]" * 3000 + " == [] }"), "more than 300 brackets"),
        (text(" when { " + " && ".join(["true"] * 900) + " }"), "nest too deeply"),
        (text(" when { context" + ".a" * 4000 + " }"), "nest too deeply"),
        ("\x00", "not a Cedar policy"),
        ("\ud800", "not a Cedar policy"),
    ],
)
def test_what_is_not_one_statement_is_refused(bad: str, message: str) -> None:
    with pytest.raises(PolicyInvalidError, match=message):
        parse(bad, "x")


def test_comments_go_and_the_meaning_stays() -> None:
    commented = text(' when { principal.hasTag("//not a comment") // one\r || false\n// two\n }')
    found = parse(f"// head\n{commented} // tail", "x")
    assert "one" not in found.text
    assert "two" not in found.text
    assert "tail" not in found.text
    assert '"//not a comment"' in found.text
    assert parse(found.text, "x") == found


@pytest.mark.parametrize(
    "before", ['"', '"\\"', '// "\r', '"//" ', '// " \n', '"\\\n"', "'", '/* " */', '"a" "']
)
def test_strings_and_comments_hide_no_brackets(before: str) -> None:
    deep = "(" * 2000 + "true" + ")" * 2000
    with pytest.raises(PolicyInvalidError):
        parse(text(f" when {{ {before}{deep} }}"), "x")
    with pytest.raises(PolicyInvalidError):
        parse(f"{before}{text(f' when {{ {deep} }}')}", "x")


def test_brackets_in_strings_are_no_brackets() -> None:
    many = "(" * 2000
    assert parse(text(f' when {{ principal.hasTag("{many}") }}'), "x").gateway == GATEWAY


def test_a_comment_hides_no_second_statement() -> None:
    with pytest.raises(PolicyInvalidError, match="2 statements"):
        parse(text() + ' // "\r' + text() + '// "', "x")


def test_the_gateway_is_replaced_and_nothing_else() -> None:
    condition = f' when {{ principal.getTag("a") == "AgentCore::Gateway::\\"{GATEWAY}\\"" }}'
    before = parse(text(condition), "x")
    after = on_gateway(before, REAL)
    assert after.gateway == REAL
    assert after.conditions == before.conditions
    assert on_gateway(after, GATEWAY) == before


def test_without_a_gateway_there_is_nothing_to_replace() -> None:
    with pytest.raises(PolicyInvalidError, match="names no gateway"):
        on_gateway(parse("permit(principal, action, resource);", "x"), REAL)


@settings(deadline=None)
@given(st.text())
def test_any_text_survives_as_a_literal(value: str) -> None:
    found = parse(f"permit(principal, action, resource) when {{ {literal(value)} == 1 }};", "x")
    assert found.conditions[0].body["=="]["left"] == {"Value": value}


@settings(deadline=None)
@given(st.text())
def test_a_literal_shows_only_printable_ascii(value: str) -> None:
    assert all(" " <= char <= "~" for char in literal(value))


def test_a_lone_surrogate_is_no_literal() -> None:
    with pytest.raises(PolicyInvalidError, match="no text"):
        literal("a\ud800")


@settings(deadline=None)
@given(st.text(alphabet='permit(principal,action,resource);when{}&|!"\\/@ \n1=<>', max_size=200))
def test_reading_text_gives_a_statement_or_an_error(value: str) -> None:
    try:
        found = parse(value, "x")
    except PolicyInvalidError:
        return
    before = json.loads(cedarpy.policies_to_json_str(value))["staticPolicies"]
    after = json.loads(cedarpy.policies_to_json_str(found.text))["staticPolicies"]
    assert before == after
