"""What bears the pool's names and isn't the pool's is neither changed nor deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.aws import lookup
from tenantctl.aws.memories import located
from tenantctl.domain.names import Names
from tenantctl.domain.template import Template
from tenantctl.errors import ConflictError, UsageError
from tenantctl.pool import describe, ownership, teardown
from tenantctl.pool.plan import apply, observe, plan, run
from tenantctl.pool.step import Change, Health

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

TAG = "tenantctl:pool"
Make = Callable[["Aws", Names, Mapping[str, str]], None]
Read = Callable[["Aws", Names], Mapping[str, str]]


def listed(tags: Mapping[str, str]) -> list[Any]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def unlisted(tags: Any) -> dict[str, str]:  # noqa: ANN401 - each service has its own type
    return {tag["Key"]: tag["Value"] for tag in tags}


def table(aws: Aws, _names: Names, tags: Mapping[str, str]) -> None:
    aws.client("dynamodb").create_table(
        TableName="patient-records",
        AttributeDefinitions=[
            {"AttributeName": "tenant_id", "AttributeType": "S"},
            {"AttributeName": "patient_id", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "tenant_id", "KeyType": "HASH"},
            {"AttributeName": "patient_id", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
        Tags=listed(tags),
    )


def table_tags(aws: Aws, names: Names) -> Mapping[str, str]:
    arn = names.table_arn("patient-records")
    return unlisted(aws.client("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"])


def bucket(aws: Aws, _names: Names, tags: Mapping[str, str]) -> None:
    aws.client("s3").create_bucket(Bucket="clinic-documents")
    if tags:
        aws.client("s3").put_bucket_tagging(
            Bucket="clinic-documents", Tagging={"TagSet": listed(tags)}
        )


def bucket_tags(aws: Aws, _names: Names) -> Mapping[str, str]:
    return unlisted(aws.client("s3").get_bucket_tagging(Bucket="clinic-documents")["TagSet"])


def role(aws: Aws, names: Names, tags: Mapping[str, str]) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    aws.client("iam").create_role(
        RoleName=names.pool.roles.agent,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        Tags=listed(tags),
    )


def role_tags(aws: Aws, names: Names) -> Mapping[str, str]:
    return unlisted(aws.client("iam").list_role_tags(RoleName=names.pool.roles.agent)["Tags"])


def user_pool(aws: Aws, names: Names, tags: Mapping[str, str]) -> None:
    aws.client("cognito-idp").create_user_pool(
        PoolName=names.user_pool,
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        UserPoolTags=tags,
    )


def user_pool_tags(aws: Aws, names: Names) -> Mapping[str, str]:
    arn = names.user_pool_arn(lookup.find_user_pool(aws, names) or "")
    return aws.client("cognito-idp").list_tags_for_resource(ResourceArn=arn)["Tags"]


def engine(aws: Aws, names: Names, tags: Mapping[str, str]) -> None:
    aws.client("bedrock-agentcore-control").create_policy_engine(
        name=names.policy_engine, tags=tags
    )


def engine_tags(aws: Aws, names: Names) -> Mapping[str, str]:
    arn = lookup.policy_engine(aws, names).arn
    return aws.client("bedrock-agentcore-control").list_tags_for_resource(resourceArn=arn)["tags"]


KINDS: tuple[tuple[Make, Read, str], ...] = (
    (table, table_tags, "table `patient-records`"),
    (bucket, bucket_tags, "bucket `clinic-documents`"),
    (role, role_tags, "role `clinic-agent-agent`"),
    (user_pool, user_pool_tags, "user pool `clinic-agent-users`"),
    (engine, engine_tags, "policy engine `clinic_agent`"),
)
RESOURCES = {resource for _, _, resource in KINDS}
OWNERS: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "it has no tag `tenantctl:pool`"),
    ({"team": "billing"}, "it has no tag `tenantctl:pool`"),
    ({TAG: "other-pool"}, "it is another pool's: its tag `tenantctl:pool` is `other-pool`"),
    ({TAG: "clinic-agent-2"}, "its tag `tenantctl:pool` is `clinic-agent-2`"),
)
by_owner = pytest.mark.parametrize(("tags", "why"), OWNERS)


def make_all(aws: Aws, names: Names, tags: Mapping[str, str]) -> None:
    for make, _, _ in KINDS:
        make(aws, names, tags)


def test_all_that_is_made_bears_the_pools_tag(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    for _, read, resource in KINDS:
        assert read(aws, names) == {TAG: "clinic-agent"}, resource
    for name in (names.registry_table, names.pool.roles.vending):
        assert observe(aws, names).foreign == (), name


@by_owner
def test_what_is_not_the_pools_stops_apply_before_anything_is_changed(
    aws: Aws, names: Names, tags: dict[str, str], why: str
) -> None:
    make_all(aws, names, tags)
    planned = plan(aws, names)
    assert {part.resource for part in planned.foreign} == RESOURCES
    assert {part.health for part in planned.foreign} == {Health.FOREIGN}
    assert not RESOURCES & {step.resource for step in planned.steps}
    with pytest.raises(ConflictError) as caught:
        apply(planned, aws)
    assert "pool apply --adopt" in (caught.value.hint or "")
    for _, read, resource in KINDS:
        said = next(said for said in caught.value.message.split("; ") if resource in said)
        assert why in said
        if tags:
            assert read(aws, names) == tags
    again = plan(aws, names)
    assert {part.resource for part in again.parts if part.id} == RESOURCES


def test_one_foreign_part_is_enough_to_stop_apply(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    aws.client("s3").delete_bucket_tagging(Bucket="clinic-documents")
    aws.client("dynamodb").update_table(
        TableName="patient-records", DeletionProtectionEnabled=False
    )
    planned = plan(aws, names)
    assert {part.resource for part in planned.foreign} == {"bucket `clinic-documents`"}
    with pytest.raises(ConflictError, match="`clinic-documents`: it wasn't made by the pool"):
        apply(planned, aws)
    table = aws.client("dynamodb").describe_table(TableName="patient-records")["Table"]
    assert not table["DeletionProtectionEnabled"]


@pytest.mark.parametrize(("tags", "why"), OWNERS[1:3])
def test_adopting_adds_the_tag_first_and_keeps_the_others(
    aws: Aws, names: Names, tags: dict[str, str], why: str
) -> None:
    make_all(aws, names, tags)
    planned = plan(aws, names, adopt=True)
    for _, read, resource in KINDS:
        first, *rest = (step for step in planned.steps if step.resource == resource)
        assert first.change is Change.ADOPT
        assert why in first.why
        assert Change.ADOPT not in {step.change for step in rest}
        first.run(aws)  # and killed here: from now on it is the pool's
        assert read(aws, names) == {**tags, TAG: "clinic-agent"}
    apply(plan(aws, names), aws)
    assert plan(aws, names).steps == ()
    for _, read, resource in KINDS:
        assert read(aws, names) == {**tags, TAG: "clinic-agent"}, resource


def test_destroy_leaves_alone_what_is_not_the_pools_and_names_it(aws: Aws, names: Names) -> None:
    make_all(aws, names, {TAG: "other-pool"})
    present = observe(aws, names)
    assert teardown.steps(names, present) == ()
    assert set(describe.left_alone(present.foreign)) == {
        f"  leave {resource}: it is another pool's: its tag `{TAG}` is `other-pool`"
        for resource in RESOURCES
    }
    assert {left["resource"] for left in describe.left_json(present.foreign)} == RESOURCES


def give_away(aws: Aws, names: Names) -> None:
    """Every part of the pool becomes another's, after the plan was made."""
    other = {TAG: "other-pool"}
    for name in ("patient-records", names.registry_table):
        aws.client("dynamodb").tag_resource(ResourceArn=names.table_arn(name), Tags=listed(other))
    for name in ("clinic-documents", names.code_bucket):
        aws.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": listed(other)})
    for name in role_names(names):
        aws.client("iam").tag_role(RoleName=name, Tags=listed(other))
    aws.client("cognito-idp").tag_resource(
        ResourceArn=names.user_pool_arn(lookup.user_pool(aws, names).id), Tags=other
    )
    control = aws.client("bedrock-agentcore-control")
    runtimes = [r["agentRuntimeArn"] for r in control.list_agent_runtimes()["agentRuntimes"]]
    gateways = [gateway.arn for gateway in lookup.find_gateways(aws, names).values()]
    engine = lookup.policy_engine(aws, names).arn
    for arn in (engine, *gateways, *runtimes, *located(aws, names).values()):
        control.tag_resource(resourceArn=arn, tags=other)
    for function in (names.interceptor, *(names.function(tool) for tool in names.pool.tools)):
        aws.client("lambda").tag_resource(Resource=names.function_arn(function), Tags=other)


