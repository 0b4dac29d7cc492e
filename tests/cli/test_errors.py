"""Wrong input: one line that says what, a hint that says what to do, and the right exit code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tenantctl.domain.files import root

if TYPE_CHECKING:
    from tests.program import Program

STARTER = (root() / "templates/config/tenantctl.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "error", "hint"),
    [
        (["int"], "no such command `int`", "did you mean `init`?"),
        (["frobnicate"], "no such command `frobnicate`", "see `tenantctl --help`"),
        (["init", "--froce"], "no such option: `--froce`", "did you mean `--force`?"),
        (["--regoin", "x", "init"], "no such option: `--regoin`", "did you mean `--region`?"),
        (["init", "--target", "aws"], "no such option: `--target`", "before the command"),
        (["init", "-o", "xml"], "`xml` is not one of `table`, `json`", "init --help"),
        (["--target", "cloud", "init"], "`cloud` is not one of `local`, `aws`", "--help"),
        (["init", "a", "b"], "unexpected extra argument", "init --help"),
        (["init", "--output"], "`--output` requires an argument", "--help"),
        (["in\x1b[31mit"], "in\\x1b[31mit", "`init`"),
    ],
)
def test_command_line(tenantctl: Program, args: list[str], error: str, hint: str) -> None:
    run = tenantctl(*args)
    assert run.returncode == 2
    assert run.stdout == ""
    first, second = run.stderr.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert second.startswith("hint: ")
    assert hint in second


@pytest.mark.parametrize(
    ("old", "new", "error", "hint"),
    [
        ("tiers:", "teirs:", "teirs: unknown key", "did you mean `tiers`?"),
        ("tier:   {tag", "tier:   {tga", "identity.tier.tga: unknown key", "did you mean `tag`?"),
        ("region: us-east-1", "region: us-esat-1", "`us-esat-1` is no AWS region", "us-east-1"),
        ("region: us-east-1", "region: nowhere", "region: expected", None),
        ("version: 1", "version: 1\nversion: 1", "occurs again, first on line 6", None),
        ("pool: clinic-agent", "pool: *x", "stands for nothing", None),
    ],
)
def test_configuration(
    tenantctl: Program, old: str, new: str, error: str, hint: str | None
) -> None:
    assert old in STARTER
    text = STARTER.replace(old, new, 1)
    (tenantctl.directory / "tenantctl.yaml").write_text(text, encoding="utf-8")
    run = tenantctl("pool", "plan")
    assert run.returncode == 2
    first, *rest = run.stderr.splitlines()
    line = STARTER[: STARTER.index(old)].count("\n") + 1
    assert re.match(rf"error: tenantctl\.yaml:({line}|{line + 1}): |error: `us-esat-1`", first)
    assert error in first
    assert rest == [] if hint is None else hint in rest[0]


def test_no_configuration(tenantctl: Program) -> None:
    run = tenantctl("pool", "plan")
    assert run.returncode == 2
    assert run.stderr == (
        "error: no such file: `tenantctl.yaml`\n"
        "hint: `tenantctl init` writes one to start from, `--config` names another\n"
    )


def test_another_configuration(tenantctl: Program) -> None:
    run = tenantctl("--config", "no/such.yaml", "pool", "plan")
    assert run.returncode == 2
    assert run.stderr.startswith("error: no such file: `no/such.yaml`\n")
    run = tenantctl("pool", "plan", env={"TENANTCTL_CONFIG": "other.yaml"})
    assert run.stderr.startswith("error: no such file: `other.yaml`\n")


def test_aws_without_credentials(tenantctl: Program) -> None:
    tenantctl("init")
    run = tenantctl("--target", "aws", "pool", "plan")
    assert run.returncode == 2
    error, hint = run.stderr.splitlines()
    assert error == "error: connecting to AWS: no AWS credentials"
    assert "`target: local`" in hint


def test_a_region_that_is_none(tenantctl: Program) -> None:
    tenantctl("init")
    run = tenantctl("--region", "eu-centrl-1", "pool", "plan")
    assert run.returncode == 2
    error, hint = run.stderr.splitlines()
    assert error == "error: `eu-centrl-1` is no AWS region"
    assert "`eu-central-1`" in hint


def test_a_profile_that_is_none(tenantctl: Program) -> None:
    tenantctl("init")
    run = tenantctl("--target", "aws", "--profile", "nobody", "pool", "plan")
    assert run.returncode == 2
    assert "nobody" in run.stderr.splitlines()[0]
