"""A request means one thing: what was authorized is what moto is asked, and nothing else.

moto looks for its parameters in more places than AWS does (URL, form, JSON read as a form, headers,
user agent); each of these is tried here as a way around the layer in front.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantctl.aws.session import Aws
from tenantctl.local.cloud import Cloud
from tenantctl.local.wire.incoming import Answer, Incoming

Signed = Callable[..., Incoming]
Code = Callable[[Answer], str]

BUCKET = "requests-bucket"
JSON = {"Content-Type": "application/x-amz-json-1.0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module", autouse=True)
def things(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    aws.client("dynamodb").create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def target(operation: str) -> dict[str, str]:
    return {"X-Amz-Target": f"DynamoDB_20120810.{operation}", **JSON}


def ask(
    cloud: Cloud, signed: Signed, service: str, *, path: str = "/", body: str = "", **headers: str
) -> Answer:
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return cloud.answer(signed("POST", path, body=body.encode(), headers=found, service=service))


@pytest.mark.parametrize(
    ("path", "body", "operation"),
    [
        ("/?Action=ListTables", "{}", "DescribeLimits"),
        ("/?TableName=other", '{"TableName": "records"}', "DescribeTable"),
        ("/x", "{}", "ListTables"),
        ("/", '{"TableName": "records", "TableName": "other"}', "DescribeTable"),
        ("/", "[]", "ListTables"),
        ("/", '{"Limit": NaN}', "ListTables"),
        ("/", "[" * 100_000, "ListTables"),
        ("/", '{"TableName": {"a": 1}}', "DescribeTable"),
        ("/", "{}", "NoSuchOperation"),
        ("/", "{}", "ListTables.GetItem"),
    ],
)
def test_a_json_request_that_can_be_read_twice_is_refused(  # noqa: PLR0913, PLR0917 - a table's columns
    cloud: Cloud, signed: Signed, code: Code, path: str, body: str, operation: str
) -> None:
    answer = cloud.answer(
        signed("POST", path, body=body.encode(), headers=target(operation), service="dynamodb")
    )
    assert 400 <= answer.status < 500
    assert code(answer) in {
        "UnknownOperationException",
        "SerializationException",
        "AccessDeniedException",
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", "Action=ListUsers&Action=ListRoles&Version=2010-05-08"),
        ("/?Action=ListRoles", "Action=ListUsers&Version=2010-05-08"),
        ("/", "Action=ListUsers&Version=2099-01-01"),
        ("/", "Action=GetRole&Version=2010-05-08&RoleName=a&RoleName=b"),
        ("/", "Action=GetRole&Version=2010-05-08&RoleName=a&%52oleName=b"),
        ("/", "Action"),
        ("/roles", "Action=ListRoles&Version=2010-05-08"),
    ],
)
def test_a_form_that_can_be_read_twice_is_refused(
    cloud: Cloud, signed: Signed, code: Code, path: str, body: str
) -> None:
    answer = cloud.answer(signed("POST", path, body=body.encode(), headers=FORM, service="iam"))
    assert answer.status == 400
    assert code(answer) in {"InvalidAction", "MalformedQueryString"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/{BUCKET}?list-type=2&policy"),
        ("GET", f"/{BUCKET}?list-type=2&prefix=a&prefix=b"),
        ("GET", f"/{BUCKET}?list-type=2&Prefix=b"),
        ("GET", f"/{BUCKET}?list-type=2&Action=DeleteBucket"),
        ("GET", f"/{BUCKET}/key?versionId=1&acl&tagging"),
        ("GET", f"/{BUCKET}/key?prefix=x"),
        ("GET", f"/{BUCKET}%2Fother/key"),
        ("GET", "/UPPER/key"),
        ("GET", "/arn%3Aaws%3As3%3Aus-east-1%3A1%3Aaccesspoint%2Fx/key"),
        ("OPTIONS", f"/{BUCKET}/key"),
        ("PATCH", f"/{BUCKET}/key"),
        ("POST", f"/{BUCKET}"),
        ("GET", "/moto-api/data.json"),
    ],
)
def test_an_s3_request_that_can_be_read_twice_is_refused(
    cloud: Cloud, signed: Signed, method: str, path: str
) -> None:
    assert 400 <= cloud.answer(signed(method, path)).status < 500


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_is_no_body_for_s3(cloud: Cloud, signed: Signed, code: Code, kind: str) -> None:
    """moto would take `versionId`, or the whole body, from it."""
    for method in ("PUT", "GET"):
        request = signed(
            method, f"/{BUCKET}/key", body=b"versionId=1&key=x", headers={"Content-Type": kind}
        )
        assert code(cloud.answer(request)) == "InvalidRequest"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/model/amazon.nova-lite-v1%3A0/invoke", "bedrock-runtime:InvokeModel"),
        ("/nowhere", "There is no operation for POST on /nowhere"),
    ],
)
def test_what_is_not_emulated_is_refused_by_its_name(
    cloud: Cloud, signed: Signed, path: str, told: str
) -> None:
    answer = cloud.answer(signed("POST", path, body=b"{}", service="bedrock"))
    assert answer.status in {403, 404}
    assert told in answer.body.decode()


def test_a_parameter_that_is_there_twice_is_named(cloud: Cloud, signed: Signed) -> None:
    answer = cloud.answer(signed("GET", f"/{BUCKET}?list-type=2&prefix=a&prefix=b"))
    assert b"ListObjectsV2 takes ['prefix'] once" in answer.body


def test_headers_that_moto_listens_to_are_not_passed_on(
    aws: Aws, cloud: Cloud, signed: Signed
) -> None:
    headers = {
        **target("ListTables"),
        "x-moto-account-id": "999999999999",
        "User-Agent": "Boto3 region/eu-west-1",
        "Action": "DeleteTable",
    }
    answer = cloud.answer(signed("POST", "/", body=b"{}", headers=headers, service="dynamodb"))
    assert json.loads(answer.body)["TableNames"] == ["records"]
    assert aws.client("dynamodb").describe_table(TableName="records")


def test_json_is_never_read_as_a_form(aws: Aws) -> None:
    """moto looks for a Cognito parameter in the body as a form first, and would find this one."""
    cognito = aws.client("cognito-idp")
    one = cognito.create_user_pool(PoolName="one")["UserPool"]["Id"]
    two = cognito.create_user_pool(PoolName=f"&UserPoolId={one}&PoolName=three&")["UserPool"]
    assert two["Name"] == f"&UserPoolId={one}&PoolName=three&"
    group = f"g&UserPoolId={one}&"
    cognito.create_group(UserPoolId=two["Id"], GroupName="g", Description=group)
    assert cognito.list_groups(UserPoolId=one)["Groups"] == []
    (found,) = cognito.list_groups(UserPoolId=two["Id"])["Groups"]
    assert found["Description"] == group


def test_xml_is_written_anew(aws: Aws, cloud: Cloud, signed: Signed) -> None:
    """Two keys in one object: whichever is authorized, no other is deleted."""
    s3 = aws.client("s3")
    for key in ("first", "second"):
        s3.put_object(Bucket=BUCKET, Key=f"xml/{key}", Body=b"x")
    body = b"<Delete><Object><Key>xml/first</Key><Key>xml/second</Key></Object></Delete>"
    answer = cloud.answer(signed("POST", f"/{BUCKET}?delete", body=body))
    left = {o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET, Prefix="xml/").get("Contents", [])}
    deleted = {"xml/first", "xml/second"} - left
    assert len(deleted) <= 1
    assert all(key.encode() in answer.body for key in deleted)


keys = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"),
    min_size=1,
    max_size=30,
) | st.text(alphabet="a/.%?#&=+ ;:~\\\"'<>", min_size=1, max_size=12)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(key=keys)
def test_moto_stores_under_the_key_that_was_authorized(
    cloud: Cloud, signed: Signed, key: str
) -> None:
    from moto.s3.models import s3_backends

    stored: Any = s3_backends[cloud.account]["aws"]
    bucket = stored.buckets[BUCKET]
    before = set(bucket.keys.keys())
    for encoded in {quote(key, safe="/~"), quote(key, safe="")}:
        put = cloud.answer(signed("PUT", f"/{BUCKET}/{encoded}", body=key.encode()))
        if put.status != 200:
            assert set(bucket.keys.keys()) == before
            continue
        assert set(bucket.keys.keys()) - before <= {key}
        assert key in bucket.keys
        assert cloud.answer(signed("GET", f"/{BUCKET}/{encoded}")).body == key.encode()


def test_what_moto_lacks_is_told_by_name(aws: Aws) -> None:
    with pytest.raises(ClientError) as caught:
        aws.client("bedrock-agentcore-control").create_gateway_rule(
            gatewayIdentifier="gateway-1234567890",
            priority=1,
            actions=[{"routeToTarget": {"staticRoute": {"targetName": "t"}}}],
        )
    error = caught.value.response
    assert error["Error"]["Code"] in {"NotImplemented", "AccessDeniedException"}
    assert "CreateGatewayRule" in error["Error"]["Message"]


def test_an_upload_that_is_not_there_is_told_at_once(aws: Aws) -> None:
    """moto fails on some of these; and it would take another key's upload."""
    s3: Any = aws.client("s3")
    s3.put_object(Bucket=BUCKET, Key="source", Body=b"x")
    real = s3.create_multipart_upload(Bucket=BUCKET, Key="mine")["UploadId"]
    for key, upload in (("mine", "made-up"), ("other", real)):
        calls: tuple[Callable[..., object], ...] = (
            partial(s3.upload_part, Body=b"x", PartNumber=1),
            partial(s3.upload_part_copy, CopySource=f"{BUCKET}/source", PartNumber=1),
            s3.list_parts,
            s3.abort_multipart_upload,
            partial(s3.complete_multipart_upload, MultipartUpload={"Parts": []}),
        )
        for call in calls:
            with pytest.raises(ClientError, match="NoSuchUpload"):
                call(Bucket=BUCKET, Key=key, UploadId=upload)
    assert s3.upload_part(Bucket=BUCKET, Key="mine", UploadId=real, PartNumber=1, Body=b"x")


