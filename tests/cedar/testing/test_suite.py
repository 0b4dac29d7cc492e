"""`tenantctl policy test`: cases are read strictly, decided, and told with their place."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.program import Program

from tenantctl.cedar.rendering.render import render
from tenantctl.cedar.testing.cases import Case, load
from tenantctl.cedar.testing.suite import run
from tenantctl.domain.names import Names
from tenantctl.errors import ConfigError


def written(path: Path, *cases: str) -> Path:
    file = path / "cases.yaml"
    file.write_text("version: 1\ncases:\n" + "".join(f"  - {{{case}}}\n" for case in cases))
    return file


def decided(names: Names, cases: tuple[Case, ...]) -> list[tuple[str, bool]]:
    policies = {policy.key.annotation: policy.statement for policy in render(names)}
    return [(result.got, result.passed) for result in run(cases, policies)]


BASIC = "name: x, tier: basic, tool: patient_context"
PATIENT, DEFAULT = "allow by basic.patient_context", "deny by default"
NO_TIME = "expected a time on the clinic's clock"


@pytest.mark.parametrize(
    ("case", "got", "passed"),
    [
        (f'{BASIC}, clock: "08:00", expect: allow', PATIENT, True),
        (f'{BASIC}, clock: "17:59", expect: deny', PATIENT, False),
        (f'{BASIC}, clock: "sat 18:00", expect: deny, by: []', DEFAULT, True),
        (f'{BASIC}, clock: "2026-01-05T09:30", expect: allow', PATIENT, True),
        (f"{BASIC}, input: {{request_hour: 9}}, expect: allow", PATIENT, True),
        # The clock overwrites what the caller declares.
        (f'{BASIC}, input: {{request_hour: 9}}, clock: "22:00", expect: deny', DEFAULT, True),
        # Right decision, by another policy.
        (f'{BASIC}, clock: "09:00", expect: allow, by: [other]', PATIENT, False),
        ("name: x, tier: null, gateway: basic, tool: clinic_config, expect: deny", DEFAULT, True),
        (f"{BASIC}, gateway: premium, expect: deny", DEFAULT, True),
        ('name: x, tier: basic, claims: {"custom:role": n}, tool: clinic_config, expect: allow',
         "allow by basic.clinic_config", True),
    ],
)  # fmt: skip
def test_a_case_comes_out(
    names: Names, tmp_path: Path, case: str, got: str, *, passed: bool
) -> None:
    assert decided(names, load(written(tmp_path, case), names)) == [(got, passed)]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("name: x, tier: basic, tool: patient_contxt, expect: deny", "unknown tool"),
        ("name: x, tier: basic, tool: clinic_config, expect: maybe", "expected `allow` or `deny`"),
        ("name: x, tier: basic, tool: clinic_config", "the key `expect` is missing"),
        ("name: x, tier: gold, tool: clinic_config, expect: deny", "whose gateway"),
        ("name: x, tier: basic, gateway: gold, tool: clinic_config, expect: deny", "unknown tier"),
        (f'{BASIC}, clock: "24:00", expect: deny', NO_TIME),
        (f'{BASIC}, clock: "moo 09:00", expect: deny', NO_TIME),
        (f'{BASIC}, clock: "2026-01-05T09:30Z", expect: deny', NO_TIME),
        (f"{BASIC}, input: {{patient_id: null}}, expect: deny", "null is no value for Cedar"),
        (f"{BASIC}, input: {{n: 0.00001}}, expect: deny", "no decimal of at most four digits"),
        (f'{BASIC}, claims: {{"custom:tier": x}}, expect: deny', "is what `tier` says"),
        (f"{BASIC}, exepct: deny, expect: deny", "unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_case_is_refused_with_its_line(
    names: Names, tmp_path: Path, case: str, message: str
) -> None:
    right = "name: first, tier: basic, tool: clinic_config, expect: allow"
    with pytest.raises(ConfigError) as told:
        load(written(tmp_path, right, case), names)
    assert message in str(told.value)
    assert told.value.place is not None
    assert told.value.place.line == 4


def test_two_cases_of_a_name_are_refused(names: Names, tmp_path: Path) -> None:
    case = "name: x, tier: basic, tool: clinic_config, expect: allow"
    with pytest.raises(ConfigError, match="used already, on line 3"):
        load(written(tmp_path, case, case), names)


@pytest.fixture
def tenantctl(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.ok("init")
    return program


def test_the_starter_passes(tenantctl: Program) -> None:
    done = tenantctl("policy", "test", "-o", "json")
    results = json.loads(done.stdout)
    assert done.returncode == 0
    assert len(results) > 20
    assert all(result["passed"] for result in results)
    assert {r["decision"] for r in results} == {"allow", "deny"}


def test_a_changed_rule_fails_the_case_at_its_edge(tenantctl: Program, tmp_path: Path) -> None:
    config = tenantctl.directory / "tenantctl.yaml"
    config.write_text(config.read_text().replace("until: 18", "until: 17"))
    tenantctl.ok("policy", "render")
    report = tmp_path / "cases.xml"
    done = tenantctl("policy", "test", "--report", f"junit={report}")
    assert done.returncode == 12
    assert "`basic before closing`: expected allow by basic.patient_context" in done.stderr
    assert "basic.patient_context needs context.input.request_hour < 17" in done.stderr
    assert "policy-tests.yaml:" in done.stderr
    root = ET.fromstring(report.read_text())  # noqa: S314 - our own text
    assert root.attrib["failures"] == "1"
    [failed] = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed.attrib["name"] == "basic before closing"


def test_a_mended_case_passes_and_a_missing_file_is_named(tenantctl: Program) -> None:
    missing = tenantctl("policy", "test", "nowhere.yaml")
    assert missing.returncode == 2
    assert "nowhere.yaml" in missing.stderr
    other = tenantctl("policy", "test", "--report", "json=-")
    assert other.returncode == 2
    assert "junit" in other.stderr
