"""A verification of memories: what is swept, what isn't there, whose refusal counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Outcome, Party
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Claim, Identity
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant
from tenantctl.probes import bind
from tenantctl.probes.memory import canaries
from tenantctl.probes.memory.collide import namesake, owner_of, user_of
from tenantctl.probes.memory.probes import probes
from tenantctl.probes.parties import user_id
from tenantctl.probes.probe import ControlBy, Plane
from tenantctl.probes.verify import Settings, verify

if TYPE_CHECKING:
    from tests.probes.conftest import Clinics

    from tenantctl.domain.pool import Pool

CLINIC_1 = Tenant("clinic-1", "basic")
ONE_WAY = Settings(actors=("clinic-1",), planes=frozenset({Plane.MEMORY}))


def test_what_a_killed_run_left_is_swept_and_real_data_is_not(clinics: Clinics) -> None:
    (memory,) = clinics.names.pool.data.memories
    user = user_id(CLINIC_1, clinics.names.pool.identity.user)
    spot = bind.memory_spot(memory, clinics.memory, CLINIC_1, user, Run("dead"))
    canaries.plant(clinics.aws, spot)
    assert len(clinics.canaries()) == 2
    api = clinics.aws.client("bedrock-agentcore")
    real: Any = {"memoryId": spot.id, "actorId": spot.actor, "sessionId": "ward-round"}
    said = api.create_event(**real, eventTimestamp="2026-03-01", payload=[])["event"]

    assert verify(clinics.aws, clinics.names, ONE_WAY).verdict is Outcome.ISOLATED

    left = api.list_events(**real)["events"]
    assert [event["eventId"] for event in left] == [said["eventId"]]
    api.delete_event(**real, eventId=said["eventId"])
    assert clinics.canaries() == []


def test_a_memory_that_is_not_there_is_not_tried_and_said_to_be(clinics: Clinics) -> None:
    pool = clinics.names.pool
    memories = tuple(replace(m, name="elsewhere") for m in pool.data.memories)
    names = Names(replace(pool, data=replace(pool.data, memories=memories)), clinics.names.account)

    report = verify(clinics.aws, names, ONE_WAY)

    assert report.findings == ()
    assert report.verdict is Outcome.INCONCLUSIVE
    assert "not tried, for want of them: the memories `elsewhere`" in report.assumptions


def test_memories_that_cannot_be_listed_are_inconclusive(clinics: Clinics) -> None:
    iam = clinics.aws.client("iam")
    user = clinics.aws.client("sts").get_caller_identity()["Arn"].rpartition("/")[2]
    statement = {
        "Effect": "Deny",
        "Action": "bedrock-agentcore:ListMemories",
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="taken", PolicyDocument=document)
    try:
        report = verify(clinics.aws, clinics.names, ONE_WAY)
    finally:
        iam.delete_user_policy(UserName=user, PolicyName="taken")

    found = [(f.rule, f.outcome) for f in report.findings]
    assert found == [("MEM-FIND", Outcome.INCONCLUSIVE)]


def test_no_refusal_counts_when_the_owner_is_refused_too(clinics: Clinics) -> None:
    clinics.deny("bedrock-agentcore:*")
    try:
        report = verify(clinics.aws, clinics.names, ONE_WAY)
    finally:
        clinics.allow_again()

    by_owner = {p.rule for p in probes(clinics.aws) if p.control is ControlBy.OWNER}
    not_known = {f.rule for f in report.findings if f.outcome is Outcome.INCONCLUSIVE}
    assert not_known == by_owner
    assert report.verdict is Outcome.INCONCLUSIVE


FREE = Identity(user=Claim("UserId", "sub", "[0-9a-z-]+"))

TENANTS = (CLINIC_1, Tenant("clinic", "basic"), Tenant("clinic-1-a", "premium"))


@pytest.fixture
def free(clinics: Clinics) -> Pool:
    """The pool with users that may hold hyphens."""
    return replace(clinics.names.pool, identity=FREE)


@pytest.mark.parametrize(
    ("template", "owner", "user", "other"),
    [
        ("{tier}-{tenant}-{user}", "clinic-1", "x", ("basic", "clinic", "1-x")),
        ("{tier}-{tenant}-{user}", "clinic", "1-x", ("basic", "clinic-1", "x")),
        ("{tier}-{tenant}-{user}", "ab-cd", "x", ("basic", "ab", "cd-x")),  # who is made up
        ("{user}-{tenant}", "cd", "x-ab", ("basic", "ab-cd", "x")),
        ("{tenant}-{user}", "clinic-1-b", "x", ("basic", "clinic", "1-b-x")),
        ("{tenant}-{user}", "ab", "c-x", ("basic", "ab-c", "x")),
        ("{tier}/{tenant}/{user}", "clinic-1", "x", None),
        ("{tier}-{tenant}/{user}", "clinic-1", "x", None),
        ("{tier}-{tenant}", "clinic-1", "x", None),
        ("{tier}-{tenant}-{user}", "ab", "x", None),
        # Only the tier's own tenants: `clinic-1-a` is premium, and its name says so.
        ("{tier}-{tenant}-{user}", "clinic-1", "a-x", ("basic", "clinic", "1-a-x")),
    ],
)
def test_who_else_is_spelt_alike(
    free: Pool, template: str, owner: str, user: str, other: tuple[str, str, str] | None
) -> None:
    layout = Template.parse(template)
    text = layout.fill(tier="basic", tenant=owner, user=user)

    found = namesake(free, layout, text, TENANTS, Tenant(owner, "basic"))

    assert found == (None if other is None else Party(*other))
    if found is not None:
        assert (
            layout.fill(tier=found.tier or "", tenant=found.tenant or "", user=found.user) == text
        )


def test_whose_a_name_may_be(free: Pool) -> None:
    layout = Template.parse("{tier}-{tenant}-{user}")

    assert owner_of(free, layout, "basic-clinic-1-x", TENANTS) == Tenant("clinic", "basic")
    assert owner_of(free, layout, "premium-clinic-1-x", TENANTS) is None
    assert owner_of(free, layout, "basic/clinic/x", TENANTS) is None
    assert user_of(free, layout, "basic-clinic-1-x", CLINIC_1) == "x"
    assert user_of(free, layout, "basic-clinic-1-x/notes/", CLINIC_1) == "x"
    assert user_of(free, layout, "basic-clinic-1", CLINIC_1) is None


def test_the_default_formats_leave_no_two_readings(clinics: Clinics) -> None:
    """A user's id of fixed length ends a name where no other tenant's could."""
    layout = Template.parse("{tier}-{tenant}-{user}")
    user = user_id(CLINIC_1, clinics.names.pool.identity.user)
    text = layout.fill(tier="basic", tenant="clinic-1", user=user)

    assert namesake(clinics.names.pool, layout, text, TENANTS, CLINIC_1) is None
