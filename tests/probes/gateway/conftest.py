from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.probes.conftest import ACCOUNT, POOL, Clinics

from tenantctl.domain.names import Names
from tenantctl.domain.pool import Data, Hours, Tier, ToolRule
from tenantctl.domain.tenant import Tenant
from tenantctl.local.connect import in_memory, opened
from tenantctl.local.wire.serve import serving
from tenantctl.policy.apply import apply as push
from tenantctl.policy.push import reviewed
from tenantctl.policy.wanted import source
from tenantctl.pool.function_package import packaged
from tenantctl.pool.plan import apply, plan
from tenantctl.probes.pairs import Pair
from tenantctl.probes.probe import Plane
from tenantctl.probes.verify import Settings, attack

if TYPE_CHECKING:
    from tenantctl.domain.finding import Report

NOON = "2026-01-05T12:00:00+00:00"
"""A Monday; the clinics are in UTC. `patient_context` may be called, until 18:00."""
EVENING = "2026-01-05T20:00:00+00:00"

ANYBODY = ToolRule()
GATED = replace(
    POOL,
    data=Data(tables=POOL.data.tables, buckets=POOL.data.buckets),
    tiers={
        "basic": Tier(
            "basic",
            {
                "get_patient_records": ANYBODY,
                "retrieve_clinic_documents": ANYBODY,
                "patient_context": ToolRule(hours=Hours(8, 18)),
                # A canary user has no role.
                "current_time": ToolRule(roles=("physician",)),
            },
        ),
        "premium": Tier("premium", {"get_patient_records": ANYBODY, "clinic_config": ANYBODY}),
    },
)

BASIC, NAMESAKE = Tenant("clinic-1", "basic"), Tenant("clinic-10", "basic")
HOSPITAL = Tenant("hospital-1", "premium")


@dataclass(frozen=True)
class Gates(Clinics):
    """A pool with tools and policies, and its gateways served."""

    def tried(self, *, rules: tuple[str, ...] = ()) -> Report:
        """What comes of clinic-1 attacking its namesake, and the hospital's gateway."""
        pairs = [Pair(BASIC, NAMESAKE), Pair(BASIC, HOSPITAL)]
        settings = Settings(planes=frozenset({Plane.GATEWAY}), rules=rules)
        return attack(self.aws, self.names, pairs, settings, tenants=3)

    def gateway_id(self, tier: str) -> str:
        control = self.aws.client("bedrock-agentcore-control")
        listed = control.list_gateways()["items"]
        return next(g["gatewayId"] for g in listed if g["name"] == self.names.gateway(tier))

    @contextmanager
    def set(self, tier: str, changes: Mapping[str, Any]) -> Iterator[None]:
        """A gateway with other settings; `None` takes one away."""
        control, key = self.aws.client("bedrock-agentcore-control"), self.gateway_id(tier)
        known = control.meta.service_model.operation_model("UpdateGateway").input_shape
        assert known is not None
        now = control.get_gateway(gatewayIdentifier=key)
        sent: dict[str, Any] = {n: v for n, v in now.items() if n in known.members}
        changed = {n: v for n, v in {**sent, **changes}.items() if v is not None}
        control.update_gateway(**{**changed, "gatewayIdentifier": key})
        control.get_gateway(gatewayIdentifier=key)
        try:
            yield
        finally:
            control.update_gateway(**{**sent, "gatewayIdentifier": key})
            control.get_gateway(gatewayIdentifier=key)

    @contextmanager
    def edited(self, function: str, path: str, edits: Mapping[str, str]) -> Iterator[None]:
        """A function with other code, text by text."""
        code = self.aws.client("lambda")
        state = opened()
        assert state is not None
        from tenantctl.local.functions.code import code_of

        package = code_of(state.account, state.region, function).package
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            files = {name: archive.read(name).decode() for name in archive.namelist()}
        for old, new in edits.items():
            assert files[path].count(old) == 1, old
            files[path] = files[path].replace(old, new)
        code.update_function_code(FunctionName=function, ZipFile=packaged(files).content)
        try:
            yield
        finally:
            code.update_function_code(FunctionName=function, ZipFile=package)


@pytest.fixture(scope="module")
def gates() -> Iterator[Gates]:
    """Three clinics; it is noon."""
    with in_memory(region="us-east-1", account=ACCOUNT) as aws:
        cloud = opened()
        assert cloud is not None
        names = Names(GATED, ACCOUNT)
        apply(plan(aws, names), aws)
        push(aws, reviewed(aws, names, source(names, None)))
        made = Gates(aws, names)
        made.enrol(clinic_1="basic", clinic_10="basic", hospital_1="premium")
        with serving(cloud, clock=NOON):
            yield made
