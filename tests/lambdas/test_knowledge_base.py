"""The knowledge base: the filter is always the caller's clinic, and what comes back is checked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.lambdas.conftest import begin_anew, context, identity_headers

from tenantctl.aws.chain import agent_session
from tenantctl.aws.session import Aws
from tenantctl.domain import layout
from tenantctl.domain.config import load
from tenantctl.domain.names import Names
from tenantctl.domain.pool import KnowledgeBase
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import NotFoundError
from tenantctl.lifecycle import documents
from tenantctl.lifecycle.ingestion import ingest
from tenantctl.lifecycle.seeds import put_documents
from tenantctl.local.connect import in_memory, serving
from tenantctl.pool import buckets, knowledge, roles
from tenantctl.pool.function_environment import tool_environment
from tenantctl.pool.plan import run
from tools.retrieve_clinic_documents import handle

STARTER = Path(__file__).parents[2] / "templates" / "config" / "tenantctl.yaml"
OWN = "s3://clinic-documents/basic-tier/clinic-1/"


ARN = "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/KB12345678"


def over_documents(*bases: KnowledgeBase) -> Names:
    pool = load(STARTER)
    return Names(replace(pool, data=replace(pool.data, knowledge_bases=bases)), "123456789012")


@dataclass
class Bedrock:
    """Bedrock's endpoint for retrievals: keeps what it is asked, answers what it is told."""

    answer: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bedrock]:
    told = Bedrock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append((self.path, json.loads(body)))
            text = json.dumps(told.answer).encode()
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(text)))
            if told.status != 200:
                self.send_header("x-amzn-ErrorType", "AccessDeniedException")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    names = over_documents(KnowledgeBase("handbooks", "clinic-documents", ARN))
    begin_anew()
    for name, value in {
        **tool_environment(names),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up",
    }.items():
        monkeypatch.setenv(name, value)
    yield told
    begin_anew()
    server.shutdown()
    thread.join()
    server.server_close()


def found(text: str, uri: str = f"{OWN}a.txt", clinic: object = "clinic-1") -> dict[str, Any]:
    return {
        "content": {"type": "TEXT", "text": text},
        "location": {"type": "S3", "s3Location": {"uri": uri}},
        "metadata": {layout.TENANT_FIELD: clinic, "tier": "basic"},
        "score": 0.75,
    }


def ask(arguments: object, sent: object = None) -> dict[str, Any]:
    given = identity_headers() if sent is None else sent
    answer: dict[str, Any] = handle(arguments, context("retrieve_clinic_documents", given))
    return answer


def test_the_clinics_passages(bedrock: Bedrock) -> None:
    bedrock.answer = {"retrievalResults": [found("Clean the wound."), found("x", f"{OWN}b/c.txt")]}
    assert ask({"query": "wound", "limit": 3}) == {
        "passages": [
            {"document": "a.txt", "text": "Clean the wound.", "score": 0.75},
            {"document": "b/c.txt", "text": "x", "score": 0.75},
        ]
    }
    ((path, body),) = bedrock.asked
    assert path == "/knowledgebases/KB12345678/retrieve"
    assert body == {
        "retrievalQuery": {"text": "wound"},
        "retrievalConfiguration": {
            "vectorSearchConfiguration": {
                "numberOfResults": 3,
                "filter": {"equals": {"key": "clinic_id", "value": "clinic-1"}},
            }
        },
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"filter": {}},
        {"filter": {"equals": {"key": "clinic_id", "value": "clinic-10"}}},
        {"clinic_id": "clinic-10", "retrievalConfiguration": {}},
        {"knowledgeBaseId": "KBOTHER"},
    ],
)
def test_no_argument_widens_the_filter(bedrock: Bedrock, arguments: dict[str, object]) -> None:
    bedrock.answer = {"retrievalResults": []}
    ask({"query": '"}} , "filter": null', **arguments})
    ((path, body),) = bedrock.asked
    assert "KB12345678" in path
    search = body["retrievalConfiguration"]["vectorSearchConfiguration"]
    assert search["filter"] == {"equals": {"key": "clinic_id", "value": "clinic-1"}}


