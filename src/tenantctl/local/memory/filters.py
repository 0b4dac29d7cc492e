"""Which events and records a request's filter lets through.

https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_MemoryMetadataFilterExpression.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tenantctl.local.call import ServiceError
from tenantctl.local.memory.records import Event

_COMPARES: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQUALS_TO": operator.eq,
    "BEFORE": operator.lt,
    "AFTER": operator.gt,
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUALS": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUALS": operator.le,
}


def metadata_passes(
    expressions: Iterable[Mapping[str, Any]], metadata: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Whether metadata fits all expressions; raises `ServiceError` for one without a value."""
    fits = [_fits(one, metadata) for one in expressions]
    return all(fits)


def _fits(expression: Mapping[str, Any], metadata: Mapping[str, Mapping[str, Any]]) -> bool:
    found, verb = metadata.get(expression["left"]["metadataKey"]), expression["operator"]
    if verb in {"EXISTS", "NOT_EXISTS"}:
        return bool((found is not None) == (verb == "EXISTS"))
    wanted = expression.get("right", {}).get("metadataValue")
    if wanted is None:
        raise ServiceError("ValidationException", f"The operator {verb} needs a value")
    if found is None:
        return False
    (kind, held), (asked, value) = _only(found), _only(wanted)
    if verb == "CONTAINS":
        return asked == "stringValue" and isinstance(held, list | str) and value in held
    return kind == asked and _COMPARES[verb](held, value)


def _only(value: Mapping[str, Any]) -> tuple[str, Any]:
    """The member of a union that is set; times are compared in UTC."""
    ((kind, held),) = value.items()
    if isinstance(held, datetime) and held.tzinfo is None:
        held = held.replace(tzinfo=UTC)
    return kind, held


def events_of(wanted: Mapping[str, Any], events: Sequence[Event]) -> list[Event]:
    """The events that a `ListEvents` filter lets through, in their order."""
    branch = wanted.get("branch")
    if branch is not None:
        named: str = branch["name"]
        parents = _line(named, events) if branch.get("includeParentBranches") else {}
        events = [
            e
            for e in events
            if e.branch["name"] == named or e.serial <= parents.get(e.branch["name"], 0)
        ]
    return [e for e in events if metadata_passes(wanted.get("eventMetadata", ()), e.metadata)]


def _line(branch: str, events: Sequence[Event]) -> dict[str, int]:
    """The branches that a branch grew out of, each with the serial of the event where it left."""
    by_id = {e.id: e for e in events}
    found: dict[str, int] = {}
    while True:
        roots = (e.branch.get("rootEventId") for e in events if e.branch["name"] == branch)
        root = by_id.get(next((r for r in roots if r is not None), ""))
        if root is None or root.branch["name"] in found:
            return found
        branch = root.branch["name"]
        found[branch] = root.serial
