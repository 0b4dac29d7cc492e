"""DynamoDB: the partitions that a request reaches, as `dynamodb:LeadingKeys`."""

from __future__ import annotations

from tenantctl.local.call import Call, Check, Facts
from tenantctl.local.recognise.dynamodb.control import control_checks
from tenantctl.local.recognise.dynamodb.items import ITEMS
from tenantctl.local.recognise.dynamodb.partiql import reach


def recognise(call: Call, facts: Facts) -> tuple[Check, ...] | None:
    """The checks of a DynamoDB call; `None` for an operation that isn't known."""
    if call.operation in reach.STATEMENTS:
        return reach.recognise(call, facts)
    known = ITEMS.get(call.operation)
    return known(call, facts) if known else control_checks(call)
