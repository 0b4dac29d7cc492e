"""The calls that reach an actor's events and a namespace's records, by owners and attackers alike.

Writes and deletions aim at canary sessions and canary records alone. What is written is nothing
that AgentCore would extract records from.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tenantctl.aws.session import Aws
from tenantctl.errors import AwsError
from tenantctl.probes.probe import Attack, Got, MemorySpot, preparing

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agentcore import BedrockAgentCoreClient

READ = "read"
"""The canary session that is there before the probes start."""

TEXT = "tenantctl canary"
"""What a canary record says, and by which it is found again."""

_A = Attack[MemorySpot]


def _api(a: _A) -> BedrockAgentCoreClient:
    return a.caller.client("bedrock-agentcore")


# -- events -----------------------------------------------------------------------------------


def write_event(aws: Aws, spot: MemorySpot, what: str) -> str:
    """CreateEvent in a canary session; the event's id."""
    answer = aws.client("bedrock-agentcore").create_event(
        memoryId=spot.id,
        actorId=spot.actor,
        sessionId=spot.session(what),
        eventTimestamp=datetime.now(UTC),
        payload=[{"blob": {"tenantctl": "canary"}}],
        extractionMode="SKIP",
    )
    return answer["event"]["eventId"]


def create_event(a: _A) -> Got:
    """CreateEvent of a canary."""
    write_event(a.caller, a.other, "write")
    return Got()


def get_event(a: _A) -> Got:
    """GetEvent of the canary."""
    _api(a).get_event(
        memoryId=a.other.id,
        actorId=a.other.actor,
        sessionId=a.other.session(READ),
        eventId=a.other.event,
    )
    return Got()


def list_events(a: _A) -> Got:
    """ListEvents of the canary session."""
    answer = _api(a).list_events(
        memoryId=a.other.id, actorId=a.other.actor, sessionId=a.other.session(READ), maxResults=1
    )
    return Got(bool(answer["events"]))


def delete_event(operator: Aws) -> Callable[[_A], Got]:
    """DeleteEvent of a canary that the operator has just written: each attempt takes one away."""

    def attempt(a: _A) -> Got:
        with preparing("writing an event to delete"):
            event = write_event(operator, a.other, "delete")
        _api(a).delete_event(
            memoryId=a.other.id,
            actorId=a.other.actor,
            sessionId=a.other.session("delete"),
            eventId=event,
        )
        return Got()

    return attempt


def list_sessions(a: _A) -> Got:
    """ListSessions of the actor."""
    answer = _api(a).list_sessions(memoryId=a.other.id, actorId=a.other.actor, maxResults=1)
    return Got(bool(answer["sessionSummaries"]))


def list_actors(a: _A) -> Got:
    """ListActors of the memory."""
    return Got(bool(_api(a).list_actors(memoryId=a.other.id, maxResults=1)["actorSummaries"]))


# -- records ----------------------------------------------------------------------------------


def write_record(aws: Aws, spot: MemorySpot) -> str:
    """BatchCreateMemoryRecords of a canary; the record's id. Raises `AwsError` if it failed."""
    answer = aws.client("bedrock-agentcore").batch_create_memory_records(
        memoryId=spot.id,
        records=[
            {
                "requestIdentifier": uuid.uuid4().hex,
                "namespaces": [spot.spaces.own],
                "content": {"text": TEXT},
                "timestamp": datetime.now(UTC),
            }
        ],
    )
    if answer["failedRecords"]:
        why = answer["failedRecords"][0].get("errorMessage", "no reason given")
        raise AwsError(
            f"memory `{spot.memory.name}` took no canary record: {why}",
            code="Failed",
            operation="BatchCreateMemoryRecords",
            hint="look whether the memory takes records",
        )
    return answer["successfulRecords"][0]["memoryRecordId"]


def get_record(a: _A) -> Got:
    """GetMemoryRecord of the canary, by its namespace."""
    _api(a).get_memory_record(
        memoryId=a.other.id, memoryRecordId=a.other.record, namespace=a.other.spaces.own
    )
    return Got()


def get_record_as_own(a: _A) -> Got:
    """GetMemoryRecord of the canary, as if it lay in the caller's namespace."""
    _api(a).get_memory_record(
        memoryId=a.other.id, memoryRecordId=a.other.record, namespace=a.own.spaces.own
    )
    return Got()


def get_record_bare(a: _A) -> Got:
    """GetMemoryRecord of the canary by its id alone."""
    _api(a).get_memory_record(memoryId=a.other.id, memoryRecordId=a.other.record)
    return Got()


def delete_record(operator: Aws) -> Callable[[_A], Got]:
    """DeleteMemoryRecord of a canary that the operator has just written."""

    def attempt(a: _A) -> Got:
        with preparing("writing a record to delete"):
            record = write_record(operator, a.other)
        _api(a).delete_memory_record(
            memoryId=a.other.id, memoryRecordId=record, namespace=a.other.spaces.own
        )
        return Got()

    return attempt


def list_records(namespace: Callable[[_A], str | None]) -> Callable[[_A], Got]:
    """ListMemoryRecords by a namespace."""

    def attempt(a: _A) -> Got:
        answer = _api(a).list_memory_records(
            memoryId=a.other.id, namespace=namespace(a) or "", maxResults=1
        )
        return Got(bool(answer["memoryRecordSummaries"]))

    return attempt


def list_below(path: Callable[[_A], str | None]) -> Callable[[_A], Got]:
    """ListMemoryRecords by a namespace path."""

    def attempt(a: _A) -> Got:
        answer = _api(a).list_memory_records(
            memoryId=a.other.id, namespacePath=path(a) or "", maxResults=1
        )
        return Got(bool(answer["memoryRecordSummaries"]))

    return attempt


def retrieve(namespace: Callable[[_A], str | None]) -> Callable[[_A], Got]:
    """RetrieveMemoryRecords by a namespace."""

    def attempt(a: _A) -> Got:
        answer = _api(a).retrieve_memory_records(
            memoryId=a.other.id,
            namespace=namespace(a) or "",
            searchCriteria={"searchQuery": TEXT, "topK": 1},
        )
        return Got(bool(answer["memoryRecordSummaries"]))

    return attempt


def retrieve_below(path: Callable[[_A], str | None]) -> Callable[[_A], Got]:
    """RetrieveMemoryRecords by a namespace path."""

    def attempt(a: _A) -> Got:
        answer = _api(a).retrieve_memory_records(
            memoryId=a.other.id,
            namespacePath=path(a) or "",
            searchCriteria={"searchQuery": TEXT, "topK": 1},
        )
        return Got(bool(answer["memoryRecordSummaries"]))

    return attempt


def own_space(a: _A) -> str | None:
    """The namespace of the owner."""
    return a.other.spaces.own


def stem(a: _A) -> str | None:
    """The caller's own namespace without what ends its tenant's id."""
    return a.own.spaces.stem


def parent(a: _A) -> str | None:
    """What comes before the owner's id."""
    return a.other.spaces.parent
