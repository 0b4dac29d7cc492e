"""What one command made the next one finds: saved whole, by one process at a time, or refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.aws.session import Aws
from tenantctl.errors import StateError
from tenantctl.local.behind import backends
from tenantctl.local.connect import embedded, in_memory, opened
from tenantctl.local.state import daemon, published, saved, state_file

REGION = "us-east-1"

WRITER = """
import sys
from pathlib import Path
from tenantctl.local.connect import embedded
directory, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    with embedded(region="us-east-1", state_dir=directory) as aws:
        aws.client("s3").put_object(Bucket="bucket", Key=f"{name}/{number}", Body=b"x")
        print(number, flush=True)
"""

FLOOD = """
import sys
from pathlib import Path
from tenantctl.local.connect import embedded
with embedded(region="us-east-1", state_dir=Path(sys.argv[1])) as aws:
    number = 0
    while True:
        for service in ("one", "two"):
            aws.client("s3").put_object(Bucket=f"bucket-{service}", Key=f"{number:06}", Body=b"x")
        print(number, flush=True)
        number += 1
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


def run(script: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def keys_of(aws: Aws, bucket: str) -> list[str]:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [o["Key"] for page in pages for o in page.get("Contents", [])]


def test_every_service_comes_back(directory: Path) -> None:
    with embedded(region=REGION, state_dir=directory) as aws:
        who = aws.client("sts").get_caller_identity()["Arn"]
        s3, dynamodb = aws.client("s3"), aws.client("dynamodb")
        cognito, control = aws.client("cognito-idp"), aws.client("bedrock-agentcore-control")
        s3.create_bucket(Bucket="bucket")
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"old", b"new", b"x" * 300_000):
            s3.put_object(Bucket="bucket", Key="key", Body=body, Metadata={"a_b": "c"})
        upload = s3.create_multipart_upload(Bucket="bucket", Key="parts")["UploadId"]
        s3.upload_part(Bucket="bucket", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
        dynamodb.create_table(
            TableName="records",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        item: Any = {"pk": {"S": "a"}, "b": {"B": b"\x00"}, "n": {"N": "1.5"}, "l": {"L": []}}
        dynamodb.put_item(TableName="records", Item=item)
        pool = cognito.create_user_pool(PoolName="pool")["UserPool"]["Id"]
        app = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(UserPoolId=pool, Username="a@example.com")
        cognito.admin_set_user_password(
            UserPoolId=pool, Username="a@example.com", Password="Passw0rd!", Permanent=True
        )
        engine = control.create_policy_engine(name="engine")["policyEngineId"]
        memory = control.create_memory(name="memory", eventExpiryDuration=30)["memory"]["id"]
        key = aws.session.client(
            "kms",
            region_name=REGION,
            endpoint_url=aws.endpoint,
            aws_access_key_id=aws.credentials.access_key_id if aws.credentials else "",
            aws_secret_access_key=aws.credentials.secret_access_key if aws.credentials else "",
        ).create_key()["KeyMetadata"]["KeyId"]
        assert key
    with embedded(region=REGION, state_dir=directory) as aws:
        assert aws.client("sts").get_caller_identity()["Arn"] == who
        s3, dynamodb = aws.client("s3"), aws.client("dynamodb")
        cognito, control = aws.client("cognito-idp"), aws.client("bedrock-agentcore-control")
        found = s3.get_object(Bucket="bucket", Key="key")
        assert (len(found["Body"].read()), found["Metadata"]) == (300_000, {"a_b": "c"})
        assert len(s3.list_object_versions(Bucket="bucket")["Versions"]) == 3
        (part,) = s3.list_parts(Bucket="bucket", Key="parts", UploadId=upload)["Parts"]
        assert part["Size"] == 4
        stored = dynamodb.get_item(TableName="records", Key={"pk": {"S": "a"}})["Item"]
        assert stored == item
        signed_in = cognito.initiate_auth(
            ClientId=app,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "a@example.com", "PASSWORD": "Passw0rd!"},
        )
        assert signed_in["AuthenticationResult"]["IdToken"]
        assert control.get_policy_engine(policyEngineId=engine)["name"] == "engine"
        assert control.get_memory(memoryId=memory)["memory"]["name"] == "memory"


def test_accounts_share_bucket_names_and_nothing_else(directory: Path) -> None:
    with embedded(region=REGION, state_dir=directory) as aws:
        aws.client("s3").create_bucket(Bucket="bucket")
        aws.client("s3").put_object(Bucket="bucket", Key="key", Body=b"x")
    with embedded(region=REGION, account="999999999999", state_dir=directory) as aws:
        s3 = aws.client("s3")
        assert s3.list_buckets()["Buckets"] == []
        with pytest.raises(ClientError, match="BucketAlreadyExists"):
            s3.create_bucket(Bucket="bucket")
        for call in (
            lambda: s3.get_object(Bucket="bucket", Key="key"),
            lambda: s3.list_objects_v2(Bucket="bucket"),
            lambda: s3.put_object(Bucket="bucket", Key="key", Body=b"y"),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                call()


def test_a_session_outlives_the_command(directory: Path) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    with embedded(region=REGION, state_dir=directory) as aws:
        iam = aws.client("iam")
        arn = iam.create_role(RoleName="agent", AssumeRolePolicyDocument=json.dumps(trust))
        assert aws.runtime is not None
        keys = (
            aws.acting_as(aws.runtime)
            .client("sts")
            .assume_role(RoleArn=arn["Role"]["Arn"], RoleSessionName="session")["Credentials"]
        )
    from tenantctl.aws.session import Credentials

    session = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    with embedded(region=REGION, state_dir=directory) as aws:
        who = aws.acting_as(session).client("sts").get_caller_identity()["Arn"]
        assert who.endswith("assumed-role/agent/session")


def test_two_processes_never_lose_a_write(directory: Path) -> None:
    with embedded(region=REGION, state_dir=directory) as aws:
        aws.client("s3").create_bucket(Bucket="bucket")
    writers = [run(WRITER, directory, name, 4) for name in ("left", "right")]
    assert [writer.communicate(timeout=60)[0] for writer in writers] == ["0\n1\n2\n3\n"] * 2
    with embedded(region=REGION, state_dir=directory) as aws:
        wanted = {f"{name}/{number}" for name in ("left", "right") for number in range(4)}
        assert set(keys_of(aws, "bucket")) == wanted


@pytest.mark.parametrize("after", [3, 17, 60])
def test_kill_leaves_an_earlier_moment(directory: Path, after: int) -> None:
    """Both buckets get a key in turn: whatever moment it is, it is the same one for both."""
    with embedded(region=REGION, state_dir=directory) as aws:
        for name in ("one", "two"):
            aws.client("s3").create_bucket(Bucket=f"bucket-{name}")
    writer = run(FLOOD, directory)
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) >= after:
            break
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    with embedded(region=REGION, state_dir=directory) as aws:
        one, two = keys_of(aws, "bucket-one"), keys_of(aws, "bucket-two")
        assert one == [f"{number:06}" for number in range(len(one))]
        assert one[: len(two)] == two
        assert len(one) - len(two) in {0, 1}
        aws.client("s3").put_object(Bucket="bucket-one", Key="after", Body=b"x")


def test_an_interrupted_request_is_not_saved(directory: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def half() -> None:
        with embedded(region=REGION, state_dir=directory) as aws:
            aws.client("s3").create_bucket(Bucket="whole")
            cloud = opened()
            assert cloud is not None
            cloud.save()
            from moto.s3.models import S3Backend

            original = S3Backend.put_object
            setattr(S3Backend, "put_object", interrupted)  # noqa: B010 - a method to mypy
            try:
                aws.client("s3").put_object(Bucket="whole", Key="half", Body=b"x")
            finally:
                setattr(S3Backend, "put_object", original)  # noqa: B010 - the same

    with pytest.raises(KeyboardInterrupt):
        half()
    with embedded(region=REGION, state_dir=directory) as aws:
        assert keys_of(aws, "whole") == []


def test_only_what_changed_is_pickled_again(directory: Path) -> None:
    with embedded(region=REGION, state_dir=directory) as aws:
        aws.client("s3").create_bucket(Bucket="bucket")
        aws.client("cognito-idp").create_user_pool(PoolName="pool")
    before = state_file.read(directory)
    with embedded(region=REGION, state_dir=directory) as aws:
        aws.client("s3").put_object(Bucket="bucket", Key="key", Body=b"x")
        aws.client("cognito-idp").list_user_pools(MaxResults=1)
    after = state_file.read(directory)
    assert before is not None
    assert after is not None
    assert {n for n in after if after[n] != before.get(n)} == {"moto/s3/123456789012/aws"}


def test_reading_writes_nothing(directory: Path) -> None:
    with embedded(region=REGION, state_dir=directory):
        pass
    before = (directory / state_file.FILE).stat().st_mtime_ns
    with embedded(region=REGION, state_dir=directory) as aws:
        aws.client("s3").list_buckets()
        aws.client("sts").get_caller_identity()
    assert (directory / state_file.FILE).stat().st_mtime_ns == before


def test_nobody_else_can_read_it(directory: Path) -> None:
    with embedded(region=REGION, state_dir=directory):
        pass
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / state_file.FILE).stat().st_mode & 0o777 == 0o600
    directory.chmod(0o755)
    with (
        pytest.raises(StateError, match="open to other users"),
        embedded(region=REGION, state_dir=directory),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "put"),
    [
        (state_file.FILE, Path.mkdir),
        (state_file.FILE, os.mkfifo),
        (saved.LOCK, Path.mkdir),
        (saved.HOLDER, Path.mkdir),
    ],
)
def test_what_is_no_file_is_said_and_not_waited_for(
    directory: Path, name: str, put: Callable[[Path], None]
) -> None:
    directory.mkdir(mode=0o700)
    put(directory / name)
    with (
        pytest.raises(StateError, match=r"is no file|can't be used"),
        embedded(region=REGION, state_dir=directory),
    ):
        pass


