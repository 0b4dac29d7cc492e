"""What the agent does with tokens, payloads and answers of a gateway, which is a real server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agent.agent import Agent
from agent.bearer import bearer
from agent.failure import AgentError
from agent.gateway import Gateway


def token(**changes: object) -> str:
    """An ID token's form; nobody here checks signatures."""
    claims = {"iss": "https://issuer.example", "sub": "user-1"} | changes
    return signed(json.dumps({n: v for n, v in claims.items() if v is not None}))


def signed(claims: str) -> str:
    parts = (b'{"alg":"RS256"}', claims.encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def events(*messages: object) -> bytes:
    """A stream of events, as servers of MCP send it."""
    return b"".join(
        b": comment\r\nevent: message\r\ndata: " + json.dumps(one).encode() + b"\r\n\r\n"
        for one in messages
    )


Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Scripted:
    """A server that answers each request by a function, and keeps what it was asked."""

    url: str = ""
    answer: Callable[[dict[str, Any]], Reply] = field(default=lambda _: (500, {}, b""))
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [message["method"] for _, message in self.asked]


@pytest.fixture
def server() -> Iterator[Scripted]:
    made = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked.append(({n.lower(): v for n, v in self.headers.items()}, message))
            status, headers, body = made.answer(message)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: object) -> None:
            del told

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        made.url = f"http://127.0.0.1:{listening.server_port}/mcp"
        yield made
        listening.shutdown()
        thread.join()


JSON = {"Content-Type": "application/json"}


def told(message: dict[str, Any], result: object) -> Reply:
    """A result as JSON."""
    body = {"jsonrpc": "2.0", "id": message.get("id"), "result": result}
    return 200, JSON, json.dumps(body).encode()


def begins(then: Callable[[dict[str, Any]], Reply]) -> Callable[[dict[str, Any]], Reply]:
    """A server that takes a session's beginning, and answers the rest by `then`."""

    def answer(message: dict[str, Any]) -> Reply:
        if message["method"] == "initialize":
            status, headers, body = told(message, {"protocolVersion": "2025-06-18"})
            return status, {**headers, "Mcp-Session-Id": "s-1"}, body
        if message["method"].startswith("notifications/"):
            return 202, {}, b""
        return then(message)

    return answer


def agent(url: str) -> Agent:
    return Agent(Gateway(url), "sub", {"count": "count___count"})


def ask(found: Agent, payload: object, of: str | None = None) -> dict[str, Any]:
    return found.invoke(payload, [f"Bearer {of or token()}"])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        [token()],
        [f"Basic {token()}"],
        [f"Bearer {token()}", f"Bearer {token()}"],
        [f"Bearer {token()},Bearer {token()}"],
        [f"Bearer {token()} "],
        [f"Bearer {token()}.more"],
        [f"Bearer {token(sub=None)}"],
        [f"Bearer {token(sub='')}"],
        [f"Bearer {token(sub=['user-1'])}"],
        [f"Bearer {token(iss=None)}"],
        [f"Bearer {signed('[]')}"],
        [f"Bearer {signed('{')}"],
        [f"Bearer {signed('[' * 100_000)}"],
        ["Bearer " + signed('{"iss":"i","sub":"user-1","sub":"user-2"}')],
        [f"Bearer {token(padding='x' * 20_000)}"],
    ],
)
def test_headers_that_hold_no_token(headers: list[str]) -> None:
    with pytest.raises(AgentError) as failed:
        bearer(headers, "sub")
    assert failed.value.code == "NoToken"
    assert not any(header and header in str(failed.value.answer) for header in headers)


def test_a_token_names_its_user_and_shows_nowhere() -> None:
    found = bearer([f"bearer {token()}"], "sub")
    assert found.user == ("https://issuer.example", "user-1")
    assert found.authorization == f"Bearer {token()}"
    assert token() not in repr(found)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_goes_with_the_callers_token_in_one_session(
    server: Scripted, *, streamed: bool
) -> None:
    def then(message: dict[str, Any]) -> Reply:
        result = {"content": [{"type": "text", "text": '{"patients": 3}'}]}
        if not streamed:
            return told(message, result)
        progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}
        body = events(progress, {"jsonrpc": "2.0", "id": message["id"], "result": result})
        return 200, {"Content-Type": "text/event-stream"}, body

    server.answer = begins(then)
    found = agent(server.url)
    for _ in range(2):
        answered = ask(found, {"tool": "count", "arguments": {"of": "patients"}})
        assert answered == {"tool": "count", "result": {"patients": 3}}
    assert server.methods == [
        "initialize",
        "notifications/initialized",
        "tools/call",
        "tools/call",
    ]
    assert {headers["authorization"] for headers, _ in server.asked} == {f"Bearer {token()}"}
    assert [headers.get("mcp-session-id") for headers, _ in server.asked] == [None, *["s-1"] * 3]
    assert server.asked[-1][1]["params"] == {
        "name": "count___count",
        "arguments": {"of": "patients"},
    }


