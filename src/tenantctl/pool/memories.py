"""The memories: conversations by actor, and what strategies extract from them by namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tenantctl.aws.memories import located
from tenantctl.aws.session import Aws
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Memory, Strategy
from tenantctl.errors import AwsError, ConflictError
from tenantctl.pool import ownership
from tenantctl.pool.consistency import unless_absent, until
from tenantctl.pool.ownership import Tags
from tenantctl.pool.settings import compared
from tenantctl.pool.step import Change, Field, Part, Step, missing

KIND = "memory"
_ABSENT = "ResourceNotFoundException"
_TAKEN = "ConflictException"
_GOING = "DELETING"

_TYPES: Mapping[Strategy, tuple[str, str]] = {
    Strategy.SEMANTIC: ("semanticMemoryStrategy", "SEMANTIC"),
    Strategy.SUMMARY: ("summaryMemoryStrategy", "SUMMARIZATION"),
    Strategy.USER_PREFERENCE: ("userPreferenceMemoryStrategy", "USER_PREFERENCE"),
}
"""Each strategy's member of the request, and its type in answers."""


@dataclass(frozen=True, slots=True)
class MemorySpec:
    """What a memory must be."""

    names: Names
    memory: Memory

    @property
    def name(self) -> str:
        """The memory's name."""
        return self.memory.name

    @property
    def tags(self) -> Tags:
        """The tags that make it the pool's."""
        return self.names.tags

    @property
    def resource(self) -> str:
        """How messages name it."""
        return f"{KIND} `{self.name}`"

    def namespace(self, strategy: Strategy) -> str:
        """Where a strategy files its records; a summary is of one session.

        https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/specify-long-term-memory-organization.html
        """
        start = self.memory.extracted_to or ""
        if strategy is not Strategy.SUMMARY:
            return start
        return f"{start}{'' if start.endswith('/') else '/'}{{sessionId}}/"

    def request(self, strategy: Strategy) -> dict[str, Any]:
        """The strategy as CreateMemory and UpdateMemory take it."""
        return {
            _TYPES[strategy][0]: {
                "name": strategy.value,
                "namespaceTemplates": [self.namespace(strategy)],
            }
        }

    @property
    def strategies(self) -> dict[str, dict[str, Any]]:
        """The strategies by name, as answers show them: type and namespace."""
        return {
            strategy.value: {
                "type": _TYPES[strategy][1],
                "namespaceTemplates": [self.namespace(strategy)],
            }
            for strategy in self.memory.strategies
        }


def specs(names: Names) -> tuple[MemorySpec, ...]:
    """The memories that the pool makes and deletes: one with an `arn` is there already."""
    return tuple(MemorySpec(names, m) for m in names.pool.data.memories if m.arn is None)


def observe(aws: Aws, names: Names) -> tuple[Part, ...]:
    """The memories as they are, with the steps on the way to what they must be."""
    wanted = specs(names)
    there = located(aws, names) if wanted else {}
    return tuple(_observe(aws, spec, there.get(spec.name)) for spec in wanted)


def delete_step(spec: MemorySpec) -> Step:
    """Delete the memory with all that it remembers, if it is the pool's."""

    def run(aws: Aws) -> None:
        found = _named(aws, spec)
        if found is None:
            return
        if found["status"] != _GOING:
            ownership.refuse_foreign(spec.resource, _tags(aws, found["arn"]), spec.tags)
            client = aws.client("bedrock-agentcore-control")
            unless_absent(lambda: client.delete_memory(memoryId=found["id"]), _ABSENT)
        _gone(aws, spec)

    return Step(Change.DELETE, spec.resource, "with all that it remembers", (), run)


def _observe(aws: Aws, spec: MemorySpec, arn: str | None) -> Part:
    found = None if arn is None else _found(aws, _id(arn))
    if found is None or found["status"] == _GOING:
        return missing(KIND, spec.name, _create(spec))
    arn = str(found["arn"])
    claim = ownership.claim(
        spec.resource,
        _tags(aws, arn),
        spec.tags,
        lambda aws: aws.client("bedrock-agentcore-control").tag_resource(
            resourceArn=arn, tags=dict(spec.tags)
        ),
    )
    steps = tuple(_update(spec, found))
    return Part(KIND, spec.name, arn, steps, tuple(_problems(found)), claim)


