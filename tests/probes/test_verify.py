"""A whole verification of a pool that isolates, and of what goes wrong around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Outcome
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Roles, Table
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import NotFoundError
from tenantctl.probes import bind, canaries, dynamodb, s3
from tenantctl.probes.pairs import Pair
from tenantctl.probes.probe import ControlBy, Plane, Probe
from tenantctl.probes.runner import Progress
from tenantctl.probes.verify import Settings, attack, quick_check, verify

if TYPE_CHECKING:
    from tests.probes.conftest import Clinics

    from tenantctl.domain.finding import Report

CLINIC_1, HOSPITAL = Tenant("clinic-1", "basic"), Tenant("hospital-1", "premium")
ONE_WAY = Settings(actors=("clinic-1",))
DATA = frozenset({Plane.DYNAMODB, Plane.S3})

EXTRA = {
    "DDB-REGISTRY", "DDB-UNSIGNED", "DDB-TAMPERED", "S3-ANONYMOUS-GET", "S3-ANONYMOUS-LIST",
    "STS-NO-TIER", "STS-NO-TENANT", "STS-NO-USER", "STS-NO-TAGS", "STS-EMPTY-TENANT",
    "STS-SLASH-TENANT", "STS-EXTRA-TAG", "STS-CALLER", "STS-RETAG", "STS-AGENT",
    "ID-CLAIMS", "ID-ALG-NONE", "ID-ALG-HS256", "ID-OTHER-KEY", "ID-OWN-JWK", "ID-ACCESS-TOKEN",
    "ID-KID-PATH", "ID-KID-SQL", "ID-JKU", "ID-X5U", "ID-OTHER-POOL", "ID-NOT-YET",
    "ID-CLAIM-TWICE", "ID-DISABLED",
    "ID-EXPIRED", "ID-AUDIENCE", "ID-ISSUER", "ID-TOKEN-USE",
    "COG-SELF-TENANT", "COG-SELF-TIER", "COG-SIGN-UP",
    "KB-RETRIEVE-ALL", "KB-RETRIEVE-OTHER", "KB-RETRIEVE-EITHER", "KB-RETRIEVE-NOT-OWN",
    "KB-RETRIEVE-STEM", "KB-METADATA",
    "GW-CLAIMS", "GW-ALG-NONE", "GW-ALG-HS256", "GW-OTHER-KEY", "GW-OWN-JWK", "GW-KID-PATH",
    "GW-KID-SQL", "GW-ACCESS-TOKEN", "GW-AUDIENCE", "GW-JKU", "GW-X5U", "GW-NO-TOKEN",
    "GW-TOKEN-IN-QUERY", "GW-TIER", "GW-ENGINE",
    "MEM-GET-EVENT", "MEM-LIST-EVENTS", "MEM-LIST-SESSIONS", "MEM-CREATE-EVENT", "MEM-LIST-ACTORS",
    "MEM-DELETE-EVENT", "MEM-GET-RECORD", "MEM-GET-RECORD-AS-OWN", "MEM-GET-RECORD-BARE",
    "MEM-LIST-RECORDS", "MEM-RETRIEVE", "MEM-LIST-PATH", "MEM-RETRIEVE-PATH", "MEM-LIST-STEM",
    "MEM-LIST-PARENT", "MEM-DELETE-RECORD",
}  # fmt: skip


def rules(wanted: Callable[[Probe[Any]], bool]) -> set[str]:
    """The rules of the tables' and buckets' probes of a kind."""
    probes: tuple[Probe[Any], ...] = (*dynamodb.PROBES, *s3.PROBES)
    return {p.rule for p in probes if wanted(p)}


@dataclass
class Whole:
    """A complete run, with what its watcher saw."""

    report: Report
    total: int
    seen: list[str]


@pytest.fixture(scope="module")
def whole(clinics: Clinics) -> Whole:
    seen: list[str] = []
    totals: list[int] = []

    @contextmanager
    def watch(total: int) -> Iterator[Progress]:
        totals.append(total)
        yield seen.append

    report = verify(clinics.aws, clinics.names, Settings(check=clinics.check, watch=watch))
    return Whole(report, sum(totals), seen)


def test_a_sound_pool_is_isolated_by_every_probe(whole: Whole) -> None:
    report = whole.report

    assert report.verdict is Outcome.ISOLATED
    assert {f.rule for f in report.findings} == rules(lambda _: True) | EXTRA


def test_namesakes_and_both_tiers_attack_each_other(whole: Whole) -> None:
    pairs = {(f.actor.tenant, f.owner.tenant) for f in whole.report.findings}

    real = {"clinic-1", "clinic-10", "hospital-1"}
    assert {(a, o) for a in real for o in real if a != o} <= pairs
    assert ("hospital-1", "tenantctl-phantom-1") in pairs


def test_progress_is_told_of_every_step(whole: Whole) -> None:
    assert whole.total == len(whole.seen)


def test_the_trusted_base_and_what_was_tried_are_said(whole: Whole) -> None:
    said = "\n".join(whole.report.assumptions)

    assert "`bedrock-agentcore.amazonaws.com`" in said
    assert "clinic-1 -> clinic-10" in said
    assert "`[a-z0-9][a-z0-9-]{0,61}[a-z0-9]`" in said
    assert "no other roles that a session may assume" in said


def test_jobs_change_nothing_but_the_pace(clinics: Clinics) -> None:
    several, one = (
        verify(clinics.aws, clinics.names, replace(ONE_WAY, planes=DATA, jobs=jobs))
        for jobs in (8, 1)
    )

    assert [(f.rule, f.outcome, f.owner) for f in several.findings] == [
        (f.rule, f.outcome, f.owner) for f in one.findings
    ]


def test_no_canary_is_left(whole: Whole, clinics: Clinics) -> None:
    assert whole.seen
    assert clinics.canaries() == []


def test_what_a_killed_run_left_is_swept_by_the_next(clinics: Clinics) -> None:
    spot = bind.item_spot(clinics.names, clinics.names.pool.data.tables[0], CLINIC_1, Run("dead"))
    there = bind.object_spot(
        clinics.names, clinics.names.pool.data.buckets[0], CLINIC_1, Run("dead")
    )
    canaries.plant_items(clinics.aws, [spot])
    canaries.plant_object(clinics.aws, there)
    key = there.key("multipart")
    clinics.aws.client("s3").create_multipart_upload(Bucket="clinic-documents", Key=key)
    assert len(clinics.canaries()) == 4

    assert quick_check(clinics.aws, clinics.names, CLINIC_1).verdict is Outcome.ISOLATED

    assert clinics.canaries() == []


def test_an_interrupted_run_leaves_nothing(clinics: Clinics) -> None:
    @contextmanager
    def watch(_: int) -> Iterator[Progress]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        verify(clinics.aws, clinics.names, Settings(check=clinics.check, watch=watch))

    assert clinics.canaries() == []


def test_real_data_is_untouched(clinics: Clinics) -> None:
    item = {"tenant_id": {"S": "clinic-10"}, "item_id": {"S": "patient-7"}, "n": {"S": "x"}}
    clinics.aws.client("dynamodb").put_item(TableName="patient-records", Item=item)

    verify(clinics.aws, clinics.names, replace(ONE_WAY, planes=frozenset({Plane.DYNAMODB})))

    found = clinics.aws.client("dynamodb").scan(TableName="patient-records")["Items"]
    assert found == [item]
    clinics.aws.client("dynamodb").delete_item(
        TableName="patient-records", Key={k: item[k] for k in ("tenant_id", "item_id")}
    )


def test_no_refusal_counts_when_the_owner_is_refused_too(clinics: Clinics) -> None:
    clinics.deny("dynamodb:*", "s3:*")
    try:
        report = verify(clinics.aws, clinics.names, replace(ONE_WAY, planes=DATA))
    finally:
        clinics.allow_again()

    by_owner = rules(lambda p: p.control is ControlBy.OWNER) | {
        "DDB-UNSIGNED",
        "DDB-TAMPERED",
        "S3-ANONYMOUS-GET",
        "S3-ANONYMOUS-LIST",
    }
    not_known = {f.rule for f in report.findings if f.outcome is Outcome.INCONCLUSIVE}
    fine = {f.rule for f in report.findings if f.outcome is Outcome.ISOLATED}
    assert not_known == by_owner
    assert not fine & by_owner
    assert report.verdict is Outcome.INCONCLUSIVE


def test_a_refusal_of_mixed_calls_counts_only_when_the_actors_own_part_succeeds(
    clinics: Clinics,
) -> None:
    clinics.deny("dynamodb:*", "s3:*", of="clinic-1")
    try:
        report = verify(clinics.aws, clinics.names, replace(ONE_WAY, planes=DATA))
    finally:
        clinics.allow_again()

    mixed = rules(lambda p: p.mixed)
    assert {f.rule for f in report.findings if f.outcome is Outcome.INCONCLUSIVE} == mixed


def test_no_refusal_counts_when_the_operator_who_controls_is_refused(clinics: Clinics) -> None:
    iam = clinics.aws.client("iam")
    user = clinics.aws.client("sts").get_caller_identity()["Arn"].rpartition("/")[2]
    taken = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["dynamodb:Scan", '
        '"s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:DeleteObjectVersion"], '
        '"Resource": ["arn:aws:dynamodb:*:*:table/patient-records*", "arn:aws:s3:::*"]}, '
        '{"Effect": "Deny", "Action": "dynamodb:GetItem", "Resource": "*"}]}'
    )
    iam.put_user_policy(UserName=user, PolicyName="taken", PolicyDocument=taken)
    try:
        report = verify(clinics.aws, clinics.names, replace(ONE_WAY, planes=DATA))
    finally:
        iam.delete_user_policy(UserName=user, PolicyName="taken")

    by_operator = rules(lambda p: p.control is ControlBy.OPERATOR) | {"DDB-REGISTRY"}
    assert {f.rule for f in report.findings if f.outcome is Outcome.INCONCLUSIVE} == by_operator
    assert any("left behind" in said for said in report.assumptions)
    verify(clinics.aws, clinics.names, replace(ONE_WAY, planes=DATA, rules=("S3-GET",)))
    assert clinics.canaries() == []


def test_without_sessions_nothing_is_known(clinics: Clinics) -> None:
    clinics.aws.client("iam").put_role_policy(
        RoleName=clinics.names.pool.roles.agent,
        PolicyName="taken",
        PolicyDocument='{"Version": "2012-10-17", "Statement": '
        '[{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]}',
    )
    try:
        report = verify(clinics.aws, clinics.names, replace(ONE_WAY, planes=DATA))
    finally:
        clinics.aws.client("iam").delete_role_policy(
            RoleName=clinics.names.pool.roles.agent, PolicyName="taken"
        )

    assert {f.outcome for f in report.findings} == {Outcome.INCONCLUSIVE}
    assert {f.rule for f in report.findings} == {"STS-VEND"}


def test_an_agent_role_that_cannot_be_assumed_is_inconclusive_with_a_hint(
    clinics: Clinics,
) -> None:
    roles = Roles("no-such-role", "clinic-agent-tvm")
    names = Names(replace(clinics.names.pool, roles=roles), clinics.names.account)

    report = verify(clinics.aws, names, ONE_WAY)

    (finding,) = report.findings
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "roles.operators" in finding.message


def test_a_missing_table_is_inconclusive_and_the_rest_goes_on(clinics: Clinics) -> None:
    pool = clinics.names.pool
    table = Table("no-such-table", "tenant_id", pool.data.tables[0].value)
    names = Names(replace(pool, data=replace(pool.data, tables=(table,))), clinics.names.account)

    report = verify(clinics.aws, names, replace(ONE_WAY, planes=DATA))

    not_known = [f.rule for f in report.findings if f.outcome is Outcome.INCONCLUSIVE]
    assert not_known == ["DDB-CANARY"]
    assert {f.rule for f in report.findings} >= {p.rule for p in s3.PROBES}
    assert report.verdict is Outcome.INCONCLUSIVE


def test_a_missing_user_pool_is_inconclusive(clinics: Clinics) -> None:
    names = Names(replace(clinics.names.pool, name="other"), clinics.names.account)
    pair = Pair(CLINIC_1, HOSPITAL)

    report = attack(
        clinics.aws,
        names,
        [pair],
        Settings(planes=frozenset({Plane.IDENTITY}), check=clinics.check),
        tenants=2,
    )

    assert [(f.rule, f.outcome) for f in report.findings] == [("ID-CANARY", Outcome.INCONCLUSIVE)]


def test_an_actor_that_is_no_tenant_is_named_with_near_misses(clinics: Clinics) -> None:
    with pytest.raises(NotFoundError) as error:
        verify(clinics.aws, clinics.names, Settings(actors=("clinic-11",)))

    assert "clinic-1" in (error.value.hint or "")
