"""Over HTTP as in this process: the same answers, on this machine alone, to many at once."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws
from tenantctl.errors import UsageError
from tenantctl.local.connect import opened, serving
from tenantctl.local.wire.serve import server

REGION = "us-east-1"
BUCKET = "served-bucket"


@pytest.fixture(scope="module")
def endpoint(aws: Aws) -> Iterator[str]:
    aws.client("s3").create_bucket(Bucket=BUCKET)
    with serving(aws) as found:
        assert found is not None
        yield found


def client(aws: Aws, service: str, endpoint: str, **config: Any) -> Any:  # noqa: ANN401 - a client
    keys = aws.credentials
    assert keys is not None
    return boto3.Session(region_name=REGION).client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=Config(retries={"max_attempts": 0}, **config),
    )


def test_an_ordinary_client_is_answered(aws: Aws, endpoint: str) -> None:
    s3 = client(aws, "s3", endpoint)
    for key in ("plain", "a b+c&d=e?f#g%2F", "//x/../y/", "ü"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), Metadata={"my_key": "v"})
        found = s3.get_object(Bucket=BUCKET, Key=key)
        assert (found["Body"].read(), found["Metadata"]) == (key.encode(), {"my_key": "v"})
        assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == len(key.encode())
    found = s3.get_object(Bucket=BUCKET, Key="plain", Range="bytes=1-2")
    assert found["Body"].read() == b"la"
    assert "TableNames" in client(aws, "dynamodb", endpoint).list_tables()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        boto3.Session(region_name=REGION).client(
            "sts",
            endpoint_url=endpoint,
            aws_access_key_id=aws.credentials.access_key_id if aws.credentials else "",
            aws_secret_access_key="guessed",
        ).get_caller_identity()


def test_a_transfer_in_parts(aws: Aws, endpoint: str, tmp_path: Path) -> None:
    from boto3.s3.transfer import TransferConfig

    s3 = client(aws, "s3", endpoint)
    path = tmp_path / "large"
    path.write_bytes(os.urandom(12 * 1024 * 1024))
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_file(str(path), BUCKET, "large", Config=parts)
    assert s3.get_object(Bucket=BUCKET, Key="large")["Body"].read() == path.read_bytes()


def test_many_at_once(aws: Aws, endpoint: str) -> None:
    s3 = client(aws, "s3", endpoint, max_pool_connections=8)

    def put(number: int) -> None:
        s3.put_object(Bucket=BUCKET, Key=f"many/{number}", Body=str(number).encode())
        found = s3.get_object(Bucket=BUCKET, Key=f"many/{number}")["Body"].read()
        assert found == str(number).encode()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(64)))
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="many/")["KeyCount"] == 64


def test_a_presigned_url_can_be_fetched(aws: Aws, endpoint: str) -> None:
    from urllib.parse import urlsplit

    s3 = client(aws, "s3", endpoint, signature_version="s3v4")
    s3.put_object(Bucket=BUCKET, Key="signed", Body=b"content")
    url = urlsplit(
        s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "signed"})
    )
    for path, wanted in (
        (f"{url.path}?{url.query}", 200),
        (f"{url.path}x?{url.query}", 403),
        (url.path, 403),
    ):
        connection = http.client.HTTPConnection(url.netloc)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == wanted
        assert (answer.read() == b"content") is (wanted == 200)
        connection.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Tier : premium\r\nContent-Length: 0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:1\r\nHost: evil.example\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
)
def test_what_no_client_sends_is_refused(
    endpoint: str, head: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    import socket

    host, _, port = endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert re.match(rb"HTTP/1\.1 4\d\d |<!DOCTYPE", answer)
    assert b"Traceback" not in answer
    assert capfd.readouterr() == ("", "")


def test_no_other_host_is_served(aws: Aws) -> None:
    cloud = opened()
    assert cloud is not None
    assert aws
    for host in ("0.0.0.0", "::", "localhost", "192.0.2.1"):  # noqa: S104 - refused
        with pytest.raises(UsageError, match="isn't served on"):
            server(cloud, host=host)


def test_a_form_in_parts_is_no_broken_head(endpoint: str) -> None:
    host = endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    connection.request("POST", "/", b"", {"Content-Type": "multipart/form-data; boundary=x"})
    answer = connection.getresponse()
    assert b"There is no operation for POST" in answer.read()
    connection.close()


def test_a_taken_port_is_told(aws: Aws, endpoint: str, capfd: pytest.CaptureFixture[str]) -> None:
    cloud = opened()
    assert cloud is not None
    assert aws
    with pytest.raises(UsageError, match="can't be listened on"):
        server(cloud, port=int(endpoint.rpartition(":")[2]))
    assert capfd.readouterr() == ("", "")
