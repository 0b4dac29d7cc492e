"""`tenantctl local`: a server that other commands find and call, its status, and starting anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantctl.errors import StateError
from tenantctl.local.connect import embedded, opened, served_endpoint, serving
from tenantctl.local.state import daemon, published

REGION = "us-east-1"


class Served:
    """A `tenantctl local serve` as its own process."""

    def __init__(self, home: Path) -> None:
        self.environment = {**os.environ, "XDG_STATE_HOME": str(home)}
        self.directory = home / "tenantctl"
        self.config = home / "tenantctl.yaml"
        command = [sys.executable, "-m", "tenantctl", "-c", str(self.config), "local"]
        subprocess.run(
            [sys.executable, "-m", "tenantctl", "init", str(home)],
            env=self.environment,
            capture_output=True,
            check=True,
        )
        self.process = subprocess.Popen(
            [*command, "serve", "--port", "0"],
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.endpoint = self.process.stderr.readline().split()[-1]

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tenantctl", "-c", str(self.config), *args],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(20)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path)
    yield found
    if found.process.poll() is None:
        found.end(signal.SIGKILL)


@pytest.mark.slow
def test_other_commands_call_the_server(served: Served) -> None:
    assert (served.directory / published.FILE).stat().st_mode & 0o777 == 0o600
    with embedded(region=REGION, state_dir=served.directory) as aws:
        assert served_endpoint(aws) == served.endpoint
        assert opened() is None
        aws.client("s3").create_bucket(Bucket="made-over-http")
        with serving(aws) as endpoint:
            assert endpoint == served.endpoint
    with (
        pytest.raises(StateError, match="is account"),
        embedded(region=REGION, account="999999999999", state_dir=served.directory),
    ):
        pass
    status = json.loads(served.run("local", "status", "-o", "json").stdout)
    assert status["endpoint"] == served.endpoint
    assert status["holder"] == served.process.pid
    refused = served.run("local", "reset", "--yes")
    assert (refused.returncode, "being served" in refused.stderr) == (1, True)
    second = served.run("local", "serve", "--port", "0")
    assert (second.returncode, "running already" in second.stderr) == (1, True)
    assert served.end(signal.SIGTERM) == 0
    assert published.find(served.directory) is None
    with embedded(region=REGION, state_dir=served.directory) as aws:
        assert served_endpoint(aws) is None
        assert [b["Name"] for b in aws.client("s3").list_buckets()["Buckets"]] == ["made-over-http"]


@pytest.mark.slow
def test_a_server_that_was_killed_is_forgotten(served: Served) -> None:
    served.end(signal.SIGKILL)
    assert (served.directory / published.FILE).exists()
    assert daemon.status(served.directory).endpoint is None
    with embedded(region=REGION, state_dir=served.directory) as aws:
        assert served_endpoint(aws) is None
    assert not (served.directory / published.FILE).exists()


@pytest.mark.slow
def test_status_and_reset(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tenantctl", "local", *args],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    assert json.loads(run("status", "-o", "json").stdout)["bytes"] is None
    with embedded(region=REGION, state_dir=tmp_path / "tenantctl") as aws:
        aws.client("s3").create_bucket(Bucket="bucket")
    found = json.loads(run("status", "-o", "json").stdout)
    assert found["services"] == ["iam", "s3"]
    assert found["bytes"] > 0
    assert "s3" in run("status").stdout
    asked = run("reset")
    assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
    assert run("reset", "--yes").returncode == 0
    assert json.loads(run("status", "-o", "json").stdout)["bytes"] is None
