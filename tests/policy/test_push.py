from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tenantctl.cedar.statement import Effect
from tenantctl.domain.policies import PolicyKey
from tenantctl.domain.pool import Hours, Target, ToolRule
from tenantctl.errors import AwsError, ConflictError, DriftError, NotFoundError, PolicyInvalidError
from tenantctl.policy import history
from tenantctl.policy.ensure import ensure_tier
from tenantctl.policy.plan import plan
from tenantctl.policy.present import Present
from tenantctl.policy.wanted import Wanted, source
from tenantctl.policy.writes import EngineWrites

from .conftest import ACCOUNT, REGION, TIERS, Bench, make_names

LATER = {**TIERS, "basic": {"patient_context": ToolRule(Hours(9, 17))}}


def test_a_push_makes_the_engine_what_the_folder_says(bench: Bench) -> None:
    assert set(bench.states().values()) == {"missing"}
    assert len(bench.push()) == 3
    assert bench.status().in_sync
    assert {p["status"] for p in bench.policies()} == {"ACTIVE"}
    before = bench.policies()
    assert bench.push() == []
    assert bench.policies() == before


def test_a_changed_rule_is_in_force_before_the_old_one_goes(bench: Bench) -> None:
    bench.push()
    changed = bench.with_tiers(LATER)
    assert changed.states()["basic.clinic_config"] == "stale"
    assert changed.prepare().replaces
    assert changed.push() == [
        "created basic.patient_context",
        "deleted basic.clinic_config",
        "deleted basic.patient_context",
    ]
    assert changed.status().in_sync


def test_policies_of_a_tier_that_is_gone_go_too(bench: Bench) -> None:
    bench.push()
    fewer = bench.with_tiers({"basic": TIERS["basic"]})
    assert fewer.push() == ["deleted premium.patient_context"]
    assert fewer.status().in_sync


def test_policies_of_others_are_left_alone_and_reported(bench: Bench) -> None:
    bench.push()
    statement = bench.policies()[0]["definition"]
    bench.client.create_policy(policyEngineId=bench.engine, name="theirs", definition=statement)
    assert bench.push() == []
    assert bench.states()["theirs"] == "foreign"
    assert not bench.status().in_sync
    assert "theirs" in {policy["name"] for policy in bench.policies()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("content", "content changed"),
        ("mode", "enforcement changed"),
        ("description", "description changed"),
        ("nameless", "description changed"),
        ("deletion", "removed"),
        ("addition", "added"),
    ],
)
def test_what_somebody_changed_is_refused_until_it_is_to_be_overwritten(
    bench: Bench, change: str, said: str
) -> None:
    bench.push()
    before = {(p["name"], p["definition"]["cedar"]["statement"]) for p in bench.policies()}
    victim = next(p for p in bench.policies() if "patient" in p["name"])
    key = {"policyEngineId": bench.engine, "policyId": victim["policyId"]}
    wider = victim["definition"]["cedar"]["statement"].replace("< 18", "< 24")
    changes: dict[str, dict[str, Any]] = {
        "content": {"definition": {"cedar": {"statement": wider + " "}}},
        "mode": {"enforcementMode": "LOG_ONLY"},
        "description": {"description": {"optionalValue": "tenantctl basic/other"}},
        "nameless": {"description": {"optionalValue": "somebody's"}},
    }
    if change == "deletion":
        bench.client.delete_policy(**key)
    elif change == "addition":
        bench.client.create_policy(
            policyEngineId=bench.engine,
            name="more",
            description="tenantctl basic/more",
            definition={"cedar": {"statement": wider.replace(">= 8", ">= 7")}},
        )
    else:
        bench.client.update_policy(**key, **changes[change])
    bench.policies()  # lets it come to its end
    status = bench.status()
    assert [one.change.value for one in status.push.drift] == [said]
    assert not status.in_sync
    assert status.document()["drift"][0]["change"] == said
    with pytest.raises(DriftError, match=said) as refused:
        bench.push()
    assert "--overwrite-drift" in str(refused.value.hint)

    bench.push(overwrite_drift=True)
    assert bench.status().in_sync
    after = {p["name"]: p["definition"]["cedar"]["statement"] for p in bench.policies()}
    assert set(after.values()) == {text for _, text in before}
    if change in {"content", "mode", "description", "nameless"}:
        assert victim["name"] not in after  # a fresh name: nothing is updated in place
    assert bench.push() == []


