"""Tags on the embedded cloud are what AWS keeps, whichever way they were given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.session import Credentials

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

REGION, ACCOUNT = "us-east-1", "123456789012"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/records"
ONE: list[Any] = [{"Key": "team", "Value": "one"}]
TWO: list[Any] = [{"Key": "team", "Value": "two"}, {"Key": "empty", "Value": ""}]
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


def make_table(aws: Aws, **settings: Any) -> None:  # noqa: ANN401 - CreateTable's
    aws.client("dynamodb").create_table(
        TableName="records",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        **settings,
    )


def table_tags(aws: Aws) -> list[Any]:
    return list(aws.client("dynamodb").list_tags_of_resource(ResourceArn=TABLE)["Tags"])


def bucket_tags(aws: Aws, name: str) -> list[Any]:
    return list(aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"])


def test_a_tables_tag_is_there_once_with_its_last_value(aws: Aws) -> None:
    make_table(aws, Tags=ONE)
    assert table_tags(aws) == ONE
    aws.client("dynamodb").tag_resource(ResourceArn=TABLE, Tags=TWO)
    assert table_tags(aws) == TWO
    aws.client("dynamodb").untag_resource(ResourceArn=TABLE, TagKeys=["empty"])
    assert table_tags(aws) == TWO[:1]
    with pytest.raises(ClientError) as caught:
        aws.client("dynamodb").tag_resource(ResourceArn=f"{TABLE}-not", Tags=ONE)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize("tags", [ONE, TWO], ids=["one", "two"])
def test_a_bucket_is_made_with_its_tags(aws: Aws, tags: list[Any]) -> None:
    name = f"tagged-{len(tags)}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": tags})
    assert bucket_tags(aws, name) == tags


def test_making_a_bucket_again_leaves_its_tags(aws: Aws) -> None:
    s3 = aws.client("s3")
    for tags in (ONE, TWO):
        s3.create_bucket(Bucket="again", CreateBucketConfiguration={"Tags": tags})
    assert bucket_tags(aws, "again") == ONE
    s3.create_bucket(Bucket="plain")
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"Tags": ONE})
    with pytest.raises(ClientError) as caught:
        bucket_tags(aws, "plain")
    assert caught.value.response["Error"]["Code"] == "NoSuchTagSet"


def test_a_user_pools_tags_are_the_same_by_every_operation(aws: Aws) -> None:
    idp = aws.client("cognito-idp")
    made = idp.create_user_pool(PoolName="p", UserPoolTags={"team": "one"})["UserPool"]

    def shown() -> Mapping[str, str]:
        tags = idp.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"]
        described = idp.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
        assert described["UserPoolTags"] == tags
        return tags

    assert shown() == {"team": "one"}
    idp.tag_resource(ResourceArn=made["Arn"], Tags={"team": "two", "more": "x"})
    assert shown() == {"team": "two", "more": "x"}
    idp.untag_resource(ResourceArn=made["Arn"], TagKeys=["more", "never"])
    assert shown() == {"team": "two"}
    untagged = idp.create_user_pool(PoolName="q")["UserPool"]
    assert idp.list_tags_for_resource(ResourceArn=untagged["Arn"])["Tags"] == {}
    with pytest.raises(ClientError) as caught:
        idp.list_tags_for_resource(ResourceArn=f"{made['Arn']}x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_tables_encryption_can_be_changed(aws: Aws) -> None:
    dynamodb = aws.client("dynamodb")
    arn = dynamodb.describe_table(TableName="records")["Table"]["TableArn"]
    assert arn == TABLE
    assert "SSEDescription" not in dynamodb.describe_table(TableName="records")["Table"]
    for enabled in (True, False):
        dynamodb.update_table(TableName="records", SSESpecification={"Enabled": enabled})
        now = dynamodb.describe_table(TableName="records")["Table"].get("SSEDescription", {})
        assert now.get("Status") == ("ENABLED" if enabled else None)


CREATIONS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("iam", "create_role", {"RoleName": "new", "AssumeRolePolicyDocument": ""}, "iam:TagRole"),
    ("iam", "create_user", {"UserName": "new"}, "iam:TagUser"),
    (
        "dynamodb",
        "create_table",
        {
            "TableName": "new-table",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        "dynamodb:TagResource",
    ),
)


@pytest.mark.parametrize(("service", "operation", "params", "action"), CREATIONS)
def test_tagging_what_one_creates_takes_the_right_to_tag(
    aws: Aws, service: str, operation: str, params: dict[str, Any], action: str
) -> None:
    user = action.partition(":")[2].lower()
    aws.client("iam").create_user(UserName=user)
    create = f"{service}:{operation.title().replace('_', '')}"
    aws.client("iam").put_user_policy(
        UserName=user,
        PolicyName="create",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": create, "Resource": "*"},
            }
        ),
    )
    made = aws.client("iam").create_access_key(UserName=user)["AccessKey"]
    keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    client: Any = aws.acting_as(keys).client(service)  # type: ignore[call-overload]
    if "AssumeRolePolicyDocument" in params:
        params = {**params, "AssumeRolePolicyDocument": json.dumps(TRUST)}
    with pytest.raises(ClientError, match=action):
        getattr(client, operation)(**params, Tags=ONE)
    getattr(client, operation)(**params)
