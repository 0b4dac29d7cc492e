"""The pool's tables: on demand, encrypted, recoverable to any second, protected from deletion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tenantctl.aws.session import Aws
from tenantctl.pool import ownership
from tenantctl.pool.consistency import unless_absent, until, when_consistent
from tenantctl.pool.ownership import Tags
from tenantctl.pool.step import Change, Field, Part, Step, differences, missing
from tenantctl.pool.table_spec import KIND, TableSpec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

_ABSENT = "ResourceNotFoundException"


_GOING = "DELETING"

# The AWS managed key `aws/dynamodb`: its use is logged, and sessions need no right of their own.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
_ENCRYPTED: Mapping[str, object] = {"Enabled": True, "SSEType": "KMS"}


def observe(aws: Aws, spec: TableSpec) -> Part:
    """The table as it is, with the steps and problems on the way to what it must be."""
    client = aws.client("dynamodb")
    table = _described(aws, spec.name)
    if table is None or table["TableStatus"] == _GOING:
        return missing(KIND, spec.name, _create(spec), _recovery(spec))
    arn = table["TableArn"]
    claim = ownership.claim(
        spec.resource, _tags(aws, arn), spec.tags, lambda aws: _tag(aws, arn, spec)
    )
    backups = client.describe_continuous_backups(TableName=spec.name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    steps = tuple(_settings(spec, table))
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        steps = (*steps, _recovery(spec))
    return Part(KIND, spec.name, arn, steps, tuple(_problems(spec, table)), claim)


def delete_step(spec: TableSpec) -> Step:
    """Delete the table with all its items, if it is the pool's."""

    def run(aws: Aws) -> None:
        client = aws.client("dynamodb")
        table = _described(aws, spec.name)
        if table is None:
            return
        if table["TableStatus"] != _GOING:
            ownership.refuse_foreign(spec.resource, _tags(aws, table["TableArn"]), spec.tags)
            _settle(aws, spec.name)
            if table.get("DeletionProtectionEnabled"):
                client.update_table(TableName=spec.name, DeletionProtectionEnabled=False)
                _settle(aws, spec.name)
            unless_absent(lambda: client.delete_table(TableName=spec.name), _ABSENT)
        _gone(aws, spec.name)

    return Step(Change.DELETE, spec.resource, "with all its items", (), run)


def _create(spec: TableSpec) -> Step:
    wanted: dict[str, Any] = {
        "AttributeDefinitions": spec.attributes(),
        "KeySchema": spec.keys(),
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": _ENCRYPTED,
        "DeletionProtectionEnabled": True,
        "Tags": ownership.as_list(spec.tags),
    }
    if spec.indexes:
        wanted["GlobalSecondaryIndexes"] = [spec.index(*index) for index in spec.indexes]

    def run(aws: Aws) -> None:
        there = _described(aws, spec.name)
        if there is not None and there["TableStatus"] == _GOING:
            _gone(aws, spec.name)
        # A run killed while the table was being made has made it.
        unless_absent(
            lambda: aws.client("dynamodb").create_table(TableName=spec.name, **wanted),
            "ResourceInUseException",
        )
        _settle(aws, spec.name)
        arn = aws.client("dynamodb").describe_table(TableName=spec.name)["Table"]["TableArn"]
        ownership.confirm(spec.resource, lambda: _tags(aws, arn), spec.tags)

    shown = (
        Field("keys", None, f"{spec.partition}, {spec.sort}"),
        *(Field(f"index {n}", None, f"{spec.partition}, {sort}") for n, sort in spec.indexes),
        Field("billing", None, "PAY_PER_REQUEST"),
        Field("encryption", None, "KMS"),
        Field("deletion protection", None, new=True),
    )
    return Step(Change.CREATE, spec.resource, "it doesn't exist", shown, run)


def _recovery(spec: TableSpec) -> Step:
    def run(aws: Aws) -> None:
        # Refused with ContinuousBackupsUnavailableException while a new table's backups start.
        when_consistent(
            lambda: aws.client("dynamodb").update_continuous_backups(
                TableName=spec.name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            ),
            "ContinuousBackupsUnavailableException",
        )

    shown = (Field("point-in-time recovery", old=False, new=True),)
    return Step(Change.UPDATE, spec.resource, "a mistake must be undoable", shown, run)


