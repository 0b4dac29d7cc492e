"""`tenantctl policy` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.program import Program

from tenantctl.local.connect import embedded


@pytest.fixture
def tenantctl(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.ok("init")
    return program


def test_render_writes_checks_and_repairs(tenantctl: Program) -> None:
    assert tenantctl("policy", "render", "--check").returncode == 0
    file = tenantctl.directory / "policies" / "basic" / "patient_context.cedar"
    before = file.read_text()
    file.write_text(before.replace("< 18", "< 20"))
    checked = tenantctl("policy", "render", "--check", "-o", "json")
    assert checked.returncode == 14
    changes = {row["policy"]: row["change"] for row in json.loads(checked.stdout)}
    assert changes.pop("basic/patient_context.cedar") == "replaced"
    assert set(changes.values()) == {"unchanged"}
    assert "< 20" in file.read_text()
    tenantctl.ok("policy", "render")
    assert file.read_text() == before


def test_push_and_status_follow_the_folder(tenantctl: Program) -> None:
    missing = tenantctl("policy", "push")
    assert missing.returncode == 1
    assert "no policy engine" in missing.stderr
    assert "pool apply" in missing.stderr
    tenantctl.ok("pool", "apply", "--yes")

    planned = json.loads(tenantctl.ok("policy", "push", "--dry-run", "-o", "json"))
    assert {row["change"] for row in planned["changes"]} == {"create"}
    assert {one["newly"] for one in planned["differences"]} == {"allowed"}
    assert planned["version"] is None
    tenantctl.ok("policy", "push")
    document = json.loads(tenantctl.ok("policy", "status", "-o", "json"))
    assert document["in_sync"]
    assert document["version"]["version"] == 1
    assert document["version"]["who"].startswith("arn:aws:iam::")
    assert document["version"]["ended"].endswith("+00:00")

    file = tenantctl.directory / "policies" / "basic" / "patient_context.cedar"
    file.write_text(file.read_text().replace("< 18", "< 20"))
    asked = tenantctl("policy", "push")
    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    assert "policy render --check" in asked.stderr
    assert "basic · patient_context · hours 18-20 · newly allowed" in asked.stdout
    done = tenantctl("policy", "push", "--yes", "-o", "json")
    assert done.returncode == 0
    assert "created basic.patient_context\ndeleted basic.patient_context" in done.stderr
    assert json.loads(done.stdout)["version"] == 2

    back = json.loads(tenantctl.ok("policy", "rollback", "--yes", "-o", "json"))
    assert [(one["newly"], one["tenants"]) for one in back["differences"]] == [("refused", [])]
    listed = json.loads(tenantctl.ok("policy", "history", "-o", "json"))
    assert [(v["version"], v["kind"], v["of"]) for v in listed] == [
        (1, "push", None),
        (2, "push", None),
        (3, "rollback", 1),
    ]
    nothing = tenantctl("policy", "rollback", "3")
    assert (nothing.returncode, nothing.stderr) == (0, "back to version 3\nnothing to do\n")

    with embedded(region="us-east-1", state_dir=tenantctl.directory / "state/tenantctl") as aws:
        client = aws.client("bedrock-agentcore-control")
        engine = client.list_policy_engines()["policyEngines"][0]["policyEngineId"]
        first = client.list_policies(policyEngineId=engine)["policies"][0]
        client.delete_policy(policyEngineId=engine, policyId=first["policyId"])
    drifted = tenantctl("policy", "push")
    assert drifted.returncode == 14, "what can't be done is refused before anything is asked"
    assert "removed" in drifted.stderr
    assert tenantctl("policy", "push", "--dry-run").stderr.endswith("it needs --overwrite-drift\n")


def test_an_invalid_policy_is_one_line_and_exit_code_13(tenantctl: Program) -> None:
    file = tenantctl.directory / "policies" / "basic" / "patient_context.cedar"
    file.write_text("permit(principal, action, resource);")
    for command in ("push", "status"):
        run = tenantctl("policy", command)
        assert run.returncode == 13
        assert run.stdout == ""
        error, hint = run.stderr.splitlines()
        assert error.startswith("error: basic/patient_context.cedar: ")
        assert hint.startswith("hint: ")


def test_a_folder_that_is_not_there_is_wrong_usage(tenantctl: Program) -> None:
    run = tenantctl("policy", "push", "--dir", "no/such/folder")
    assert run.returncode == 2
    assert "`no/such/folder` is no directory" in run.stderr


def test_a_broken_template_is_exit_code_13(tenantctl: Program) -> None:
    template = tenantctl.directory / "templates" / "cedar" / "permit.cedar.j2"
    template.write_text("permit(principal, action, {{ resource }});")
    run = tenantctl("policy", "render")
    assert run.returncode == 13
    assert "permit.cedar.j2" in run.stderr
    assert "Traceback" not in run.stderr


def test_what_policies_open_only_together_is_not_pushed(tenantctl: Program) -> None:
    folder = tenantctl.directory / "policies" / "basic"
    text = (folder / "current_time.cedar").read_text()
    tenantctl.ok("pool", "apply", "--yes")
    head = text[text.index("\npermit") : text.index("\nwhen")]
    role = 'principal.hasTag("custom:role")'
    for name, condition in {
        "staff": f'when {{ {role} && principal.getTag("custom:role") == "staff" }}',
        "others": f'when {{ {role} && principal.getTag("custom:role") != "staff" }}',
        "nobody": f"unless {{ {role} }}",
    }.items():
        (folder / f"{name}.cedar").write_text(f'@id("basic.{name}"){head}\n{condition};\n')
    refused = tenantctl("policy", "push", "--yes")
    assert refused.returncode == 13
    assert "see `tenantctl policy lint`" in refused.stderr
