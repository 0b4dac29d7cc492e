"""A served pool with the packaged agent as each tier's runtime, and one that tells what it sees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

import boto3
import httpx2
import pytest
from tests.local.gateway.conftest import (
    EVENING,
    NOON,
    ROOT,
    TIERS,
    deploy,
    document,
    enrol,
    tokens_of,
)

from tenantctl.aws.lookup import find_gateways, user_pool
from tenantctl.aws.session import Aws, Credentials
from tenantctl.domain.config import load
from tenantctl.domain.names import Names
from tenantctl.local.cloud import Cloud
from tenantctl.local.connect import in_memory, opened
from tenantctl.local.wire.serve import serving
from tenantctl.pool.agent_package import (
    AGENT_ENTRY_POINT,
    AGENT_HEADERS,
    AGENT_RUNTIME,
    agent_environment,
    agent_package,
)
from tenantctl.pool.function_package import packaged
from tenantctl.vending.sign_in import Tokens

BUCKET = "agents-of-tests"
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"

WITNESS = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

health = ["Healthy"]


class Witness(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"status": health[-1]})

    def do_POST(self):
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        health.append(payload.get("health", "Healthy"))
        if "exit" in payload:
            os._exit(3)
        time.sleep(payload.get("sleep", 0))
        if "leave" in payload:
            open(payload["leave"], "w").close()
        self.answer(payload.get("status", 200), {
            "pid": os.getpid(),
            "headers": dict(self.headers),
            "environ": dict(os.environ),
            "files": sorted(os.listdir()),
            "tenantctl": "tenantctl" in [n for n, m in sys.modules.items() if m is not None],
        })

    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told):
        pass


ThreadingHTTPServer(("0.0.0.0", 8080), Witness).serve_forever()
"""


@dataclass(frozen=True)
class Answered:
    """What came of a call over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Served:
    """The pool, and its runtimes by name: ARNs."""

    aws: Aws
    names: Names
    cloud: Cloud
    endpoint: str
    tokens: Mapping[str, Tokens]
    runtimes: dict[str, str] = field(default_factory=dict)

    def client(self, keys: Credentials | None = None) -> Any:  # noqa: ANN401 - a client's class is made at run time
        """The data plane over a socket; as the operator, unless others' keys are given."""
        used = keys or self.aws.credentials
        assert used is not None
        return boto3.client(
            "bedrock-agentcore",
            endpoint_url=self.endpoint,
            region_name=self.names.pool.region,
            aws_access_key_id=used.access_key_id,
            aws_secret_access_key=used.secret_access_key,
            aws_session_token=used.session_token,
        )

    def bearer(
        self,
        runtime: str,
        token: str | None,
        payload: object,
        *,
        session: str | None = None,
        path: str = "invocations",
        **headers: str,
    ) -> Answered:
        """A call as a user's client makes it: an HTTPS request with their token."""
        sent = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {token}"} if token is not None else {}),
            **({SESSION_HEADER: session} if session else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        url = f"{self.endpoint}/runtimes/{quote(self.runtimes[runtime], safe='')}/{path}"
        with httpx2.Client(trust_env=False, timeout=60) as client:
            answer = client.post(url, content=json.dumps(payload).encode(), headers=sent)
        return Answered(answer.status_code, answer.headers, answer.json())

    def ask(self, tenant: str, payload: object, **more: Any) -> Any:  # noqa: ANN401 - JSON
        """What the agent of the clinic's own tier answers its doctor."""
        token = self.tokens[tenant].id_token
        answered = self.bearer(TIERS[tenant], token, payload, **more)
        assert answered.status == 200, answered
        return answered.body

    def witness(self, session: str, payload: object, **more: Any) -> Any:  # noqa: ANN401 - JSON
        """What the agent that tells all answers."""
        answered = self.client().invoke_agent_runtime(
            agentRuntimeArn=self.runtimes["witness"],
            runtimeSessionId=session,
            payload=json.dumps(payload).encode(),
            **more,
        )
        assert answered["runtimeSessionId"] == session
        return json.load(answered["response"])


def make_runtime(served: Served, name: str, code: bytes, **changes: Any) -> None:  # noqa: ANN401 - CreateAgentRuntime's parameters
    """A runtime with that code, for signed requests unless an authorizer is given."""
    aws, names = served.aws, served.names
    key = f"{name}.zip"
    aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=code)
    settings = {
        "agentRuntimeName": name,
        "agentRuntimeArtifact": {
            "codeConfiguration": {
                "code": {"s3": {"bucket": BUCKET, "prefix": key}},
                "runtime": AGENT_RUNTIME,
                "entryPoint": list(AGENT_ENTRY_POINT),
            }
        },
        "roleArn": names.agent_role_arn,
        "networkConfiguration": {"networkMode": "PUBLIC"},
    } | changes
    control = aws.client("bedrock-agentcore-control")
    made = control.create_agent_runtime(**cast("Any", settings))["agentRuntimeId"]
    while control.get_agent_runtime(agentRuntimeId=made)["status"] == "CREATING":
        continue
    region, account = names.pool.region, aws.account
    arn = f"arn:aws:bedrock-agentcore:{region}:{account}:runtime/{made}"
    served.runtimes[name] = arn


