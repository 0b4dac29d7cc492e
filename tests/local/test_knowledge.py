"""Knowledge bases through boto3, on the embedded cloud: ingestion, the filter, who may ask."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tenantctl.aws.session import Aws, Credentials
from tenantctl.local.connect import in_memory, opened
from tenantctl.local.knowledge.filters import compiled
from tenantctl.local.knowledge.records import Value

REGION, ACCOUNT = "us-east-1", "123456789012"
BUCKET = "clinic-documents"
ARN = f"arn:aws:s3:::{BUCKET}"
VECTORS = f"arn:aws:s3vectors:{REGION}:{ACCOUNT}:bucket/knowledge/index/clinics"
EMBEDDINGS = f"arn:aws:bedrock:{REGION}::foundation-model/amazon.titan-embed-text-v2:0"

Answer = dict[str, Any]


@dataclass(frozen=True)
class Knowledge:
    """A cloud with a bucket of two clinics' documents, and the role that reads it."""

    aws: Aws
    role: str

    @property
    def control(self) -> Any:  # noqa: ANN401 - a boto3 client
        return self.client("bedrock-agent")

    def client(self, service: str, keys: Credentials | None = None) -> Any:  # noqa: ANN401 - the same
        made: Any = self.aws if keys is None else self.aws.acting_as(keys)
        return made.client(service)

    def base(self, name: str = "clinics", **more: object) -> str:
        made: str = self.control.create_knowledge_base(
            name=name,
            roleArn=self.role,
            knowledgeBaseConfiguration={
                "type": "VECTOR",
                "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": EMBEDDINGS},
            },
            storageConfiguration={
                "type": "S3_VECTORS",
                "s3VectorsConfiguration": {"indexArn": VECTORS},
            },
            **more,
        )["knowledgeBase"]["knowledgeBaseId"]
        return made

    def source(self, base: str, name: str = "documents", **more: object) -> str:
        made: str = self.control.create_data_source(
            knowledgeBaseId=base,
            name=name,
            dataSourceConfiguration={"type": "S3", "s3Configuration": {"bucketArn": ARN, **more}},
        )["dataSource"]["dataSourceId"]
        return made

    def ingest(self, base: str, source: str) -> Answer:
        started = self.control.start_ingestion_job(knowledgeBaseId=base, dataSourceId=source)
        job: Answer = self.control.get_ingestion_job(
            knowledgeBaseId=base,
            dataSourceId=source,
            ingestionJobId=started["ingestionJob"]["ingestionJobId"],
        )["ingestionJob"]
        return job

    def put(self, key: str, text: str, attributes: object = None) -> None:
        s3 = self.aws.client("s3")
        s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
        if attributes is not None:
            sidecar = json.dumps({"metadataAttributes": attributes}).encode()
            s3.put_object(Bucket=BUCKET, Key=f"{key}.metadata.json", Body=sidecar)

    def ask(self, base: str, query: str = "wound", **search: object) -> list[Answer]:
        found: list[Answer] = self.client("bedrock-agent-runtime").retrieve(
            knowledgeBaseId=base,
            retrievalQuery={"text": query},
            retrievalConfiguration={"vectorSearchConfiguration": search},
        )["retrievalResults"]
        return found


def role(aws: Aws, name: str, trusted: object, allowed: list[Answer]) -> str:
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document([trust]))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(allowed))
    return arn


