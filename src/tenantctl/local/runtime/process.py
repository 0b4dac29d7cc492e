"""One agent as a process of its own, in a directory of its own, spoken to over HTTP."""

from __future__ import annotations

import http.client
import io
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from tenantctl.local.call import ServiceError

_CHILD = Path(__file__).with_name("child.py")
_LOOPBACK = "127.0.0.1"
_PAUSE = 0.02

START_SECONDS = 60.0
"""What AgentCore gives an agent to be healthy."""

CALL_SECONDS = 900.0
"""The longest synchronous request.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""

MAX_BYTES = 100_000_000
"""The longest payload and answer; the same."""


@dataclass(frozen=True, slots=True)
class Program:
    """What runs: a zip, the file in it that is started, and all variables that it shall see."""

    code: bytes = field(repr=False)
    entry_point: str
    environ: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent answered."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class AgentProcess:
    """An agent that has been started; calls may overlap, and it may be ended meanwhile.

    Raises `ServiceError` for code that can't be unpacked.
    """

    def __init__(self, program: Program) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tenantctl-agent-")
        code, scratch = Path(self._folder.name, "code"), Path(self._folder.name, "tmp")
        scratch.mkdir()
        try:
            with zipfile.ZipFile(io.BytesIO(program.code)) as archive:
                archive.extractall(code)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            self._folder.cleanup()
            raise _failed("The agent's code can't be unpacked") from error
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", "-B", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what agents print may hold patients' data
            env={**program.environ, "HOME": str(scratch), "TMPDIR": str(scratch)},
            cwd=code,
            start_new_session=True,  # an interrupt on the terminal is ours to handle
        )
        self._in = cast("IO[bytes]", self._child.stdin)
        self._out = cast("IO[bytes]", self._child.stdout)
        self._first = {"folder": self._folder.name, "entry_point": program.entry_point}
        self.port = 0

    def await_health(self) -> None:
        """Wait until it answers calls; raises `ServiceError` where that takes too long."""
        ends = time.monotonic() + START_SECONDS
        try:
            self._in.write(json.dumps(self._first).encode() + b"\n")
            self._in.flush()
            self.port = self._told_port(ends)
        except (OSError, ValueError) as error:  # it has ended, or was
            raise _not_started() from error
        while self.alive and time.monotonic() < ends:
            try:
                if self._call("GET", "/ping", b"", {}, 2.0).status == http.client.OK:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(_PAUSE)
            else:
                time.sleep(_PAUSE)
        raise _not_started()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def busy(self) -> bool:
        """Whether it says that it works on something still; such a session isn't idle."""
        try:
            reply = self._call("GET", "/ping", b"", {}, 2.0)
            return bool(json.loads(reply.body)["status"] == "HealthyBusy")
        except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError):
            return False

    def invoke(self, payload: bytes, headers: Mapping[str, str]) -> Reply:
        """The answer to one invocation; raises `ServiceError` where there is none."""
        try:
            return self._call("POST", "/invocations", payload, headers, CALL_SECONDS)
        except (OSError, http.client.HTTPException) as error:
            raise _failed("The agent ended the connection, or took too long") from error

    def end(self) -> None:
        """End it, whatever it is doing; nothing that it wrote stays. May be called again."""
        self._child.kill()
        self._child.wait()
        for stream in (self._in, self._out):
            try:
                stream.close()
            except BrokenPipeError:  # what was still to be written has no reader
                continue
        self._folder.cleanup()

    def _told_port(self, ends: float) -> int:
        out, told = self._out, b""
        with selectors.DefaultSelector() as wait:
            wait.register(out, selectors.EVENT_READ)
            while not told.endswith(b"\n"):
                left = ends - time.monotonic()
                piece = os.read(out.fileno(), 64) if left > 0 and wait.select(left) else b""
                if not piece:
                    raise _not_started()
                told += piece
        return int(told.split()[0])

    def _call(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> Reply:
        connection = http.client.HTTPConnection(_LOOPBACK, self.port, timeout=seconds)
        try:
            connection.request(method, path, body, {**headers, "Host": _LOOPBACK})
            answer = connection.getresponse()
            kind = answer.getheader("Content-Type") or "application/octet-stream"
            read = answer.read(MAX_BYTES + 1)
        finally:
            connection.close()
        if len(read) > MAX_BYTES:
            raise _failed("The agent's answer is too long")
        return Reply(answer.status, kind, read)


def _failed(message: str) -> ServiceError:
    return ServiceError("RuntimeClientError", message, 424)


def _not_started() -> ServiceError:
    """AgentCore's words, also for an agent that ends at once."""
    return _failed(
        "Runtime initialization time exceeded. Please make sure that initialization completes in "
        f"{START_SECONDS:.0f}s."
    )
