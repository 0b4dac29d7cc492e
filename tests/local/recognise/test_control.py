"""Control planes: action and ARN, tags, and the roles that are passed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.local.call import Call, Check, ServiceError, UnrecognisedError
from tenantctl.local.recognise import recognise

from .conftest import ACCOUNT, Known, Recognise

IAM = f"arn:aws:iam::{ACCOUNT}"
COGNITO = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}"
AGENTCORE = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}"
DYNAMODB = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}"
KMS = f"arn:aws:kms:us-east-1:{ACCOUNT}"
ENGINE = f"{AGENTCORE}:policy-engine/engine-1234567890"

Pairs = list[tuple[str, str]]

_CASES: list[tuple[str, str, Mapping[str, Any], Pairs]] = [
    ("iam", "GetRole", {"RoleName": "tvm"}, [("iam:GetRole", f"{IAM}:role/tvm")]),
    ("iam", "GetUser", {}, [("iam:GetUser", f"{IAM}:user/operator")]),
    ("iam", "ListRoles", {}, [("iam:ListRoles", "*")]),
    (
        "iam",
        "GetPolicy",
        {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        [("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess")],
    ),
    (
        "cognito-idp",
        "AdminCreateUser",
        {"UserPoolId": "us-east-1_abc", "Username": "x"},
        [("cognito-idp:AdminCreateUser", f"{COGNITO}:userpool/us-east-1_abc")],
    ),
    ("cognito-idp", "ListUserPools", {}, [("cognito-idp:ListUserPools", "*")]),
    ("cognito-idp", "InitiateAuth", {"ClientId": "c"}, []),
    ("cognito-idp", "GetUser", {"AccessToken": "t"}, []),
    ("sts", "GetCallerIdentity", {}, []),
    (
        "bedrock-agentcore-control",
        "CreatePolicy",
        {"policyEngineId": "engine-1234567890", "name": "p"},
        [("bedrock-agentcore:CreatePolicy", ENGINE)],
    ),
    (
        "bedrock-agentcore-control",
        "GetPolicy",
        {"policyEngineId": "engine-1234567890", "policyId": "p-1234567890"},
        [
            ("bedrock-agentcore:GetPolicy", ENGINE),
            ("bedrock-agentcore:GetPolicy", f"{ENGINE}/policy/p-1234567890"),
        ],
    ),
    (
        "bedrock-agentcore-control",
        "CreateGateway",
        {"name": "g", "roleArn": f"{IAM}:role/agent"},
        [("bedrock-agentcore:CreateGateway", "*"), ("iam:PassRole", f"{IAM}:role/agent")],
    ),
    (
        "bedrock-agentcore-control",
        "GetAgentRuntimeEndpoint",
        {"agentRuntimeId": "r-1", "endpointName": "DEFAULT"},
        [
            ("bedrock-agentcore:GetAgentRuntimeEndpoint", f"{AGENTCORE}:runtime/r-1"),
            (
                "bedrock-agentcore:GetAgentRuntimeEndpoint",
                f"{AGENTCORE}:runtime/r-1/runtime-endpoint/DEFAULT",
            ),
        ],
    ),
    (
        "bedrock-agentcore-control",
        "GetMemory",
        {"memoryId": f"{AGENTCORE}:memory/m-1234567890"},
        [("bedrock-agentcore:GetMemory", f"{AGENTCORE}:memory/m-1234567890")],
    ),
    ("kms", "DescribeKey", {"KeyId": "k-1"}, [("kms:DescribeKey", f"{KMS}:key/k-1")]),
    (
        "lambda",
        "Invoke",
        {"FunctionName": "tool"},
        [("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:tool")],
    ),
    (
        "dynamodbstreams",
        "GetRecords",
        {"ShardIterator": f"{DYNAMODB}:table/records/stream/2024-01-01T00:00:00.000|1|AAA"},
        [("dynamodb:GetRecords", f"{DYNAMODB}:table/records/stream/2024-01-01T00:00:00.000")],
    ),
    (
        "dynamodb",
        "DescribeTable",
        {"TableName": "records"},
        [("dynamodb:DescribeTable", f"{DYNAMODB}:table/records")],
    ),
    (
        "dynamodb",
        "DescribeTable",
        {"TableName": f"{DYNAMODB}:table/records"},
        [("dynamodb:DescribeTable", f"{DYNAMODB}:table/records")],
    ),
    ("dynamodb", "ListTables", {}, [("dynamodb:ListTables", "*")]),
    (
        "dynamodb",
        "ExportTableToPointInTime",
        {"TableArn": f"{DYNAMODB}:table/records", "S3Bucket": "b"},
        [("dynamodb:ExportTableToPointInTime", f"{DYNAMODB}:table/records")],
    ),
    (
        "dynamodb",
        "DescribeBackup",
        {"BackupArn": f"{DYNAMODB}:table/records/backup/01"},
        [("dynamodb:DescribeBackup", f"{DYNAMODB}:table/records/backup/01")],
    ),
]


@pytest.mark.parametrize(("service", "operation", "params", "expected"), _CASES)
def test_action_and_resource(
    recognised: Recognise, service: str, operation: str, params: Mapping[str, Any], expected: Pairs
) -> None:
    assert [(c.action, c.resource) for c in recognised(service, operation, params)] == expected


def test_a_restore_asks_for_everything_that_it_reads_and_writes(recognised: Recognise) -> None:
    checks = recognised(
        "dynamodb",
        "RestoreTableToPointInTime",
        {"SourceTableName": "records", "TargetTableName": "copy"},
    )
    pairs = {(c.action, c.resource.rpartition("/")[2]) for c in checks}
    assert ("dynamodb:RestoreTableToPointInTime", "records") in pairs
    assert ("dynamodb:RestoreTableToPointInTime", "copy") in pairs
    assert {("dynamodb:Scan", "copy"), ("dynamodb:BatchWriteItem", "copy")} <= pairs


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("iam", "CreateRole", {"RoleName": "r", "Tags": [{"Key": "Team", "Value": "core"}]}),
        ("cognito-idp", "CreateUserPool", {"PoolName": "p", "UserPoolTags": {"Team": "core"}}),
        ("bedrock-agentcore-control", "CreateMemory", {"name": "m", "tags": {"Team": "core"}}),
        (
            "dynamodb",
            "CreateTable",
            {"TableName": "ttt", "Tags": [{"Key": "Team", "Value": "core"}]},
        ),
        ("kms", "CreateKey", {"Tags": [{"TagKey": "Team", "TagValue": "core"}]}),
    ],
)
def test_tags_of_a_creation_are_in_the_context(
    recognised: Recognise, service: str, operation: str, params: Mapping[str, Any]
) -> None:
    checks = recognised(service, operation, params)
    assert len({check.resource for check in checks}) == 1
    for check in checks:
        assert check.context == {"aws:requesttag/team": ("core",), "aws:tagkeys": ("Team",)}


@pytest.mark.parametrize(
    ("service", "operation", "params", "action"),
    [
        ("iam", "CreateRole", {"RoleName": "r"}, "iam:TagRole"),
        ("iam", "CreateUser", {"UserName": "u"}, "iam:TagUser"),
        ("iam", "CreatePolicy", {"PolicyName": "p"}, "iam:TagPolicy"),
        ("dynamodb", "CreateTable", {"TableName": "ttt"}, "dynamodb:TagResource"),
    ],
)
def test_tags_of_a_creation_take_the_right_to_tag(
    recognised: Recognise, service: str, operation: str, params: Mapping[str, Any], action: str
) -> None:
    own = f"{service}:{operation}"
    assert {check.action for check in recognised(service, operation, params)} == {own}
    tagged = {**params, "Tags": [{"Key": "Team", "Value": "core"}]}
    assert {check.action for check in recognised(service, operation, tagged)} == {own, action}


def test_untagging_names_its_keys(recognised: Recognise) -> None:
    (check,) = recognised("iam", "UntagRole", {"RoleName": "r", "TagKeys": ["a", "b"]})
    assert check.context == {"aws:tagkeys": ("a", "b")}


def test_tag_keys_that_differ_only_in_case_are_refused(recognised: Recognise) -> None:
    tags = [{"Key": "Tier", "Value": "basic"}, {"Key": "tier", "Value": "premium"}]
    with pytest.raises(ServiceError, match="Duplicate tag keys"):
        recognised("iam", "TagRole", {"RoleName": "r", "Tags": tags})


def test_attaching_a_policy_and_setting_a_boundary_say_which(recognised: Recognise) -> None:
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    (attach,) = recognised("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": admin})
    assert attach.context == {"iam:policyarn": (admin,)}
    (create,) = recognised("iam", "CreateUser", {"UserName": "u", "PermissionsBoundary": admin})
    assert create.context == {"iam:permissionsboundary": (admin,)}


def test_a_passed_role_says_to_whom(recognised: Recognise) -> None:
    _, passed = recognised(
        "bedrock-agentcore-control",
        "CreateAgentRuntime",
        {"agentRuntimeName": "r", "roleArn": f"{IAM}:role/agent"},
    )
    assert passed == Check(
        "iam:PassRole",
        f"{IAM}:role/agent",
        {"iam:passedtoservice": ("bedrock-agentcore.amazonaws.com",)},
    )


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("iam", "GetRole", {"RoleName": "tvm/../other"}),
        ("iam", "GetRole", {"RoleName": "*\n"}),
        ("iam", "GetRole", {}),
        ("iam", "CreateRole", {"RoleName": "r", "Path": "/team/"}),
        ("iam", "GetPolicy", {"PolicyArn": "arn:aws:iam::999999999999:policy/p"}),
        ("cognito-idp", "DescribeUserPool", {"UserPoolId": "us-east-1_a/client/x"}),
        ("lambda", "Invoke", {"FunctionName": "999999999999:function:tool"}),
        ("dynamodb", "DescribeTable", {"TableName": "records/index/by-visit"}),
        (
            "dynamodb",
            "DescribeTable",
            {"TableName": "arn:aws:dynamodb:us-east-1:999999999999:table/records"},
        ),
        (
            "dynamodb",
            "DescribeTable",
            {"TableName": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/records"},
        ),
        (
            "bedrock-agentcore-control",
            "GetMemory",
            {"memoryId": f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:gateway/g"},
        ),
        (
            "bedrock-agentcore-control",
            "CreateGateway",
            {"name": "g", "roleArn": "arn:aws:iam::999999999999:role/agent"},
        ),
    ],
)
def test_names_that_could_mean_something_else_are_refused(
    recognised: Recognise, service: str, operation: str, params: Mapping[str, Any]
) -> None:
    with pytest.raises(UnrecognisedError, match=f"{service}:{operation}"):
        recognised(service, operation, params)


def test_a_session_is_no_user_to_fall_back_on(facts: Known) -> None:
    session = Principal(
        PrincipalKind.SESSION,
        f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/operator",
        ACCOUNT,
        f"{IAM}:role/tvm",
    )
    with pytest.raises(UnrecognisedError):
        recognise(Call("iam", "GetUser", {}, "us-east-1", ACCOUNT, session), facts)


def test_other_partitions_have_their_own_arns(facts: Known) -> None:
    caller = Principal(PrincipalKind.USER, f"arn:aws-cn:iam::{ACCOUNT}:user/x", ACCOUNT)
    call = Call("dynamodb", "DeleteTable", {"TableName": "ttt"}, "cn-north-1", ACCOUNT, caller)
    (check,) = recognise(call, facts)
    assert check.resource == f"arn:aws-cn:dynamodb:cn-north-1:{ACCOUNT}:table/ttt"


def test_network_and_key_are_conditions_of_what_they_are_for(recognised: Recognise) -> None:
    network = {
        "networkMode": "VPC",
        "networkModeConfig": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]},
    }
    runtime = {"agentRuntimeId": "r-1", "roleArn": f"{IAM}:role/agent"}
    made, passed = recognised(
        "bedrock-agentcore-control",
        "UpdateAgentRuntime",
        {**runtime, "networkConfiguration": network},
    )
    assert made.context == {
        "bedrock-agentcore:subnets": ("subnet-1", "subnet-2"),
        "bedrock-agentcore:securitygroups": ("sg-1",),
    }
    assert passed.context == {"iam:passedtoservice": ("bedrock-agentcore.amazonaws.com",)}
    (plain, _) = recognised("bedrock-agentcore-control", "UpdateAgentRuntime", runtime)
    assert plain.context == {}
    key = f"{KMS}:key/1"
    (memory,) = recognised(
        "bedrock-agentcore-control", "CreateMemory", {"name": "m", "encryptionKeyArn": key}
    )
    assert memory.context == {"bedrock-agentcore:kmskeyarn": (key,)}


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"Layers": ["l"]}, "Layers"),
        ({"DryRun": True}, "DryRun"),
        ({"RevisionId": "r"}, "RevisionId"),
        ({"Code": {"ImageUri": "i"}}, "images"),
        ({"Code": {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"}}, "versions of objects"),
        ({"Qualifier": "1"}, "aliases"),
    ],
)
def test_functions_of_what_is_not_modelled_are_refused(
    recognised: Recognise, params: Mapping[str, Any], why: str
) -> None:
    with pytest.raises(UnrecognisedError, match=why):
        recognised("lambda", "CreateFunction", {"FunctionName": "f", **params})


def test_who_is_given_a_function_is_a_condition(recognised: Recognise) -> None:
    given = {"FunctionName": "f", "Principal": "bedrock-agentcore.amazonaws.com"}
    (check,) = recognised("lambda", "AddPermission", given)
    assert check.context == {"lambda:principal": ("bedrock-agentcore.amazonaws.com",)}
