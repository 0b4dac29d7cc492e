"""The HTTP contract of AgentCore Runtime: `POST /invocations` and `GET /ping` on port 8080.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
"""

from __future__ import annotations

import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from agent.agent import Agent

HOST = "0.0.0.0"  # noqa: S104 - as the contract has it; nobody but the runtime reaches it
PORT = 8080

_LONGEST = 1024 * 1024
_PIECE = 64 * 1024
_MOST = 100_000_000
"""What AgentCore passes on.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""

_log = logging.getLogger(__name__)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object, if no name is in it twice: who looked at it before may have taken the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} isn't JSON")


class _Busy:
    """How many invocations are under way, and since when that is so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._changed = int(time.time())

    def __enter__(self) -> None:
        self._by(1)

    def __exit__(self, *_raised: object) -> None:
        self._by(-1)

    def _by(self, step: int) -> None:
        with self._lock:
            before, self._running = self._running, self._running + step
            if bool(before) != bool(self._running):
                self._changed = int(time.time())

    @property
    def health(self) -> dict[str, object]:
        """What `/ping` answers; a busy session isn't ended for idleness."""
        with self._lock:
            status = "HealthyBusy" if self._running else "Healthy"
            return {"status": status, "time_of_last_update": self._changed}


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60.0
    wbufsize = -1  # head and body leave together: apart, the second waits for the first's receipt
    server: _Server

    def do_GET(self) -> None:
        """Say how it is."""
        if self.path == "/ping":
            self._answer(200, self.server.busy.health)
        else:
            self._answer(404, {"error": "there is only /ping and /invocations"})

    def do_POST(self) -> None:
        """Run one invocation."""
        body = self._body()
        if body is None:
            self.close_connection = True
            self._answer(413, {"error": "the payload has no length, or is too long"})
            return
        if self.path != "/invocations":
            self._answer(404, {"error": "there is only /ping and /invocations"})
            return
        try:
            payload = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            self._answer(400, {"error": "the payload is no JSON"})
            return
        with self.server.busy:
            self._invoke(payload)

    def log_message(self, *_told: object) -> None:
        """Log no request: paths and statuses say nothing that the runtime doesn't know."""

    def _body(self) -> bytes | None:
        """The body, if it isn't too long; else it is passed over, so that the answer is read."""
        told = self.headers.get("Content-Length", "")
        if not told.isdecimal() or int(told) > _MOST:
            return None
        left = int(told)
        if left <= _LONGEST:
            return self.rfile.read(left)
        while left and (piece := self.rfile.read(min(left, _PIECE))):
            left -= len(piece)
        return None

    def _invoke(self, payload: object) -> None:
        try:
            found = self.headers.get_all("Authorization") or []
            answer = self.server.agent.invoke(payload, found)
        except Exception as error:  # noqa: BLE001 - a defect is told as one, without what it held
            _log.error("failed with %s", type(error).__name__)
            self._answer(500, {"error": "the agent failed"})
            return
        self._answer(200, answer)

    def _answer(self, status: int, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    """The agent's server, with a thread for each connection."""

    def __init__(self, agent: Agent) -> None:
        super().__init__((HOST, PORT), _Handler)
        self.agent = agent
        self.busy = _Busy()

    def server_bind(self) -> None:
        """Listen, without a look-up of the host's name, which may take as long as a start may."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, PORT


def serve(agent: Agent) -> None:
    """Answer until the process is ended."""
    with _Server(agent) as server:
        server.serve_forever()
