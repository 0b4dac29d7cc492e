"""Which probe carries out a witness on a memory: the live run's own, and some that it lacks.

What is named nowhere here is never tried: extraction jobs, and whatever changes or deletes a
memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tenantctl.aws.session import Aws
from tenantctl.probes.memory import calls
from tenantctl.probes.memory.probes import probes
from tenantctl.probes.probe import (
    Attack,
    ControlBy,
    Got,
    MemorySpot,
    Probe,
    UnclearError,
    preparing,
)
from tenantctl.probes.witness.witness import Named, UntriedError

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agentcore import BedrockAgentCoreClient
    from mypy_boto3_bedrock_agentcore.type_defs import MemoryRecordOutputTypeDef

_A = Attack[MemorySpot]
_LISTS = {
    "bedrock-agentcore:ListMemoryRecords": (calls.list_records, calls.list_below),
    "bedrock-agentcore:RetrieveMemoryRecords": (calls.retrieve, calls.retrieve_below),
}


@dataclass(frozen=True, slots=True)
class OnMemory:
    """A probe, and the namespace where its canary record must lie; without one, it's of events."""

    probe: Probe[MemorySpot]
    at: str = ""

    @property
    def of_records(self) -> bool:
        """Whether it looks for a record."""
        return bool(self.at)


def memory_probe(action: str, named: Named, own: str, operator: Aws) -> OnMemory | None:
    """The probe for an action and what its request names; `None` if there is none.

    `own` is the owner's namespace. Raises `UntriedError` for a request that would find nothing
    there.
    """
    by_rule = {p.rule: p for p in probes(operator)}
    listing = _LISTS.get(action)
    if listing is not None:
        return _listing(by_rule["MEM-LIST-RECORDS"], action, named, own)
    rule = _OF_EVENTS.get(action)
    if rule is not None:
        return OnMemory(by_rule[rule])
    if named.namespace is None or not named.namespace.startswith(own):
        return None
    if action in _OF_RECORDS:
        return OnMemory(by_rule[_OF_RECORDS[action]], named.namespace)
    made = _BATCHES.get(action)
    if made is None:
        return None
    tries, attempt = made
    like = by_rule["MEM-DELETE-RECORD"]
    probe = replace(like, action=action, tries=tries, attempt=attempt(operator))
    return OnMemory(replace(probe, control=ControlBy.OPERATOR), named.namespace)


def _listing(like: Probe[MemorySpot], action: str, named: Named, own: str) -> OnMemory | None:
    by_namespace, by_path = _LISTS[action]
    if named.path is not None:
        path = named.path
        probe = replace(
            like,
            action=action,
            tries=f"find records of {{owner}} below the namespace path `{path}`",
            attempt=by_path(lambda _: path),
            control=ControlBy.OPERATOR,
        )
        return OnMemory(probe, path if path.startswith(own) else own)
    if named.namespace is None:
        return None
    namespace = named.namespace
    if not namespace.startswith(own):
        raise UntriedError(f"a namespace is matched whole, and `{namespace}` isn't one of its")
    tries = f"find records of {{owner}} in the namespace `{namespace}`"
    probe = replace(like, action=action, tries=tries, attempt=by_namespace(lambda _: namespace))
    return OnMemory(probe, namespace)


_OF_EVENTS: Mapping[str, str] = {
    "bedrock-agentcore:CreateEvent": "MEM-CREATE-EVENT",
    "bedrock-agentcore:GetEvent": "MEM-GET-EVENT",
    "bedrock-agentcore:ListEvents": "MEM-LIST-EVENTS",
    "bedrock-agentcore:ListSessions": "MEM-LIST-SESSIONS",
    "bedrock-agentcore:DeleteEvent": "MEM-DELETE-EVENT",
    "bedrock-agentcore:ListActors": "MEM-LIST-ACTORS",
}

_OF_RECORDS: Mapping[str, str] = {
    "bedrock-agentcore:GetMemoryRecord": "MEM-GET-RECORD",
    "bedrock-agentcore:DeleteMemoryRecord": "MEM-DELETE-RECORD",
}


def _api(a: _A) -> BedrockAgentCoreClient:
    return a.caller.client("bedrock-agentcore")


def _done(failed: list[MemoryRecordOutputTypeDef]) -> Got:
    """A batch that was allowed tells in its answer what it couldn't do."""
    if failed:
        raise UnclearError(f"the batch failed: {failed[0].get('errorMessage', '')}")
    return Got()


def _create(_: Aws) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        calls.write_record(a.caller, a.other)
        return Got()

    return attempt


def _update(operator: Aws) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        with preparing("writing a record to change"):
            record = calls.write_record(operator, a.other)
        answer = _api(a).batch_update_memory_records(
            memoryId=a.other.id,
            records=[
                {
                    "memoryRecordId": record,
                    "timestamp": datetime.now(UTC),
                    "namespaces": [a.other.spaces.own],
                }
            ],
        )
        return _done(answer["failedRecords"])

    return attempt


def _delete(operator: Aws) -> Callable[[_A], Got]:
    def attempt(a: _A) -> Got:
        with preparing("writing a record to delete"):
            record = calls.write_record(operator, a.other)
        answer = _api(a).batch_delete_memory_records(
            memoryId=a.other.id,
            records=[{"memoryRecordId": record, "namespace": a.other.spaces.own}],
        )
        return _done(answer["failedRecords"])

    return attempt


_BATCHES: Mapping[str, tuple[str, Callable[[Aws], Callable[[_A], Got]]]] = {
    "bedrock-agentcore:BatchCreateMemoryRecords": ("write a record of {owner}", _create),
    "bedrock-agentcore:BatchUpdateMemoryRecords": ("change a record of {owner}", _update),
    "bedrock-agentcore:BatchDeleteMemoryRecords": ("delete records of {owner} in a batch", _delete),
}
"""By action: what is tried, and the attempt with the operator's help."""
