"""Who may ask a pool's knowledge base, and who may say whose a document is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.pool.conftest import ACCOUNT, CLINICS
from tests.pool.test_documents import AGENT, BUCKET, OWN, TAGS, Values, reaches, session

from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.request import Request, context
from tenantctl.pool import documents

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
