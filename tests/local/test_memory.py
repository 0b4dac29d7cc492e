"""AgentCore Memory through boto3: what is kept, and who may reach it.

Every case of the second part is one call with the tenant left open: it must succeed for the
session's own tenant and be refused for its namesake.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws, Credentials
from tenantctl.local.cloud import Cloud
from tenantctl.local.connect import in_memory, opened
from tenantctl.local.memory.api import Memories

REGION, ACCOUNT = "us-east-1", "123456789012"
USER = "0bb4a3ff-8ca7-4a4e-a12b-4e7b614119a3"
OWN, NEIGHBOUR = "clinic-1", "clinic-10"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)

Api = Any  # a boto3 client


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with in_memory(region=REGION, account=ACCOUNT) as made:
        yield made


@pytest.fixture
def api(aws: Aws) -> Api:
    """The data plane as the operator sees it."""
    return aws.client("bedrock-agentcore")


def new_memory(aws: Aws) -> str:
    control = aws.client("bedrock-agentcore-control")
    made = control.create_memory(name=f"c{uuid4().hex}", eventExpiryDuration=30)
    control.get_memory(memoryId=made["memory"]["id"])  # lets its creation end
    return str(made["memory"]["id"])


def drop_memory(aws: Aws, memory: str) -> None:
    control = aws.client("bedrock-agentcore-control")
    control.delete_memory(memoryId=memory)
    control.list_memories()  # lets its deletion end


@pytest.fixture
def memory(aws: Aws) -> Iterator[str]:
    made = new_memory(aws)
    yield made
    drop_memory(aws, made)


def say(api: Api, memory: str, actor: str, text: str = "hello", **more: object) -> dict[str, Any]:
    given = {"sessionId": "s1", "eventTimestamp": AT, **more}
    answer = api.create_event(
        memoryId=memory,
        actorId=actor,
        payload=[{"conversational": {"role": "USER", "content": {"text": text}}}],
        **given,
    )
    return dict(answer["event"])


def remember(api: Api, memory: str, namespace: str, text: str, **more: object) -> str:
    record = {
        "requestIdentifier": "r1",
        "namespaces": [namespace],
        "content": {"text": text},
        "timestamp": AT,
        **more,
    }
    answer = api.batch_create_memory_records(memoryId=memory, records=[record])
    assert answer["failedRecords"] == []
    return str(answer["successfulRecords"][0]["memoryRecordId"])


def code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


# -- what is kept -----------------------------------------------------------------------------


def test_an_event_is_given_back_as_it_was(api: Api, memory: str) -> None:
    at = {"memoryId": memory, "actorId": "basic/clinic-1/u1", "sessionId": "s1"}
    payload = [
        {"conversational": {"role": "USER", "content": {"text": "a/b#c"}}},
        {"blob": {"any": ["json", 1, None]}},
    ]
    metadata = {"place": {"stringValue": "ward 3"}}
    made = api.create_event(**at, eventTimestamp=AT, payload=payload, metadata=metadata)["event"]

    got = api.get_event(**at, eventId=made["eventId"])["event"]
    listed = api.list_events(**at)["events"]
    assert listed == [got] == [made]
    assert (got["actorId"], got["eventTimestamp"], got["payload"], got["metadata"]) == (
        at["actorId"],
        AT,
        payload,
        metadata,
    )
    assert api.list_events(**at, includePayloads=False)["events"][0]["payload"] == []
    assert api.delete_event(**at, eventId=made["eventId"])["eventId"] == made["eventId"]
    assert api.list_events(**at)["events"] == []
    assert code(lambda: api.get_event(**at, eventId=made["eventId"])) == "ResourceNotFoundException"


def test_an_event_is_its_actors_and_its_sessions(api: Api, memory: str) -> None:
    made = say(api, memory, "basic/clinic-1/u1")
    for actor, session in (("basic/clinic-10/u1", "s1"), ("basic/clinic-1/u1", "s2")):
        at = {"memoryId": memory, "actorId": actor, "sessionId": session}
        assert api.list_events(**at)["events"] == []
        at |= {"eventId": made["eventId"]}
        for call in (api.get_event, api.delete_event):
            assert code(partial(call, **at)) == "ResourceNotFoundException"


def test_a_client_token_makes_one_event_and_is_its_actors(api: Api, memory: str) -> None:
    one = say(api, memory, "a", "mine", clientToken="t" * 36)
    assert say(api, memory, "a", "other", clientToken="t" * 36) == one
    assert say(api, memory, "b", "theirs", clientToken="t" * 36)["eventId"] != one["eventId"]


def test_sessions_and_actors_are_listed_and_paged(api: Api, memory: str) -> None:
    for actor in ("a", "a/b", "c"):
        for number in range(25):
            say(api, memory, actor, sessionId=f"s{number}")
    pages = api.get_paginator("list_sessions").paginate(memoryId=memory, actorId="a")
    found = [s for page in pages for s in page["sessionSummaries"]]
    assert [s["sessionId"] for s in found] == [f"s{n}" for n in range(25)]
    assert {s["actorId"] for s in found} == {"a"}
    pages = api.get_paginator("list_actors").paginate(
        memoryId=memory, PaginationConfig={"PageSize": 2}
    )
    assert [a["actorId"] for page in pages for a in page["actorSummaries"]] == ["a", "a/b", "c"]

    event = api.list_events(memoryId=memory, actorId="a", sessionId="s0")["events"][0]
    api.delete_event(memoryId=memory, actorId="a", sessionId="s0", eventId=event["eventId"])
    full = {"eventFilter": "HAS_EVENTS"}
    at = {"memoryId": memory, "actorId": "a", "maxResults": 100}
    assert len(api.list_sessions(**at)["sessionSummaries"]) == 25
    assert len(api.list_sessions(**at, filter=full)["sessionSummaries"]) == 24


def test_an_empty_session_is_forgotten_after_a_day(api: Api, memory: str) -> None:
    made = say(api, memory, "a")
    at = {"memoryId": memory, "actorId": "a", "sessionId": "s1"}
    api.delete_event(**at, eventId=made["eventId"])
    cloud = opened()
    assert cloud is not None
    held = cloud.memories[ACCOUNT, REGION]

    def actors(hours: int) -> list[dict[str, Any]]:
        now = (datetime.now(UTC) + timedelta(hours=hours)).timestamp()
        asked = {"memoryId": memory}
        existing = frozenset({memory})
        answer = held.handle("ListActors", asked, existing=existing, now=now)
        return list(answer["actorSummaries"])

    assert actors(hours=23) == [{"actorId": "a"}]
    assert actors(hours=25) == []


def test_branches_and_metadata_filter_events(api: Api, memory: str) -> None:
    one, two = say(api, memory, "a", "1"), say(api, memory, "a", "2")
    branch = {"name": "try", "rootEventId": one["eventId"]}
    three = say(api, memory, "a", "3", branch=branch, metadata={"k": {"stringValue": "v"}})

    def listed(wanted: dict[str, Any]) -> list[str]:
        at = {"memoryId": memory, "actorId": "a", "sessionId": "s1"}
        return [e["eventId"] for e in api.list_events(**at, filter=wanted)["events"]]

    def where(operator: str, **right: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes it
        return {"eventMetadata": [{"left": {"metadataKey": "k"}, "operator": operator, **right}]}

    ids = [e["eventId"] for e in (one, two, three)]
    assert listed({"branch": {"name": "main"}}) == ids[:2]
    assert listed({"branch": {"name": "try"}}) == ids[2:]
    whole = {"branch": {"name": "try", "includeParentBranches": True}}
    assert listed(whole) == [ids[0], ids[2]]
    equal = {"right": {"metadataValue": {"stringValue": "v"}}}
    assert listed(where("EQUALS_TO", **equal)) == ids[2:]
    assert listed(where("EXISTS")) == ids[2:]
    assert listed(where("NOT_EXISTS")) == ids[:2]
    assert code(lambda: listed(where("EQUALS_TO"))) == "ValidationException"


def test_records_are_written_changed_and_deleted(api: Api, memory: str) -> None:
    made = remember(api, memory, "clinic/a/", "likes tea", memoryStrategyId="facts")
    got = api.get_memory_record(memoryId=memory, memoryRecordId=made)["memoryRecord"]
    assert (got["content"], got["namespaces"], got["memoryStrategyId"], got["timestamp"]) == (
        {"text": "likes tea"},
        ["clinic/a/"],
        "facts",
        AT,
    )
    change = {"memoryRecordId": made, "timestamp": AT, "content": {"text": "likes coffee"}}
    stray = {**change, "sourceNamespaces": ["clinic/b/"]}
    answer = api.batch_update_memory_records(memoryId=memory, records=[change, stray])
    assert [len(answer[k]) for k in ("successfulRecords", "failedRecords")] == [1, 1]
    got = api.get_memory_record(memoryId=memory, memoryRecordId=made, namespace="clinic/a/")
    assert got["memoryRecord"]["content"] == {"text": "likes coffee"}

    stray_delete = [{"memoryRecordId": made, "namespace": "clinic/b/"}]
    answer = api.batch_delete_memory_records(memoryId=memory, records=stray_delete)
    assert answer["failedRecords"][0]["memoryRecordId"] == made
    api.delete_memory_record(memoryId=memory, memoryRecordId=made)
    assert (
        api.list_memory_records(memoryId=memory, namespacePath="clinic/")["memoryRecordSummaries"]
        == []
    )


@pytest.mark.parametrize("operation", ["get_memory_record", "delete_memory_record"])
def test_a_record_is_found_only_under_its_own_namespace(
    api: Api, memory: str, operation: str
) -> None:
    """What IAM is asked about is what the record must lie in."""
    made = remember(api, memory, "clinic/clinic-10/", "secret")
    call = getattr(api, operation)
    at = {"memoryId": memory, "memoryRecordId": made}
    assert code(lambda: call(**at, namespace="clinic/clinic-1/")) == "ResourceNotFoundException"
    assert call(**at, namespace="clinic/clinic-10/")


def test_namespaces_are_exact_and_paths_are_prefixes(api: Api, memory: str) -> None:
    spaces = ("clinic/clinic-1/", "clinic/clinic-1/notes/", "clinic/clinic-10/", "other/")
    for space in spaces:
        remember(api, memory, space, f"word of {space}")

    def found(**where: str) -> list[str]:
        answers = api.list_memory_records(memoryId=memory, **where)["memoryRecordSummaries"]
        criteria = {"searchQuery": "word"}
        again = api.retrieve_memory_records(memoryId=memory, searchCriteria=criteria, **where)
        assert [r["memoryRecordId"] for r in again["memoryRecordSummaries"]] == [
            r["memoryRecordId"] for r in answers
        ]
        return [r["namespaces"][0] for r in answers]

    assert found(namespace="clinic/clinic-1/") == ["clinic/clinic-1/"]
    assert found(namespace="clinic/") == []
    assert found(namespacePath="clinic/clinic-1/") == list(spaces[:2])
    assert found(namespacePath="clinic/clinic-1") == list(spaces[:3])  # the slash is forgotten
    assert found(namespacePath="clinic/") == list(spaces[:3])
    neither = code(lambda: api.list_memory_records(memoryId=memory))
    assert neither == "ValidationException"


def test_a_search_puts_the_most_shared_words_first(api: Api, memory: str) -> None:
    for number, text in enumerate(("red tea", "red wine and cheese", "blue cheese", "bread")):
        metadata = {"rank": {"numberValue": number}}
        remember(api, memory, "n/", text, requestIdentifier=f"r{number}", metadata=metadata)

    def hits(**criteria: object) -> list[str]:
        wanted = {"searchQuery": "Red CHEESE", **criteria}
        answer = api.retrieve_memory_records(memoryId=memory, namespace="n/", searchCriteria=wanted)
        return [r["content"]["text"] for r in answer["memoryRecordSummaries"]]

    over = {
        "left": {"metadataKey": "rank"},
        "operator": "GREATER_THAN",
        "right": {"metadataValue": {"numberValue": 0}},
    }
    assert hits() == ["red wine and cheese", "red tea", "blue cheese"]
    assert hits(topK=1) == ["red wine and cheese"]
    assert hits(metadataFilters=[over]) == ["red wine and cheese", "blue cheese"]
    assert hits(memoryStrategyId="another") == []


WRONG = [
    ("an actor id that begins with a slash", {"actorId": "/a"}),
    ("an e-mail address", {"actorId": "a@example.com"}),
    ("an actor id that is too long", {"actorId": "a" * 256}),
    ("a session id with a slash", {"sessionId": "s/1"}),
    (
        "a role that nobody has",
        {"payload": [{"conversational": {"role": "GOD", "content": {"text": "x"}}}]},
    ),
]


@pytest.mark.parametrize("wrong", [w for _, w in WRONG], ids=[n for n, _ in WRONG])
def test_what_the_model_does_not_admit_is_refused(
    api: Api, memory: str, wrong: dict[str, Any]
) -> None:
    """boto3 sends all of these."""
    given: dict[str, Any] = {"actorId": "a", "sessionId": "s1", "payload": [{"blob": 1}], **wrong}
    got = code(lambda: api.create_event(memoryId=memory, eventTimestamp=AT, **given))
    assert got == "ValidationException"


def test_a_memory_that_is_not_there_holds_nothing(aws: Aws, api: Api) -> None:
    control = aws.client("bedrock-agentcore-control")
    gone = new_memory(aws)
    say(api, gone, "a")
    control.delete_memory(memoryId=gone)
    for which in (gone, "conversations-0123456789"):
        assert code(partial(api.list_actors, memoryId=which)) == "ResourceNotFoundException"


def test_extraction_jobs_are_denied_by_name(api: Api, memory: str) -> None:
    with pytest.raises(ClientError, match="ListMemoryExtractionJobs") as caught:
        api.list_memory_extraction_jobs(memoryId=memory)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_it_outlives_a_pickle(api: Api, memory: str) -> None:
    made = say(api, memory, "a")
    remember(api, memory, "n/", "text")
    cloud = opened()
    assert cloud is not None
    again: Memories = pickle.loads(pickle.dumps(cloud.memories[ACCOUNT, REGION]))  # noqa: S301 - our own
    asked = {"memoryId": memory, "actorId": "a", "sessionId": "s1"}
    answer = again.handle("ListEvents", asked, existing=frozenset({memory}), now=AT.timestamp())
    assert [e["eventId"] for e in answer["events"]] == [made["eventId"]]


# -- who may reach it -------------------------------------------------------------------------

TIER, CLINIC, WHO = (f"${{aws:PrincipalTag/{tag}}}" for tag in ("Tier", "ClinicId", "UserId"))


def policy(memory: str, actor: str, namespace: str) -> str:
    """As the pool's vending role has it: templates/iam/vending-memories.json.j2."""
    arn = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:memory/{memory}"
    own = ("CreateEvent", "GetEvent", "ListEvents", "DeleteEvent", "ListSessions")
    records = (
        *("RetrieveMemoryRecords", "ListMemoryRecords", "GetMemoryRecord", "DeleteMemoryRecord"),
        *("BatchCreateMemoryRecords", "BatchDeleteMemoryRecords"),
    )
    actor_is = {"StringEquals": {"bedrock-agentcore:actorId": actor}}
    space_is = {"StringLike": {"bedrock-agentcore:namespace": f"{namespace}*"}}
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"bedrock-agentcore:{name}" for name in names],
            "Resource": arn,
            "Condition": condition,
        }
        for names, condition in ((own, actor_is), (records, space_is))
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def session(aws: Aws, role: str, tenant: str, user: str = USER) -> Api:
    tags = {"Tier": "basic", "ClinicId": tenant, "UserId": user}
    keys = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        RoleSessionName="session",
        Tags=[{"Key": k, "Value": v} for k, v in tags.items()],
    )["Credentials"]
    found = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return aws.acting_as(found).client("bedrock-agentcore")


