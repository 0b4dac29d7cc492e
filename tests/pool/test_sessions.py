"""A tenant's session in the pool that `apply` makes: real clients, on the embedded cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.chain import agent_session, tenant_session
from tenantctl.aws.failures import is_access_denied
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Roles
from tenantctl.errors import AwsError
from tenantctl.pool.plan import apply, plan

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

USER = "8d3f0c1e-5a4b-4c57-9c54-0d3b3a1f7e21"
TENANTS = ("clinic-1", "clinic-10")


@pytest.fixture
def clinic_1(aws: Aws, names: Names) -> Aws:
    """A session of clinic-1's user, beside clinic-10's data."""
    apply(plan(aws, names), aws)
    for tenant in TENANTS:
        aws.client("dynamodb").put_item(
            TableName="patient-records",
            Item={
                "tenant_id": {"S": tenant},
                "patient_id": {"S": "p"},
                "last_visit": {"S": "2024"},
            },
        )
        aws.client("s3").put_object(
            Bucket="clinic-documents", Key=f"basic-tier/{tenant}/a", Body=tenant.encode()
        )
    session = tenant_session(
        agent_session(aws, names), names, tier="basic", tenant="clinic-1", user=USER
    )
    return aws.acting_as(session.credentials)


def get_item(aws: Aws, tenant: str) -> object:
    return aws.client("dynamodb").get_item(
        TableName="patient-records", Key={"tenant_id": {"S": tenant}, "patient_id": {"S": "p"}}
    )["Item"]


def query(aws: Aws, tenant: str) -> object:
    return aws.client("dynamodb").query(
        TableName="patient-records",
        IndexName="by-visit",
        KeyConditionExpression="tenant_id = :t",
        ExpressionAttributeValues={":t": {"S": tenant}},
    )["Items"]


def get_object(aws: Aws, tenant: str) -> object:
    key = f"basic-tier/{tenant}/a"
    return aws.client("s3").get_object(Bucket="clinic-documents", Key=key)["Body"].read()


def list_objects(aws: Aws, tenant: str) -> object:
    return aws.client("s3").list_objects_v2(
        Bucket="clinic-documents", Prefix=f"basic-tier/{tenant}/"
    )["Contents"]


CALLS: tuple[Callable[[Aws, str], object], ...] = (get_item, query, get_object, list_objects)


def test_own_data_is_reached_and_the_namesake_s_is_denied(clinic_1: Aws) -> None:
    for call in CALLS:
        assert call(clinic_1, "clinic-1")
        with pytest.raises(ClientError) as caught:
            call(clinic_1, "clinic-10")
        assert is_access_denied(caught.value), call.__name__


def test_scans_and_listings_of_everything_are_denied(clinic_1: Aws) -> None:
    for refused in (
        lambda: clinic_1.client("dynamodb").scan(TableName="patient-records"),
        lambda: clinic_1.client("s3").list_objects_v2(Bucket="clinic-documents"),
        lambda: clinic_1.client("s3").list_objects_v2(
            Bucket="clinic-documents", Prefix="basic-tier/clinic-1"
        ),
        lambda: clinic_1.client("dynamodb").scan(TableName="clinic-agent-registry"),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert is_access_denied(caught.value)


def test_an_operator_acts_as_the_agent_only_where_it_is_named(
    aws: Aws, names: Names, named: Callable[..., Names]
) -> None:
    apply(plan(aws, names), aws)
    operator = replace(aws, runtime=None)
    with pytest.raises(AwsError, match="can't be assumed"):
        agent_session(operator, names)
    arn = aws.client("sts").get_caller_identity()["Arn"]
    roles = Roles("clinic-agent-agent", "clinic-agent-tvm", (arn,))
    apply(plan(aws, named(roles=roles)), aws)
    agent_session(operator, names)