def test_each_deletion_looks_at_the_tag_again(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    aws.client("s3").put_object(Bucket="clinic-documents", Key="a", Body=b"theirs")
    steps = teardown.steps(names, observe(aws, names))
    give_away(aws, names)
    for step in steps:
        with pytest.raises(ConflictError, match="another pool's"):
            run((step,), aws)
    present = observe(aws, names)
    assert {part.resource for part in present.foreign} == {step.resource for step in steps}
    assert aws.client("s3").get_object(Bucket="clinic-documents", Key="a")["Body"].read()


@pytest.mark.parametrize("tags", [{}, {TAG: "other-pool"}], ids=["untagged", "another's"])
def test_what_somebody_makes_between_plan_and_apply_is_not_taken(
    aws: Aws, names: Names, tags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_GRACE", 0)
    planned = plan(aws, names)
    make_all(aws, names, tags)
    for _, read, resource in KINDS:
        creating = next(step for step in planned.steps if step.resource == resource)
        with pytest.raises(ConflictError, match="pool"):
            creating.run(aws)
        if tags:
            assert read(aws, names) == tags


def test_a_layout_that_leaks_does_not_keep_a_pool_from_being_destroyed(
    aws: Aws, names: Names, named: Callable[..., Names]
) -> None:
    apply(plan(aws, names), aws)
    leaky = replace(names.pool.data.buckets[0], prefix=Template.parse("{tenant}"))
    changed = named(data=replace(names.pool.data, buckets=(leaky,)))
    with pytest.raises(UsageError, match="no certain end"):
        plan(aws, changed)
    run(teardown.steps(changed, observe(aws, changed)), aws)
    assert {part.health for part in plan(aws, names).parts} == {Health.MISSING}


def role_names(names: Names) -> set[str]:
    roles = names.pool.roles
    return {roles.agent, roles.vending, names.interceptor, names.gateway_role}


def test_roles_that_serve_another_region_are_left_to_it(
    aws: Aws, names: Names, named: Callable[..., Names]
) -> None:
    apply(plan(aws, names), aws)
    abroad = named(region="eu-central-1")
    planned = plan(aws, abroad)
    assert {part.name for part in planned.foreign} == role_names(names)
    assert not any(step.resource.startswith("role") for step in planned.steps)
    with pytest.raises(ConflictError, match="in region `us-east-1`, and would no longer"):
        apply(planned, aws)
    with pytest.raises(ConflictError, match="in region `us-east-1`") as caught:
        teardown.steps(abroad, observe(aws, abroad))
    assert "--region us-east-1" in str(caught.value.hint)
    assert plan(aws, names).steps == ()


def test_roles_can_be_taken_to_another_region(
    aws: Aws, names: Names, named: Callable[..., Names]
) -> None:
    apply(plan(aws, names), aws)
    abroad = named(region="eu-central-1")
    steps = [s for s in plan(aws, abroad, adopt=True).steps if s.resource.startswith("role")]
    assert steps[0].change is Change.ADOPT
    run(tuple(steps), aws)
    roles = [part for part in plan(aws, abroad).parts if part.kind == "role"]
    assert {part.health for part in roles} == {Health.OK}
    assert {part.name for part in plan(aws, names).foreign} == role_names(names)