def document(statements: list[Answer]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(action: str, resource: str, **more: object) -> Answer:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture(scope="module")
def knowledge() -> Iterator[Knowledge]:
    with in_memory(region=REGION, account=ACCOUNT) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        reads = [allow("s3:ListBucket", ARN), allow("s3:GetObject", f"{ARN}/basic-tier/*")]
        made = role(aws, "knowledge", {"Service": "bedrock.amazonaws.com"}, reads)
        found = Knowledge(aws, made)
        for clinic, text in (("clinic-1", "Clean the wound."), ("clinic-10", "Dress the wound.")):
            prefix = f"basic-tier/{clinic}/"
            found.put(f"{prefix}care.txt", f"{text}\n\nCall us.", {"clinic_id": clinic, "beds": 4})
            found.put(f"{prefix}scan.png", "no text")
        yield found


@pytest.fixture
def base(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    made = knowledge.base()
    source = knowledge.source(made)
    yield made, source
    knowledge.control.delete_knowledge_base(knowledgeBaseId=made)


def refused(call: Any, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - any boto3 call
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value.response["Error"]["Code"]


def test_what_was_ingested_is_found_with_its_metadata(
    knowledge: Knowledge, base: tuple[str, str]
) -> None:
    job = knowledge.ingest(*base)
    assert job["status"] == "COMPLETE"
    assert job["statistics"] == {
        "numberOfDocumentsScanned": 2,
        "numberOfMetadataDocumentsScanned": 2,
        "numberOfNewDocumentsIndexed": 2,
        "numberOfModifiedDocumentsIndexed": 0,
        "numberOfDocumentsDeleted": 0,
        "numberOfDocumentsFailed": 0,
        "numberOfDocumentsSkipped": 2,
    }
    mine = {"equals": {"key": "clinic_id", "value": "clinic-1"}}
    first, second = knowledge.ask(base[0], "clean wound", filter=mine)
    assert first["content"]["text"] == "Clean the wound."
    assert first["score"] == 1.0
    assert first["location"]["s3Location"]["uri"] == f"s3://{BUCKET}/basic-tier/clinic-1/care.txt"
    assert first["metadata"]["clinic_id"] == "clinic-1"
    assert first["metadata"]["beds"] == 4
    assert second["score"] == 0.0


def test_without_a_filter_everybodys_passages_come(
    knowledge: Knowledge, base: tuple[str, str]
) -> None:
    knowledge.ingest(*base)
    found = {passage["metadata"]["clinic_id"] for passage in knowledge.ask(base[0], "unheard-of")}
    assert found == {"clinic-1", "clinic-10"}


def test_a_bucket_is_seen_as_of_the_last_ingestion(
    knowledge: Knowledge, base: tuple[str, str]
) -> None:
    assert knowledge.ask(base[0]) == []
    knowledge.ingest(*base)
    key = "basic-tier/clinic-1/new.md"
    knowledge.put(key, "A wound nurse comes.", {"clinic_id": "clinic-1"})
    wanted = {"stringContains": {"key": "x-amz-bedrock-kb-source-uri", "value": "new.md"}}
    assert knowledge.ask(base[0], filter=wanted) == []
    assert knowledge.ingest(*base)["statistics"]["numberOfNewDocumentsIndexed"] == 1
    assert len(knowledge.ask(base[0], filter=wanted)) == 1
    # Whose a passage is is what its sidecar says: other words there, another clinic's passage.
    knowledge.put(key, "A wound nurse comes.", {"clinic_id": "clinic-10"})
    assert knowledge.ingest(*base)["statistics"]["numberOfModifiedDocumentsIndexed"] == 1
    assert knowledge.ask(base[0], filter=wanted)[0]["metadata"]["clinic_id"] == "clinic-10"
    for name in (key, f"{key}.metadata.json"):
        knowledge.aws.client("s3").delete_object(Bucket=BUCKET, Key=name)
    assert knowledge.ingest(*base)["statistics"]["numberOfDocumentsDeleted"] == 1
    assert knowledge.ask(base[0], filter=wanted) == []


@pytest.mark.parametrize(
    "sidecar", ["{", "[]", '{"clinic_id": "clinic-1"}', '{"metadataAttributes": {"a": null}}']
)
def test_a_document_with_unreadable_metadata_isnt_ingested(
    knowledge: Knowledge, base: tuple[str, str], sidecar: str
) -> None:
    s3, key = knowledge.aws.client("s3"), "basic-tier/clinic-1/odd.txt"
    knowledge.put(key, "odd")
    s3.put_object(Bucket=BUCKET, Key=f"{key}.metadata.json", Body=sidecar.encode())
    assert knowledge.ingest(*base)["statistics"]["numberOfDocumentsFailed"] == 1
    assert all("odd.txt" not in json.dumps(p) for p in knowledge.ask(base[0], numberOfResults=100))
    for name in (key, f"{key}.metadata.json"):
        s3.delete_object(Bucket=BUCKET, Key=name)


def test_metadata_that_names_its_types(knowledge: Knowledge, base: tuple[str, str]) -> None:
    key = "basic-tier/clinic-1/typed.txt"
    text = {"value": {"type": "STRING", "stringValue": "clinic-1"}, "includeForEmbedding": True}
    knowledge.put(key, "typed", {"clinic_id": text, "of": ["a", "b"], "open": True})
    knowledge.ingest(*base)
    typed = {"equals": {"key": "open", "value": True}}
    (found,) = knowledge.ask(base[0], filter=typed)
    assert found["metadata"]["clinic_id"] == "clinic-1"
    assert found["metadata"]["of"] == ["a", "b"]
    for name in (key, f"{key}.metadata.json"):
        knowledge.aws.client("s3").delete_object(Bucket=BUCKET, Key=name)


def test_the_base_reads_what_its_role_may(knowledge: Knowledge, base: tuple[str, str]) -> None:
    knowledge.ingest(*base)
    before = knowledge.ask(base[0])
    knowledge.put("premium-tier/hospital/care.txt", "A wound.")
    job = knowledge.ingest(*base)
    assert job["status"] == "FAILED"
    assert "s3:GetObject" in job["failureReasons"][0]
    assert knowledge.ask(base[0]) == before
    narrow = knowledge.source(base[0], "basic", inclusionPrefixes=["basic-tier/"])
    assert knowledge.ingest(base[0], narrow)["status"] == "COMPLETE"
    knowledge.aws.client("s3").delete_object(Bucket=BUCKET, Key="premium-tier/hospital/care.txt")


def test_results_come_in_pages(knowledge: Knowledge, base: tuple[str, str]) -> None:
    knowledge.ingest(*base)
    asked = {
        "knowledgeBaseId": base[0],
        "retrievalQuery": {"text": "wound"},
        "retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 3}},
    }
    pages = list(
        knowledge.client("bedrock-agent-runtime").get_paginator("retrieve").paginate(**asked)
    )
    assert [len(page["retrievalResults"]) for page in pages] == [3, 1]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"knowledgeBaseId": "KBNOTTHERE"}, "ResourceNotFoundException"),
        ({"knowledgeBaseId": "../../clinics"}, "AccessDeniedException"),
        ({"retrievalQuery": {"text": ""}}, "ValidationException"),
        ({"nextToken": "!"}, "ValidationException"),
        ({"userContext": {"userId": "x"}}, "NotImplemented"),
        (
            {"retrievalConfiguration": {"managedSearchConfiguration": {"numberOfResults": 1}}},
            "ValidationException",
        ),
    ],
)
def test_requests_that_fail(
    knowledge: Knowledge, base: tuple[str, str], asked: Answer, code: str
) -> None:
    whole = {"knowledgeBaseId": base[0], "retrievalQuery": {"text": "wound"}, **asked}
    assert refused(knowledge.client("bedrock-agent-runtime").retrieve, **whole).startswith(code)


