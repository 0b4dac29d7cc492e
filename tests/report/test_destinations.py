"""`--report FORMAT=PATH`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tenantctl.cli import reports
from tenantctl.domain.finding import Report
from tenantctl.errors import TenantctlError, UsageError
from tenantctl.report.formats import ReportFormat


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["yaml=x"], "unknown report format `yaml`"),
        (["json"], "names no file"),
        (["json="], "names no file"),
        (["=x"], "unknown report format ``"),
        (["json=/no/such/dir/x"], "can't be written"),
        (["json=."], "can't be written"),
        (["json=-", "junit=-"], "two reports would go to stdout"),
        (["json=x", "junit=x"], "two reports would go to `x`"),
    ],
)
def test_a_wrong_option_is_a_usage_error(options: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        reports.destinations(options)


def test_a_report_replaces_the_old_one_whole(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")

    shown = reports.write(report, reports.destinations([f"json={path}"]))

    assert not shown
    assert json.loads(path.read_text("utf-8"))["verdict"] == "breach"
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]
    assert not stat.S_IMODE(path.stat().st_mode) & 0o111


def test_a_report_on_stdout_is_told_so(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    assert reports.write(report, reports.destinations(["json=-"]))
    assert json.loads(capsys.readouterr().out)["schema"] == "tenantctl.report/1"


def test_a_directory_that_went_away_is_an_error_not_a_traceback(
    report: Report, tmp_path: Path
) -> None:
    place = reports.Destination(ReportFormat.JSON, tmp_path / "gone" / "r.json")

    with pytest.raises(TenantctlError, match="can't be written"):
        reports.write(report, [place])
