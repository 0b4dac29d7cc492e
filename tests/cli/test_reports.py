"""Where a report goes, and what is left of what was there."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from tenantctl.cli.reports import destinations, write
from tenantctl.domain.finding import Report
from tenantctl.domain.target import Target
from tenantctl.errors import TenantctlError

NOTHING = Report(Target.LOCAL, (), ())


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    """`--report json=/dev/null`, `/dev/stdout` or `>(jq .)` must not become a file."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    write(NOTHING, destinations([f"json={pipe}"]))
    reader.join(10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert '"tenantctl.report/1"' in read[0]


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to("there/report.json")
    for _ in range(2):
        write(NOTHING, destinations([f"json={link}"]))
        assert link.is_symlink()
        assert '"tenantctl.report/1"' in (tmp_path / "there" / "report.json").read_text("utf-8")
    assert [p.name for p in (tmp_path / "there").iterdir()] == ["report.json"]


@pytest.mark.parametrize("target", ["loop", "no/such/directory"])
def test_a_link_to_nowhere_is_told(tmp_path: Path, target: str) -> None:
    link = tmp_path / "loop"
    link.symlink_to(target)
    with pytest.raises(TenantctlError, match="can't be written"):
        write(NOTHING, destinations([f"json={link}"]))
