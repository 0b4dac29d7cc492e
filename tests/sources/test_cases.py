"""Templates and plans: leaky ones beside their mended twins, unknown parts, malformed ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sources.conftest import Case, report

from tenantctl.domain.finding import Outcome
from tenantctl.domain.pool import Pool
from tenantctl.errors import ExitCode, TenantctlError


def test_a_source_is_judged_by_what_it_says(case: Case, tmp_path: Path, pool: Pool) -> None:
    path = case.written(tmp_path)
    if case.error:
        _is_refused(case, path, pool)
        return
    found = report(path, pool)
    if case.isolated is not None:
        assert found.verdict is Outcome.ISOLATED, [f.message for f in found.findings]
        proved = [f for f in found.findings if f.message.startswith("proved")]
        assert len(proved) == case.isolated
    elif case.breach:
        assert found.verdict is Outcome.BREACH
        rule, action, document = case.breach
        broken = [f for f in found.findings if f.outcome is Outcome.BREACH]
        granted = {(f.rule, f.action, d.document) for f in broken for d in f.decided_by}
        assert (rule, action, document) in granted
    else:
        assert found.verdict is Outcome.INCONCLUSIVE
    if case.inconclusive:
        (named,) = (f for f in found.findings if f.rule == "SOURCE-UNREAD")
        assert all(part in named.message for part in case.inconclusive), named.message
    assert any(case.assumes in assumption for assumption in found.assumptions)


def _is_refused(case: Case, path: Path, pool: Pool) -> None:
    with pytest.raises(TenantctlError) as caught:
        report(path, pool)
    said = f"{caught.value} {caught.value.hint}"
    assert caught.value.exit_code in {ExitCode.USAGE, ExitCode.POLICY_INVALID}
    assert all(part in said for part in case.error), said
