"""In this process nothing leaves it: every request of the session is answered here."""

from __future__ import annotations

import io
import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.fetch import get
from tenantctl.aws.session import Aws


@pytest.fixture(autouse=True)
def no_socket(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    assert aws
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def test_no_socket_is_opened(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="transport-bucket")
    bodies: list[Any] = [b"bytes", bytearray(b"array"), io.BytesIO(b"file"), b""]
    for body in bodies:
        s3.put_object(Bucket="transport-bucket", Key="key", Body=body)
        found = s3.get_object(Bucket="transport-bucket", Key="key")["Body"]
        wanted = body.getvalue() if isinstance(body, io.BytesIO) else bytes(body)
        assert found.read() == wanted
    s3.put_object(Bucket="transport-bucket", Key="key", Body=b"x" * 200_000)
    found = s3.get_object(Bucket="transport-bucket", Key="key")["Body"]
    assert sum(len(chunk) for chunk in found.iter_chunks(1000)) == 200_000


def test_requests_for_elsewhere_are_answered_here_and_refused(aws: Aws) -> None:
    """A client that lost its endpoint must not reach the network with these keys."""
    assert aws.credentials is not None
    client: Any = aws.session.client(
        "dynamodb",
        region_name=aws.region,
        aws_access_key_id=aws.credentials.access_key_id,
        aws_secret_access_key=aws.credentials.secret_access_key,
    )
    with pytest.raises(ClientError, match="answers to 127"):
        client.list_tables()


def test_plain_gets_take_the_same_way(aws: Aws) -> None:
    pool = aws.client("cognito-idp").create_user_pool(PoolName="p")["UserPool"]["Id"]
    assert b"keys" in get(aws, f"{aws.endpoint}/{pool}/.well-known/jwks.json")
    assert b"issuer" in get(aws, f"{aws.endpoint}/{pool}/.well-known/openid-configuration")


def test_a_client_sees_errors_as_of_aws(aws: Aws) -> None:
    s3 = aws.client("s3")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket="no-such-bucket", Key="key")
    with pytest.raises(aws.client("dynamodb").exceptions.ResourceNotFoundException):
        aws.client("dynamodb").describe_table(TableName="missing")
    with pytest.raises(aws.client("iam").exceptions.NoSuchEntityException):
        aws.client("iam").get_role(RoleName="missing")
