"""What is deployed, read from the embedded cloud: leaky and mended, and what can't be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tenantctl.aws.role_documents import role_documents
from tenantctl.aws.session import Aws, Credentials
from tenantctl.cli.source import documents_of
from tenantctl.domain.finding import Outcome, Report
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.errors import AwsError
from tenantctl.local.connect import in_memory
from tenantctl.pool import plan
from tenantctl.proof.prove import prove

OPEN: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": {"Sid": "Open", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
}


@pytest.fixture
def cloud(pool: Pool) -> Iterator[tuple[Aws, Names]]:
    with in_memory(region=pool.region, account=pool.account) as aws:
        names = Names(pool, aws.account)
        plan.apply(plan.plan(aws, names), aws)
        yield aws, names


def _proved(aws: Aws, names: Names) -> Report:
    return prove(names, documents_of(role_documents(aws, names)), target="local")


def _broken(report: Report) -> set[tuple[str, str]]:
    assert report.verdict is Outcome.BREACH
    breaches = [f for f in report.findings if f.outcome is Outcome.BREACH]
    return {(f.action, d.document) for f in breaches for d in f.decided_by}


def test_what_the_pool_deploys_is_isolated(cloud: tuple[Aws, Names]) -> None:
    found = _proved(*cloud)
    assert found.verdict is Outcome.ISOLATED
    assert sum(f.message.startswith("proved") for f in found.findings) > 10


def test_inline_policies_are_read(cloud: tuple[Aws, Names]) -> None:
    aws, names = cloud
    role = names.pool.roles.vending
    aws.client("iam").put_role_policy(
        RoleName=role, PolicyName="open", PolicyDocument=json.dumps(OPEN)
    )
    assert _broken(_proved(aws, names)) == {("s3:GetObject", "open")}


def test_attached_policies_are_read_in_their_default_version(cloud: tuple[Aws, Names]) -> None:
    aws, names = cloud
    iam = aws.client("iam")
    closed = json.dumps(OPEN).replace("Allow", "Deny")
    arns = []
    for index in range(3):
        made = iam.create_policy(PolicyName=f"p{index}", PolicyDocument=closed)["Policy"]
        arns.append(made["Arn"])
        iam.attach_role_policy(RoleName=names.pool.roles.vending, PolicyArn=made["Arn"])
    assert _proved(aws, names).verdict is Outcome.ISOLATED
    for arn in arns:
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(OPEN), SetAsDefault=True)

    assert {d for _, d in _broken(_proved(aws, names))} <= set(arns)


def test_a_permissions_boundary_takes_away(cloud: tuple[Aws, Names]) -> None:
    aws, names = cloud
    iam, role = aws.client("iam"), names.pool.roles.vending
    iam.put_role_policy(RoleName=role, PolicyName="open", PolicyDocument=json.dumps(OPEN))
    bound = json.dumps(OPEN).replace("s3:GetObject", "logs:*")
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=bound)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
    assert _proved(aws, names).verdict is Outcome.ISOLATED


@pytest.mark.parametrize("which", ["trust", "bucket", "table"])
def test_policies_that_name_principals_are_read(cloud: tuple[Aws, Names], which: str) -> None:
    aws, names = cloud
    who = {"AWS": names.vending_role_arn}
    if which == "trust":
        document: dict[str, Any] = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
        }
        aws.client("iam").update_assume_role_policy(
            RoleName=names.pool.roles.vending, PolicyDocument=json.dumps(document)
        )
        assert ("sts:AssumeRole", "trust") in _broken(_proved(aws, names))
    elif which == "bucket":
        document = OPEN | {
            "Statement": OPEN["Statement"]
            | {"Principal": who, "Resource": "arn:aws:s3:::clinic-documents/*"}
        }
        aws.client("s3").put_bucket_policy(Bucket="clinic-documents", Policy=json.dumps(document))
        assert _broken(_proved(aws, names)) == {("s3:GetObject", "bucket/clinic-documents")}
    else:
        arn = names.table_arn(names.pool.data.tables[0])
        statement = {"Effect": "Allow", "Principal": who, "Action": "dynamodb:Scan"}
        document = {"Version": "2012-10-17", "Statement": statement | {"Resource": arn}}
        aws.client("dynamodb").put_resource_policy(ResourceArn=arn, Policy=json.dumps(document))
        assert _broken(_proved(aws, names)) == {("dynamodb:Scan", "table/patient-records")}


def test_what_may_not_be_read_is_an_error_and_not_nothing(cloud: tuple[Aws, Names]) -> None:
    aws, names = cloud
    iam = aws.client("iam")
    iam.create_user(UserName="reader")
    allowed = {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "s3:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = aws.acting_as(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    with pytest.raises(AwsError, match="AccessDenied") as caught:
        role_documents(reader, names)
    assert caught.value.operation == "GetResourcePolicy"


def test_a_missing_table_is_an_error(cloud: tuple[Aws, Names]) -> None:
    aws, names = cloud
    aws.client("dynamodb").update_table(
        TableName="patient-records", DeletionProtectionEnabled=False
    )
    aws.client("dynamodb").delete_table(TableName="patient-records")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        role_documents(aws, names)


def test_a_missing_role_is_an_error(pool: Pool) -> None:
    with (
        in_memory(region=pool.region, account=pool.account) as aws,
        pytest.raises(AwsError, match="NoSuchEntity"),
    ):
        role_documents(aws, Names(pool, aws.account))
