"""What is said of pushes: in a history's line, by `policy status`, and after a rollback."""

from __future__ import annotations

import re

import pytest

from tenantctl.domain.pool import Hours, ToolRule
from tenantctl.errors import DriftError
from tenantctl.policy.apply import apply, refuse_drift
from tenantctl.policy.rollback import roll_back, would_be_undone
from tenantctl.policy.wording import count, in_short, moment

from .conftest import TIERS, Bench

NARROW = {**TIERS, "basic": {"patient_context": ToolRule(Hours(9, 17))}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((), ""),
        (("created basic.own",), "created basic.own"),
        (("created basic.own", "deleted basic.own"), "replaced basic.own"),
        (("deleted a.x", "created a.y"), "deleted a.x, created a.y"),
        (("awaited a.x", "created a.y"), "created a.x, created a.y"),
        (
            ("created a.x", "created a.y", "created a.z", "deleted a.y", "deleted a.w"),
            "2 created, 1 deleted, 1 replaced",
        ),
        (("attached the gateway of basic",), "attached the gateway of basic"),
    ],
)
def test_a_version_in_a_line(changes: tuple[str, ...], told: str) -> None:
    assert in_short(changes) == told


def test_times_and_numbers() -> None:
    assert moment("2026-11-23T23:56:26.100+00:00") == "2026-11-23T23:56:26+00:00"
    assert [count(n, "policy", "policies") for n in (0, 1, 2)] == [
        "0 policies",
        "1 policy",
        "2 policies",
    ]


def lines(bench: Bench) -> tuple[str, ...]:
    """What `policy status` says below its table, without times and people."""
    return tuple(
        re.sub(r" since \S+| by \S+", "", line).rstrip(",") for line in bench.status().lines
    )


def test_status_says_what_a_push_would_do_about_it(bench: Bench) -> None:
    assert lines(bench) == (
        "no version was pushed yet",
        "the engine (ACTIVE) differs in 3 policies; `tenantctl policy push` mends what is ours",
    )
    bench.push()
    assert lines(bench) == (
        "version 1 in force",
        "the engine enforces exactly these policies",
    )
    narrow = bench.with_tiers(NARROW)
    narrow.push(trial=True)
    assert lines(narrow)[0] == "version 2 on trial"
    narrow.push()
    apply(narrow.aws, roll_back(narrow.aws, narrow.names, 1))
    assert lines(narrow) == (
        "version 4, back to 1, in force",
        (
            "the engine (ACTIVE) differs in 2 policies; "
            "`tenantctl policy push` would undo the rollback"
        ),
    )


def test_what_no_push_mends_is_not_advised_to_be_pushed(bench: Bench) -> None:
    bench.push()
    bench.client.create_policy(
        policyEngineId=bench.engine,
        name="theirs",
        definition={"cedar": {"statement": bench.prepare().request.wanted[0].text}},
    )
    assert bench.status().exit_code == 14
    assert lines(bench)[-1] == (
        "the engine (ACTIVE) has these policies; 1 policy of others, never touched"
    )


def test_a_rollback_tells_of_the_folder_only_where_it_says_otherwise(bench: Bench) -> None:
    def undone(at: Bench, number: int) -> bool:
        push = roll_back(at.aws, at.names, number)
        return would_be_undone(at.aws, at.names, push, (at.directory.parent, at.directory))

    bench.push()
    narrow = bench.with_tiers(NARROW)
    narrow.push()
    assert (undone(narrow, 1), undone(narrow, 2)) == (True, False)
    (narrow.directory / "basic" / "patient_context.cedar").write_text("permit (")
    assert undone(narrow, 2)


def test_drift_is_refused_with_the_option_of_the_command_that_met_it(bench: Bench) -> None:
    bench.push()
    narrow = bench.with_tiers(NARROW)
    narrow.push()
    gone = narrow.policies()[0]
    narrow.client.delete_policy(policyEngineId=narrow.engine, policyId=gone["policyId"])
    with pytest.raises(DriftError, match="removed") as met:
        refuse_drift(roll_back(narrow.aws, narrow.names), overwrite=False)
    assert "--overwrite-drift puts the version's policies" in str(met.value.hint)
    with pytest.raises(DriftError) as met:
        refuse_drift(narrow.prepare(), overwrite=False)
    assert "--overwrite-drift puts the reviewed policies" in str(met.value.hint)
    refuse_drift(narrow.prepare(), overwrite=True)
    refuse_drift(narrow.prepare(trial=True), overwrite=False)
