"""Linting as a whole: it agrees with what a push refuses, and bears whatever it is given."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.cedar.conftest import make_names

from tenantctl.cedar.check import check
from tenantctl.cedar.lint.rule import Severity
from tenantctl.cedar.lint.run import RULES, Linted, lint
from tenantctl.cedar.lint.sources import of_folder, of_paths
from tenantctl.cedar.lint.subject import Source, frame
from tenantctl.cedar.rendering.render import render
from tenantctl.cedar.statement import parse
from tenantctl.domain.config import load
from tenantctl.domain.names import Names
from tenantctl.domain.policies import PolicyKey
from tenantctl.errors import PolicyInvalidError, UsageError

NAMES = make_names({"basic": {}, "premium": {}})
FRAME = frame(NAMES)
KEY = PolicyKey("basic", "rule")
ARN = FRAME.gateways["basic"]
TOOL = "patient-context___patient_context"
STARTER = Path(__file__).parents[3]


def test_the_starter_set_is_clean() -> None:
    pool = load(STARTER / "templates" / "config" / "tenantctl.yaml")
    names = Names(pool, "123456789012")
    sources, wrong = of_folder(STARTER / "policies", pool.tiers, render(names))
    result = lint(sources, frame(names), wrong)
    assert result == Linted((), 10, ())


HEADS = (
    "principal is AgentCore::OAuthUser",
    "principal",
    'principal == AgentCore::OAuthUser::"3f"',
    "principal is AgentCore::IamEntity",
    "principal is User",
)
ACTIONS = (
    f'action == AgentCore::Action::"{TOOL}"',
    'action in [AgentCore::Action::"current-time___current_time"]',
    "action",
    'action in AgentCore::Action::"CallTool"',
    'action == AgentCore::Action::"patient-context__patient_context"',
    'action == Action::"x"',
)
RESOURCES = (
    f'resource == AgentCore::Gateway::"{ARN}"',
    "resource is AgentCore::Gateway",
    "resource",
    'resource == AgentCore::Gateway::"x"',
    f'resource == AgentCore::Gateway::"{ARN}-other"',
)
PARTS = (
    'principal.hasTag("custom:tier")',
    'principal.getTag("custom:tier") == "basic"',
    'principal.getTag("custom:tier") == principal.getTag("custom:role")',
    'principal.getTag("a") like "x*y"',
    "principal is AgentCore::OAuthUser",
    "principal is AgentCore::IamEntity",
    'principal in Group::"a"',
    "context.input has request_hour",
    "context.input.request_hour < 18",
    "context.input.request_hour >= 20",
    "context.input.request_hour + 1 > 2",
    'context.input.patient_id == "p"',
    '["a", "b"].contains(context.input.patient_id)',
    "context.input has undeclared",
    "context.input.undeclared.part == 1",
    "context has input",
    "context == context",
    '{a: context.input}["a"] has b',
    'resource == AgentCore::Gateway::"x"',
    f'action == AgentCore::Action::"{TOOL}"',
    'ip("10.0.0.1").isLoopback()',
    'decimal("1.5") == decimal(principal.id)',
    "true",
    "false",
    "1 == 1",
    '"text"',
)
conditions = st.recursive(
    st.sampled_from(PARTS),
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
    ),
    max_leaves=4,
)
clauses = st.lists(st.builds("{} {{ {} }}".format, st.sampled_from(("when", "unless")), conditions))
statements = st.builds(
    '@id("{}")\n{} ({},\n{},\n{})\n{};'.format,
    st.sampled_from(("basic.rule", "basic.rule", "other")),
    st.sampled_from(("permit", "forbid")),
    st.sampled_from(HEADS),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    clauses.map("\n".join),
)


def linted(texts: Sequence[str], key: PolicyKey | None = KEY) -> Linted:
    return lint([Source(f"{number}.cedar", text, key) for number, text in enumerate(texts)], FRAME)


def errors(result: Linted) -> set[str]:
    return {f.rule.id for f in result.findings if f.rule.severity is Severity.ERROR}


def is_refused(text: str) -> bool:
    try:
        check(KEY, parse(text, "x"), ARN)
    except PolicyInvalidError:
        return True
    return False


@settings(max_examples=60, deadline=None)
@given(statements)
def test_what_a_push_refuses_is_an_error(text: str) -> None:
    if is_refused(text):
        assert errors(linted([text]))


BY_EVALUATION = {"permit-all", "forbid-all", "never-applies", "hours-empty"}
GUARDED = {"unknown-input", "tags-on-iam"}
"""What Cedar's validator takes: behind a guard that never holds, it looks no further."""


@settings(max_examples=60, deadline=None)
@given(statements)
def test_an_error_is_refused_by_a_push_or_seen_by_lint_alone(text: str) -> None:
    found = errors(linted([text]))
    if found - BY_EVALUATION - GUARDED:
        assert is_refused(text)


