"""What isn't confirmed is said to be so, what could do harm isn't tried, and nothing is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.aws.session import Credentials
from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Finding, Live, Outcome, Report
from tenantctl.domain.tenant import Tenant
from tenantctl.probes.verify import Settings, verify
from tenantctl.probes.witness.carry_out import NO_MORE, carried_out, proved_and_tried
from tenantctl.probes.witness.ground import Ground, ground
from tenantctl.probes.witness.witness import UntriedError
from tenantctl.proof.prove import prove
from tenantctl.report.json import document
from tenantctl.report.matrix import explanation

if TYPE_CHECKING:
    from tests.probes.conftest import Clinics
    from tests.probes.witness.conftest import Loose

Breaches = Callable[[Report], list[Finding]]

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/patient-records"
BUCKET = "arn:aws:s3:::clinic-documents"
READ = {"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
GET = {"Action": "dynamodb:GetItem", "Resource": TABLE}


def test_what_the_cloud_refuses_is_not_reproduced_and_stays_a_breach(
    loose: Loose, breaches: Breaches
) -> None:
    """The documents are those of before the policy was mended."""
    with loose.granting(READ, GET):
        before = loose.documents

    report = loose.tried(before)

    found = breaches(report)
    assert {(f.action, f.live) for f in found} == {
        ("s3:GetObject", Live.REFUSED),
        ("dynamodb:GetItem", Live.REFUSED),
    }
    for finding in found:
        assert "; not reproduced live: `clinic-a` (basic) could not read an " in finding.message
        assert "answered AccessDenied" in finding.message
    assert report.verdict is Outcome.BREACH
    assert NO_MORE in report.assumptions


def test_a_refusal_counts_for_nothing_when_the_owner_is_refused_too(
    loose: Loose, breaches: Breaches
) -> None:
    with loose.granting(READ):
        before = loose.documents
    loose.clinics.deny("s3:GetObject")
    try:
        (found,) = breaches(loose.tried(before))
    finally:
        loose.clinics.allow_again()

    assert found.live is Live.UNCLEAR
    assert "the positive control by the owner failed too" in found.message


def test_a_session_that_the_deployed_trust_refuses(loose: Loose, breaches: Breaches) -> None:
    nobody = READ | {"Condition": {"Null": {"aws:PrincipalTag/UserId": "true"}}}
    with (
        loose.granting(nobody),
        loose.changing("trust", ', "aws:RequestTag/UserId": "?*"', ""),
    ):
        before = loose.documents

    (found,) = breaches(loose.tried(before))

    assert found.live is Live.REFUSED
    assert "not reproduced live: vending a session with ClinicId=clinic-a, Tier=basic: " in (
        found.message
    )


def test_a_condition_key_that_no_call_has_is_named(loose: Loose, breaches: Breaches) -> None:
    with loose.granting(READ | {"Condition": {"StringEquals": {"aws:Referer": "portal"}}}):
        (found,) = breaches(loose.tried())

    assert found.live is Live.REFUSED
    assert found.message.endswith(", without `aws:referer`")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutBucketPolicy", BUCKET),
        ("s3:PutLifecycleConfiguration", BUCKET),
        ("s3:PutObjectLegalHold", f"{BUCKET}/*"),
        ("dynamodb:DeleteTable", TABLE),
        ("dynamodb:ExportTableToPointInTime", TABLE),
        ("dynamodb:RestoreTableFromBackup", f"{TABLE}/backup/*"),
        ("dynamodb:PutResourcePolicy", TABLE),
        ("dynamodb:GetItem", f"{TABLE[:-15]}clinic-agent-registry"),
        ("iam:PutRolePolicy", "*"),
    ],
)
def test_what_could_do_harm_is_never_tried(
    loose: Loose, breaches: Breaches, action: str, resource: str
) -> None:
    with loose.granting({"Action": action, "Resource": resource}):
        (found, *_) = breaches(loose.tried())

    assert (found.action, found.live) == (action, Live.UNTRIED)
    assert f"not tried live: nothing here carries out `{action}`" in found.message or (
        action == "iam:PutRolePolicy"
    )


def test_someone_elses_name_is_not_tried(loose: Loose, breaches: Breaches) -> None:
    """Were every name taken, the witness would still be shown, and left alone."""
    names, aws = loose.clinics.names, loose.clinics.aws
    with loose.granting(READ):
        proved = prove(names, loose.documents)
        everybody = tuple(Tenant(f.actor.tenant or "", "basic") for f in breaches(proved))
        (found,) = breaches(carried_out(aws, names, proved, everybody))

    assert (found.live, found.actor.tenant) == (Live.UNTRIED, "clinic-1")
    assert found.message.endswith("not tried live: `clinic-1` is a tenant of this pool")


@pytest.mark.parametrize("taken", [{"clinic-a"}, {"clinic-b"}, {"clinic-a", "clinic-1", "clinic"}])
def test_witnesses_are_of_nobody_where_they_can_be(
    loose: Loose, breaches: Breaches, taken: set[str]
) -> None:
    with loose.granting(READ, GET):
        found = breaches(prove(loose.clinics.names, loose.documents, taken=frozenset(taken)))

    assert len(found) == 2
    assert not {f.actor.tenant for f in found} & taken
    assert not {f.owner.tenant for f in found} & taken


def test_a_format_that_only_real_tenants_have_still_yields_a_witness(loose: Loose) -> None:
    pool = loose.clinics.names.pool
    claim = replace(pool.identity.tenant, pattern="clinic-10?")
    narrow = replace(
        loose.clinics.names,
        pool=replace(pool, identity=replace(pool.identity, tenant=claim)),
    )
    with loose.granting(GET):
        documents = loose.documents
        report = proved_and_tried(
            loose.clinics.aws, narrow, lambda taken: prove(narrow, documents, taken=taken)
        )

    (found,) = [f for f in report.findings if f.outcome is Outcome.BREACH]
    assert found.live is Live.UNTRIED
    assert "is a tenant of this pool" in found.message


def test_data_of_nobody_known_is_left_alone(loose: Loose, breaches: Breaches) -> None:
    s3, db = loose.clinics.aws.client("s3"), loose.clinics.aws.client("dynamodb")
    key = {"tenant_id": {"S": "clinic-b"}, "item_id": {"S": "1"}}
    put = s3.put_object(Bucket="clinic-documents", Key="basic-tier/clinic-b/scan.pdf", Body=b"x")
    db.put_item(TableName="patient-records", Item=key)
    try:
        with loose.granting(READ, GET):
            found = breaches(loose.tried())
        assert "Item" in db.get_item(TableName="patient-records", Key=key)
        listed = s3.list_object_versions(Bucket="clinic-documents", Prefix="basic-tier/clinic-b/")
    finally:
        db.delete_item(TableName="patient-records", Key=key)
        s3.delete_object(
            Bucket="clinic-documents",
            Key="basic-tier/clinic-b/scan.pdf",
            VersionId=put["VersionId"],
        )

    assert {f.live for f in found} == {Live.UNTRIED}
    assert all("holds data already" in f.message for f in found)
    assert [v["VersionId"] for v in listed["Versions"]] == [put["VersionId"]]


def test_places_of_tenants_are_refused_by_place_too(clinics: Clinics) -> None:
    (table,), (bucket,) = clinics.names.pool.data.tables, clinics.names.pool.data.buckets
    made = Ground(clinics.aws, clinics.names, (Tenant("clinic-1", "basic"),), Run("0000"))
    with pytest.raises(UntriedError, match="of the tenant `clinic-1`"):
        made.items(table, "clinic-1")
    for prefix in ("basic-tier/", "basic-tier/clinic-1", "basic-tier/clinic-1/x/"):
        with pytest.raises(UntriedError, match="of the tenant `clinic-1`"):
            made.objects(bucket, prefix, "")
    assert made.noted == []


@pytest.mark.parametrize("next_run", ["proof", "live"])
def test_a_killed_run_leaves_nothing_that_the_next_does_not_sweep(
    loose: Loose, next_run: str
) -> None:
    clinics = loose.clinics
    (table,), (bucket,) = clinics.names.pool.data.tables, clinics.names.pool.data.buckets
    killed = Ground(clinics.aws, clinics.names, (), Run("dead"))
    killed.items(table, "nobody-7")
    killed.objects(bucket, "basic-tier/nobody-7/", "/x.pdf")
    assert len(loose.left()) == 5

    if next_run == "proof":
        with loose.granting(GET):
            loose.tried()
    else:
        verify(clinics.aws, clinics.names, Settings(actors=("clinic-1",), rules=("DDB-GET",)))

    assert loose.left() == []


def test_an_interrupted_run_sweeps_on_its_way_out(loose: Loose) -> None:
    clinics = loose.clinics
    (table,) = clinics.names.pool.data.tables

    def interrupted() -> None:
        with ground(clinics.aws, clinics.names, (), Run("beef")) as place:
            place.items(table, "nobody-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert loose.left() == []


def test_without_the_registry_nobody_knows_whose_it_is(loose: Loose, breaches: Breaches) -> None:
    """An auditor who reads policies, and no data."""
    iam = loose.clinics.aws.client("iam")
    iam.create_user(UserName="auditor")
    allowed: dict[str, Any] = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    iam.put_user_policy(
        UserName="auditor",
        PolicyName="read",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    auditor = loose.clinics.aws.acting_as(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    names = loose.clinics.names
    with loose.granting(READ):
        documents = loose.documents
        report = proved_and_tried(
            auditor, names, lambda taken: prove(names, documents, taken=taken)
        )

    (found,) = breaches(report)
    assert found.live is Live.UNTRIED
    assert "not tried live: whose data it might be isn't known: reading the registry" in (
        found.message
    )


@pytest.mark.parametrize("broken", [True, False])
def test_reports_say_what_came_of_witnesses_and_only_of_them(
    loose: Loose, breaches: Breaches, broken: bool
) -> None:
    with loose.granting(READ, GET) if broken else nullcontext():
        report = loose.tried()

    written = document(report)["findings"]
    assert {f.get("live") for f in written if f["outcome"] == "breach"} == (
        {"confirmed"} if broken else set()
    )
    assert not any("live" in f for f in written if f["outcome"] != "breach")
    told = "witnesses carried out: 2 confirmed" in explanation(report)
    assert told is broken
    assert bool(breaches(report)) is broken
