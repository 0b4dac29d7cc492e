"""What users get wrong: one line, a hint, the right exit code, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.program import EXAMPLES, Program


def _config(old: str, new: str) -> Callable[[Path], None]:
    def spoil(home: Path) -> None:
        path = home / "tenantctl.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return spoil


def _state_garbled(home: Path) -> None:
    (path,) = [p for p in (home / "state").rglob("*") if p.is_file() and p.stat().st_size > 10_000]
    path.write_bytes(path.read_bytes()[:5000] + b"garbage" + path.read_bytes()[5007:])


def _nothing(home: Path) -> None:
    del home


CASES: dict[str, tuple[Callable[[Path], None], tuple[str, ...], int, str]] = {
    "misspelt key": (_config("\ntiers:", "\nteirs:"), ("pool", "plan"), 2, "did you mean `tiers`"),
    "unknown tier": (
        _nothing,
        ("onboard", "clinic", "clinic-9", "--tier", "premum", "--admin", "a@b.example"),
        2,
        "premium",
    ),
    "bad tenant id": (
        _nothing,
        ("onboard", "clinic", "Clinic_9", "--tier", "basic", "--admin", "a@b.example"),
        2,
        "pattern",
    ),
    "reserved tenant id": (
        _nothing,
        ("onboard", "clinic", "admin", "--tier", "basic", "--admin", "a@b.example"),
        2,
        "reserved",
    ),
    "duplicate tenant with other data": (
        _nothing,
        ("onboard", "clinic", "clinic-1", "--tier", "premium", "--admin", "a@b.example"),
        1,
        "tier",
    ),
    "missing manifest": (_nothing, ("onboard", "batch", "missing.yaml"), 2, "missing.yaml"),
    "missing items": (
        _nothing,
        ("onboard", "batch", str(EXAMPLES / "clinics.yaml"), "--items", "missing.jsonl"),
        2,
        "missing.jsonl",
    ),
    "unreadable state": (_state_garbled, ("tenant", "list"), 1, "local reset"),
    "no AWS credentials": (_nothing, ("--target", "aws", "tenant", "list"), 2, "credentials"),
    "wrong region": (_nothing, ("--region", "us-esat-1", "tenant", "list"), 2, "us-east-1"),
    "unknown tenant": (_nothing, ("tenant", "show", "clinic-100"), 1, "did you mean"),
    "unknown command": (_nothing, ("tennant", "list"), 2, "tenant"),
    "unknown report": (_nothing, ("verify-isolation", "--report", "jsn=x"), 2, "json"),
    "destroy off a terminal": (_nothing, ("pool", "destroy", "--force"), 2, "--yes"),
    "reset off a terminal": (_nothing, ("local", "reset"), 2, "--yes"),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_input(tenantctl: Program, name: str) -> None:
    spoil, args, code, said = CASES[name]
    spoil(tenantctl.directory)
    done = tenantctl(*args)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    error, hint = done.stderr.strip().splitlines()[-2:]
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert said in error + hint
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["duplicate tenant with other data", "destroy off a terminal"])
def test_nothing_is_lost_by_it(tenantctl: Program, name: str) -> None:
    before = tenantctl.ok("tenant", "show", "clinic-1", "-o", "json")
    assert tenantctl(*CASES[name][1]).returncode != 0
    assert tenantctl.ok("tenant", "show", "clinic-1", "-o", "json") == before
