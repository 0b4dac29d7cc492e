"""AgentCore's data plane: whose events and records in a memory a request reaches.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_bedrock-agentcore.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tenantctl.iam.request import Context
from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.rules import Table, table, unrecognised

# Condition keys and the request members that fill them.
_ACTOR = {"bedrock-agentcore:actorid": "actorId"}
_SESSION = _ACTOR | {"bedrock-agentcore:sessionid": "sessionId"}
_NAMESPACE = {"bedrock-agentcore:namespace": "namespace"}
_SEARCH = _NAMESPACE | {
    "bedrock-agentcore:namespacepath": "namespacePath",
    "bedrock-agentcore:strategyid": "memoryStrategyId",
}

_KEYS: Mapping[str, Mapping[str, str]] = {
    "CreateEvent": _SESSION,
    "GetEvent": _SESSION,
    "DeleteEvent": _SESSION,
    "ListEvents": _SESSION,
    "ListSessions": _ACTOR,
    "ListActors": {},  # lists every actor: no key could narrow it
    "GetMemoryRecord": _NAMESPACE,
    "DeleteMemoryRecord": _NAMESPACE,
    "ListMemoryRecords": _SEARCH,
    "RetrieveMemoryRecords": _SEARCH,
}

# The same, of each record of a batch.
_IN_BATCH: Mapping[str, Mapping[str, str]] = {
    "BatchCreateMemoryRecords": {"bedrock-agentcore:namespace": "namespaces"},
    "BatchUpdateMemoryRecords": {
        "bedrock-agentcore:namespace": "namespaces",
        "bedrock-agentcore:sourcenamespace": "sourceNamespaces",
    },
    "BatchDeleteMemoryRecords": _NAMESPACE,
}

MEMORY: Table = table("bedrock-agentcore", {"memory/{memoryId}": " ".join((*_KEYS, *_IN_BATCH))})


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """The checks of a memory operation; `None` for the rest of the data plane.

    A request for records names a namespace or a namespace path: both at once would let either
    condition speak for what the other reaches, so that is refused. A batch is one check for each
    namespace in it; a record that names none is asked about without the key.
    """
    if call.operation in _IN_BATCH:
        return _batch(call, _IN_BATCH[call.operation])
    keys = _KEYS.get(call.operation)
    if keys is None:
        return None
    if call.params.get("namespace") and call.params.get("namespacePath"):
        raise unrecognised(call, "`namespace` and `namespacePath` together")
    (check,) = MEMORY[call.operation].checks(call)
    return (Check(check.action, check.resource, _context(call, keys)),)


def _context(call: Call, keys: Mapping[str, str]) -> Context:
    named = dict(call.params)
    criteria = named.get("searchCriteria")
    if isinstance(criteria, Mapping):
        named["memoryStrategyId"] = criteria.get("memoryStrategyId")
    return {key: (str(named[name]),) for key, name in keys.items() if named.get(name)}


def _batch(call: Call, keys: Mapping[str, str]) -> tuple[Check, ...]:
    (check,) = MEMORY[call.operation].checks(call)
    records: Sequence[Mapping[str, Any]] = call.params.get("records") or ({},)
    if not all(isinstance(record, Mapping) for record in records):
        raise unrecognised(call, "a record that is none")
    asked = dict.fromkeys(tuple(_named(call, record, keys)) for record in records)
    return tuple(Check(check.action, check.resource, dict(context)) for context in asked)


def _named(
    call: Call, record: Mapping[str, Any], keys: Mapping[str, str]
) -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for key, name in keys.items():
        given = record.get(name)
        values = (given,) if isinstance(given, str) else tuple(given or ())
        if len(values) > 1:
            raise unrecognised(call, f"several `{name}` of one record")
        if values and values[0]:
            found.append((key, (str(values[0]),)))
    return found
