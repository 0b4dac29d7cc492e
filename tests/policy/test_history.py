"""Versions, going back to them, trials, and one push at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenantctl.domain import versions as keys
from tenantctl.domain.pool import Hours, ToolRule
from tenantctl.errors import ConflictError, NotFoundError, StateError
from tenantctl.policy import history, journal, lock
from tenantctl.policy.apply import apply
from tenantctl.policy.difference import difference
from tenantctl.policy.history import Kind, Progress
from tenantctl.policy.lock import Lock
from tenantctl.policy.rollback import roll_back

from .conftest import TIERS, Bench

NARROW = {**TIERS, "basic": {"patient_context": ToolRule(Hours(9, 17))}}
WIDE = {**TIERS, "basic": {"patient_context": ToolRule(Hours(0, 24)), "clinic_config": ToolRule()}}


def statements(bench: Bench) -> dict[str, str]:
    return {p["name"]: p["definition"]["cedar"]["statement"] for p in bench.policies()}


def test_every_push_is_kept_with_its_texts(bench: Bench) -> None:
    bench.push()
    first = statements(bench)
    bench.with_tiers(NARROW).push()
    kept = history.versions(bench.aws, bench.names)
    assert [(v.number, v.progress, v.kind) for v in kept] == [
        (1, Progress.DONE, Kind.PUSH),
        (2, Progress.DONE, Kind.PUSH),
    ]
    assert kept[0].who.startswith("arn:aws:iam::123456789012:")
    assert datetime.fromisoformat(kept[0].started) <= datetime.fromisoformat(kept[0].ended)
    assert kept[1].changes == (
        "created basic.patient_context",
        "deleted basic.clinic_config",
        "deleted basic.patient_context",
    )
    assert sorted(history.texts(bench.aws, bench.names, 1).values()) == sorted(first.values())
    assert set(history.texts(bench.aws, bench.names, 2)) == {
        "basic.patient_context",
        "premium.patient_context",
    }


def test_a_version_that_is_not_there_names_near_ones(bench: Bench) -> None:
    with pytest.raises(NotFoundError, match="no version 1") as raised:
        history.texts(bench.aws, bench.names, 1)
    assert "nothing was pushed yet" in str(raised.value.hint)
    bench.push()
    with pytest.raises(NotFoundError, match="no version 7") as raised:
        history.texts(bench.aws, bench.names, 7)
    assert " 1:" in str(raised.value.hint)


def test_a_text_that_somebody_changed_in_the_registry_is_not_used(bench: Bench) -> None:
    bench.push()
    held = history.versions(bench.aws, bench.names)[0].holds[0]
    bench.aws.client("dynamodb").put_item(
        TableName=bench.names.registry_table,
        Item={
            "pk": {"S": keys.POLICIES},
            "sk": {"S": keys.text_key(held.digest)},
            "text": {"S": "permit (principal, action, resource);"},
        },
    )
    with pytest.raises(StateError, match="lost 1 statements of version 1"):
        roll_back(bench.aws, bench.names, 1)


def test_many_policies_are_kept_and_read_in_batches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_BATCH", 2)
    monkeypatch.setattr(journal, "_BATCH", 2)
    bench.push()
    assert len(history.texts(bench.aws, bench.names, 1)) == 3


# -- going back ------------------------------------------------------------------------------------


def test_a_rollback_is_a_version_of_its_own(bench: Bench) -> None:
    bench.push()
    first = statements(bench)
    bench.with_tiers(NARROW).push()
    back = roll_back(bench.aws, bench.names)
    assert back.request.of == 1
    assert apply(bench.aws, back) == 3
    assert statements(bench) == first
    latest = history.versions(bench.aws, bench.names)[-1]
    assert (latest.kind, latest.of) == (Kind.ROLLBACK, 1)
    # The version before that one is the one that was left.
    again = roll_back(bench.aws, bench.names)
    assert again.request.of == 2
    assert roll_back(bench.aws, bench.names, 3).nothing


def test_without_an_earlier_version_there_is_nothing_to_go_back_to(bench: Bench) -> None:
    for _ in range(2):
        with pytest.raises(NotFoundError, match="no version to go back to"):
            roll_back(bench.aws, bench.names)
        bench.push()


def test_a_version_about_a_gateway_that_is_gone_is_refused(bench: Bench) -> None:
    made = gateway(bench, "basic")
    bench.push()
    bench.client.delete_gateway(gatewayIdentifier=made)
    with pytest.raises(ConflictError, match=r"version 1 is about `arn:.*gateway/"):
        roll_back(bench.aws, bench.names, 1)
    fewer = replace(bench, names=bench.with_tiers({"premium": TIERS["premium"]}).names)
    with pytest.raises(ConflictError, match="about the tier `basic`"):
        roll_back(fewer.aws, fewer.names, 1)


def test_a_version_from_before_its_gateway_was_made_is_about_that_gateway(bench: Bench) -> None:
    bench.push()
    gateway(bench, "basic")
    bench.push()
    assert roll_back(bench.aws, bench.names, 1).nothing


def gateway(bench: Bench, tier: str) -> str:
    made = bench.client.create_gateway(
        name=bench.names.gateway(tier),
        roleArn="arn:aws:iam::123456789012:role/gateway",
        protocolType="MCP",
        authorizerType="NONE",
    )
    # It is CREATING until it is looked at.
    status = bench.client.get_gateway(gatewayIdentifier=made["gatewayId"])["status"]
    assert status == "READY"
    return str(made["gatewayId"])


# -- trials ----------------------------------------------------------------------------------------


def test_a_trial_changes_no_decision_and_is_cleared_away_by_the_push(bench: Bench) -> None:
    bench.push()
    before = bench.policies()
    wide = bench.with_tiers(WIDE)
    assert wide.push(trial=True) == ["created basic.patient_context, log only"]
    assert wide.push(trial=True) == []
    there = bench.policies()
    assert [p for p in there if p["enforcementMode"] == "ACTIVE"] == before
    assert [p["enforcementMode"] for p in there if p not in before] == ["LOG_ONLY"]
    assert wide.status().push.drift == ()
    assert sorted(wide.states().values()) == ["active", "active", "log-only"]  # by label: the last
    latest = history.versions(bench.aws, bench.names)[-1]
    assert latest.trial
    assert "basic.patient_context (log-only)" in history.texts(bench.aws, bench.names, 2)
    assert difference(wide.aws, wide.prepare(trial=True)).same

    assert [(d.tier, d.allowed) for d in difference(wide.aws, wide.prepare()).differences]
    assert wide.push() == [
        "deleted basic.patient_context",
        "created basic.patient_context",
        "deleted basic.patient_context",
    ]
    assert {p["enforcementMode"] for p in bench.policies()} == {"ACTIVE"}
    assert wide.status().in_sync
    # Trials are nothing to go back to.
    assert roll_back(bench.aws, bench.names).request.of == 1


@pytest.mark.parametrize("mode", [None, "LOG_ONLY", "ENFORCE"])
def test_a_trial_lets_gateways_look_on_and_weakens_none(bench: Bench, mode: str | None) -> None:
    bench.push()
    made = gateway(bench, "basic")
    arn = bench.client.get_policy_engine(policyEngineId=bench.engine)["policyEngineArn"]
    if mode is not None:
        bench.client.update_gateway(
            gatewayIdentifier=made,
            name=bench.names.gateway("basic"),
            roleArn="arn:aws:iam::123456789012:role/gateway",
            protocolType="MCP",
            authorizerType="NONE",
            policyEngineConfiguration={"arn": arn, "mode": mode},
        )
    bench.push(trial=True)
    found = bench.client.get_gateway(gatewayIdentifier=made)["policyEngineConfiguration"]
    assert found == {"arn": arn, "mode": mode or "LOG_ONLY"}


def test_interceptors_and_all_else_survive_the_attachment(bench: Bench) -> None:
    kept = {
        "interceptorConfigurations": [
            {
                "interceptor": {
                    "lambda": {"arn": "arn:aws:lambda:us-east-1:123456789012:function:clock"}
                },
                "interceptionPoints": ["REQUEST"],
                "inputConfiguration": {"passRequestHeaders": True},
            }
        ],
        "exceptionLevel": "DEBUG",
        "protocolConfiguration": {"mcp": {"instructions": "kind", "searchType": "SEMANTIC"}},
        "description": "kept",
        "roleArn": "arn:aws:iam::123456789012:role/gateway",
        "protocolType": "MCP",
        "authorizerType": "NONE",
    }
    made = bench.client.create_gateway(name=bench.names.gateway("basic"), **kept)["gatewayId"]
    bench.push()
    found = bench.client.get_gateway(gatewayIdentifier=made)
    assert found["policyEngineConfiguration"]["mode"] == "ENFORCE"
    assert {name: found[name] for name in kept} == kept


# -- one at a time ---------------------------------------------------------------------------------


@contextmanager
def locked(bench: Bench) -> Iterator[Lock]:
    held = Lock(bench.aws, bench.names, "arn:aws:iam::123456789012:user/somebody")
    held.take()
    try:
        yield held
    finally:
        held.give_back()


def spoil(bench: Bench, **values: str) -> None:
    """Make the lock say something else."""
    for name, value in values.items():
        bench.aws.client("dynamodb").update_item(
            TableName=bench.names.registry_table,
            Key={"pk": {"S": keys.POLICIES}, "sk": {"S": keys.LOCK}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"S": value}},
        )


def test_two_pushes_at_once_are_refused_by_name(bench: Bench) -> None:
    with locked(bench):
        with pytest.raises(ConflictError, match="user/somebody` is pushing policies since") as held:
            bench.push()
        assert "--take-over" in str(held.value.hint)
        assert bench.policies() == []
    assert lock.holder(bench.aws, bench.names) is None
    bench.push()
    assert lock.holder(bench.aws, bench.names) is None


def test_a_push_whose_process_is_gone_blocks_nobody(bench: Bench) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    with locked(bench):
        spoil(bench, process=gone.stdout.strip(), host="another machine")
        with pytest.raises(ConflictError):  # there, a process of that number may well run
            bench.push()
    with locked(bench):
        spoil(bench, process=gone.stdout.strip())
        bench.push()
    assert bench.status().in_sync


def test_a_lock_ends_with_its_time(bench: Bench) -> None:
    with locked(bench):
        spoil(bench, until=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
        bench.push()


def test_a_push_that_was_taken_over_stops_before_its_next_write(bench: Bench) -> None:
    with locked(bench) as held:
        bench.push(take_over=True)
        assert bench.status().in_sync
        changed = bench.with_tiers(NARROW)
        changed.prepare()
        held._renewed = datetime.min.replace(tzinfo=UTC)  # noqa: SLF001 - 20 s would pass
        with pytest.raises(ConflictError, match="somebody else is pushing"):
            held.keep()


def test_what_changed_after_the_plan_was_shown_stops_the_push(bench: Bench) -> None:
    bench.push()
    changed = bench.with_tiers(NARROW)
    shown = changed.prepare()
    bench.with_tiers(WIDE).push()
    with pytest.raises(ConflictError, match="changed after this plan was made"):
        apply(changed.aws, shown)
    assert lock.holder(bench.aws, bench.names) is None
    assert bench.with_tiers(WIDE).status().in_sync


def test_of_two_pushes_of_one_plan_the_second_finds_nothing_to_do(bench: Bench) -> None:
    plans = [bench.prepare(), bench.prepare()]
    assert [apply(bench.aws, push) for push in plans] == [1, None]
    assert lock.holder(bench.aws, bench.names) is None
    assert len(history.versions(bench.aws, bench.names)) == 1


def test_policies_from_before_there_was_a_history_are_taken_up(bench: Bench) -> None:
    bench.push()
    client = bench.aws.client("dynamodb")
    for page in client.get_paginator("scan").paginate(TableName=bench.names.registry_table):
        for item in page["Items"]:
            key = {"pk": item["pk"], "sk": item["sk"]}
            client.delete_item(TableName=bench.names.registry_table, Key=key)
    before = bench.policies()
    assert bench.status().push.drift == ()
    assert bench.push() == []
    assert bench.policies() == before
    assert [v.number for v in history.versions(bench.aws, bench.names)] == [1]
    assert bench.prepare().nothing
