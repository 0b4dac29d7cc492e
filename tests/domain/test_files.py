"""The packaged files, and the starter made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenantctl.domain import config, files, manifest
from tenantctl.errors import ConflictError, NotFoundError, TenantctlError


def test_a_template_beside_the_configuration_wins(tmp_path: Path) -> None:
    name = "config/tenantctl.yaml"
    packaged = files.template(name)
    assert files.template(name, beside=tmp_path) == packaged
    (tmp_path / "templates/config").mkdir(parents=True)
    (tmp_path / "templates" / name).write_text("mine", encoding="utf-8")
    assert files.template(name, beside=tmp_path) == "mine"


def test_no_such_template(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no template `iam/nothing`"):
        files.template("iam/nothing", beside=tmp_path)


def test_a_template_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/x").write_bytes(b"\xff")
    with pytest.raises(TenantctlError, match="can't be read"):
        files.template("x", beside=tmp_path)


def test_the_starter_is_complete_and_valid(tmp_path: Path) -> None:
    done = files.copy_starter(tmp_path / "new")
    assert set(done.values()) == {"created"}
    written = {p.relative_to(tmp_path / "new").as_posix() for p in (tmp_path / "new").rglob("*.*")}
    assert written == set(done)
    assert config.load(tmp_path / "new" / files.CONFIG).name == "clinic-agent"
    schema = (tmp_path / "new" / files.SCHEMA).read_text(encoding="utf-8")
    assert json.loads(schema) == json.loads(json.dumps(config.json_schema()))
    assert f"$schema=./{files.SCHEMA}" in files.template("config/tenantctl.yaml")


def test_copies_carry_every_template_and_policy(tmp_path: Path) -> None:
    files.copy_starter(tmp_path)
    for folder in ("templates", "policies"):
        for path in (files.root() / folder).rglob("*.*"):
            name = path.relative_to(files.root())
            if path.is_file() and "config" not in name.parts and "__pycache__" not in name.parts:
                assert (tmp_path / name).read_bytes() == path.read_bytes()


def test_nothing_is_overwritten_silently(tmp_path: Path) -> None:
    files.copy_starter(tmp_path)
    (tmp_path / files.CONFIG).write_text("mine", encoding="utf-8")
    (tmp_path / files.SCHEMA).unlink()
    with pytest.raises(ConflictError, match=r"tenantctl\.yaml") as caught:
        files.copy_starter(tmp_path)
    assert "--force" in (caught.value.hint or "")
    assert (tmp_path / files.CONFIG).read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / files.SCHEMA).exists()
    done = files.copy_starter(tmp_path, force=True)
    assert (done[files.CONFIG], done[files.SCHEMA]) == ("replaced", "created")
    assert set(files.copy_starter(tmp_path).values()) == {"unchanged"}


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConflictError, match="no directory"):
        files.copy_starter(tmp_path / "file")
    with pytest.raises(TenantctlError, match="can't be written"):
        files.copy_starter(Path("/proc/nowhere"))


def test_the_examples_are_whole() -> None:
    """Each item and document belongs to a tenant of the manifest, each tenant has some."""
    pool = config.load(files.root() / "templates/config/tenantctl.yaml")
    tenants = {t.id: t.tier for t in manifest.load(files.examples() / "clinics.yaml", pool)}
    lines = (files.examples() / "items.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["clinic_id"] for line in lines} == set(tenants)
    documents = files.examples() / "documents"
    owners = {
        (path.parts[-4], path.parts[-3])
        for path in documents.rglob("*.txt")
        if path.relative_to(documents).parts[2:]
    }
    assert owners == {(f"{tier}-tier", tenant) for tenant, tier in tenants.items()}
