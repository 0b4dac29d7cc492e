"""`tenantctl verify-isolation --mode proof`, as it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tenantctl.domain.pool import Pool

Write = Callable[[Path, Mapping[str, Any], Pool], Path]
Run = Callable[..., subprocess.CompletedProcess[str]]

SCAN = {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*"}
TAGGED = {
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "*",
    "Condition": {
        "StringEquals": {"s3:ExistingObjectTag/ClinicId": "${aws:PrincipalTag/ClinicId}"}
    },
}


@pytest.fixture
def run(tmp_path: Path, config_of: Callable[[Any], str]) -> Run:
    def ran(*options: str, layout: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - as below
        config = tmp_path / "tenantctl.yaml"
        config.write_text(config_of(layout or {}), "utf-8")
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("tenantctl")),
                "--config",
                str(config),
                "verify-isolation",
                *options,
            ],
            capture_output=True,
            text=True,
            check=False,
            env=dict(os.environ, XDG_STATE_HOME=str(tmp_path / "state"), COLUMNS="200"),
        )

    return ran


@pytest.mark.parametrize(
    ("identity", "code", "verdict"),
    [
        (None, 0, "isolated"),
        ([SCAN], 10, "breach"),
        ([TAGGED], 11, "inconclusive"),
        ([TAGGED, SCAN], 10, "breach"),
    ],
)
def test_verdict_report_and_exit_code_agree(  # noqa: PLR0913, PLR0917 - the table's columns
    tmp_path: Path,
    run: Run,
    pool_of: Callable[[Any], Pool],
    write_documents: Write,
    identity: list[Any] | None,
    code: int,
    verdict: str,
) -> None:
    case = {} if identity is None else {"identity": identity}
    directory = write_documents(tmp_path / "documents", case, pool_of(None))
    report = tmp_path / "report.json"
    done = run("--mode", "proof", "--documents", str(directory), "--report", f"json={report}")
    assert (done.returncode, done.stderr) == (code, "")
    written = json.loads(report.read_text("utf-8"))
    assert (written["verdict"], written["target"]) == (verdict, "documents")
    worst = {f["outcome"] for f in written["findings"]} - {"isolated"}
    assert worst == (
        {"breach", "inconclusive"} if len(identity or ()) > 1 else {verdict} - {"isolated"}
    )
    for finding in written["findings"]:
        if finding["outcome"] == "breach":
            assert finding["action"] == "dynamodb:Scan"
            assert (finding["actor"]["tenant"], finding["owner"]["tenant"]) == (
                "clinic-1",
                "clinic-10",
            )
            assert finding["decided_by"][0]["document"] == "identity/tvm.json"
            assert finding["request"]["context"]["aws:PrincipalTag/ClinicId"] == "clinic-1"
    assert f"{verdict}:" in done.stdout


def test_without_documents_what_would_be_rendered_is_proved(run: Run) -> None:
    done = run("--mode", "proof", "-o", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["target"] == "local"


def test_a_layout_that_leaks_by_its_ids_is_shown_as_a_breach(run: Run) -> None:
    layout = {"value": "{tenant}-{user}", "user": "[a-z0-9-]{1,36}"}
    done = run("--mode", "proof", layout=layout)
    assert done.returncode == 10
    assert "change the layout" in done.stdout


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--mode", "proof", "--tenant", "clinic-1"), 2, "for all tenants"),
        (("--documents", "."), 2, "--mode proof"),
        (("--mode", "proof", "--documents", "missing"), 2, "`missing` doesn't exist"),
    ],
)
def test_what_makes_no_sense_is_no_verdict(
    run: Run, options: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*options)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