def test_a_policy_that_failed_is_created_again(bench: Bench) -> None:
    wanted = bench.status().push.plan.entries[0].wanted
    assert wanted is not None
    bench.client.create_policy(
        policyEngineId=bench.engine,
        name=wanted.name,
        definition={"cedar": {"statement": wanted.text.partition("when")[0].strip() + ";"}},
    )
    bench.policies()  # lets the creation fail
    assert bench.states()[wanted.name] == "foreign"  # nothing says that it is ours
    bench.push()
    assert bench.states()[wanted.name] == "foreign"
    assert "active" in bench.states()[wanted.key.annotation]


def test_a_policy_of_ours_that_failed_is_cleared_away(bench: Bench) -> None:
    wanted = bench.status().push.plan.entries[0].wanted
    assert wanted is not None
    bench.client.create_policy(
        policyEngineId=bench.engine,
        name=wanted.name,
        description=wanted.key.description,
        definition={"cedar": {"statement": wanted.text.partition("when")[0].strip() + ";"}},
    )
    bench.policies()  # lets the creation fail
    assert "failed" in bench.status().document()["policies"][-1].values()
    assert bench.push()[0] == f"deleted {wanted.key.annotation}"
    assert bench.status().in_sync


class KilledError(BaseException):
    """Stands for the end of the process at this call."""


