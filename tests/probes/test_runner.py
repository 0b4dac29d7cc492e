"""What findings become of attacks and their positive controls."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tenantctl.domain.finding import Outcome, Party
from tenantctl.probes import runner
from tenantctl.probes.probe import Control, Got, Plane, Trial

ALLOWED = Got
DENIED = ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
MISSING = ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")


def does(end: Got | Exception) -> Callable[[], Got]:
    def attempt() -> Got:
        if isinstance(end, Exception):
            raise end
        return end

    return attempt


def trial(attack: Got | Exception, *controls: Got | Exception) -> Trial:
    return Trial(
        rule="S3-GET",
        plane=Plane.S3,
        action="s3:GetObject",
        tries="read an object of {owner}",
        fix="end the prefix with a slash",
        actor=Party("basic", "clinic-1"),
        owner=Party("basic", "clinic-10"),
        resource="arn:aws:s3:::b/k",
        context={},
        attack=does(attack),
        controls=tuple(Control((str(n),), "the owner", does(c)) for n, c in enumerate(controls)),
    )


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_PAUSE", 0)


@pytest.mark.parametrize(
    ("attack", "controls", "outcome"),
    [
        (DENIED, [Got()], Outcome.ISOLATED),
        (DENIED, [Got(), Got()], Outcome.ISOLATED),
        (DENIED, [DENIED], Outcome.INCONCLUSIVE),
        (DENIED, [MISSING], Outcome.INCONCLUSIVE),
        (DENIED, [Got(data=False)], Outcome.INCONCLUSIVE),
        (DENIED, [Got(), DENIED], Outcome.INCONCLUSIVE),
        (MISSING, [Got()], Outcome.INCONCLUSIVE),
        (Got(), [Got()], Outcome.BREACH),
        (Got(), [DENIED], Outcome.BREACH),
        (Got(data=False), [Got()], Outcome.BREACH),
    ],
)
def test_a_refusal_counts_only_after_its_controls(
    attack: Got | Exception, controls: list[Got | Exception], outcome: Outcome
) -> None:
    (finding,) = runner.run([trial(attack, *controls)], jobs=2)

    assert finding.outcome is outcome
    assert bool(finding.fix) == (outcome is Outcome.BREACH)
    assert "`clinic-1` (basic) could" in finding.message
    assert "an object of `clinic-10` (basic)" in finding.message


def test_a_control_of_one_key_runs_once_and_progress_counts_every_step() -> None:
    calls: Counter[str] = Counter()
    seen: list[str] = []

    def control() -> Got:
        calls["control"] += 1
        return Got()

    base = trial(DENIED)
    shared = Control(("S3-GET", "clinic-10"), "the owner", control)
    trials = [
        Trial(**{f: getattr(base, f) for f in Trial.__slots__} | {"controls": (shared,)})
        for _ in range(5)
    ]

    findings = runner.run(trials, jobs=3, progress=seen.append)

    assert calls["control"] == 1
    assert len(seen) == runner.steps(trials) == 6
    assert [f.outcome for f in findings] == [Outcome.ISOLATED] * 5


def test_findings_keep_the_order_of_trials_whatever_ends_first() -> None:
    release = threading.Event()

    def slow() -> Got:
        release.wait(5)
        return Got()

    def quick() -> Got:
        release.set()
        raise DENIED

    base = {f: getattr(trial(DENIED, Got()), f) for f in Trial.__slots__}
    trials = [Trial(**base | {"attack": slow}), Trial(**base | {"attack": quick})]

    assert [f.outcome for f in runner.run(trials, jobs=2)] == [Outcome.BREACH, Outcome.ISOLATED]


def test_a_defect_stops_the_run() -> None:
    base = {f: getattr(trial(DENIED, Got()), f) for f in Trial.__slots__}

    with pytest.raises(ZeroDivisionError):
        runner.run([Trial(**base | {"attack": lambda: 1 // 0})], jobs=1)
