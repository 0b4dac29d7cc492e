from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.cedar.rendering.folder import write
from tenantctl.cedar.rendering.render import render
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Data, Hours, Identity, Pool, Roles, Target, Tier, ToolRule
from tenantctl.policy.apply import apply
from tenantctl.policy.push import Push, reviewed
from tenantctl.policy.status import Status, status
from tenantctl.policy.wanted import source

if TYPE_CHECKING:
    from tenantctl.aws.session import Aws

REGION, ACCOUNT = "us-east-1", "123456789012"

TIERS: Mapping[str, Mapping[str, ToolRule]] = {
    "basic": {"patient_context": ToolRule(Hours(8, 18)), "clinic_config": ToolRule()},
    "premium": {"patient_context": ToolRule()},
}


def make_names(tiers: Mapping[str, Mapping[str, ToolRule]] = TIERS) -> Names:
    pool = Pool(
        name="clinic-agent",
        target=Target.LOCAL,
        region=REGION,
        account=ACCOUNT,
        identity=Identity(),
        roles=Roles("clinic-agent-agent", "clinic-agent-tvm"),
        data=Data(),
        tiers={tier: Tier(tier, tools) for tier, tools in tiers.items()},
    )
    return Names(pool, ACCOUNT)


def make_registry(aws: Aws, names: Names) -> None:
    """The table that `pool apply` makes, as far as the history needs it."""
    aws.client("dynamodb").create_table(
        TableName=names.registry_table,
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


@dataclass(frozen=True)
class Bench:
    """An embedded cloud with a policy engine, and a folder of reviewed policies."""

    aws: Aws
    names: Names
    directory: Path

    @property
    def client(self) -> Any:  # noqa: ANN401 - a boto3 client, called with what the case holds
        return self.aws.client("bedrock-agentcore-control")

    @property
    def engine(self) -> str:
        from tenantctl.aws.lookup import policy_engine

        return policy_engine(self.aws, self.names).id

    def with_tiers(self, tiers: Mapping[str, Mapping[str, ToolRule]]) -> Bench:
        """Other rules, rendered into the folder."""
        changed = replace(self, names=make_names(tiers))
        write(self.directory, render(changed.names))
        return changed

    def prepare(self, *, trial: bool = False) -> Push:
        """What pushing the folder would do."""
        return reviewed(self.aws, self.names, source(self.names, self.directory), trial=trial)

    def push(self, *, trial: bool = False, **how: bool) -> list[str]:
        """Push the folder; returns what was done."""
        done: list[str] = []
        apply(self.aws, self.prepare(trial=trial), say=done.append, **how)
        return done

    def status(self) -> Status:
        return status(self.aws, self.names, source(self.names, self.directory))

    def states(self) -> dict[str, str]:
        return {label: state for label, state, _, _ in self.status().rows()}

    def policies(self) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("list_policies").paginate(policyEngineId=self.engine)
        return [policy for page in pages for policy in page["policies"]]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    from tenantctl.local.connect import in_memory

    names = make_names()
    write(tmp_path / "policies", render(names))
    with in_memory(region=REGION, account=ACCOUNT) as aws:
        make_registry(aws, names)
        client = aws.client("bedrock-agentcore-control")
        made = client.create_policy_engine(name=names.policy_engine)
        client.get_policy_engine(policyEngineId=made["policyEngineId"])
        yield Bench(aws, names, tmp_path / "policies")
