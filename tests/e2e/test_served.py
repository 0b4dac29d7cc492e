"""Clients that aren't ours against `tenantctl local serve`, with vended credentials."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.program import Program

USER = "m.brandt@lindenhof.example"
OWN, OTHER = "basic-tier/clinic-1/", "basic-tier/clinic-10/"


@pytest.fixture(scope="module")
def vended(served: Program) -> dict[str, str]:
    text = served.ok("creds", "vend", "clinic-1", "--user", USER, "--as-operator", "-f", "env")
    return dict(line.split("=", 1) for line in text.splitlines())


def client(service: str, vended: dict[str, str]) -> Any:  # noqa: ANN401 - any service's
    return boto3.Session(
        vended["AWS_ACCESS_KEY_ID"],
        vended["AWS_SECRET_ACCESS_KEY"],
        vended["AWS_SESSION_TOKEN"],
        vended["AWS_REGION"],
    ).client(service, endpoint_url=vended["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]


def patients(dynamodb: Any, tenant: str) -> int:  # noqa: ANN401 - a client
    answer = dynamodb.query(
        TableName="patient-records",
        KeyConditionExpression="tenant_id = :t",
        ExpressionAttributeValues={":t": {"S": tenant}},
    )
    return int(answer["Count"])


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_boto3_reads_its_own_and_not_the_neighbours(vended: dict[str, str]) -> None:
    dynamodb, s3 = client("dynamodb", vended), client("s3", vended)
    assert patients(dynamodb, "clinic-1") > 0
    assert refused(lambda: patients(dynamodb, "clinic-10")) == "AccessDeniedException"
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="clinic-documents", Prefix=OWN)["Contents"]]
    assert s3.get_object(Bucket="clinic-documents", Key=keys[0])["Body"].read()
    listing = {"Bucket": "clinic-documents", "Prefix": OTHER}
    assert refused(lambda: s3.list_objects_v2(**listing)) == "AccessDenied"
    assert refused(lambda: s3.list_objects_v2(Bucket="clinic-documents")) == "AccessDenied"


def test_a_changed_key_is_refused(vended: dict[str, str]) -> None:
    changed = vended | {"AWS_SECRET_ACCESS_KEY": "x" * 40}
    code = refused(lambda: patients(client("dynamodb", changed), "clinic-1"))
    assert code == "InvalidSignatureException"


@pytest.fixture(scope="module")
def aws(vended: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The aws command line, which lives in an environment of its own: it pins another botocore."""
    program = os.environ.get("TENANTCTL_TEST_AWSCLI")
    if program is None:
        pytest.skip("TENANTCTL_TEST_AWSCLI is not set; `make test` sets it")
    assert Path(program).exists()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    masked = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *args],
            env=kept | masked | vended,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    return run


Aws = Callable[..., subprocess.CompletedProcess[str]]


def test_the_aws_command_line_is_the_tenant(aws: Aws) -> None:
    who = json.loads(aws("sts", "get-caller-identity").stdout)
    assert ":assumed-role/clinic-agent-tvm/clinic-1." in who["Arn"]


def test_the_aws_command_line_reads_its_own_and_not_the_neighbours(aws: Aws) -> None:
    assert "PRE" in aws("s3", "ls", f"s3://clinic-documents/{OWN}").stdout
    denied = aws("s3", "ls", f"s3://clinic-documents/{OTHER}")
    assert denied.returncode != 0
    assert "AccessDenied" in denied.stderr


def test_the_aws_command_line_copies_up_and_down(aws: Aws, tmp_path: Path) -> None:
    """9 MB: more than its threshold for multipart uploads."""
    sent, got = tmp_path / "sent", tmp_path / "got"
    sent.write_bytes(os.urandom(9_000_000))
    there = f"s3://clinic-documents/{OWN}copied.bin"
    for done in (
        aws("s3", "cp", str(sent), there, "--no-progress"),
        aws("s3", "cp", there, str(got), "--no-progress"),
        aws("s3", "rm", there),
    ):
        assert done.returncode == 0, done.stderr
    assert got.read_bytes() == sent.read_bytes()
    stray = aws("s3", "cp", str(sent), f"s3://clinic-documents/{OTHER}copied.bin", "--no-progress")
    assert "AccessDenied" in stray.stderr


def test_other_commands_talk_to_the_server(served: Program) -> None:
    assert "clinic-10" in served.ok("tenant", "list")
    status = json.loads(served.ok("local", "status", "-o", "json"))
    assert status["endpoint"].startswith("http://127.0.0.1:")
