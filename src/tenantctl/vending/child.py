"""Run a command with vended credentials, and be as good as absent: its signals, its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

from tenantctl.errors import CannotExecuteError, CommandNotFoundError

_PASSED_ON = tuple(
    getattr(signal, name)
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCONT")
    if hasattr(signal, name)
)
_FROM_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT})


def environment(inherited: Mapping[str, str], vended: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: nothing of the caller's own AWS identity, then what was vended.

    Every `AWS_*` variable goes; configuration files are masked and the instance's metadata
    service is off, so that no SDK can fall back on broader credentials.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    masked = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {**kept, **masked, **vended}


def run(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run `command` to its end; returns its exit code, or 128 + n when signal n ended it.

    Signals that arrive here are passed on. What a terminal sends, it sends to the child too
    (both are in the foreground process group), so that is not passed on twice.
    Raises `CommandNotFoundError` (127) or `CannotExecuteError` (126) when it can't be started.
    """
    early: list[int] = []
    child: subprocess.Popen[bytes] | None = None
    on_terminal = os.isatty(0)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if on_terminal and number in _FROM_TERMINAL:
            return
        if child is None:
            early.append(number)
        elif child.poll() is None:
            child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        child = _start(command, env)
        for number in early:
            child.send_signal(number)
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _start(command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(list(command), env=dict(env))  # noqa: S603 - the user's own command
    except FileNotFoundError as error:
        raise CommandNotFoundError(f"`{command[0]}` isn't found", hint="check PATH") from error
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        raise CannotExecuteError(f"`{command[0]}` can't be run: {why}") from error
