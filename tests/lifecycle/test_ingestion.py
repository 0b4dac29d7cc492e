"""What a run seeds is let into the knowledge base over the bucket, once for all its tenants."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenantctl.aws.knowledge import find_knowledge_base, find_source
from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Finding, Outcome, Party, Report
from tenantctl.domain.manifest import load
from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase
from tenantctl.domain.tenant import Tenant
from tenantctl.lifecycle.apply import Applied, Surroundings, apply, delivered
from tenantctl.lifecycle.observe import observe
from tenantctl.lifecycle.plan import plan
from tenantctl.lifecycle.wanted import Intake, Sources, several
from tenantctl.pool import knowledge
from tenantctl.pool.plan import run

EXAMPLES = Path(__file__).parents[2] / "examples"
Cloud = tuple[Aws, Names]


def isolated(tenant: Tenant) -> Report:
    party = Party(tenant.tier, tenant.id)
    found = Finding("DDB-GET", "dynamodb", "", Outcome.ISOLATED, "", party, party)
    return Report("local", (found,))


def onboard(aws: Aws, names: Names, intake: Intake) -> Applied:
    found = plan(intake, observe(aws, names, intake))
    applied = apply(found, aws, names, Surroundings(lambda _tier: False, isolated))
    delivered(aws, names, applied.issued)
    return applied


def test_a_run_ends_with_one_ingestion(cloud: Cloud) -> None:
    aws, plain = cloud
    bases = (KnowledgeBase("handbooks", plain.pool.data.buckets[0].name),)
    data = replace(plain.pool.data, knowledge_bases=bases)
    names = Names(replace(plain.pool, data=data), plain.account)
    sources = Sources(documents=EXAMPLES / "documents")
    intake = several(names.pool, load(EXAMPLES / "clinics.yaml", names.pool), sources)

    # Without its base a run fails at its end, and the same again goes on from there.
    failed = onboard(aws, names, intake)
    assert failed.failure is not None
    assert "pool apply" in (failed.failure.hint or "")
    for part in knowledge.observe(aws, names):
        run(part.all_steps, aws)
    jobs = _jobs(aws, names)
    assert jobs() == []

    # Nothing is left to be done but that.
    assert plan(intake, observe(aws, names, intake)).steps == ()
    assert onboard(aws, names, intake).failure is None
    (job,) = jobs()
    assert job["statistics"]["numberOfNewDocumentsIndexed"] == sum(
        not d.is_metadata for wanted in intake.tenants for d in wanted.documents
    )

    # Objects are dated to the second: what was written in the same one may have been missed.
    time.sleep(1.1)
    assert onboard(aws, names, intake).failure is None
    began = len(jobs())
    assert onboard(aws, names, intake).failure is None
    assert len(jobs()) == began
    key = intake.tenants[0].documents[0].key
    aws.client("s3").put_object(Bucket=bases[0].bucket, Key=key, Body=b"changed by hand")
    assert onboard(aws, names, intake).failure is None
    assert len(jobs()) == began + 1


def _jobs(aws: Aws, names: Names) -> Callable[[], list[Any]]:
    base = find_knowledge_base(aws, names, names.pool.data.knowledge_bases[0])
    assert base is not None
    source = find_source(aws, base.id, names.bucket_arn(names.pool.data.buckets[0]))
    control = aws.client("bedrock-agent")

    def listed() -> list[Any]:
        answer = control.list_ingestion_jobs(knowledgeBaseId=base.id, dataSourceId=source)
        found: list[Any] = answer["ingestionJobSummaries"]
        return found

    return listed
