"""Plant this run's canaries in the owners' memories, and sweep all there are, whichever run's.

A session without events goes by itself, a day later.
https://docs.aws.amazon.com/bedrock-agentcore/latest/APIReference/API_ListSessions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tenantctl.aws.failures import translated
from tenantctl.aws.session import Aws
from tenantctl.domain.canary import PREFIX
from tenantctl.errors import AwsError
from tenantctl.probes.memory.calls import READ, TEXT, write_event, write_record
from tenantctl.probes.probe import MemorySpot

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agentcore import BedrockAgentCoreClient

_BATCH = 100
"""Records of one BatchDeleteMemoryRecords."""


def plant_event(aws: Aws, spot: MemorySpot) -> MemorySpot:
    """Write the event that reads look for; the spot with its id."""
    with translated(f"writing a canary event to memory `{spot.memory.name}`"):
        return replace(spot, event=write_event(aws, spot, READ))


def plant_record(aws: Aws, spot: MemorySpot) -> MemorySpot:
    """Write the record that reads look for; the spot with its id."""
    with translated(f"writing a canary record to memory `{spot.memory.name}`"):
        return replace(spot, record=write_record(aws, spot))


def plant(aws: Aws, spot: MemorySpot) -> MemorySpot:
    """Write both."""
    return plant_record(aws, plant_event(aws, spot))


def sweep_events(aws: Aws, spot: MemorySpot) -> int:
    """Delete every canary event of the actor; how many there were."""
    client = aws.client("bedrock-agentcore")
    with translated(f"sweeping canary events from memory `{spot.memory.name}`"):
        events = list(_events(client, spot))
        for session, event in events:
            client.delete_event(
                memoryId=spot.id, actorId=spot.actor, sessionId=session, eventId=event
            )
    return len(events)


def sweep_records(aws: Aws, spot: MemorySpot) -> int:
    """Delete every canary record of the namespace; how many there were."""
    client = aws.client("bedrock-agentcore")
    with translated(f"sweeping canary records from memory `{spot.memory.name}`"):
        records = list(_records(client, spot))
        for start in range(0, len(records), _BATCH):
            _delete(client, spot, records[start : start + _BATCH])
    return len(records)


def sweep(aws: Aws, spot: MemorySpot) -> int:
    """Delete both; how many there were."""
    return sweep_events(aws, spot) + sweep_records(aws, spot)


def holds_events(aws: Aws, spot: MemorySpot) -> bool:
    """Whether the actor has any event."""
    with translated(f"looking for events of `{spot.actor}` in memory `{spot.memory.name}`"):
        found = aws.client("bedrock-agentcore").list_sessions(
            memoryId=spot.id,
            actorId=spot.actor,
            maxResults=1,
            filter={"eventFilter": "HAS_EVENTS"},
        )
    return bool(found["sessionSummaries"])


def holds_records(aws: Aws, spot: MemorySpot) -> bool:
    """Whether any record lies in the namespace, or below it."""
    with translated(f"looking below `{spot.spaces.own}` of memory `{spot.memory.name}`"):
        found = aws.client("bedrock-agentcore").list_memory_records(
            memoryId=spot.id, namespacePath=spot.spaces.own, maxResults=1
        )
    return bool(found["memoryRecordSummaries"])


def _events(client: BedrockAgentCoreClient, spot: MemorySpot) -> Iterator[tuple[str, str]]:
    # A session outlives its events by a day; those that earlier runs emptied aren't asked again.
    for sessions in client.get_paginator("list_sessions").paginate(
        memoryId=spot.id, actorId=spot.actor, filter={"eventFilter": "HAS_EVENTS"}
    ):
        for summary in sessions["sessionSummaries"]:
            session = summary["sessionId"]
            if not session.startswith(PREFIX):
                continue
            for events in client.get_paginator("list_events").paginate(
                memoryId=spot.id, actorId=spot.actor, sessionId=session, includePayloads=False
            ):
                yield from ((session, event["eventId"]) for event in events["events"])


def _records(client: BedrockAgentCoreClient, spot: MemorySpot) -> Iterator[str]:
    for page in client.get_paginator("list_memory_records").paginate(
        memoryId=spot.id, namespace=spot.spaces.own
    ):
        for record in page["memoryRecordSummaries"]:
            if record["content"].get("text") == TEXT:
                yield record["memoryRecordId"]


def _delete(client: BedrockAgentCoreClient, spot: MemorySpot, records: list[str]) -> None:
    answer = client.batch_delete_memory_records(
        memoryId=spot.id,
        records=[{"memoryRecordId": one, "namespace": spot.spaces.own} for one in records],
    )
    failed = answer["failedRecords"]
    if failed:
        why = failed[0].get("errorMessage", "no reason given")
        raise AwsError(
            f"memory `{spot.memory.name}` kept {len(failed)} canary records: {why}",
            code="Failed",
            operation="BatchDeleteMemoryRecords",
            hint=f"delete the records that say `{TEXT}`",
        )
