"""What is written for each kind of rule: the policy's text, its head comment, its kill switches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.cedar.conftest import make_names

from tenantctl.cedar.decide import Decider, ToolCall
from tenantctl.cedar.rendering.folder import Difference, compare, read, write
from tenantctl.cedar.rendering.render import Rendered, render
from tenantctl.cedar.statement import Effect
from tenantctl.domain.names import Names
from tenantctl.domain.policies import PolicyKey
from tenantctl.domain.pool import Hours, InputRule, ToolRule
from tenantctl.domain.tools import TOOLS
from tenantctl.errors import ConfigError, PolicyInvalidError

EVERYTHING = ToolRule(
    hours=Hours(8, 18, ("mon", "tue")),
    roles=("nurse", '";permit(principal,action,resource);//'),
    inputs=(
        InputRule("query", required=True, one_of=("a", "b\u202e")),
        InputRule("limit", low=-5, high=50),
    ),
)

TEXT = r"""
// basic may call retrieve_clinic_documents, as the configuration says:
// - tiers.basic.tools.retrieve_clinic_documents.hours: from 08:00 until 18:00 on the clinic's clock, on mon, tue
// - tiers.basic.tools.retrieve_clinic_documents.roles: for whoever has one of them
// - tiers.basic.tools.retrieve_clinic_documents.inputs.query: must be given, and as below
// - tiers.basic.tools.retrieve_clinic_documents.inputs.limit: as below where it is given
// The gateway's interceptor sets hour and weekday; what the caller sent is overwritten.
// Rendered by templates/cedar/permit.cedar.j2.
@id("basic.retrieve_clinic_documents")
permit (
  principal is AgentCore::OAuthUser,
  action == AgentCore::Action::"retrieve-clinic-documents___retrieve_clinic_documents",
  resource ==
    AgentCore::Gateway::"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic"
)
when
{
  principal.hasTag("custom:tier") &&
  principal.getTag("custom:tier") == "basic" &&
  context.input has request_hour &&
  context.input.request_hour >= 8 &&
  context.input.request_hour < 18 &&
  context.input has request_weekday &&
  ["mon", "tue"].contains(context.input.request_weekday) &&
  principal.hasTag("custom:role") &&
  ["nurse", "\";permit(principal,action,resource);//"].contains(principal.getTag("custom:role")) &&
  context.input has query &&
  ["a", "b\u{202e}"].contains(context.input.query) &&
  (!(context.input has limit) ||
   context.input has limit &&
   context.input.limit >= -5 &&
   context.input.limit <= 50)
};
""".lstrip()  # noqa: E501 - the file's own lines


def test_the_whole_of_a_rule_is_one_readable_permit() -> None:
    (policy,) = render(make_names({"basic": {"retrieve_clinic_documents": EVERYTHING}}))
    assert policy.text == TEXT


def with_switches(*, tier: bool, tool: bool) -> Names:
    names = make_names(
        {
            "basic": {"patient_context": ToolRule(disabled=tool), "clinic_config": ToolRule()},
            "premium": {"patient_context": ToolRule(), "clinic_config": ToolRule()},
        }
    )
    tiers = dict(names.pool.tiers)
    tiers["basic"] = replace(tiers["basic"], disabled=tier)
    return replace(names, pool=replace(names.pool, tiers=tiers))


def reachable(names: Names, policies: tuple[Rendered, ...]) -> set[str]:
    """`TIER.TOOL` for each tool that a tier can call."""
    decider = Decider({one.key.annotation: one.statement.text for one in policies})
    return {
        f"{tier}.{tool.name}"
        for tier in names.pool.tiers
        for tool in TOOLS.values()
        if decider.decide(
            ToolCall({"custom:tier": tier}, tool.action, names.gateway_arn(tier), {})
        ).allowed
    }


@pytest.mark.parametrize(
    ("tier", "tool", "switches", "left"),
    [
        (False, False, set(), {"basic.patient_context", "basic.clinic_config"}),
        (False, True, {"basic/patient_context-disabled.cedar"}, {"basic.clinic_config"}),
        (True, False, {"basic/disabled.cedar"}, set()),
        (True, True, {"basic/disabled.cedar", "basic/patient_context-disabled.cedar"}, set()),
    ],
)
def test_a_kill_switch_is_a_forbid_beside_the_permits(
    tier: bool, tool: bool, switches: set[str], left: set[str]
) -> None:
    names = with_switches(tier=tier, tool=tool)
    policies = render(names)
    forbids = {p.key.path for p in policies if p.statement.effect is Effect.FORBID}
    assert forbids == switches
    assert len(policies) == 4 + len(switches)
    others = {"premium.patient_context", "premium.clinic_config"}
    assert reachable(names, policies) == left | others


def test_a_kill_switch_wins_over_a_free_hand_permit(tmp_path: Path) -> None:
    names = with_switches(tier=True, tool=False)
    write(tmp_path, render(names))
    own = next(p.text for p in render(names) if p.key.path == "basic/clinic_config.cedar")
    (tmp_path / "basic" / "again.cedar").write_text(
        own.replace('@id("basic.clinic_config")', '@id("basic.again")')
    )
    policies = read(tmp_path, names)
    assert "basic/again.cedar" in {p.key.path for p in policies}
    assert reachable(names, policies) == {"premium.patient_context", "premium.clinic_config"}


def test_a_kill_switch_names_its_line() -> None:
    texts = {p.key.path: p.text for p in render(with_switches(tier=True, tool=True))}
    assert "// From tiers.basic.disabled of" in texts["basic/disabled.cedar"]
    assert (
        "// From tiers.basic.tools.patient_context.disabled of"
        in texts["basic/patient_context-disabled.cedar"]
    )


def test_a_switch_that_is_off_again_goes_and_free_hand_files_stay(tmp_path: Path) -> None:
    write(tmp_path, render(with_switches(tier=True, tool=True)))
    (tmp_path / "basic" / "theirs-disabled.cedar").write_text("")
    off = render(with_switches(tier=False, tool=False))
    changes = compare(tmp_path, off)
    assert {path for path, change in changes.items() if change is not Difference.UNCHANGED} == {
        "basic/disabled.cedar",
        "basic/patient_context-disabled.cedar",
    }
    write(tmp_path, off)
    left = sorted(file.name for file in (tmp_path / "basic").iterdir())
    assert left == ["clinic_config.cedar", "patient_context.cedar", "theirs-disabled.cedar"]


@pytest.mark.parametrize(
    ("name", "rendered"),
    [
        ("patient_context", True),
        ("patient_context-disabled", True),
        ("disabled", True),
        ("theirs", False),
        ("theirs-disabled", False),
        ("patient_context-disabled-disabled", False),
        ("patient_context-enabled", False),
    ],
)
def test_which_names_belong_to_render(name: str, rendered: bool) -> None:
    assert PolicyKey("basic", name).rendered is rendered


@pytest.mark.parametrize(
    "rule",
    [
        ToolRule(roles=tuple(f"role-{number:04}" for number in range(1_000))),
        ToolRule(inputs=(InputRule("patient_id", one_of=("x" * 9_900,)),)),
        ToolRule(inputs=(InputRule("limit", one_of=tuple(range(100_000, 102_000))),)),
    ],
)
def test_a_rule_too_long_for_agentcore_says_so(rule: ToolRule) -> None:
    with pytest.raises(PolicyInvalidError, match=r"characters, and AgentCore takes 10,000") as said:
        render(make_names({"basic": {"get_patient_records": rule}}))
    assert "basic/get_patient_records.cedar" in str(said.value)
    assert "`roles`" in (said.value.hint or "")


@pytest.mark.parametrize("name", ["always", "hours"])
def test_a_changed_template_of_an_earlier_version_is_not_ignored(
    names: Names, tmp_path: Path, name: str
) -> None:
    old = tmp_path / "templates" / "cedar" / f"{name}.cedar.j2"
    old.parent.mkdir(parents=True)
    old.write_text("permit (principal, action, resource) when { mine };")
    with pytest.raises(ConfigError, match=f"{name}.cedar.j2. isn't read any more") as said:
        render(names, beside=tmp_path)
    assert "permit.cedar.j2" in (said.value.hint or "")


def test_an_unchanged_template_of_an_earlier_version_is_in_nobodys_way(
    names: Names, tmp_path: Path
) -> None:
    old = tmp_path / "templates" / "cedar" / "always.cedar.j2"
    old.parent.mkdir(parents=True)
    old.write_text(SHIPPED)
    assert render(names, beside=tmp_path) == render(names)


SHIPPED = """\
// {{ tier|cedar_comment }} may call {{ tool|cedar_comment }} at any time.
// From tiers.{{ tier|cedar_comment }}.tools.{{ tool|cedar_comment }} of the configuration, by templates/cedar/always.cedar.j2.
@id({{ id|cedar_string }})
permit (
  principal is AgentCore::OAuthUser,
  action == AgentCore::Action::{{ action|cedar_string }},
  resource == AgentCore::Gateway::{{ gateway|cedar_string }}
)
when {
  principal.hasTag({{ claim|cedar_string }}) && principal.getTag({{ claim|cedar_string }}) == {{ tier|cedar_string }}
};
"""  # noqa: E501 - as it was shipped
