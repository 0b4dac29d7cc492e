"""A pool as the starter configuration describes it, for the tests of a tenant's life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tenantctl.aws import lookup
from tenantctl.aws.session import Aws
from tenantctl.domain.config import load
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Pool
from tenantctl.domain.tenant import Tenant, User
from tenantctl.local.connect import in_memory
from tenantctl.pool import plan as pool_plan

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="session")
def pool() -> Pool:
    return load(ROOT / "templates" / "config" / "tenantctl.yaml")


@pytest.fixture
def clinic() -> Tenant:
    return Tenant(
        id="clinic-1",
        tier="basic",
        name="Lindenhof",
        timezone="Europe/Berlin",
        users=(User("m.brandt@lindenhof.example", "Dr. Mara Brandt", "physician"),),
    )


@pytest.fixture
def neighbour() -> Tenant:
    return Tenant(id="clinic-10", tier="basic", name="Brookside")


@pytest.fixture(scope="module")
def cloud(pool: Pool) -> Iterator[tuple[Aws, Names]]:
    """The embedded cloud with the pool in it; a process has one cloud at a time."""
    with in_memory(region=pool.region, account=pool.account) as aws:
        names = Names(pool, aws.account)
        pool_plan.apply(pool_plan.plan(aws, names), aws)
        yield aws, names


# -- the state of a cloud as far as onboarding decides it, which two runs must agree on ------------

_RANDOM = {"sub", "started", "ended"}


def canonical(aws: Aws, names: Names) -> dict[str, Any]:
    """Registry, groups, users with their attributes, items and objects, in a fixed order."""
    return {
        "registry": _items(aws, names.registry_table),
        "tables": {t.name: _items(aws, t.name) for t in names.pool.data.tables},
        "objects": {b.name: _objects(aws, b.name) for b in names.pool.data.buckets},
        "people": _people(aws, names),
    }


def _items(aws: Aws, table: str) -> list[Any]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    found = [item for page in pages for item in page["Items"]]
    return sorted(
        (sorted((k, repr(v)) for k, v in item.items() if k not in _RANDOM) for item in found),
    )


def _objects(aws: Aws, bucket: str) -> list[Any]:
    pages = aws.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    return sorted(
        (v["Key"], v["IsLatest"], v["ETag"]) for page in pages for v in page.get("Versions", ())
    )


def _people(aws: Aws, names: Names) -> dict[str, Any]:
    client, pool_id = aws.client("cognito-idp"), lookup.user_pool(aws, names).id
    users = client.list_users(UserPoolId=pool_id)["Users"]
    emails: dict[str, str] = {}
    attributes = {}
    for user in users:
        values = {a["Name"]: a.get("Value", "") for a in user.get("Attributes", ())}
        emails[user["Username"]] = values["email"]
        attributes[values["email"]] = (
            user["UserStatus"],
            sorted((k, v) for k, v in values.items() if k not in _RANDOM),
        )
    members = {}
    for group in client.list_groups(UserPoolId=pool_id)["Groups"]:
        answer = client.list_users_in_group(UserPoolId=pool_id, GroupName=group["GroupName"])
        members[group["GroupName"]] = sorted(emails[u["Username"]] for u in answer["Users"])
    return {"users": sorted(attributes.items()), "groups": sorted(members.items())}


@pytest.fixture(scope="session", name="canonical")
def canonical_state() -> Callable[[Aws, Names], dict[str, Any]]:
    """Random parts and times are left out: subs, passwords, when a step ran."""
    return canonical
