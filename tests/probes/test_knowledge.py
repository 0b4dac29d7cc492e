"""What is tried against a knowledge base, and what is said of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tenantctl.aws.knowledge import find_knowledge_base, find_source
from tenantctl.domain.canary import PREFIX
from tenantctl.domain.finding import Outcome
from tenantctl.probes.knowledge import FILTERS, METADATA
from tenantctl.probes.probe import Plane
from tenantctl.probes.verify import Settings, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.probes.conftest import Clinics

    from tenantctl.domain.finding import Report

BUCKET = "clinic-documents"


def tried(clinics: Clinics) -> Report:
    return verify(clinics.aws, clinics.names, Settings(planes=frozenset({Plane.KNOWLEDGE})))


@contextmanager
def granted(clinics: Clinics, action: str) -> Iterator[None]:
    iam, role = clinics.aws.client("iam"), clinics.names.pool.roles.vending
    allow = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=role, PolicyName="extra", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="extra")


def test_every_pair_tries_everything(clinics: Clinics) -> None:
    report = tried(clinics)
    assert report.verdict is Outcome.ISOLATED
    pairs = {(f.actor.tenant, f.owner.tenant) for f in report.findings}
    assert len(report.findings) == len(pairs) * (len(FILTERS) + 1)
    assert any("filter that the tool sets" in said for said in report.assumptions)


def test_a_breach_says_whose_passages_came(clinics: Clinics) -> None:
    aws, names = clinics.aws, clinics.names
    base = find_knowledge_base(aws, names, names.pool.data.knowledge_bases[0])
    assert base is not None
    s3, control = aws.client("s3"), aws.client("bedrock-agent")
    key = "basic-tier/clinic-10/care.txt"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"A wound.")
    sidecar = json.dumps({"metadataAttributes": {"clinic_id": "clinic-10"}}).encode()
    s3.put_object(Bucket=BUCKET, Key=f"{key}.metadata.json", Body=sidecar)
    source = find_source(aws, base.id, f"arn:aws:s3:::{BUCKET}")
    control.start_ingestion_job(knowledgeBaseId=base.id, dataSourceId=source)

    with granted(clinics, "bedrock:Retrieve"):
        found = [
            f
            for f in tried(clinics).findings
            if (f.actor.tenant, f.owner.tenant) == ("clinic-1", "clinic-10")
        ]

    said = {f.rule: f.message for f in found if f.outcome is Outcome.BREACH}
    assert said.keys() == FILTERS.keys()
    assert all("1 of 1 passages `clinic-10`'s" in message for message in said.values())
    for name in (key, f"{key}.metadata.json"):
        s3.delete_object(Bucket=BUCKET, Key=name)


def test_metadata_is_swept_away(clinics: Clinics) -> None:
    tried(clinics)
    listed = clinics.aws.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    assert [o["Key"] for o in listed if PREFIX in o["Key"]] == []


def test_a_refusal_counts_only_where_the_operator_is_answered(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A base that answers nobody refuses tenants, too."""
    from tenantctl.local.knowledge import retrieve

    def failing(*_: object) -> None:
        raise RuntimeError

    with granted(clinics, "bedrock:GetKnowledgeBase"):
        monkeypatch.setitem(retrieve.OPERATIONS, "Retrieve", failing)
        report = tried(clinics)
    outcomes = {f.outcome for f in report.findings if f.rule != METADATA}
    assert outcomes == {Outcome.INCONCLUSIVE}


def test_a_base_that_isnt_there_is_no_evidence(clinics: Clinics) -> None:
    aws, names = clinics.aws, clinics.names
    base = find_knowledge_base(aws, names, names.pool.data.knowledge_bases[0])
    assert base is not None
    control = aws.client("bedrock-agent")
    now = control.get_knowledge_base(knowledgeBaseId=base.id)["knowledgeBase"]
    shared = {k: now[k] for k in ("roleArn", "knowledgeBaseConfiguration", "storageConfiguration")}
    control.update_knowledge_base(knowledgeBaseId=base.id, name="elsewhere", **shared)

    report = tried(clinics)

    assert report.verdict is Outcome.INCONCLUSIVE
    assert [f.rule for f in report.findings] == ["KB-FIND"]
    assert "there is no knowledge base `handbooks`" in report.findings[0].message
    control.update_knowledge_base(knowledgeBaseId=base.id, name="handbooks", **shared)
