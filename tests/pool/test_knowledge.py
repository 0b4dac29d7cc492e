"""Who may ask a pool's knowledge base, and who may say whose a document is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.pool.conftest import ACCOUNT, CLINICS
from tests.pool.test_documents import AGENT, BUCKET, OWN, TAGS, Values, reaches, session

from tenantctl.aws.knowledge import find_knowledge_base, find_source
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Request, context
from tenantctl.local.connect import in_memory
from tenantctl.pool import buckets, documents, knowledge
from tenantctl.pool.plan import Plan, observe, run
from tenantctl.pool.teardown import steps

BASE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:knowledge-base/ABCDE12345"
OWNED = {"aws:ResourceTag/tenantctl:pool": "clinic-agent"}


def named(*bases: KnowledgeBase) -> Names:
    return Names(replace(CLINICS, data=replace(CLINICS.data, knowledge_bases=bases)), ACCOUNT)


SHARED = named(KnowledgeBase("handbooks", "clinic-documents"))


@pytest.mark.parametrize(
    ("action", "resource", "values"),
    [
        ("bedrock:Retrieve", BASE, {}),
        ("bedrock:Retrieve", BASE, OWNED),
        ("bedrock:RetrieveAndGenerate", "*", {}),
        ("s3:PutObject", f"{BUCKET}/{OWN}a.txt.metadata.json", {}),
        ("s3:PutObject", f"{BUCKET}/{OWN}.metadata.json", {}),
    ],
)
def test_a_tenants_session_may_neither_ask_nor_say_whose_a_document_is(
    action: str, resource: str, values: Values
) -> None:
    assert not reaches(SHARED, action, resource, values, TAGS)


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_documents_are_its_own_as_before(action: str) -> None:
    assert reaches(SHARED, action, f"{BUCKET}/{OWN}a.txt", {}, TAGS)
    assert reaches(SHARED, "s3:GetObject", f"{BUCKET}/{OWN}a.txt.metadata.json", {}, TAGS)


def test_without_a_knowledge_base_metadata_is_a_document_like_others() -> None:
    assert reaches(named(), "s3:PutObject", f"{BUCKET}/{OWN}a.txt.metadata.json", {}, TAGS)
    assert "knowledge" not in documents.agent_documents(named())


def agent_reaches(names: Names, action: str, resource: str, values: Values) -> bool:
    policies = tuple(
        read(json.dumps(document), name=name, kind=Kind.IDENTITY)
        for name, document in documents.agent_documents(names).items()
    )
    request = Request(session(AGENT), action, resource, context(dict(values)))
    return evaluate(request, Policies(identity=policies)).allowed


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        (OWNED, True),
        ({}, False),
        ({"aws:ResourceTag/tenantctl:pool": "others"}, False),
    ],
)
def test_the_tools_ask_the_pools_own_bases(values: Values, allowed: bool) -> None:
    assert agent_reaches(SHARED, "bedrock:Retrieve", BASE, values) is allowed
    assert not agent_reaches(SHARED, "bedrock:DeleteKnowledgeBase", BASE, values)


def test_a_base_that_is_given_is_asked_by_its_arn() -> None:
    given = named(KnowledgeBase("handbooks", "clinic-documents", BASE))
    assert agent_reaches(given, "bedrock:Retrieve", BASE, {})
    assert not agent_reaches(given, "bedrock:Retrieve", BASE[:-1] + "6", OWNED)


# -- the knowledge base itself --------------------------------------------------------------------


@pytest.fixture(scope="module")
def made() -> Iterator[Aws]:
    """An embedded cloud with the pool and its knowledge base."""
    with in_memory(region="us-east-1", account=ACCOUNT) as aws:
        documents_bucket = (buckets.observe(aws, spec) for spec in buckets.specs(SHARED))
        run(Plan(tuple(documents_bucket)).steps, aws)
        run(planned(aws).steps, aws)
        yield aws


def planned(aws: Aws) -> Plan:
    return Plan(tuple(knowledge.observe(aws, SHARED)))


def test_apply_makes_it_with_its_source_and_its_vectors(made: Aws) -> None:
    base = find_knowledge_base(made, SHARED, SHARED.pool.data.knowledge_bases[0])
    assert base is not None
    assert base.status == "ACTIVE"
    control = made.client("bedrock-agent")
    tags = control.list_tags_for_resource(resourceArn=base.arn)["tags"]
    assert tags == {"tenantctl:pool": "clinic-agent"}
    source = find_source(made, base.id, BUCKET)
    assert source is not None
    found = control.get_knowledge_base(knowledgeBaseId=base.id)["knowledgeBase"]
    index = made.client("s3vectors").get_index(
        vectorBucketName="clinic-agent-knowledge", indexName="handbooks"
    )["index"]
    kept = found["storageConfiguration"]["s3VectorsConfiguration"]
    assert kept == {"indexArn": index["indexArn"]}
    assert (index["dimension"], index["distanceMetric"]) == (1024, "cosine")
    made.client("s3").put_object(Bucket="clinic-documents", Key=f"{OWN}a.txt", Body=b"A wound.")
    job = control.start_ingestion_job(knowledgeBaseId=base.id, dataSourceId=source)["ingestionJob"]
    job = control.get_ingestion_job(
        knowledgeBaseId=base.id, dataSourceId=source, ingestionJobId=job["ingestionJobId"]
    )["ingestionJob"]
    assert job["status"] == "COMPLETE", job  # its role may read the documents
    made.client("s3").delete_object(Bucket="clinic-documents", Key=f"{OWN}a.txt")


def test_apply_twice_changes_nothing(made: Aws) -> None:
    assert planned(made).steps == ()


def test_what_was_changed_by_hand_is_put_right(made: Aws) -> None:
    control = made.client("bedrock-agent")
    base = find_knowledge_base(made, SHARED, SHARED.pool.data.knowledge_bases[0])
    assert base is not None
    now = control.get_knowledge_base(knowledgeBaseId=base.id)["knowledgeBase"]
    control.update_knowledge_base(
        knowledgeBaseId=base.id,
        name="handbooks",
        roleArn=SHARED.agent_role_arn,
        knowledgeBaseConfiguration=now["knowledgeBaseConfiguration"],
        storageConfiguration=now["storageConfiguration"],
    )
    source = find_source(made, base.id, BUCKET)
    control.update_data_source(
        knowledgeBaseId=base.id,
        dataSourceId=source,
        name="handbooks",
        dataSourceConfiguration={
            "type": "S3",
            "s3Configuration": {"bucketArn": BUCKET, "inclusionPrefixes": ["basic-tier/"]},
        },
    )
    steps = planned(made).steps
    assert [(s.change, s.resource) for s in steps] == [
        ("update", "knowledge base `handbooks`"),
        ("update", "data source `handbooks`"),
    ]
    run(steps, made)
    assert planned(made).steps == ()


def test_one_that_isnt_the_pools_is_left_alone(made: Aws) -> None:
    control = made.client("bedrock-agent")
    base = find_knowledge_base(made, SHARED, SHARED.pool.data.knowledge_bases[0])
    assert base is not None
    control.untag_resource(resourceArn=base.arn, tagKeys=["tenantctl:pool"])
    (foreign,) = planned(made).foreign
    assert foreign.resource == "knowledge base `handbooks`"
    run(foreign.adopted().steps, made)
    assert planned(made).foreign == ()


def test_one_that_cant_be_changed_is_a_problem(made: Aws) -> None:
    control = made.client("bedrock-agent")
    base = find_knowledge_base(made, SHARED, SHARED.pool.data.knowledge_bases[0])
    assert base is not None
    now = control.get_knowledge_base(knowledgeBaseId=base.id)["knowledgeBase"]
    vectors = {
        "type": "S3_VECTORS",
        "s3VectorsConfiguration": {"indexArn": "arn:aws:s3vectors:::x"},
    }
    shared = {"name": "handbooks", "roleArn": now["roleArn"]}
    shared["knowledgeBaseConfiguration"] = now["knowledgeBaseConfiguration"]
    control.update_knowledge_base(knowledgeBaseId=base.id, storageConfiguration=vectors, **shared)
    ((part, problem),) = planned(made).problems
    assert part.resource == "knowledge base `handbooks`"
    assert "can't be changed" in problem
    control.update_knowledge_base(
        knowledgeBaseId=base.id, storageConfiguration=now["storageConfiguration"], **shared
    )


def test_it_goes_with_the_pool(made: Aws) -> None:
    run(knowledge.delete_steps(SHARED), made)
    assert made.client("bedrock-agent").list_knowledge_bases()["knowledgeBaseSummaries"] == []
    assert made.client("s3vectors").list_vector_buckets()["vectorBuckets"] == []
    assert all(part.id is None for part in planned(made).parts)


def test_it_is_part_of_the_pools_plan_and_of_its_end(made: Aws) -> None:
    whole = observe(made, SHARED)
    kinds = {part.kind for part in whole.parts}
    assert {"vector bucket", "knowledge base"} <= kinds
    assert "vector bucket" not in {part.kind for part in observe(made, named()).parts}
    run(planned(made).steps, made)
    deleted = [step.resource for step in steps(SHARED, observe(made, SHARED))]
    assert deleted.index("knowledge base `handbooks`") < deleted.index(
        "vector bucket `clinic-agent-knowledge`"
    )
    assert "role `clinic-agent-knowledge`" in deleted
