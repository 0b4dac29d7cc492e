"""DynamoDB Streams: the changes of a whole table.

A stream holds the records of all partitions, so there are no leading keys to ask about.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

from dataclasses import replace

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.rules import Table, table

STREAMS: Table = table(
    "dynamodb",
    {"{StreamArn}": "DescribeStream GetRecords GetShardIterator", "*": "ListStreams"},
)


def recognise(call: Call, _facts: Facts) -> tuple[Check, ...] | None:
    """The table's check; a shard iterator is its stream's ARN, a bar, and what else it needs.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
    """
    rule = STREAMS.get(call.operation)
    if rule is None:
        return None
    if call.operation == "GetRecords":
        arn = str(call.params.get("ShardIterator", "")).partition("|")[0]
        call = replace(call, params={"StreamArn": arn})
    return rule.checks(call)
