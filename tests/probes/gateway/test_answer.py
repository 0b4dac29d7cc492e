"""How a gateway's answers are read; the texts are AgentCore's own, as its users report them.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/use-gateway-with-policy.html
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-debug-messages.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenantctl.probes.gateway.answer import By, sort
from tenantctl.probes.gateway.client import Reply
from tenantctl.probes.probe import RefusedError, UnclearError

DENIED = (
    "Tool Execution Denied: Tool call not allowed due to policy enforcement "
    "[No policy applies to the request (denied by default).]"
)


def reply(status: int, body: object, kind: str = "application/json") -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {"content-type": kind}, content)


def error(code: int, message: str, status: int = 200) -> Reply:
    return reply(status, {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}})


def result(text: str, **more: Any) -> Reply:  # noqa: ANN401 - JSON
    content = [{"type": "text", "text": text}]
    return reply(200, {"jsonrpc": "2.0", "id": 1, "result": {"content": content, **more}})


@pytest.mark.parametrize(
    ("given", "by"),
    [
        (error(-32001, "Invalid Bearer token", 401), By.AUTHORIZER),
        (error(-32001, "Missing Bearer token", 401), By.AUTHORIZER),
        (error(-32001, "insufficient scope", 403), By.AUTHORIZER),
        (reply(401, b""), By.AUTHORIZER),
        (reply(403, b"<html>"), By.AUTHORIZER),
        (error(-32003, "the token is no ID token", 403), By.INTERCEPTOR),
        (error(-32003, "the registry can't be read; try again", 503), By.UNCLEAR),
        (error(-32600, "batches aren't supported", 400), By.FORM),
        (error(-32602, "Invalid params"), By.FORM),
        (error(-32602, "Unknown tool: x"), By.UNCLEAR),
        (error(-32002, DENIED), By.POLICY),
        (result(f"AuthorizeActionException - {DENIED}", isError=True), By.POLICY),
        (result(DENIED), By.UNCLEAR),
        (error(-32603, "InternalServerException - Policy evaluation failed"), By.UNCLEAR),
        (result("An internal error occurred. Please retry later.", isError=True), By.UNCLEAR),
        (result("Access denied while invoking Lambda function", isError=True), By.UNCLEAR),
        (result('{"error": {"code": "AccessDenied", "message": "m"}}'), By.IAM),
        (result('{"error": {"code": "NotFound", "message": "m"}}'), By.TOOL),
        (result('{"error": {"code": "InvalidInput", "message": "m"}}'), By.TOOL),
        (result('{"error": {"code": "NoIdentity", "message": "m"}}'), By.TOOL),
        (result('{"error": {"code": "Unavailable", "message": "m"}}'), By.UNCLEAR),
        (result('{"error": {"code": "NotConfigured", "message": "m"}}'), By.UNCLEAR),
        (result('{"patients": []}', isError=False), By.RESULT),
        (result("plain text"), By.UNCLEAR),
        (reply(200, {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}), By.RESULT),
        (reply(200, {"jsonrpc": "2.0", "id": 1}), By.UNCLEAR),
        (reply(200, b"no JSON"), By.UNCLEAR),
        (reply(200, []), By.UNCLEAR),
        (reply(202, b""), By.UNCLEAR),
        (reply(307, b""), By.UNCLEAR),
        (reply(400, b"Bad Request"), By.FORM),
        (reply(429, {"message": "Rate exceeded"}), By.UNCLEAR),
        (reply(500, b""), By.UNCLEAR),
    ],
)
def test_who_ended_a_call(given: Reply, by: By) -> None:
    assert sort(given).by is by


def test_an_event_stream_is_read_to_its_response() -> None:
    """Streamable HTTP may answer with events; notifications come first."""
    events = (
        b'event: message\ndata: {"jsonrpc": "2.0", "method": "notifications/progress"}\n\n'
        b'data: {"jsonrpc": "2.0", "id": 1,\ndata:  "result": {"tools": [1]}}\n\n'
    )

    answer = sort(reply(200, events, "text/event-stream"))

    assert answer.by is By.RESULT
    assert answer.content == {"tools": [1]}


def test_only_a_refusal_is_taken_for_one() -> None:
    assert sort(result('{"a": 1}')).must() == {"a": 1}
    with pytest.raises(RefusedError, match="by the policy engine"):
        sort(error(-32002, DENIED)).must()
    with pytest.raises(UnclearError):
        sort(reply(400, b"")).must()
    with pytest.raises(RefusedError, match="as malformed"):
        sort(reply(400, b"")).must(malformed=True)
    with pytest.raises(UnclearError):
        sort(reply(500, b"")).must(malformed=True)


def test_what_is_shown_of_an_answer_is_short_and_one_line() -> None:
    said = sort(error(-32603, "\x1b[31m" + "x" * 4000 + "\nbreach")).said

    assert len(said) < 250
    assert said.isprintable()
