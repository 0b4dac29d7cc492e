"""Every format is read back by the program that it is for."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantctl.aws.chain import TenantSession
from tenantctl.aws.session import Credentials
from tenantctl.vending.formats import CredentialFormat, render

NASTY = """a'b"c$(echo x)`y`\\z&|;<>*?!#%~{}[] \\' '' end"""


def session(secret: str = NASTY) -> TenantSession:
    return TenantSession(
        credentials=Credentials("ASIAEXAMPLE", secret, "tok/en+=="),
        arn="arn:aws:sts::123456789012:assumed-role/clinic-agent-tvm/clinic-1.u",
        expires=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        tags=(("Tier", "basic"), ("ClinicId", "clinic-1")),
    )


def text(form: CredentialFormat, secret: str = NASTY, endpoint: str | None = None) -> str:
    return render(session(secret), form, region="eu-west-1", endpoint=endpoint)


def shell(program: str, script: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run(
        [found, "-c", script], check=True, capture_output=True, text=True, timeout=20
    ).stdout


# What shells take in one argument: any text without NUL, in what UTF-8 can encode.
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None)
@given(VALUES)
def test_sh_reads_back_any_value(secret: str) -> None:
    script = text(CredentialFormat.EXPORT, secret) + '\nprintf %s "$AWS_SECRET_ACCESS_KEY"'
    assert shell("sh", script) == secret


def test_fish_reads_back_a_nasty_value() -> None:
    script = text(CredentialFormat.FISH) + '\nprintf %s "$AWS_SECRET_ACCESS_KEY"'
    assert shell("fish", script) == NASTY


def test_powershell_doubles_single_quotes() -> None:
    lines = text(CredentialFormat.POWERSHELL, "it's").splitlines()
    assert "$Env:AWS_SECRET_ACCESS_KEY = 'it''s'" in lines


def test_env_has_one_variable_a_line_and_no_quotes() -> None:
    pairs = dict(line.split("=", 1) for line in text(CredentialFormat.ENV).splitlines())
    assert pairs == {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": NASTY,
        "AWS_SESSION_TOKEN": "tok/en+==",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def test_credential_process_has_the_documented_form() -> None:
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
    assert json.loads(text(CredentialFormat.CREDENTIAL_PROCESS)) == {
        "Version": 1,
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": NASTY,
        "SessionToken": "tok/en+==",
        "Expiration": "2026-01-02T03:04:05Z",
    }


def test_ini_is_read_by_configparser() -> None:
    parser = configparser.RawConfigParser(inline_comment_prefixes=None)
    parser.read_string(text(CredentialFormat.INI, "plain/secret+="))
    assert dict(parser["default"]) == {
        "aws_access_key_id": "ASIAEXAMPLE",
        "aws_secret_access_key": "plain/secret+=",
        "aws_session_token": "tok/en+==",
        "region": "eu-west-1",
    }


@pytest.mark.parametrize(
    "form", [f for f in CredentialFormat if f is not CredentialFormat.CREDENTIAL_PROCESS]
)
def test_the_embedded_clouds_endpoint_comes_along(form: CredentialFormat) -> None:
    assert "http://127.0.0.1:4" in text(form, endpoint="http://127.0.0.1:4")


def test_json_tells_whose_they_are() -> None:
    assert json.loads(text(CredentialFormat.JSON))["Tags"] == {
        "Tier": "basic",
        "ClinicId": "clinic-1",
    }


def test_no_representation_shows_a_secret() -> None:
    shown = f"{session()!r} {session()!s} {session().credentials!r}"
    assert NASTY not in shown
    assert "tok/en" not in shown