def test_a_failure_of_moto_is_no_verdict_and_no_traceback(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from moto.s3.models import S3Backend

    def fail(*_: object, **__: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(S3Backend, "put_object", fail)
    started = time.monotonic()
    with pytest.raises(ClientError) as caught:
        aws.client("s3").put_object(Bucket=BUCKET, Key="key", Body=b"x")
    error = caught.value.response
    assert error["Error"]["Code"] == "NotImplemented"
    assert error["Error"]["Message"] == "s3:PutObject fails in the embedded cloud: KeyError"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert time.monotonic() - started < 2
    assert capfd.readouterr().err == ""


def test_a_service_that_is_not_there_is_denied_by_name(aws: Aws) -> None:
    client: Any = aws.session.client(
        "ec2",
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="secret",
    )
    with pytest.raises(ClientError, match="no service `ec2`"):
        client.describe_instances()


def test_other_regions_are_not_there(aws: Aws) -> None:
    assert aws.credentials is not None
    client: Any = aws.session.client(
        "dynamodb",
        endpoint_url=aws.endpoint,
        region_name="eu-west-1",
        aws_access_key_id=aws.credentials.access_key_id,
        aws_secret_access_key=aws.credentials.secret_access_key,
    )
    with pytest.raises(ClientError, match="nothing of `eu-west-1`"):
        client.list_tables()
