"""`tenantctl init`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tenantctl.domain import config

if TYPE_CHECKING:
    from tests.program import Program


def test_writes_a_configuration_that_loads(tenantctl: Program) -> None:
    run = tenantctl("init", "new")
    assert run.returncode == 0
    assert "tenantctl.yaml" in run.stdout
    assert config.load(tenantctl.directory / "new/tenantctl.yaml").tiers.keys() == {
        "basic",
        "premium",
    }


def test_says_what_it_did_in_json(tenantctl: Program) -> None:
    assert set(json.loads(tenantctl("init", "-o", "json").stdout).values()) == {"created"}
    assert set(json.loads(tenantctl("init", "-o", "json").stdout).values()) == {"unchanged"}


def test_never_overwrites_silently(tenantctl: Program) -> None:
    path = tenantctl.directory / "tenantctl.yaml"
    path.write_text("mine", encoding="utf-8")
    refused = tenantctl("init")
    assert refused.returncode == 1
    assert refused.stderr == (
        "error: `.` holds other files already: tenantctl.yaml\n"
        "hint: give --force to replace them, or another directory\n"
    )
    assert path.read_text(encoding="utf-8") == "mine"
    assert [p.name for p in tenantctl.directory.iterdir()] == ["tenantctl.yaml"]
    assert tenantctl("init", "--force").returncode == 0
    assert path.read_text(encoding="utf-8") != "mine"


def test_prints_the_schema_and_writes_nothing(tenantctl: Program) -> None:
    run = tenantctl("init", "--schema")
    assert json.loads(run.stdout) == json.loads(json.dumps(config.json_schema()))
    assert list(tenantctl.directory.iterdir()) == []
