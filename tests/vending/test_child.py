"""Real processes: what a child sees, what it is sent, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenantctl.errors import CannotExecuteError, CommandNotFoundError
from tenantctl.vending.child import environment, run

PARENT = "import sys; from tenantctl.vending.child import run; sys.exit(run(sys.argv[1:], {}))"


def test_nothing_of_the_callers_own_identity_is_inherited() -> None:
    inherited = {
        "PATH": "/bin",
        "AWS_PROFILE": "admin",
        "AWS_SECRET_ACCESS_KEY": "own",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x",
    }
    env = environment(inherited, {"AWS_SECRET_ACCESS_KEY": "vended"})
    assert env == {
        "PATH": "/bin",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SECRET_ACCESS_KEY": "vended",
    }


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_the_exit_code_passes_through(code: int) -> None:
    assert run([sys.executable, "-c", f"raise SystemExit({code})"], {}) == code


def test_death_by_a_signal_is_told_as_shells_tell_it() -> None:
    kill_self = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run([sys.executable, "-c", kill_self], {}) == 128 + signal.SIGKILL


def test_a_command_that_does_not_exist() -> None:
    with pytest.raises(CommandNotFoundError):
        run(["no-such-command-here"], {"PATH": "/bin"})


def test_a_file_that_cannot_be_run(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x")
    plain.chmod(0o644)
    with pytest.raises(CannotExecuteError, match="permission denied"):
        run([str(plain)], {})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(number: signal.Signals, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = (
        "import signal, sys, time, pathlib\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(7))\n"
        f"pathlib.Path({str(ready)!r}).write_text('1')\n"
        "time.sleep(30)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, sys.executable, "-c", child], stdin=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.send_signal(number)
    assert parent.wait(timeout=20) == 7
