"""The embedded cloud in memory, and requests to it made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from tenantctl.aws.session import Aws, Credentials
from tenantctl.local.cloud import Cloud
from tenantctl.local.connect import in_memory, opened
from tenantctl.local.wire.incoming import Answer, Incoming, from_url

ACCOUNT = "123456789012"
REGION = "us-east-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """A fresh embedded cloud, as its operator."""
    with in_memory(region=REGION, account=ACCOUNT) as cloud:
        yield cloud


@pytest.fixture
def cloud(aws: Aws) -> Iterator[Cloud]:
    """What stands behind `aws`; its clock is put right again after a test."""
    found = opened()
    assert found is not None
    assert aws.account == found.account
    clock = found.clock
    yield found
    found.clock = clock


Signed = Callable[..., Incoming]


@pytest.fixture
def signed(aws: Aws) -> Signed:
    """`signed("PUT", "/bucket/key", body=b"x")`: a request as botocore signs it."""

    def build(  # noqa: PLR0913 - the parts of a request
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        service: str = "s3",
        keys: Credentials | None = None,
        payload: str | None = None,
    ) -> Incoming:
        used = keys or aws.credentials
        assert used is not None
        auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(
            Keys(used.access_key_id, used.secret_access_key, used.session_token), service, REGION
        )
        if payload is not None:
            setattr(auth, "payload", lambda _request: payload)  # noqa: B010 - a method to mypy
        wire = AWSRequest(method, f"http://127.0.0.1{path}", dict(headers or {}), body)
        auth.add_auth(wire)
        return from_url(method, wire.url or "", wire.headers.items(), body)

    return build


Code = Callable[[Answer], str]


@pytest.fixture
def code() -> Code:
    """The error code of an answer, in whatever form."""

    def read(answer: Answer) -> str:
        text = answer.body.decode()
        if text.startswith("{"):
            return str(json.loads(text)["__type"])
        return text.partition("<Code>")[2].partition("</Code>")[0]

    return read


Role = Callable[..., str]


@pytest.fixture
def role(aws: Aws) -> Role:
    """`role("name", trust=[...], allows=[...])`: make a role anew; returns its ARN."""

    def make(
        name: str,
        *,
        trust: Any,  # noqa: ANN401 - statements
        allows: Any = None,  # noqa: ANN401 - the same
        **more: Any,  # noqa: ANN401 - as CreateRole takes them
    ) -> str:
        iam = aws.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)["Role"][
            "Arn"
        ]
        if allows is not None:
            iam.put_role_policy(
                RoleName=name,
                PolicyName="inline",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allows}),
            )
        return arn

    return make


Lacking = Callable[[str, list[str]], Iterator[tuple[str, Any]]]


@pytest.fixture
def lacking(aws: Aws, role: Role) -> Iterator[Lacking]:
    """`lacking("lambda", [actions])`: (action, client that is allowed all of them but this)."""
    iam, name = aws.client("iam"), "lacking"
    trust = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
    ]
    arn = role(name, trust=trust)

    def clients(service: str, actions: list[str]) -> Iterator[tuple[str, Any]]:
        got = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="lacking")["Credentials"]
        keys = Credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
        for missing in actions:
            # A statement must have an action.
            rest = [action for action in actions if action != missing] or ["sts:GetSessionToken"]
            allow = {"Effect": "Allow", "Action": rest, "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": allow})
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
            yield missing, aws.acting_as(keys).client(service)  # type: ignore[call-overload]

    yield clients
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.delete_role(RoleName=name)
