"""Vended credentials in the forms that shells, SDKs and people read.

Values are quoted by each shell's own rule, so that a value can never end its string.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads the names of the formats at start-up
    from tenantctl.aws.chain import TenantSession


class CredentialFormat(StrEnum):
    """What `creds vend --format` knows."""

    ENV = "env"
    EXPORT = "export"
    FISH = "fish"
    POWERSHELL = "powershell"
    JSON = "json"
    INI = "ini"
    CREDENTIAL_PROCESS = "credential_process"


def variables(session: TenantSession, *, region: str, endpoint: str | None) -> dict[str, str]:
    """The environment variables that SDKs read.

    `endpoint` is where the embedded cloud listens, `None` on AWS.
    https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
    """
    keys = session.credentials
    found = {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token or "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    return found if endpoint is None else {**found, "AWS_ENDPOINT_URL": endpoint}


def render(
    session: TenantSession, form: CredentialFormat, *, region: str, endpoint: str | None
) -> str:
    """The text of `form`, without a newline at its end."""
    values = variables(session, region=region, endpoint=endpoint)
    if form is CredentialFormat.JSON:
        return _json(session, region, endpoint)
    if form is CredentialFormat.CREDENTIAL_PROCESS:
        return json.dumps({"Version": 1, **_keys(session)})
    if form is CredentialFormat.INI:
        return _ini(session, region, endpoint)
    return "\n".join(_LINES[form](name, value) for name, value in values.items())


_LINES: Mapping[CredentialFormat, Callable[[str, str], str]] = {
    # docker's --env-file takes everything after `=` as it stands: no quotes.
    CredentialFormat.ENV: lambda name, value: f"{name}={value}",
    CredentialFormat.EXPORT: lambda name, value: f"export {name}={shlex.quote(value)}",
    # Between single quotes fish reads `\\` and `\'` as escapes, and nothing else.
    CredentialFormat.FISH: lambda name, value: "set -gx {} '{}'".format(
        name, value.replace("\\", "\\\\").replace("'", "\\'")
    ),
    # PowerShell doubles a single quote inside single quotes.
    CredentialFormat.POWERSHELL: lambda name, value: "$Env:{} = '{}'".format(
        name, value.replace("'", "''")
    ),
}


def _keys(session: TenantSession) -> dict[str, str]:
    keys = session.credentials
    return {
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token or "",
        "Expiration": session.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _json(session: TenantSession, region: str, endpoint: str | None) -> str:
    more: dict[str, object] = {"Arn": session.arn, "Tags": dict(session.tags), "Region": region}
    if endpoint is not None:
        more["EndpointUrl"] = endpoint
    return json.dumps({**_keys(session), **more}, indent=2)


def _ini(session: TenantSession, region: str, endpoint: str | None) -> str:
    keys = session.credentials
    lines = [
        "[default]",
        f"aws_access_key_id = {keys.access_key_id}",
        f"aws_secret_access_key = {keys.secret_access_key}",
        f"aws_session_token = {keys.session_token or ''}",
        f"region = {region}",
    ]
    return "\n".join(lines if endpoint is None else [*lines, f"endpoint_url = {endpoint}"])
