"""The main program: exit codes, signals, broken outputs, defects, help and completion."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tenantctl import __version__
from tenantctl.cli.app import ORDER

if TYPE_CHECKING:
    from tests.program import Program

# A command that waits inside a `with` block, then one for each way to end.
COMMANDS = """
from contextlib import contextmanager
from tenantctl.cli import console
from tenantctl.errors import *

@contextmanager
def held():
    try:
        print("held", flush=True)
        yield
    finally:
        time.sleep(0.2)
        print("released", flush=True)

@app.command()
def wait():
    with held():
        time.sleep(30)

@app.command()
def crash():
    raise KeyError("\\x1b[31mbad")

@app.command()
def end(code: int):
    raise typer.Exit(code)

@app.command()
def answer():
    return "text"

@app.command()
def deny():
    raise DeniedError("no `\\x1b[2J`\\nnever", hint="ask", place=Place("f.yaml", 3, "a.b"))

@app.command()
def ask():
    console.confirm("really?", yes=False)

@app.command()
def table():
    console.emit_table(("A", "B"), [("x" * 300, "[red]\\x1b[2J"), ("\\xe9", "y")])

@app.command()
def data():
    console.emit_json({"name": "\\xe9 \\u4e2d"})

@app.command()
def flood():
    for _ in range(100_000):
        console.emit_text("line")
