"""A process for each session, with what its runtime gives it and nothing else."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.local.gateway.conftest import document
from tests.local.runtime.conftest import WITNESS, Served, make_runtime

from tenantctl.local.call import ServiceError
from tenantctl.local.runtime.process import Program
from tenantctl.local.runtime.sessions import Key, Sessions, Start
from tenantctl.pool.function_package import packaged

INVOKE = "bedrock-agentcore:InvokeAgentRuntime"


def session(name: str) -> str:
    """An id of the length that AgentCore asks for."""
    return f"session-of-tests-{name}".ljust(33, "-")


def gone(pid: int) -> bool:
    """Whether a process has ended; it may take a moment."""
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.01)
    return False


def test_a_session_keeps_its_process_and_another_has_its_own(bare: Served) -> None:
    first = bare.witness(session("one"), {"leave": "mine"})
    again = bare.witness(session("one"), {})
    other = bare.witness(session("two"), {})
    assert first["pid"] == again["pid"] != other["pid"]
    assert (again["files"], other["files"]) == (["main.py", "mine"], ["main.py"])
    for name in ("HOME", "TMPDIR"):
        assert first["environ"][name] != other["environ"][name]


def test_an_agent_sees_its_runtimes_variables_and_nothing_of_ours(
    bare: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_OPERATOR", "secret")
    told = bare.witness(session("environ"), {})
    environ = told["environ"]
    assert not told["tenantctl"]
    assert environ.pop("OF_THE_RUNTIME") == "yes"
    assert environ["AWS_ENDPOINT_URL"] == bare.endpoint
    assert {name for name in environ if not name.startswith("AWS_")} <= {
        "HOME",
        "LANG",
        "LC_CTYPE",
        "PATH",
        "TMPDIR",
        "TZ",
    }
    who = boto3.client(
        "sts",
        endpoint_url=bare.endpoint,
        region_name=bare.names.pool.region,
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environ["AWS_SESSION_TOKEN"],
    ).get_caller_identity()
    role = bare.names.agent_role_arn.rpartition("/")[2]
    assert who["Arn"].partition("assumed-role/")[2].startswith(f"{role}/")


def test_only_the_headers_of_the_allowlist_reach_the_agent(bare: Served) -> None:
    client = bare.client()

    def add(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        request.headers["X-Case"] = "7"
        request.headers["X-Other"] = "8"

    client.meta.events.register("before-sign.bedrock-agentcore.InvokeAgentRuntime", add)
    answered = client.invoke_agent_runtime(
        agentRuntimeArn=bare.runtimes["witness"],
        runtimeSessionId=session("headers"),
        contentType="application/json",
        baggage="a=b",
        payload=b"{}",
    )
    headers = {n.lower(): v for n, v in json.load(answered["response"])["headers"].items()}
    assert headers.pop("x-case") == "7"
    assert set(headers) <= {
        "accept",
        "accept-encoding",
        "content-length",
        "content-type",
        "host",
        "x-amzn-bedrock-agentcore-runtime-session-id",
    }


def test_a_stopped_session_begins_anew(bare: Served) -> None:
    client, arn, named = bare.client(), bare.runtimes["witness"], session("stop")
    first = bare.witness(named, {})["pid"]
    stopped = client.stop_runtime_session(agentRuntimeArn=arn, runtimeSessionId=named)
    assert stopped["runtimeSessionId"] == named
    assert gone(first)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.stop_runtime_session(agentRuntimeArn=arn, runtimeSessionId=named)
    assert bare.witness(named, {})["pid"] != first


def test_an_endpoint_is_at_its_version_and_has_sessions_of_its_own(bare: Served) -> None:
    control = bare.aws.client("bedrock-agentcore-control")
    make_runtime(bare, "versions", packaged({"main.py": WITNESS}).content)
    arn = bare.runtimes["versions"]
    runtime = arn.rpartition("/")[2]
    made = control.create_agent_runtime_endpoint(agentRuntimeId=runtime, name="blue")
    assert made["targetVersion"] == "1"
    named = {"agentRuntimeId": runtime, "endpointName": "blue"}
    assert control.get_agent_runtime_endpoint(**named)["status"] == "READY"
    now = control.get_agent_runtime(agentRuntimeId=runtime)
    control.update_agent_runtime(
        agentRuntimeId=runtime,
        agentRuntimeArtifact=now["agentRuntimeArtifact"],
        roleArn=now["roleArn"],
        networkConfiguration=now["networkConfiguration"],
        environmentVariables={"VERSION": "2"},
    )
    client, found = bare.client(), {}
    for endpoint in ("blue", "DEFAULT"):
        answered = client.invoke_agent_runtime(
            agentRuntimeArn=arn,
            qualifier=endpoint,
            runtimeSessionId=session("endpoints"),
            payload=b"{}",
        )
        found[endpoint] = json.load(answered["response"])
    assert found["blue"]["pid"] != found["DEFAULT"]["pid"]
    assert found["DEFAULT"]["environ"]["VERSION"] == "2"
    assert "VERSION" not in found["blue"]["environ"]


def test_an_agents_failures_are_told_as_agentcore_does(bare: Served) -> None:
    client, failure = bare.client(), "RuntimeClientError"
    named = session("fails")
    with pytest.raises(client.exceptions.RuntimeClientError, match=r"Received error \(500\)"):
        bare.witness(named, {"status": 500})
    before = bare.witness(named, {})["pid"]
    with pytest.raises(Exception, match=failure):
        bare.witness(named, {"exit": True})
    assert bare.witness(named, {})["pid"] != before
    for name, code in {
        "ends": packaged({"main.py": "import not_there\n"}),
        "empty": packaged({"other.py": ""}),
    }.items():
        make_runtime(bare, name, code.content)
        with pytest.raises(client.exceptions.RuntimeClientError, match="initialization"):
            client.invoke_agent_runtime(agentRuntimeArn=bare.runtimes[name], payload=b"{}")
    make_runtime(bare, "no_zip", b"no zip")
    with pytest.raises(client.exceptions.RuntimeClientError, match="unpacked"):
        client.invoke_agent_runtime(agentRuntimeArn=bare.runtimes["no_zip"], payload=b"{}")


def test_nobody_calls_an_agent_without_permission(bare: Served, caller: Callable[..., Any]) -> None:
    arn, named = bare.runtimes["witness"], session("permission")
    call = {"agentRuntimeArn": arn, "runtimeSessionId": named, "payload": b"{}"}
    without = caller("bedrock-agentcore:Get*")
    denied = without.exceptions.AccessDeniedException
    with pytest.raises(denied, match=f"{INVOKE} on resource: {arn}"):
        without.invoke_agent_runtime(**call)
    with pytest.raises(denied, match="runtime-endpoint/DEFAULT"):
        caller(INVOKE, resource=arn).invoke_agent_runtime(**call)
    allowed = caller(INVOKE, resource=f"{arn}*")
    allowed.invoke_agent_runtime(**call)["response"].read()
    with pytest.raises(denied, match=f"{INVOKE}ForUser"):
        allowed.invoke_agent_runtime(**call, runtimeUserId="somebody")
    both = caller(INVOKE, f"{INVOKE}ForUser")
    both.invoke_agent_runtime(**call, runtimeUserId="somebody")["response"].read()
    with pytest.raises(denied, match="StopRuntimeSession"):
        both.stop_runtime_session(agentRuntimeArn=arn, runtimeSessionId=named)


def test_agentcore_must_be_trusted_by_the_role(bare: Served) -> None:
    code = packaged({"main.py": WITNESS}).content
    trust = {"Effect": "Allow", "Principal": {"AWS": bare.aws.account}, "Action": "sts:AssumeRole"}
    made = bare.aws.client("iam").create_role(
        RoleName="untrusting", AssumeRolePolicyDocument=document(trust)
    )
    make_runtime(bare, "untrusted", code, roleArn=made["Role"]["Arn"])
    client = bare.client()
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.invoke_agent_runtime(agentRuntimeArn=bare.runtimes["untrusted"], payload=b"{}")


def test_the_cloud_is_free_while_an_agent_works(bare: Served) -> None:
    named = session("slow")
    bare.witness(named, {})
    slow = threading.Thread(target=bare.witness, args=(named, {"sleep": 2}))
    slow.start()
    time.sleep(0.2)
    began = time.monotonic()
    bare.aws.client("sts").get_caller_identity()
    bare.witness(named, {})
    assert time.monotonic() - began < 1.5
    slow.join()


def test_other_operations_are_denied_by_name_and_none_runs_unserved(bare: Served) -> None:
    client, arn = bare.client(), bare.runtimes["witness"]
    with pytest.raises(client.exceptions.AccessDeniedException, match="InvokeAgentRuntimeCommand"):
        client.invoke_agent_runtime_command(
            agentRuntimeArn=arn, runtimeSessionId=session("cmd"), body={"command": "ls"}
        )
    agents, bare.cloud.agents = bare.cloud.agents, None
    try:
        inside = bare.aws.client("bedrock-agentcore")
        with pytest.raises(Exception, match="only while the embedded cloud is served"):
            inside.invoke_agent_runtime(agentRuntimeArn=arn, payload=b"{}")
    finally:
        bare.cloud.agents = agents


def started(**changes: float) -> Callable[[], Start]:
    program = Program(packaged({"main.py": WITNESS}).content, "main.py", {"PATH": "/usr/bin"})
    times = {"idle": 60.0, "lifetime": 100.0} | changes
    return lambda: Start(program, **times)


def pid(sessions: Sessions, key: Key, **payload: object) -> int:
    return int(
        json.loads(sessions.invoke(key, started(), json.dumps(payload).encode(), {}).body)["pid"]
    )


def test_idle_and_old_sessions_end() -> None:
    now = 0.0
    sessions, key = Sessions(lambda: now), Key("r-0123456789", "DEFAULT", "s")
    try:
        first = pid(sessions, key)
        now = 59.0
        assert pid(sessions, key) == first
        now = 100.0  # its last call is not a minute ago, but its life is over
        second = pid(sessions, key)
        assert second != first
        assert gone(first)
        now = 160.0
        sessions.end_idle()
        assert gone(second)
    finally:
        sessions.close()


def test_a_session_that_works_on_is_not_idle() -> None:
    now = 0.0
    sessions, key = Sessions(lambda: now), Key("r-0123456789", "DEFAULT", "s")
    try:
        first = pid(sessions, key, health="HealthyBusy")
        now = 60.0
        sessions.end_idle()
        assert pid(sessions, key) == first
        now = 100.0
        sessions.end_idle()
        assert gone(first)
    finally:
        sessions.close()


def test_a_session_that_begins_twice_at_once_is_one() -> None:
    sessions, key = Sessions(), Key("r-0123456789", "DEFAULT", "s")
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: pid(sessions, key), range(4)))
        assert len(set(found)) == 1
    finally:
        sessions.close()


def test_sessions_of_other_runtimes_and_endpoints_are_others() -> None:
    sessions = Sessions()
    try:
        keys = [Key("a-0123456789", "DEFAULT", "s"), Key("b-0123456789", "DEFAULT", "s")]
        keys.append(Key("a-0123456789", "blue", "s"))
        pids = [pid(sessions, key) for key in keys]
        assert len(set(pids)) == 3
    finally:
        sessions.close()
    assert all(gone(one) for one in pids)
    with pytest.raises(ServiceError, match="have ended"):
        pid(sessions, keys[0])


KILLED = """
import os, sys
from tenantctl.local.runtime.process import AgentProcess, Program
from tenantctl.pool.function_package import packaged

agent = AgentProcess(Program(packaged({"main.py": sys.stdin.read()}).content, "main.py", {}))
agent.await_health()
print(agent.port, flush=True)
os.kill(os.getpid(), 9)
"""


def test_an_agent_ends_with_who_began_it_and_takes_its_folder_along(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        input=WITNESS,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    for _ in range(200):
        with socket.socket() as tried:
            listens = tried.connect_ex(("127.0.0.1", int(done.stdout))) == 0
        if not listens and not list(tmp_path.iterdir()):
            return
        time.sleep(0.01)
    pytest.fail("the agent still listens, or has left what it wrote")