def _settings(spec: TableSpec, table: TableDescriptionTypeDef) -> Iterator[Step]:
    """One step per setting: UpdateTable takes one kind of change at a time."""
    billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if changed := differences({"billing": billing}, {"billing": "PAY_PER_REQUEST"}):
        why = "load is the tenants' to make"
        yield _update(spec, why, changed, {"BillingMode": "PAY_PER_REQUEST"})
    protected = table.get("DeletionProtectionEnabled", False)
    if changed := differences({"deletion protection": protected}, {"deletion protection": True}):
        why = "a tenant's records are in it"
        yield _update(spec, why, changed, {"DeletionProtectionEnabled": True})
    encryption = table.get("SSEDescription", {})
    if encryption.get("Status") not in {"ENABLED", "ENABLING", "UPDATING"}:
        changed = (Field("encryption", encryption.get("Status"), "KMS"),)
        yield _update(spec, "records lie encrypted", changed, {"SSESpecification": _ENCRYPTED})
    present = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}
    for name, sort in spec.indexes:
        if name not in present:
            yield _index(spec, name, sort)


def _index(spec: TableSpec, name: str, sort: str) -> Step:
    def run(aws: Aws) -> None:
        _settle(aws, spec.name)
        client = aws.client("dynamodb")
        table = client.describe_table(TableName=spec.name)["Table"]
        if name in {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}:
            return
        # Definitions that no key uses are refused, so an index to come isn't mentioned yet.
        used = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
        used |= {spec.partition: "S", sort: "S"}
        call: dict[str, Any] = {
            "AttributeDefinitions": [
                {"AttributeName": key, "AttributeType": kind} for key, kind in used.items()
            ],
            "GlobalSecondaryIndexUpdates": [{"Create": spec.index(name, sort)}],
        }
        client.update_table(TableName=spec.name, **call)
        _settle(aws, spec.name)

    shown = (Field(f"index {name}", None, f"{spec.partition}, {sort}"),)
    resource = spec.resource
    return Step(Change.UPDATE, resource, "the configuration names it", shown, run)


def _update(spec: TableSpec, why: str, changed: tuple[Field, ...], call: Mapping[str, Any]) -> Step:
    def run(aws: Aws) -> None:
        _settle(aws, spec.name)
        aws.client("dynamodb").update_table(TableName=spec.name, **call)
        _settle(aws, spec.name)

    return Step(Change.UPDATE, spec.resource, why, changed, run)


def _problems(spec: TableSpec, table: TableDescriptionTypeDef) -> Iterator[str]:
    types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
    if table["KeySchema"] != spec.keys():
        now = ", ".join(key["AttributeName"] for key in table["KeySchema"])
        yield f"its keys are `{now}`, and must be `{spec.partition}, {spec.sort}`"
    for name in (spec.partition, spec.sort, *(sort for _, sort in spec.indexes)):
        if types.get(name, "S") != "S":
            yield f"its key attribute `{name}` has type {types[name]}, and must have S"
    wanted = dict(spec.indexes)
    for index in table.get("GlobalSecondaryIndexes", []):
        name = index["IndexName"]
        if name in wanted and index["KeySchema"] != spec.keys(wanted[name]):
            now = ", ".join(key["AttributeName"] for key in index["KeySchema"])
            yield (
                f"its index `{name}` has keys `{now}`, and must have `{spec.partition}, "
                f"{wanted[name]}`"
            )


def _described(aws: Aws, name: str) -> TableDescriptionTypeDef | None:
    answer = unless_absent(lambda: aws.client("dynamodb").describe_table(TableName=name), _ABSENT)
    return None if answer is None else answer["Table"]


def _tags(aws: Aws, arn: str) -> Tags:
    """The tags of a table that is there; DynamoDB may not know it for a moment."""
    pages = aws.client("dynamodb").get_paginator("list_tags_of_resource")
    return when_consistent(
        lambda: ownership.from_list(
            tag for page in pages.paginate(ResourceArn=arn) for tag in page["Tags"]
        ),
        _ABSENT,
    )


def _tag(aws: Aws, arn: str, spec: TableSpec) -> None:
    aws.client("dynamodb").tag_resource(ResourceArn=arn, Tags=ownership.as_list(spec.tags))
    # The former tags may show for a while.
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
    until(
        lambda: ownership.foreign(_tags(aws, arn), spec.tags) is None,
        f"the tag of {spec.resource}",
        seconds=60,
    )


def _gone(aws: Aws, name: str) -> None:
    aws.client("dynamodb").get_waiter("table_not_exists").wait(
        TableName=name, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
    )


def _settle(aws: Aws, name: str) -> None:
    def ready() -> bool:
        table = _described(aws, name)
        if table is None:
            return False
        indexes = table.get("GlobalSecondaryIndexes", [])
        return table["TableStatus"] == "ACTIVE" and all(
            index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in indexes
        )

    until(ready, f"table `{name}`")
