"""Functions run in processes of their own: what they see, how they end, what they leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tenantctl.local.functions.run import FunctionError, Processes, Program, Result
from tenantctl.pool.function_package import packaged

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"

CODE = """
import json, os, sys, time

count = 0

def echo(event, context):
    global count
    count += 1
    print("noise on stdout that is no answer")
    return {
        "event": event, "count": count, "pid": os.getpid(), "environ": dict(os.environ),
        "custom": context.client_context.custom if context.client_context else None,
        "arn": context.invoked_function_arn, "name": context.function_name,
        "left": context.get_remaining_time_in_millis(), "cwd": os.listdir("."),
    }

def fail(event, context):
    raise KeyError(event)

def unserializable(event, context):
    return object()

def sleep(event, context):
    time.sleep(event)

def leave(event, context):
    os._exit(3)

def exit(event, context):
    sys.exit("done")

def large(event, context):
    return "x" * (7 * 1024 * 1024)

def look(event, context):
    import tenantctl
"""


def program(handler: str, name: str = "f", **environ: str) -> Program:
    content = packaged({"code.py": CODE, "beside.txt": "x"}).content
    return Program(ARN + name, content, f"code.{handler}", {"PATH": os.defpath, **environ})


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.close()


def run(processes: Processes, of: Program, event: object = None, timeout: float = 10) -> Result:
    custom = {"custom": {"tool": "a___b"}}
    return processes.call(of, event, client_context=custom, timeout=timeout)


def test_a_function_sees_its_call_and_nothing_of_ours(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    of = program("echo", AWS_LAMBDA_FUNCTION_NAME="f", CONFIGURED="yes")
    said = run(processes, of, {"a": [1, None, "ü"]}).payload
    assert said["event"] == {"a": [1, None, "ü"]}
    assert said["custom"] == {"tool": "a___b"}
    assert (said["arn"], said["name"]) == (ARN + "f", "f")
    assert 0 < said["left"] <= 10_000
    assert sorted(said["cwd"]) == ["beside.txt", "code.py"]
    seen = set(said["environ"]) - {"LC_CTYPE"}
    assert seen == {"PATH", "AWS_LAMBDA_FUNCTION_NAME", "CONFIGURED", "LAMBDA_TASK_ROOT"}


def test_a_process_is_kept_for_its_function_alone(processes: Processes) -> None:
    first, again = (run(processes, program("echo")).payload for _ in range(2))
    assert (first["pid"], again["count"]) == (again["pid"], 2)
    others = (program("echo", "g"), program("echo", CHANGED="yes"))
    for other in others:
        said = run(processes, other).payload
        assert (said["pid"] != first["pid"], said["count"]) == (True, 1)


@pytest.mark.parametrize(
    ("handler", "event", "expected"),
    [
        ("fail", "k", FunctionError("KeyError", "'k'")),
        ("unserializable", None, "Runtime.MarshalError"),
        ("leave", None, "Runtime.ExitError"),
        ("exit", None, "Runtime.ExitError"),
        ("large", None, "Function.ResponseSizeTooLarge"),
        ("look", None, "ModuleNotFoundError"),
        ("missing", None, "AttributeError"),
        ("echo", "x" * 7_000_000, "RequestEntityTooLargeException"),
    ],
)
def test_a_failure_is_an_answer(
    processes: Processes, handler: str, event: object, expected: object
) -> None:
    for _ in range(2):  # the second time in the same process, or another
        error = run(processes, program(handler), event).error
        assert error is not None
        assert expected in {error, error.type}


def test_a_function_that_takes_too_long_is_ended(processes: Processes) -> None:
    began = time.monotonic()
    error = run(processes, program("sleep"), 30, timeout=0.5).error
    assert error == FunctionError("Sandbox.Timedout", "Error: Task timed out after 0.50 seconds")
    assert time.monotonic() - began < 5
    assert run(processes, program("sleep"), 0).error is None


def test_many_calls_at_once_get_their_own_answers(processes: Processes) -> None:
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(lambda n: run(processes, program("echo"), n).payload, range(36)))
    assert [one["event"] for one in said] == list(range(36))
    assert len({one["pid"] for one in said}) <= 4


def test_closing_ends_the_processes_and_their_files(processes: Processes) -> None:
    said = run(processes, program("echo")).payload
    folder = Path(said["environ"]["LAMBDA_TASK_ROOT"])
    assert folder.is_dir()
    processes.close()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(said["pid"], 0)


def test_processes_end_with_a_killed_server(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import threading, time
            from tests.local.functions.test_run import program
            from tenantctl.local.functions.run import Processes
            made = Processes()
            said = made.call(program("echo"), None, client_context=None, timeout=10)
            def busy():
                made.call(program("sleep", "g"), 60, client_context=None, timeout=60)
            threading.Thread(target=busy, daemon=True).start()
            time.sleep(1)
            print(said.payload["environ"]["LAMBDA_TASK_ROOT"], flush=True)
            time.sleep(60)
            # {tmp_path}
            """
        )
    )
    server = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert server.stdout is not None
    folder = Path(server.stdout.readline().strip())
    assert folder.is_dir()
    children = _children(server.pid)
    assert children
    server.send_signal(signal.SIGKILL)
    server.wait()
    server.stdout.close()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in children):
        assert time.monotonic() < deadline, "a function's process outlived its server"
        time.sleep(0.05)
    assert not folder.exists()


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(entry.parent.name))
    return found


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
