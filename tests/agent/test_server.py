"""The HTTP contract, in a process of its own as a runtime starts it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from tenantctl.local.runtime.process import AgentProcess, Program
from tenantctl.pool.agent_package import AGENT_ENTRY_POINT, agent_package

ENVIRON = {
    "TENANTCTL_GATEWAY_URL": "http://127.0.0.1:9/mcp",
    "TENANTCTL_USER_CLAIM": "sub",
    "TENANTCTL_TOOLS": "{}",
}


@pytest.fixture(scope="module")
def agent() -> Iterator[AgentProcess]:
    (start,) = AGENT_ENTRY_POINT
    made = AgentProcess(Program(agent_package().content, start, ENVIRON))
    try:
        made.await_health()
        yield made
    finally:
        made.end()


def ask(
    agent: AgentProcess, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, object]:
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
    try:
        connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def test_it_says_that_it_is_well(agent: AgentProcess) -> None:
    status, told = ask(agent, "GET", "/ping")
    assert status == 200
    assert isinstance(told, dict)
    assert told["status"] == "Healthy"
    assert isinstance(told["time_of_last_update"], int)
    assert not agent.busy()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("GET", "/invocations", b"", 404),
        ("POST", "/ping", b"{}", 404),
        ("POST", "/invocations", b"{", 400),
        ("POST", "/invocations", b"\xff", 400),
        ("POST", "/invocations", b"[" * 100_000, 400),
        ("POST", "/invocations", b'{"tool": "current_time", "tool": "clinic_config"}', 400),
        ("POST", "/invocations", b'{"tool": "current_time", "arguments": {"a": NaN}}', 400),
        ("POST", "/invocations", b" " * (1024 * 1024 + 1), 413),
    ],
)
def test_requests_that_it_doesnt_take(
    agent: AgentProcess, method: str, path: str, body: bytes, status: int
) -> None:
    assert ask(agent, method, path, body)[0] == status
    assert ask(agent, "GET", "/ping")[0] == 200


def test_a_body_of_unknown_length_is_refused(agent: AgentProcess) -> None:
    status, _ = ask(agent, "POST", "/invocations", b"{}", Content_Length="-2")
    assert status == 413


def test_without_a_token_there_is_no_call(agent: AgentProcess) -> None:
    status, told = ask(agent, "POST", "/invocations", b'{"tool": "x"}')
    assert (status, told) == (
        200,
        {"error": {"code": "NoToken", "message": "there is no token to call the gateway with"}},
    )