HOSTILE = (
    '";permit(principal,action,resource);//',
    "permit(principal, action, resource);" * 3,
    '@id("\\u{202e}") permit(principal, action, resource);',
    "permit(principal, action, resource) when { " + "!" * 500 + "true };",
    "permit(principal, action, resource) when { " + "[" * 290 + "]" * 290 + " == 1 };",
    "permit(principal, action, resource) when { " + " && ".join(["true"] * 2_000) + " };",
    'permit(principal, action, resource) when { "' + "\\" * 2_001,
    'permit(principal, action, resource) when { principal.getTag("\\u{0}") like "\\*\\0*" };',
    "permit(principal, action, resource) when { context.input.a.b.c.d.e has f };",
    "permit(principal, action, resource) when { -9223372036854775808 < context.input.limit };",
    "\ud800",
    "\x00",
    "é\r\n\u2028permit",
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(HOSTILE),
            statements,
            st.text(max_size=60),
            st.lists(
                st.sampled_from((*PARTS, *HEADS, "permit", "(", ")", ";", "when", "{", "}"))
            ).map(" ".join),
        ),
        max_size=3,
    )
)
@example(list(HOSTILE))
def test_whatever_is_linted_is_told_with_its_place(texts: list[str]) -> None:
    result = linted(texts, key=None)
    for found in result.findings:
        if found.line is not None:
            text = texts[int(found.file.partition(".")[0])]
            assert 1 <= found.line <= text.count("\n") + 1
        assert found.message
    assert result.summary.startswith(f"{len(texts)} file")


def test_many_policies_are_linted_in_seconds() -> None:
    tiers = tuple(FRAME.gateways)
    texts = []
    for number in range(300):
        key = PolicyKey(tiers[number % 2], f"p{number}")
        texts.append(
            Source(
                key.path,
                f'@id("{key.annotation}") permit (principal is AgentCore::OAuthUser, '
                f'action == AgentCore::Action::"{TOOL}", '
                f'resource == AgentCore::Gateway::"{FRAME.gateways[key.tier]}") when {{ '
                f'principal.hasTag("custom:tier") && '
                f'principal.getTag("custom:tier") == "{key.tier}" && '
                f"context.input has request_hour && context.input.request_hour >= {number % 12} && "
                f"context.input.request_hour < {12 + number % 12} }};",
                key,
            )
        )
    began = time.process_time()
    result = lint(texts, FRAME)
    assert time.process_time() - began < 10
    assert errors(result) == set()
    assert not result.undecided


def test_one_policy_too_many() -> None:
    one = Source("x.cedar", f"permit ({HEADS[0]}, {ACTIONS[0]}, {RESOURCES[0]});")
    assert "too-many-policies" not in errors(lint([one] * 2, FRAME))
    assert "too-many-policies" in errors(lint([one] * 1_001, FRAME))


def test_undecided_cells_are_named_and_nothing_is_claimed_of_them() -> None:
    computed = (
        f'@id("basic.rule") permit ({HEADS[0]}, {ACTIONS[0]}, {RESOURCES[0]}) when {{ '
        'principal.hasTag("custom:tier") && context.input.patient_id == principal.id };'
    )
    result = linted([computed, computed])
    assert {found.rule.id for found in result.findings} == {"any-tier"}
    assert [why for why in result.undecided if TOOL in why and "compared with" in why]


def test_paths_are_files_and_directories_of_policies(tmp_path: Path) -> None:
    (tmp_path / "basic").mkdir()
    (tmp_path / "basic" / "rule.cedar").write_text("permit(")
    (tmp_path / "loose name.cedar").write_bytes(b"\xff")
    sources, wrong = of_paths([tmp_path, tmp_path / "basic" / "rule.cedar"], ("basic",))
    assert [(one.key, Path(one.file).name) for one in sources] == [(KEY, "rule.cedar")]
    assert [(one.rule.id, one.message) for one in wrong] == [("syntax-error", "not UTF-8 text")]
    with pytest.raises(UsageError, match="doesn't exist"):
        of_paths([tmp_path / "none"], ())
    (tmp_path / "rule.txt").write_text("")
    with pytest.raises(UsageError, match="is no policy"):
        of_paths([tmp_path / "rule.txt"], ())


def test_every_rule_is_in_the_guide_and_the_guide_has_no_other() -> None:
    guide = (STARTER / "docs" / "policy-lint.md").read_text()
    rows = [line.split("|")[1:4] for line in guide.splitlines() if line.startswith("| `")]
    assert [(name.strip(" `"), level.strip(), what.strip()) for name, level, what in rows] == [
        (rule.id, rule.severity.value, f"[{rule.summary}]({rule.url})") for rule in RULES
    ]
