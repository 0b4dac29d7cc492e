"""`tenantctl creds`, from a first sign-in to a child process; and no secret where none belongs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.program import Program

USER = "m.brandt@lindenhof.example"
AS_OPERATOR = ("--user", USER, "--as-operator")

ASK_BOTH = """
import boto3, os, sys
assert not {"AWS_PROFILE", "AWS_ROLE_ARN"} & set(os.environ)
db = boto3.client("dynamodb")
for tenant in ("clinic-1", "clinic-10"):
    try:
        found = db.query(TableName="patient-records", KeyConditionExpression="tenant_id = :t",
                         ExpressionAttributeValues={":t": {"S": tenant}})
        print(tenant, found["Count"] > 0)
    except db.exceptions.ClientError as error:
        print(tenant, error.response["Error"]["Code"])
sys.exit(7)
"""


def test_exec_gives_a_command_the_tenants_reach_and_nothing_else(shared: Program) -> None:
    own = Program(
        shared.directory, {"AWS_PROFILE": "admin", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}
    )
    done = own("creds", "exec", "clinic-1", *AS_OPERATOR, "--", sys.executable, "-c", ASK_BOTH)
    assert done.returncode == 7, done.stderr
    assert done.stdout.split("\n")[:2] == ["clinic-1 True", "clinic-10 AccessDeniedException"]


def test_exec_of_what_does_not_exist(shared: Program) -> None:
    done = shared("creds", "exec", "clinic-1", *AS_OPERATOR, "--", "no-such-command")
    assert done.returncode == 127
    assert "isn't found" in done.stderr


def test_a_first_sign_in_replaces_the_temporary_password(tenantctl: Program) -> None:
    home = tenantctl.directory
    given = ("--admin", "x@new.example", "--password-file", "passwords")
    tenantctl.ok("onboard", "clinic", "clinic-new", "--tier", "premium", *given)
    assert (home / "passwords").stat().st_mode & 0o777 == 0o600
    temporary = (home / "passwords").read_text().split()[-1]
    (home / "old").write_text(temporary + "\n")
    (home / "new").write_text("A-better-1-than-that\n")
    who = ("creds", "whoami", "clinic-new", "--user", "x@new.example", "-o", "json")
    first = tenantctl.ok(*who, "--password-file", "old", "--new-password-file", "new")
    again = tenantctl.ok(*who, "--password-file", "new")
    assert json.loads(first)["tags"] == json.loads(again)["tags"]
    assert json.loads(first)["tags"]["ClinicId"] == "clinic-new"
    wrong = tenantctl(*who, "--password-file", "old")
    assert wrong.returncode == 1
    assert "wrong password" in wrong.stderr


def test_a_session_is_kept_and_a_fresh_one_can_be_had(shared: Program) -> None:
    ask = ("creds", "vend", "clinic-1", *AS_OPERATOR, "--format", "json")
    first, again = json.loads(shared.ok(*ask)), json.loads(shared.ok(*ask))
    fresh = json.loads(shared.ok(*ask, "--no-cache"))
    assert first == again
    assert fresh["AccessKeyId"] != first["AccessKeyId"]
    kept = list((shared.directory / "cache").rglob("*.json"))
    assert kept
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in kept)


def test_no_output_holds_a_vended_secret(shared: Program, tmp_path: Path) -> None:
    """Everything but the formats that exist to hand secrets over."""
    vended = json.loads(shared.ok("creds", "vend", "clinic-1", *AS_OPERATOR, "-f", "json"))
    secrets = (vended["SecretAccessKey"], vended["SessionToken"])
    report = tmp_path / "report"
    formats = ("json", "junit", "sarif", "markdown", "html")
    wanted = [arg for f in formats for arg in ("--report", f"{f}={report}.{f}")]
    runs = (
        ("creds", "whoami", "clinic-1", *AS_OPERATOR),
        ("creds", "whoami", "clinic-1", *AS_OPERATOR, "-o", "json"),
        ("creds", "vend", "clinic-z", *AS_OPERATOR),
        ("verify-isolation", "--tenant", "clinic-1", *wanted),
        ("--debug", "creds", "exec", "clinic-1", *AS_OPERATOR, "--", "no-such-command"),
        ("tenant", "show", "clinic-1", "-o", "json"),
        ("local", "status"),
    )
    for args in runs:
        done = shared(*args)
        assert not any(secret in done.stdout + done.stderr for secret in secrets), args
    for form in formats:
        text = Path(f"{report}.{form}").read_text()
        assert not any(secret in text for secret in secrets), form


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("creds", "vend", "clinic-z", *AS_OPERATOR), 1, "did you mean"),
        (("creds", "vend", "clinic-10", *AS_OPERATOR), 1, "has no user"),
        (("creds", "vend", "clinic-1", "--as-operator"), 2, "--user"),
        (("creds", "vend", "clinic-1", "--user", USER), 2, "--password-file"),
        (("creds", "vend", "clinic-1", "--token-file", "missing"), 2, "can't be read"),
        (("creds", "vend", "clinic-1", "--token-file", "/dev/zero"), 1, "longer than"),
        (("creds", "vend", "clinic-1", "--token-file", "tenantctl.yaml"), 1, "form of a JWT"),
    ],
)
def test_what_cannot_be_vended_says_why(
    shared: Program, args: tuple[str, ...], code: int, said: str
) -> None:
    done = shared(*args)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
