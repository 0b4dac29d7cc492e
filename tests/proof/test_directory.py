"""A directory of documents is read strictly; what is wrong with it is never a verdict."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tenantctl.domain.pool import Pool
from tenantctl.errors import ConfigError, ExitCode, PolicyInvalidError
from tenantctl.proof.directory import load

Write = Callable[[Path, Mapping[str, Any], Pool], Path]
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.fixture
def pool(pool_of: Callable[[Any], Pool]) -> Pool:
    return pool_of(None)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("trust.json", "{"),
        ("trust.json", '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'),
        ("identity/tvm.json", "[]"),
        ("identity/tvm.json", '{"Statement": [], "Statement": []}'),
        ("identity/tvm.json", '{"Statement": [{"Effect": "allow"}]}'),
        ("boundary.json", '{"Version": "2020-01-01", "Statement": []}'),
        ("session.json", '{"Statement": [{"Efect": "Allow"}]}'),
        ("resource/policy.json", json.dumps({"Statement": [{**ALLOW, "Principal": "*"}]})),
    ],
)
def test_a_malformed_document_is_an_error_that_names_it(
    tmp_path: Path, pool: Pool, write_documents: Write, path: str, text: str
) -> None:
    directory = write_documents(tmp_path / "documents", {}, pool)
    target = directory / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyInvalidError) as caught:
        load(directory, pool)
    assert caught.value.exit_code is ExitCode.POLICY_INVALID
    assert path in str(caught.value)


def no_directory(at: Path) -> None:
    shutil.rmtree(at)


def a_file(at: Path) -> None:
    shutil.rmtree(at)
    at.touch()


def an_empty_directory(at: Path) -> None:
    shutil.rmtree(at)
    at.mkdir()


def a_link_to_nowhere(at: Path) -> None:
    (at / "boundary.json").symlink_to("nowhere")


def a_link_to_itself(at: Path) -> None:
    (at / "session.json").symlink_to("session.json")


def a_directory_as_document(at: Path) -> None:
    (at / "identity" / "x.json").mkdir()


def a_file_as_directory(at: Path) -> None:
    (at / "resource").touch()


def a_pipe(at: Path) -> None:
    os.mkfifo(at / "identity" / "pipe.json")


def a_huge_file(at: Path) -> None:
    with (at / "identity" / "huge.json").open("wb") as file:
        file.truncate(100_000_000)


def no_utf8(at: Path) -> None:
    (at / "identity" / "x.json").write_bytes(b'{"Version": "\xff"}')


UNREADABLE: list[tuple[Callable[[Path], None], str]] = [
    (no_directory, "`.*documents` doesn't exist"),
    (a_file, "`.*documents` is no directory"),
    (an_empty_directory, "trust.json: the vending role's trust policy is missing"),
    (a_link_to_nowhere, "no such file: `.*boundary.json`"),
    (a_link_to_itself, "session.json: can't be read: too many levels of symbolic links"),
    (a_directory_as_document, "x.json: it is no file"),
    (a_file_as_directory, "resource: a directory is expected here"),
    (a_pipe, "pipe.json: it is no file"),
    (a_huge_file, "huge.json: larger than 4,000,000 bytes"),
    (no_utf8, "x.json:1: not text in UTF-8"),
]


@pytest.mark.parametrize(("spoil", "says"), UNREADABLE, ids=[s.__name__ for s, _ in UNREADABLE])
def test_what_cannot_be_read_is_wrong_usage(
    tmp_path: Path,
    pool: Pool,
    write_documents: Write,
    spoil: Callable[[Path], None],
    says: str,
) -> None:
    directory = write_documents(tmp_path / "documents", {"identity": [ALLOW]}, pool)
    spoil(directory)
    with pytest.raises(ConfigError, match=says) as caught:
        load(directory, pool)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("path", [".", "identity", "identity/tvm.json"])
def test_what_may_not_be_read_is_wrong_usage(
    tmp_path: Path, pool: Pool, write_documents: Write, path: str
) -> None:
    directory = write_documents(tmp_path / "documents", {"identity": [ALLOW]}, pool)
    (directory / path).chmod(0)
    try:
        with pytest.raises(ConfigError, match="can't be read: permission denied"):
            load(directory, pool)
    finally:
        (directory / path).chmod(0o700)


def test_what_is_left_out_is_said(tmp_path: Path, pool: Pool, write_documents: Write) -> None:
    directory = write_documents(tmp_path / "documents", {"identity": [ALLOW]}, pool)
    (directory / "Boundary.json").touch()
    (directory / "identity" / "more.JSON").touch()
    _, documents = load(directory, pool)
    assert [note for note in documents.notes if "left out" in note] == [
        "`Boundary.json` isn't part of the documents; it was left out",
        "`identity/more.JSON` isn't part of the documents; it was left out",
    ]


def test_two_policies_of_one_bucket_are_an_error(
    tmp_path: Path, pool: Pool, write_documents: Write
) -> None:
    statement = {**ALLOW, "Principal": "*", "Resource": "arn:aws:s3:::clinic-documents/*"}
    directory = write_documents(tmp_path / "documents", {"resource": [statement]}, pool)
    second = directory / "resource" / "second.json"
    second.write_text((directory / "resource" / "policy.json").read_text("utf-8"), "utf-8")
    with pytest.raises(PolicyInvalidError, match="already"):
        load(directory, pool)


@pytest.mark.parametrize(
    ("resource", "belongs"),
    [
        ("arn:aws:s3:::clinic-documents", True),
        ("arn:aws:s3:::clinic-documents/${aws:PrincipalTag/Tier}-tier/*", True),
        ("arn:aws:s3:::clinic-*/*", True),
        ("arn:aws:s3:::other/*", False),
        ("arn:aws:s3:::clinic-documents-old/*", False),
        ("arn:aws:dynamodb:us-east-1:123456789012:table/patient-records", False),
    ],
)
def test_a_resource_policy_belongs_where_its_arns_say(
    tmp_path: Path, pool: Pool, write_documents: Write, resource: str, *, belongs: bool
) -> None:
    case = {"resource": [{**ALLOW, "Principal": "*", "Resource": resource}]}
    names, documents = load(write_documents(tmp_path / "documents", case, pool), pool)
    bucket = documents.for_resource(names.bucket_arn(pool.data.buckets[0])).resource
    assert (bucket is not None) is belongs
    table = documents.for_resource(names.table_arn(pool.data.tables[0])).resource
    assert (table is not None) is ("patient-records" in resource)
    assert bool(documents.notes) is ("other" in resource or "old" in resource)


def test_the_account_of_the_documents_counts(
    tmp_path: Path, pool: Pool, write_documents: Write
) -> None:
    table = "arn:aws:dynamodb:us-east-1:111122223333:table/patient-records"
    role = {"AWS": "arn:aws:iam::111122223333:role/clinic-agent-agent"}
    trust = [{"Effect": "Allow", "Principal": role, "Action": ["sts:AssumeRole"]}]
    identity = [{"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": table}]
    case = {"trust": trust, "identity": identity}
    names, documents = load(write_documents(tmp_path / "one", case, pool), pool)
    assert names.account == "111122223333"
    assert "111122223333" in documents.notes[0]

    other = {**identity[0], "Resource": table.replace("111122223333", "444455556666")}
    both = {"trust": trust, "identity": [identity[0], other]}
    with pytest.raises(ConfigError, match="several accounts"):
        load(write_documents(tmp_path / "two", both, pool), pool)
