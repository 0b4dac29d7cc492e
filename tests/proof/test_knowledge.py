"""A knowledge base is everybody's: whoever of the tenants may ask it, or say whose a text is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tenantctl.domain.finding import Outcome, Report
from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase, Pool
from tenantctl.iam.document import Kind, read
from tenantctl.pool.documents import trust_document, vending_documents
from tenantctl.proof.documents import Documents
from tenantctl.proof.prove import prove

ACCOUNT = "123456789012"
BASE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:knowledge-base/ABCDE12345"
OTHER = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:knowledge-base/FGHIJ67890"
INDEX = f"arn:aws:s3vectors:us-east-1:{ACCOUNT}:bucket/clinic-agent-knowledge/index/handbooks"
BUCKET = "arn:aws:s3:::clinic-documents"
OWN = f"{BUCKET}/${{aws:PrincipalTag/Tier}}-tier/${{aws:PrincipalTag/ClinicId}}/*"

Statement = dict[str, Any]


def allow(action: str, resource: str = "*", **condition: object) -> Statement:
    made = {"Sid": "Added", "Effect": "Allow", "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


@pytest.fixture
def proved(pool_of: Callable[[Any], Pool]) -> Callable[..., Report]:
    """`proved(*statements, arn=…)`: the rendered documents and these statements."""

    def run(*statements: Statement, arn: str | None = None, own: bool = True) -> Report:
        pool = pool_of({})
        bases = (KnowledgeBase("handbooks", "clinic-documents", arn),)
        names = Names(replace(pool, data=replace(pool.data, knowledge_bases=bases)), ACCOUNT)
        documents: dict[str, Any] = vending_documents(names) if own else {}
        if statements:
            documents["extra"] = {"Version": "2012-10-17", "Statement": list(statements)}
        return prove(
            names,
            Documents(
                trust=read(trust_document(names), name="trust", kind=Kind.TRUST),
                identity=tuple(read(d, name=n, kind=Kind.IDENTITY) for n, d in documents.items()),
            ),
        )

    return run


def breaches(report: Report) -> set[tuple[str, str]]:
    return {(f.rule, f.action) for f in report.findings if f.outcome is Outcome.BREACH}


def test_the_rendered_documents_are_isolated(proved: Callable[..., Report]) -> None:
    report = proved()
    assert report.verdict is Outcome.ISOLATED
    assert {f.rule for f in report.findings if f.plane == "knowledge"} == {
        "KB-SHARED",
        "KB-METADATA",
    }
    assert any("`handbooks` holds all tenants' documents" in said for said in report.assumptions)


@pytest.mark.parametrize(
    ("statement", "leaks"),
    [
        (allow("bedrock:Retrieve"), {"Retrieve"}),
        (allow("bedrock:Retrieve", "arn:aws:bedrock:*:*:knowledge-base/*"), {"Retrieve"}),
        (
            allow(
                "bedrock:Retrieve",
                "*",
                StringEquals={"aws:ResourceTag/tenantctl:pool": "clinic-agent"},
            ),
            {"Retrieve"},
        ),
        (
            allow(
                "bedrock:Retrieve", "*", StringEquals={"aws:ResourceTag/tenantctl:pool": "others"}
            ),
            set(),
        ),
        (allow("bedrock:RetrieveAndGenerate"), {"RetrieveAndGenerate"}),
        (allow("bedrock:RetrieveAndGenerate", BASE), set()),
        (allow("bedrock:Retrieve", "arn:aws:bedrock:us-east-1:*:agent/*"), set()),
        # Any base that a policy names may be the pool's.
        (allow("bedrock:Retrieve", OTHER), {"Retrieve"}),
        (allow("bedrock:Retrieve", f"{OTHER}0"), set()),
        (allow("bedrock:GetKnowledgeBase"), set()),
        (allow("s3vectors:*Vectors", INDEX), {"Delete", "Get", "List", "Put", "Query"}),
        (allow("s3vectors:QueryVectors", INDEX.replace("handbooks", "others")), set()),
        (allow("s3vectors:PutVectorBucketPolicy"), {"PutVectorBucketPolicy"}),
        (
            allow("bedrock:*DataSource"),
            {"CreateDataSource", "DeleteDataSource", "UpdateDataSource"},
        ),
        (
            allow("bedrock:*KnowledgeBaseDocuments"),
            {
                "DeleteKnowledgeBaseDocuments",
                "GetKnowledgeBaseDocuments",
                "IngestKnowledgeBaseDocuments",
                "ListKnowledgeBaseDocuments",
            },
        ),
    ],
    ids=lambda given: " ".join(sorted(given)) if isinstance(given, set) else str(given),
)
def test_who_may_ask_reads_everybodys(
    proved: Callable[..., Report], statement: Statement, leaks: set[str]
) -> None:
    report = proved(statement)
    assert {rule for rule, _ in breaches(report)} <= {"KB-SHARED"}
    found = {action.partition(":")[2].removesuffix("Vectors") for _, action in breaches(report)}
    assert found == leaks
    for finding in report.findings:
        if finding.outcome is Outcome.BREACH:
            assert finding.plane == "knowledge"
            assert [d.statement for d in finding.decided_by] == ["Added"]
            assert f"take `{finding.action}` out of" in finding.fix


@pytest.mark.parametrize(
    ("resource", "breach"), [(BASE, True), (OTHER, False), (f"{BASE[:-1]}?", True)]
)
def test_a_base_that_is_given_is_known_by_its_arn(
    proved: Callable[..., Report], resource: str, *, breach: bool
) -> None:
    found = proved(allow("bedrock:Retrieve", resource), arn=BASE)
    assert bool(breaches(found)) is breach


@pytest.mark.parametrize(
    ("statements", "breach"),
    [
        ((allow("s3:PutObject", OWN),), True),
        (
            (
                allow("s3:PutObject", OWN),
                {
                    "Effect": "Deny",
                    "Action": "s3:PutObject",
                    "Resource": f"{BUCKET}/*.metadata.json",
                },
            ),
            False,
        ),
        (
            (
                allow("s3:PutObject", OWN),
                {
                    "Effect": "Deny",
                    "Action": "s3:PutObject",
                    "Resource": f"{BUCKET}/*.txt.metadata.json",
                },
            ),
            True,
        ),
        ((allow("s3:PutObject", OWN.replace("/*", "/*.txt")),), False),
        ((allow("s3:GetObject", OWN),), False),
    ],
)
def test_who_writes_metadata_says_whose_a_document_is(
    proved: Callable[..., Report], statements: tuple[Statement, ...], *, breach: bool
) -> None:
    report = proved(*statements, own=False)
    assert breaches(report) == ({("KB-METADATA", "s3:PutObject")} if breach else set())
    for finding in report.findings:
        if finding.rule == "KB-METADATA" and finding.outcome is Outcome.BREACH:
            assert finding.resource.endswith(".metadata.json")
            assert f'"{BUCKET}/*.metadata.json"' in finding.fix
