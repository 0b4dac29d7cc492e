"""Query: one partition, proved, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.parsing.key_condition_expression import parse_expression

from tenantctl.local.call import ServiceError
from tenantctl.local.recognise.dynamodb.expressions import (
    KeyCondition,
    Placeholders,
    attributes,
    key_conditions,
)

from .conftest import ACCOUNT, Recognise

TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/records"
NAMES = {"#t": "tenant_id", "#i": "item_id"}
VALUES = {
    ":own": {"S": "clinic-a"},
    ":other": {"S": "clinic-b"},
    ":x": {"S": "i"},
    ":n": {"N": "01"},
}
LEADING = "dynamodb:leadingkeys"


def query(expression: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - request members
    return {
        "TableName": "records",
        "KeyConditionExpression": expression,
        "ExpressionAttributeNames": NAMES,
        "ExpressionAttributeValues": VALUES,
        **more,
    }


@pytest.mark.parametrize(
    "expression",
    [
        "tenant_id = :own",
        "tenant_id=:own",
        "#t = :own",
        "(tenant_id = :own)",
        "  tenant_id   =   :own  ",
        "tenant_id = :own AND item_id = :x",
        "tenant_id = :own and begins_with(item_id, :x)",
        "tenant_id = :own AND begins_with ( #i , :x )",
        "tenant_id = :own AND item_id BETWEEN :x AND :other",
        "tenant_id = :own AND item_id >= :x",
        "item_id < :x AND tenant_id = :own",
        "(#i = :x) AND (#t = :own)",
        "tenant_id\n= :own\tAND item_id = :x",
    ],
)
def test_an_equality_on_the_partition_key_is_the_claim(
    recognised: Recognise, expression: str
) -> None:
    (check,) = recognised("dynamodb", "Query", query(expression))
    assert (check.action, check.resource) == ("dynamodb:Query", TABLE)
    assert check.context[LEADING] == ("clinic-a",)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "tenant_id",
        "item_id = :x",
        "tenant_id > :own",
        "tenant_id <> :own",
        "tenant_id BETWEEN :own AND :other",
        "begins_with(tenant_id, :own)",
        "tenant_id IN (:own, :other)",
        "tenant_id = :own OR tenant_id = :other",
        "NOT tenant_id = :other",
        "tenant_id = :own AND tenant_id = :other",
        "#t = :own AND tenant_id = :own",
        "tenant_id = :own AND item_id = :x AND item_id = :x",
        "tenant_id = clinic",
        "tenant_id = 'clinic-a'",
        ":own = tenant_id",
        "tenant_id = :missing",
        "#missing = :own",
        "tenant_id = :own AND",
        "((tenant_id = :own))",
        "tenant_id = :own)",
        "(tenant_id = :own",
        "tenant_id.part = :own",
        "tenant_id[0] = :own",
        "size(tenant_id) = :own",
        "tenant_id == :own",
        "tenant_id = :own -- AND item_id = :x",
        "tenant_id = :own; item_id = :x",
        "tenant_id = :own\x00",
        "tenant_id = :own\u00a0AND item_id = :x",
        "tenant_id = :o\u0301wn",
        "TENANT_ID = :own",
        "(" * 500 + "tenant_id = :own" + ")" * 500,
        "tenant_id = :own" + " " * 5000 + "AND item_id = :x",
        "tenant_id = :n AND " + "x" * 5000 + " = :x",
    ],
)
def test_what_proves_no_partition_is_refused(recognised: Recognise, expression: str) -> None:
    with pytest.raises(ServiceError, match="ValidationException"):
        recognised("dynamodb", "Query", query(expression))


def test_a_number_is_claimed_in_its_one_spelling(recognised: Recognise) -> None:
    (check,) = recognised("dynamodb", "Query", query("tenant_id = :n"))
    assert check.context[LEADING] == ("1",)


def test_an_index_is_claimed_by_its_own_partition_key(recognised: Recognise) -> None:
    (check,) = recognised("dynamodb", "Query", query("doctor = :own", IndexName="by-doctor"))
    assert check.resource == f"{TABLE}/index/by-doctor"
    assert check.context[LEADING] == ("clinic-a",)
    with pytest.raises(ServiceError, match="missed key"):
        recognised("dynamodb", "Query", query("tenant_id = :own", IndexName="by-doctor"))


def test_an_index_that_is_not_there_is_a_validation_error(recognised: Recognise) -> None:
    with pytest.raises(ServiceError, match="specified index"):
        recognised("dynamodb", "Query", query("tenant_id = :own", IndexName="by-nothing"))


EQ = {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "clinic-a"}]}


@pytest.mark.parametrize(
    ("conditions", "claim"),
    [
        ({"tenant_id": EQ}, ("clinic-a",)),
        ({"tenant_id": EQ, "item_id": {"ComparisonOperator": "GT"}}, ("clinic-a",)),
        ({"tenant_id": {**EQ, "ComparisonOperator": "GE"}}, None),
        ({"tenant_id": {**EQ, "ComparisonOperator": "IN"}}, None),
        ({"tenant_id": {"AttributeValueList": [{"S": "clinic-a"}]}}, None),
        ({"tenant_id": {"ComparisonOperator": "EQ", "AttributeValueList": []}}, None),
        ({"tenant_id": {**EQ, "AttributeValueList": [{"S": "a"}, {"S": "b"}]}}, None),
        ({"item_id": EQ}, None),
    ],
)
def test_the_older_key_conditions(
    recognised: Recognise, conditions: Mapping[str, Any], claim: tuple[str, ...] | None
) -> None:
    params = {"TableName": "records", "KeyConditions": conditions}
    if claim is None:
        with pytest.raises(ServiceError, match="ValidationException"):
            recognised("dynamodb", "Query", params)
        return
    (check,) = recognised("dynamodb", "Query", params)
    assert check.context[LEADING] == claim


def test_both_kinds_of_condition_at_once_are_refused(recognised: Recognise) -> None:
    with pytest.raises(ServiceError, match="not both"):
        recognised("dynamodb", "Query", query("tenant_id = :own", KeyConditions={"tenant_id": EQ}))


def test_a_page_cannot_start_in_another_partition(recognised: Recognise) -> None:
    start = {"tenant_id": {"S": "clinic-b"}, "item_id": {"S": "i"}}
    with pytest.raises(ServiceError, match="outside query boundaries"):
        recognised("dynamodb", "Query", query("tenant_id = :own", ExclusiveStartKey=start))


def test_a_bare_word_cannot_be_renamed_into_the_partition_key(recognised: Recognise) -> None:
    # An interpreter that looks every word up in the names would query clinic-b here.
    renamed = query(
        "tenant_id = :own AND item_id = :other",
        ExpressionAttributeNames={"item_id": "tenant_id"},
    )
    with pytest.raises(ServiceError, match="invalid key"):
        recognised("dynamodb", "Query", renamed)


_PIECES = st.sampled_from(
    [
        "tenant_id",
        "item_id",
        "#t",
        "#i",
        ":own",
        ":other",
        ":x",
        "=",
        "<",
        ">",
        "<=",
        "<>",
        "(",
        ")",
        "AND",
        "and",
        "OR",
        "NOT",
        "BETWEEN",
        "begins_with",
        "begins_with(",
        "IN",
        ",",
        " ",
        "  ",
        "\n",
        "tenant_id = :own",
        "item_id = :x",
        " AND ",
        "#t = :own AND begins_with(item_id, :x)",
    ]
)
_SCHEMA = [
    {"AttributeName": "tenant_id", "KeyType": "HASH"},
    {"AttributeName": "item_id", "KeyType": "RANGE"},
]


@given(st.lists(_PIECES, max_size=9), st.sampled_from(["", " "]))
def test_moto_never_reads_another_partition_than_the_one_claimed(
    pieces: list[str], between: str
) -> None:
    expression = between.join(pieces)
    try:
        found = key_conditions(expression, Placeholders(NAMES, VALUES))
    except ServiceError:
        return
    claims = [c.equal for c in found if c.attribute == "tenant_id"]
    if len(claims) != 1 or claims[0] is None:
        return
    # What moto can't read it refuses, one way or another.
    with contextlib.suppress(MockValidationException, KeyError, ValueError, StopIteration):
        hashes, _, _ = parse_expression(expression, VALUES, NAMES, _SCHEMA)
        assert hashes == [("tenant_id", claims[0])]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (key_conditions, attributes):
        with contextlib.suppress(ServiceError):
            reader(text, Placeholders(NAMES, VALUES))


def test_conditions_are_told_apart() -> None:
    found = key_conditions("#t = :own AND begins_with(#i, :x)", Placeholders(NAMES, VALUES))
    assert found == (
        KeyCondition("tenant_id", {"S": "clinic-a"}),
        KeyCondition("item_id", None),
    )
