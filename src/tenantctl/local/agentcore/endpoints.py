"""The operations on a runtime's endpoints: names that stand for one of its versions.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/agent-runtime-versioning.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.agentcore.plane import GONE, Around, Operation, Plane, Runtime
from tenantctl.local.agentcore.records import (
    Ending,
    Params,
    Record,
    answer,
    conflict,
    known,
    look,
    members,
    missing,
    over_quota,
    page,
    settle,
    suffix,
)

DEFAULT = "DEFAULT"
"""The endpoint that every runtime has; it is at the newest version."""

_MAX_ENDPOINTS = 10
_PAGE = 100


def add_default(plane: Plane, runtime: Runtime) -> None:
    """Give a new runtime the endpoint that follows its versions."""
    runtime.endpoints[DEFAULT] = _made(plane, runtime, DEFAULT, {})


def follow(runtime: Runtime) -> None:
    """Put DEFAULT at the newest version."""
    default = runtime.endpoints[DEFAULT]
    default.settings = {**default.settings, "targetVersion": str(runtime.version)}


def version_of(endpoint: Record) -> int:
    """The version that an endpoint is at."""
    return int(endpoint.shown["targetVersion"])


def _create(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    runtime = plane.runtime(params["agentRuntimeId"])
    name = params["name"]
    earlier = plane.earlier("CreateAgentRuntimeEndpoint", params)
    if earlier is not None:
        found = known(runtime.endpoints, "endpoint", earlier)
        return _shown("CreateAgentRuntimeEndpoint", runtime, found)
    runtime.require_settled()
    if name in runtime.endpoints:
        raise conflict(f"The agent runtime {runtime.id} has an endpoint {name} already")
    if len(runtime.endpoints) >= _MAX_ENDPOINTS:
        raise over_quota("agent runtime", _MAX_ENDPOINTS, "endpoints")
    endpoint = _made(plane, runtime, name, params)
    runtime.endpoints[name] = endpoint
    plane.remember("CreateAgentRuntimeEndpoint", params, name)
    return _shown("CreateAgentRuntimeEndpoint", runtime, endpoint)


def _get(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    runtime = plane.runtime(params["agentRuntimeId"])
    endpoint = look(runtime.endpoints, "endpoint", params["endpointName"])
    return _shown("GetAgentRuntimeEndpoint", runtime, endpoint)


def _list(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    runtime = plane.runtime(params["agentRuntimeId"])
    here, rest = page(params, runtime.endpoints.values(), _PAGE)
    items = [
        members("ListAgentRuntimeEndpoints", "runtimeEndpoints", one.shown, _facts(runtime, one))
        for one in here
    ]
    for one in here:
        settle(runtime.endpoints, one)
    return {"runtimeEndpoints": items, **rest}


def _update(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    runtime = plane.runtime(params["agentRuntimeId"])
    endpoint = known(runtime.endpoints, "endpoint", params["endpointName"])
    endpoint.begin("UPDATING", Ending("READY", settings=_settings(runtime, params)))
    return _shown("UpdateAgentRuntimeEndpoint", runtime, endpoint)


def _delete(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    runtime = plane.runtime(params["agentRuntimeId"])
    endpoint = known(runtime.endpoints, "endpoint", params["endpointName"])
    if endpoint.name == DEFAULT:
        raise conflict("The DEFAULT endpoint goes with its agent runtime")
    endpoint.begin("DELETING", GONE)
    return answer("DeleteAgentRuntimeEndpoint", _facts(runtime, endpoint))


def _settings(runtime: Runtime, params: Params) -> dict[str, Any]:
    version = int(params.get("agentRuntimeVersion", runtime.version))
    if version not in runtime.versions:
        raise missing("version", f"{version} of {runtime.id}")
    return {"targetVersion": str(version), "description": params.get("description")}


def _made(plane: Plane, runtime: Runtime, name: str, params: Params) -> Record:
    return Record(
        serial=plane.next(),
        id=name,
        name=f"{name}-{suffix()}",
        arn=f"{runtime.arn}/runtime-endpoint/{name}",
        settings=_settings(runtime, params),
        status="CREATING",
        ending=Ending("READY"),
        tags=dict(params.get("tags", {})),
    )


def _facts(runtime: Runtime, endpoint: Record) -> dict[str, Any]:
    """An endpoint is kept, and found, by its name; its own id is of no other use."""
    return {
        "agentRuntimeId": runtime.id,
        "agentRuntimeArn": runtime.arn,
        "agentRuntimeEndpointArn": endpoint.arn,
        "endpointName": endpoint.id,
        "name": endpoint.id,
        "id": endpoint.name,
        "createdAt": endpoint.created,
        "lastUpdatedAt": endpoint.updated,
        "status": endpoint.status,
        "liveVersion": endpoint.settings["targetVersion"],
    }


def _shown(operation: str, runtime: Runtime, endpoint: Record) -> dict[str, Any]:
    return answer(operation, endpoint.shown, _facts(runtime, endpoint))


OPERATIONS: Mapping[str, Operation] = {
    "CreateAgentRuntimeEndpoint": _create,
    "GetAgentRuntimeEndpoint": _get,
    "ListAgentRuntimeEndpoints": _list,
    "UpdateAgentRuntimeEndpoint": _update,
    "DeleteAgentRuntimeEndpoint": _delete,
}
