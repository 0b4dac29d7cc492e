from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tenantctl.domain.names import Names
from tenantctl.domain.pool import (
    Bucket,
    Data,
    Identity,
    Index,
    Memory,
    Pool,
    Roles,
    Table,
    Target,
    Tier,
    ToolRule,
)
from tenantctl.domain.template import Template

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

ACCOUNT = "123456789012"

CLINICS = Pool(
    name="clinic-agent",
    target=Target.LOCAL,
    region="us-east-1",
    account=ACCOUNT,
    identity=Identity(),
    roles=Roles("clinic-agent-agent", "clinic-agent-tvm"),
    data=Data(
        tables=(
            Table(
                "patient-records",
                "tenant_id",
                Template.parse("{tenant}"),
                sort_key="patient_id",
                indexes=(Index("by-visit", "last_visit"),),
            ),
        ),
        buckets=(Bucket("clinic-documents", Template.parse("{tier}-tier/{tenant}/")),),
        memories=(
            Memory(
                "conversations",
                Template.parse("{tier}/{tenant}/{user}"),
                Template.parse("clinic/{tier}/{tenant}/{user}/"),
            ),
        ),
    ),
    tiers={
        "basic": Tier("basic", {"current_time": ToolRule()}, ("amazon.nova-lite-v1:0",)),
        "premium": Tier("premium", {}, ("us.anthropic.claude-sonnet-4-20250514-v1:0",)),
    },
)


@pytest.fixture
def names() -> Names:
    return Names(CLINICS, ACCOUNT)


@pytest.fixture
def named() -> Callable[..., Names]:
    """The clinics' pool with other fields."""

    def make(**changes: object) -> Names:
        return Names(replace(CLINICS, **changes), ACCOUNT)  # type: ignore[arg-type]

    return make


@pytest.fixture
def aws() -> Iterator[Aws]:
    from tenantctl.local.connect import in_memory

    with in_memory(region="us-east-1", account=ACCOUNT) as cloud:
        yield cloud
