"""Which policies have a say: the caller's, its boundary, the bucket's; a refusal's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws, Credentials
from tenantctl.local.cloud import Cloud
from tenantctl.local.wire.incoming import Answer, Incoming

ACCOUNT = "123456789012"
BUCKET = "authorize-bucket"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"

Signed = Callable[..., Incoming]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module", autouse=True)
def bucket(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="key", Body=b"content")


@pytest.fixture(scope="module")
def user(aws: Aws) -> Aws:
    """A user without any right."""
    iam = aws.client("iam")
    iam.create_user(UserName="nobody", Tags=[{"Key": "Team", "Value": "blue"}])
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    return aws.acting_as(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))


@pytest.fixture
def bucket_policy(aws: Aws) -> Any:  # noqa: ANN401 - a callable
    yield lambda *statements: aws.client("s3").put_bucket_policy(
        Bucket=BUCKET, Policy=document(*statements)
    )
    aws.client("s3").delete_bucket_policy(Bucket=BUCKET)


def reads(caller: Aws) -> str:
    """The content, or the error's code and message."""
    try:
        answer = caller.client("s3").get_object(Bucket=BUCKET, Key="key")
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return answer["Body"].read().decode()


def test_a_refusal_is_in_the_words_of_aws(user: Aws) -> None:
    assert reads(user) == (
        f"AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: "
        f"s3:GetObject on resource: arn:aws:s3:::{BUCKET}/key because no identity-based policy "
        "allows the s3:GetObject action"
    )


def test_a_user_s_policies_count_inline_managed_and_by_group(aws: Aws, user: Aws) -> None:
    iam = aws.client("iam")
    allow = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECTS})
    iam.put_user_policy(UserName="nobody", PolicyName="inline", PolicyDocument=allow)
    assert reads(user) == "content"
    iam.delete_user_policy(UserName="nobody", PolicyName="inline")
    assert reads(user).startswith("AccessDenied")
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=allow)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="nobody", PolicyArn=arn)
    assert reads(user) == "content"
    deny = document({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=deny, SetAsDefault=True)
    assert reads(user).endswith("with an explicit deny in an identity-based policy")
    iam.detach_user_policy(UserName="nobody", PolicyArn=arn)
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="inline", PolicyDocument=allow)
    assert reads(user).startswith("AccessDenied")
    iam.add_user_to_group(GroupName="readers", UserName="nobody")
    assert reads(user) == "content"
    iam.remove_user_from_group(GroupName="readers", UserName="nobody")
    assert reads(user).startswith("AccessDenied")


def test_a_user_s_tags_are_principal_tags(aws: Aws, user: Aws) -> None:
    iam = aws.client("iam")
    allow = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": OBJECTS,
        "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "blue"}},
    }
    iam.put_user_policy(UserName="nobody", PolicyName="tag", PolicyDocument=document(allow))
    assert reads(user) == "content"
    iam.untag_user(UserName="nobody", TagKeys=["Team"])
    assert reads(user).startswith("AccessDenied")
    iam.delete_user_policy(UserName="nobody", PolicyName="tag")


def test_an_inactive_or_deleted_key_is_no_key(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="leaver")
    key = iam.create_access_key(UserName="leaver")["AccessKey"]
    leaver = aws.acting_as(Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    assert leaver.client("sts").get_caller_identity()["Arn"].endswith("user/leaver")
    iam.update_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert reads(leaver).startswith("InvalidAccessKeyId")
    iam.update_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert reads(leaver).startswith("AccessDenied")
    iam.delete_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"])
    assert reads(leaver).startswith("InvalidAccessKeyId")


def test_a_boundary_bounds(aws: Aws, role: Callable[..., str]) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/operator"},
        "Action": "sts:AssumeRole",
    }
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    arn = role("bounded", trust=trust, allows=allow)
    session = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    caller = aws.acting_as(
        Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    )
    assert reads(caller) == "content"
    iam = aws.client("iam")
    narrow = {**allow, "Action": "s3:ListBucket"}
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=document(narrow))["Policy"][
        "Arn"
    ]
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=boundary)
    assert reads(caller).startswith("AccessDenied")
    missing = boundary.replace("edge", "gone")
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=missing)
    assert "doesn't exist" in reads(caller)


