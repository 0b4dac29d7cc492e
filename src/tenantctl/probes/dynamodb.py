"""Ways into another tenant's partition of a table.

Denials are by `dynamodb:LeadingKeys`, the partition key values that a request names.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

from collections.abc import Callable

from tenantctl.probes import dynamodb_calls as calls
from tenantctl.probes.probe import Attack, Context, ControlBy, Got, ItemSpot, Probe

_LEADING = (
    "condition the action on `ForAllValues:StringEquals dynamodb:LeadingKeys` equal to the "
    "tenant's tag, with `Null dynamodb:LeadingKeys false`"
)
_NO_SCAN = "don't grant it: a Scan carries no `dynamodb:LeadingKeys`, so no condition can hold it"

_A = Attack[ItemSpot]
_P = Probe[ItemSpot]


def _resource(a: _A) -> str:
    return a.other.arn


def _one(a: _A) -> Context:
    return {"dynamodb:LeadingKeys": [a.other.partition]}


def _both(a: _A) -> Context:
    return {"dynamodb:LeadingKeys": [a.own.partition, a.other.partition]}


def _none(_: _A) -> Context:
    return {}


def _has_no_index(a: _A) -> bool:
    return a.other.index is None


def _has_index(a: _A) -> bool:
    return a.other.index is not None


def _probe(  # noqa: PLR0913 - the columns of the table below
    rule: str,
    action: str,
    tries: str,
    attempt: Callable[[_A], Got],
    *,
    fix: str = _LEADING,
    control: ControlBy = ControlBy.OWNER,
    mixed: bool = False,
    context: Callable[[_A], Context] | None = None,
    on_index: bool = False,
) -> _P:
    return Probe(
        rule=rule,
        action=f"dynamodb:{action}",
        tries=tries,
        attempt=attempt,
        resource=_resource,
        context=context or (_both if mixed else _one),
        fix=fix,
        control=control,
        mixed=mixed,
        applies=_has_index if on_index else _has_no_index,
    )


REGISTRY_FIX = "grant tenants no action on the registry's table"


PROBES: tuple[_P, ...] = (
    _probe("DDB-GET", "GetItem", "read an item of {owner} by its key", calls.get),
    _probe("DDB-QUERY", "Query", "query the partition of {owner}", calls.query),
    _probe(
        "DDB-QUERY-INDEX",
        "Query",
        "query the partition of {owner} in an index",
        calls.query_index,
        on_index=True,
    ),
    _probe(
        "DDB-SCAN",
        "Scan",
        "scan the table, and with it the items of {owner}",
        calls.scan,
        fix=_NO_SCAN,
        control=ControlBy.OPERATOR,
        context=_none,
    ),
    _probe(
        "DDB-SCAN-INDEX",
        "Scan",
        "scan an index, and with it the items of {owner}",
        calls.scan_index,
        fix=_NO_SCAN,
        control=ControlBy.OPERATOR,
        context=_none,
        on_index=True,
    ),
    _probe(
        "DDB-BATCH-GET",
        "BatchGetItem",
        "read an item of {owner} in a batch with its own",
        calls.batch_get,
        mixed=True,
    ),
    _probe(
        "DDB-TRANSACT-GET",
        "GetItem",
        "read an item of {owner} in a transaction with its own",
        calls.transact_get,
        mixed=True,
        context=_one,
    ),
    _probe(
        "DDB-PARTIQL-SELECT",
        "PartiQLSelect",
        "select an item of {owner} with PartiQL",
        calls.partiql,
    ),
    _probe("DDB-PUT", "PutItem", "write an item of {owner}", calls.put),
    _probe("DDB-UPDATE", "UpdateItem", "change an item of {owner}", calls.update),
    _probe("DDB-DELETE", "DeleteItem", "delete an item of {owner}", calls.delete),
    _probe(
        "DDB-BATCH-WRITE",
        "BatchWriteItem",
        "write an item of {owner} in a batch with its own",
        calls.batch_write,
        mixed=True,
    ),
    _probe(
        "DDB-TRANSACT-WRITE",
        "PutItem",
        "write an item of {owner} in a transaction with its own",
        calls.transact_write,
        mixed=True,
        context=_one,
    ),
    _probe(
        "DDB-CONDITION-CHECK",
        "ConditionCheckItem",
        "learn by a condition check whether an item of {owner} exists",
        calls.condition_check,
        mixed=True,
        context=_one,
    ),
)
"""All of them, reads first. The index ones apply to spots of an index, the others to tables."""
