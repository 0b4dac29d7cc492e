"""`tenantctl token` as it is typed: what is shown where, what is asked, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from tenantctl.probes import forge

if TYPE_CHECKING:
    from tests.program import Program

USER = "m.brandt@lindenhof.example"
ISSUE = ("token", "issue", "--tenant", "clinic-1", "--user", USER)
BY_OPERATOR = (*ISSUE, "--as-operator", "--yes")


@pytest.fixture(scope="module")
def token(shared: Program) -> str:
    """What `--raw` writes: one line, the token and nothing else."""
    done = shared(*BY_OPERATOR, "--raw")
    assert (done.returncode, done.stderr) == (0, "")
    text, end, rest = done.stdout.partition("\n")
    assert (end, rest, text.count(".")) == ("\n", "", 2)
    return text


def fed(program: Program, text: bytes, *args: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        program.command(*args),
        cwd=program.directory,
        env=program.environment,
        input=text,
        capture_output=True,
        check=False,
        timeout=120,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(args, done.returncode, out, err)


def test_nothing_but_raw_shows_the_token(shared: Program, token: str) -> None:
    forms = ((), ("-o", "json"))
    runs = [shared("--debug", *BY_OPERATOR, *form) for form in forms]
    for command in ("inspect", "verify"):
        runs += [fed(shared, token.encode(), "--debug", "token", command, *form) for form in forms]
    runs.append(shared("--debug", "token", "inspect", f"{token}.x"))
    signatures = {token.rpartition(".")[2], token.split(".")[1]}
    for done in runs:
        said = done.stdout + done.stderr
        assert "eyJ" not in said, done.args
        assert not any(part in said for part in signatures), done.args
    shown = json.loads(runs[1].stdout)
    assert (shown["verified"], shown["tenant"], shown["tier"]) == (True, "clinic-1", "basic")
    assert shown["header"]["alg"] == "RS256"
    assert shown["claims"]["email"] == USER
    assert 3500 < shown["seconds_left"] <= 3600


def test_times_are_local_to_the_reader(shared: Program, token: str) -> None:
    said = shared("token", "inspect", env={"TENANTCTL_TOKEN": token, "TZ": "Asia/Kathmandu"})
    assert "+05:45 (in 59 min)" in said.stdout


def test_on_a_terminal_the_token_comes_with_a_warning(shared: Program) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        shared.command(*BY_OPERATOR, "--raw"),
        cwd=shared.directory,
        env=shared.environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        os.close(theirs)
        assert running.stderr is not None
        said = running.stderr.read()
        shown = os.read(ours, 65_536).decode()
        os.close(ours)
    assert running.returncode == 0
    assert "whoever has it is its user" in said
    assert shown.startswith("eyJ")


def test_verifying_says_yes_and_no(shared: Program, token: str) -> None:
    believed = fed(shared, token.encode(), "token", "verify", "-", "-o", "json")
    forged = forge.unsigned(token, {"custom:tier": "premium"}).encode()
    refused = fed(shared, forged, "token", "verify", "-o", "json")
    assert (believed.returncode, json.loads(believed.stdout)["verified"]) == (0, True)
    assert "sign-out" in believed.stderr
    found = json.loads(refused.stdout)
    assert (refused.returncode, found["verified"]) == (12, False)
    assert {c["check"] for c in found["checks"] if c["result"] != "passed"} == {
        "algorithm", "signature", "tier", "attributes",
    }  # fmt: skip
    assert "sign-out" not in refused.stderr


def test_inspecting_needs_no_pool_and_warns_of_arguments(shared: Program, token: str) -> None:
    elsewhere = shared.directory / "empty"
    elsewhere.mkdir()
    done = subprocess.run(
        shared.command("token", "inspect", token),
        cwd=elsewhere,
        env=shared.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "shows in process lists" in done.stderr
    assert "not verified" in done.stderr
    assert done.stdout.startswith("NOT VERIFIED")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (b"", 2, "empty"),
        (b"\xff\xfe.\x00.\x80", 1, "form of a JWT"),
        (b"a.b" * 30_000, 1, "longer than"),
        (b"e30.eyJhIjoxLCJhIjoyfQ.", 1, "twice in its claims: `a`"),
        (b"e30." + b"W10" + b".", 1, "must be a JSON object"),
    ],
)
def test_what_is_no_token_says_why(shared: Program, text: bytes, code: int, said: str) -> None:
    done = fed(shared, text, "token", "inspect")
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (ISSUE, 2, "give --password-file"),
        ((*ISSUE, "--as-operator"), 2, "give --yes"),
        ((*BY_OPERATOR, "--raw", "-o", "json"), 2, "--raw"),
        ((*ISSUE, "--password-file", "tenantctl.yaml"), 1, "wrong password"),
        (("token", "issue", "--tenant", "clinic-z", "--user", USER), 1, "did you mean"),
        (("token", "issue", "--tenant", "clinic-10", "--user", USER), 1, "has no user"),
    ],
)
def test_what_is_not_issued_says_why(
    shared: Program, args: tuple[str, ...], code: int, said: str
) -> None:
    done = shared(*args)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stdout == ""
