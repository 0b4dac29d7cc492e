"""Every rule with what it refuses and what it lets be: tests/cases/lint/RULE/{bad,good}.

A file says itself what must be found in it: `// expect: RULE…` on the line of the finding,
`// expect-file: RULE` where the finding has no line. Nothing else may be found, by any rule.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cedar.conftest import make_names

from tenantctl.cedar.lint.rule import Severity
from tenantctl.cedar.lint.run import RULES, Linted, lint
from tenantctl.cedar.lint.sources import of_folder
from tenantctl.cedar.lint.subject import Frame, Source, frame
from tenantctl.domain.policies import PolicyKey
from tenantctl.domain.tools import TOOLS, Tool

ROOT = Path(__file__).parents[2] / "cases" / "lint"
TIERS = ("basic", "premium")
OF_SETS = {"too-many-policies", "gateway-too-large", "schema-too-large"}
"""Rules about more text than belongs into files: below."""

_MARK = re.compile(r"// expect(-file)?: (.*)")

Expected = set[tuple[str, int | None, str]]


@pytest.fixture(scope="module")
def pool() -> Frame:
    return frame(make_names({tier: {} for tier in TIERS}))


def expected(directory: Path) -> Expected:
    return {
        (str(path), None if mark.group(1) else number, rule)
        for path in directory.rglob("*.cedar")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (mark := _MARK.search(line))
        for rule in mark.group(2).split()
    }


def found(directory: Path, pool: Frame) -> Expected:
    sources, wrong = of_folder(directory, TIERS, ())
    result = lint(sources, pool, wrong)
    return {(one.file, one.line, one.rule.id) for one in result.findings}


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.id not in OF_SETS])
def test_a_rule_finds_the_bad_and_lets_the_good_be(rule: str, pool: Frame) -> None:
    bad = expected(ROOT / rule / "bad")
    assert rule in {name for _, _, name in bad}
    assert found(ROOT / rule / "bad", pool) == bad
    assert list((ROOT / rule / "good").rglob("*.cedar"))
    assert found(ROOT / rule / "good", pool) == set()


def test_every_example_is_of_a_rule() -> None:
    assert {path.name for path in ROOT.iterdir()} == {rule.id for rule in RULES} - OF_SETS


def test_rules_are_told_apart_and_say_who_says_so() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
        assert rule.url.startswith(("https://docs.aws.amazon.com/", "https://docs.cedarpolicy.com"))
        assert rule.summary
        assert rule.fix


def numbered(count: int, pool: Frame, *, length: int = 0) -> list[Source]:
    made = []
    for number in range(count):
        key = PolicyKey(TIERS[number % 2], f"p{number}")
        made.append(
            Source(
                key.path,
                f'@id("{key.annotation}")\npermit (principal is AgentCore::OAuthUser, action == '
                'AgentCore::Action::"patient-context___patient_context", resource == '
                f'AgentCore::Gateway::"{pool.gateways[key.tier]}") when {{ '
                f'principal.hasTag("custom:tier") && principal.getTag("custom:tier") == '
                f'"{key.tier}" && context.input.patient_id == "{"x" * length}{number}" }};',
                key,
            )
        )
    return made


def errors(result: Linted) -> list[tuple[str, str]]:
    return [
        (one.rule.id, one.message) for one in result.findings if one.rule.severity is Severity.ERROR
    ]


def test_policies_about_a_gateway_have_a_size_together(pool: Frame) -> None:
    assert errors(lint(numbered(40, pool, length=9_000), pool)) == []
    (premium, basic) = errors(lint(numbered(44, pool, length=9_000), pool))[::-1]
    assert basic[0] == premium[0] == "gateway-too-large"


def test_the_tools_schema_has_a_size(pool: Frame) -> None:
    inputs = {f"input_{number}": {"type": "string"} for number in range(400)}
    many = {name: Tool(name, "", inputs) for name in (f"tool_{n}" for n in range(40))}
    ((rule, message),) = errors(lint((), replace(pool, tools={**TOOLS, **many})))
    assert rule == "schema-too-large"
    assert "45 tools" in message