def vending(aws: Aws, name: str, document: str) -> None:
    iam = aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(RoleName=name, PolicyName="memory", PolicyDocument=document)


@dataclass(frozen=True)
class World:
    """A memory with an event and a record of each of two namesakes."""

    memory: str
    tenant: Api
    operator: Api
    events: dict[str, str]
    records: dict[str, str]

    def actor(self, tenant: str) -> dict[str, str]:
        return {"memoryId": self.memory, "actorId": f"basic/{tenant}/{USER}"}

    def at(self, tenant: str) -> dict[str, str]:
        return {**self.actor(tenant), "sessionId": "s1"}

    def event(self, tenant: str) -> dict[str, str]:
        return {**self.at(tenant), "eventId": self.events[tenant]}

    def space(self, tenant: str) -> str:
        return f"clinic/basic/{tenant}/{USER}/"


@pytest.fixture(scope="module")
def world(aws: Aws) -> World:
    memory, api = new_memory(aws), aws.client("bedrock-agentcore")
    where = f"basic/{CLINIC}/{WHO}".replace("basic", TIER)
    vending(aws, "vending", policy(memory, where, f"clinic/{where}/"))
    events, records = {}, {}
    for tenant in (OWN, NEIGHBOUR):
        events[tenant] = say(api, memory, f"basic/{tenant}/{USER}", f"of {tenant}")["eventId"]
        records[tenant] = remember(api, memory, f"clinic/basic/{tenant}/{USER}/", f"of {tenant}")
    return World(memory, session(aws, "vending", OWN), api, events, records)


