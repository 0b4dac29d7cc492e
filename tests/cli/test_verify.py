"""`tenantctl verify-isolation` as an operator runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.program import EXAMPLES, Program

if TYPE_CHECKING:
    from pathlib import Path

ONBOARD = (
    "onboard", "batch", "examples/clinics.yaml",
    "--items", "examples/items.jsonl", "--documents", "examples/documents",
    "--password-file", "passwords",
)  # fmt: skip

# Run in a process of its own on the program's state, as the operator.
AS_OPERATOR = """
import json, sys
from pathlib import Path
from tenantctl.domain.config import load
from tenantctl.domain.names import Names
from tenantctl.local.connect import embedded

pool = load(Path("tenantctl.yaml"))
with embedded(region=pool.region, account=pool.account) as aws:
    names = Names(pool, aws.account)
    table, bucket = pool.data.tables[0], pool.data.buckets[0]
    iam, role = aws.client("iam"), pool.roles.vending
"""
LEAK = """
    found = iam.get_role_policy(RoleName=role, PolicyName="buckets")["PolicyDocument"]
    text = json.dumps(found).replace("ClinicId}/*", "ClinicId}*")
    assert text != json.dumps(found)
    iam.put_role_policy(RoleName=role, PolicyName="buckets", PolicyDocument=text)
"""
REFUSE_ALL = """
    iam.put_role_policy(RoleName=role, PolicyName="none", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}))
"""
CANARIES = """
    from tenantctl.domain.canary import PREFIX
    items = aws.client("dynamodb").scan(TableName=table.name)["Items"]
    versions = aws.client("s3").list_object_versions(Bucket=bucket.name)
    keys = [v["Key"] for v in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ()))]
    print(sum(PREFIX in json.dumps(i) for i in items) + sum(PREFIX in k for k in keys))
"""


def as_operator(program: Program, what: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AS_OPERATOR + what],
        cwd=program.directory,
        env=program.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example pool, onboarded once."""
    directory = tmp_path_factory.mktemp("verify")
    shutil.copytree(EXAMPLES, directory / "examples")
    maker = Program(directory)
    maker.ok("init")
    maker.ok("pool", "apply", "--yes")
    maker.ok(*ONBOARD)
    return directory


@pytest.fixture
def onboarded(made: Path, tenantctl: Program) -> Program:
    shutil.copytree(made, tenantctl.directory, dirs_exist_ok=True)
    return tenantctl


def test_a_sound_pool_is_isolated_and_says_so_in_every_format(onboarded: Program) -> None:
    formats = ("json", "junit", "sarif", "markdown", "html")
    wanted = [part for f in formats for part in ("--report", f"{f}=report.{f}")]

    done = onboarded("verify-isolation", *wanted)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == [
        "ACTOR", "AGAINST", "DYNAMODB", "S3", "MEMORY", "STS", "IDENTITY", "GATEWAY",
    ]  # fmt: skip
    assert "isolated: " in done.stdout.splitlines()[-1]
    report = json.loads((onboarded.directory / "report.json").read_text("utf-8"))
    assert report["verdict"] == "isolated"
    assert len(report["findings"]) > 100
    for form in formats:
        assert (onboarded.directory / f"report.{form}").stat().st_size > 100
    assert as_operator(onboarded, CANARIES) == "0"


def test_a_leak_is_found_named_and_explained(onboarded: Program) -> None:
    as_operator(onboarded, LEAK)

    done = onboarded(
        "verify-isolation", "--tenant", "clinic-1", "--plane", "s3",
        env={"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip

    assert done.returncode == 10, done.stderr
    assert "BREACH" in done.stdout
    assert "breach S3-LIST-PREFIX: `clinic-1` (basic) could list the prefix of `clinic-10`" in (
        done.stdout
    )
    assert "allowed by  clinic-agent-tvm/buckets: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("breach: ")


def test_one_plane_is_tried_alone(onboarded: Program) -> None:
    report = json.loads(onboarded.ok("verify-isolation", "--plane", "gateway", "-o", "json"))

    assert {finding["plane"] for finding in report["findings"]} == {"gateway"}
    assert any(said.startswith("not tried: dynamodb") for said in report["assumptions"])


def test_what_is_not_known_has_an_exit_code_of_its_own(onboarded: Program) -> None:
    as_operator(onboarded, REFUSE_ALL)

    done = onboarded("verify-isolation", "--plane", "s3", "-o", "json")

    assert done.returncode == 11, done.stderr
    assert json.loads(done.stdout)["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--report", "yaml=x"), 2, "unknown report format `yaml`"),
        (("--report", "json=no/such/x"), 2, "can't be written"),
        (("--mode", "prof"), 2, "`prof`"),
        (("--jobs", "0"), 2, "`--jobs`"),
        (("--plane", "gatewy"), 2, "there is no plane `gatewy`"),
        (("--plane", "s3", "--mode", "proof"), 2, "leave --tenant and --plane out"),
        (("--tenant", "clinic-11"), 1, "there is no tenant `clinic-11`"),
    ],
)
def test_wrong_input_is_named_before_anything_is_tried(
    onboarded: Program, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = onboarded("verify-isolation", *arguments)

    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_that_the_next_does_not_sweep(onboarded: Program) -> None:
    process = subprocess.Popen(
        onboarded.command("verify-isolation"),
        cwd=onboarded.directory,
        env=onboarded.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(2)
    process.kill()
    process.wait()

    assert onboarded("verify-isolation").returncode == 0
    assert as_operator(onboarded, CANARIES) == "0"
