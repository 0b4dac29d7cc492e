from __future__ import annotations

from pathlib import Path

import pytest
from tests.cedar.conftest import ACCOUNT, make_names

from tenantctl.cedar.rendering.folder import Difference, compare, read, write
from tenantctl.cedar.rendering.render import render
from tenantctl.domain import files
from tenantctl.domain.config import load
from tenantctl.domain.names import Names
from tenantctl.domain.pool import ToolRule
from tenantctl.errors import PolicyInvalidError

OWN = """// Nobody reads records in maintenance.
@id("basic.maintenance")
forbid (
  principal is AgentCore::OAuthUser,
  action == AgentCore::Action::"get-patient-records___get_patient_records",
  resource ==
    AgentCore::Gateway::"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/clinic-agent-basic"
)
when { principal.hasTag("maintenance") };
"""


def test_what_is_written_is_read(names: Names, tmp_path: Path) -> None:
    rendered = render(names)
    assert set(write(tmp_path, rendered).values()) == {Difference.CREATED}
    assert read(tmp_path, names) == rendered
    assert set(compare(tmp_path, rendered).values()) == {Difference.UNCHANGED}
    assert set(write(tmp_path, rendered).values()) == {Difference.UNCHANGED}


def test_rendering_replaces_and_removes_its_own_files_only(names: Names, tmp_path: Path) -> None:
    write(tmp_path, render(names))
    (tmp_path / "basic" / "maintenance.cedar").write_text(OWN)
    (tmp_path / "basic" / "notes.txt").write_text("keep")
    edited = tmp_path / "basic" / "patient_context.cedar"
    edited.write_text(edited.read_text().replace("< 18", "< 20"))
    fewer = make_names(
        {"basic": {"patient_context": names.pool.tiers["basic"].tools["patient_context"]}}
    )
    assert write(tmp_path, render(fewer)) == {
        "basic/clinic_config.cedar": Difference.REMOVED,
        "basic/patient_context.cedar": Difference.REPLACED,
        "premium/patient_context.cedar": Difference.REMOVED,
    }
    left = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["basic/maintenance.cedar", "basic/notes.txt", "basic/patient_context.cedar"]
    assert [p.key.tool for p in read(tmp_path, fewer)] == ["maintenance", "patient_context"]


def test_comparing_writes_nothing(names: Names, tmp_path: Path) -> None:
    compare(tmp_path / "policies", render(names))
    assert list(tmp_path.iterdir()) == []


def test_no_folder_holds_no_policies(names: Names, tmp_path: Path) -> None:
    assert read(tmp_path / "none", names) == ()


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("top.cedar", OWN, "tier's folder"),
        ("basic/deep/er.cedar", OWN, "tier's folder"),
        ("gold/maintenance.cedar", OWN, "no tier of the configuration"),
        ("basic/maintenance.cedar", OWN + OWN, "2 statements"),
        ("basic/other.cedar", OWN, "@id"),
        ("basic/main tenance.cedar", OWN, "can't name a policy"),
        ("basic/maintenance.cedar", OWN.replace("us-east-1", "eu-west-1"), "policy render"),
        ("basic/maintenance.cedar", OWN.replace("123456789012", "210987654321"), "tier's gateway"),
        (
            "basic/maintenance.cedar",
            OWN.replace("clinic-agent-basic", "clinic-agent-premium"),
            "tier's gateway",
        ),
        ("basic/maintenance.cedar", "", "0 statements"),
        ("basic/maintenance.cedar", "x" * 200_000, "more than"),
    ],
)
def test_a_wrong_file_is_named(
    names: Names, tmp_path: Path, path: str, text: str, message: str
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    with pytest.raises(PolicyInvalidError) as raised:
        read(tmp_path, names)
    assert message in f"{raised.value} {raised.value.hint}"
    assert file.name in str(raised.value)


def test_a_file_that_is_no_text_is_named(names: Names, tmp_path: Path) -> None:
    file = tmp_path / "basic" / "maintenance.cedar"
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyInvalidError, match=r"maintenance\.cedar: not UTF-8"):
        read(tmp_path, names)


def test_the_repositorys_policies_are_what_the_starter_yields() -> None:
    names = Names(load(files.root() / "templates" / "config" / "tenantctl.yaml"), ACCOUNT)
    done = compare(files.root() / "policies", render(names))
    assert set(done.values()) == {Difference.UNCHANGED}


def test_a_tier_without_tools_has_no_policies(tmp_path: Path) -> None:
    names = make_names({"basic": {"clinic_config": ToolRule()}, "empty": {}})
    assert [p.key.tier for p in render(names)] == ["basic"]
    write(tmp_path, render(names))
    assert not (tmp_path / "empty").exists()
