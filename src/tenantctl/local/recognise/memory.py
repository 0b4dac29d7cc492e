"""AgentCore's data plane: whose events and records in a memory a request reaches.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrockagentcore.html
"""

from __future__ import annotations

from collections.abc import Mapping

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

MEMORY: Table = table("bedrock-agentcore", {"memory/{memoryId}": " ".join(_KEYS)})


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """The check of a memory operation; `None` for the rest of the data plane.

    A request for records names a namespace or a namespace path: both at once would let either
    condition speak for what the other reaches, so that is refused.
    """
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
