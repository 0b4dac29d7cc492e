from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tenantctl.iam.request import Principal, PrincipalKind
from tenantctl.local.call import Call, Check, TableKeys
from tenantctl.local.recognise import recognise

ACCOUNT = "123456789012"
OPERATOR = Principal(PrincipalKind.USER, f"arn:aws:iam::{ACCOUNT}:user/operator", ACCOUNT)

TABLES = {
    "records": TableKeys("tenant_id", "item_id", {"by-visit": "tenant_id", "by-doctor": "doctor"}),
    "plain": TableKeys("id", None, {}),
}


@dataclass(frozen=True)
class Known:
    """Facts about two tables."""

    def table_keys(self, table: str) -> TableKeys | None:
        return TABLES.get(table)

    def bucket_policy(self, bucket: str) -> str | None:  # noqa: ARG002 - no bucket has one
        return None

    def knowledge_base_tags(self, base: str) -> Mapping[str, str]:
        return {"Pool": "clinics"} if base.endswith("/KB12345678") else {}


Recognise = Callable[..., tuple[Check, ...]]


@pytest.fixture(scope="session")
def facts() -> Known:
    return Known()


@pytest.fixture(scope="session")
def recognised(facts: Known) -> Recognise:
    """`recognised("dynamodb", "GetItem", {...})` as the operator in us-east-1."""

    def run(service: str, operation: str, params: Mapping[str, Any]) -> tuple[Check, ...]:
        return recognise(Call(service, operation, params, "us-east-1", ACCOUNT, OPERATOR), facts)

    return run