def for_tier(served: Served, tier: str, endpoint: str | None = None) -> dict[str, Any]:
    """The settings of a tier's runtime; its gateway is named as on AWS, or where it is served."""
    names, users = served.names, user_pool(served.aws, served.names)
    gateway = find_gateways(served.aws, names)[tier].id
    url = f"{endpoint}/gateways/{gateway}/mcp" if endpoint else names.gateway_url(gateway)
    claim = {
        "inboundTokenClaimName": names.pool.identity.tier.claim,
        "inboundTokenClaimValueType": "STRING",
        "authorizingClaimMatchValue": {
            "claimMatchValue": {"matchValueString": tier},
            "claimMatchOperator": "EQUALS",
        },
    }
    return {
        "authorizerConfiguration": {
            "customJWTAuthorizer": {
                "discoveryUrl": f"{names.issuer(users.id)}/.well-known/openid-configuration",
                "allowedAudience": [users.client_id],
                "customClaims": [claim],
            }
        },
        "requestHeaderConfiguration": {"requestHeaderAllowlist": list(AGENT_HEADERS)},
        "environmentVariables": agent_environment(names, url),
    }


def make_witness(served: Served) -> None:
    """The runtime whose agent tells what it sees."""
    make_runtime(
        served,
        "witness",
        packaged({"main.py": WITNESS}).content,
        requestHeaderConfiguration={"requestHeaderAllowlist": ["X-Case", "Authorization"]},
        environmentVariables={"OF_THE_RUNTIME": "yes", "AWS_ENDPOINT_URL": "http://elsewhere"},
    )


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The whole pool."""
    pool = load(ROOT / "templates" / "config" / "tenantctl.yaml")
    with ExitStack() as stack:
        aws = stack.enter_context(in_memory(region=pool.region, account=pool.account))
        cloud, names = opened(), Names(pool, aws.account)
        assert cloud is not None
        deploy(aws, names)
        for tenant in TIERS:
            enrol(aws, names, tenant)
        aws.client("s3").create_bucket(Bucket=BUCKET)
        evening = stack.enter_context(serving(cloud, clock=EVENING))
        noon = stack.enter_context(serving(cloud, clock=NOON))
        tokens = {tenant: tokens_of(aws, names, tenant) for tenant in TIERS}
        made = Served(aws, names, cloud, noon, tokens)
        agent = agent_package().content
        for tier in names.pool.tiers:
            make_runtime(made, tier, agent, **for_tier(made, tier))
        make_runtime(made, "evening", agent, **for_tier(made, "basic", evening))
        silent = for_tier(made, "basic")
        del silent["requestHeaderConfiguration"]
        make_runtime(made, "silent", agent, **silent)
        make_witness(made)
        yield made


@pytest.fixture(scope="module")
def bare() -> Iterator[Served]:
    """No pool but the agent's role, and one runtime."""
    pool = load(ROOT / "templates" / "config" / "tenantctl.yaml")
    with in_memory(region=pool.region, account=pool.account) as aws:
        cloud, names = opened(), Names(pool, aws.account)
        assert cloud is not None
        region = names.pool.region
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": aws.account},
                "ArnLike": {
                    "aws:SourceArn": f"arn:aws:bedrock-agentcore:{region}:{aws.account}:runtime/*"
                },
            },
        }
        aws.client("iam").create_role(
            RoleName=names.agent_role_arn.rpartition("/")[2],
            AssumeRolePolicyDocument=document(trust),
        )
        aws.client("s3").create_bucket(Bucket=BUCKET)
        with serving(cloud) as endpoint:
            made = Served(aws, names, cloud, endpoint, {})
            make_witness(made)
            yield made


@pytest.fixture
def caller(bare: Served) -> Iterator[Callable[..., Any]]:
    """`caller("bedrock-agentcore:InvokeAgentRuntime", …)`: a client that may do only that."""
    iam, name = bare.aws.client("iam"), "caller-of-agents"
    root = {"AWS": f"arn:aws:iam::{bare.aws.account}:root"}
    trust = document({"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def client(*actions: str, resource: str = "*") -> Any:  # noqa: ANN401 - a client's class is made at run time
        allow = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(allow))
        made = bare.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="caller")
        keys = made["Credentials"]
        return bare.client(
            Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        )

    yield client
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.delete_role(RoleName=name)
