"""Onboarding against the embedded cloud: what it makes, that it stops, resumes and repeats."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tenantctl.aws import lookup, registry
from tenantctl.aws.session import Aws
from tenantctl.domain.finding import Finding, Outcome, Party, Report
from tenantctl.domain.manifest import load
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.domain.tenant import Tenant, User
from tenantctl.errors import ConflictError, ExitCode, TenantctlError, UsageError
from tenantctl.lifecycle import steps
from tenantctl.lifecycle.apply import Applied, Surroundings, apply, delivered
from tenantctl.lifecycle.observe import observe
from tenantctl.lifecycle.plan import Plan, plan
from tenantctl.lifecycle.wanted import ALL_FIELDS, Intake, Sources, one, several

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
Cloud = tuple[Aws, Names]
Canonical = Callable[[Aws, Names], dict[str, Any]]


def report(outcome: Outcome) -> Report:
    party = Party("basic", "clinic-1")
    return Report("local", (Finding("DDB-GET", "dynamodb", "", outcome, "", party, party),))


def isolated(_tenant: Tenant) -> Report:
    return report(Outcome.ISOLATED)


AROUND = Surroundings(lambda _tier: False, isolated)


@pytest.fixture
def clinic() -> Tenant:
    """A tenant that no other test has: they all share one cloud."""
    word = f"clinic-{secrets.token_hex(4)}"
    user = User(f"m.brandt@{word}.example", "Dr. Mara Brandt", "physician")
    return Tenant(word, "basic", name="Lindenhof", timezone="Europe/Berlin", users=(user,))


@pytest.fixture(scope="module")
def examples(cloud: Cloud) -> Intake:
    _, names = cloud
    sources = Sources(EXAMPLES / "items.jsonl", EXAMPLES / "documents")
    return several(names.pool, load(EXAMPLES / "clinics.yaml", names.pool), sources)


def planned(cloud: Cloud, intake: Intake) -> Plan:
    return plan(intake, observe(*cloud, intake))


def onboard(cloud: Cloud, intake: Intake, around: Surroundings = AROUND) -> Applied:
    applied = apply(planned(cloud, intake), *cloud, around)
    delivered(*cloud, applied.issued)
    return applied


def alone(cloud: Cloud, tenant: Tenant, given: frozenset[str] = ALL_FIELDS) -> Intake:
    return one(cloud[1].pool, tenant, Sources(), given)


def attributes(cloud: Cloud, email: str) -> Mapping[str, str]:
    aws, names = cloud
    pool_id = lookup.user_pool(aws, names).id
    answer = aws.client("cognito-idp").admin_get_user(UserPoolId=pool_id, Username=email)
    return {a["Name"]: a.get("Value", "") for a in answer["UserAttributes"]}


@pytest.fixture(scope="module")
def batch(cloud: Cloud, examples: Intake) -> Applied:
    """What onboarding the examples brought about."""
    return onboard(cloud, examples)


def test_a_batch_brings_all_of_its_tenants_users_items_and_documents(
    cloud: Cloud, canonical: Canonical, examples: Intake, batch: Applied
) -> None:
    assert batch.failure is None
    entries = [registry.known(*cloud, w.tenant.id) for w in examples.tenants]
    assert {e.status for e in entries} == {registry.Status.ACTIVE}
    assert all(not e.journal and not e.undelivered for e in entries)
    state = canonical(*cloud)
    lines = (EXAMPLES / "items.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(state["tables"]["patient-records"]) >= len(lines)
    stored = {key for key, _, _ in state["objects"]["clinic-documents"]}
    files = (EXAMPLES / "documents").rglob("*.txt")
    assert {p.relative_to(EXAMPLES / "documents").as_posix() for p in files} <= stored
    assert {f"{k}.metadata.json" for k in stored if k.endswith(".txt")} <= stored
    assert sorted(i.email for i in batch.issued) == sorted(
        u.email for w in examples.tenants for u in w.tenant.users
    )


@pytest.mark.usefixtures("batch")
def test_what_was_registered_is_read_back(cloud: Cloud, examples: Intake) -> None:
    for wanted in examples.tenants:
        tenant = registry.tenant(*cloud, wanted.tenant.id)
        assert all(u.sub for u in tenant.users)
        bare = tuple(replace(u, sub=None) for u in tenant.users)
        by_email = tuple(sorted(wanted.tenant.users, key=lambda u: u.email))
        assert replace(tenant, users=bare) == replace(
            wanted.tenant, users=by_email, attributes=dict(wanted.tenant.attributes)
        )


@pytest.mark.usefixtures("batch")
def test_running_it_again_changes_nothing(
    cloud: Cloud, canonical: Canonical, examples: Intake
) -> None:
    before = canonical(*cloud)
    again = planned(cloud, examples)
    assert again.steps == ()
    assert apply(again, *cloud, AROUND) == Applied()
    assert canonical(*cloud) == before


def test_a_plan_alone_changes_nothing(cloud: Cloud, canonical: Canonical, clinic: Tenant) -> None:
    before = canonical(*cloud)
    assert planned(cloud, alone(cloud, clinic)).steps
    assert canonical(*cloud) == before


def test_users_carry_the_claims_that_isolation_rests_on(cloud: Cloud, clinic: Tenant) -> None:
    applied = onboard(cloud, alone(cloud, clinic))
    values = attributes(cloud, clinic.users[0].email)
    assert values["custom:tenant_id"] == clinic.id
    assert values["custom:tier"] == "basic"
    assert values["custom:role"] == "physician"
    assert values["email_verified"] == "true"
    assert [repr(i) for i in applied.issued if i.password in repr(i)] == []


def test_only_what_is_missing_is_added(cloud: Cloud, clinic: Tenant) -> None:
    onboard(cloud, alone(cloud, clinic))
    more = replace(clinic, users=(*clinic.users, User(f"new@{clinic.id}.example", role="nurse")))
    assert [s.what for s in planned(cloud, alone(cloud, more)).steps] == [
        f"create the user new@{clinic.id}.example (nurse)"
    ]


def test_changed_seeds_are_replaced_and_nothing_else(
    cloud: Cloud, clinic: Tenant, tmp_path: Path
) -> None:
    items, documents = tmp_path / "items.jsonl", tmp_path / "documents"
    documents.mkdir()
    record = {"patient_id": "P1", "clinic_id": clinic.id, "weight": 70.5, "n": [1, {"a": None}]}
    other = {"patient_id": "P2", "clinic_id": clinic.id}
    items.write_text(f"{json.dumps(record)}\n{json.dumps(other)}\n", encoding="utf-8")
    (documents / "a.txt").write_text("one", encoding="utf-8")
    (documents / "b.txt").write_text("two", encoding="utf-8")
    sources = Sources(items, documents)
    onboard(cloud, one(cloud[1].pool, clinic, sources, ALL_FIELDS))
    items.write_text(f"{json.dumps(record | {'weight': 71})}\n{json.dumps(other)}\n")
    (documents / "a.txt").write_text("eins", encoding="utf-8")
    found = planned(cloud, one(cloud[1].pool, clinic, sources, ALL_FIELDS))
    assert [(s.change, s.what) for s in found.steps] == [
        (steps.Change.UPDATE, "replace 1 item"),
        (steps.Change.UPDATE, "replace 1 document"),
    ]
    onboard(cloud, found.intake)
    assert planned(cloud, found.intake).steps == ()


def test_hundreds_of_items_are_written_and_compared(
    cloud: Cloud, canonical: Canonical, clinic: Tenant, tmp_path: Path
) -> None:
    items = tmp_path / "items.jsonl"
    lines = (json.dumps({"patient_id": f"P{n}", "n": n / 4}) for n in range(333))
    items.write_text("\n".join(lines), encoding="utf-8")
    intake = one(cloud[1].pool, clinic, Sources(items), ALL_FIELDS)
    onboard(cloud, intake)
    records = canonical(*cloud)["tables"]["patient-records"]
    assert sum(clinic.id in str(record) for record in records) == 333
    assert planned(cloud, intake).steps == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tier": "premium"}, "its tier is `basic`, not `premium`"),
        ({"name": "Other"}, "its name is `Lindenhof`, not `Other`"),
        ({"timezone": "Asia/Tokyo"}, "its timezone is `Europe/Berlin`, not `Asia/Tokyo`"),
        ({"attributes": {"beds": 3}}, "its attributes differ"),
    ],
)
def test_a_tenant_that_exists_with_other_data_is_a_conflict(
    cloud: Cloud, canonical: Canonical, clinic: Tenant, change: dict[str, Any], message: str
) -> None:
    onboard(cloud, alone(cloud, clinic))
    before = canonical(*cloud)
    with pytest.raises(ConflictError) as caught:
        planned(cloud, alone(cloud, replace(clinic, **change)))
    assert message in caught.value.message
    assert canonical(*cloud) == before


def test_a_user_that_exists_with_another_role_is_a_conflict(cloud: Cloud, clinic: Tenant) -> None:
    onboard(cloud, alone(cloud, clinic))
    nurse = replace(clinic, users=(replace(clinic.users[0], role="nurse"),))
    with pytest.raises(ConflictError, match="another role: `physician`, not `nurse`"):
        planned(cloud, alone(cloud, nurse))


def test_fields_that_were_not_given_are_not_compared(cloud: Cloud, clinic: Tenant) -> None:
    onboard(cloud, alone(cloud, clinic))
    bare = Tenant(clinic.id, "basic", users=clinic.users)
    assert planned(cloud, alone(cloud, bare, frozenset())).steps == ()


def test_a_user_of_another_tenant_is_a_conflict(
    cloud: Cloud, clinic: Tenant, neighbour: Tenant
) -> None:
    onboard(cloud, alone(cloud, clinic))
    with pytest.raises(ConflictError, match=f"is a user of tenant `{clinic.id}` already"):
        planned(cloud, alone(cloud, replace(neighbour, users=clinic.users)))


def test_an_id_that_differs_only_in_case_is_a_conflict(cloud: Cloud, clinic: Tenant) -> None:
    aws, names = cloud
    onboard(cloud, alone(cloud, clinic))
    claim = replace(names.pool.identity.tenant, pattern="[A-Za-z0-9-]+")
    loose = replace(names.pool, identity=replace(names.pool.identity, tenant=claim))
    shouted = one(loose, replace(clinic, id=clinic.id.upper(), users=()), Sources(), ALL_FIELDS)
    with pytest.raises(
        ConflictError, match=f"differs from the existing `{clinic.id}` only in case"
    ):
        plan(shouted, observe(aws, Names(loose, names.account), shouted))


def test_two_runs_at_once_do_not_register_a_tenant_twice(cloud: Cloud, clinic: Tenant) -> None:
    first, second = (planned(cloud, alone(cloud, clinic)) for _ in range(2))
    assert apply(first, *cloud, AROUND).failure is None
    failure = apply(second, *cloud, AROUND).failure
    assert isinstance(failure, ConflictError)
    assert "registered by somebody else" in failure.message


@pytest.mark.parametrize(
    ("tenant", "message"),
    [
        (Tenant("clinic-1", "gold"), "gold"),
        (Tenant("Clinic 1", "basic"), "doesn't match the pattern"),
        (Tenant("admin", "basic"), "reserved word"),
        (Tenant("clinic-1", "basic", name="a\x1b[31mb"), "can't be shown"),
        (Tenant("clinic-1", "basic", timezone="Mars/Olympus"), "unknown time zone"),
        (Tenant("clinic-1", "basic", timezone="../../etc/passwd"), "unknown time zone"),
        (Tenant("clinic-1", "basic", users=(User("no address"),)), "no e-mail address"),
        (Tenant("clinic-1", "basic", timezone="localtime"), "unknown time zone"),
        (Tenant("clinic-1", "basic", users=(User("a@b.example\nx"),)), "no e-mail address"),
        (Tenant("clinic-1", "basic", users=(User("\u202emoc@b.example"),)), "can't be shown"),
        (Tenant("clinic-1", "basic", users=(User("a\u200bb@b.example"),)), "can't be shown"),
    ],
)
def test_bad_tenants_are_refused_before_any_call(pool: Pool, tenant: Tenant, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        one(pool, tenant, Sources(), ALL_FIELDS)
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_tenant_that_is_not_isolated_does_not_become_active(cloud: Cloud, clinic: Tenant) -> None:
    leaking = Surroundings(lambda _tier: False, lambda _tenant: report(Outcome.BREACH))
    applied = onboard(cloud, alone(cloud, clinic), leaking)
    assert [c.report.verdict for c in applied.checks] == [Outcome.BREACH]
    entry = registry.known(*cloud, clinic.id)
    assert entry.status is registry.Status.ONBOARDING
    assert entry.open_steps == ("activate",)
    again = planned(cloud, alone(cloud, clinic))
    assert [type(s) for s in again.steps] == [steps.Activate]
    onboard(cloud, again.intake)
    assert registry.known(*cloud, clinic.id).status is registry.Status.ACTIVE


def test_passwords_made_before_a_failure_are_handed_over(cloud: Cloud, clinic: Tenant) -> None:
    def failing(_tenant: Tenant) -> Report:
        raise TenantctlError("the agent role can't be assumed")

    applied = onboard(cloud, alone(cloud, clinic), Surroundings(lambda _tier: False, failing))
    assert applied.failure is not None
    assert [i.email for i in applied.issued] == [clinic.users[0].email]
    assert not [s for s in planned(cloud, alone(cloud, clinic)).steps if "password" in s.what]


def test_a_password_that_nobody_saw_is_replaced_by_the_next_run(
    cloud: Cloud, clinic: Tenant
) -> None:
    first = apply(planned(cloud, alone(cloud, clinic)), *cloud, AROUND)
    again = planned(cloud, alone(cloud, clinic))
    assert [type(s) for s in again.steps] == [steps.RenewPassword]
    second = apply(again, *cloud, AROUND)
    assert [i.email for i in second.issued] == [clinic.users[0].email]
    assert second.issued[0].password != first.issued[0].password
    delivered(*cloud, second.issued)
    assert planned(cloud, alone(cloud, clinic)).steps == ()