@contextmanager
def killed_after(bench: Bench, writes: int) -> Iterator[None]:
    """Die once `writes` writes have reached the engine."""
    done = 0

    def kill(model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's event
        nonlocal done
        if model.name in {"CreatePolicy", "DeletePolicy", "UpdateGateway"}:
            if done == writes:
                raise KilledError
            done += 1

    bench.client.meta.events.register("before-call", kill, unique_id="kill")
    try:
        yield
    finally:
        bench.client.meta.events.unregister("before-call", unique_id="kill")


def test_a_push_that_is_killed_goes_on(bench: Bench) -> None:
    bench.push()
    changed = bench.with_tiers(LATER)
    writes = 3
    for allowed in range(writes):
        with pytest.raises(KilledError), killed_after(changed, 0 if allowed == 0 else 1):
            changed.push()
        assert not changed.status().in_sync
        assert changed.status().push.drift == ()
        assert changed.prepare().resumes == 2
    changed.push()
    assert changed.status().in_sync
    assert changed.push() == []
    assert [v.number for v in history.versions(bench.aws, bench.names)] == [1, 2]


def test_another_push_after_one_that_was_killed_is_no_drift(bench: Bench) -> None:
    bench.push()
    changed = bench.with_tiers(LATER)
    with pytest.raises(KilledError), killed_after(changed, 2):
        changed.push()
    third = bench.with_tiers({"basic": {"patient_context": ToolRule(Hours(10, 11))}})
    third.push()
    assert third.status().in_sync
    assert [v.progress.value for v in history.versions(bench.aws, bench.names)] == [
        "done",
        "started",
        "done",
    ]


def test_a_refused_policy_leaves_what_was_in_force(bench: Bench) -> None:
    bench.push()
    before = bench.policies()
    everything = Wanted(
        PolicyKey("basic", "everything"),
        before[0]["definition"]["cedar"]["statement"].partition("when")[0].strip() + ";",
        Effect.PERMIT,
    )
    writes = EngineWrites(bench.aws, bench.engine)
    made = writes.create(everything, "everything")
    with pytest.raises(
        PolicyInvalidError, match=r"refuses `basic\.everything`.*Overly Permissive"
    ) as refused:
        writes.active(made, everything)
    assert "let each permit ask for a claim" in str(refused.value.hint)
    assert [p for p in bench.policies() if p["name"] != "everything"] == before
    writes.delete(made, "everything")
    assert bench.policies() == before
    writes.delete(made, "everything")  # gone already


def test_a_name_that_is_taken_elsewhere_is_an_error(bench: Bench) -> None:
    name = next(e.wanted.name for e in bench.status().push.plan.entries if e.wanted)
    other = bench.client.create_policy_engine(name="other")["policyEngineId"]
    bench.client.get_policy_engine(policyEngineId=other)
    statement = (
        "permit(principal, action, resource is AgentCore::Gateway) when { principal has id };"
    )
    bench.client.create_policy(
        policyEngineId=other, name=name, definition={"cedar": {"statement": statement}}
    )
    with pytest.raises(AwsError, match="ConflictException"):
        bench.push()


def test_a_tier_is_ensured_and_rules_that_were_pushed_are_left_alone(bench: Bench) -> None:
    home = bench.directory.parent
    assert ensure_tier(bench.names, bench.aws, "basic", home=home)
    assert {p["name"].partition("_")[0] for p in bench.policies()} == {"basic"}
    assert not ensure_tier(bench.names, bench.aws, "basic", home=home)
    assert ensure_tier(bench.names, bench.aws, "premium", home=home)
    assert bench.status().in_sync
    assert bench.push() == []
    before = bench.policies()
    changed = bench.with_tiers(LATER)
    assert not ensure_tier(changed.names, bench.aws, "basic", home=home)
    assert bench.policies() == before


def test_onboarding_meets_policies_that_somebody_changed(bench: Bench) -> None:
    bench.push()
    victim = next(p for p in bench.policies() if p["name"].startswith("basic_patient"))
    bench.client.delete_policy(policyEngineId=bench.engine, policyId=victim["policyId"])
    assert not ensure_tier(bench.names, bench.aws, "premium")
    with pytest.raises(DriftError, match=r"basic\.patient_context: removed"):
        ensure_tier(bench.names, bench.aws, "basic")


def test_onboarding_ends_a_push_that_was_killed(bench: Bench) -> None:
    bench.push()
    changed = bench.with_tiers(LATER)
    with pytest.raises(KilledError), killed_after(changed, 1):
        changed.push()
    assert ensure_tier(bench.names, bench.aws, "premium")
    assert changed.status().in_sync
    assert not ensure_tier(bench.names, bench.aws, "premium")


def test_without_a_folder_the_configuration_is_rendered(bench: Bench) -> None:
    assert ensure_tier(bench.names, bench.aws, "premium")
    found = source(bench.names, bench.directory.parent / "nowhere")
    assert found.directory is None
    assert [p.statement for p in found.policies] == [
        p.statement for p in source(bench.names, bench.directory).policies
    ]


def test_a_folder_that_was_edited_by_hand_wins_and_is_told(bench: Bench) -> None:
    file = bench.directory / "basic" / "patient_context.cedar"
    file.write_text(file.read_text().replace("< 18", "< 20"))
    assert source(bench.names, bench.directory).differing == ("basic/patient_context.cedar",)
    bench.push()
    assert any("< 20" in p["definition"]["cedar"]["statement"] for p in bench.policies())


def test_a_wrong_folder_changes_nothing(bench: Bench) -> None:
    file = bench.directory / "basic" / "patient_context.cedar"
    file.write_text(file.read_text() * 2)
    with pytest.raises(PolicyInvalidError):
        bench.push()
    with pytest.raises(PolicyInvalidError):
        ensure_tier(bench.names, bench.aws, "premium", home=bench.directory.parent)
    assert bench.policies() == []


def test_without_an_engine_there_is_a_hint(bench: Bench) -> None:
    bench.client.delete_policy_engine(policyEngineId=bench.engine)
    bench.client.list_policy_engines()
    with pytest.raises(NotFoundError, match="no policy engine") as raised:
        bench.push()
    assert "pool apply" in str(raised.value.hint)


def gateway(bench: Bench, tier: str, **more: object) -> dict[str, Any]:
    made: dict[str, Any] = bench.client.create_gateway(
        name=bench.names.gateway(tier),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/gateway",
        protocolType="MCP",
        authorizerType="CUSTOM_JWT",
        authorizerConfiguration={
            "customJWTAuthorizer": {
                "discoveryUrl": "https://example.com/.well-known/openid-configuration",
                "allowedAudience": ["a"],
            }
        },
        description="kept",
        **more,
    )
    return made


@pytest.mark.parametrize("mode", [None, "LOG_ONLY"])
def test_gateways_enforce_policies_about_themselves(bench: Bench, mode: str | None) -> None:
    arn = bench.client.get_policy_engine(policyEngineId=bench.engine)["policyEngineArn"]
    config = {} if mode is None else {"policyEngineConfiguration": {"arn": arn, "mode": mode}}
    made = gateway(bench, "basic", **config)
    assert not bench.status().in_sync
    assert "attached the gateway of basic" in bench.push()
    found = bench.client.get_gateway(gatewayIdentifier=made["gatewayId"])
    assert found["policyEngineConfiguration"] == {"arn": arn, "mode": "ENFORCE"}
    for kept in ("description", "authorizerConfiguration", "protocolType", "roleArn"):
        assert found[kept] == made[kept]
    assert bench.status().in_sync
    for policy in bench.policies():
        named = policy["definition"]["cedar"]["statement"]
        tier = policy["name"].partition("_")[0]
        expected = made["gatewayArn"] if tier == "basic" else bench.names.gateway_arn(tier)
        assert f'"{expected}"' in named


def test_policies_follow_a_gateway_that_appears_later(bench: Bench) -> None:
    bench.push()
    gateway(bench, "premium")
    assert bench.push() == [
        "created premium.patient_context",
        "deleted premium.patient_context",
        "attached the gateway of premium",
    ]
    assert bench.status().in_sync


def test_writes_are_paced_on_aws(bench: Bench) -> None:
    writes = EngineWrites(replace(bench.aws, target=Target.AWS), bench.engine)
    wanted = [e.wanted for e in bench.status().push.plan.entries if e.wanted]
    start = time.monotonic()
    for policy in wanted:
        writes.create(policy, policy.name)
    assert time.monotonic() - start >= (len(wanted) - 1) / 5


def _want(tool: str, effect: Effect) -> Wanted:
    return Wanted(PolicyKey("basic", tool), "text", effect)


def _there(tool: str, text: str) -> Present:
    key = PolicyKey("basic", tool)
    return Present(tool, f"basic_{tool}_0", key, "ACTIVE", (), text, enforced=True)


def test_what_forbids_comes_first_and_goes_last() -> None:
    head = '(principal, action, resource == AgentCore::Gateway::"arn");'
    found = plan(
        [_want("a", Effect.PERMIT), _want("b", Effect.FORBID)],
        [_there("c", f"forbid{head}"), _there("e", f"permit{head}")],
    )
    steps = [[entry.label for entry in (*s.create, *s.delete)] for s in found.stages]
    assert steps == [["basic.b"], ["basic.a"], ["basic.e"], ["basic.c"]]


def test_a_policy_that_cannot_be_read_cannot_be_put_in_order() -> None:
    with pytest.raises(ConflictError, match=r"`basic_d_0` can't be read"):
        _ = plan([_want("a", Effect.PERMIT)], [_there("d", "unreadable")]).stages


def test_more_than_the_engine_takes_is_refused_before_anything_is_sent() -> None:
    there = [_there(f"t{number}", "") for number in range(1_000)]
    with pytest.raises(PolicyInvalidError, match="more than it takes"):
        plan([_want("a", Effect.PERMIT)], there)


def test_the_status_is_one_json_document(bench: Bench) -> None:
    bench.push()
    document = bench.status().document()
    assert document["in_sync"] is True
    assert document["engine"]["status"] == "ACTIVE"
    assert [p["policy"] for p in document["policies"]] == [
        "basic.clinic_config",
        "basic.patient_context",
        "premium.patient_context",
    ]
    assert Path(document["source"]) == bench.directory
    assert make_names().pool.region == REGION
