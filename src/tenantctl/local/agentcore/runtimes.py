"""The operations on agent runtimes and their versions.

https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateAgentRuntime.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.agentcore import endpoints
from tenantctl.local.agentcore.plane import GONE, Around, Operation, Plane, Runtime
from tenantctl.local.agentcore.records import (
    Ending,
    Params,
    answer,
    conflict,
    look,
    members,
    missing,
    over_quota,
    page,
    settings_of,
    settle,
    suffix,
)

_MAX_RUNTIMES = 1_000
"""Runtimes in an account, and versions of one.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""
_PAGE = 100

_DEFAULTS: Params = {
    "networkConfiguration": {"networkMode": "PUBLIC"},
    # "Default: 900 seconds (15 minutes)", "Default: 28800 seconds (8 hours)".
    "lifecycleConfiguration": {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28_800},
}


def _create(plane: Plane, params: Params, around: Around) -> dict[str, Any]:
    earlier = plane.earlier("CreateAgentRuntime", params)
    if earlier is not None:
        return _shown("CreateAgentRuntime", plane, plane.runtime(earlier))
    if any(found.name == params["agentRuntimeName"] for found in plane.runtimes.values()):
        raise conflict(f"An agent runtime {params['agentRuntimeName']} already exists")
    if len(plane.runtimes) >= _MAX_RUNTIMES:
        raise over_quota("account", _MAX_RUNTIMES, "agent runtimes")
    reasons = _reasons(params, around)
    made = f"{params['agentRuntimeName']}-{suffix()}"
    settings = _settings(params)
    plane.runtimes[made] = runtime = Runtime(
        serial=plane.next(),
        id=made,
        name=params["agentRuntimeName"],
        arn=f"{plane.prefix}:runtime/{made}",
        settings=settings,
        status="CREATING",
        ending=Ending("CREATE_FAILED", reasons) if reasons else Ending("READY"),
        tags=dict(params.get("tags", {})),
        versions={1: settings},
    )
    endpoints.add_default(plane, runtime)
    plane.remember("CreateAgentRuntime", params, made)
    return _shown("CreateAgentRuntime", plane, runtime)


def _get(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    runtime = look(plane.runtimes, "agent runtime", params["agentRuntimeId"])
    version = params.get("agentRuntimeVersion")
    if version is None:
        return _shown("GetAgentRuntime", plane, runtime)
    settings = runtime.versions.get(int(version))
    if settings is None:
        raise missing("version", f"{version} of {runtime.id}")
    return _shown(
        "GetAgentRuntime", plane, runtime, {**settings, "agentRuntimeVersion": str(version)}
    )


def _list(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    here, rest = page(params, plane.runtimes.values(), _PAGE)
    items = [_summary("ListAgentRuntimes", one, one.version) for one in here]
    for one in here:
        settle(plane.runtimes, one)
    return {"agentRuntimes": items, **rest}


def _list_versions(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    runtime = plane.runtime(params["agentRuntimeId"])
    items = [_summary("ListAgentRuntimeVersions", runtime, number) for number in runtime.versions]
    return {"agentRuntimes": items}


def _update(plane: Plane, params: Params, around: Around) -> dict[str, Any]:
    """Make a new version of what is sent; what is left out is reset. DEFAULT follows."""
    runtime = plane.runtime(params["agentRuntimeId"])
    reasons = _reasons(params, around)
    settings = {"agentRuntimeName": runtime.name, **_settings(params)}
    runtime.begin(
        "UPDATING",
        Ending("UPDATE_FAILED", reasons) if reasons else Ending("READY", settings=settings),
    )
    if not reasons:
        runtime.version = max(runtime.versions) + 1
        runtime.versions[runtime.version] = settings
        endpoints.follow(runtime)
    return _shown("UpdateAgentRuntime", plane, runtime)


def _delete(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    """Delete all of it, or one version that no endpoint is at."""
    runtime = plane.runtime(params["agentRuntimeId"])
    version = params.get("agentRuntimeVersion")
    if version is not None:
        return _delete_version(runtime, int(version))
    others = [name for name in runtime.endpoints if name != endpoints.DEFAULT]
    if others:
        raise conflict(f"The agent runtime {runtime.id} has endpoints: delete them first")
    runtime.begin("DELETING", GONE)
    return answer("DeleteAgentRuntime", {"agentRuntimeId": runtime.id, "status": runtime.status})


def _delete_version(runtime: Runtime, version: int) -> dict[str, Any]:
    runtime.require_settled()
    if version not in runtime.versions:
        raise missing("version", f"{version} of {runtime.id}")
    if version in {endpoints.version_of(found) for found in runtime.endpoints.values()}:
        raise conflict(f"An endpoint of {runtime.id} is at version {version}")
    del runtime.versions[version]
    return {
        "agentRuntimeId": runtime.id,
        "agentRuntimeVersion": str(version),
        "status": "DELETING",
    }


def _settings(params: Params) -> dict[str, Any]:
    return {**_DEFAULTS, **settings_of("GetAgentRuntime", params)}


def _reasons(params: Params, around: Around) -> tuple[str, ...]:
    """The service takes the code at once, so it must be there."""
    code = params["agentRuntimeArtifact"].get("codeConfiguration", {}).get("code", {}).get("s3")
    if code is None or around.has_object(code["bucket"], code["prefix"]):
        return ()
    return (f"s3://{code['bucket']}/{code['prefix']} can't be read",)


def _summary(operation: str, runtime: Runtime, version: int) -> dict[str, Any]:
    return members(
        operation,
        "agentRuntimes",
        # The model requires a description, which a runtime needn't have.
        {"description": ""},
        runtime.versions[version],
        _facts(runtime),
        {"agentRuntimeVersion": str(version)},
    )


def _facts(runtime: Runtime) -> dict[str, Any]:
    return {
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeId": runtime.id,
        "agentRuntimeName": runtime.name,
        "createdAt": runtime.created,
        "lastUpdatedAt": runtime.updated,
        "status": runtime.status,
        "failureReason": "; ".join(runtime.reasons) or None,
    }


def _shown(
    operation: str, plane: Plane, runtime: Runtime, settings: Params | None = None
) -> dict[str, Any]:
    identity = f"{plane.prefix}:workload-identity-directory/default/workload-identity/{runtime.id}"
    return answer(
        operation,
        {
            "agentRuntimeVersion": str(runtime.version),
            "workloadIdentityDetails": {"workloadIdentityArn": identity},
        },
        runtime.shown if settings is None else settings,
        _facts(runtime),
    )


OPERATIONS: Mapping[str, Operation] = {
    "CreateAgentRuntime": _create,
    "GetAgentRuntime": _get,
    "ListAgentRuntimes": _list,
    "ListAgentRuntimeVersions": _list_versions,
    "UpdateAgentRuntime": _update,
    "DeleteAgentRuntime": _delete,
}
