"""`tenantctl onboard` and `tenantctl tenant` as an operator runs them."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.program import Program

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = ("--items", "examples/items.jsonl", "--documents", "examples/documents")
BATCH = ("onboard", "batch", "examples/clinics.yaml", *DATA)
ONE = ("onboard", "clinic", "clinic-1", "--tier", "basic", "--admin", "jo@clinic-1.example")


@pytest.fixture
def ready(tenantctl: Program, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A directory with a starter configuration, the examples, and the pool in its state."""
    made = tmp_path_factory.getbasetemp() / "made"
    if not made.exists():
        made.mkdir()
        maker = replace(tenantctl, directory=made)
        shutil.copytree(EXAMPLES, made / "examples")
        for arguments in (("init",), ("pool", "apply", "--yes")):
            done = maker(*arguments)
            assert done.returncode == 0, done.stderr
    shutil.copytree(made, tenantctl.directory, dirs_exist_ok=True)
    return tenantctl


def read(tenantctl: Program, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    done = tenantctl(*arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_batch_is_onboarded_once(ready: Program) -> None:
    first = read(ready, *BATCH)
    assert first["totals"]["tenants"] == 4
    assert first["totals"]["users"] == 6
    assert len(first["passwords"]) == 6
    assert {check["verdict"] for check in first["checks"]} == {"isolated"}
    again = ready(*BATCH)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("nothing to do: 4 tenants, 6 users, ")
    listed = read(ready, "tenant", "list")
    assert [tenant["id"] for tenant in listed][:2] == ["clinic-1", "clinic-10"]
    assert {tenant["status"] for tenant in listed} == {"active"}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(ready: Program) -> None:
    plan = read(ready, *BATCH, "--dry-run")
    assert {"tenant": "clinic-1", "change": "create", "what": "register as a basic tenant"} in (
        plan["steps"]
    )
    assert read(ready, "tenant", "list") == []
    assert "would onboard 4 tenants, 6 users" in ready(*BATCH, "--dry-run").stdout


def test_a_clinic_is_onboarded_and_shown(ready: Program) -> None:
    done = ready(*ONE, "--name", "Lindenhof", "--documents", "examples/documents")
    assert done.returncode == 0, done.stderr
    assert "jo@clinic-1.example" in done.stdout
    shown = read(ready, "tenant", "show", "clinic-1")
    assert shown["name"] == "Lindenhof"
    assert shown["users"][0]["password"] == "delivered"
    assert "Lindenhof" in ready("tenant", "show", "clinic-1").stdout
    assert ready(*ONE).stdout.startswith("nothing to do")
    other = ready(*ONE, "--name", "Other")
    assert other.returncode == 1
    assert "its name is `Lindenhof`, not `Other`" in other.stderr
    assert "hint:" in other.stderr


def test_passwords_go_to_the_file_or_to_stdout_never_to_both(ready: Program) -> None:
    done = ready(*ONE, "--password-file", "passwords")
    assert done.returncode == 0, done.stderr
    path = ready.directory / "passwords"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    tenant, email, password = path.read_text(encoding="utf-8").rstrip("\n").split("\t")
    assert (tenant, email) == ("clinic-1", "jo@clinic-1.example")
    assert password not in done.stdout + done.stderr
    more = ready(*ONE, "--admin", "al@clinic-1.example", "--password-file", "passwords")
    assert more.returncode == 2
    assert "is there already" in more.stderr
    assert [u["email"] for u in read(ready, "tenant", "show", "clinic-1")["users"]] == [email]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("onboard", "clinic", "clinic-1", "--tier", "gold", "--admin", "a@b.example"), 2, "gold"),
        (("onboard", "clinic", "a/b", "--tier", "basic", "--admin", "a@b.example"), 2, "a/b"),
        (("onboard", "clinic", "root", "--tier", "basic", "--admin", "a@b.example"), 2, "reserved"),
        (("onboard", "clinic", "clinic-1", "--tier", "basic", "--admin", "nobody"), 2, "nobody"),
        (("onboard", "batch", "none.yaml"), 2, "none.yaml"),
        (("onboard", "batch", "examples/clinics.yaml", "--items", "none"), 2, "none"),
        (("onboard", "batch", "examples/clinics.yaml", "--documents", "none"), 2, "none"),
        ((*BATCH, "--table", "none"), 2, "unknown table `none`"),
        ((*BATCH, "--tenant-field", "none"), 2, "items.jsonl:1"),
        (("tenant", "show", "clinic-1"), 1, "there is no tenant `clinic-1`"),
    ],
)
def test_what_cannot_be_is_said_in_a_line_and_a_hint(
    ready: Program, arguments: tuple[str, ...], code: int, error: str
) -> None:
    done = ready(*arguments)
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("error: ")
    assert error in lines[0]
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2


def test_without_a_pool_it_says_so(tenantctl: Program) -> None:
    tenantctl("init")
    done = tenantctl(*ONE)
    assert done.returncode == 1
    assert "tenantctl pool apply" in done.stderr
