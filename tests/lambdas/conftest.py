"""The functions' own modules in this process, as their roles, against the embedded cloud."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from interceptor import registry
from shared import headers
from tenantctl.aws.chain import agent_session
from tenantctl.aws.session import Aws, Credentials
from tenantctl.domain.config import load
from tenantctl.domain.layout import META, tenant_key
from tenantctl.domain.names import Names
from tenantctl.domain.tools import TOOLS
from tenantctl.local.connect import in_memory, serving
from tenantctl.pool.function_environment import interceptor_environment, tool_environment
from tenantctl.pool.plan import apply, plan
from tools import knowledge_base, tenant_session

ROOT = Path(__file__).parents[2]

USER = "0b5c8a6e-3f0d-4c5e-9a51-0d3f1c2b4a69"
ZONES = {
    "clinic-1": "Europe/Berlin",
    "clinic-10": "America/Chicago",
    "hospital-1": "Asia/Kolkata",
}
TIERS = {"clinic-1": "basic", "clinic-10": "basic", "hospital-1": "premium"}


def canary(tenant: str) -> str:
    """A word that stands in all data of a clinic, and in nobody else's."""
    return f"canary-of-{tenant}."


@dataclass(frozen=True)
class Cloud:
    """The embedded cloud with a pool and three clinics; `endpoint` listens."""

    aws: Aws
    names: Names
    endpoint: str

    def enrol(self, tenant: str, **changes: str) -> None:
        """Put a clinic into the registry."""
        item = {
            "id": tenant,
            "tier": TIERS.get(tenant, "basic"),
            "name": f"Clínica {tenant}",
            "timezone": ZONES.get(tenant, "UTC"),
            "status": "active",
            "attributes": json.dumps({"beds": 4, "known_by": canary(tenant)}),
        } | changes
        item |= {"pk": tenant_key(tenant), "sk": META}
        self.aws.client("dynamodb").put_item(
            TableName=self.names.registry_table,
            Item={name: {"S": value} for name, value in item.items()},
        )

    def seed(self, tenant: str) -> None:
        """Three patients and two documents, and an object that is no text."""
        for number in (1, 2, 3):
            self.aws.client("dynamodb").put_item(
                TableName="patient-records",
                Item={
                    "tenant_id": {"S": tenant},
                    "patient_id": {"S": f"{tenant}-P{number}"},
                    "age": {"N": str(40 + number)},
                    "height": {"N": "1.81"},
                    "conditions": {"L": [{"S": "asthma"}]},
                    "allergies": {"L": []},
                    "scan": {"B": b"\x00\xff"},
                    "tags": {"SS": ["b", "a"]},
                    "insurance_provider": {"S": "Blue"},
                    "note": {"S": canary(tenant)},
                },
            )
        prefix = f"{TIERS[tenant]}-tier/{tenant}/"
        for name, text in {
            "protocols/wounds.txt": f"Clean the wound.\n\nA dressing stays a day. {canary(tenant)}",
            "handbook.md": f"# Visits\n\nThe wound nurse comes on Monday. {canary(tenant)}",
            "wounds.txt.metadata.json": '{"wound": true}',
            "empty.txt": "",
        }.items():
            self.aws.client("s3").put_object(
                Bucket="clinic-documents", Key=prefix + name, Body=text.encode()
            )

    def interceptors_role(self) -> Credentials:
        """A session of a role that may read the registry and nothing else."""
        iam, name = self.aws.client("iam"), "lambda-test-interceptor"
        account = f"arn:aws:iam::{self.aws.account}:root"
        trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"][
            "Arn"
        ]
        table = self.names.table_arn(self.names.registry_table)
        reads = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table}
        iam.put_role_policy(RoleName=name, PolicyName="registry", PolicyDocument=document(reads))
        keys = self.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="lambda")[
            "Credentials"
        ]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def begin_anew() -> None:
    """Forget clients and sessions, as when Lambda starts another process."""
    registry.kept.clear()
    registry.client.cache_clear()
    tenant_session.kept.clear()
    tenant_session.sts.cache_clear()
    tenant_session.boto3_session.cache_clear()
    knowledge_base.knowledge_base.cache_clear()
    knowledge_base._found.cache_clear()  # noqa: SLF001 - as another process would begin


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    pool = load(ROOT / "templates" / "config" / "tenantctl.yaml")
    with in_memory(region=pool.region, account=pool.account) as aws:
        names = Names(pool, aws.account)
        apply(plan(aws, names), aws)
        with serving(aws) as endpoint:
            assert endpoint is not None
            begin_anew()
            made = Cloud(aws, names, endpoint)
            for tenant in TIERS:
                made.enrol(tenant)
                made.seed(tenant)
            yield made


@pytest.fixture
def lambda_environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What every function of the embedded cloud has around it, and nothing of the tester's."""
    registry.kept.clear()
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_REGION": cloud.names.pool.region,
        "AWS_DEFAULT_REGION": cloud.names.pool.region,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield
    registry.kept.clear()


@pytest.fixture(scope="module")
def interceptors_keys(cloud: Cloud) -> Credentials:
    return cloud.interceptors_role()


