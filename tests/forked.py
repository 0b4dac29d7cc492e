"""The program without its start: forked from a process that has imported what it needs.

Each run is a process of its own, with its own directory, environment and streams; it has nothing of
the others but the modules. Starting Python and importing moto and boto3 is half of what a command
takes on the embedded cloud, and the tests run hundreds.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_SERVER = """
import gc, json, os, signal, socket, sys, time, traceback
import boto3, botocore.validate, cedarpy, jinja2, rich.console, rich.table, yaml
import moto.awslambda.models, moto.cognitoidp.models, moto.dynamodb.models, moto.iam.models
import moto.core, moto.moto_server.werkzeug_app, moto.s3.models, moto.sts.models
import mcp.server.lowlevel, mcp.types
import tenantctl.cli.app, tenantctl.domain.config, tenantctl.local.cloud, tenantctl.local.connect
import tenantctl.lifecycle.apply, tenantctl.local.gateway.front, tenantctl.local.wire.serve
import tenantctl.policy.push, tenantctl.pool.plan, tenantctl.probes.verify
from moto.moto_api._internal import mock_random
from tenantctl.__main__ import main

def run(asked, streams):
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    sys.argv = ["tenantctl", *asked["arguments"]]
    mock_random.seed()
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

gc.freeze()
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen(64)
print("ready", flush=True)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    client, _ = listening.accept()
    if os.fork():
        client.close()
        continue
    listening.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    first, streams, _, _ = socket.recv_fds(client, 1 << 16, 3)
    text = first
    while not text.endswith(b"\\n"):
        text += client.recv(1 << 16)
    child = os.fork()
    if not child:
        client.close()
        run(json.loads(text), streams)
    for stream in streams:
        os.close(stream)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    client.sendall(f"{code}\\n".encode())
    os._exit(0)
"""

_CLIENT = """#!{python} -IS
import json, os, socket, sys
arguments = sys.argv[1:]
if "serve" in arguments:  # it is told to end by its own process id
    os.execv({python!r}, [{python!r}, "-m", "tenantctl", *arguments])
asked = {{"arguments": arguments, "directory": os.getcwd(), "environment": dict(os.environ)}}
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b" "], [0, 1, 2])
server.sendall(json.dumps(asked).encode() + b"\\n")
sys.exit(int(server.makefile().readline()) % 256)
"""

_OF_THE_START = ("PYTHON", "LANG", "LC_", "FORCE_COLOR", "PY_COLORS", "TERMINAL_WIDTH")
"""What is read when Python or a library starts: a fork would miss it."""


def can_run(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a fork is as good as a start."""
    changed = {k for k, v in environment.items() if os.environ.get(k) != v}
    return "serve" not in arguments and not any(k.startswith(_OF_THE_START) for k in changed)


def run(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str], *, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, without anything to read."""
    asked = {
        "arguments": arguments, "directory": str(directory), "environment": dict(environment),
    }  # fmt: skip
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        Path(os.devnull).open("rb") as nothing,
        socket.socket(socket.AF_UNIX) as server,
    ):
        server.settimeout(seconds)
        server.connect(str(_address()))
        socket.send_fds(server, [b" "], [nothing.fileno(), out.fileno(), err.fileno()])
        server.sendall(json.dumps(asked).encode() + b"\n")
        code = int(server.makefile().readline())
        told = []
        for stream in (out, err):
            stream.seek(0)
            told.append(stream.read().decode("utf-8"))
    return subprocess.CompletedProcess(list(arguments), code, *told)


@cache
def commands() -> Path:
    """A directory with a `tenantctl` that runs forked, for shells."""
    directory = _address().parent / "bin"
    directory.mkdir()
    program = directory / "tenantctl"
    program.write_text(_CLIENT.format(python=sys.executable, address=str(_address())))
    program.chmod(0o700)
    return directory


@cache
def _address() -> Path:
    """Where the process listens that forks; it ends with this one."""
    directory = tempfile.TemporaryDirectory(prefix="tenantctl-forked-")
    atexit.register(directory.cleanup)
    address = Path(directory.name) / "socket"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TENANTCTL_"))}
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(address)],
        env=kept | {"PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.wait)
    atexit.register(server.terminate)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    return address
