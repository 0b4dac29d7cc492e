"""Which probe carries out a witness on a table: the live run's own, and some that it lacks.

What is named nowhere here is never tried: exports, restores, streams, and whatever changes or
deletes a table.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tenantctl.domain.canary import MARK
from tenantctl.probes import dynamodb, dynamodb_calls
from tenantctl.probes.probe import Attack, ControlBy, Got, ItemSpot, Probe

_A = Attack[ItemSpot]

_BY_RULE = {probe.rule: probe for probe in dynamodb.PROBES}


def _execute(a: _A, statement: str, *parameters: str) -> list[Any]:
    answer = a.caller.client("dynamodb").execute_statement(
        Statement=statement, Parameters=[{"S": value} for value in parameters]
    )
    return answer["Items"]


def _insert(a: _A) -> Got:
    """INSERT of a canary. Nothing may be at its key yet, so each attempt has another."""
    table, at = a.other.table, a.other.run.sort_key(f"insert-{secrets.token_hex(4)}")
    _execute(
        a,
        f"INSERT INTO \"{a.other.name}\" VALUE {{'{table.partition_key}': ?, "
        f"'{table.sort_key}': ?, '{MARK}': ?}}",
        *(a.other.partition, at, a.other.run.id),
    )
    return Got()


def _where(a: _A) -> str:
    table = a.other.table
    return f'WHERE "{table.partition_key}" = ? AND "{table.sort_key}" = ?'


def _change(a: _A) -> Got:
    """UPDATE of the canary that is there."""
    at = a.other.run.sort_key(dynamodb_calls.READ)
    _execute(
        a,
        f'UPDATE "{a.other.name}" SET "{MARK}" = ? {_where(a)}',  # noqa: S608 - names come from the configuration
        *(a.other.run.id, a.other.partition, at),
    )
    return Got()


def _remove(a: _A) -> Got:
    """DELETE of the canary that no other probe looks for.

    The owner's control finds it. The actor may not, any more: that comes after authorization.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.delete.html
    """
    _execute(
        a,
        f'DELETE FROM "{a.other.name}" {_where(a)}',  # noqa: S608 - as above
        *(a.other.partition, a.other.run.sort_key(dynamodb_calls.OWN_READ)),
    )
    return Got()


def _select_all(a: _A) -> Got:
    """SELECT without a condition, one item of whomever."""
    answer = a.caller.client("dynamodb").execute_statement(
        Statement=f'SELECT * FROM "{a.other.name}"',  # noqa: S608 - as above
        Limit=1,
    )
    return Got(bool(answer["Items"]))


def _select_several(a: _A) -> Got:
    """SELECT from the partitions of both, one item of either."""
    answer = a.caller.client("dynamodb").execute_statement(
        Statement=f'SELECT * FROM "{a.other.name}" '  # noqa: S608 - as above
        f'WHERE "{a.other.table.partition_key}" IN [?, ?]',
        Parameters=[{"S": a.own.partition}, {"S": a.other.partition}],
    )
    return Got(bool(answer["Items"]))


def _check(a: _A) -> Got:
    """TransactWriteItems that only asks whether the canary is there."""
    check: Any = {
        "TableName": a.other.name,
        "Key": dynamodb_calls.key(a.other, dynamodb_calls.READ),
        "ConditionExpression": "attribute_exists(#pk)",
        "ExpressionAttributeNames": {"#pk": a.other.table.partition_key},
    }
    a.caller.client("dynamodb").transact_write_items(TransactItems=[{"ConditionCheck": check}])
    return Got()


def _like(rule: str, tries: str, attempt: Callable[[_A], Got], action: str = "") -> Probe[ItemSpot]:
    probe = _BY_RULE[rule]
    return replace(probe, action=action or probe.action, tries=tries, attempt=attempt, mixed=False)


_ONE: Mapping[str, Probe[ItemSpot]] = {
    **{
        _BY_RULE[rule].action: _BY_RULE[rule]
        for rule in (
            *("DDB-GET", "DDB-QUERY", "DDB-PARTIQL-SELECT"),
            *("DDB-PUT", "DDB-UPDATE", "DDB-DELETE"),
        )
    },
    **{
        probe.action: probe
        for probe in (
            _like("DDB-BATCH-GET", "read an item of {owner} in a batch", dynamodb_calls.batch_get),
            _like(
                "DDB-BATCH-WRITE", "write an item of {owner} in a batch", dynamodb_calls.batch_write
            ),
            _like("DDB-CONDITION-CHECK", _BY_RULE["DDB-CONDITION-CHECK"].tries, _check),
            _like(
                "DDB-PUT",
                "insert an item of {owner} with PartiQL",
                _insert,
                "dynamodb:PartiQLInsert",
            ),
            _like(
                "DDB-UPDATE",
                "change an item of {owner} with PartiQL",
                _change,
                "dynamodb:PartiQLUpdate",
            ),
            _like(
                "DDB-DELETE",
                "delete an item of {owner} with PartiQL",
                _remove,
                "dynamodb:PartiQLDelete",
            ),
        )
    },
}
"""By action, for requests that name one partition."""

_SEVERAL: Mapping[str, Probe[ItemSpot]] = {
    "dynamodb:BatchGetItem": _BY_RULE["DDB-BATCH-GET"],
    "dynamodb:BatchWriteItem": _BY_RULE["DDB-BATCH-WRITE"],
    "dynamodb:PartiQLSelect": replace(
        _BY_RULE["DDB-PARTIQL-SELECT"],
        tries="select items of {owner} with its own, with PartiQL",
        attempt=_select_several,
        mixed=True,
    ),
}
"""By action, for requests that name two."""

_NONE: Mapping[str, Probe[ItemSpot]] = {
    "dynamodb:Scan": _BY_RULE["DDB-SCAN"],
    "dynamodb:PartiQLSelect": replace(
        _like(
            "DDB-PARTIQL-SELECT",
            "select the whole table, and with it the items of {owner}, with PartiQL",
            _select_all,
        ),
        control=ControlBy.OPERATOR,
    ),
}
"""By action, for requests that take in the whole table. They read one item and change nothing."""

_ON_INDEX: Mapping[tuple[str, int], Probe[ItemSpot]] = {
    ("dynamodb:Query", 1): _BY_RULE["DDB-QUERY-INDEX"],
    ("dynamodb:Scan", 0): _BY_RULE["DDB-SCAN-INDEX"],
}


def probe_for(action: str, partitions: int, *, on_index: bool) -> Probe[ItemSpot] | None:
    """The probe for an action whose request names that many partitions; `None` if there is none."""
    if on_index:
        return _ON_INDEX.get((action, partitions))
    by_action = (_NONE, _ONE, _SEVERAL)
    return by_action[partitions].get(action) if partitions < len(by_action) else None
