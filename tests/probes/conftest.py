from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.cli.verify import token_check
from tenantctl.domain.canary import PREFIX
from tenantctl.domain.layout import META, tenant_key
from tenantctl.domain.names import Names
from tenantctl.domain.pool import (
    Bucket,
    Data,
    Identity,
    Index,
    Pool,
    Roles,
    Table,
    Target,
    Tier,
)
from tenantctl.domain.template import Template
from tenantctl.local.connect import in_memory
from tenantctl.pool.plan import apply, plan

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.probes.identity import TokenCheck

ACCOUNT = "123456789012"

POOL = Pool(
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
                indexes=(Index("by-visit", "last_visit"),),
            ),
        ),
        buckets=(Bucket("clinic-documents", Template.parse("{tier}-tier/{tenant}/")),),
    ),
    tiers={"basic": Tier("basic", {}), "premium": Tier("premium", {})},
)


@dataclass(frozen=True)
class Clinics:
    """A pool on the embedded cloud, seen by its operator."""

    aws: Aws
    names: Names

    @property
    def check(self) -> TokenCheck:
        return token_check(self.aws, self.names)

    def enrol(self, **tiers: str) -> None:
        """Registry entries alone: that is what verification reads."""
        for tenant, tier in tiers.items():
            name = tenant.replace("_", "-")
            item = {"id": name, "tier": tier, "name": name, "timezone": "UTC", "status": "active"}
            item |= {"pk": tenant_key(name), "sk": META}
            self.aws.client("dynamodb").put_item(
                TableName=self.names.registry_table,
                Item={key: {"S": value} for key, value in item.items()},
            )

    def deny(self, *actions: str, of: str | None = None) -> None:
        """Take actions away from the vending role, or from one tenant's sessions alone."""
        statement: dict[str, Any] = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        if of is not None:
            statement["Condition"] = {"StringEquals": {"aws:PrincipalTag/ClinicId": of}}
        self.aws.client("iam").put_role_policy(
            RoleName=self.names.pool.roles.vending,
            PolicyName="taken-away",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def allow_again(self) -> None:
        self.aws.client("iam").delete_role_policy(
            RoleName=self.names.pool.roles.vending, PolicyName="taken-away"
        )

    def canaries(self) -> list[str]:
        """Whatever of a verification is in the cloud, by name."""
        found: list[str] = []
        for page in (
            self.aws.client("dynamodb").get_paginator("scan").paginate(TableName="patient-records")
        ):
            found += [i["item_id"]["S"] for i in page["Items"]]
        s3 = self.aws.client("s3")
        listed = s3.list_object_versions(Bucket="clinic-documents")
        found += [v["Key"] for v in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))]
        uploads = s3.list_multipart_uploads(Bucket="clinic-documents").get("Uploads", ())
        found += [u["Key"] for u in uploads]
        cognito = self.aws.client("cognito-idp")
        (pool,) = cognito.list_user_pools(MaxResults=60)["UserPools"]
        users = cognito.list_users(UserPoolId=pool["Id"])["Users"]
        found += [a["Value"] for u in users for a in u["Attributes"] if a["Name"] == "email"]
        return [name for name in found if PREFIX in name]


@pytest.fixture(scope="module")
def empty() -> Iterator[Clinics]:
    """A pool without tenants."""
    with in_memory(region="us-east-1", account=ACCOUNT) as aws:
        names = Names(POOL, ACCOUNT)
        apply(plan(aws, names), aws)
        yield Clinics(aws, names)


@pytest.fixture(scope="module")
def clinics(empty: Clinics) -> Clinics:
    """Two namesakes and a hospital."""
    empty.enrol(clinic_1="basic", clinic_10="basic", hospital_1="premium")
    return empty
