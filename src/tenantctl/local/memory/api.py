"""AgentCore Memory's data plane: who has said what, and what is remembered of it.

Structured extraction doesn't happen: an event makes no record, so the operations that look at
extraction jobs aren't served. Nothing expires, but for sessions without events.
https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_Operations_Amazon_Bedrock_AgentCore_Data_Plane.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tenantctl.local.memory import events, remember
from tenantctl.local.memory.events import Params, missing
from tenantctl.local.memory.records import Held
from tenantctl.local.wire import shapes

SERVICE = "bedrock-agentcore"
_OPERATIONS = {**events.OPERATIONS, **remember.OPERATIONS}


class Memories:
    """What the memories of one account in one region hold; picklable. Calls must not overlap."""

    operations: frozenset[str] = frozenset(_OPERATIONS)
    """The operations that `handle` answers."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def handle(
        self, operation: str, params: Params, *, existing: frozenset[str], now: float
    ) -> dict[str, Any]:
        """The answer, in the shape of the operation's output; raises `ServiceError`.

        `existing` are the ids of the memories that there are; what others held is forgotten.
        `now` is in seconds since the epoch.
        """
        shapes.check(SERVICE, operation, params)
        for gone in self._held.keys() - existing:
            del self._held[gone]
        wanted = str(params["memoryId"]).rpartition("/")[2]
        if wanted not in existing:
            raise missing("memory", wanted)
        held = self._held.setdefault(wanted, Held(wanted))
        at = datetime.fromtimestamp(now, UTC)
        held.prune(at)
        return _OPERATIONS[operation](held, params, at)
