"""The calls that reach into a partition of a table, made by owners and attackers alike.

Writes aim at canary keys alone, and where DynamoDB can hold a condition, only go through where
nothing is or a canary of this run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenantctl.aws.session import Aws
from tenantctl.domain.canary import MARK, PREFIX
from tenantctl.domain.layout import META, tenant_key
from tenantctl.domain.tenant import Tenant
from tenantctl.probes.probe import (
    Attack,
    Got,
    ItemSpot,
    UnclearError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OWN_READ, READ = "own", "read"
"""The canaries that are there before the probes start."""

_A = Attack[ItemSpot]


def key(spot: ItemSpot, what: str) -> dict[str, Any]:
    """The primary key of a canary."""
    table = spot.table
    return {
        table.partition_key: {"S": spot.partition},
        table.sort_key: {"S": spot.run.sort_key(what)},
    }


def item(spot: ItemSpot, what: str) -> dict[str, Any]:
    """A canary item, with the sort key of every index so that it shows there too."""
    made = key(spot, what) | {MARK: {"S": spot.run.id}}
    for index in spot.table.indexes:
        made.setdefault(index.sort_key, {"S": spot.run.sort_key(what)})
    return made


def _db(attack: _A) -> DynamoDBClient:
    return attack.caller.client("dynamodb")


def _only_canaries(spot: ItemSpot) -> dict[str, Any]:
    """Let a write go through only where nothing is, or a canary of this run."""
    return {
        "ConditionExpression": "attribute_not_exists(#pk) OR #mark = :run",
        "ExpressionAttributeNames": {"#pk": spot.table.partition_key, "#mark": MARK},
        "ExpressionAttributeValues": {":run": {"S": spot.run.id}},
    }


def get(a: _A) -> Got:
    """GetItem of the canary."""
    answer = _db(a).get_item(TableName=a.other.name, Key=key(a.other, READ), ConsistentRead=True)
    return Got("Item" in answer)


def query(a: _A) -> Got:
    """Query of the canaries in the partition."""
    table = a.other.table
    answer = _db(a).query(
        TableName=a.other.name,
        KeyConditionExpression="#pk = :pk AND begins_with(#sk, :sk)",
        ExpressionAttributeNames={"#pk": table.partition_key, "#sk": table.sort_key},
        ExpressionAttributeValues={":pk": {"S": a.other.partition}, ":sk": {"S": PREFIX}},
        ConsistentRead=True,
    )
    return Got(answer["Count"] > 0)


def query_index(a: _A) -> Got:
    """Query of the partition in an index."""
    index = a.other.index
    if index is None:
        raise UnclearError("the table has no index")
    answer = _db(a).query(
        TableName=a.other.name,
        IndexName=index.name,
        KeyConditionExpression="#pk = :pk",
        ExpressionAttributeNames={"#pk": a.other.table.partition_key},
        ExpressionAttributeValues={":pk": {"S": a.other.partition}},
        Limit=1,
    )
    return Got(answer["Count"] > 0)


def scan(a: _A) -> Got:
    """Scan of one item, whosever it is."""
    return Got(_db(a).scan(TableName=a.other.name, Limit=1)["Count"] > 0)


def scan_index(a: _A) -> Got:
    """Scan of one item of an index."""
    index = a.other.index
    if index is None:
        raise UnclearError("the table has no index")
    answer = _db(a).scan(TableName=a.other.name, IndexName=index.name, Limit=1)
    return Got(answer["Count"] > 0)


def batch_get(a: _A) -> Got:
    """BatchGetItem of the caller's canary and the other's."""
    keys = [key(a.own, OWN_READ), key(a.other, READ)]
    answer = _db(a).batch_get_item(RequestItems={a.other.name: {"Keys": keys}})
    if answer["UnprocessedKeys"]:
        raise UnclearError("DynamoDB left keys unprocessed")
    found = [i for items in answer["Responses"].values() for i in items]
    return Got(any(i.items() >= key(a.other, READ).items() for i in found))


def transact_get(a: _A) -> Got:
    """TransactGetItems of the caller's canary and the other's."""
    gets = [
        {"Get": {"TableName": a.own.name, "Key": key(a.own, OWN_READ)}},
        {"Get": {"TableName": a.other.name, "Key": key(a.other, READ)}},
    ]
    answer = _db(a).transact_get_items(TransactItems=gets)  # type: ignore[arg-type]  # plain dicts
    return Got(all("Item" in response for response in answer["Responses"]))


def partiql(a: _A) -> Got:
    """ExecuteStatement that selects the canary by its key."""
    table = a.other.table
    answer = _db(a).execute_statement(
        Statement=f'SELECT * FROM "{a.other.name}" '  # noqa: S608 - names come from the configuration
        f'WHERE "{table.partition_key}" = ? AND "{table.sort_key}" = ?',
        Parameters=[*key(a.other, READ).values()],
    )
    return Got(bool(answer["Items"]))


def put(a: _A) -> Got:
    """PutItem of a canary."""
    _db(a).put_item(TableName=a.other.name, Item=item(a.other, "put"), **_only_canaries(a.other))
    return Got()


def update(a: _A) -> Got:
    """UpdateItem of a canary."""
    condition = _only_canaries(a.other)
    _db(a).update_item(
        TableName=a.other.name,
        Key=key(a.other, "update"),
        UpdateExpression="SET #mark = :run",
        **condition,
    )
    return Got()


def delete(a: _A) -> Got:
    """DeleteItem of a canary."""
    _db(a).delete_item(
        TableName=a.other.name, Key=key(a.other, "delete"), **_only_canaries(a.other)
    )
    return Got()


def batch_write(a: _A) -> Got:
    """BatchWriteItem of a canary for the caller and one for the other."""
    puts = [
        {"PutRequest": {"Item": item(a.own, "batch-own")}},
        {"PutRequest": {"Item": item(a.other, "batch")}},
    ]
    answer = _db(a).batch_write_item(RequestItems={a.other.name: puts})  # type: ignore[dict-item]  # plain dicts
    if answer["UnprocessedItems"]:
        raise UnclearError("DynamoDB left items unprocessed")
    return Got()


def transact_write(a: _A) -> Got:
    """TransactWriteItems of a canary for the caller and one for the other."""
    writes = [
        {
            "Put": {
                "TableName": spot.name,
                "Item": item(spot, what),
                **_only_canaries(spot),
            }
        }
        for spot, what in ((a.own, "transact-own"), (a.other, "transact"))
    ]
    _db(a).transact_write_items(TransactItems=writes)  # type: ignore[arg-type]  # plain dicts
    return Got()


def condition_check(a: _A) -> Got:
    """TransactWriteItems of an own canary, if the other's is there."""
    check = {
        "TableName": a.other.name,
        "Key": key(a.other, READ),
        "ConditionExpression": "attribute_exists(#pk)",
        "ExpressionAttributeNames": {"#pk": a.other.table.partition_key},
    }
    put = {"TableName": a.own.name, "Item": item(a.own, "check-own"), **_only_canaries(a.own)}
    _db(a).transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": check}])  # type: ignore[typeddict-item]  # plain dicts
    return Got()


def registry_get(caller: Aws, table: str, tenant: Tenant) -> Got:
    """Read what the registry holds of a tenant: its name, its users."""
    key = {"pk": {"S": tenant_key(tenant.id)}, "sk": {"S": META}}
    return Got("Item" in caller.client("dynamodb").get_item(TableName=table, Key=key))
