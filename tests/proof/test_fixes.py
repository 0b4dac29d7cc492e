"""What a finding says to add mends what it found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tenantctl.domain.finding import Outcome
from tenantctl.domain.pool import Pool
from tenantctl.proof.directory import load
from tenantctl.proof.prove import prove

ROOT = "arn:aws:iam::123456789012:root"
ROLE = "arn:aws:iam::123456789012:role/clinic-agent-tvm"
BOTH = ["sts:AssumeRole", "sts:TagSession"]


def test_the_condition_for_a_session_that_takes_another_tag_keeps_it_from_that(
    tmp_path: Path,
    pool_of: Callable[[Any], Pool],
    write_documents: Callable[[Path, Mapping[str, Any], Pool], Path],
) -> None:
    let_in: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": BOTH}
    identity = [{"Effect": "Allow", "Action": BOTH, "Resource": ROLE}]
    pool = pool_of(None)
    broken = {"trust": [let_in], "identity": identity}
    report = prove(*load(write_documents(tmp_path / "broken", broken, pool), pool))
    (found,) = [f for f in report.findings if f.outcome is Outcome.BREACH]
    assert found.rule == "STS-RETAG"
    text = found.fix[found.fix.index('"Condition": ') + len('"Condition": ') :]
    condition, _ = json.JSONDecoder().raw_decode(text)
    mended = {"trust": [let_in | {"Condition": condition}], "identity": identity}
    report = prove(*load(write_documents(tmp_path / "mended", mended, pool), pool))
    assert report.verdict is Outcome.ISOLATED
