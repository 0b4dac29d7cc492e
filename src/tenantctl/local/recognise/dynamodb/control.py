"""DynamoDB's operations on tables, backups, exports and tags: an action on an ARN, no keys.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

from collections.abc import Mapping

from tenantctl.local.call import Call, Check
from tenantctl.local.recognise.dynamodb.tables import table_name
from tenantctl.local.recognise.rules import Table, arn, table
from tenantctl.local.recognise.tags import tag_context

# The parameters that name the tables an operation needs permission on, by name or ARN.
_ON_TABLES: Mapping[str, tuple[str, ...]] = {
    "CreateBackup": ("TableName",),
    "CreateTable": ("TableName",),
    "DeleteTable": ("TableName",),
    "DescribeContinuousBackups": ("TableName",),
    "DescribeTable": ("TableName",),
    "DescribeTimeToLive": ("TableName",),
    "ExportTableToPointInTime": ("TableArn",),
    "ListExports": ("TableArn",),
    "RestoreTableToPointInTime": ("SourceTableName", "TargetTableName"),
    "UpdateContinuousBackups": ("TableName",),
    "UpdateTable": ("TableName",),
    "UpdateTimeToLive": ("TableName",),
}

# Restoring reads every item and writes every item of the new table.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html
_RESTORE_NEEDS = (
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)

_BY_ARN: Table = table(
    "dynamodb",
    {
        "{BackupArn}": "DeleteBackup DescribeBackup RestoreTableFromBackup",
        "{ExportArn}": "DescribeExport",
        "{ResourceArn}": """
            DeleteResourcePolicy GetResourcePolicy ListTagsOfResource PutResourcePolicy TagResource
            UntagResource
        """,
        "*": "DescribeEndpoints DescribeLimits ListBackups ListTables",
    },
)


def control_checks(call: Call) -> tuple[Check, ...] | None:
    """The checks of an operation on tables; `None` for one that isn't known."""
    checks: list[Check] = []
    names = _ON_TABLES.get(call.operation)
    if names is not None:
        given = call.params
        if call.operation == "RestoreTableToPointInTime" and not given.get("SourceTableName"):
            given = {**given, "SourceTableName": given.get("SourceTableArn")}
        context = tag_context(given)
        checks += (
            Check(f"dynamodb:{call.operation}", _arn(call, given.get(name)), context)
            for name in names
        )
        if call.operation == "CreateTable" and given.get("Tags"):
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html
            checks.append(Check("dynamodb:TagResource", checks[0].resource, context))
    elif (rule := _BY_ARN.get(call.operation)) is not None:
        checks += rule.checks(call)
        if call.operation == "RestoreTableFromBackup":
            restored = _arn(call, call.params.get("TargetTableName"))
            checks.append(Check("dynamodb:RestoreTableFromBackup", restored))
    else:
        return None
    if call.operation.startswith("Restore"):
        restored = _arn(call, call.params.get("TargetTableName"))
        checks += (Check(f"dynamodb:{action}", restored) for action in _RESTORE_NEEDS)
    return tuple(checks)


def _arn(call: Call, given: object) -> str:
    return arn(call, "dynamodb", f"table/{table_name(call, given)}")
