"""Gateways that isolate, seen by every probe; and what a run leaves behind, or can't say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tenantctl.aws.lookup import user_pool
from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Outcome
from tenantctl.domain.names import Names
from tenantctl.domain.pool import Tier
from tenantctl.local.connect import opened
from tenantctl.local.wire.serve import serving
from tenantctl.probes.canary_user import at_other_client, create
from tenantctl.probes.gateway.canaries import plant
from tenantctl.probes.gateway.guest import Guest
from tenantctl.probes.probe import Plane
from tenantctl.probes.verify import Settings, verify

from .conftest import BASIC, EVENING

if TYPE_CHECKING:
    from .conftest import Gates

RULES = {
    "GW-CLAIMS", "GW-ALG-NONE", "GW-ALG-HS256", "GW-OTHER-KEY", "GW-OWN-JWK", "GW-KID-PATH",
    "GW-KID-SQL", "GW-ACCESS-TOKEN", "GW-AUDIENCE", "GW-JKU", "GW-X5U", "GW-NO-TOKEN",
    "GW-TOKEN-IN-QUERY", "GW-TWO-TOKENS", "GW-TIER", "GW-HEADERS", "GW-HEADERS-CASE",
    "GW-HEADERS-UNDERSCORE", "GW-HEADERS-TWICE", "GW-HEADERS-FOLDED", "GW-INPUT-TENANT",
    "GW-INPUT-PATIENT", "GW-INPUT-SHAPE", "GW-INPUT-DOCUMENT", "GW-CLIENT-CONTEXT", "GW-BATCH",
    "GW-ENGINE", "GW-TOOL", "GW-HOUR",
}  # fmt: skip
ALL = Settings(planes=frozenset({Plane.GATEWAY}))


def test_sound_gateways_are_isolated_by_every_probe(gates: Gates) -> None:
    report = verify(gates.aws, gates.names, ALL)

    assert report.verdict is Outcome.ISOLATED
    assert {f.rule for f in report.findings} == RULES
    assert {f.plane for f in report.findings} == {Plane.GATEWAY}
    assert gates.canaries() == []
    tried = {(f.actor.tier, f.resource.rpartition("/")[2]) for f in report.findings}
    basic, premium = gates.gateway_id("basic"), gates.gateway_id("premium")
    both = {"basic": (basic, premium), "premium": (premium, basic)}
    assert tried == {(tier, gateway) for tier, found in both.items() for gateway in found}


def test_what_cannot_be_seen_at_gateways_is_said(gates: Gates) -> None:
    said = "\n".join(gates.tried(rules=("GW-ENGINE",)).assumptions)

    assert "until it expires, 60 minutes after it was issued" in said
    assert "expired, or don't hold yet" in said
    assert "no other's data here: `patient_context`" in said


def test_a_declared_hour_changes_nothing_after_hours_either(gates: Gates) -> None:
    cloud = opened()
    assert cloud is not None
    with serving(cloud, clock=EVENING):
        (found,) = gates.tried(rules=("GW-HOUR",)).findings

    assert found.outcome is Outcome.ISOLATED
    assert "refused by policy either way" in found.message


def test_what_a_killed_run_left_is_swept_by_the_next(gates: Gates) -> None:
    run, pool = Run("dead"), user_pool(gates.aws, gates.names)
    user = create(gates.aws, gates.names, pool, BASIC, run, "guest-0")
    at_other_client(gates.aws, gates.names, pool, user, run)
    plant(gates.aws, gates.names, run, Guest(BASIC, user.sub, run.sort_key("only-0"), "secret"))
    assert len(gates.canaries()) == 4

    gates.tried(rules=("GW-ENGINE",))

    assert gates.canaries() == []
    clients = gates.aws.client("cognito-idp").list_user_pool_clients(UserPoolId=pool.id)
    assert len(clients["UserPoolClients"]) == 1


def test_unserved_gateways_are_inconclusive(gates: Gates) -> None:
    cloud = opened()
    assert cloud is not None
    before, cloud.served_at = cloud.served_at, None
    try:
        (found,) = gates.tried().findings
    finally:
        cloud.served_at = before

    assert found.outcome is Outcome.INCONCLUSIVE
    assert "isn't served" in found.message


def test_without_gateways_that_is_said_and_nothing_shown(gates: Gates) -> None:
    pool = replace(gates.names.pool, tiers={"gold": Tier("gold", {})})
    report = verify(gates.aws, Names(pool, gates.names.account), ALL)

    assert {f.rule for f in report.findings} == {"STS-VEND"}  # nobody is of that tier
    assert any("the gateways of the tiers `gold`" in said for said in report.assumptions)
