from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cedar.conftest import make_names

from tenantctl.cedar.rendering.render import render, render_rule
from tenantctl.cedar.rendering.template import fill
from tenantctl.cedar.schema import schema
from tenantctl.cedar.statement import Statement, nodes, parse
from tenantctl.domain import files
from tenantctl.domain.names import Names
from tenantctl.domain.policies import NAME, PolicyKey, read_description
from tenantctl.domain.pool import Hours, InputRule, ToolRule
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import ConfigError, PolicyInvalidError, UsageError

HOSTILE = '";permit(principal,action,resource);//'
HOSTILE_TEXTS = (HOSTILE, "*/", "\n", "\r", "\\", '\\"', "{{x}}", "\u202e", "\u2028", "\x00", "//")


def decide(names: Names, tier: str, tool: str, claims: Mapping[str, str], **inputs: object) -> bool:
    """What the rendered policies say to a call through the gateway of `tier`."""
    gateway = names.gateway_arn(tier)
    user = {
        "uid": {"type": "AgentCore::OAuthUser", "id": "u"},
        "attrs": {"id": "u"},
        "parents": [],
        "tags": dict(claims),
    }
    place = {"uid": {"type": "AgentCore::Gateway", "id": gateway}, "attrs": {}, "parents": []}
    answer = cedarpy.is_authorized(
        {
            "principal": {"type": "AgentCore::OAuthUser", "id": "u"},
            "action": {"type": "AgentCore::Action", "id": TOOLS[tool].action},
            "resource": {"type": "AgentCore::Gateway", "id": gateway},
            "context": {"input": inputs},
        },
        "\n".join(policy.text for policy in render(names)),
        [user, place],
        schema(),
    )
    assert not answer.diagnostics.errors
    return bool(answer.allowed)


BASIC, PREMIUM = {"custom:tier": "basic"}, {"custom:tier": "premium"}


@pytest.mark.parametrize(
    ("tier", "tool", "claims", "inputs", "allowed"),
    [
        ("basic", "patient_context", BASIC, {"patient_id": "7", "request_hour": 7}, False),
        ("basic", "patient_context", BASIC, {"patient_id": "7", "request_hour": 8}, True),
        ("basic", "patient_context", BASIC, {"patient_id": "7", "request_hour": 17}, True),
        ("basic", "patient_context", BASIC, {"patient_id": "7", "request_hour": 18}, False),
        ("basic", "patient_context", BASIC, {"patient_id": "7"}, False),
        ("basic", "patient_context", PREMIUM, {"patient_id": "7", "request_hour": 9}, False),
        ("basic", "patient_context", {}, {"patient_id": "7", "request_hour": 9}, False),
        ("basic", "clinic_config", BASIC, {}, True),
        ("basic", "clinic_config", {"custom:tier": "Basic"}, {}, False),
        ("basic", "current_time", BASIC, {}, False),
        ("premium", "patient_context", PREMIUM, {"patient_id": "7"}, True),
        ("premium", "patient_context", PREMIUM, {"patient_id": "7", "request_hour": 3}, True),
        ("premium", "patient_context", BASIC, {"patient_id": "7", "request_hour": 9}, False),
        ("premium", "clinic_config", PREMIUM, {}, False),
    ],
)
def test_rendered_policies_decide(  # noqa: PLR0913, PLR0917 - the columns of the table
    names: Names,
    tier: str,
    tool: str,
    claims: Mapping[str, str],
    inputs: Mapping[str, Any],
    allowed: bool,
) -> None:
    assert decide(names, tier, tool, claims, **inputs) is allowed


def test_a_policy_names_its_rule_and_its_gateway(names: Names) -> None:
    for policy in render(names):
        assert policy.text.startswith("// ")
        assert f"tiers.{policy.key.tier}.tools.{policy.key.tool}" in policy.text.partition("@")[0]
        assert policy.statement.id == policy.key.annotation
        assert policy.statement.gateway == names.gateway_arn(policy.key.tier)
        assert parse(policy.text, "x") == policy.statement


def test_rendering_twice_gives_the_same(names: Names) -> None:
    assert render(names) == render(names)


def test_an_unknown_tool_is_refused(names: Names) -> None:
    with pytest.raises(ConfigError, match="unknown tool"):
        render_rule(names, PolicyKey("basic", "delete_everything"), ToolRule())


@pytest.mark.parametrize(
    "part", ["", "..", "a/b", "a\nb", "-a", "1a", "ä", HOSTILE, "a b", "a\x00"]
)
def test_what_cannot_name_a_file_names_no_policy(part: str) -> None:
    with pytest.raises(UsageError):
        PolicyKey(part, "patient_context")
    with pytest.raises(UsageError):
        PolicyKey("basic", part)


_VALUES = {
    "id": "basic.clinic_config",
    "tier": "basic",
    "tool": "clinic_config",
    "claim": "custom:tier",
    "action": "clinic-config___clinic_config",
    "gateway": "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic",
    "role_claim": "custom:role",
    "hours": Hours(8, 18, ("mon", "fri")),
    "roles": ("nurse", "physician"),
    "inputs": (InputRule("kind", one_of=("full", "summary")), InputRule("limit", low=1, high=9)),
}


