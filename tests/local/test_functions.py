"""Lambda's control plane through boto3: what is kept, what is refused, what each call takes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws
from tenantctl.local.call import ServiceError
from tenantctl.local.functions.code import code_of

from .conftest import Lacking

REGION, ACCOUNT = "us-east-1", "123456789012"
NAME = "clinic-agent-current-time"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}"


def functions(aws: Aws) -> Any:  # noqa: ANN401 - a boto3 client
    return aws.client(cast("Any", "lambda"))


def package(source: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as found:
        found.writestr(zipfile.ZipInfo("index.py"), source)
    return data.getvalue()


CODE = package("def handler(event, context): return event\n")
LAMBDA = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
]
OTHER = [
    {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
]


def settings(role: str, **more: object) -> dict[str, Any]:
    return {
        "FunctionName": NAME,
        "Role": role,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": CODE},
        **more,
    }


def refused(code: str, message: str = "") -> AbstractContextManager[object]:
    return pytest.raises(ClientError, match=f"(?s){code}.*{message}")


@pytest.fixture(scope="module")
def execution(aws: Aws) -> str:
    return make_role(aws, "execution", LAMBDA)


def make_role(aws: Aws, name: str, trust: object) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    made = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


@pytest.fixture
def function(aws: Aws, execution: str) -> Iterator[str]:
    client = functions(aws)
    client.create_function(
        **settings(
            execution,
            Environment={"Variables": {"TENANTCTL_POOL": "clinic-agent"}},
            Timeout=10,
            Tags={"tenantctl:pool": "clinic-agent"},
        )
    )
    yield NAME
    client.delete_function(FunctionName=NAME)


def test_a_function_is_kept_whole(aws: Aws, function: str, execution: str) -> None:
    client = functions(aws)
    found = client.get_function(FunctionName=function)
    assert found["Tags"] == {"tenantctl:pool": "clinic-agent"}
    digest = base64.b64encode(hashlib.sha256(CODE).digest()).decode()
    assert found["Configuration"]["CodeSha256"] == digest
    kept = code_of(ACCOUNT, REGION, function)
    assert kept == code_of(ACCOUNT, REGION, ARN)
    assert (kept.package, kept.sha256, kept.role_arn) == (CODE, digest, execution)
    assert (kept.handler, kept.runtime, kept.timeout) == ("index.handler", "python3.12", 10)
    assert kept.environment == {"TENANTCTL_POOL": "clinic-agent"}
    assert "clinic-agent\\n" not in repr(kept)
    assert "TENANTCTL_POOL" not in repr(kept)


def test_code_and_configuration_change_apart(aws: Aws, function: str) -> None:
    client = functions(aws)
    other = package("def handler(event, context): return None\n")
    answer = client.update_function_code(FunctionName=function, ZipFile=other)
    assert answer["CodeSha256"] == base64.b64encode(hashlib.sha256(other).digest()).decode()
    client.update_function_configuration(
        FunctionName=function, Timeout=20, Environment={"Variables": {"TABLE": "records"}}
    )
    kept = code_of(ACCOUNT, REGION, function)
    assert (kept.package, kept.timeout, kept.environment) == (other, 20, {"TABLE": "records"})


def test_there_is_no_code_of_what_is_not_there() -> None:
    with pytest.raises(ServiceError, match="ResourceNotFoundException"):
        code_of(ACCOUNT, REGION, "nothing")


def test_tags_and_permissions_come_and_go(aws: Aws, function: str) -> None:
    client = functions(aws)
    client.tag_resource(Resource=ARN, Tags={"a": "b"})
    assert client.list_tags(Resource=ARN)["Tags"] == {"tenantctl:pool": "clinic-agent", "a": "b"}
    client.untag_resource(Resource=ARN, TagKeys=["a"])
    assert client.list_tags(Resource=ARN)["Tags"] == {"tenantctl:pool": "clinic-agent"}
    with refused("ResourceNotFoundException"):
        client.get_policy(FunctionName=function)
    client.add_permission(
        FunctionName=function,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="bedrock-agentcore.amazonaws.com",
        SourceAccount=ACCOUNT,
    )
    assert "bedrock-agentcore.amazonaws.com" in client.get_policy(FunctionName=function)["Policy"]
    client.remove_permission(FunctionName=function, StatementId="gateway")


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValue", "unzip"),
        ({"Code": {"ZipFile": CODE[:-30]}}, "InvalidParameterValue", "unzip"),
        ({"FunctionName": "a b"}, "AccessDenied", "can't stand in an ARN"),
        ({"Handler": "index handler"}, "ValidationException", "Handler"),
        ({"Runtime": "python9"}, "ValidationException", "Runtime"),
        ({"Environment": {"Variables": {"1": "a"}}}, "ValidationException", "Environment"),
        ({"Code": {"ImageUri": "1.dkr.ecr.us-east-1.amazonaws.com/a:b"}}, "AccessDenied", "images"),
        ({"Layers": [f"{ARN.replace('function', 'layer')}:1"]}, "AccessDenied", "Layers"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "AccessDenied", "VpcConfig"),
    ],
)
def test_what_lambda_or_nobody_here_takes_is_refused(
    aws: Aws, execution: str, more: Mapping[str, object], code: str, message: str
) -> None:
    with refused(code, message):
        functions(aws).create_function(**settings(execution, **more))
    assert functions(aws).list_functions()["Functions"] == []


def test_a_role_that_does_not_trust_lambda_is_refused(aws: Aws, function: str) -> None:
    elsewhere = make_role(aws, "for-agentcore", OTHER)
    client = functions(aws)
    for role in (elsewhere, f"arn:aws:iam::{ACCOUNT}:role/nobody"):
        with refused("InvalidParameterValueException", "cannot be assumed by Lambda"):
            client.update_function_configuration(FunctionName=function, Role=role)
        with refused("InvalidParameterValueException", "cannot be assumed by Lambda"):
            client.create_function(**settings(role) | {"FunctionName": "another"})


def test_functions_are_not_run_over_the_api(aws: Aws, function: str) -> None:
    with refused("NotImplemented", "lambda:Invoke"):
        functions(aws).invoke(FunctionName=function)


Do = Callable[[Any, str], object]

_NEEDS: list[tuple[Do, list[str]]] = [
    (
        lambda c, role: c.create_function(**settings(role, Tags={"a": "b"})),
        ["lambda:CreateFunction", "lambda:TagResource", "iam:PassRole"],
    ),
    (
        lambda c, role: c.create_function(
            **settings(role) | {"Code": {"S3Bucket": "packages", "S3Key": "a.zip"}}
        ),
        ["lambda:CreateFunction", "s3:GetObject", "iam:PassRole"],
    ),
    (lambda c, _: c.get_function(FunctionName=NAME), ["lambda:GetFunction"]),
    (
        lambda c, _: c.get_function_configuration(FunctionName=NAME),
        ["lambda:GetFunctionConfiguration"],
    ),
    (
        lambda c, _: c.update_function_code(FunctionName=NAME, ZipFile=CODE),
        ["lambda:UpdateFunctionCode"],
    ),
    (
        lambda c, _: c.update_function_code(FunctionName=NAME, S3Bucket="packages", S3Key="a"),
        ["lambda:UpdateFunctionCode", "s3:GetObject"],
    ),
    (
        lambda c, role: c.update_function_configuration(FunctionName=NAME, Role=role),
        ["lambda:UpdateFunctionConfiguration", "iam:PassRole"],
    ),
    (lambda c, _: c.delete_function(FunctionName=NAME), ["lambda:DeleteFunction"]),
    (lambda c, _: c.list_functions(), ["lambda:ListFunctions"]),
    (lambda c, _: c.list_tags(Resource=ARN), ["lambda:ListTags"]),
    (lambda c, _: c.tag_resource(Resource=ARN, Tags={"a": "b"}), ["lambda:TagResource"]),
    (lambda c, _: c.untag_resource(Resource=ARN, TagKeys=["a"]), ["lambda:UntagResource"]),
    (lambda c, _: c.get_policy(FunctionName=NAME), ["lambda:GetPolicy"]),
    (lambda c, _: c.invoke(FunctionName=NAME), ["lambda:InvokeFunction"]),
    (
        lambda c, _: c.add_permission(
            FunctionName=NAME, StatementId="s", Action="lambda:InvokeFunction", Principal="x"
        ),
        ["lambda:AddPermission"],
    ),
    (
        lambda c, _: c.remove_permission(FunctionName=NAME, StatementId="s"),
        ["lambda:RemovePermission"],
    ),
]


@pytest.mark.parametrize(("do", "needs"), _NEEDS)
def test_each_call_needs_each_of_its_permissions(
    lacking: Lacking, execution: str, do: Do, needs: list[str]
) -> None:
    for missing, client in lacking("lambda", needs):
        with refused("AccessDenied", missing):
            do(client, execution)