@pytest.fixture(scope="module")
def agents_keys(cloud: Cloud) -> Credentials:
    keys = agent_session(cloud.aws, cloud.names).credentials
    assert keys is not None
    return keys


def _act(monkeypatch: pytest.MonkeyPatch, keys: Credentials, more: Mapping[str, str]) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys.session_token or "")
    for name, value in more.items():
        monkeypatch.setenv(name, value)


# -- the interceptor -------------------------------------------------------------------------------

Answer = dict[str, Any]


def token(**changes: object) -> str:
    """An ID token of Cognito's form; the authorizer has checked signatures, here nobody does."""
    claims = {
        "sub": USER,
        "token_use": "id",
        "custom:tenant_id": "clinic-1",
        "custom:tier": "basic",
        "custom:role": "physician",
    } | changes
    return jwt({name: value for name, value in claims.items() if value is not None})


def jwt(claims: object, *, text: str | None = None) -> str:
    """A token with these claims, or with a text in their place."""
    parts = (b'{"alg":"RS256"}', (text or json.dumps(claims)).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def event(body: object, sent: Mapping[str, object] | None = None) -> dict[str, object]:
    """What the gateway gives its interceptor; without `sent`, a doctor of clinic-1 calls."""
    given = {"authorization": f"Bearer {token()}"} if sent is None else dict(sent)
    request = {"path": "/mcp", "httpMethod": "POST", "headers": given, "body": body}
    raw = {"body": json.dumps(body)}
    mcp = {"rawGatewayRequest": raw, "gatewayRequest": request}
    return {"interceptorInputVersion": "1.0", "mcp": mcp}


def tool_call(tool: str = "patient_context", **arguments: object) -> dict[str, object]:
    params = {"name": TOOLS[tool].action, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


@pytest.fixture
def intercept(
    cloud: Cloud,
    lambda_environment: None,  # noqa: ARG001 - it comes first
    interceptors_keys: Credentials,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[object], Answer]:
    """The interceptor as it is deployed: its role and its environment."""
    from interceptor.handler import handle

    _act(monkeypatch, interceptors_keys, interceptor_environment(cloud.names))
    return lambda given: handle(given, None)


def forwarded(answer: Answer) -> tuple[dict[str, str], Any]:
    """Headers and body of a request that goes on."""
    assert answer["interceptorOutputVersion"] == "1.0"
    assert set(answer["mcp"]) == {"transformedGatewayRequest"}, answer
    request = answer["mcp"]["transformedGatewayRequest"]
    return request["headers"], request["body"]


def refused(answer: Answer) -> tuple[int, str]:
    """Status and message of a request that ends; nothing of it goes on."""
    assert answer["interceptorOutputVersion"] == "1.0"
    assert set(answer["mcp"]) == {"transformedGatewayResponse"}, answer
    response = answer["mcp"]["transformedGatewayResponse"]
    assert response["body"]["jsonrpc"] == "2.0"
    return response["statusCode"], response["body"]["error"]["message"]


# -- the tools -------------------------------------------------------------------------------------


def identity_headers(tenant: str = "clinic-1", **changes: str) -> dict[str, str]:
    """What the interceptor sets for a user of a clinic; `X_Tier=…` puts another value there."""
    profile = {"name": f"Clínica {tenant}", "timezone": ZONES[tenant], "settings": {"beds": 4}}
    made = {
        headers.TIER: TIERS[tenant],
        headers.CLINIC: tenant,
        headers.PREFIX: f"{TIERS[tenant]}-tier/{tenant}/",
        headers.USER: USER,
        headers.PROFILE: headers.packed(profile),
    }
    return made | {name.replace("_", "-"): value for name, value in changes.items()}


def context(tool: str, sent: object) -> SimpleNamespace:
    """Lambda's context, as the gateway fills it in."""
    custom = {
        "bedrockAgentCoreToolName": TOOLS[tool].action,
        "bedrockAgentCoreGatewayId": "clinic-agent-basic-abcdefghij",
        "bedrockAgentCoreTargetId": "ABCDEFGHIJ",
        "bedrockAgentCoreMessageVersion": "1.0",
        "bedrockAgentCoreMcpMessageId": "7",
        "bedrockAgentCorePropagatedHeaders": sent,
    }
    return SimpleNamespace(client_context=SimpleNamespace(custom=custom))


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(
    cloud: Cloud,
    lambda_environment: None,  # noqa: ARG001 - it comes first
    agents_keys: Credentials,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """`run("patient_context", {"patient_id": …}, sent=headers)`: a tool as it is deployed."""
    _act(monkeypatch, agents_keys, tool_environment(cloud.names))

    def call(tool: str, arguments: object = None, sent: object = None) -> dict[str, Any]:
        given = identity_headers() if sent is None else sent
        handle = import_module(f"tools.{tool}").handle
        answer: dict[str, Any] = handle(
            {} if arguments is None else arguments, context(tool, given)
        )
        json.dumps(answer)  # Lambda's answers are JSON
        return answer

    return call
