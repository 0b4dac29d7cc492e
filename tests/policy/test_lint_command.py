"""`tenantctl policy lint` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.program import Program


@pytest.fixture
def tenantctl(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.ok("init")
    return program


def test_the_folder_with_what_would_be_rendered_is_linted(tenantctl: Program) -> None:
    basic = tenantctl.directory / "policies" / "basic"
    whole = (basic / "clinic_config.cedar").read_text()
    (basic / "clinic_config.cedar").unlink()
    (basic / "mine.cedar").write_text(whole.replace("clinic_config", "mine", 2).partition("@")[2])
    (basic / "same.cedar").write_text(whole.replace('"basic.clinic_config"', '"basic.same"'))
    (tenantctl.directory / "policies" / "stray.cedar").write_text("")
    found = tenantctl("policy", "lint", "-o", "json", "--report", "sarif=lint.sarif")
    assert found.returncode == 13
    document = json.loads(found.stdout)
    assert document["files"] == 13
    assert {(Path(one["file"]).name, one["rule"]) for one in document["findings"]} == {
        ("mine.cedar", "syntax-error"),
        ("same.cedar", "same-meaning"),
        ("stray.cedar", "misplaced-file"),
    }
    sarif = json.loads((tenantctl.directory / "lint.sarif").read_text())
    assert len(sarif["runs"][0]["results"]) == 3


def test_warnings_fail_only_when_asked(tenantctl: Program) -> None:
    loose = tenantctl.directory / "loose.cedar"
    text = (tenantctl.directory / "policies" / "basic" / "current_time.cedar").read_text()
    loose.write_text(text.replace('== "basic"', '== "gold"'))
    plain = tenantctl("policy", "lint", "loose.cedar")
    assert plain.returncode == 0
    assert "loose.cedar:" in plain.stdout
    assert "warning: `gold` is no tier [unknown-tier]" in plain.stdout
    assert "1 file: 1 warning" in plain.stderr
    strict = tenantctl("policy", "lint", "--strict", "--report", "junit=-", "loose.cedar")
    assert strict.returncode == 13
    (failure,) = ET.fromstring(strict.stdout).iter("failure")  # noqa: S314 - our own output
    assert "unknown-tier" in failure.attrib["message"]


def test_what_cannot_be_linted_is_wrong_usage(tenantctl: Program) -> None:
    for arguments in (["none.cedar"], ["tenantctl.yaml"], ["--report", "html=x.html"]):
        refused = tenantctl("policy", "lint", *arguments)
        assert refused.returncode == 2, arguments
        assert "hint:" in refused.stderr
