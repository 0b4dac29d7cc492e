"""The demo: what it says at its end, and that it leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from tests.program import Program


def test_the_demo_ends_with_its_three_verdicts(tmp_path: Path) -> None:
    done = Program(tmp_path)("demo")
    assert done.returncode == 0, done.stderr
    last = [line.rsplit("  ", 1)[-1].strip() for line in done.stdout.strip().splitlines()[-3:]]
    assert last == ["isolated", "breach found", "isolated"]
    late = next(line for line in done.stdout.splitlines() if "patient_context L-001" in line)
    assert "refused (-32002) by basic_patient_context_" in late
    early = next(line for line in done.stdout.splitlines() if "patient_context H-001" in line)
    assert "summary" in early
    assert "DDB-SCAN" in done.stdout
    assert "S3-LIST-PREFIX" in done.stdout
    assert list(tmp_path.iterdir()) == []