_RECORD = {"requestIdentifier": "r", "content": {"text": "x"}, "timestamp": AT}

CALLS: dict[str, Callable[[World, str], Any]] = {
    "CreateEvent": lambda w, t: w.tenant.create_event(
        **w.at(t), eventTimestamp=AT, payload=[{"blob": "x"}]
    ),
    "GetEvent": lambda w, t: w.tenant.get_event(**w.event(t)),
    "ListEvents": lambda w, t: w.tenant.list_events(**w.at(t)),
    "ListSessions": lambda w, t: w.tenant.list_sessions(**w.actor(t)),
    "ListMemoryRecords": lambda w, t: w.tenant.list_memory_records(
        memoryId=w.memory, namespace=w.space(t)
    ),
    "RetrieveMemoryRecords": lambda w, t: w.tenant.retrieve_memory_records(
        memoryId=w.memory, namespace=w.space(t), searchCriteria={"searchQuery": "of"}
    ),
    "GetMemoryRecord": lambda w, t: w.tenant.get_memory_record(
        memoryId=w.memory, memoryRecordId=w.records[t], namespace=w.space(t)
    ),
    "BatchCreateMemoryRecords": lambda w, t: w.tenant.batch_create_memory_records(
        memoryId=w.memory,
        records=[{**_RECORD, "namespaces": [w.space(one)]} for one in (OWN, t)],
    ),
    "BatchDeleteMemoryRecords": lambda w, t: w.tenant.batch_delete_memory_records(
        memoryId=w.memory,
        records=[{"memoryRecordId": "mem-" + "0" * 36, "namespace": w.space(x)} for x in (OWN, t)],
    ),
    "DeleteEvent": lambda w, t: w.tenant.delete_event(**w.event(t)),
    "DeleteMemoryRecord": lambda w, t: w.tenant.delete_memory_record(
        memoryId=w.memory, memoryRecordId=w.records[t], namespace=w.space(t)
    ),
}


