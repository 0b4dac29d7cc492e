"""Bedrock's knowledge-base APIs, of which moto has a few, with ids and storages of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantctl.domain.names import partition
from tenantctl.local.call import ServiceError
from tenantctl.local.knowledge import bases, retrieve, sources
from tenantctl.local.knowledge.store import Operation, Params, Store
from tenantctl.local.wire import shapes

CONTROL, RUNTIME = "bedrock-agent", "bedrock-agent-runtime"

_OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    CONTROL: {**bases.OPERATIONS, **sources.OPERATIONS},
    RUNTIME: retrieve.OPERATIONS,
}


class KnowledgeBases:
    """The knowledge bases of one account in one region; picklable. Calls must not overlap."""

    services: frozenset[str] = frozenset(_OPERATIONS)
    """The services whose operations `handle` answers."""

    def __init__(self, region: str, account: str) -> None:
        prefix = f"arn:{partition(region)}:bedrock:{region}:{account}"
        self._store = Store(region, account, prefix)

    def handle(self, service: str, operation: str, params: Params) -> dict[str, Any]:
        """The answer, in the shape of the operation's output; raises `ServiceError`."""
        found = _OPERATIONS[service].get(operation)
        if found is None:
            raise ServiceError("UnknownOperationException", f"{operation} isn't served", 404)
        if operation not in bases.TAGGING:
            shapes.check(service, operation, params)
        return found(self._store, params)

    def tags(self, base: str) -> Mapping[str, str]:
        """The tags of a base, by id or ARN; none, where there is no such base."""
        found = self._store.bases.get(base.rpartition("/")[2])
        return {} if found is None else dict(found.tags)
