"""Tenant manifests: three formats, one meaning, and errors with their place."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantctl.domain import config, manifest
from tenantctl.domain.files import root
from tenantctl.domain.tenant import Tenant, User
from tenantctl.errors import ConfigError

POOL = config.load(root() / "templates/config/tenantctl.yaml")
EXAMPLE = root() / "examples/clinics.yaml"

YAML = """\
version: 1
tenants:
  - id: clinic-1
    name: First, and Best
    tier: basic
    timezone: Europe/Berlin
    users:
      - {email: a@one.example, name: Ada, role: nurse}
      - {email: b@one.example}
    attributes: {beds: 3, tags: [x]}
  - {id: clinic-2, tier: premium}
"""
JSONL = """\
{"id": "clinic-1", "name": "First, and Best", "tier": "basic", "timezone": "Europe/Berlin", \
"users": [{"email": "a@one.example", "name": "Ada", "role": "nurse"}, {"email": "b@one.example"}], \
"attributes": {"beds": 3, "tags": ["x"]}}

{"id": "clinic-2", "tier": "premium"}
"""
CSV = """\
id,tier,name,timezone,users,attributes
clinic-1,basic,"First, and Best",Europe/Berlin,"[{""email"": ""a@one.example"", ""name"": ""Ada"", \
""role"": ""nurse""}, {""email"": ""b@one.example""}]","{""beds"": 3, ""tags"": [""x""]}"

