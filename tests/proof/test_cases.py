"""Every pitfall leaks and its twin doesn't; what counts counts, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenantctl.domain.finding import Finding, Outcome, Report
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.iam.evaluate import evaluate
from tenantctl.iam.request import Request, context
from tenantctl.proof.callers import callers
from tenantctl.proof.directory import load
from tenantctl.proof.documents import Documents, session_of
from tenantctl.proof.prove import prove

CASES = Path(__file__).resolve().parents[1] / "cases" / "proof"

Check = Callable[[Path, Mapping[str, Any]], Report]


def cases(name: str) -> list[Any]:
    """The cases of a file, with their ids."""
    found = yaml.safe_load((CASES / name).read_text("utf-8"))
    return [pytest.param(case, id=case["id"]) for case in found]


@pytest.fixture
def check(
    pool_of: Callable[[Any], Pool], write_documents: Callable[[Path, Mapping[str, Any], Pool], Path]
) -> Check:
    """Proves the documents of a case, and holds the report against what the case says."""

    def checked(directory: Path, case: Mapping[str, Any]) -> Report:
        of = pool_of(case.get("layout"))
        return _held(case, *load(write_documents(directory, case, of), of))

    return checked


def _held(case: Mapping[str, Any], names: Names, documents: Documents) -> Report:
    report = prove(names, documents)
    said = {f.action for f in report.findings if f.outcome is Outcome.BREACH}
    unknown = {f.action for f in report.findings if f.outcome is Outcome.INCONCLUSIVE}
    assert said == set(case.get("leaks", ()))
    assert unknown == set(case.get("unknown", ()))
    for finding in report.findings:
        if finding.outcome is Outcome.BREACH and finding.rule != "STS-TRUST-ANYBODY":
            asked: Any = finding.request
            policies = (
                documents.for_role()
                if finding.plane == "sts"
                else documents.for_resource(_container(finding))
            )
            caller = session_of(names)
            if "principal" in asked:  # a session that a policy knows by its name
                caller = next(
                    c for c in callers(names, policies.resource) if c.arn == asked["principal"]
                )
            request = Request(caller, asked["action"], asked["resource"], context(asked["context"]))
            assert evaluate(request, policies).decided_by == finding.decided_by
        if finding.outcome is Outcome.BREACH:
            assert finding.fix
            assert finding.actor.tenant != finding.owner.tenant
            assert finding.message
    return report


def _container(finding: Finding) -> str:
    kinds = ("/index/", "/stream/", "/backup/")
    arn = finding.resource
    if finding.plane == "s3":
        return arn.partition("/")[0]
    return next((arn.partition(kind)[0] for kind in kinds if kind in arn), arn)


@pytest.mark.parametrize("case", cases("pitfalls.yaml") + cases("chaining.yaml"))
def test_a_pitfall_leaks_and_its_twin_does_not(
    tmp_path: Path, check: Check, case: dict[str, Any]
) -> None:
    leaking = check(tmp_path / "breach", case["breach"])
    assert leaking.verdict is Outcome.BREACH
    mended = check(tmp_path / "mended", case["mended"])
    assert mended.verdict is Outcome.ISOLATED


@pytest.mark.parametrize("case", cases("counts.yaml") + cases("ways.yaml"))
def test_what_counts(tmp_path: Path, check: Check, case: dict[str, Any]) -> None:
    report = check(tmp_path / "documents", case)
    assert any("trusted base" in said for said in report.assumptions)
    for sentence in case.get("says", ()):
        assert any(said.startswith(sentence) for said in report.assumptions)


def test_the_pools_own_documents_are_proved(tmp_path: Path, check: Check) -> None:
    report = check(tmp_path / "documents", {"id": "own"})
    assert report.verdict is Outcome.ISOLATED
    proved = {f.action for f in report.findings if f.message == "proved for all tenants"}
    assert {"dynamodb:Query", "s3:ListBucket", "s3:GetObject"} <= proved
    assert "bedrock-agentcore:RetrieveMemoryRecords" in proved
