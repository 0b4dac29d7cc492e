from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.domain import layout
from tenantctl.domain.names import Names
from tenantctl.errors import ConflictError
from tenantctl.pool import teardown
from tenantctl.pool.plan import apply, plan, run
from tenantctl.pool.step import Change, Health

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws


def fill(aws: Aws, names: Names) -> None:
    """Everything that makes deleting harder: versions, delete markers, uploads, policies, users."""
    s3 = aws.client("s3")
    for body in (b"one", b"two"):
        s3.put_object(Bucket="clinic-documents", Key="basic-tier/clinic-1/a", Body=body)
    s3.delete_object(Bucket="clinic-documents", Key="basic-tier/clinic-1/a")
    s3.create_multipart_upload(Bucket="clinic-documents", Key="basic-tier/clinic-1/b")
    aws.client("dynamodb").put_item(
        TableName="patient-records",
        Item={"tenant_id": {"S": "clinic-1"}, "patient_id": {"S": "p1"}},
    )
    aws.client("dynamodb").put_item(
        TableName=names.registry_table,
        Item={
            "pk": {"S": layout.tenant_key("clinic-1")},
            "sk": {"S": layout.META},
            "id": {"S": "clinic-1"},
            "tier": {"S": "basic"},
        },
    )


def test_everything_goes_and_the_pool_can_be_made_again(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    fill(aws, names)
    steps = teardown.steps(names, plan(aws, names))
    assert {step.change for step in steps} == {Change.DELETE}
    run(steps, aws)
    gone = plan(aws, names)
    assert {part.health for part in gone.parts} == {Health.MISSING}
    assert teardown.steps(names, gone) == ()
    apply(gone, aws)
    assert plan(aws, names).steps == ()


def test_a_teardown_cut_short_after_any_step_is_finished_by_another(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    fill(aws, names)
    while steps := teardown.steps(names, plan(aws, names)):
        steps[0].run(aws)
        steps[0].run(aws)
    assert {part.health for part in plan(aws, names).parts} == {Health.MISSING}


def test_the_registry_goes_last(aws: Aws, names: Names) -> None:
    apply(plan(aws, names), aws)
    last = teardown.steps(names, plan(aws, names))[-1]
    assert last.resource == f"table `{names.registry_table}`"


def test_tenants_are_in_the_way(aws: Aws, names: Names) -> None:
    teardown.refuse_with_tenants(aws, names)  # before there is a registry
    apply(plan(aws, names), aws)
    teardown.refuse_with_tenants(aws, names)
    fill(aws, names)
    with pytest.raises(ConflictError, match="`clinic-1`") as caught:
        teardown.refuse_with_tenants(aws, names)
    assert "--force" in (caught.value.hint or "")


def test_a_table_still_being_deleted_is_waited_for_and_made_again(aws: Aws, names: Names) -> None:
    # What a killed `destroy` leaves on AWS for a while; the embedded cloud deletes at once.
    apply(plan(aws, names), aws)
    client = aws.client("dynamodb")
    client.update_table(TableName="patient-records", DeletionProtectionEnabled=False)
    asked: list[str] = []

    def going(parsed: dict[str, Any], **_: object) -> None:
        table = parsed.get("Table", {})
        if table.get("TableName") == "patient-records" and len(asked) < 4:
            asked.append(table["TableName"])
            table["TableStatus"] = "DELETING"
            if len(asked) == 4:
                client.delete_table(TableName="patient-records")

    client.meta.events.register("after-call.dynamodb.DescribeTable", going)
    again = plan(aws, names)
    missing = {part.resource for part in again.parts if part.health is Health.MISSING}
    assert missing == {"table `patient-records`"}
    assert "table `patient-records`" not in {s.resource for s in teardown.steps(names, again)}
    apply(again, aws)
    assert len(asked) == 4
    assert plan(aws, names).steps == ()
