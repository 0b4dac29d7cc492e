"""A tenant's session on the embedded cloud: its own data, and the same calls for a neighbour's.

Every case is one call with the tenant left open; it must succeed for the session's own tenant and
be refused for the neighbour, by real boto3 clients.
"""

# ruff: noqa: S608 - statements put together of pieces are what is under test
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws, Credentials
from tenantctl.local.connect import in_memory

REGION = "us-east-1"
OWN, NEIGHBOUR = "clinic-1", "clinic-10"
TAG = "${aws:PrincipalTag/ClinicId}"
ITEM = "item-1"


def _policy(account: str) -> str:
    table = f"arn:aws:dynamodb:{REGION}:{account}:table/records"
    data = [
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchGetItem"),
        *("BatchWriteItem", "ConditionCheckItem", "PartiQLSelect", "PartiQLInsert"),
        *("PartiQLUpdate", "PartiQLDelete"),
    ]
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"dynamodb:{action}" for action in data],
            "Resource": [table, f"{table}/index/*"],
            "Condition": {
                "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [TAG]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        },
        {
            "Effect": "Allow",
            "Action": [
                *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"),
                *("s3:DeleteObjectVersion", "s3:AbortMultipartUpload"),
                *("s3:ListMultipartUploadParts", "s3:GetObjectTagging", "s3:PutObjectTagging"),
            ],
            "Resource": f"arn:aws:s3:::documents/{TAG}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": "arn:aws:s3:::documents",
            "Condition": {"StringLike": {"s3:prefix": f"{TAG}/*"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _fill(aws: Aws) -> None:
    aws.client("dynamodb").create_table(
        TableName="records",
        KeySchema=[
            {"AttributeName": "tenant_id", "KeyType": "HASH"},
            {"AttributeName": "item_id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("tenant_id", "item_id", "visit")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-visit",
                "KeySchema": [
                    {"AttributeName": "tenant_id", "KeyType": "HASH"},
                    {"AttributeName": "visit", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("s3").create_bucket(Bucket="documents")
    aws.client("s3").put_bucket_versioning(
        Bucket="documents", VersioningConfiguration={"Status": "Enabled"}
    )
    for tenant in (OWN, NEIGHBOUR):
        aws.client("dynamodb").put_item(TableName="records", Item=_item(tenant))
        aws.client("s3").put_object(Bucket="documents", Key=f"{tenant}/a b.txt", Body=b"x")


def _item(tenant: str) -> dict[str, Any]:
    return {"tenant_id": {"S": tenant}, "item_id": {"S": ITEM}, "visit": {"S": "2024"}}


@pytest.fixture(scope="module")
def session() -> Iterator[Aws]:
    with in_memory(region=REGION) as aws:
        _fill(aws)
        iam = aws.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
        role = iam.create_role(
            RoleName="tvm",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )["Role"]["Arn"]
        iam.put_role_policy(RoleName="tvm", PolicyName="data", PolicyDocument=_policy(aws.account))
        keys = aws.client("sts").assume_role(
            RoleArn=role, RoleSessionName="doctor", Tags=[{"Key": "ClinicId", "Value": OWN}]
        )["Credentials"]
        yield aws.acting_as(
            Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        )


def _key(tenant: str) -> dict[str, Any]:
    return {"tenant_id": {"S": tenant}, "item_id": {"S": ITEM}}


def _sql(text: str) -> Callable[[Aws, str], object]:
    return lambda aws, t: aws.client("dynamodb").execute_statement(Statement=text.format(t=t))


def _param(text: str) -> Callable[[Aws, str], object]:
    return lambda aws, t: aws.client("dynamodb").execute_statement(
        Statement=text, Parameters=[{"S": t}]
    )


def _multipart(aws: Aws, tenant: str) -> None:
    s3, key = aws.client("s3"), f"{tenant}/parts"
    upload = s3.create_multipart_upload(Bucket="documents", Key=key)["UploadId"]
    part = s3.upload_part(Bucket="documents", Key=key, UploadId=upload, PartNumber=1, Body=b"part")
    s3.list_parts(Bucket="documents", Key=key, UploadId=upload)
    s3.complete_multipart_upload(
        Bucket="documents",
        Key=key,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )


_CALLS: dict[str, Callable[[Aws, str], object]] = {
    "GetItem": lambda a, t: a.client("dynamodb").get_item(TableName="records", Key=_key(t)),
    "GetItem by ARN": lambda a, t: a.client("dynamodb").get_item(
        TableName=f"arn:aws:dynamodb:{REGION}:{a.account}:table/records", Key=_key(t)
    ),
    "PutItem": lambda a, t: a.client("dynamodb").put_item(TableName="records", Item=_item(t)),
    "UpdateItem": lambda a, t: a.client("dynamodb").update_item(
        TableName="records",
        Key=_key(t),
        UpdateExpression="SET note = :n",
        ExpressionAttributeValues={":n": {"S": "x"}},
    ),
    "Query": lambda a, t: a.client("dynamodb").query(
        TableName="records",
        KeyConditionExpression="#t = :t AND begins_with(item_id, :i)",
        ExpressionAttributeNames={"#t": "tenant_id"},
        ExpressionAttributeValues={":t": {"S": t}, ":i": {"S": "i"}},
    ),
    "Query by older parameters": lambda a, t: a.client("dynamodb").query(
        TableName="records",
        KeyConditions={"tenant_id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": t}]}},
    ),
    "Query an index": lambda a, t: a.client("dynamodb").query(
        TableName="records",
        IndexName="by-visit",
        KeyConditionExpression="tenant_id = :t",
        ExpressionAttributeValues={":t": {"S": t}},
    ),
    "BatchGetItem": lambda a, t: a.client("dynamodb").batch_get_item(
        RequestItems={"records": {"Keys": [_key(OWN) | {"item_id": {"S": "z"}}, _key(t)]}}
    ),
    "BatchWriteItem": lambda a, t: a.client("dynamodb").batch_write_item(
        RequestItems={"records": [{"PutRequest": {"Item": _item(t)}}]}
    ),
    "TransactGetItems": lambda a, t: a.client("dynamodb").transact_get_items(
        TransactItems=[{"Get": {"TableName": "records", "Key": _key(t)}}]
    ),
    "TransactWriteItems": lambda a, t: a.client("dynamodb").transact_write_items(
        TransactItems=[
            {
                "ConditionCheck": {
                    "TableName": "records",
                    "Key": _key(t),
                    "ConditionExpression": "attribute_exists(tenant_id)",
                }
            }
        ]
    ),
    "PartiQL select": _sql("SELECT * FROM \"records\" WHERE tenant_id='{t}'"),
    "PartiQL select by parameter": _param('SELECT visit FROM "records" WHERE tenant_id = ?'),
    "PartiQL select in": _param(f"SELECT * FROM \"records\" WHERE tenant_id IN ['{OWN}', ?]"),
    "PartiQL select or": _param(
        f"SELECT * FROM \"records\" WHERE tenant_id = '{OWN}' OR tenant_id = ?"
    ),
    "PartiQL select from an index": _param(
        'SELECT * FROM "records"."by-visit" WHERE tenant_id = ?'
    ),
    "PartiQL insert": lambda a, t: _once(
        lambda: _param("INSERT INTO records VALUE {'tenant_id': ?, 'item_id': 'new'}")(a, t)
    ),
    "PartiQL update": _sql(
        f"UPDATE records SET note = 'y' WHERE tenant_id = '{{t}}' AND item_id = '{ITEM}'"
    ),
    "PartiQL batch": lambda a, t: a.client("dynamodb").batch_execute_statement(
        Statements=[
            {
                "Statement": "SELECT * FROM records WHERE tenant_id = ? AND item_id = ?",
                "Parameters": [{"S": t}, {"S": ITEM}],
            }
        ]
    ),
    "PartiQL transaction": lambda a, t: a.client("dynamodb").execute_transaction(
        TransactStatements=[
            {
                "Statement": "UPDATE records SET note = ? WHERE tenant_id = ? AND item_id = ?",
                "Parameters": [{"S": "z"}, {"S": t}, {"S": ITEM}],
            }
        ]
    ),
    "GetObject": lambda a, t: a.client("s3").get_object(Bucket="documents", Key=f"{t}/a b.txt"),
    "GetObject with a version": lambda a, t: a.client("s3").get_object(
        Bucket="documents", Key=f"{t}/a b.txt", VersionId=_version(a, t)
    ),
    "HeadObject": lambda a, t: a.client("s3").head_object(Bucket="documents", Key=f"{t}/a b.txt"),
    "PutObject": lambda a, t: a.client("s3").put_object(
        Bucket="documents", Key=f"{t}/n\u00e9w+.txt", Body=b"x", Tagging="a=b"
    ),
    "DeleteObject": lambda a, t: a.client("s3").delete_object(Bucket="documents", Key=f"{t}/gone"),
    "DeleteObjects": lambda a, t: a.client("s3").delete_objects(
        Bucket="documents", Delete={"Objects": [{"Key": f"{OWN}/gone"}, {"Key": f"{t}/gone"}]}
    ),
    "CopyObject from": lambda a, t: a.client("s3").copy_object(
        Bucket="documents",
        Key=f"{OWN}/copy",
        CopySource={"Bucket": "documents", "Key": f"{t}/a b.txt"},
    ),
    "CopyObject to": lambda a, t: a.client("s3").copy_object(
        Bucket="documents", Key=f"{t}/copy", CopySource=f"documents/{OWN}/a b.txt"
    ),
    "multipart upload": _multipart,
    "ListObjects": lambda a, t: a.client("s3").list_objects(Bucket="documents", Prefix=f"{t}/"),
    "ListObjectsV2": lambda a, t: a.client("s3").list_objects_v2(
        Bucket="documents", Prefix=f"{t}/", Delimiter="/"
    ),
    "ListObjectVersions": lambda a, t: a.client("s3").list_object_versions(
        Bucket="documents", Prefix=f"{t}/"
    ),
}


def _once(call: Callable[[], object]) -> None:
    """An insert of what may be there already."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "DuplicateItemException":
            raise


def _version(aws: Aws, tenant: str) -> str:
    if tenant != OWN:
        return "a-version-of-another"
    found = aws.client("s3").list_object_versions(Bucket="documents", Prefix=f"{tenant}/a")
    return found["Versions"][0]["VersionId"]


@pytest.mark.parametrize("name", _CALLS)
def test_own_data_is_reached(session: Aws, name: str) -> None:
    _CALLS[name](session, OWN)


@pytest.mark.parametrize("name", _CALLS)
def test_a_neighbours_is_not(session: Aws, name: str) -> None:
    with pytest.raises(ClientError) as caught:
        _CALLS[name](session, NEIGHBOUR)
    error = caught.value.response
    status = error["ResponseMetadata"]["HTTPStatusCode"]
    # A HEAD has no body to put the code in.
    assert error["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "403"}
    assert status in {400, 403}


@pytest.mark.parametrize(
    "call",
    [
        lambda a: a.client("dynamodb").scan(TableName="records"),
        lambda a: a.client("dynamodb").scan(
            TableName="records",
            FilterExpression="tenant_id = :t",
            ExpressionAttributeValues={":t": {"S": OWN}},
        ),
        lambda a: a.client("dynamodb").execute_statement(Statement="SELECT * FROM records"),
        lambda a: a.client("dynamodb").execute_statement(
            Statement=f"SELECT * FROM records WHERE tenant_id = '{OWN}' OR item_id = '{ITEM}'"
        ),
        lambda a: a.client("dynamodb").execute_statement(
            Statement=f"SELECT * FROM records WHERE begins_with(tenant_id, '{OWN}')"
        ),
        lambda a: a.client("s3").list_objects_v2(Bucket="documents"),
        lambda a: a.client("s3").list_objects_v2(Bucket="documents", Prefix=""),
        lambda a: a.client("s3").list_objects_v2(Bucket="documents", Prefix=OWN),
        lambda a: a.client("s3").list_multipart_uploads(Bucket="documents", Prefix=f"{OWN}/"),
        lambda a: a.client("s3").list_buckets(),
        lambda a: a.client("dynamodb").create_backup(TableName="records", BackupName="bak"),
        lambda a: a.client("iam").list_roles(),
    ],
)
def test_what_takes_in_everything_is_refused(session: Aws, call: Callable[[Aws], object]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        call(session)
