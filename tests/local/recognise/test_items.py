"""Reads and writes of items: partitions, attributes, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tenantctl.local.call import ServiceError, UnrecognisedError

from .conftest import ACCOUNT, Recognise

TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/records"
KEY = {"tenant_id": {"S": "clinic-a"}, "item_id": {"S": "i1"}}
OTHER = {"tenant_id": {"S": "clinic-b"}, "item_id": {"S": "i1"}}
NAMED: dict[str, Any] = {"TableName": "records"}
LEADING = "dynamodb:leadingkeys"

_SINGLE: list[tuple[str, Mapping[str, Any]]] = [
    ("GetItem", {"Key": KEY}),
    ("PutItem", {"Item": {**KEY, "note": {"S": "x"}}}),
    ("UpdateItem", {"Key": KEY, "UpdateExpression": "REMOVE note"}),
    ("DeleteItem", {"Key": KEY}),
]


@pytest.mark.parametrize(("operation", "params"), _SINGLE)
def test_one_item_has_one_leading_key(
    recognised: Recognise, operation: str, params: Mapping[str, Any]
) -> None:
    (check,) = recognised("dynamodb", operation, {**NAMED, **params})
    assert (check.action, check.resource) == (f"dynamodb:{operation}", TABLE)
    assert check.context[LEADING] == ("clinic-a",)


@pytest.mark.parametrize(("operation", "params"), _SINGLE)
def test_a_table_by_arn_is_the_same_table(
    recognised: Recognise, operation: str, params: Mapping[str, Any]
) -> None:
    by_name = recognised("dynamodb", operation, {**NAMED, **params})
    assert recognised("dynamodb", operation, {"TableName": TABLE, **params}) == by_name


@pytest.mark.parametrize(("operation", "params"), _SINGLE)
def test_a_table_that_is_not_there_has_no_leading_keys(
    recognised: Recognise, operation: str, params: Mapping[str, Any]
) -> None:
    (check,) = recognised("dynamodb", operation, {"TableName": "nowhere", **params})
    assert LEADING not in check.context


@pytest.mark.parametrize(("operation", "params"), _SINGLE)
def test_a_missing_partition_key_is_a_validation_error(
    recognised: Recognise, operation: str, params: Mapping[str, Any]
) -> None:
    stripped = {
        name: {"item_id": {"S": "i1"}} if isinstance(value, dict) else value
        for name, value in params.items()
    }
    with pytest.raises(ServiceError, match="Missing the key tenant_id"):
        recognised("dynamodb", operation, {**NAMED, **stripped})


@pytest.mark.parametrize(
    ("operation", "params", "attributes"),
    [
        ("GetItem", {"Key": KEY}, {"tenant_id", "item_id"}),
        (
            "GetItem",
            {
                "Key": KEY,
                "ProjectionExpression": "note, #n.street[0], meta.name",
                "ExpressionAttributeNames": {"#n": "home.address"},
            },
            {"tenant_id", "item_id", "note", "home.address", "meta"},
        ),
        ("GetItem", {"Key": KEY, "AttributesToGet": ["note"]}, {"tenant_id", "item_id", "note"}),
        (
            "PutItem",
            {
                "Item": {**KEY, "note": {"S": "x"}},
                "ConditionExpression": "attribute_not_exists(locked) AND size(tags) < :n",
                "ExpressionAttributeValues": {":n": {"N": "1"}},
            },
            {"tenant_id", "item_id", "note", "locked", "tags"},
        ),
        (
            "UpdateItem",
            {
                "Key": KEY,
                "UpdateExpression": "SET a = if_not_exists(b, :v), #c = c + :v "
                "REMOVE d[1] ADD e :v",
                "ExpressionAttributeNames": {"#c": "c"},
                "ExpressionAttributeValues": {":v": {"N": "1"}},
            },
            {"tenant_id", "item_id", "a", "b", "c", "d", "e"},
        ),
        (
            "UpdateItem",
            {"Key": KEY, "AttributeUpdates": {"x": {}}, "Expected": {"y": {}}},
            {"tenant_id", "item_id", "x", "y"},
        ),
        (
            "Scan",
            {
                "FilterExpression": "a BETWEEN :x AND :y OR NOT contains(b, :x) OR c IN (:x)",
                "ExpressionAttributeValues": {":x": {"N": "1"}, ":y": {"N": "2"}},
            },
            {"tenant_id", "item_id", "a", "b", "c"},
        ),
        ("Scan", {"ScanFilter": {"a": {}}}, {"tenant_id", "item_id", "a"}),
    ],
)
def test_attributes_are_all_that_the_request_speaks_of(
    recognised: Recognise, operation: str, params: Mapping[str, Any], attributes: set[str]
) -> None:
    (check,) = recognised("dynamodb", operation, {**NAMED, **params})
    assert set(check.context["dynamodb:attributes"]) == attributes


@pytest.mark.parametrize(
    ("operation", "params", "select"),
    [
        ("GetItem", {"Key": KEY}, "ALL_ATTRIBUTES"),
        ("GetItem", {"Key": KEY, "ProjectionExpression": "note"}, "SPECIFIC_ATTRIBUTES"),
        ("Scan", {}, "ALL_ATTRIBUTES"),
        ("Scan", {"Select": "COUNT"}, "COUNT"),
        ("Scan", {"IndexName": "by-visit"}, "ALL_PROJECTED_ATTRIBUTES"),
    ],
)
def test_select_is_as_asked_or_the_default(
    recognised: Recognise, operation: str, params: Mapping[str, Any], select: str
) -> None:
    (check,) = recognised("dynamodb", operation, {**NAMED, **params})
    assert check.context["dynamodb:select"] == (select,)


@pytest.mark.parametrize(
    ("params", "returned"),
    [
        ({}, "NONE"),
        ({"ReturnValues": "ALL_OLD"}, "ALL_OLD"),
        ({"ReturnValues": "NONE", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}, "ALL_OLD"),
        ({"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}, "ALL_OLD"),
    ],
)
def test_return_values(recognised: Recognise, params: Mapping[str, Any], returned: str) -> None:
    (check,) = recognised("dynamodb", "DeleteItem", {**NAMED, "Key": KEY, **params})
    assert check.context["dynamodb:returnvalues"] == (returned,)


def test_a_scan_has_no_leading_keys(recognised: Recognise) -> None:
    filtered = {
        "FilterExpression": "tenant_id = :t",
        "ExpressionAttributeValues": {":t": {"S": "clinic-a"}},
    }
    (check,) = recognised("dynamodb", "Scan", {**NAMED, **filtered})
    assert (check.action, check.resource) == ("dynamodb:Scan", TABLE)
    assert LEADING not in check.context
    (check,) = recognised("dynamodb", "Scan", {**NAMED, "IndexName": "by-visit"})
    assert check.resource == f"{TABLE}/index/by-visit"


def test_a_batch_has_a_check_a_table_with_all_its_leading_keys(recognised: Recognise) -> None:
    checks = recognised(
        "dynamodb",
        "BatchGetItem",
        {
            "RequestItems": {
                "records": {"Keys": [KEY, OTHER, KEY], "ProjectionExpression": "note"},
                "plain": {"Keys": [{"id": {"N": "1.0"}}, {"id": {"N": "01"}}]},
            }
        },
    )
    assert [(c.action, c.resource.rpartition("/")[2], c.context[LEADING]) for c in checks] == [
        ("dynamodb:BatchGetItem", "records", ("clinic-a", "clinic-b")),
        ("dynamodb:BatchGetItem", "plain", ("1",)),
    ]
    assert checks[0].context["dynamodb:attributes"] == ("item_id", "note", "tenant_id")


def test_a_batch_write_counts_puts_and_deletes(recognised: Recognise) -> None:
    requests = [
        {"PutRequest": {"Item": {**KEY, "note": {"S": "x"}}}},
        {"DeleteRequest": {"Key": OTHER}},
    ]
    (check,) = recognised("dynamodb", "BatchWriteItem", {"RequestItems": {"records": requests}})
    assert check.action == "dynamodb:BatchWriteItem"
    assert check.context[LEADING] == ("clinic-a", "clinic-b")
    assert "note" in check.context["dynamodb:attributes"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("BatchGetItem", {}),
        ("BatchGetItem", {"RequestItems": {}}),
        ("BatchGetItem", {"RequestItems": {"records": {"Keys": []}}}),
        ("BatchWriteItem", {"RequestItems": {"records": []}}),
        ("BatchWriteItem", {"RequestItems": {"records": [{}]}}),
        ("TransactGetItems", {"TransactItems": []}),
    ],
)
def test_a_batch_of_nothing_is_refused(
    recognised: Recognise, operation: str, params: Mapping[str, Any]
) -> None:
    with pytest.raises(UnrecognisedError):
        recognised("dynamodb", operation, params)


def test_transactions_are_authorized_item_by_item(recognised: Recognise) -> None:
    named = {"TableName": "records"}
    checks = recognised(
        "dynamodb",
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {**named, "Item": KEY}},
                {"Update": {**named, "Key": OTHER, "UpdateExpression": "REMOVE note"}},
                {"Delete": {**named, "Key": KEY}},
                {
                    "ConditionCheck": {
                        **named,
                        "Key": OTHER,
                        "ConditionExpression": "attribute_exists(note)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        },
    )
    assert [(c.action, c.context[LEADING]) for c in checks] == [
        ("dynamodb:PutItem", ("clinic-a",)),
        ("dynamodb:UpdateItem", ("clinic-b",)),
        ("dynamodb:DeleteItem", ("clinic-a",)),
        ("dynamodb:ConditionCheckItem", ("clinic-b",)),
    ]
    assert all(c.context["dynamodb:enclosingoperation"] == ("TransactWriteItems",) for c in checks)
    assert checks[3].context["dynamodb:returnvalues"] == ("ALL_OLD",)
    (get,) = recognised(
        "dynamodb", "TransactGetItems", {"TransactItems": [{"Get": {**named, "Key": OTHER}}]}
    )
    assert (get.action, get.context[LEADING]) == ("dynamodb:GetItem", ("clinic-b",))


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"Get": {"TableName": "records", "Key": KEY}, "Put": {"TableName": "records", "Item": KEY}},
        {"Steal": {"TableName": "records", "Key": KEY}},
    ],
)
def test_a_transaction_item_must_be_one_thing(
    recognised: Recognise, item: Mapping[str, Any]
) -> None:
    with pytest.raises(ServiceError, match="ValidationException"):
        recognised("dynamodb", "TransactWriteItems", {"TransactItems": [item]})


@pytest.mark.parametrize(
    "names",
    [{"note": "tenant_id"}, {"#": "x"}, {"#a b": "x"}, {"": "x"}, {"tenant_id": "note"}],
)
def test_names_that_are_no_placeholders_are_refused(
    recognised: Recognise, names: Mapping[str, str]
) -> None:
    with pytest.raises(ServiceError, match="invalid key"):
        recognised(
            "dynamodb",
            "GetItem",
            {
                **NAMED,
                "Key": KEY,
                "ProjectionExpression": "note",
                "ExpressionAttributeNames": names,
            },
        )


@pytest.mark.parametrize("change", [{"Action": "PUT", "Value": {"S": "clinic-b"}}, {}])
@pytest.mark.parametrize("name", ["tenant_id", "item_id"])
def test_the_older_updates_change_no_key(
    recognised: Recognise, name: str, change: Mapping[str, Any]
) -> None:
    """moto would: the item would then be a neighbour's to every read that filters by value."""
    update = {**NAMED, "Key": KEY, "AttributeUpdates": {"note": change, name: change}}
    with pytest.raises(ServiceError, match="part of the key"):
        recognised("dynamodb", "UpdateItem", update)