def test_what_isnt_emulated_says_so(knowledge: Knowledge, base: tuple[str, str]) -> None:
    """By its own name, never by an answer that looks right."""
    runtime = knowledge.client("bedrock-agent-runtime")
    given = {"input": {"text": "wound"}}
    with pytest.raises(ClientError, match="bedrock-agent-runtime:RetrieveAndGenerate"):
        runtime.retrieve_and_generate(**given)
    with pytest.raises(ClientError, match="data sources of type WEB"):
        knowledge.control.create_data_source(
            knowledgeBaseId=base[0],
            name="web",
            dataSourceConfiguration={
                "type": "WEB",
                "webConfiguration": {
                    "sourceConfiguration": {
                        "urlConfiguration": {"seedUrls": [{"url": "https://clinic.example"}]}
                    }
                },
            },
        )


# -- the control plane -----------------------------------------------------------------------------


def test_a_knowledge_base_is_kept(knowledge: Knowledge) -> None:
    made = knowledge.base("kept", tags={"Pool": "clinics"}, description="Documents")
    control = knowledge.control
    found = control.get_knowledge_base(knowledgeBaseId=made)["knowledgeBase"]
    assert found["status"] == "ACTIVE"
    assert found["storageConfiguration"]["s3VectorsConfiguration"] == {"indexArn": VECTORS}
    assert control.list_tags_for_resource(resourceArn=found["knowledgeBaseArn"])["tags"] == {
        "Pool": "clinics"
    }
    control.untag_resource(resourceArn=found["knowledgeBaseArn"], tagKeys=["Pool"])
    control.tag_resource(resourceArn=found["knowledgeBaseArn"], tags={"a": "b"})
    assert control.list_tags_for_resource(resourceArn=found["knowledgeBaseArn"])["tags"] == {
        "a": "b"
    }
    assert refused(knowledge.base, "kept") == "ConflictException"
    shared = {k: found[k] for k in ("roleArn", "knowledgeBaseConfiguration")}
    control.update_knowledge_base(knowledgeBaseId=made, name="renamed", **shared)
    found = control.get_knowledge_base(knowledgeBaseId=made)["knowledgeBase"]
    assert found["name"] == "renamed"
    assert "description" not in found
    source = knowledge.source(made)
    listed = control.list_data_sources(knowledgeBaseId=made)["dataSourceSummaries"]
    assert [one["dataSourceId"] for one in listed] == [source]
    changed = {"type": "S3", "s3Configuration": {"bucketArn": ARN, "inclusionPrefixes": ["x/"]}}
    control.update_data_source(
        knowledgeBaseId=made, dataSourceId=source, name="x", dataSourceConfiguration=changed
    )
    got = control.get_data_source(knowledgeBaseId=made, dataSourceId=source)["dataSource"]
    assert got["dataSourceConfiguration"] == changed
    knowledge.ingest(made, source)
    jobs = control.list_ingestion_jobs(knowledgeBaseId=made, dataSourceId=source)
    assert [job["status"] for job in jobs["ingestionJobSummaries"]] == ["COMPLETE"]
    control.delete_data_source(knowledgeBaseId=made, dataSourceId=source)
    control.delete_knowledge_base(knowledgeBaseId=made)
    assert refused(control.get_knowledge_base, knowledgeBaseId=made) == "ResourceNotFoundException"