def _create(spec: MemorySpec) -> Step:
    def run(aws: Aws) -> None:
        client = aws.client("bedrock-agentcore-control")
        found = _named(aws, spec)
        if found is not None and found["status"] == _GOING:
            _gone(aws, spec)
            found = None
        if found is None:
            strategies: Any = [spec.request(strategy) for strategy in spec.memory.strategies]
            more = {"memoryStrategies": strategies} if strategies else {}
            unless_absent(
                lambda: client.create_memory(
                    name=spec.name,
                    eventExpiryDuration=spec.memory.expiry_days,
                    tags=dict(spec.tags),
                    **more,
                ),
                _TAKEN,
            )
            found = _named(aws, spec)
        if found is None:
            raise ConflictError(f"{spec.resource} was deleted while it was made")
        arn = str(found["arn"])
        ownership.confirm(spec.resource, lambda: _tags(aws, arn), spec.tags)
        _ready(aws, spec)

    wanted = {"eventExpiryDuration": spec.memory.expiry_days, "strategies": spec.strategies}
    shown = compared({}, wanted)
    return Step(Change.CREATE, spec.resource, "it doesn't exist", shown, run)


def _update(spec: MemorySpec, found: Mapping[str, Any]) -> Iterator[Step]:
    if found["eventExpiryDuration"] != spec.memory.expiry_days:
        days = Field("eventExpiryDuration", found["eventExpiryDuration"], spec.memory.expiry_days)
        yield _send(spec, "conversations are kept for as many days", (days,))
    changed = compared(_strategies(found), spec.strategies, "strategies", whole=True)
    if changed:
        why = "what is extracted is filed under the actor that said it"
        yield _send(spec, why, changed)


def _send(spec: MemorySpec, why: str, changed: tuple[Field, ...]) -> Step:
    def run(aws: Aws) -> None:
        found = _ready(aws, spec)
        call: dict[str, Any] = {"eventExpiryDuration": spec.memory.expiry_days}
        if strategies := _modified(spec, found):
            call["memoryStrategies"] = strategies
        aws.client("bedrock-agentcore-control").update_memory(memoryId=found["id"], **call)
        _ready(aws, spec)

    return Step(Change.UPDATE, spec.resource, why, changed, run)


def _modified(spec: MemorySpec, found: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateMemory's `memoryStrategies`; a strategy's type can't be changed, so it is made anew."""
    now, wanted = _strategies(found), spec.strategies
    ids = {item["name"]: item["strategyId"] for item in found.get("strategies", [])}
    right_type = {n for n in set(now) & set(wanted) if now[n]["type"] == wanted[n]["type"]}
    changes = {
        "addMemoryStrategies": [
            spec.request(strategy)
            for strategy in spec.memory.strategies
            if strategy.value not in right_type
        ],
        "modifyMemoryStrategies": [
            {
                "memoryStrategyId": ids[name],
                "namespaceTemplates": wanted[name]["namespaceTemplates"],
            }
            for name in sorted(right_type)
            if now[name] != wanted[name]
        ],
        "deleteMemoryStrategies": [
            {"memoryStrategyId": ids[name]} for name in sorted(set(now) - right_type)
        ],
    }
    return {key: value for key, value in changes.items() if value}


def _strategies(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By name, in the form of `MemorySpec.strategies`; `namespaces` is an older name."""
    return {
        item["name"]: {
            "type": item["type"],
            "namespaceTemplates": item.get("namespaceTemplates") or item.get("namespaces", []),
        }
        for item in found.get("strategies", [])
    }


def _problems(found: Mapping[str, Any]) -> Iterator[str]:
    if found["status"] == "FAILED":
        yield f"its status is FAILED: {found.get('failureReason', 'no reason is given')}"


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]


def _named(aws: Aws, spec: MemorySpec) -> dict[str, Any] | None:
    arn = located(aws, spec.names).get(spec.name)
    return None if arn is None else _found(aws, _id(arn))


def _found(aws: Aws, identifier: str) -> dict[str, Any] | None:
    client = aws.client("bedrock-agentcore-control")
    answer = unless_absent(lambda: client.get_memory(memoryId=identifier), _ABSENT)
    return None if answer is None else cast("dict[str, Any]", answer["memory"])


def _tags(aws: Aws, arn: str) -> Tags:
    return aws.client("bedrock-agentcore-control").list_tags_for_resource(resourceArn=arn)["tags"]


def _gone(aws: Aws, spec: MemorySpec) -> None:
    until(lambda: _named(aws, spec) is None, f"deleting {spec.resource}")


def _ready(aws: Aws, spec: MemorySpec) -> dict[str, Any]:
    """The memory once it can be changed and used; raises `AwsError` when it failed."""
    ready: list[dict[str, Any]] = []

    def settled() -> bool:
        found = _named(aws, spec)
        status = "gone" if found is None else str(found["status"])
        if found is None or status == "FAILED":
            raise AwsError(
                f"{spec.resource} is {status}: "
                f"{(found or {}).get('failureReason', 'no reason is given')}",
                code=status,
                operation="GetMemory",
            )
        ready[:] = [found]
        return status == "ACTIVE"

    until(settled, spec.resource)
    return ready[0]