clinic-2,premium
"""
TENANTS = (
    Tenant(
        id="clinic-1",
        tier="basic",
        name="First, and Best",
        timezone="Europe/Berlin",
        users=(User("a@one.example", "Ada", "nurse"), User("b@one.example", "", "admin")),
        attributes={"beds": 3, "tags": ["x"]},
    ),
    Tenant(id="clinic-2", tier="premium"),
)


def load(folder: Path, suffix: str, text: str) -> tuple[Tenant, ...]:
    path = folder / f"tenants{suffix}"
    path.write_text(text, encoding="utf-8")
    return manifest.load(path, POOL)


def refusal(folder: Path, suffix: str, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(folder, suffix, text)
    return caught.value


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".yaml", YAML),
        (".yml", YAML),
        (
            ".json",
            json.dumps({"version": 1, "tenants": [json.loads(JSONL.splitlines()[0])]}),
        ),
        (".jsonl", JSONL),
        (".JSONL", JSONL),
        (".csv", CSV),
    ],
)
def test_formats_mean_the_same(tmp_path: Path, suffix: str, text: str) -> None:
    found = load(tmp_path, suffix, text)
    assert found == TENANTS[: len(found)]
    assert found


def test_users_of_csv_may_be_short(tmp_path: Path) -> None:
    text = "users,id,tier\na@one.example:nurse; b@one.example ;,clinic-1,basic\n"
    (tenant,) = load(tmp_path, ".csv", text)
    assert tenant.users == (User("a@one.example", "", "nurse"), User("b@one.example"))


def test_the_example_fits_the_starter() -> None:
    tenants = manifest.load(EXAMPLE, POOL)
    assert [t.id for t in tenants[:2]] == ["clinic-1", "clinic-10"]
    assert {t.tier for t in tenants} == set(POOL.tiers)


# (replaced in YAML, by what, line, key, part of the message, part of the hint)
@pytest.mark.parametrize(
    ("old", "new", "line", "key", "said"),
    [
        ("version: 1", "version: 9", 1, "version", "got `9`"),
        ("version: 1\n", "", 1, None, "`version` is missing"),
        ("tenants:", "tenant:", 2, "tenant", "did you mean `tenants`?"),
        ("id: clinic-2, ", "", 10, "tenants[1]", "`id` is missing"),
        ("tier: premium", "teir: premium", 11, "tenants[1].teir", "did you mean `tier`?"),
        ("tier: premium", "tier: premum", 11, "tenants[1]", "did you mean `premium`?"),
        ("tier: premium", "tier: gold", 11, "tenants[1]", "has `basic`, `premium`"),
        ("id: clinic-2", "id: clinic-1", 11, "tenants[1].id", "again, first on line 3"),
        ("id: clinic-2", "id: Clinic-1", 11, "tenants[1].id", "only in case from line 3"),
        ("id: clinic-2", "id: a/b", 11, "tenants[1]", "pattern"),
        ("id: clinic-2", "id: system", 11, "tenants[1]", "reserved"),
        ("id: clinic-2", "id: 12", 11, "tenants[1].id", "put it in quotes"),
        ("id: clinic-2", "id: ''", 11, "tenants[1].id", "expected a tenant's id"),
        ("Europe/Berlin", "Europe/Berln", 6, "tenants[0].timezone", "`Europe/Berlin`"),
        ("Europe/Berlin", "Europe", 6, "tenants[0].timezone", "unknown time zone"),
        ("Europe/Berlin", "../../etc/passwd", 6, "tenants[0].timezone", "unknown time zone"),
        ("b@one.example", "b.one", 9, "tenants[0].users[1].email", "an e-mail address"),
        ("b@one", "A@one", 9, "tenants[0].users[1].email", "again, first on line 8"),
        ("role: nurse", "rule: nurse", 8, "tenants[0].users[0].rule", "did you mean `role`?"),
        ("role: nurse", "role: ''", 8, "tenants[0].users[0].role", "a role's name"),
        ("name: Ada", 'name: "A\\nda"', 8, "tenants[0].users[0].name", "control"),
        ("{beds: 3, tags: [x]}", "[x]", 10, "tenants[0].attributes", "expected a mapping"),
        ("beds: 3", "beds: 3, beds: 4", 10, None, "occurs again"),
    ],
)
def test_mistakes_in_yaml(  # noqa: PLR0913, PLR0917 - one row of the table
    tmp_path: Path, old: str, new: str, line: int, key: str | None, said: str
) -> None:
    error = refusal(tmp_path, ".yaml", YAML.replace(old, new, 1))
    assert error.place is not None
    assert (error.place.line, error.place.key) in {(line, key), (line + 1, key)}, str(error)
    assert said in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{"id": "a1", "tier": "basic"\n', 1, "not JSON"),
        ('\n\n["a1"]\n', 3, "expected a mapping"),
        ('{"id": "a1", "tier": "basic", "tier": "premium"}', 1, "`tier` occurs twice"),
        ('{"id": "a1", "tier": "basic", "attributes": {"n": NaN}}', 1, "NaN"),
        ('{"id": "a1", "tier": "basic", "attributes": {"n": "\\ud800"}}', 1, "surrogate"),
        ('{"id": "a\\ud800", "tier": "basic"}', 1, "control"),
        ('{"id": "a1", "tier": "basic"}\n{"id": "A1", "tier": "basic"}', 2, "from line 1"),
        ('{"id": "a1", "tier": "basic"}\n{"id": "a2", "tier": "bsic"}', 2, "`basic`"),
        ('{"id": ' + "9" * 5000 + "}", 1, "not JSON"),
        ("[" * 100_000, 1, "not JSON"),
        (
            '{"id": "a1", "tier": "basic", "attributes": {"n": ' + "[" * 50 + "]" * 50 + "}}",
            1,
            "deep",
        ),
        ("", None, "no tenant"),
    ],
)
def test_mistakes_in_jsonl(tmp_path: Path, text: str, line: int | None, said: str) -> None:
    error = refusal(tmp_path, ".jsonl", text)
    assert error.place is not None
    assert error.place.line == line
    assert said in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "no tenant"),
        ("id,tier\n", None, "no tenant"),
        ("id,teir\na1,basic\n", 1, "did you mean `tier`?"),
        ("id,tier,id\na1,basic,a2\n", 1, "`id` occurs twice"),
        ("id,tier\na1,basic,x\n", 2, "3 fields for 2 columns"),
        ("id,tier\na1,basic\n\n'a2\n", 4, "`tier` is missing"),
        ('id,tier,name\na1,basic,"two\nlines"\na1,basic,x\n', 2, "control"),
        ('id,tier\n"a1,basic\n', 2, "not CSV"),
        ("id,tier,users\na1,basic,[x\n", 2, "not JSON"),
        ("id,tier,users\na1,basic,nobody:nurse\n", 2, "an e-mail address"),
        ("id,tier,attributes\na1,basic,[]\n", 2, "expected a mapping"),
        ("id,tier\na1,basic\na1,basic\n", 3, "again, first on line 2"),
        ("id,tier\na1,\n", 2, "`tier` is missing"),
    ],
)
def test_mistakes_in_csv(tmp_path: Path, text: str, line: int | None, said: str) -> None:
    error = refusal(tmp_path, ".csv", text)
    assert error.place is not None
    assert error.place.line == line
    assert said in f"{error.message} {error.hint}"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        manifest.load(tmp_path / "clinics.yaml")
    assert "empty" in refusal(tmp_path, ".yaml", "# soon\n").message


def test_without_a_pool_tiers_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": "A", "tier": "gold"}', encoding="utf-8")
    (tenant,) = manifest.load(path)
    with pytest.raises(ConfigError, match="unknown tier"):
        manifest.check((tenant,), POOL)


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)


@given(
    name=TEXT,
    attributes=st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=3),
)
@settings(deadline=None)
def test_what_is_written_is_read_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, name: str, attributes: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("formats")
    tenant = {"id": "clinic-1", "tier": "basic", "name": name.strip(), "attributes": attributes}
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerows([list(tenant), [*list(tenant.values())[:3], json.dumps(attributes)]])
    (by_json,) = load(folder, ".jsonl", json.dumps(tenant))
    (by_csv,) = load(folder, ".csv", table.getvalue())
    assert by_json == by_csv
    assert (by_json.name, by_json.attributes) == (name.strip(), attributes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytes")


@given(
    content=st.binary() | st.text().map(str.encode),
    suffix=st.sampled_from(["yaml", "jsonl", "csv"]),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_tenants_or_an_error(folder: Path, content: bytes, suffix: str) -> None:
    path = folder / f"tenants.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        manifest.load(path)
    assert str(caught.value).isprintable()