"""


def test_version(tenantctl: Program) -> None:
    run = tenantctl("--version")
    assert (run.returncode, run.stdout) == (0, f"tenantctl {__version__}\n")


def test_help_follows_a_tenants_life(tenantctl: Program) -> None:
    run = tenantctl("--help")
    assert run.returncode == 0
    listed = run.stdout.split("Commands")[1]
    shown = [word for line in listed.splitlines() if (word := line[2:].split(" ")[0]) in ORDER]
    assert shown == [name for name in ORDER if name in shown]
    assert shown[0] == "init"


def test_starting_loads_only_what_help_needs(tenantctl: Program) -> None:
    """A budget: `--help` may take 1.5 times as long as that of a one-command typer program."""
    run = tenantctl("--version", code="import atexit; atexit.register(lambda: print(*sys.modules))")
    loaded = set(run.stdout.split())
    heavy = {"boto3", "botocore", "moto", "msgspec", "yaml", "jinja2", "cedarpy", "jwt", "asyncio"}
    layers = {f"tenantctl.{name}" for name in ("aws", "iam", "cedar", "local", "domain.pool")}
    assert loaded & (heavy | layers) == set()


def test_no_command_is_wrong_usage_and_shows_the_help(tenantctl: Program) -> None:
    run = tenantctl()
    assert run.returncode == 2
    assert "Usage:" in run.stdout
    assert run.stderr == ""


@pytest.mark.parametrize(("shell", "word"), [("bash", "complete "), ("zsh", "compdef")])
def test_completion(tenantctl: Program, shell: str, word: str) -> None:
    # The shell is taken from the argument; otherwise typer looks for the parent process, here make.
    told = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    run = tenantctl("--show-completion", shell, env=told)
    assert run.returncode == 0
    assert "complete" in run.stdout
    asked = tenantctl(
        env={
            "_TENANTCTL_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": "tenantctl in",
            "COMP_CWORD": "1",
            "_TYPER_COMPLETE_ARGS": "tenantctl in",
        }
    )
    assert "init" in asked.stdout, word


@pytest.mark.parametrize("code", [0, 1, 10, 11, 12, 13, 14])
def test_a_commands_verdict_is_the_exit_code(tenantctl: Program, code: int) -> None:
    assert tenantctl("end", str(code), code=COMMANDS).returncode == code


def test_what_a_command_returns_is_not_printed(tenantctl: Program) -> None:
    run = tenantctl("answer", code=COMMANDS)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize(("command", "code"), [("table", 0), ("deny", 12), ("end", 10)])
def test_a_closed_stream_is_nothing_and_costs_nothing(
    tenantctl: Program, closed: tuple[int, ...], command: str, code: int
) -> None:
    args = [command, "10"] if command == "end" else [command]
    run = subprocess.run(
        tenantctl.command(*args, code=COMMANDS),
        cwd=tenantctl.directory,
        env=tenantctl.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=partial(os.closerange, closed[0], closed[-1] + 1),
        check=False,
    )
    assert run.returncode == code
    assert "Traceback" not in run.stdout + run.stderr
    assert "defect" not in run.stderr


def test_an_error_is_one_line_and_a_hint(tenantctl: Program) -> None:
    run = tenantctl("deny", code=COMMANDS)
    assert run.returncode == 12
    assert run.stderr == "error: f.yaml:3: a.b: no `\\x1b[2J`\\nnever\nhint: ask\n"


class TestDefects:
    def test_one_line_without_a_traceback(self, tenantctl: Program) -> None:
        run = tenantctl("crash", code=COMMANDS)
        assert run.returncode == 1
        error, hint = run.stderr.splitlines()
        assert error.startswith("error: this is a defect of tenantctl: KeyError: ")
        assert "--debug" in hint
        assert "\x1b" not in run.stderr

    @pytest.mark.parametrize(
        ("args", "env"),
        [(["--debug", "crash"], {}), (["crash"], {"TENANTCTL_DEBUG": "1"})],
    )
    def test_traceback_on_request(
        self, tenantctl: Program, args: list[str], env: dict[str, str]
    ) -> None:
        run = tenantctl(*args, env=env, code=COMMANDS)
        assert run.returncode == 1
        assert "Traceback (most recent call last)" in run.stderr


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_with_blocks_clean_up(self, tenantctl: Program, number: signal.Signals) -> None:
        with subprocess.Popen(
            tenantctl.command("wait", code=COMMANDS),
            env=tenantctl.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "held\n"
            running.send_signal(number)
            out, err = running.communicate(timeout=10)
        assert (running.returncode, out, err) == (130, "released\n", "interrupted\n")

    def test_a_second_one_ends_at_once(self, tenantctl: Program) -> None:
        slow = COMMANDS.replace("time.sleep(0.2)", "time.sleep(30)")
        with subprocess.Popen(
            tenantctl.command("wait", code=slow),
            env=tenantctl.environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "held\n"
            running.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=10) == -signal.SIGTERM


class TestOutputs:
    def test_a_reader_that_leaves_gets_no_verdict(self, tenantctl: Program) -> None:
        with subprocess.Popen(
            tenantctl.command("flood", code=COMMANDS),
            env=tenantctl.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"line\n"
            running.stdout.close()
            assert running.wait(timeout=20) == 1
            assert running.stderr is not None
            assert running.stderr.read() == b""

    def test_a_full_disk(self, tenantctl: Program) -> None:
        with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
            run = subprocess.run(
                tenantctl.command("init", "--schema"),
                env=tenantctl.environment,
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert run.returncode == 1
        assert run.stderr.startswith(b"error: can't write: no space left on device\n")

    def test_off_a_terminal_tables_are_whole_and_plain(self, tenantctl: Program) -> None:
        run = tenantctl("table", code=COMMANDS)
        header, first, second = (line.split() for line in run.stdout.splitlines())
        assert header == ["A", "B"]
        assert first == ["x" * 300, "[red]\\x1b[2J"]
        assert second == ["é", "y"]

    def test_any_locale_can_show_any_character(self, tenantctl: Program) -> None:
        ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        run = tenantctl("data", env=ascii_only, code=COMMANDS)
        assert (run.returncode, json.loads(run.stdout)) == (0, {"name": "é 中"})
        assert tenantctl("table", env=ascii_only, code=COMMANDS).returncode == 0

    def test_off_a_terminal_nothing_is_asked(self, tenantctl: Program) -> None:
        run = tenantctl("ask", code=COMMANDS)
        assert run.returncode == 2
        assert "hint: give --yes" in run.stderr


def on_a_terminal(tenantctl: Program, *args: str, env: dict[str, str]) -> str:
    """What a terminal would be sent."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        tenantctl.command(*args),
        env={**tenantctl.environment, "TERM": "xterm-256color", **env},
        cwd=tenantctl.directory,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        got = b""
        try:
            while piece := os.read(ours, 65536):
                got += piece
        except OSError:  # Linux says EIO when the last writer is gone
            os.close(ours)
        running.wait(timeout=20)
    return got.decode()


COLOUR = ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[1;3")


class TestColour:
    @pytest.mark.parametrize("args", [["--help"], ["init", "--help"], ["nope"]])
    def test_there_is_some_on_a_terminal_unless_refused(
        self, tenantctl: Program, args: list[str]
    ) -> None:
        drawn = on_a_terminal(tenantctl, *args, env={})
        assert any(code in drawn for code in COLOUR)
        plain = on_a_terminal(tenantctl, *args, env={"NO_COLOR": "1"})
        assert not any(code in plain for code in COLOUR)