def hostile(value: object, text: str) -> object:
    """`value` with `text` for every text in it."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(hostile(part, text) for part in value)
    if isinstance(value, Hours):
        return replace(value, days=(text,) * len(value.days))
    if isinstance(value, InputRule):
        return replace(value, one_of=(text,) * len(value.one_of))
    return value


@pytest.mark.parametrize("template", ["cedar/permit.cedar.j2", "cedar/disabled.cedar.j2"])
@settings(deadline=None)
@given(text=st.one_of(st.text(), st.sampled_from(HOSTILE_TEXTS)))
def test_no_value_becomes_code(template: str, text: str) -> None:
    source = files.template(template)
    # An empty name turns the switch of a tool into that of a tier.
    values = {name: hostile(value, text) for name, value in _VALUES.items()} | {"tool": text or "-"}
    plain = parse(fill(source, _VALUES, source=template), template)
    found = parse(fill(source, values, source=template), template)
    assert found.id == text
    assert found.action.entities[0].id == text
    assert found.gateway == text
    assert found.effect is plain.effect
    assert shape(found) == shape(plain)


def shape(statement: Statement) -> list[list[str]]:
    """The operators of the conditions, without the texts in them."""
    found = [node for c in statement.conditions for node in nodes(c.body)]
    return [sorted(node) for node in found if not isinstance(node.get("Value"), str)]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ missing|cedar_string }}", "missing"),
        ("{{ tier }}", "without a filter"),
        ("{{ '\"' }}", "without a filter"),
        ("{{ tier|safe }}", "No filter named 'safe'"),
        ("{{ tier|cedar_long }}", "no whole number"),
        ("{{ roles|cedar_string }}", "no text"),
        ("{% if %}", "Expected an expression"),
        ("{{ tier.__class__|cedar_string }}", "unsafe"),
        ("permit(principal, action, resource)", "not a Cedar policy"),
        ("", "0 statements"),
        ("permit(principal, action, resource); " * 2, "2 statements"),
    ],
)
def test_a_wrong_template_is_an_error(template: str, message: str) -> None:
    with pytest.raises(PolicyInvalidError, match=message):
        fill(template, _VALUES, source="mine.j2")


def test_templates_beside_the_configuration_win(names: Names, tmp_path: Path) -> None:
    own = tmp_path / "templates" / "cedar" / "permit.cedar.j2"
    own.parent.mkdir(parents=True)
    own.write_text("// ours\n" + files.template("cedar/permit.cedar.j2"))
    texts = {p.key.tool: p.text for p in render(names, beside=tmp_path) if p.key.tier == "basic"}
    assert {text.partition("\n")[0] for text in texts.values()} == {"// ours"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("OAuthUser,", "User,"), "unknown principal type"),
        (("resource == AgentCore::Gateway::{{ gateway|cedar_string }}", "resource"), "bare"),
        (("permit (", '@x("y") forbid ('), None),
        (("{{ id|cedar_string }}", '"other"'), "@id"),
        (("principal.hasTag({{ claim|cedar_string }}) &&", ""), "tag"),
        (("== {{ tier|cedar_string }}\n", '== "" || true\n'), "Overly Permissive"),
        (
            (
                "{{ gateway|cedar_string }}",
                '"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/other"',
            ),
            "tier's gateway",
        ),
        (("permit (", "// " + "x" * 11_000 + "\npermit ("), None),
    ],
)
def test_a_template_cannot_render_what_the_engine_refuses(
    names: Names, tmp_path: Path, change: tuple[str, str], message: str | None
) -> None:
    own = tmp_path / "templates" / "cedar" / "permit.cedar.j2"
    own.parent.mkdir(parents=True)
    text = files.template("cedar/permit.cedar.j2")
    assert change[0] in text
    own.write_text(text.replace(*change))
    if message is None:
        assert render(names, beside=tmp_path)
        return
    with pytest.raises(PolicyInvalidError, match=message):
        render(names, beside=tmp_path)


_PARTS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,80}", fullmatch=True)


@settings(deadline=None)
@given(_PARTS, _PARTS, st.text())
def test_names_fit_the_engine_and_carry_the_content(tier: str, tool: str, text: str) -> None:
    key = PolicyKey(tier, tool)
    assert NAME.fullmatch(key.name(text))
    assert key.name(text) == key.name(text)
    assert key.name(text) != key.name(text + " ")
    assert read_description(key.description) == key


@pytest.mark.parametrize(
    "text",
    [None, "", "tenantctl", "tenantctl basic", "tenantctl a/b/c", "other basic/x", "tenantctl /"],
)
def test_other_descriptions_are_not_ours(text: str | None) -> None:
    assert read_description(text) is None


def test_two_pools_render_different_policies() -> None:
    one = make_names({"basic": {"clinic_config": ToolRule()}})
    two = make_names({"basic": {"clinic_config": ToolRule()}}, name="other")
    (first,), (second,) = render(one), render(two)
    assert first.key.name(first.statement.text) != second.key.name(second.statement.text)