def test_a_bucket_s_policy_grants_and_denies(
    aws: Aws, user: Aws, bucket_policy: Callable[..., object]
) -> None:
    nobody = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}
    allow = {"Effect": "Allow", "Principal": nobody, "Action": "s3:GetObject", "Resource": OBJECTS}
    bucket_policy(allow)
    assert reads(user) == "content"
    everyone = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": OBJECTS}
    bucket_policy(allow, everyone)
    denied = "with an explicit deny in a resource-based policy"
    assert reads(user).endswith(denied)
    assert reads(aws).endswith(denied)
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    bucket_policy(allow, {**everyone, "Condition": insecure})
    assert reads(user) == "content", "moto alone would read the deny without its condition"


def anonymous(aws: Aws) -> Any:  # noqa: ANN401 - a client
    return aws.session.client(
        "s3",
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}),
    )


def test_everybody_reads_what_a_bucket_gives_to_everybody(
    aws: Aws, bucket_policy: Callable[..., object]
) -> None:
    client = anonymous(aws)
    with pytest.raises(ClientError, match=r"AccessDenied.*Access Denied"):
        client.get_object(Bucket=BUCKET, Key="key")
    bucket_policy(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": OBJECTS}
    )
    assert client.get_object(Bucket=BUCKET, Key="key")["Body"].read() == b"content"
    calls: tuple[Callable[[], object], ...] = (
        lambda: client.put_object(Bucket=BUCKET, Key="key", Body=b"other"),
        lambda: client.list_objects_v2(Bucket=BUCKET),
        client.list_buckets,
    )
    for call in calls:
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


@pytest.mark.parametrize(
    "text",
    [" ", "{}", '{"Version": "2012-10-17", "Statement": [{"Effect": "allow"}]}', "not json"],
)
def test_a_document_that_is_none_is_refused_when_it_is_put(aws: Aws, user: Aws, text: str) -> None:
    assert user
    iam = aws.client("iam")
    calls: tuple[Callable[[], object], ...] = (
        lambda: iam.put_user_policy(UserName="nobody", PolicyName="bad", PolicyDocument=text),
        lambda: iam.create_policy(PolicyName="bad", PolicyDocument=text),
        lambda: iam.create_role(RoleName="bad", AssumeRolePolicyDocument=text),
    )
    for call in calls:
        with pytest.raises(ClientError, match=r"MalformedPolicyDocument|ValidationError"):
            call()
    with pytest.raises(ClientError, match="MalformedPolicy"):
        aws.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=text)


def test_a_document_that_cannot_be_read_denies(aws: Aws, user: Aws, cloud: Cloud) -> None:
    """However it got there: what isn't understood allows nothing."""
    from moto.iam.models import iam_backends

    iam = aws.client("iam")
    allow = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.put_user_policy(UserName="nobody", PolicyName="all", PolicyDocument=allow)
    assert reads(user) == "content"
    stored: Any = iam_backends[cloud.account]["aws"]
    stored.users["nobody"].policies["odd"] = allow.replace("Effect", "Efect")
    assert "can't be read" in reads(user)
    del stored.users["nobody"].policies["odd"]
    iam.delete_user_policy(UserName="nobody", PolicyName="all")


def test_cognito_s_public_operations_need_no_signature(aws: Aws, cloud: Cloud) -> None:
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="pool")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    with pytest.raises(ClientError, match=r"NotAuthorized|UserNotFound"):
        cognito.initiate_auth(
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "nobody", "PASSWORD": "guess"},
        )

    def unsigned(operation: str, body: dict[str, str]) -> Answer:
        headers = {
            "host": "127.0.0.1",
            "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
        }
        return cloud.answer(Incoming("POST", "/", "", headers, json.dumps(body).encode()))

    for operation in ("ListUsers", "AdminCreateUser", "DeleteUserPool"):
        answer = unsigned(operation, {"UserPoolId": pool, "Username": "x"})
        assert b"MissingAuthenticationTokenException" in answer.body
    keys = cloud.answer(
        Incoming("GET", f"/{pool}/.well-known/jwks.json", "", {"host": "127.0.0.1"}, b"")
    )
    assert "keys" in json.loads(keys.body)
    for path in (f"/{pool}/.well-known/other", "/../.well-known/jwks.json"):
        answer = cloud.answer(Incoming("GET", path, "", {"host": "127.0.0.1"}, b""))
        assert answer.status >= 400