@pytest.mark.parametrize("operation", CALLS)
def test_a_session_reaches_its_own_and_not_its_namesakes(world: World, operation: str) -> None:
    call = CALLS[operation]
    assert call(world, OWN)
    assert code(lambda: call(world, NEIGHBOUR)) == "AccessDeniedException"


NEVER: dict[str, Callable[[World], Any]] = {
    "ListActors knows no tenant": lambda w: w.tenant.list_actors(memoryId=w.memory),
    "a path is no namespace": lambda w: w.tenant.list_memory_records(
        memoryId=w.memory, namespacePath=w.space(OWN)
    ),
    "a path beside a namespace": lambda w: w.tenant.list_memory_records(
        memoryId=w.memory, namespace=w.space(OWN), namespacePath="clinic/"
    ),
    "a record without its namespace": lambda w: w.tenant.get_memory_record(
        memoryId=w.memory, memoryRecordId=w.records[NEIGHBOUR]
    ),
    "a namespace without the slash": lambda w: w.tenant.list_memory_records(
        memoryId=w.memory, namespace=w.space(OWN)[:-1]
    ),
    "a batch in which one record has no namespace": lambda w: w.tenant.batch_delete_memory_records(
        memoryId=w.memory,
        records=[
            {"memoryRecordId": w.records[OWN], "namespace": w.space(OWN)},
            {"memoryRecordId": w.records[NEIGHBOUR]},
        ],
    ),
    "an empty batch": lambda w: w.tenant.batch_delete_memory_records(memoryId=w.memory, records=[]),
}


