"""Which files become objects under a tenant's prefix, and which are refused."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tenantctl.domain.pool import Bucket
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import UsageError
from tenantctl.lifecycle.documents import Found, load, load_all, load_one

BUCKET = Bucket("clinic-documents", Template.parse("{tier}-tier/{tenant}/"))


def write(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def sidecar(tenant: object) -> str:
    return json.dumps({"metadataAttributes": {"clinic_id": tenant, "kind": "letter"}})


def keys(found: Found) -> list[str]:
    return [document.key for document in found.documents]


def test_each_file_becomes_an_object_with_its_metadata(tmp_path: Path, clinic: Tenant) -> None:
    write(tmp_path / "letters" / "a.txt", "dear colleague")
    found = load(tmp_path, clinic, BUCKET)
    assert keys(found) == [
        "basic-tier/clinic-1/letters/a.txt",
        "basic-tier/clinic-1/letters/a.txt.metadata.json",
    ]
    document, metadata = found.documents
    assert document.sha256 == hashlib.sha256(b"dear colleague").hexdigest()
    assert document.size == 14
    assert isinstance(metadata.source, bytes)
    attributes = {"clinic_id": "clinic-1", "tier": "basic"}
    assert json.loads(metadata.source) == {"metadataAttributes": attributes}


@pytest.mark.parametrize(
    "named",
    ["clinic-1", {"value": {"type": "STRING", "stringValue": "clinic-1"}}],
    ids=["short", "long"],
)
def test_a_sidecar_that_names_the_tenant_is_kept(
    tmp_path: Path, clinic: Tenant, named: object
) -> None:
    write(tmp_path / "a.txt")
    given = write(tmp_path / "a.txt.metadata.json", sidecar(named))
    found = load(tmp_path, clinic, BUCKET)
    assert [document.source for document in found.documents] == [tmp_path / "a.txt", given]


@pytest.mark.parametrize(
    "text",
    [
        sidecar("clinic-10"),
        sidecar(""),
        sidecar(["clinic-1"]),
        sidecar({"value": {"stringValue": "clinic-10"}}),
        '{"metadataAttributes": {}}',
        '{"metadataAttributes": {"clinic_id": "clinic-10", "clinic_id": "clinic-1"}}',
        "[]",
        "{",
        sidecar("clinic-1") + " " * 10_240,
    ],
)
def test_a_sidecar_that_does_not_is_refused_by_name(
    tmp_path: Path, clinic: Tenant, text: str
) -> None:
    write(tmp_path / "a.txt")
    write(tmp_path / "a.txt.metadata.json", text)
    with pytest.raises(UsageError, match=r"a\.txt\.metadata\.json"):
        load(tmp_path, clinic, BUCKET)


def test_a_sidecar_without_a_document_is_refused(tmp_path: Path, clinic: Tenant) -> None:
    write(tmp_path / "gone.txt.metadata.json", sidecar("clinic-1"))
    with pytest.raises(UsageError, match="no document"):
        load(tmp_path, clinic, BUCKET)


def test_hidden_files_are_left_out_and_said(tmp_path: Path, clinic: Tenant) -> None:
    write(tmp_path / ".DS_Store")
    write(tmp_path / ".git" / "config")
    write(tmp_path / "a.txt")
    found = load(tmp_path, clinic, BUCKET)
    assert len(found.documents) == 2
    assert found.skipped == (f"{tmp_path}/.DS_Store: hidden", f"{tmp_path}/.git: hidden")


def test_a_link_inside_is_a_file_and_one_that_leaves_is_refused(
    tmp_path: Path, clinic: Tenant
) -> None:
    home = tmp_path / "basic-tier" / "clinic-1"
    write(home / "a.txt", "own")
    (home / "b.txt").symlink_to("a.txt")
    assert "basic-tier/clinic-1/b.txt" in keys(load(home, clinic, BUCKET))
    secret = write(tmp_path / "basic-tier" / "clinic-10" / "secret.txt", "the neighbour's")
    (home / "c.txt").symlink_to(secret)
    with pytest.raises(UsageError, match=r"c\.txt` leaves the tenant's directory"):
        load(home, clinic, BUCKET)


def test_a_linked_directory_is_refused_even_inside(tmp_path: Path, clinic: Tenant) -> None:
    write(tmp_path / "letters" / "a.txt")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(UsageError, match="loop` leaves"):
        load(tmp_path, clinic, BUCKET)


def test_a_dangling_link_and_a_pipe_are_refused(tmp_path: Path, clinic: Tenant) -> None:
    (tmp_path / "a.txt").symlink_to("nowhere")
    with pytest.raises(UsageError, match="can't read"):
        load(tmp_path, clinic, BUCKET)
    (tmp_path / "a.txt").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="neither a file nor a directory"):
        load(tmp_path, clinic, BUCKET)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (b"\xff.txt", "not UTF-8"),
        (b"a\nb.txt", "control character"),
        (b"tenantctl-canary-x", "kept for isolation checks"),
    ],
)
def test_names_that_cannot_be_keys_are_refused(
    tmp_path: Path, clinic: Tenant, name: bytes, message: str
) -> None:
    (tmp_path / os.fsdecode(name)).write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load(tmp_path, clinic, BUCKET)


def test_a_key_longer_than_s3_admits_is_refused(tmp_path: Path, clinic: Tenant) -> None:
    deep = tmp_path.joinpath(*["d" * 250] * 4)
    write(deep / "long.txt")
    with pytest.raises(UsageError, match="bytes"):
        load(tmp_path, clinic, BUCKET)


def test_unusual_names_are_kept(tmp_path: Path, clinic: Tenant) -> None:
    for name in ("a..b.txt", "Befund Müller.txt", "screen\u202fshot.png", "%2e%2e", "a+b&c=?.txt"):
        write(tmp_path / name)
    stored = {
        key.removeprefix("basic-tier/clinic-1/") for key in keys(load(tmp_path, clinic, BUCKET))
    }
    assert {
        "a..b.txt",
        "Befund Müller.txt",
        "screen\u202fshot.png",
        "%2e%2e",
        "a+b&c=?.txt",
    } <= stored


def test_one_tenants_directory_is_found_in_the_layout_or_is_itself_given(
    tmp_path: Path, clinic: Tenant
) -> None:
    write(tmp_path / "basic-tier" / "clinic-1" / "a.txt")
    write(tmp_path / "basic-tier" / "clinic-10" / "b.txt")
    whole = load_one(tmp_path, clinic, BUCKET)
    own = load_one(tmp_path / "basic-tier" / "clinic-1", clinic, BUCKET)
    assert keys(whole) == keys(own)
    assert len(whole.documents) == 2


def test_many_tenants_documents_are_never_taken_for_one_tenants(
    tmp_path: Path, clinic: Tenant
) -> None:
    write(tmp_path / "basic-tier" / "clinic-10" / "b.txt")
    with pytest.raises(UsageError, match="holds no documents of `clinic-1`"):
        load_one(tmp_path, clinic, BUCKET)


def test_several_tenants_keep_their_documents_apart(
    tmp_path: Path, clinic: Tenant, neighbour: Tenant
) -> None:
    write(tmp_path / "basic-tier" / "clinic-1" / "a.txt")
    write(tmp_path / "basic-tier" / "clinic-10" / "b.txt")
    write(tmp_path / ".DS_Store")
    write(tmp_path / "basic-tier" / ".DS_Store")
    found = load_all(tmp_path, [clinic, neighbour], BUCKET)
    owners = {document.key: document.tenant for document in found.documents}
    assert owners["basic-tier/clinic-1/a.txt"] == "clinic-1"
    assert owners["basic-tier/clinic-10/b.txt"] == "clinic-10"
    assert len(found.skipped) == 2


@pytest.mark.parametrize(
    "stray", ["basic-tier/clinic-2/a.txt", "premium-tier/clinic-1/a.txt", "readme.txt", "x/y/z"]
)
def test_documents_of_nobody_are_an_error(tmp_path: Path, clinic: Tenant, stray: str) -> None:
    write(tmp_path / "basic-tier" / "clinic-1" / "a.txt")
    write(tmp_path / stray)
    with pytest.raises(UsageError, match="belongs to no tenant"):
        load_all(tmp_path, [clinic], BUCKET)


def test_a_tenants_directory_may_not_be_a_link(
    tmp_path: Path, clinic: Tenant, neighbour: Tenant
) -> None:
    write(tmp_path / "basic-tier" / "clinic-1" / "a.txt")
    (tmp_path / "basic-tier" / "clinic-10").symlink_to("clinic-1", target_is_directory=True)
    with pytest.raises(UsageError, match="clinic-10` is a link"):
        load_all(tmp_path, [clinic, neighbour], BUCKET)
    with pytest.raises(UsageError, match="clinic-10` is a link"):
        load_one(tmp_path, neighbour, BUCKET)


@pytest.mark.parametrize("tenant_id", ["..", ".", "a/../../etc", "/etc"])
def test_an_id_is_never_a_way_out_of_the_directory(tmp_path: Path, tenant_id: str) -> None:
    with pytest.raises(UsageError, match="can't be the name of a directory"):
        load_one(tmp_path, Tenant(tenant_id, "basic"), BUCKET)


def test_a_missing_directory_is_a_usage_error(tmp_path: Path, clinic: Tenant) -> None:
    with pytest.raises(UsageError, match="is no directory"):
        load_one(tmp_path / "none", clinic, BUCKET)
