"""The pool on the embedded cloud: made once, repaired after any drift, finished after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.aws import lookup
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Bucket, Data, Identity, Index, Table
from tenantctl.domain.template import Template
from tenantctl.errors import ConflictError, PolicyInvalidError, UsageError
from tenantctl.pool import describe, teardown
from tenantctl.pool.documents import agent_trust
from tenantctl.pool.plan import apply, observe, plan, run
from tenantctl.pool.step import Change, Health

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

Named = Callable[..., Names]
Drift = Callable[["Aws", Names], None]


def state(aws: Aws, names: Names) -> dict[str, Health]:
    return {part.resource: part.health for part in plan(aws, names).parts}


def test_a_plan_changes_nothing(aws: Aws, names: Names) -> None:
    before = plan(aws, names)
    assert set(state(aws, names).values()) == {Health.MISSING}
    assert plan(aws, names).steps == before.steps


def test_a_second_apply_has_nothing_to_do(aws: Aws, names: Names) -> None:
    assert apply(plan(aws, names), aws) > 0
    again = plan(aws, names)
    assert again.steps == ()
    assert {part.health for part in again.parts} == {Health.OK}


def test_a_run_cut_short_after_any_step_is_finished_by_another(aws: Aws, names: Names) -> None:
    total = len(plan(aws, names).steps)
    for _ in range(total):
        # One step of a fresh plan each time: the state after a kill at every step in turn.
        run(plan(aws, names).steps[:1], aws)
    assert plan(aws, names).steps == ()
    assert len(aws.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]) == 1


def test_a_step_that_runs_twice_changes_nothing(aws: Aws, names: Names) -> None:
    # A kill after the call and before its answer: the step runs once more from the old plan.
    for step in plan(aws, names).steps:
        step.run(aws)
        step.run(aws)
    assert plan(aws, names).steps == ()
    user_pool = lookup.user_pool(aws, names)
    clients = aws.client("cognito-idp").list_user_pool_clients(UserPoolId=user_pool.id)
    assert len(clients["UserPoolClients"]) == 1


def put_policy(role: str, name: str, statement: dict[str, Any]) -> Drift:
    def drift(aws: Aws, names: Names) -> None:
        document = {"Version": "2012-10-17", "Statement": [statement]}
        aws.client("iam").put_role_policy(
            RoleName=getattr(names.pool.roles, role),
            PolicyName=name,
            PolicyDocument=json.dumps(document),
        )

    return drift


def trust_everybody(aws: Aws, names: Names) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    aws.client("iam").update_assume_role_policy(
        RoleName=names.pool.roles.vending,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def attach(aws: Aws, names: Names) -> None:
    allow = {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*"}
    made = aws.client("iam").create_policy(
        PolicyName="wide",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    aws.client("iam").attach_role_policy(
        RoleName=names.pool.roles.vending, PolicyArn=made["Policy"]["Arn"]
    )


def drop_policy(aws: Aws, names: Names) -> None:
    aws.client("iam").delete_role_policy(RoleName=names.pool.roles.vending, PolicyName="tables")


def unblock(aws: Aws, _names: Names) -> None:
    aws.client("s3").delete_public_access_block(Bucket="clinic-documents")


def half_unblock(aws: Aws, _names: Names) -> None:
    aws.client("s3").put_public_access_block(
        Bucket="clinic-documents",
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": False,
        },
    )


def suspend_versions(aws: Aws, _names: Names) -> None:
    aws.client("s3").put_bucket_versioning(
        Bucket="clinic-documents", VersioningConfiguration={"Status": "Suspended"}
    )


def open_bucket(aws: Aws, _names: Names) -> None:
    allow = {
        "Sid": "Open",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::clinic-documents/*",
    }
    aws.client("s3").put_bucket_policy(
        Bucket="clinic-documents",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )


def drop_bucket_policy(aws: Aws, _names: Names) -> None:
    aws.client("s3").delete_bucket_policy(Bucket="clinic-documents")


def drop_encryption(aws: Aws, _names: Names) -> None:
    aws.client("s3").delete_bucket_encryption(Bucket="clinic-documents")


def drop_ownership(aws: Aws, _names: Names) -> None:
    aws.client("s3").delete_bucket_ownership_controls(Bucket="clinic-documents")


def no_recovery(aws: Aws, _names: Names) -> None:
    aws.client("dynamodb").update_continuous_backups(
        TableName="patient-records",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )


def unprotect(aws: Aws, _names: Names) -> None:
    aws.client("dynamodb").update_table(
        TableName="patient-records", DeletionProtectionEnabled=False
    )


def drop_index(aws: Aws, _names: Names) -> None:
    aws.client("dynamodb").update_table(
        TableName="patient-records",
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-visit"}}],
    )


def provisioned(aws: Aws, _names: Names) -> None:
    aws.client("dynamodb").update_table(
        TableName="patient-records",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )


def let_clients_write_tenants(aws: Aws, names: Names) -> None:
    found = lookup.user_pool(aws, names)
    aws.client("cognito-idp").update_user_pool_client(
        UserPoolId=found.id,
        ClientId=found.client_id,
        WriteAttributes=["name", "custom:tenant_id", "custom:tier"],
    )


def let_anybody_sign_up(aws: Aws, names: Names) -> None:
    aws.client("cognito-idp").update_user_pool(
        UserPoolId=lookup.user_pool(aws, names).id,
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": False},
        UserPoolTags=names.tags,
    )


def weaken_passwords(aws: Aws, names: Names) -> None:
    aws.client("cognito-idp").update_user_pool(
        UserPoolId=lookup.user_pool(aws, names).id,
        Policies={"PasswordPolicy": {"MinimumLength": 6}},
        UserPoolTags=names.tags,
    )


def drop_client(aws: Aws, names: Names) -> None:
    found = lookup.user_pool(aws, names)
    aws.client("cognito-idp").delete_user_pool_client(UserPoolId=found.id, ClientId=found.client_id)


SCAN = {"Sid": "S", "Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*"}
VENDING = "role `clinic-agent-tvm`"
TABLE = "table `patient-records`"
BUCKET = "bucket `clinic-documents`"
USERS = "user pool `clinic-agent-users`"
CLIENT = "app client `clinic-agent-app`"

DRIFTS: tuple[tuple[Drift, str, str], ...] = (
    (put_policy("vending", "tables", SCAN), VENDING, "policy tables"),
    (put_policy("vending", "extra", SCAN), VENDING, "policy extra"),
    (put_policy("agent", "extra", SCAN), "role `clinic-agent-agent`", "policy extra"),
    (trust_everybody, VENDING, "trust"),
    (attach, VENDING, "attached policy"),
    (drop_policy, VENDING, "policy tables"),
    (unblock, BUCKET, "public access block"),
    (half_unblock, BUCKET, "public access block.BlockPublicPolicy"),
    (suspend_versions, BUCKET, "versioning"),
    (open_bucket, BUCKET, "policy"),
    (drop_bucket_policy, BUCKET, "policy"),
    (drop_encryption, BUCKET, "encryption"),
    (drop_ownership, BUCKET, "ownership"),
    (no_recovery, TABLE, "point-in-time recovery"),
    (unprotect, TABLE, "deletion protection"),
    (drop_index, TABLE, "index by-visit"),
    (provisioned, TABLE, "billing"),
    (let_clients_write_tenants, CLIENT, "WriteAttributes"),
    (let_anybody_sign_up, USERS, "AdminCreateUserConfig"),
    (weaken_passwords, USERS, "Policies.PasswordPolicy.MinimumLength"),
)


def test_every_drift_is_seen_alone_and_repaired(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    for drift, resource, field in DRIFTS:
        what = f"{getattr(drift, '__name__', drift)}: {field}"
        drift(aws, names)
        drifted = plan(aws, names)
        assert {step.resource for step in drifted.steps} == {resource}, what
        assert {step.change for step in drifted.steps} == {Change.UPDATE}, what
        changed = [f.name for step in drifted.steps for f in step.fields]
        assert any(name.startswith(field) for name in changed), what
        assert any(field in line for line in describe.lines(drifted.steps)), what
        apply(drifted, aws)
        assert plan(aws, names).steps == (), what


def test_a_deleted_part_is_made_again(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    drop_client(aws, names)
    again = plan(aws, names)
    # Gateways and runtimes let in whom the client signs in, so they follow.
    assert [(step.change, step.resource) for step in again.steps] == [
        (Change.CREATE, CLIENT),
        *((Change.UPDATE, f"gateway `{names.gateway(tier)}`") for tier in names.pool.tiers),
        *((Change.UPDATE, f"runtime `{names.runtime(tier)}`") for tier in names.pool.tiers),
    ]
    apply(again, aws)
    assert plan(aws, names).steps == ()


def test_an_attribute_that_is_missing_is_added_and_the_tenant_one_immutable(
    aws: Aws, names: Names
) -> None:
    aws.client("cognito-idp").create_user_pool(
        PoolName=names.user_pool,
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        UserPoolTags=names.tags,
    )
    apply(plan(aws, names), aws)
    assert plan(aws, names).steps == ()
    found = lookup.user_pool(aws, names)
    described = aws.client("cognito-idp").describe_user_pool(UserPoolId=found.id)["UserPool"]
    mutable = {a["Name"]: a["Mutable"] for a in described["SchemaAttributes"]}
    assert mutable["custom:tenant_id"] is False
    assert mutable["custom:tier"] is True


def mutable_tenant(aws: Aws, names: Names) -> None:
    aws.client("cognito-idp").create_user_pool(
        PoolName=names.user_pool,
        UsernameAttributes=["email"],
        Schema=[{"Name": "tenant_id", "AttributeDataType": "String", "Mutable": True}],
    )


def other_keys(aws: Aws, _names: Names) -> None:
    aws.client("dynamodb").create_table(
        TableName="patient-records",
        AttributeDefinitions=[{"AttributeName": "patient_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "patient_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def numeric_key(aws: Aws, _names: Names) -> None:
    aws.client("dynamodb").create_table(
        TableName="patient-records",
        AttributeDefinitions=[
            {"AttributeName": "tenant_id", "AttributeType": "N"},
            {"AttributeName": "patient_id", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "tenant_id", "KeyType": "HASH"},
            {"AttributeName": "patient_id", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def secret_client(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    drop_client(aws, names)
    aws.client("cognito-idp").create_user_pool_client(
        UserPoolId=lookup.find_user_pool(aws, names) or "",
        ClientName=names.app_client,
        GenerateSecret=True,
    )


def two_user_pools(aws: Aws, names: Names) -> None:
    for _ in range(2):
        aws.client("cognito-idp").create_user_pool(PoolName=names.user_pool)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (mutable_tenant, "`custom:tenant_id` is mutable"),
        (other_keys, "its keys are `patient_id`, and must be `tenant_id, patient_id`"),
        (numeric_key, "its key attribute `tenant_id` has type N"),
        (secret_client, "it has a secret"),
        (two_user_pools, "more than one user pool"),
    ],
)
def test_what_can_t_be_changed_in_place_is_an_error_and_nothing_is_changed(
    aws: Aws, names: Names, make: Drift, says: str
) -> None:
    make(aws, names)
    before = [r["RoleName"] for r in aws.client("iam").list_roles()["Roles"]]
    with pytest.raises(ConflictError, match=says) as caught:
        apply(plan(aws, names), aws)
    assert caught.value.hint
    assert [r["RoleName"] for r in aws.client("iam").list_roles()["Roles"]] == before


def test_an_index_whose_keys_differ_is_an_error(aws: Aws, named: Named) -> None:
    def indexed(sort_key: str) -> Names:
        table = Table(
            "records", "pk", Template.parse("{tenant}"), "sk", (Index("by-one", sort_key),)
        )
        return named(data=Data(tables=(table,)))

    apply(plan(aws, indexed("a")), aws)
    with pytest.raises(ConflictError, match="its index `by-one` has keys `pk, a`"):
        apply(plan(aws, indexed("b")), aws)


def test_indexes_that_are_missing_are_added_one_by_one(aws: Aws, named: Named) -> None:
    def indexed(*names: str) -> Names:
        indexes = tuple(Index(f"by-{name}", name) for name in names)
        table = Table("records", "pk", Template.parse("{tenant}"), "sk", indexes)
        return named(data=Data(tables=(table,)))

    apply(plan(aws, indexed()), aws)
    two = plan(aws, indexed("one", "two"))
    assert len(two.steps) == 3  # and the vending role's policy
    apply(two, aws)
    assert plan(aws, indexed("one", "two")).steps == ()


def test_a_bucket_name_that_another_account_takes_meanwhile_is_an_error(
    aws: Aws, names: Names
) -> None:
    from moto.s3.models import s3_backends

    planned = plan(aws, names)
    s3_backends["999999999999"]["aws"].create_bucket("clinic-documents", "us-east-1")
    with pytest.raises(ConflictError, match="`clinic-documents` is taken by another account"):
        apply(planned, aws)


def test_a_bucket_of_another_region_is_left_alone(aws: Aws, names: Names) -> None:
    aws.client("s3").create_bucket(
        Bucket="clinic-documents",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    aws.client("s3").put_bucket_tagging(
        Bucket="clinic-documents",
        Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in names.tags.items()]},
    )
    with pytest.raises(ConflictError, match="lies in region `eu-central-1`"):
        apply(plan(aws, names), aws)
    deletions = teardown.steps(names, observe(aws, names))
    assert "bucket `clinic-documents`" not in {step.resource for step in deletions}


def test_a_bucket_outside_us_east_1_names_its_region(named: Named) -> None:
    from tenantctl.local.connect import in_memory

    abroad = named(region="eu-central-1")
    with in_memory(region="eu-central-1", account="123456789012") as aws:
        apply(plan(aws, abroad), aws)
        where = aws.client("s3").get_bucket_location(Bucket="clinic-documents")
        assert where["LocationConstraint"] == "eu-central-1"
        assert plan(aws, abroad).steps == ()


def test_what_belongs_to_another_account_is_not_made(aws: Aws, named: Named) -> None:
    table = Table(
        "shared",
        "pk",
        Template.parse("{tenant}"),
        arn="arn:aws:dynamodb:us-east-1:999999999999:table/shared",
    )
    bucket = Bucket("docs", Template.parse("{tenant}/"), arn="arn:aws:s3:::docs")
    planned = plan(aws, named(data=Data(tables=(table,), buckets=(bucket,))))
    made = {part.resource for part in planned.parts}
    assert "table `shared`" not in made
    assert "bucket `docs`" in made


def test_claims_that_cognito_can_t_hold_are_refused_before_anything_is_read(named: Named) -> None:
    identity = Identity()
    for claim in ("tenant", "custom:", "custom:" + "x" * 21):
        other = replace(identity, tenant=replace(identity.tenant, claim=claim))
        with pytest.raises(UsageError, match="can't be an attribute"):
            plan(None, named(identity=other))  # type: ignore[arg-type]


def test_a_template_beside_the_configuration_wins(aws: Aws, names: Names, tmp_path: Path) -> None:
    apply(plan(aws, names), aws)
    templates = tmp_path / "templates" / "iam"
    templates.mkdir(parents=True)
    (templates / "agent-runtime.json.j2").write_text('{"Version": "2012-10-17", "Statement": []}')
    planned = plan(aws, names, beside=tmp_path)
    assert {step.resource for step in planned.steps} == {"role `clinic-agent-agent`"}


@pytest.mark.parametrize("text", ["{", "[]", "{}", "{{ nothing }}", "{% if %}"])
def test_a_broken_template_is_named(names: Names, tmp_path: Path, text: str) -> None:
    templates = tmp_path / "templates" / "iam"
    templates.mkdir(parents=True)
    (templates / "agent-trust.json.j2").write_text(text)
    with pytest.raises(PolicyInvalidError, match=r"iam/agent-trust\.json\.j2"):
        agent_trust(names, beside=tmp_path)
