"""The operations on memories; what lies in them is the data plane's.

https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CreateMemory.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.local.agentcore import strategies
from tenantctl.local.agentcore.plane import GONE, Around, Operation, Plane
from tenantctl.local.agentcore.records import (
    Ending,
    Params,
    Record,
    answer,
    conflict,
    known,
    look,
    members,
    over_quota,
    page,
    settle,
    suffix,
)

_MAX_MEMORIES = 150
"""Memories in an account.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""
_PAGE = 10

# What UpdateMemory leaves as it is where it isn't sent.
_CHANGEABLE = (
    "description",
    "eventExpiryDuration",
    "memoryExecutionRoleArn",
    "namespaceKeys",
    "streamDeliveryResources",
)


def _create(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    earlier = plane.earlier("CreateMemory", params)
    if earlier is not None:
        return _shown("CreateMemory", known(plane.memories, "memory", earlier))
    if any(found.name == params["name"] for found in plane.memories.values()):
        raise conflict(f"A memory with the name {params['name']} already exists")
    if len(plane.memories) >= _MAX_MEMORIES:
        raise over_quota("account", _MAX_MEMORIES, "memories")
    settings = members("CreateMemory", "memory", params)
    settings["strategies"] = strategies.added((), params.get("memoryStrategies", ()))
    made = f"{params['name']}-{suffix()}"
    plane.memories[made] = memory = Record(
        serial=plane.next(),
        id=made,
        name=params["name"],
        arn=f"{plane.prefix}:memory/{made}",
        settings=settings,
        status="CREATING",
        ending=Ending("ACTIVE"),
        tags=dict(params.get("tags", {})),
    )
    plane.remember("CreateMemory", params, made)
    return _shown("CreateMemory", memory)


def _get(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    return _shown("GetMemory", look(plane.memories, "memory", params["memoryId"]))


def _list(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    here, rest = page(params, plane.memories.values(), _PAGE)
    items = [members("ListMemories", "memories", _facts(one)) for one in here]
    for one in here:
        settle(plane.memories, one)
    return {"memories": items, **rest}


def _update(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    """Change what is sent, leave the rest: unlike a gateway's, the configuration isn't replaced."""
    memory = known(plane.memories, "memory", params["memoryId"])
    memory.require_settled()
    changes = {name: params[name] for name in _CHANGEABLE if name in params}
    if "addIndexedKeys" in params:
        changes["indexedKeys"] = [
            *memory.settings.get("indexedKeys", ()),
            *params["addIndexedKeys"],
        ]
    changes["strategies"] = strategies.changed(
        memory.settings["strategies"], params.get("memoryStrategies", {})
    )
    memory.begin("UPDATING", Ending("ACTIVE", settings={**memory.settings, **changes}))
    return _shown("UpdateMemory", memory)


def _delete(plane: Plane, params: Params, _: Around) -> dict[str, Any]:
    memory = known(plane.memories, "memory", params["memoryId"])
    memory.begin("DELETING", GONE)
    return answer("DeleteMemory", {"memoryId": memory.id, "status": memory.status})


def _facts(memory: Record) -> dict[str, Any]:
    return {
        "arn": memory.arn,
        "id": memory.id,
        "name": memory.name,
        "createdAt": memory.created,
        "updatedAt": memory.updated,
        "status": memory.status,
        "failureReason": "; ".join(memory.reasons) or None,
    }


def _shown(operation: str, memory: Record) -> dict[str, Any]:
    return {"memory": members(operation, "memory", memory.shown, _facts(memory))}


OPERATIONS: Mapping[str, Operation] = {
    "CreateMemory": _create,
    "GetMemory": _get,
    "ListMemories": _list,
    "UpdateMemory": _update,
    "DeleteMemory": _delete,
}
