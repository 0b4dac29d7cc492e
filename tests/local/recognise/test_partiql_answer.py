"""Statements carried out on a real table of moto's, through a boto3 client."""

# ruff: noqa: S608 - statements put together of pieces are what is under test
from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from moto import mock_aws

from tenantctl.local.call import Call, ServiceError
from tenantctl.local.recognise.dynamodb.partiql.answer import answer

from .conftest import ACCOUNT, OPERATOR, Known

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ITEMS: list[dict[str, Any]] = [
    {"tenant_id": {"S": "a"}, "item_id": {"S": "1"}, "n": {"N": "5"}, "note": {"S": "blue"}},
    {"tenant_id": {"S": "a"}, "item_id": {"S": "2"}, "n": {"N": "50"}, "doctor": {"S": "d"}},
    {"tenant_id": {"S": "b"}, "item_id": {"S": "1"}, "n": {"N": "7"}, "note": {"S": "blue"}},
    {"tenant_id": {"S": "b"}, "item_id": {"S": "2"}, "TENANT_ID": {"S": "a"}},
    {"tenant_id": {"S": "c"}, "item_id": {"S": "1"}, "gone": {"NULL": True}},
]


class Table:
    """One table, and `answer` as the API has it."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.client = client
        self.ran: list[str] = []

    def run(self, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.ran.append(operation)
        try:
            found: Mapping[str, Any] = getattr(self.client, xform_name(operation))(**params)
        except ClientError as error:
            raise ServiceError(
                error.response["Error"]["Code"], error.response["Error"]["Message"]
            ) from error
        return found

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        call = Call("dynamodb", operation, params, "us-east-1", ACCOUNT, OPERATOR)
        return answer(call, Known(), self.run)

    def execute(self, text: str, parameters: Sequence[Any] = (), **more: Any) -> dict[str, Any]:  # noqa: ANN401 - request members
        return self.call(
            "ExecuteStatement", {"Statement": text, "Parameters": list(parameters), **more}
        )

    def keys(self, text: str, parameters: Sequence[Any] = ()) -> list[str]:
        items = self.execute(text, parameters)["Items"]
        return sorted(i["tenant_id"]["S"] + i["item_id"]["S"] for i in items)

    def item(self, tenant: str, item: str) -> dict[str, Any] | None:
        key = {"tenant_id": {"S": tenant}, "item_id": {"S": item}}
        found: dict[str, Any] | None = self.client.get_item(TableName="records", Key=key).get(
            "Item"
        )
        return found


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        key = [
            {"AttributeName": "tenant_id", "KeyType": "HASH"},
            {"AttributeName": "item_id", "KeyType": "RANGE"},
        ]
        client.create_table(
            TableName="records",
            KeySchema=key,  # type: ignore[arg-type]
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"}
                for name in ("tenant_id", "item_id", "doctor")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-doctor",
                    "KeySchema": [{"AttributeName": "doctor", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for item in ITEMS:
            client.put_item(TableName="records", Item=item)
        yield Table(client)


@pytest.mark.parametrize(
    ("condition", "parameters", "keys"),
    [
        ("tenant_id='a'", [], ["a1", "a2"]),
        ("tenant_id IN [?,?]", [{"S": "a"}, {"S": "c"}], ["a1", "a2", "c1"]),
        ("tenant_id = 'a' OR note = 'blue'", [], ["a1", "a2", "b1"]),
        ("tenant_id = 'b' OR tenant_id = 'a' AND note = 'blue'", [], ["a1", "b1", "b2"]),
        ("NOT tenant_id = 'a'", [], ["b1", "b2", "c1"]),
        ("tenant_id <> 'a'", [], ["b1", "b2", "c1"]),
        ("n > 6", [], ["a2", "b1"]),
        ("n BETWEEN 5 AND 7", [], ["a1", "b1"]),
        ("begins_with(note, 'bl') AND tenant_id = 'a'", [], ["a1"]),
        ("contains(note, 'lu')", [], ["a1", "b1"]),
        ("note IS MISSING", [], ["a2", "b2", "c1"]),
        ("note IS NOT MISSING", [], ["a1", "b1"]),
        ("gone IS NULL", [], ["c1"]),
        ("size(note) = 4", [], ["a1", "b1"]),
        ("tenant_id = 'a'' OR ''1'' = ''1'", [], []),
    ],
)
def test_select_finds_what_it_says(
    table: Table, condition: str, parameters: Sequence[Any], keys: list[str]
) -> None:
    assert table.keys(f'SELECT * FROM "records" WHERE {condition}', parameters) == keys


def test_select_all_of_an_index_and_of_some_attributes(table: Table) -> None:
    assert len(table.execute("SELECT * FROM records")["Items"]) == len(ITEMS)
    assert table.keys('SELECT * FROM "records"."by-doctor" WHERE doctor = \'d\'') == ["a2"]
    found = table.execute("SELECT note FROM records WHERE tenant_id = 'a' AND item_id = '1'")
    assert found["Items"] == [{"note": {"S": "blue"}}]


def test_pages_follow_each_other(table: Table) -> None:
    seen: list[Any] = []
    params: dict[str, Any] = {}
    for _ in range(len(ITEMS) + 1):
        page = table.execute("SELECT * FROM records", Limit=2, **params)
        seen += page["Items"]
        if "NextToken" not in page:
            break
        params = {"NextToken": page["NextToken"]}
    assert sorted(map(str, seen)) == sorted(map(str, ITEMS))


def test_a_token_that_is_none_is_a_validation_error(table: Table) -> None:
    for token in ("x", "\u00e9", "bm90IGpzb24="):
        with pytest.raises(ServiceError, match="NextToken"):
            table.execute("SELECT * FROM records", NextToken=token)


@pytest.mark.parametrize(
    "made_up",
    [
        None,
        5,
        "x",
        [],
        {},
        {"item_id": {"S": "1"}},
        {"tenant_id": {"S": 5}, "item_id": {"S": "1"}},
        {"tenant_id": "a", "item_id": {"S": "1"}},
        {"tenant_id": {"S": "a"}, "item_id": {"S": "1"}, "more": {"L": []}},
    ],
)
def test_a_token_that_somebody_made_up_is_a_validation_error(table: Table, made_up: object) -> None:
    token = base64.urlsafe_b64encode(json.dumps(made_up).encode()).decode()
    with pytest.raises(ServiceError, match="ValidationException"):
        table.execute("SELECT * FROM records", NextToken=token)


def test_insert_makes_a_new_item_once(table: Table) -> None:
    text = "INSERT INTO records VALUE {'tenant_id': 'a', 'item_id': '9', 'm': {'x': [1, true]}}"
    assert table.execute(text) == {"Items": []}
    assert table.item("a", "9") == {
        "tenant_id": {"S": "a"},
        "item_id": {"S": "9"},
        "m": {"M": {"x": {"L": [{"N": "1"}, {"BOOL": True}]}}},
    }
    with pytest.raises(ServiceError, match="DuplicateItemException"):
        table.execute(text)


def test_update_changes_one_item(table: Table) -> None:
    found = table.execute(
        "UPDATE records SET n = n + ?, note = 'red' REMOVE doctor "
        "WHERE tenant_id = 'a' AND item_id = '2' AND n = 50 RETURNING ALL NEW *",
        [{"N": "1"}],
    )
    assert found["Items"] == [
        {
            "tenant_id": {"S": "a"},
            "item_id": {"S": "2"},
            "n": {"N": "51"},
            "note": {"S": "red"},
        }
    ]
    assert table.item("b", "2") == ITEMS[3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET note = 'x' WHERE tenant_id = 'a' AND item_id = '1' AND note = 'red'",
        "UPDATE records SET note = 'x' WHERE tenant_id = 'z' AND item_id = '1'",
        "DELETE FROM records WHERE tenant_id = 'a' AND item_id = '1' AND tenant_id = 'b'",
        "DELETE FROM records WHERE tenant_id = 'z' AND item_id = '1'",
    ],
)
def test_a_change_whose_condition_fails_changes_nothing(table: Table, statement: str) -> None:
    with pytest.raises(ServiceError, match="ConditionalCheckFailedException"):
        table.execute(statement)
    assert len(table.execute("SELECT * FROM records")["Items"]) == len(ITEMS)
    assert table.item("a", "1") == ITEMS[0]


def test_delete_removes_one_item(table: Table) -> None:
    text = "DELETE FROM records WHERE tenant_id = 'a' AND item_id = '1' RETURNING ALL OLD *"
    assert table.execute(text) == {"Items": [ITEMS[0]]}
    assert table.item("a", "1") is None
    assert table.item("b", "1") == ITEMS[2]


def test_a_batch_reports_each_failure_for_itself(table: Table) -> None:
    one = "SELECT * FROM records WHERE tenant_id = 'a' AND item_id = '1'"
    found = table.call(
        "BatchExecuteStatement",
        {
            "Statements": [
                {"Statement": one},
                {"Statement": "SELECT * FROM records WHERE tenant_id = 'a'"},
                {"Statement": "DELETE FROM records WHERE tenant_id = 'z' AND item_id = '1'"},
            ]
        },
    )
    first, second, third = found["Responses"]
    assert first == {"TableName": "records", "Item": ITEMS[0]}
    assert second["Error"]["Code"] == "ValidationError"
    assert third["Error"]["Code"] == "ConditionalCheckFailed"


def test_a_transaction_of_writes_is_all_or_nothing(table: Table) -> None:
    insert = {"Statement": "INSERT INTO records VALUE {'tenant_id': 'a', 'item_id': '8'}"}
    fails = {"Statement": "DELETE FROM records WHERE tenant_id = 'z' AND item_id = '1'"}
    with pytest.raises(ServiceError, match="TransactionCanceledException"):
        table.call("ExecuteTransaction", {"TransactStatements": [insert, fails]})
    assert table.item("a", "8") is None
    done = table.call("ExecuteTransaction", {"TransactStatements": [insert]})
    assert done == {"Responses": [{}]}
    assert table.item("a", "8") is not None


def test_a_transaction_reads_or_writes(table: Table) -> None:
    one = {"Statement": "SELECT * FROM records WHERE tenant_id = 'a' AND item_id = '1'"}
    delete = {"Statement": "DELETE FROM records WHERE tenant_id = 'a' AND item_id = '1'"}
    found = table.call("ExecuteTransaction", {"TransactStatements": [one, one]})
    assert found == {"Responses": [{"Item": ITEMS[0]}, {"Item": ITEMS[0]}]}
    with pytest.raises(ServiceError, match="either read or write"):
        table.call("ExecuteTransaction", {"TransactStatements": [one, delete]})


def test_a_table_that_is_not_there(table: Table) -> None:
    with pytest.raises(ServiceError, match="ResourceNotFoundException"):
        table.execute("SELECT * FROM nowhere")
    assert table.ran == []
