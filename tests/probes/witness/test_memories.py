"""What a loosened memory policy breaches in the proof is seen to happen in the memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Finding, Live, Report
from tenantctl.domain.names import Names
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant
from tenantctl.pool.documents import vending_documents
from tenantctl.probes.ledger import swept_all
from tenantctl.probes.witness.ground import Ground
from tenantctl.probes.witness.witness import UntriedError

from .conftest import Loose

if TYPE_CHECKING:
    from tests.probes.conftest import Clinics

Breaches = Callable[[Report], list[Finding]]

EVENTS = {"CreateEvent", "GetEvent", "ListEvents", "DeleteEvent", "ListSessions"}
RECORDS = {"GetMemoryRecord", "DeleteMemoryRecord", "ListMemoryRecords", "RetrieveMemoryRecords"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCHES = {"BatchCreateMemoryRecords", "BatchUpdateMemoryRecords", "BatchDeleteMemoryRecords"}


def _named(actions: set[str]) -> set[str]:
    return {f"bedrock-agentcore:{action}" for action in actions}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            '"StringEquals": {"bedrock-agentcore:actorId": "${aws:PrincipalTag/Tier}/'
            '${aws:PrincipalTag/ClinicId}/${aws:PrincipalTag/UserId}"}',
            '"StringLike": {"bedrock-agentcore:actorId": "${aws:PrincipalTag/Tier}/'
            '${aws:PrincipalTag/ClinicId}*"}',
            EVENTS,
            id="an actor id matched as a prefix",
        ),
        pytest.param(
            "clinic/${aws:PrincipalTag/Tier}/${aws:PrincipalTag/ClinicId}/"
            "${aws:PrincipalTag/UserId}/*",
            "clinic/${aws:PrincipalTag/Tier}/${aws:PrincipalTag/ClinicId}*",
            RECORDS,
            id="a namespace matched as a prefix",
        ),
        pytest.param(
            '"bedrock-agentcore:namespace"',
            '"bedrock-agentcore:namespacePath"',
            set(),
            id="a path up to its last slash",
        ),
    ],
)
def test_a_changed_policy(
    loose: Loose, breaches: Breaches, old: str, new: str, expected: set[str]
) -> None:
    with loose.changing("memories", old, new):
        report = loose.tried()

    found = breaches(report)
    assert {f.action for f in found} == _named(expected)
    assert {f.live for f in found} <= {Live.CONFIRMED}, [f.message for f in found]
    for finding in found:
        assert "; confirmed live: " in finding.message
        assert {finding.actor.tenant, finding.owner.tenant}.isdisjoint({"clinic-1", "clinic-10"})


@pytest.mark.parametrize(
    ("actions", "condition"),
    [
        ({"ListActors"}, None),
        (BATCHES, {"StringLike": {"bedrock-agentcore:namespace": "clinic/basic/*"}}),
        (
            {"ListMemoryRecords", "RetrieveMemoryRecords"},
            {"StringLike": {"bedrock-agentcore:namespacePath": "clinic/*"}},
        ),
    ],
)
def test_a_further_grant(
    loose: Loose, breaches: Breaches, actions: set[str], condition: dict[str, Any] | None
) -> None:
    statement: dict[str, Any] = {
        "Action": sorted(_named(actions)),
        "Resource": loose.clinics.memory,
    }
    if condition is not None:
        statement["Condition"] = condition

    with loose.granting(statement):
        found = breaches(loose.tried())

    assert {f.action for f in found} == _named(actions)
    assert {f.live for f in found} == {Live.CONFIRMED}, [f.message for f in found]


def test_what_would_change_the_memory_is_not_tried(loose: Loose, breaches: Breaches) -> None:
    actions = {"DeleteMemory", "ListMemoryExtractionJobs"}
    more = {"Action": sorted(_named(actions)), "Resource": loose.clinics.memory}
    with loose.granting(more):
        found = breaches(loose.tried())

    assert {f.action for f in found} == _named(actions)
    assert {f.live for f in found} == {Live.UNTRIED}


def test_what_a_killed_run_left_in_a_memory_is_swept(loose: Loose) -> None:
    clinics = loose.clinics
    (memory,) = clinics.names.pool.data.memories
    made = Ground(clinics.aws, clinics.names, (), Run("dead"))
    made.events(memory, "basic/nobody-1/u1")
    made.records(memory, "clinic/basic/nobody-1/u1/")
    assert len(loose.left()) == 4  # an event, a record, and a note of each

    assert swept_all(clinics.aws, clinics.names) == []

    assert loose.left() == []


@pytest.mark.parametrize(
    ("actor", "namespace", "why"),
    [
        ("basic/clinic-1/u1", "clinic/basic/clinic-1/u1/", "is of the tenant `clinic-1`"),
        ("basic/nobody-1/u1", "clinic/basic/nobody-1/u1/", "holds data already"),
    ],
)
def test_places_of_somebody_are_left_alone(
    loose: Loose, actor: str, namespace: str, why: str
) -> None:
    clinics, api = loose.clinics, loose.clinics.aws.client("bedrock-agentcore")
    (memory,) = clinics.names.pool.data.memories
    at: Any = {"memoryId": clinics.memory.rpartition("/")[2]}
    event = api.create_event(
        **at, actorId="basic/nobody-1/u1", sessionId="s1", eventTimestamp=NOW, payload=[]
    )["event"]
    record: Any = {
        "requestIdentifier": "r1",
        "namespaces": ["clinic/basic/nobody-1/u1/summary/"],
        "content": {"text": "likes tea"},
        "timestamp": NOW,
    }
    made = api.batch_create_memory_records(**at, records=[record])["successfulRecords"][0]
    tenants = (Tenant("clinic-1", "basic"),)
    user = replace(clinics.names.pool.identity.user, pattern=None)
    pool = replace(clinics.names.pool, identity=replace(clinics.names.pool.identity, user=user))
    place = Ground(clinics.aws, Names(pool, clinics.names.account), tenants, Run("new"))

    with pytest.raises(UntriedError, match=why):
        place.events(memory, actor)
    with pytest.raises(UntriedError, match=why):
        place.records(memory, namespace)

    assert place.noted == []
    api.delete_event(**at, actorId="basic/nobody-1/u1", sessionId="s1", eventId=event["eventId"])
    api.delete_memory_record(**at, memoryRecordId=made["memoryRecordId"])


def test_actor_ids_that_collide_are_seen_to(clinics: Clinics, breaches: Breaches) -> None:
    """The proof makes up two tenants whose names meet; the one reads what the other has said."""
    pool = clinics.names.pool
    actor = Template.parse("{tier}-{tenant}-{user}")
    namespace = Template.parse("clinic/{tier}-{tenant}-{user}/")
    memories = tuple(replace(m, actor=actor, namespace=namespace) for m in pool.data.memories)
    user = replace(pool.identity.user, pattern="[a-z][a-z0-9-]{0,20}[a-z0-9]")
    broken = replace(
        pool,
        identity=replace(pool.identity, user=user),
        data=replace(pool.data, memories=memories),
    )
    other = Loose(replace(clinics, names=Names(broken, clinics.names.account)))
    iam, role = clinics.aws.client("iam"), pool.roles.vending

    def write(names: Names) -> None:
        document = json.dumps(vending_documents(names)["memories"])
        iam.put_role_policy(RoleName=role, PolicyName="memories", PolicyDocument=document)

    write(other.clinics.names)
    try:
        found = breaches(other.tried())
    finally:
        write(clinics.names)

    assert {f.action for f in found} == _named(EVENTS | RECORDS)
    assert {f.live for f in found} == {Live.CONFIRMED}, [f.message for f in found]
    assert all(f.actor.tenant != f.owner.tenant for f in found)
    assert other.left() == []
