"""`verify-isolation --mode proof --from …` as it is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.program import Program
from tests.sources.conftest import CASES


@pytest.fixture
def tenantctl(tmp_path: Path) -> Program:
    for path in CASES.iterdir():
        shutil.copy(path, tmp_path)
    return Program(tmp_path)


PROOF = ("verify-isolation", "--mode", "proof")


@pytest.mark.parametrize("source", ["cfn:template.yaml", "terraform:plan.json"])
def test_what_would_be_deployed_is_proved(tenantctl: Program, source: str) -> None:
    done = tenantctl(*PROOF, "--from", source, "-o", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["verdict"], report["target"]) == ("isolated", "documents")


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("dynamodb:Query, ", "dynamodb:Scan, ", 0, "isolated"),
        ("LeadingKeys: [", "Select: [", 10, "allowed by  VendingRole/tables: OwnItems"),
        ("!Ref Buckets", "!ImportValue Buckets", 11, "`Fn::ImportValue` `Buckets` isn't static"),
        ("Effect: Allow", "Effect: allow", 13, "unknown effect `allow`"),
        ("Resources:", "Resources", 2, "template.yaml:"),
    ],
)
def test_verdicts_and_errors_are_exit_codes(
    tenantctl: Program, old: str, new: str, code: int, said: str
) -> None:
    path = tenantctl.directory / "template.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    done = tenantctl(*PROOF, "--from", "cfn:template.yaml", env={"COLUMNS": "300"})
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((*PROOF, "--from", "pulumi:x"), "unknown source `pulumi:x`"),
        ((*PROOF, "--from", "cfn"), "names no file"),
        ((*PROOF, "--from", "terraform:"), "names no file"),
        ((*PROOF, "--from", "account:x"), "names a file"),
        ((*PROOF, "--from", "cfn:none.yaml"), "no such file: `none.yaml`"),
        ((*PROOF, "--from", "account", "--documents", "."), "both say what to prove"),
        (("verify-isolation", "--from", "account"), "add --mode proof"),
        (("verify-isolation", "--try-witnesses"), "a live run has no witnesses"),
        ((*PROOF, "--from", "cfn:template.yaml", "--try-witnesses"), "prove --from account"),
        ((*PROOF, "--documents", ".", "--try-witnesses"), "prove --from account"),
    ],
)
def test_what_is_typed_wrongly_is_refused(
    tenantctl: Program, args: tuple[str, ...], said: str
) -> None:
    done = tenantctl(*args)
    assert done.returncode == 2
    assert said in done.stderr


def test_what_is_deployed_is_proved_and_named_by_its_cloud(tenantctl: Program) -> None:
    missing = tenantctl("--target", "local", *PROOF, "--from", "account")
    assert missing.returncode == 1
    assert "NoSuchEntity" in missing.stderr
    tenantctl.ok("--target", "local", "pool", "apply", "--yes")
    report = json.loads(tenantctl.ok("--target", "local", *PROOF, "--from", "account", "-ojson"))
    assert (report["verdict"], report["target"]) == ("isolated", "local")