@pytest.mark.parametrize("case", NEVER)
def test_what_no_tenant_may(world: World, case: str) -> None:
    assert code(lambda: NEVER[case](world)) == "AccessDeniedException"


def test_another_tenants_record_is_not_had_under_ones_own_namespace(world: World) -> None:
    """IAM allows the namespace; the record isn't there."""
    at = {"memoryId": world.memory, "memoryRecordId": world.records[NEIGHBOUR]}
    own = world.space(OWN)
    got = code(lambda: world.tenant.get_memory_record(**at, namespace=own))
    assert got == "ResourceNotFoundException"


@pytest.mark.parametrize(("joint", "reads"), [("-", True), ("/", False)])
def test_ids_joined_by_a_letter_of_their_parts_collide(
    aws: Aws, memory: str, joint: str, reads: bool
) -> None:
    """(`clinic`, `a-x`) and (`clinic-a`, `x`) are one actor id where `-` joins."""
    role = f"joined-{'dash' if joint == '-' else 'slash'}"
    template = joint.join((TIER, CLINIC, WHO))
    vending(aws, role, policy(memory, template, "unused/"))
    owner, other = session(aws, role, "clinic-a", "x"), session(aws, role, "clinic", "a-x")
    actor = joint.join(("basic", "clinic-a", "x"))
    say(owner, memory, actor, "secret")

    def attack() -> list[Any]:
        at = {"memoryId": memory, "actorId": actor, "sessionId": "s1"}
        return list(other.list_events(**at)["events"])

    if reads:
        assert [e["payload"][0]["conversational"]["content"]["text"] for e in attack()] == [
            "secret"
        ]
    else:
        assert code(attack) == "AccessDeniedException"


def test_memories_are_part_of_the_saved_state(api: Api, memory: str) -> None:
    """Writes mark the shard, reads don't."""
    cloud = opened()
    assert isinstance(cloud, Cloud)
    seen: list[str] = []
    before, cloud.changed = cloud.changed, lambda change: seen.append(change.operation)
    try:
        say(api, memory, "a")
        api.list_actors(memoryId=memory)
        api.retrieve_memory_records(
            memoryId=memory, namespace="n/", searchCriteria={"searchQuery": "x"}
        )
    finally:
        cloud.changed = before
    assert seen == ["CreateEvent"]