def test_a_client_token_makes_one(knowledge: Knowledge) -> None:
    token = "0123456789-0123456789-0123456789-0123456789"
    made = knowledge.base("once", clientToken=token)
    assert knowledge.base("once", clientToken=token) == made
    assert refused(knowledge.base, "other", clientToken=token) == "ConflictException"
    knowledge.control.delete_knowledge_base(knowledgeBaseId=made)


def test_names_are_checked(knowledge: Knowledge) -> None:
    assert refused(knowledge.base, "no name!") == "ValidationException"
    with pytest.raises(ParamValidationError):
        knowledge.base("x", clientToken="short")


def test_it_is_saved(knowledge: Knowledge, base: tuple[str, str]) -> None:
    knowledge.ingest(*base)
    cloud = opened()
    assert cloud is not None
    whole = cloud.knowledge
    cloud.knowledge = pickle.loads(pickle.dumps(whole))  # noqa: S301 - our own
    assert len(knowledge.ask(base[0])) == 4
    cloud.knowledge = whole


# -- who may ask -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        ([], "AccessDeniedException"),
        ([allow("bedrock:Retrieve", "*")], None),
        ([allow("bedrock:Retrieve", "arn:aws:bedrock:*:*:knowledge-base/*")], None),
        ([allow("bedrock:RetrieveAndGenerate", "*")], "AccessDeniedException"),
        ([allow("bedrock:Retrieve", "arn:aws:bedrock:*:*:agent/*")], "AccessDeniedException"),
        (
            [
                allow(
                    "bedrock:Retrieve",
                    "*",
                    Condition={"StringEquals": {"aws:ResourceTag/Pool": "clinics"}},
                )
            ],
            None,
        ),
        (
            [
                allow(
                    "bedrock:Retrieve",
                    "*",
                    Condition={"StringEquals": {"aws:ResourceTag/Pool": "others"}},
                )
            ],
            "AccessDeniedException",
        ),
    ],
)
def test_iam_decides_who_retrieves(
    knowledge: Knowledge, statements: list[Answer], code: str | None
) -> None:
    made = knowledge.base("shared", tags={"Pool": "clinics"})
    iam = knowledge.aws.client("iam")
    arn = role(knowledge.aws, "asker", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, statements or [
        allow("s3:GetObject", "*")
    ])  # fmt: skip
    keys = knowledge.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="asker")[
        "Credentials"
    ]
    asker = knowledge.client(
        "bedrock-agent-runtime",
        Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]),
    )
    asked = {"knowledgeBaseId": made, "retrievalQuery": {"text": "wound"}}
    if code is None:
        assert asker.retrieve(**asked)["retrievalResults"] == []
    else:
        assert refused(asker.retrieve, **asked) == code
    iam.delete_role_policy(RoleName="asker", PolicyName="own")
    iam.delete_role(RoleName="asker")
    knowledge.control.delete_knowledge_base(knowledgeBaseId=made)


