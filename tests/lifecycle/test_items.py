"""What becomes of a line of the items' file, and which lines are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.domain.pool import Index, Table
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import UsageError
from tenantctl.lifecycle import items
from tenantctl.lifecycle.attribute import attribute, parse_json, same
from tenantctl.lifecycle.items import Item, Reading, load

TABLE = Table(
    name="patient-records",
    partition_key="tenant_id",
    value=Template.parse("{tenant}"),
    sort_key="patient_id",
    indexes=(Index("by-last-visit", "last_visit"),),
)
Read = Callable[..., tuple[Item, ...]]


@pytest.fixture
def read(tmp_path: Path, clinic: Tenant, neighbour: Tenant) -> Read:
    tenants = {clinic.id: clinic, neighbour.id: neighbour}

    def read(text: str | bytes, *, table: Table = TABLE, **options: str) -> tuple[Item, ...]:
        path = tmp_path / "items.jsonl"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path, Reading(table, tenants, **options))

    return read


def test_an_item_lies_in_its_tenants_partition_under_its_own_key(read: Read) -> None:
    (item,) = read('{"clinic_id": "clinic-1", "patient_id": "P1", "weight": 70.5, "tags": ["a"]}\n')
    assert item == Item(
        "clinic-1",
        "P1",
        {
            "clinic_id": {"S": "clinic-1"},
            "patient_id": {"S": "P1"},
            "weight": {"N": "70.5"},
            "tags": {"L": [{"S": "a"}]},
            "tenant_id": {"S": "clinic-1"},
        },
    )


def test_a_composite_partition_is_filled_from_tier_and_tenant(read: Read) -> None:
    table = Table("t", "clinic_id", Template.parse("{tier}/{tenant}"))
    (item,) = read('{"clinic_id": "clinic-1", "item_id": "x"}', table=table)
    assert item.attributes["clinic_id"] == {"S": "basic/clinic-1"}


@pytest.mark.parametrize(
    ("extra", "key"),
    [
        ('"patient_id": "P1", "item_id": "I1", "id": "D1"', "P1"),
        ('"id": "D1", "item_id": "I1"', "I1"),
        ('"visit_id": "V1", "id": "D1"', "D1"),
        ('"id": 17', "17"),
        ('"name": "x", "visit_id": "V1", "bed_id": "B1"', "V1"),
        ('"patient_id": null, "id": "D1"', "D1"),
    ],
)
def test_the_sort_key_is_found_or_copied(read: Read, extra: str, key: str) -> None:
    (item,) = read(f'{{"clinic_id": "clinic-1", {extra}}}')
    assert item.key == key
    assert item.attributes["patient_id"] == {"S": key}


def test_a_sole_tenant_owns_items_that_name_none(read: Read) -> None:
    (item,) = read('{"patient_id": "P1"}', sole="clinic-1")
    assert item.tenant == "clinic-1"


def test_another_field_may_name_the_tenant(read: Read) -> None:
    (item,) = read('{"patient_id": "P1", "practice": "clinic-10"}', tenant_field="practice")
    assert item.tenant == "clinic-10"


def test_blank_lines_a_mark_and_line_separators_in_strings_do_no_harm(read: Read) -> None:
    text = '\ufeff{"clinic_id": "clinic-1", "id": "a\u2028b"}\r\n\n  \n'
    (item,) = read(text)
    assert item.key == "a\u2028b"


GOOD = '{"clinic_id": "clinic-1", "patient_id": "P1"}\n'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('"clinic-1"', "not a JSON object"),
        ("1" * 5000, "not a JSON object"),
        ('{"a": NaN}', "`NaN` is no JSON number"),
        ('{"a": 1, "a": 2}', "the key `a` occurs twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"patient_id": "P1"}', "names no tenant"),
        ('{"clinic_id": null, "patient_id": "P1"}', "names no tenant"),
        ('{"clinic_id": 7, "patient_id": "P1"}', "belongs to `7`"),
        ('{"clinic_id": "clinic-2", "patient_id": "P1"}', "belongs to `clinic-2`"),
        ('{"clinic_id": "CLINIC-1", "patient_id": "P1"}', "belongs to `CLINIC-1`"),
        ('{"clinic_id": "clinic-1"}', "has no `patient_id`"),
        ('{"clinic_id": "clinic-1", "patient_id": 7}', "can't be the sort key"),
        ('{"clinic_id": "clinic-1", "patient_id": ""}', "can't be the sort key"),
        ('{"clinic_id": "clinic-1", "patient_id": ["x"]}', "can't be the sort key"),
        ('{"clinic_id": "clinic-1", "patient_id": "%s"}' % ("x" * 1025), "can't be the sort key"),
        ('{"clinic_id": "clinic-1", "id": "tenantctl-canary-1"}', "kept for isolation checks"),
        ('{"clinic_id": "clinic-1", "id": "P2", "tenant_id": "clinic-10"}', "owns `clinic-1`"),
        ('{"clinic_id": "clinic-1", "id": "P2", "last_visit": 3}', "`last_visit` must be a string"),
        ('{"clinic_id": "clinic-1", "id": "P2", "last_visit": ""}', "`last_visit` must be a"),
        ('{"clinic_id": "clinic-1", "id": "P2", "n": 1e126}', "out of DynamoDB's range"),
        ('{"clinic_id": "clinic-1", "id": "P2", "n": 1e-131}', "out of DynamoDB's range"),
        ('{"clinic_id": "clinic-1", "id": "P2", "n": 1e99999999999999999999}', "out of range"),
        ('{"clinic_id": "clinic-1", "id": "P2", "n": %s}' % ("1" * 39), "38 significant digits"),
        ('{"clinic_id": "clinic-1", "id": "P2", "": 1}', "a key is empty"),
        ('{"clinic_id": "clinic-1", "id": "P2", "s": "\\ud800"}', "surrogate"),
        ('{"clinic_id": "clinic-1", "id": "\\ud800"}', "surrogate"),
        (f'{{"clinic_id": "clinic-1", "id": "P2", "d": {"[" * 40}1{"]" * 40}}}', "deeper than"),
        ('{"clinic_id": "clinic-1", "id": "P2", "b": "%s"}' % ("x" * 409_600), "409,"),
        ('{"clinic_id": "clinic-1", "id": "P1"}', "already on line 1"),
    ],
)
def test_a_line_that_cannot_be_an_item_is_refused_with_its_number(
    read: Read, line: str, message: str
) -> None:
    with pytest.raises(UsageError, match=r"items\.jsonl:2: ") as caught:
        read(GOOD + line)
    assert message in str(caught.value)


def test_a_file_without_end_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MAX_BYTES", 1000)
    with pytest.raises(UsageError, match="larger than 1,000 bytes"):
        read(GOOD * 100)


def test_bytes_that_are_no_text_are_refused_with_their_line(read: Read) -> None:
    with pytest.raises(UsageError, match=r"items\.jsonl:2: not UTF-8"):
        read(GOOD.encode() + b'{"clinic_id": "\xff"}')


def test_a_missing_file_is_a_usage_error(tmp_path: Path, clinic: Tenant) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load(tmp_path / "none.jsonl", Reading(TABLE, {clinic.id: clinic}))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_values_become_what_boto3_makes_of_them(value: object) -> None:
    made = attribute(parse_json(json.dumps(value)))
    assert same(made, TypeSerializer().serialize(value))


@given(JSON, JSON)
def test_different_values_are_not_the_same(one: object, other: object) -> None:
    first, second = (attribute(parse_json(json.dumps(v))) for v in (one, other))
    assert same(first, second) == (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


@pytest.mark.parametrize("text", ["1.0", "1", "1e0", "0.10e1"])
def test_numbers_compare_by_value(text: str) -> None:
    assert same(attribute(parse_json(text)), {"N": "1"})


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_items_or_a_usage_error(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(raw)
    tenant = Tenant("clinic-1", "basic")
    try:
        found = load(path, Reading(TABLE, {tenant.id: tenant}, sole=tenant.id))
    except UsageError:
        return
    assert all(item.tenant == "clinic-1" for item in found)