def test_a_state_that_cannot_be_removed_is_said(directory: Path) -> None:
    (directory / state_file.FILE).mkdir(mode=0o700, parents=True)
    directory.chmod(0o700)
    with pytest.raises(StateError, match="can't be removed"):
        daemon.reset(notify=lambda _text: None, directory=directory)


def test_a_state_that_others_may_write_is_not_read(directory: Path) -> None:
    with embedded(region=REGION, state_dir=directory):
        pass
    (directory / state_file.FILE).chmod(0o666)
    with (
        pytest.raises(StateError, match="others may write"),
        embedded(region=REGION, state_dir=directory),
    ):
        pass


@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo])
def test_what_is_no_note_of_a_server_is_no_server(
    directory: Path, put: Callable[[Path], None]
) -> None:
    directory.mkdir(mode=0o700)
    put(directory / published.FILE)
    assert published.find(directory) is None


def damaged(change: Callable[[bytes], bytes], directory: Path) -> StateError:
    with embedded(region=REGION, state_dir=directory):
        pass
    path = directory / state_file.FILE
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(StateError) as caught, embedded(region=REGION, state_dir=directory):
        pass
    return caught.value


FORMAT = f'"format": {state_file.FORMAT}'.encode()


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda _: b"", "no saved state"),
        (lambda _: b"\x80\x04garbage", "no saved state"),
        (lambda _: b"[" * 1_000_000, "no saved state"),
        (lambda data: data[:-1], "damaged"),
        (lambda data: data + b"x", "damaged"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "damaged"),
        (lambda data: data.replace(FORMAT, b'"format": 0'), "other versions"),
        (lambda data: data.replace(b'"moto": "', b'"moto": "9'), "other versions"),
        (lambda data: data.replace(b'"python": "3', b'"python": "2'), "other versions"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_kept(
    directory: Path, change: Callable[[bytes], bytes], wanted: str
) -> None:
    error = damaged(change, directory)
    assert wanted in error.message
    assert error.hint is not None
    assert "tenantctl local reset" in error.hint
    assert (directory / state_file.FILE).exists()
    assert wanted in (daemon.status(directory).trouble or "")
    assert daemon.reset(notify=lambda _text: None, directory=directory)
    with embedded(region=REGION, state_dir=directory) as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []


def test_a_pickle_is_not_touched_before_its_digest_fits(directory: Path, tmp_path: Path) -> None:
    import pickle

    trace = tmp_path / "trace"

    class Evil:
        def __reduce__(self) -> Any:  # noqa: ANN401 - what pickle takes
            return (Path.touch, (trace,))

    def change(data: bytes) -> bytes:
        header, _, _ = data.partition(b"\n")
        return header + b"\n" + pickle.dumps(Evil())

    assert "damaged" in damaged(change, directory).message
    assert not trace.exists()


def test_a_second_command_waits_and_then_gives_up(directory: Path) -> None:
    told: list[str] = []
    state_file.prepare(directory)
    with saved.locked(directory):
        assert saved.holder(directory) == os.getpid()
        started = time.monotonic()
        with (
            pytest.raises(StateError, match="has held"),
            saved.locked(directory, notify=told.append, seconds=0.2),
        ):
            pass
        assert 0.2 <= time.monotonic() - started < 5
    assert len(told) == 1
    assert saved.holder(directory) is None
    with saved.locked(directory, seconds=0) as mine:
        assert mine


def test_a_process_has_one_cloud(directory: Path) -> None:
    with in_memory(region=REGION):
        with (
            pytest.raises(StateError, match="already"),
            embedded(region=REGION, state_dir=directory),
        ):
            pass
        with pytest.raises(StateError, match="already"), backends.claim():
            pass
    assert opened() is None
    with in_memory(region=REGION) as aws:
        aws.client("s3").create_bucket(Bucket="gone")
    with in_memory(region=REGION) as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []
        aws.client("s3").create_bucket(Bucket="gone")


def test_a_full_disk_is_told_at_the_end(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded(region=REGION, state_dir=directory):
        pass
    before = (directory / state_file.FILE).read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    def fill() -> None:
        with embedded(region=REGION, state_dir=directory) as aws:
            monkeypatch.setattr(os, "fsync", full)
            aws.client("s3").create_bucket(Bucket="bucket")

    with pytest.raises(StateError, match="No space left"):
        fill()
    assert (directory / state_file.FILE).read_bytes() == before


def test_saving_takes_its_share_and_no_more(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times what a save took must pass before the next."""
    with embedded(region=REGION, state_dir=directory) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="bucket")
        body = os.urandom(2_000_000)
        for number in range(10):
            s3.put_object(Bucket="bucket", Key=f"large/{number}", Body=body)
        writes: list[float] = []
        original = state_file.write

        def counted(*args: Any) -> None:  # noqa: ANN401 - passed on
            started = time.monotonic()
            original(*args)
            writes.append(time.monotonic() - started)

        monkeypatch.setattr(state_file, "write", counted)
        started = time.monotonic()
        for number in range(100):
            s3.put_object(Bucket="bucket", Key=f"small/{number}", Body=b"x")
        took = time.monotonic() - started
    assert sum(writes) <= 0.3 * took + 0.1