# -- the filter ------------------------------------------------------------------------------------

DOCUMENTS: dict[str, dict[str, Value]] = {
    "own": {"clinic_id": "clinic-1", "beds": 4.0, "open": True, "of": ("er", "icu")},
    "theirs": {"clinic_id": "clinic-10", "beds": 40.0, "open": False, "of": ("icu",)},
    "nobodys": {"beds": 1.0},
}


def at(key: str, value: object) -> Answer:
    return {"key": key, "value": value}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"equals": at("clinic_id", "clinic-1")}, "own"),
        ({"equals": at("clinic_id", "CLINIC-1")}, ""),
        ({"equals": at("open", value=True)}, "own"),
        ({"equals": at("open", 1)}, ""),
        ({"equals": at("beds", value=True)}, ""),
        ({"equals": at("beds", 4)}, "own"),
        ({"equals": at("of", "icu")}, "own theirs"),
        ({"notEquals": at("clinic_id", "clinic-1")}, "theirs"),
        ({"notEquals": at("of", "er")}, "theirs"),
        ({"greaterThan": at("beds", 4)}, "theirs"),
        ({"greaterThanOrEquals": at("beds", 4)}, "own theirs"),
        ({"lessThan": at("beds", 4)}, "nobodys"),
        ({"lessThanOrEquals": at("beds", 4)}, "own nobodys"),
        ({"greaterThan": at("clinic_id", 1)}, ""),
        ({"in": at("clinic_id", ["clinic-1", "clinic-10"])}, "own theirs"),
        ({"in": at("of", ["er"])}, "own"),
        ({"notIn": at("clinic_id", ["clinic-1"])}, "theirs"),
        ({"startsWith": at("clinic_id", "clinic-1")}, "own theirs"),
        ({"startsWith": at("clinic_id", "")}, "own theirs"),
        ({"startsWith": at("beds", "4")}, ""),
        ({"stringContains": at("clinic_id", "-10")}, "theirs"),
        ({"stringContains": at("of", "e")}, "own"),
        ({"listContains": at("of", "er")}, "own"),
        ({"listContains": at("clinic_id", "clinic-1")}, ""),
        (
            {"andAll": [{"equals": at("clinic_id", "clinic-1")}, {"lessThan": at("beds", 4)}]},
            "",
        ),
        (
            {"orAll": [{"equals": at("clinic_id", "clinic-1")}, {"lessThan": at("beds", 4)}]},
            "own nobodys",
        ),
        (
            {
                "orAll": [
                    {"equals": at("clinic_id", "clinic-1")},
                    {"andAll": [{"equals": at("of", "icu")}, {"equals": at("open", value=False)}]},
                ]
            },
            "own theirs",
        ),
    ],
)
def test_what_a_filter_keeps(given: Answer, kept: str) -> None:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrievalFilter.html"""
    keep = compiled(given)
    assert [name for name, attributes in DOCUMENTS.items() if keep(attributes)] == kept.split()


@pytest.mark.parametrize(
    "given",
    [
        {"equals": at("a", {"b": 1})},
        {"equals": at("a", None)},
        {"in": at("a", "clinic-1")},
        {"in": at("a", [])},
        {"greaterThan": at("a", "1")},
        {"greaterThan": at("a", value=True)},
        {"startsWith": at("a", 1)},
        {"andAll": [{"equals": at("a", 1)}]},
        {"equals": at("a", 1), "notEquals": at("a", 1)},
    ],
)
def test_a_filter_that_is_none(knowledge: Knowledge, base: tuple[str, str], given: Answer) -> None:
    with pytest.raises((ClientError, ParamValidationError)) as caught:
        knowledge.ask(base[0], filter=given)
    if isinstance(caught.value, ClientError):
        assert caught.value.response["Error"]["Code"] == "ValidationException"
