"""Memories as resources, through boto3 on the embedded cloud; what lies in them is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws
from tenantctl.local.cloud import Cloud

from .conftest import Lacking

REGION, ACCOUNT = "us-east-1", "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/clinic-agent-memory"
PLACE = "/basic/{actorId}/facts/"


def settings(**more: object) -> dict[str, Any]:
    """A memory as the pool wants it."""
    return {
        "name": "clinic_agent_memory",
        "description": "What the agent remembers.",
        "eventExpiryDuration": 90,
        "memoryStrategies": [
            {"semanticMemoryStrategy": {"name": "facts", "namespaceTemplates": [PLACE]}},
            {"summaryMemoryStrategy": {"name": "summaries", "description": "d"}},
        ],
        **more,
    }


def refused(code: str, message: str = "") -> AbstractContextManager[object]:
    return pytest.raises(ClientError, match=f"(?s){code}.*{message}")


@pytest.fixture(scope="module")
def client(aws: Aws) -> Any:  # noqa: ANN401 - a boto3 client
    return aws.client("bedrock-agentcore-control")


@pytest.fixture
def memory(client: Any) -> Iterator[str]:  # noqa: ANN401 - the same
    made: str = client.create_memory(**settings(tags={"a": "b"}))["memory"]["id"]
    client.get_memory(memoryId=made)
    yield made
    client.get_memory(memoryId=made)
    client.delete_memory(memoryId=made)
    client.list_memories()


def get(client: Any, memory: str) -> dict[str, Any]:  # noqa: ANN401 - the same
    found: dict[str, Any] = client.get_memory(memoryId=memory)["memory"]
    return found


def test_a_memory_is_given_back_as_it_was_made(client: Any) -> None:  # noqa: ANN401 - the same
    made = client.create_memory(**settings())["memory"]
    assert made["status"] == "CREATING"
    assert re.fullmatch(r"clinic_agent_memory-[A-Za-z0-9]{10}", made["id"])
    assert made["arn"] == f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:memory/{made['id']}"
    found = get(client, made["id"])
    assert found["status"] == "ACTIVE"
    assert {n: found[n] for n in ("name", "description", "eventExpiryDuration")} == {
        n: settings()[n] for n in ("name", "description", "eventExpiryDuration")
    }
    facts, summaries = found["strategies"]
    assert (facts["type"], facts["namespaceTemplates"], facts["namespaces"]) == (
        "SEMANTIC",
        [PLACE],
        [PLACE],
    )
    assert re.fullmatch(r"facts-[a-z0-9]{10}", facts["strategyId"])
    assert (summaries["type"], summaries["description"]) == ("SUMMARIZATION", "d")
    assert summaries["namespaceTemplates"] == [
        "/strategies/{memoryStrategyId}/actors/{actorId}/sessions/{sessionId}/"
    ]
    (item,) = client.list_memories()["memories"]
    assert (item["id"], item["status"]) == (made["id"], "ACTIVE")
    assert client.delete_memory(memoryId=made["id"])["status"] == "DELETING"
    assert [m["status"] for m in client.list_memories()["memories"]] == ["DELETING"]
    assert client.list_memories()["memories"] == []
    with refused("ResourceNotFound"):
        client.get_memory(memoryId=made["id"])


def test_an_update_leaves_what_is_not_sent(client: Any, memory: str) -> None:  # noqa: ANN401 - the same
    answer = client.update_memory(memoryId=memory, eventExpiryDuration=30)["memory"]
    assert (answer["status"], answer["eventExpiryDuration"]) == ("UPDATING", 30)
    with refused("ConflictException", "UPDATING"):
        client.update_memory(memoryId=memory, eventExpiryDuration=31)
    found = get(client, memory)
    assert (found["status"], found["description"]) == ("ACTIVE", settings()["description"])
    assert [s["name"] for s in found["strategies"]] == ["facts", "summaries"]


def test_strategies_are_added_changed_and_deleted(client: Any, memory: str) -> None:  # noqa: ANN401 - the same
    facts, summaries = get(client, memory)["strategies"]
    client.update_memory(
        memoryId=memory,
        memoryStrategies={
            "addMemoryStrategies": [
                {"userPreferenceMemoryStrategy": {"name": "taste", "namespaces": ["/{actorId}/"]}}
            ],
            "modifyMemoryStrategies": [
                {"memoryStrategyId": facts["strategyId"], "namespaceTemplates": ["/a/{actorId}/"]}
            ],
            "deleteMemoryStrategies": [{"memoryStrategyId": summaries["strategyId"]}],
        },
    )
    found = {s["name"]: s for s in get(client, memory)["strategies"]}
    assert set(found) == {"facts", "taste"}
    assert found["facts"]["strategyId"] == facts["strategyId"]
    assert found["facts"]["namespaces"] == ["/a/{actorId}/"]
    assert found["taste"]["namespaceTemplates"] == ["/{actorId}/"]
    for change in ("modifyMemoryStrategies", "deleteMemoryStrategies"):
        with refused("ResourceNotFound", "memory strategy"):
            client.update_memory(
                memoryId=memory,
                memoryStrategies={change: [{"memoryStrategyId": summaries["strategyId"]}]},
            )
    assert get(client, memory)["status"] == "ACTIVE"


def _semantic(**more: object) -> dict[str, object]:
    return {"semanticMemoryStrategy": {"name": "facts", **more}}


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"name": "clinic-agent"}, "ValidationException", "name"),
        ({"eventExpiryDuration": 9999}, "ValidationException", "eventExpiryDuration"),
        ({"memoryStrategies": [_semantic(), _semantic()]}, "ValidationException", "already"),
        (
            {"memoryStrategies": [_semantic(namespaceTemplates=["/{actorId"])]},
            "ValidationException",
            "namespaceTemplates",
        ),
        (
            {"memoryStrategies": [_semantic(namespaceTemplates=["/a/"], namespaces=["/b/"])]},
            "ValidationException",
            "differ",
        ),
        (
            {"memoryStrategies": [_semantic(name=f"facts{n}") for n in range(7)]},
            "ServiceQuotaExceeded",
            "strategies",
        ),
        (
            {"memoryStrategies": [{"customMemoryStrategy": {"name": "own"}}]},
            "NotImplemented",
            "customMemoryStrategy",
        ),
    ],
)
def test_what_is_not_admitted_or_not_served_is_refused(
    client: Any,  # noqa: ANN401 - the same
    more: Mapping[str, object],
    code: str,
    message: str,
) -> None:
    with refused(code, message):
        client.create_memory(**settings(**more))
    assert client.list_memories()["memories"] == []


def test_a_name_is_there_once_and_tags_come_and_go(client: Any, memory: str) -> None:  # noqa: ANN401 - the same
    with refused("ConflictException", "already exists"):
        client.create_memory(**settings())
    arn = get(client, memory)["arn"]
    client.tag_resource(resourceArn=arn, tags={"c": "d"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b", "c": "d"}


def test_only_memories_that_stay_have_data(cloud: Cloud, client: Any) -> None:  # noqa: ANN401 - the same
    plane = cloud.control_plane(ACCOUNT, REGION)
    made = client.create_memory(**settings())["memory"]["id"]
    assert plane.memory_ids() == {made}
    client.get_memory(memoryId=made)
    client.delete_memory(memoryId=made)
    assert plane.memory_ids() == frozenset()
    client.list_memories()


Do = Callable[[Any], object]
KEY = {"memoryId": "clinic_agent_memory-0123456789"}

_NEEDS: list[tuple[Do, list[str]]] = [
    (lambda c: c.create_memory(**settings()), ["CreateMemory"]),
    (
        lambda c: c.create_memory(**settings(memoryExecutionRoleArn=ROLE)),
        ["CreateMemory", "iam:PassRole"],
    ),
    (lambda c: c.get_memory(**KEY), ["GetMemory"]),
    (lambda c: c.list_memories(), ["ListMemories"]),
    (
        lambda c: c.update_memory(**KEY, memoryExecutionRoleArn=ROLE),
        ["UpdateMemory", "iam:PassRole"],
    ),
    (lambda c: c.delete_memory(**KEY), ["DeleteMemory"]),
]


@pytest.mark.parametrize(("do", "needs"), _NEEDS)
def test_each_call_needs_each_of_its_permissions(
    lacking: Lacking, do: Do, needs: list[str]
) -> None:
    actions = [need if ":" in need else f"bedrock-agentcore:{need}" for need in needs]
    for missing, client in lacking("bedrock-agentcore-control", actions):
        with refused("AccessDenied", missing):
            do(client)
