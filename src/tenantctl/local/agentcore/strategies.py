"""A memory's strategies: as a request gives them, and as an answer shows them.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/memory-strategies.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tenantctl.local.agentcore.records import Params, invalid, missing, over_quota, suffix
from tenantctl.local.call import ServiceError

_MAX_STRATEGIES = 6
"""Strategies of a memory.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html
"""

_ACTOR = "/strategies/{memoryStrategyId}/actors/{actorId}/"
_SESSION = f"{_ACTOR}sessions/{{sessionId}}/"

# Member of the request: the type in answers, and where records go when nothing is said of it.
_KINDS: Mapping[str, tuple[str, str]] = {
    "semanticMemoryStrategy": ("SEMANTIC", _ACTOR),
    "summaryMemoryStrategy": ("SUMMARIZATION", _SESSION),
    "userPreferenceMemoryStrategy": ("USER_PREFERENCE", _ACTOR),
    "episodicMemoryStrategy": ("EPISODIC", _SESSION),
}


def added(there: Sequence[Params], given: Sequence[Params]) -> list[dict[str, Any]]:
    """Strategies with new ones behind; raises `ServiceError`."""
    found = [dict(one) for one in there]
    for one in given:
        found.append(_made(one))
        if sum(one["name"] == found[-1]["name"] for one in found) > 1:
            raise invalid(f"The memory has a strategy {found[-1]['name']} already")
    if len(found) > _MAX_STRATEGIES:
        raise over_quota("memory", _MAX_STRATEGIES, "strategies")
    return found


def changed(there: Sequence[Params], changes: Params) -> list[dict[str, Any]]:
    """Strategies after an UpdateMemory; raises `ServiceError`."""
    found = {one["strategyId"]: dict(one) for one in there}
    for change in changes.get("deleteMemoryStrategies", ()):
        if found.pop(change["memoryStrategyId"], None) is None:
            raise missing("memory strategy", change["memoryStrategyId"])
    for change in changes.get("modifyMemoryStrategies", ()):
        one = found.get(change["memoryStrategyId"])
        if one is None:
            raise missing("memory strategy", change["memoryStrategyId"])
        if change.get("configuration"):
            raise _unserved("a configuration of its own")
        one.update({name: change[name] for name in ("description",) if name in change})
        one.update(_places(change, None), **_kept(change))
        one["updatedAt"] = datetime.now(UTC)
    return added([*found.values()], changes.get("addMemoryStrategies", ()))


def _made(given: Params) -> dict[str, Any]:
    """A union with one member; the model has seen to that."""
    kind, strategy = next(iter(given.items()))
    if kind not in _KINDS or strategy.get("reflectionConfiguration"):
        raise _unserved(kind if kind not in _KINDS else "a reflection's configuration")
    of_type, place = _KINDS[kind]
    at = datetime.now(UTC)
    made = {
        "strategyId": f"{strategy['name']}-{suffix()}",
        "name": strategy["name"],
        "type": of_type,
        **_places(strategy, place),
        **_kept(strategy),
        "createdAt": at,
        "updatedAt": at,
        "status": "ACTIVE",
    }
    if "description" in strategy:
        made["description"] = strategy["description"]
    return made


def _places(given: Params, default: str | None) -> dict[str, Any]:
    """Where records go: `namespaces` is the older name of `namespaceTemplates`."""
    templates = given.get("namespaceTemplates") or given.get("namespaces")
    if given.get("namespaces", templates) != templates:
        raise invalid("namespaces and namespaceTemplates differ")
    if templates is None:
        if default is None:
            return {}
        templates = [default]
    return {"namespaces": list(templates), "namespaceTemplates": list(templates)}


def _kept(given: Params) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "memoryRecordSchema" in given:
        found["memoryRecordSchema"] = given["memoryRecordSchema"]
    days = given.get("recordExpirySpecification", {}).get("recordExpiryDurationDays")
    if days is not None:
        found["recordExpiryDurationDays"] = days
    return found


def _unserved(what: str) -> ServiceError:
    return ServiceError(
        "NotImplemented", f"The embedded cloud has no memory strategy with {what}", 501
    )