def test_the_session_is_the_first_users_whoever_comes_with_a_newer_token(server: Scripted) -> None:
    server.answer = begins(lambda message: told(message, {"structuredContent": {"n": 1}}))
    found = agent(server.url)
    assert ask(found, {"tool": "count"})["result"] == {"n": 1}
    assert ask(found, {"tool": "count"}, token(exp=2))["result"] == {"n": 1}
    for other in (token(sub="user-2"), token(iss="https://other.example")):
        assert ask(found, {"tool": "count"}, other)["error"]["code"] == "OtherUser"
    assert len([method for method in server.methods if method == "tools/call"]) == 2


def test_tools_are_listed_page_by_page(server: Scripted) -> None:
    def then(message: dict[str, Any]) -> Reply:
        if message["params"].get("cursor") == "2":
            return told(message, {"tools": [{"name": "b", "description": "B"}]})
        return told(message, {"tools": [{"name": "a", "inputSchema": {}}], "nextCursor": "2"})

    server.answer = begins(then)
    assert ask(agent(server.url), {"list": "tools"}) == {
        "tools": [{"name": "a", "description": None}, {"name": "b", "description": "B"}]
    }
    server.answer = begins(lambda message: told(message, {"tools": [], "nextCursor": "2"}))
    assert ask(agent(server.url), {"list": "tools"})["error"]["code"] == "Unavailable"


def test_a_session_that_the_gateway_ended_begins_anew(server: Scripted) -> None:
    gone = ["once"]

    def then(message: dict[str, Any]) -> Reply:
        if gone:
            gone.pop()
            return 404, {}, b""
        return told(message, {"structuredContent": {}})

    server.answer = begins(then)
    assert ask(agent(server.url), {"tool": "count"})["result"] == {}
    assert server.methods.count("initialize") == 2
    server.answer = begins(lambda _: (404, {}, b""))
    assert ask(agent(server.url), {"tool": "count"})["error"]["code"] == "Unavailable"


def refused(message: str) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": None, "error": {"message": message}}).encode()


@pytest.mark.parametrize(
    ("reply", "code", "says"),
    [
        ((401, JSON, refused("Invalid Bearer token")), "Refused", "Invalid Bearer token"),
        ((403, {}, b""), "Refused", "status 403"),
        ((429, JSON, refused("slow down")), "Unavailable", "slow down"),
        ((500, JSON, b"{"), "Unavailable", "status 500"),
        ((302, {"Location": "http://127.0.0.1:9/mcp"}, b""), "Unavailable", "status 302"),
        ((200, JSON, b"{"), "Unavailable", "can't be read"),
        ((200, JSON, b"[]"), "Unavailable", "didn't answer"),
        ((200, JSON, b""), "Unavailable", "didn't answer"),
        ((200, JSON, b'{"id": 99, "result": {}}'), "Unavailable", "didn't answer"),
        ((200, {"Content-Type": "text/event-stream"}, b"data: {\n\n"), "Unavailable", "read"),
    ],
)
def test_answers_that_are_none(server: Scripted, reply: Reply, code: str, says: str) -> None:
    server.answer = lambda _: reply
    answered = ask(agent(server.url), {"tool": "count"})
    assert answered["error"]["code"] == code
    assert says in answered["error"]["message"]
    assert len(server.asked) == 1


def test_a_tools_own_refusal_is_no_result(server: Scripted) -> None:
    content = [{"type": "text", "text": "denied by policy p-1"}]
    server.answer = begins(lambda m: told(m, {"isError": True, "content": content}))
    answered = ask(agent(server.url), {"tool": "count"})
    assert answered == {"error": {"code": "Refused", "message": "denied by policy p-1"}}


def test_a_gateway_that_isnt_there() -> None:
    answered = ask(agent("http://127.0.0.1:9/mcp"), {"tool": "count"})
    assert answered["error"] == {"code": "Unavailable", "message": "the gateway can't be reached"}


@pytest.mark.parametrize(
    "url", ["http://gateway.example/mcp", "ftp://127.0.0.1/", "file:///etc/passwd", ""]
)
def test_tokens_go_to_https_or_this_machine_alone(url: str) -> None:
    with pytest.raises(AgentError, match="no https URL"):
        Gateway(url)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"prompt": "Hello"}, "NoModel"),
        ({"list": "clinics"}, "InvalidInput"),
        ({"tool": None}, "InvalidInput"),
        ({"tool": "count", "arguments": []}, "InvalidInput"),
        ("count", "InvalidInput"),
        (None, "InvalidInput"),
    ],
)
def test_payloads_that_ask_for_nothing(server: Scripted, payload: object, code: str) -> None:
    assert ask(agent(server.url), payload)["error"]["code"] == code
    assert not server.asked
