"""Many runs of the program for the price of one start: each in a process of its own, forked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.program import Program

# What every run would import first is imported once; a fork has it, and nothing else of the parent.
_DRIVER = """
import json, os, sys
import boto3, cedarpy, jinja2, moto.core, rich.table, yaml
import tenantctl.cli.app, tenantctl.cedar.testing.suite, tenantctl.cedar.lint.run
import tenantctl.policy.push, tenantctl.local.connect, tenantctl.domain.config
from tenantctl.__main__ import main
for number, run in enumerate(json.load(sys.stdin)):
    child = os.fork()
    if not child:
        os.chdir(run["home"])
        os.environ.update(XDG_STATE_HOME=run["home"] + "/state")
        for stream, name in ((1, "out"), (2, "err")):
            file = os.open(f"{sys.argv[1]}/{number}.{name}", os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(file, stream)
        sys.argv = ["tenantctl", *run["args"]]
        try:
            main()
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(end.code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Asked:
    """A command line, run in a directory that has a configuration and a state of its own.

    Arguments may hold anything, also what no shell can pass on.
    """

    home: Path
    args: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """What came of it; the output as it went to the terminal."""

    asked: Asked
    code: int
    out: bytes
    err: bytes


def run_all(wanted: Sequence[Asked], place: Path) -> Iterator[Done]:
    """Run the program once for each, in order; `place` is an empty directory for what they say."""
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER, str(place)],
        input=json.dumps([{"home": str(one.home), "args": one.args} for one in wanted]),
        env=Program(place).environment | {"PYTHONUTF8": "1"},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    codes = [int(line) for line in done.stdout.split()]
    assert len(codes) == len(wanted), done.stderr
    for number, (one, code) in enumerate(zip(wanted, codes, strict=True)):
        out, err = ((place / f"{number}.{name}").read_bytes() for name in ("out", "err"))
        yield Done(one, code, out, err)
