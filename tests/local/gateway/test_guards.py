"""Each guard on the way of a call, and what it is worth: without it, the attack gets through."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from tests.local.gateway.conftest import (
    TIERS,
    Served,
    call,
    canary,
    make_gateway,
    make_role,
    said,
    talk,
)

from tenantctl.domain.tools import TOOLS

CONTEXT = TOOLS["patient_context"].action


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)


def post(
    url: str, headers: Mapping[str, str], body: object, method: str = "POST", raw: bytes = b""
) -> Reply:
    """A request as no SDK would send it."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    content = raw or json.dumps(body).encode()
    connection.request(method, parts.path, content, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    connection.close()
    return reply


def message(tool: str, **arguments: object) -> dict[str, object]:
    params = {"name": TOOLS[tool].action, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


# -- who is let in -------------------------------------------------------------------------------


def test_nobody_without_a_token_of_the_tier_is_let_in(served: Served) -> None:
    url = served.url("basic")
    access = served.tokens["clinic-1"].access_token
    refused = {
        "Missing Bearer token": [{}, {"Authorization": "Basic x"}],
        "Invalid Bearer token": [
            {"Authorization": "Bearer x.y.z"},
            {"Authorization": f"Bearer {access}"},
            served.headers("hospital-1"),
        ],
    }
    for said_, several in refused.items():
        for headers in several:
            reply = post(url, headers, LIST)
            assert reply.status == 401
            assert reply.json["error"] == {"code": -32001, "message": said_}
            challenge = reply.headers["www-authenticate"]
            assert challenge.startswith("Bearer resource_metadata=")
            where = challenge.split('"')[1]
            assert not any(token.id_token in challenge for token in served.tokens.values())
    told = post(where, {}, None, "GET").json
    assert told["resource"] == url
    assert told["authorization_servers"][0].startswith("https://cognito-idp.us-east-1.")


@pytest.mark.parametrize(
    ("method", "path", "host", "raw", "status"),
    [
        ("GET", "", "127.0.0.1", b"", 405),
        ("DELETE", "", "127.0.0.1", b"", 405),
        ("POST", "", "evil.example", b"{}", 403),
        ("POST", "", "127.0.0.1", b"{", 400),
        ("POST", "", "127.0.0.1", b"[]", 400),
        ("POST", "", "127.0.0.1", b'{"method": "tools/list", "method": "tools/call"}', 400),
        ("POST", "", "127.0.0.1", b'{"jsonrpc": "2.0", "id": NaN}', 400),
        ("POST", "", "127.0.0.1", b"\xff", 400),
        ("POST", "", "127.0.0.1", b'{"jsonrpc": "2.0", "id": null, "method": "tools/list"}', 400),
        ("POST", "", "127.0.0.1", b'{"jsonrpc": "2.0", "id": true, "method": "tools/list"}', 400),
        ("POST", "", "127.0.0.1", b'{"jsonrpc": "2.0", "id": [1], "method": "tools/list"}', 400),
        ("POST", "", "127.0.0.1", b"[" * 100_000, 400),
        ("POST", "gateway-of-nobody1234", "127.0.0.1", b"{}", 404),
        ("POST", "gateway", "127.0.0.1", b"{}", 400),
    ],
)
def test_what_is_no_request_is_refused(  # noqa: PLR0913, PLR0917 - the parts of a request
    served: Served, method: str, path: str, host: str, raw: bytes, status: int
) -> None:
    url = served.url("basic")
    if path:
        url = url.replace(served.gateway("basic"), path)
    reply = post(url, {**served.headers("clinic-1"), "Host": host}, None, method, raw)
    assert reply.status == status
    assert b"Traceback" not in reply.body


def test_an_object_may_have_a_gateways_path(served: Served) -> None:
    keys = served.aws.credentials
    assert keys is not None
    s3 = boto3.Session(region_name="us-east-1").client(
        "s3",
        endpoint_url=served.noon,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    s3.create_bucket(Bucket="gateways")
    where: Any = {"Bucket": "gateways", "Key": f"{served.gateway('basic')}/mcp"}
    s3.put_object(**where, Body=b"plain")
    assert s3.get_object(**where)["Body"].read() == b"plain"
    url = urlsplit(s3.generate_presigned_url("get_object", Params=where))
    connection = http.client.HTTPConnection(url.netloc)
    connection.request("GET", f"{url.path}?{url.query}")
    assert connection.getresponse().read() == b"plain"
    connection.close()


# -- what the interceptor is for -------------------------------------------------------------------

SPOOFED = {
    "X-Clinic-ID": "clinic-10",
    "X-S3-Prefix": "basic-tier/clinic-10/",
    "x-tier": "basic",
    "X-User-ID": "0b5c8a6e-3f0d-4c5e-9a51-0d3f1c2b4a69",
    "X-Clinic-Profile": "eyJuYW1lIjoieCIsInRpbWV6b25lIjoiVVRDIn0",
}


@pytest.fixture(scope="module")
def unguarded(served: Served) -> str:
    """A gateway without an interceptor, and with an engine that looks on."""
    role = make_role(served.aws, "unguarded")
    gateway = make_gateway(
        served.aws,
        served.names,
        "basic",
        name="unguarded",
        roleArn=role,
        interceptorConfigurations=None,
    )
    return f"{served.noon}/gateways/{gateway}/mcp"


def test_headers_of_the_client_name_nobody(served: Served, unguarded: str) -> None:
    spoofed = served.headers("clinic-1") | SPOOFED
    guarded = said(call(served.url("basic"), spoofed, "get_patient_records"))
    assert canary("clinic-1") in str(guarded)
    assert canary("clinic-10") not in str(guarded)
    breach = said(call(unguarded, spoofed, "get_patient_records"))
    assert canary("clinic-10") in str(breach)


def test_the_hour_is_the_clinics_not_the_clients(served: Served) -> None:
    evening = served.url("basic", endpoint=served.evening)
    arguments = {"patient_id": "P1", "request_hour": 12, "request_weekday": "mon"}
    with pytest.raises(MCPError, match="not allowed due to policy"):
        call(evening, served.headers("clinic-1"), "patient_context", arguments)


@pytest.mark.parametrize(
    "change",
    [
        {"Handler": "tools.clinic_config.handle"},
        {"Environment": {"Variables": {}}},
        {"Role": "arn:aws:iam::123456789012:role/clinic-agent-agent"},  # reads no registry
    ],
)
def test_a_broken_interceptor_lets_nobody_pass(served: Served, change: dict[str, Any]) -> None:
    client: Any = served.aws.client("lambda")
    name = served.names.interceptor
    before = client.get_function_configuration(FunctionName=name)
    client.update_function_configuration(FunctionName=name, **change)
    try:
        reply = post(served.url("basic"), served.headers("clinic-1"), message("clinic_config"))
        assert reply.status >= 400
        assert "result" not in reply.json
    finally:
        kept = {key: before[key] for key in change}
        client.update_function_configuration(FunctionName=name, **kept)
    assert said(call(served.url("basic"), served.headers("clinic-1"), "clinic_config"))


# -- what the policies are for ---------------------------------------------------------------------


def _update(served: Served, tier: str, **changes: object) -> None:
    client = served.aws.client("bedrock-agentcore-control")
    gateway = served.gateway(tier)
    shape = client.meta.service_model.operation_model("UpdateGateway").input_shape
    now: dict[str, Any] = dict(client.get_gateway(gatewayIdentifier=gateway))
    settable = set(shape.members) & set(now) if shape is not None else set()
    settings = {name: now[name] for name in settable if now[name] not in ("", None)} | changes
    client.update_gateway(gatewayIdentifier=gateway, **settings)
    client.get_gateway(gatewayIdentifier=gateway)


def test_an_engine_that_only_looks_on_lets_pass(served: Served) -> None:
    evening, headers = served.url("basic", endpoint=served.evening), served.headers("clinic-1")
    client = served.aws.client("bedrock-agentcore-control")
    now = client.get_gateway(gatewayIdentifier=served.gateway("basic"))
    engine = now["policyEngineConfiguration"]
    _update(served, "basic", policyEngineConfiguration={**engine, "mode": "LOG_ONLY"})
    try:
        answer = call(evening, headers, "patient_context", {"patient_id": "P1"})
        assert said(answer)["facts"]["note"] == canary("clinic-1")
    finally:
        _update(served, "basic", policyEngineConfiguration=dict(engine))
    with pytest.raises(MCPError, match="not allowed due to policy"):
        call(evening, headers, "patient_context", {"patient_id": "P1"})


def test_a_forbid_refuses_by_its_id_and_hides_the_tool(served: Served) -> None:
    client = served.aws.client("bedrock-agentcore-control")
    arn = client.get_gateway(gatewayIdentifier=served.gateway("premium"))["gatewayArn"]
    engine = served.cloud.policy_engines(served.cloud.account, served.cloud.region)
    listed = engine.handle("ListPolicyEngines", {})["policyEngines"]
    statement = (
        "forbid(principal is AgentCore::OAuthUser, action == AgentCore::Action::"
        f'"{TOOLS["clinic_config"].action}", resource == AgentCore::Gateway::"{arn}");'
    )
    made = client.create_policy(
        policyEngineId=listed[0]["policyEngineId"],
        name="closed_for_repairs",
        definition={"cedar": {"statement": statement}},
        validationMode="IGNORE_ALL_FINDINGS",
    )
    where = {"policyEngineId": listed[0]["policyEngineId"], "policyId": made["policyId"]}
    assert client.get_policy(**where)["status"] == "ACTIVE"
    url, headers = served.url("premium"), served.headers("hospital-1")

    async def names(client: Client) -> set[str]:
        return {tool.name for tool in (await client.list_tools()).tools}

    try:
        assert TOOLS["clinic_config"].action not in talk(url, headers, names)
        with pytest.raises(MCPError, match=made["policyId"]) as error:
            call(url, headers, "clinic_config")
        assert error.value.data["policies"] == [made["policyId"]]
    finally:
        client.delete_policy(**where)
        with pytest.raises(ClientError, match="ResourceNotFound"):
            client.get_policy(**where)
    assert TOOLS["clinic_config"].action in talk(url, headers, names)


def test_an_unknown_tool_is_no_tool(served: Served) -> None:
    body = message("clinic_config")
    body["params"] = {"name": "clinic-config___other", "arguments": {}}
    reply = post(served.url("basic"), served.headers("clinic-1"), body)
    assert reply.json["error"]["code"] == -32602
    assert "clinic-config___other" in reply.json["error"]["message"]


# -- what the gateway's role is for ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("without", "listed", "answer"),
    [
        ("lambda:InvokeFunction", True, "is not authorized to perform: lambda:InvokeFunction"),
        ("bedrock-agentcore:AuthorizeAction", True, "Policy evaluation failed for tool call"),
        ("bedrock-agentcore:PartiallyAuthorizeActions", False, ""),
        ("bedrock-agentcore:GetPolicyEngine", False, "Policy evaluation failed for tool call"),
    ],
)
def test_a_gateway_can_do_what_its_role_may(
    served: Served, without: str, listed: bool, answer: str
) -> None:
    client = served.aws.client("bedrock-agentcore-control")
    engine = client.get_gateway(gatewayIdentifier=served.gateway("basic"))
    name = "short-" + "".join(c for c in without if c.isalpha())[-12:]
    gateway = make_gateway(
        served.aws,
        served.names,
        "basic",
        name=name,
        roleArn=make_role(served.aws, name, without=without),
        interceptorConfigurations=None,
        policyEngineConfiguration=dict(engine["policyEngineConfiguration"]),
    )
    url = f"{served.noon}/gateways/{gateway}/mcp"
    found = post(url, served.headers("clinic-1"), LIST).json
    assert ("result" in found) is listed
    body = json.dumps(post(url, served.headers("clinic-1"), message("clinic_config")).json)
    if without == "lambda:InvokeFunction":
        # No policy names this gateway, so the policies refuse before the role would.
        assert "not allowed due to policy" in body
        _log_only = {**engine["policyEngineConfiguration"], "mode": "LOG_ONLY"}
        other = make_gateway(
            served.aws,
            served.names,
            "basic",
            name="looks-on",
            roleArn=f"arn:aws:iam::{served.aws.account}:role/{name}",
            interceptorConfigurations=None,
            policyEngineConfiguration=_log_only,
        )
        there = f"{served.noon}/gateways/{other}/mcp"
        body = json.dumps(post(there, served.headers("clinic-1"), message("clinic_config")).json)
        assert '"isError": true' in body
    assert answer in body


# -- many at once ----------------------------------------------------------------------------------


def test_twenty_sessions_at_once_see_their_own_clinics(served: Served) -> None:
    tenants = [list(TIERS)[n % len(TIERS)] for n in range(20)]

    def session(tenant: str) -> list[str]:
        async def work(client: Client) -> list[str]:
            tool = TOOLS["get_patient_records"].action
            return [str(await client.call_tool(tool, {})) for _ in range(3)]

        return talk(served.url(TIERS[tenant]), served.headers(tenant), work, "legacy")

    with ThreadPoolExecutor(len(tenants)) as pool:
        for tenant, answers in zip(tenants, pool.map(session, tenants), strict=True):
            for answer in answers:
                assert canary(tenant) in answer
                assert not any(canary(other) in answer for other in TIERS if other != tenant)
