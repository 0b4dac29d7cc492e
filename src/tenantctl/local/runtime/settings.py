"""What a runtime is made of, read from what the control plane says of it.

A part that the embedded data plane doesn't have makes it refuse to run, by that part's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from tenantctl.local.call import ServiceError

_READ = frozenset(
    {
        "agentRuntimeArtifact",
        "authorizerConfiguration",
        "environmentVariables",
        "lifecycleConfiguration",
        "networkConfiguration",
        "protocolConfiguration",
        "requestHeaderConfiguration",
    }
)
_IGNORED = frozenset(
    {
        "agentRuntimeArn",
        "agentRuntimeId",
        "agentRuntimeName",
        "agentRuntimeVersion",
        "createdAt",
        "description",
        "failureReason",
        "lastUpdatedAt",
        "metadataConfiguration",
        "platformVersion",
        "resourceConfigurations",
        "roleArn",
        "status",
        "workloadIdentityDetails",
    }
)
"""Read elsewhere, or without a say in any answer here."""

# https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_LifecycleConfiguration.html
_IDLE_SECONDS = 900
_LIFETIME_SECONDS = 28_800

_PLAIN_PROTOCOL = {"port": 8080, "path": "/invocations"}
_AT_WORK = frozenset({"READY", "UPDATING", "UPDATE_FAILED"})


@dataclass(frozen=True, slots=True)
class Runtime:
    """One version of a runtime; `authorizer` is as the control plane keeps it, or `None` for IAM.

    `headers` are the allowlist's names in lower case; times are in seconds.
    """

    id: str
    name: str
    version: str
    role_arn: str
    authorizer: Mapping[str, Any] | None = field(repr=False)
    headers: frozenset[str]
    bucket: str
    key: str
    object_version: str | None
    entry_point: str
    environment: Mapping[str, str] = field(repr=False)
    idle: int
    lifetime: int


def runtime_of(described: Mapping[str, Any]) -> Runtime:
    """A runtime by the answer of GetAgentRuntime; raises `ServiceError`."""
    unknown = sorted(n for n in described.keys() - _READ - _IGNORED if described[n])
    if unknown:
        raise _unserved(f"runtimes with `{unknown[0]}`")
    if described["status"] not in _AT_WORK:
        raise ServiceError(
            "ResourceNotFoundException",
            f"The agent runtime is in status {described['status']}",
            404,
        )
    _check_protocol(described.get("protocolConfiguration") or {})
    mode = (described.get("networkConfiguration") or {}).get("networkMode")
    if mode != "PUBLIC":
        raise _unserved(f"runtimes in the network mode {mode}")
    code = (described.get("agentRuntimeArtifact") or {}).get("codeConfiguration")
    if code is None:
        raise _unserved("runtimes that aren't deployed as code")
    lies = code["code"].get("s3")
    if lies is None:
        raise _unserved("code that isn't in S3")
    ends = described.get("lifecycleConfiguration") or {}
    allowed = (described.get("requestHeaderConfiguration") or {}).get("requestHeaderAllowlist")
    return Runtime(
        id=described["agentRuntimeId"],
        name=described["agentRuntimeName"],
        version=described["agentRuntimeVersion"],
        role_arn=described["roleArn"],
        authorizer=described.get("authorizerConfiguration") or None,
        headers=frozenset(name.lower() for name in allowed or ()),
        bucket=lies["bucket"],
        key=lies["prefix"],
        object_version=lies.get("versionId"),
        entry_point=_entry_point(code),
        environment=dict(described.get("environmentVariables") or {}),
        idle=ends.get("idleRuntimeSessionTimeout") or _IDLE_SECONDS,
        lifetime=ends.get("maxLifetime") or _LIFETIME_SECONDS,
    )


def _check_protocol(protocol: Mapping[str, Any]) -> None:
    if protocol.get("serverProtocol", "HTTP") != "HTTP":
        raise _unserved(f"runtimes for {protocol['serverProtocol']}")
    for name, plain in _PLAIN_PROTOCOL.items():
        if protocol.get(name, plain) != plain:
            raise _unserved(f"runtimes with another {name} than {plain}")


def _entry_point(code: Mapping[str, Any]) -> str:
    if not str(code["runtime"]).startswith("PYTHON_"):
        raise _unserved(f"agents for {code['runtime']}")
    started = code["entryPoint"]
    if len(started) != 1:
        raise _unserved(f"agents that are started by `{started[0]}`")
    path = PurePosixPath(started[0])
    if path.is_absolute() or ".." in path.parts or path.suffix != ".py":
        raise _unserved(f"the entry point `{started[0]}`")
    return str(path)


def _unserved(what: str) -> ServiceError:
    return ServiceError(
        "NotImplementedException", f"the embedded cloud doesn't serve {what}", status=501
    )
