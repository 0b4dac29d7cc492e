"""A user calls the agent with their token: who is let in, and what the agent may then reach."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from tests.local.gateway.conftest import TIERS, canary
from tests.local.runtime.conftest import SESSION_HEADER, Served

from tenantctl.domain.tools import TOOLS

RECORDS = {"tool": "get_patient_records", "arguments": {}}


def session(name: str) -> str:
    """An id of the length that AgentCore asks for."""
    return f"session-of-tests-{name}".ljust(33, "-")


@pytest.mark.parametrize("tenant", ["clinic-1", "clinic-10", "hospital-1"])
def test_the_agent_calls_a_tool_as_its_caller(served: Served, tenant: str) -> None:
    answered = served.ask(tenant, RECORDS, session=session(tenant))
    assert answered["tool"] == "get_patient_records"
    (patient,) = answered["result"]["patients"]
    assert patient["note"] == canary(tenant)


def test_a_payload_that_names_another_clinic_changes_nothing(served: Served) -> None:
    claimed = {
        **RECORDS,
        "tenant_id": "clinic-10",
        "tier": "premium",
        "headers": {"X-Clinic-ID": "clinic-10"},
        "Authorization": "Bearer another",
    }
    answered = served.ask(
        "clinic-1", claimed, session=session("claims"), X_Clinic_ID="clinic-10", X_Tier="premium"
    )
    text = json.dumps(answered)
    assert canary("clinic-1") in text
    assert canary("clinic-10") not in text


def test_the_agent_lists_the_tools_that_its_caller_may_use(served: Served) -> None:
    named = {tool["name"] for tool in served.ask("clinic-1", {"list": "tools"})["tools"]}
    assert TOOLS["get_patient_records"].action in named
    assert named <= {tool.action for tool in TOOLS.values()}


def test_what_the_policies_refuse_is_refused_to_the_agent_too(served: Served) -> None:
    call = {"tool": "patient_context", "arguments": {"patient_id": "P1"}}
    token = served.tokens["clinic-1"].id_token
    noon = served.bearer("basic", token, call)
    assert noon.body["result"]["patient_id"] == "P1", noon
    evening = served.bearer("evening", token, call)
    assert evening.body["error"]["code"] == "Refused", evening
    forged = {**call, "arguments": {"patient_id": "P1", "request_hour": 12}}
    assert served.bearer("evening", token, forged).body["error"]["code"] == "Refused"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"prompt": "How is P1?"}, "NoModel"),
        ({}, "InvalidInput"),
        ([], "InvalidInput"),
        ({"tool": 7}, "InvalidInput"),
        ({"tool": "get_patient_records", "arguments": "all"}, "InvalidInput"),
        ({"tool": "no_such_tool"}, "Refused"),
    ],
)
def test_what_the_agent_cannot_do(served: Served, payload: object, code: str) -> None:
    answered = served.ask("clinic-1", payload, session=session("cannot"))
    assert answered["error"]["code"] == code, answered
    assert served.tokens["clinic-1"].id_token not in json.dumps(answered)


def test_an_agent_that_is_given_no_token_calls_nothing(served: Served) -> None:
    token = served.tokens["clinic-1"].id_token
    answered = served.bearer("silent", token, RECORDS)
    assert answered.body["error"]["code"] == "NoToken"


def test_a_session_is_its_first_users(served: Served) -> None:
    mine = session("mine")
    assert "result" in served.ask("clinic-1", RECORDS, session=mine)
    other = served.ask("clinic-10", RECORDS, session=mine)
    assert other["error"]["code"] == "OtherUser"
    assert canary("clinic-1") not in json.dumps(other)
    assert "result" in served.ask("clinic-1", RECORDS, session=mine)


def test_many_sessions_at_once_hold_nobody_elses_data(served: Served) -> None:
    def visit(number: int) -> tuple[str, list[str]]:
        tenant = list(TIERS)[number % len(TIERS)]
        named = session(f"many-{number}")
        return tenant, [json.dumps(served.ask(tenant, RECORDS, session=named)) for _ in range(3)]

    with ThreadPoolExecutor(9) as pool:
        for tenant, answers in pool.map(visit, range(9)):
            for answer in answers:
                assert [one for one in TIERS if canary(one) in answer] == [tenant], answer


def test_tokens_that_the_runtime_doesnt_take(served: Served) -> None:
    mine, other = served.tokens["clinic-1"], served.tokens["hospital-1"]
    header, payload, signature = mine.id_token.split(".")
    tampered = other.id_token.split(".")[1]
    for token in (
        None,
        "no-token",
        other.id_token,  # another tier
        mine.access_token,  # neither audience nor tier
        f"{header}.{tampered}.{signature}",
        f"{header}.{payload}.{signature[:-4]}AAAA",
    ):
        answered = served.bearer("basic", token, RECORDS)
        assert answered.status == 401, (token, answered)
        challenge = answered.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer resource_metadata="'), challenge
        assert token is None or token not in json.dumps(answered.body)
    assert "result" in served.bearer("basic", mine.id_token, RECORDS).body
    told = httpx2.get(challenge.split('"')[1], trust_env=False).json()
    (issuer,) = told["authorization_servers"]
    assert issuer.startswith("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_")


def test_tokens_and_signatures_are_each_taken_where_they_belong(served: Served) -> None:
    client = served.client()
    with pytest.raises(client.exceptions.AccessDeniedException, match="method mismatch"):
        client.invoke_agent_runtime(agentRuntimeArn=served.runtimes["basic"], payload=b"{}")
    answered = served.bearer("witness", served.tokens["clinic-1"].id_token, {})
    assert (answered.status, answered.body["__type"]) == (403, "AccessDeniedException")
    assert "method mismatch" in answered.body["message"]
    answered = served.bearer("witness", None, {})
    assert answered.body["__type"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("changes", "status", "kind", "says"),
    [
        ({"session": "short"}, 400, "ValidationException", "runtimeSessionId"),
        ({"session": "x" * 257}, 400, "ValidationException", "runtimeSessionId"),
        ({"X_Amzn_Bedrock_AgentCore_Runtime_User_Id": "u"}, 400, "ValidationException", "user id"),
        ({"path": "invocations?qualifier=blue"}, 404, "ResourceNotFoundException", ""),
        ({"path": "invocations?qualifier=a/b"}, 403, "AccessDeniedException", "endpoint"),
        ({"path": "invocations?other=1"}, 400, "InvalidArgument", "other"),
        ({"path": "commands"}, 403, "AccessDeniedException", "InvokeAgentRuntimeCommand"),
        ({"path": "ws"}, 403, "AccessDeniedException", "WebSocketStream"),
        ({"path": "elsewhere"}, 404, "UnknownOperationException", "no operation"),
    ],
)
def test_requests_that_arent_taken(
    served: Served, changes: dict[str, str], status: int, kind: str, says: str
) -> None:
    token = served.tokens["clinic-1"].id_token
    answered = served.bearer("basic", token, RECORDS, **changes)
    assert (answered.status, answered.body["__type"]) == (status, kind), answered
    assert says in answered.body["message"]


def test_runtimes_that_arent_there(served: Served) -> None:
    token, region = served.tokens["clinic-1"].id_token, served.names.pool.region
    for arn, kind in {
        f"arn:aws:bedrock-agentcore:{region}:{served.aws.account}:runtime/gone-0123456789": (
            "ResourceNotFoundException"
        ),
        f"arn:aws:bedrock-agentcore:{region}:210987654321:runtime/gone-0123456789": (
            "AccessDeniedException"
        ),
        "basic": "AccessDeniedException",
    }.items():
        served.runtimes["gone"] = arn
        assert served.bearer("gone", token, RECORDS).body["__type"] == kind


def test_the_session_is_told_and_can_be_stopped_with_a_token(served: Served) -> None:
    token = served.tokens["clinic-1"].id_token
    answered = served.bearer("basic", token, RECORDS)
    told = answered.headers[SESSION_HEADER]
    assert len(told) >= 33
    stopped = served.bearer("basic", token, {}, session=told, path="stopruntimesession")
    assert stopped.status == 200, stopped
    again = served.bearer("basic", token, {}, session=told, path="stopruntimesession")
    assert (again.status, again.body["__type"]) == (404, "ResourceNotFoundException")
