"""Run Lambda functions, each in processes of its own that are kept for the next call.

A process belongs to one version of one function with one environment, takes one call at a time,
and sees of this machine what Lambda would show it: no variable of ours, no file of ours, the
credentials of its own role. It ends with us, also when we are killed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

_CHILD = Path(__file__).with_name("child.py")
_LENGTH = 4
_AT_ONCE = 4
"""Processes of one function; further calls wait for one, as with reserved concurrency."""

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a synchronous call and of its answer.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


@dataclass(frozen=True, slots=True)
class Program:
    """What runs: a zip, the handler in it, and all variables that it shall see."""

    arn: str
    code: bytes = field(repr=False)
    handler: str
    environ: Mapping[str, str] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Another one, another process."""
        told = json.dumps([self.handler, sorted(self.environ.items())]).encode()
        return hashlib.sha256(hashlib.sha256(self.code).digest() + told).hexdigest()


@dataclass(frozen=True, slots=True)
class FunctionError:
    """A function's own failure, as Lambda words it: `Unhandled` with a type and a message."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call: JSON, or an error."""

    payload: Any = field(repr=False, default=None)
    error: FunctionError | None = None


class Processes:
    """The warm processes of however many functions; may be used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._functions: dict[str, _Function] = {}
        self._closed = False

    def call(
        self,
        program: Program,
        event: object,
        *,
        client_context: Mapping[str, Any] | None,
        timeout: float,
    ) -> Result:
        """Call the function and wait for it, `timeout` seconds at most."""
        frame = {
            "event": event,
            "client_context": client_context,
            "timeout": timeout,
            "arn": program.arn,
            "request_id": str(uuid.uuid4()),
        }
        body = json.dumps(frame).encode()
        if len(body) > MAX_PAYLOAD:
            return _failed("RequestEntityTooLargeException", "the request is too large")
        return self._function(program).call(body, timeout)

    def close(self) -> None:
        """End every process; calls that are under way fail."""
        with self._lock:
            self._closed = True
            found = list(self._functions.values())
            self._functions.clear()
        for function in found:
            function.close()

    def _function(self, program: Program) -> _Function:
        wanted = program.fingerprint
        with self._lock:
            if self._closed:
                raise RuntimeError("the processes have been closed")
            found = self._functions.get(program.arn)
            if found is not None and found.fingerprint == wanted:
                return found
            made = self._functions[program.arn] = _Function(program, wanted)
        if found is not None:
            found.close(now=False)
        return made


class _Function:
    """One version of a function in one environment."""

    def __init__(self, program: Program, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self._program = program
        self._free = threading.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._closed = False

    def call(self, body: bytes, timeout: float) -> Result:
        with self._free:
            process = self._take()
            answer = process.call(body, timeout)
            with self._lock:
                keep = process.alive and not self._closed
                if keep:
                    self._idle.append(process)
                else:
                    self._all.discard(process)
            if not keep:
                process.end()
                self._tidy()
            return answer

    def close(self, *, now: bool = True) -> None:
        """No process is kept any longer; those at work are ended too, or end with their call."""
        with self._lock:
            self._closed = True
            ending = list(self._all if now else self._idle)
            self._idle.clear()
            self._all.difference_update(ending)
        for process in ending:
            process.end()
        self._tidy()

    def _take(self) -> _Process:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            folder = self._unpacked()
            process = _Process(self._program, folder)
            self._all.add(process)
            return process

    def _unpacked(self) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="tenantctl-function-")
            with zipfile.ZipFile(io.BytesIO(self._program.code)) as archive:
                archive.extractall(self._folder.name)
        return self._folder.name

    def _tidy(self) -> None:
        with self._lock:
            folder = None if self._all or not self._closed else self._folder
            if folder is not None:
                self._folder = None
        if folder is not None:
            folder.cleanup()


class _Process:
    """One process, which takes one call at a time."""

    def __init__(self, program: Program, folder: str) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", "-B", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what functions print may hold patients' data
            env={**program.environ, "LAMBDA_TASK_ROOT": folder},
            cwd=folder,
            start_new_session=True,  # an interrupt on the terminal is ours to handle
        )
        self._in = cast("io.BufferedWriter", self._child.stdin)
        self._out = cast("io.BufferedReader", self._child.stdout)
        self._wait = selectors.DefaultSelector()
        self._wait.register(self._out, selectors.EVENT_READ)
        self.alive = True
        self._send(json.dumps({"code": folder, "handler": program.handler}).encode())

    def call(self, body: bytes, timeout: float) -> Result:
        ends = time.monotonic() + timeout
        try:
            self._send(body)
            size = int.from_bytes(self._read(_LENGTH, ends), "big")
            if size > MAX_PAYLOAD:
                self.alive = False
                return _failed(
                    "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum"
                )
            answer = json.loads(self._read(size, ends))
        except TimeoutError:
            self.alive = False
            return _failed("Sandbox.Timedout", f"Error: Task timed out after {timeout:.2f} seconds")
        except (OSError, EOFError, ValueError):
            self.alive = False
            return _failed("Runtime.ExitError", "Error: Runtime exited")
        if "error" in answer:
            return _failed(str(answer["error"]["errorType"]), str(answer["error"]["errorMessage"]))
        return Result(answer["result"])

    def end(self) -> None:
        """End it, whatever it is doing."""
        self.alive = False
        self._child.kill()
        self._child.wait()
        self._wait.close()
        for stream in (self._in, self._out):
            try:
                stream.close()
            except BrokenPipeError:  # what was still to be written has no reader
                continue

    def _send(self, body: bytes) -> None:
        self._in.write(len(body).to_bytes(_LENGTH, "big") + body)
        self._in.flush()

    def _read(self, size: int, ends: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            left = ends - time.monotonic()
            if left <= 0 or not self._wait.select(left):
                raise TimeoutError
            piece = os.read(self._out.fileno(), size - len(found))
            if not piece:
                raise EOFError
            found += piece
        return bytes(found)


def _failed(kind: str, message: str) -> Result:
    return Result(error=FunctionError(kind, message))