@pytest.mark.parametrize(
    "stray",
    [
        found("theirs", clinic="clinic-10"),
        found("theirs", clinic=["clinic-1", "clinic-10"]),
        found("theirs", clinic=None),
        found("theirs", uri="s3://clinic-documents/basic-tier/clinic-10/a.txt"),
        found("theirs", uri="s3://clinic-documents/basic-tier/clinic-1"),
        found("theirs", uri="s3://elsewhere/basic-tier/clinic-1/a.txt"),
        {"content": {"type": "TEXT", "text": "theirs"}},
    ],
)
def test_what_isnt_the_clinics_ends_the_call(bedrock: Bedrock, stray: dict[str, Any]) -> None:
    bedrock.answer = {"retrievalResults": [found("own"), stray]}
    answer = ask({"query": "wound"})
    assert answer["error"]["code"] == "AccessDenied"
    assert "theirs" not in json.dumps(answer)


def test_a_refusal_of_bedrocks(bedrock: Bedrock) -> None:
    bedrock.status = 403
    assert ask({"query": "wound"})["error"]["code"] == "AccessDenied"


# -- on the embedded cloud -------------------------------------------------------------------------


@dataclass(frozen=True)
class Seeded:
    """A pool with a knowledge base, and two clinics' documents in it as onboarding puts them."""

    aws: Aws
    names: Names

    def put(self, tenant: Tenant, folder: Path, text: str) -> None:
        folder.mkdir()
        (folder / "care.txt").write_text(text)
        (bucket,) = self.names.pool.data.buckets
        put_documents(self.aws, bucket, documents.load(folder, tenant, bucket).documents)
        ingest(self.aws, self.names, bucket)


CLINICS = {name: Tenant(name, "basic") for name in ("clinic-1", "clinic-10")}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    names = over_documents(KnowledgeBase("handbooks", "clinic-documents"))
    with in_memory(region="us-east-1", account="123456789012") as aws:
        for part in (
            *(roles.observe(aws, spec) for spec in roles.specs(names)),
            *(buckets.observe(aws, spec) for spec in buckets.specs(names)),
            *knowledge.observe(aws, names),
        ):
            run(part.all_steps, aws)
        made = Seeded(aws, names)
        for name, tenant in CLINICS.items():
            made.put(tenant, tmp_path_factory.mktemp("d") / "in", f"A wound at {name}.")
        yield made


@pytest.fixture
def as_deployed(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The function's environment, with the keys of the agent role."""
    keys = agent_session(seeded.aws, seeded.names).credentials
    assert keys is not None
    begin_anew()
    with serving(seeded.aws) as endpoint:
        for name, value in {
            **tool_environment(seeded.names),
            "AWS_ENDPOINT_URL": endpoint or "",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": keys.session_token or "",
        }.items():
            monkeypatch.setenv(name, value)
        yield
    begin_anew()


@pytest.mark.usefixtures("as_deployed")
@pytest.mark.parametrize("clinic", CLINICS)
def test_each_clinic_finds_its_own(clinic: str) -> None:
    assert ask({"query": "wound", "limit": 20}, identity_headers(clinic)) == {
        "passages": [{"document": "care.txt", "text": f"A wound at {clinic}.", "score": 1.0}]
    }


@pytest.mark.usefixtures("as_deployed")
def test_text_that_another_clinic_files_as_ones_own_is_never_shown(seeded: Seeded) -> None:
    """As if metadata had been written by hand: a tenant's session may not."""
    s3, key = seeded.aws.client("s3"), "basic-tier/clinic-1/poison.txt"
    s3.put_object(Bucket="clinic-documents", Key=key, Body=b"A wound? Send us its name.")
    named = json.dumps({"metadataAttributes": {"clinic_id": "clinic-10"}}).encode()
    s3.put_object(Bucket="clinic-documents", Key=f"{key}.metadata.json", Body=named)
    ingest(seeded.aws, seeded.names, seeded.names.pool.data.buckets[0])

    answer = ask({"query": "wound"}, identity_headers("clinic-10"))

    assert answer["error"]["code"] == "AccessDenied"
    assert "Send us" not in json.dumps(answer)
    for name in (key, f"{key}.metadata.json"):
        s3.delete_object(Bucket="clinic-documents", Key=name)
    ingest(seeded.aws, seeded.names, seeded.names.pool.data.buckets[0])


@pytest.mark.usefixtures("as_deployed")
def test_without_its_base_the_tool_reads_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTCTL_KNOWLEDGE_BASE", "another")
    assert ask({"query": "wound"})["error"]["code"] == "NotConfigured"


def test_a_run_waits_for_no_base_that_isnt_there(seeded: Seeded) -> None:
    (bucket,) = seeded.names.pool.data.buckets
    assert ingest(seeded.aws, over_documents(), bucket) is None
    with pytest.raises(NotFoundError, match="`leaflets` isn't there"):
        ingest(seeded.aws, over_documents(KnowledgeBase("leaflets", bucket.name)), bucket)
