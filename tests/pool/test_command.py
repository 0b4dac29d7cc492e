"""`tenantctl pool` as its users run it: every command is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

CONFIG = """\
version: 1
pool: clinic-agent
target: local
region: us-east-1
data:
  tables: [{name: patient-records, partition_key: tenant_id, value: "{tenant}"}]
  buckets: [{name: clinic-documents, prefix: "{tier}-tier/{tenant}/"}]
tiers: {basic: {tools: {clinic_config: {}}}}
"""


@pytest.fixture
def tenantctl(tmp_path: Path) -> Run:
    (tmp_path / "tenantctl.yaml").write_text(CONFIG)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tenantctl", *arguments],
            cwd=tmp_path,
            env={**kept, "XDG_STATE_HOME": str(tmp_path / "state")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_plan_apply_show_and_destroy(tenantctl: Run) -> None:
    planned = tenantctl("pool", "plan", "--exit-code")
    assert planned.returncode == 14, planned.stderr
    assert "+ create role `clinic-agent-tvm`: it doesn't exist" in planned.stdout

    dry = tenantctl("pool", "apply", "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, planned.stdout)

    applied = tenantctl("pool", "apply", "--yes")
    assert applied.returncode == 0, applied.stderr
    assert "created" in applied.stdout.splitlines()[-1]

    again = tenantctl("pool", "apply")
    assert (again.returncode, again.stdout) == (0, "nothing to do\n")

    shown = json.loads(tenantctl("pool", "show", "-o", "json").stdout)
    assert {part["health"] for part in shown["parts"]} == {"ok"}
    assert all(part["id"] for part in shown["parts"])

    asked = tenantctl("pool", "destroy")
    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    assert "Traceback" not in asked.stderr
    destroyed = tenantctl("pool", "destroy", "--yes", "-o", "json")
    assert destroyed.returncode == 0, destroyed.stderr
    assert {step["change"] for step in json.loads(destroyed.stdout)["steps"]} == {"delete"}


def test_a_layout_that_leaks_is_refused(tenantctl: Run, tmp_path: Path) -> None:
    config = tmp_path / "tenantctl.yaml"
    config.write_text(CONFIG.replace("{tenant}/", "{tenant}"))
    refused = tenantctl("pool", "plan")
    assert refused.returncode == 2
    assert "no certain end" in refused.stderr
    assert "hint: follow each variable by `/`" in refused.stderr
