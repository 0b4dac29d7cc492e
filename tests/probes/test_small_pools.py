"""Pools with too few tenants to attack one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantctl.domain.finding import Outcome
from tenantctl.domain.tenant import Tenant
from tenantctl.probes.probe import Plane
from tenantctl.probes.verify import Settings, quick_check, verify

if TYPE_CHECKING:
    from tests.probes.conftest import Clinics

DATA = Settings(planes=frozenset({Plane.DYNAMODB}))


def test_a_pool_without_tenants_is_not_isolated_but_not_known(empty: Clinics) -> None:
    report = verify(empty.aws, empty.names, DATA)

    assert report.findings == ()
    assert report.verdict is Outcome.INCONCLUSIVE


def test_a_single_tenant_attacks_made_up_ones_of_both_tiers(empty: Clinics) -> None:
    empty.enrol(clinic_1="basic")

    report = verify(empty.aws, empty.names, DATA)
    quick = quick_check(empty.aws, empty.names, Tenant("clinic-1", "basic"))

    owners = {(f.owner.tenant, f.owner.tier) for f in report.findings}
    assert owners == {("tenantctl-phantom-0", "basic"), ("tenantctl-phantom-1", "premium")}
    assert report.verdict is quick.verdict is Outcome.ISOLATED
    assert any("made-up" in said for said in report.assumptions)
    assert empty.canaries() == []
