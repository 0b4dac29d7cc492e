"""AgentCore Memory: whose events and records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tenantctl.local.call import UnrecognisedError

from .conftest import ACCOUNT, Recognise

MEMORY = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:memory/m-1234567890"
ACTOR = {"actorId": "basic/clinic-a/u1"}
EVENT = {**ACTOR, "sessionId": "s1"}
ACTOR_KEY = {"bedrock-agentcore:actorid": ("basic/clinic-a/u1",)}
EVENT_KEYS = {**ACTOR_KEY, "bedrock-agentcore:sessionid": ("s1",)}

_CASES: list[tuple[str, Mapping[str, Any], Mapping[str, tuple[str, ...]]]] = [
    ("CreateEvent", EVENT, EVENT_KEYS),
    ("CreateEvent", ACTOR, ACTOR_KEY),
    ("GetEvent", {**EVENT, "eventId": "0#a"}, EVENT_KEYS),
    ("DeleteEvent", {**EVENT, "eventId": "0#a"}, EVENT_KEYS),
    ("ListEvents", EVENT, EVENT_KEYS),
    ("ListSessions", ACTOR, ACTOR_KEY),
    ("ListActors", {}, {}),
    ("GetMemoryRecord", {"memoryRecordId": "mem-1"}, {}),
    (
        "GetMemoryRecord",
        {"memoryRecordId": "mem-1", "namespace": "clinic/a/"},
        {"bedrock-agentcore:namespace": ("clinic/a/",)},
    ),
    (
        "ListMemoryRecords",
        {"namespace": "clinic/a/", "memoryStrategyId": "st"},
        {"bedrock-agentcore:namespace": ("clinic/a/",), "bedrock-agentcore:strategyid": ("st",)},
    ),
    (
        "ListMemoryRecords",
        {"namespacePath": "clinic/"},
        {"bedrock-agentcore:namespacepath": ("clinic/",)},
    ),
    (
        "RetrieveMemoryRecords",
        {
            "namespace": "clinic/a/",
            "searchCriteria": {"searchQuery": "q", "memoryStrategyId": "st"},
        },
        {"bedrock-agentcore:namespace": ("clinic/a/",), "bedrock-agentcore:strategyid": ("st",)},
    ),
]


@pytest.mark.parametrize(("operation", "params", "context"), _CASES)
def test_condition_keys(
    recognised: Recognise,
    operation: str,
    params: Mapping[str, Any],
    context: Mapping[str, tuple[str, ...]],
) -> None:
    (check,) = recognised("bedrock-agentcore", operation, {"memoryId": "m-1234567890", **params})
    assert (check.action, check.resource) == (f"bedrock-agentcore:{operation}", MEMORY)
    assert check.context == context


_SPACE = "bedrock-agentcore:namespace"
_SOURCE = "bedrock-agentcore:sourcenamespace"

_BATCHES: list[tuple[str, list[dict[str, Any]], list[dict[str, tuple[str, ...]]]]] = [
    ("BatchCreateMemoryRecords", [{"namespaces": ["a/"]}] * 2, [{_SPACE: ("a/",)}]),
    (
        "BatchCreateMemoryRecords",
        [{"namespaces": ["a/"]}, {"namespaces": ["b/"]}],
        [{_SPACE: ("a/",)}, {_SPACE: ("b/",)}],
    ),
    ("BatchCreateMemoryRecords", [{"namespaces": []}], [{}]),
    (
        "BatchUpdateMemoryRecords",
        [{"namespaces": ["a/"], "sourceNamespaces": ["b/"]}],
        [{_SPACE: ("a/",), _SOURCE: ("b/",)}],
    ),
    ("BatchUpdateMemoryRecords", [{"memoryRecordId": "mem-1"}], [{}]),
    (
        "BatchDeleteMemoryRecords",
        [{"namespace": "a/"}, {"memoryRecordId": "mem-1"}],
        [{_SPACE: ("a/",)}, {}],
    ),
    ("BatchDeleteMemoryRecords", [], [{}]),
]


@pytest.mark.parametrize(("operation", "records", "contexts"), _BATCHES)
def test_each_record_of_a_batch_is_asked_about(
    recognised: Recognise,
    operation: str,
    records: list[dict[str, Any]],
    contexts: list[dict[str, tuple[str, ...]]],
) -> None:
    """One that names no namespace doesn't hide behind one that does."""
    params = {"memoryId": "m-1234567890", "records": records}
    checks = recognised("bedrock-agentcore", operation, params)
    assert [c.context for c in checks] == contexts
    assert {(c.action, c.resource) for c in checks} == {(f"bedrock-agentcore:{operation}", MEMORY)}


def test_search_criteria_cannot_name_the_namespace(recognised: Recognise) -> None:
    (check,) = recognised(
        "bedrock-agentcore",
        "RetrieveMemoryRecords",
        {"memoryId": "m-1234567890", "searchCriteria": {"namespace": "clinic/a/"}},
    )
    assert check.context == {}


@pytest.mark.parametrize("operation", ["ListMemoryRecords", "RetrieveMemoryRecords"])
def test_namespace_and_path_together_are_refused(recognised: Recognise, operation: str) -> None:
    params = {"memoryId": "m-1234567890", "namespace": "clinic/a/", "namespacePath": "clinic/"}
    with pytest.raises(UnrecognisedError, match="together"):
        recognised("bedrock-agentcore", operation, params)


@pytest.mark.parametrize(
    "memory", ["m/../x", "", None, MEMORY.replace(ACCOUNT, "999999999999"), f"{MEMORY}/event"]
)
def test_other_memories_are_refused(recognised: Recognise, memory: str | None) -> None:
    with pytest.raises(UnrecognisedError):
        recognised("bedrock-agentcore", "ListActors", {"memoryId": memory})
