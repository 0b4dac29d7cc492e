"""The condition keys that a DynamoDB request carries.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tenantctl.iam.request import Context
from tenantctl.local.recognise.dynamodb.expressions import Placeholders, attributes
from tenantctl.local.recognise.dynamodb.tables import Target

_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
# The older parameters whose keys are attribute names.
_MAPS = (
    "AttributeUpdates",
    "Expected",
    "Item",
    "Key",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)


def named_attributes(params: Mapping[str, Any], target: Target) -> frozenset[str]:
    """Every top-level attribute that a request reads, writes or tests, with the key attributes."""
    found = set(target.keys)
    placeholders = Placeholders.of(params)
    for name in _EXPRESSIONS:
        if params.get(name):
            found |= attributes(params[name], placeholders)
    for name in _MAPS:
        found.update(params.get(name) or ())
    found.update(params.get("AttributesToGet") or ())
    return frozenset(found)


def selection(params: Mapping[str, Any], *, index: bool) -> str:
    """`dynamodb:Select` of a read: as asked, or the default that the API documents.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
    """
    if params.get("Select"):
        return str(params["Select"])
    if params.get("ProjectionExpression") or params.get("AttributesToGet"):
        return "SPECIFIC_ATTRIBUTES"
    return "ALL_PROJECTED_ATTRIBUTES" if index else "ALL_ATTRIBUTES"


def returned(params: Mapping[str, Any]) -> str:
    """`dynamodb:ReturnValues` of a write.

    What comes back when a condition fails counts as much as what comes back when it holds.
    """
    asked = params.get("ReturnValues")
    failed = params.get("ReturnValuesOnConditionCheckFailure")
    return str(asked if asked and asked != "NONE" else failed or asked or "NONE")


def request_context(
    *,
    leading_keys: Iterable[str] | None,
    names: Iterable[str] = (),
    **single: str | None,
) -> Context:
    """A request's context.

    `leading_keys` is `None` where the request has no `dynamodb:LeadingKeys` at all. `single` are
    the keys with one value, by their lower-case name; `None` leaves one out.
    """
    context: dict[str, tuple[str, ...]] = {}
    if leading_keys is not None:
        context["dynamodb:leadingkeys"] = tuple(leading_keys)
    attribute_names = tuple(sorted(names))
    if attribute_names:
        context["dynamodb:attributes"] = attribute_names
    context |= {f"dynamodb:{key}": (value,) for key, value in single.items() if value is not None}
    return context
