"""A process that runs one Lambda function: started by its path, it imports nothing of ours.

Frames go both ways: four bytes of length, then JSON. The first says where the code lies and what
the handler is called; each further one is a call. Answers leave by a pipe of their own, so that
what the function prints is no answer. When the other end is gone the process is too, whatever the
function is doing.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, BinaryIO

_LENGTH = 4


def _frames(stream: BinaryIO) -> Iterator[Any]:
    while len(head := stream.read(_LENGTH)) == _LENGTH:
        size = int.from_bytes(head, "big")
        body = stream.read(size)
        if len(body) != size:
            return
        yield json.loads(body)


def _listen(stream: BinaryIO, calls: queue.SimpleQueue[Any], folder: str) -> None:
    """Take calls while the handler may be busy; without a caller nothing is left to do.

    A caller that ends this process kills it. That it went without a word means that it died, and
    nobody else tidies up.
    """
    with contextlib.suppress(OSError):
        for frame in _frames(stream):
            calls.put(frame)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _tell(answers: BinaryIO, answer: dict[str, Any]) -> None:
    try:
        body = json.dumps(answer).encode()
    except (TypeError, ValueError, RecursionError) as error:
        # https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
        told = {"errorType": "Runtime.MarshalError", "errorMessage": str(error)}
        body = json.dumps({"error": told}).encode()
    answers.write(len(body).to_bytes(_LENGTH, "big") + body)
    answers.flush()


def _failure(error: BaseException) -> dict[str, Any]:
    return {"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}


def _context(call: dict[str, Any]) -> SimpleNamespace:
    """What Lambda gives beside the event.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """
    ends = time.monotonic() + call["timeout"]
    given = call["client_context"]
    client = None
    if given is not None:
        client = SimpleNamespace(
            custom=given.get("custom"), env=given.get("env"), client=given.get("client")
        )
    return SimpleNamespace(
        aws_request_id=call["request_id"],
        function_name=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        function_version=os.environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
        invoked_function_arn=call["arn"],
        memory_limit_in_mb=os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        client_context=client,
        identity=None,
        get_remaining_time_in_millis=lambda: max(0, int((ends - time.monotonic()) * 1000)),
    )


def _handler(code: str, name: str) -> Callable[[Any, Any], Any]:
    sys.path.insert(0, code)
    module, _, function = name.rpartition(".")
    found: Callable[[Any, Any], Any] = getattr(
        importlib.import_module(module.replace("/", ".")), function
    )
    return found


def main() -> None:
    """Answer calls until the caller is gone."""
    # The interpreter is the one that runs tenantctl, and Lambda has no tenantctl.
    sys.modules["tenantctl"] = None  # type: ignore[assignment]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    heard = (sys.stdin.buffer, calls, os.environ["LAMBDA_TASK_ROOT"])
    threading.Thread(target=_listen, args=heard, daemon=True).start()
    first = calls.get()
    handler: Callable[[Any, Any], Any] | None = None
    while True:
        call = calls.get()
        try:
            handler = handler or _handler(first["code"], first["handler"])
            answer = {"result": handler(call["event"], _context(call))}
        except Exception as error:  # noqa: BLE001 - a function's failure is its answer
            answer = _failure(error)
        except SystemExit as error:
            answer = {
                "error": {"errorType": "Runtime.ExitError", "errorMessage": f"exit {error.code}"}
            }
        _tell(answers, answer)


if __name__ == "__main__":
    main()
