"""The control plane of one account in one region: which operations it answers, and with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tenantctl.domain.names import partition
from tenantctl.local.agentcore import endpoints, gateways, limits, memories, runtimes, targets
from tenantctl.local.agentcore.plane import Around, Gateway, Operation, Plane
from tenantctl.local.agentcore.records import SERVICE, Params, Record, missing, settle
from tenantctl.local.wire import shapes

_OPERATIONS: Mapping[str, Operation] = {
    **gateways.OPERATIONS,
    **targets.OPERATIONS,
    **limits.OPERATIONS,
    **runtimes.OPERATIONS,
    **endpoints.OPERATIONS,
    **memories.OPERATIONS,
}
_TAGGING = frozenset({"ListTagsForResource", "TagResource", "UntagResource"})

# Without these a gateway of that status would do nothing; one whose update failed goes on.
_AT_WORK = frozenset({"READY", "UPDATE_UNSUCCESSFUL"})


class ControlPlane:
    """What it keeps; picklable. Calls must not overlap."""

    def __init__(self, region: str, account: str) -> None:
        self._plane = Plane(f"arn:{partition(region)}:bedrock-agentcore:{region}:{account}")

    operations: frozenset[str] = frozenset(_OPERATIONS) | _TAGGING
    """What `handle` answers; moto has nothing besides."""

    def handle(self, operation: str, params: Params, around: Around) -> dict[str, Any]:
        """The answer, in the shape of the operation's output; raises `ServiceError`."""
        shapes.check(SERVICE, operation, params)
        if operation in _TAGGING:
            return self._tags(operation, params)
        return _OPERATIONS[operation](self._plane, params, around)

    def gateways(self) -> tuple[Gateway, ...]:
        """The gateways that work, each with the targets and rate limits that do.

        What is on its way has ended: for who calls a gateway, time has passed.
        """
        found = [settle(self._plane.gateways, one) for one in [*self._plane.gateways.values()]]
        working = tuple(one for one in found if one is not None and one.status in _AT_WORK)
        for gateway in working:
            for home in (gateway.targets, gateway.limits):
                for one in [*home.values()]:
                    settle(home, one)
        return working

    def gateway(self, gateway_id: str) -> Gateway | None:
        """One of them by its id."""
        return next((one for one in self.gateways() if one.id == gateway_id), None)

    def memory_ids(self) -> frozenset[str]:
        """The memories whose data may be asked for: not those that are on their way out."""
        found = self._plane.memories.values()
        return frozenset(one.id for one in found if one.status != "DELETING")

    def _tags(self, operation: str, params: Params) -> dict[str, Any]:
        tags = self._tagged(params["resourceArn"]).tags
        if operation == "ListTagsForResource":
            return {"tags": dict(tags)}
        if operation == "TagResource":
            tags.update(params["tags"])
        else:
            for key in params["tagKeys"]:
                tags.pop(key, None)
        return {}

    def _tagged(self, arn: str) -> Record:
        found = next((one for one in self._taggable() if one.arn == arn), None)
        if found is None:
            raise missing("resource", arn)
        return found

    def _taggable(self) -> Iterator[Record]:
        yield from self._plane.gateways.values()
        yield from self._plane.memories.values()
        for runtime in self._plane.runtimes.values():
            yield runtime
            yield from runtime.endpoints.values()
