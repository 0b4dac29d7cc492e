from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tenantctl.aws.memories import located
from tenantctl.cli.verify import token_check
from tenantctl.domain.canary import PREFIX
from tenantctl.domain.layout import META, tenant_key
from tenantctl.domain.names import Names
from tenantctl.domain.pool import (
    Bucket,
    Data,
    Identity,
    Index,
    KnowledgeBase,
    Memory,
    Pool,
    Roles,
    Table,
    Target,
    Tier,
)
from tenantctl.domain.template import Template
from tenantctl.domain.tenant import Tenant
from tenantctl.local.connect import in_memory, serving
from tenantctl.pool.plan import apply, plan
from tenantctl.probes.pairs import Pair
from tenantctl.probes.probe import Plane
from tenantctl.probes.verify import Settings, attack

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws
    from tenantctl.domain.finding import Report
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
        knowledge_bases=(KnowledgeBase("handbooks", "clinic-documents"),),
        memories=(
            Memory(
                "conversations",
                Template.parse("{tier}/{tenant}/{user}"),
                Template.parse("clinic/{tier}/{tenant}/{user}/"),
            ),
        ),
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

    def attacked(self, planes: frozenset[Plane], check: TokenCheck) -> Report:
        """What comes of clinic-1 attacking its namesake."""
        pair = Pair(Tenant("clinic-1", "basic"), Tenant("clinic-10", "basic"))
        settings = Settings(planes=planes, check=check)
        return attack(self.aws, self.names, [pair], settings, tenants=2)

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
        return [name for name in (*found, *self.memory_canaries()) if PREFIX in name]

    @property
    def memory(self) -> str:
        """The ARN of the pool's one memory."""
        (found,) = located(self.aws, self.names).values()
        return found

    def memory_canaries(self) -> list[str]:
        """Events and records of a verification in the pool's memory."""
        api, found = self.aws.client("bedrock-agentcore"), []
        for arn in located(self.aws, self.names).values():
            at: Any = {"memoryId": arn.rpartition("/")[2]}
            for actor in api.list_actors(**at, maxResults=100)["actorSummaries"]:
                at_actor = {**at, "actorId": actor["actorId"]}
                full: Any = {"eventFilter": "HAS_EVENTS"}
                listed = api.list_sessions(**at_actor, maxResults=100, filter=full)
                found += [s["sessionId"] for s in listed["sessionSummaries"]]
            below = api.list_memory_records(**at, namespacePath="clinic/", maxResults=100)
            found += [f"{PREFIX}{r['content']['text']}" for r in below["memoryRecordSummaries"]]
        return found


@pytest.fixture(scope="module")
def empty() -> Iterator[Clinics]:
    """A pool without tenants."""
    with in_memory(region="us-east-1", account=ACCOUNT) as aws, serving(aws):
        names = Names(POOL, ACCOUNT)
        apply(plan(aws, names), aws)
        yield Clinics(aws, names)


@pytest.fixture(scope="module")
def clinics(empty: Clinics) -> Clinics:
    """Two namesakes and a hospital."""
    empty.enrol(clinic_1="basic", clinic_10="basic", hospital_1="premium")
    return empty


MUTANTS = Path(__file__).parents[1] / "mutants"


@dataclass(frozen=True)
class Mutant:
    """One broken variant: what is broken, and exactly the rules that must breach."""

    name: str
    planes: frozenset[Plane]
    trips: frozenset[str]
    spec: dict[str, Any]

    def __str__(self) -> str:
        return self.name


def mutants(kind: str) -> list[Any]:
    """The mutants that break a kind of thing, as parameters of a test."""
    found = []
    for path in sorted(MUTANTS.glob("*.yaml")):
        spec = yaml.safe_load(path.read_text("utf-8"))
        if kind in spec:
            assert set(spec) - {"unclear"} == {"description", "planes", "trips", kind}, path
            planes = frozenset(Plane(p) for p in spec["planes"])
            mutant = Mutant(path.stem, planes, frozenset(spec["trips"]), spec)
            found.append(pytest.param(mutant, id=path.stem))
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`document_mutant`, `user_mutant`, … are a parameter for each file of that kind."""
    for argument, kind in KINDS.items():
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, mutants(kind))


KINDS = {
    "document_mutant": "change",
    "user_mutant": "cognito",
    "verifier_mutant": "verifier",
    "guard_mutant": "guard",
    "gateway_mutant": "gateway",
    "layout_mutant": "layout",
}
