"""Where a proof's witnesses are tried unasked, and what is said where they aren't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tenantctl.cli import source
from tenantctl.cli.context import Context
from tenantctl.cli.witness import by_default
from tenantctl.domain.finding import Live, Outcome, Report
from tenantctl.domain.target import Target

CONFIG = {
    "version": 1,
    "pool": "clinic-agent",
    "region": "us-east-1",
    "account": "123456789012",
    "data": {"buckets": [{"name": "clinic-documents", "prefix": "{tenant}/"}]},
    "tiers": {"basic": {}},
}
OPEN = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::clinic-documents/*",
    },
}


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A pool in the embedded cloud, whose sessions may read every object."""
    from tenantctl.pool import plan

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = tmp_path / "tenantctl.yaml"
    config.write_text(yaml.safe_dump(CONFIG), "utf-8")
    made = Context(config, target=Target.LOCAL, quiet=True)
    with made.cloud() as (names, aws):
        plan.apply(plan.plan(aws, names), aws)
        aws.client("iam").put_role_policy(
            RoleName=names.pool.roles.vending, PolicyName="open", PolicyDocument=json.dumps(OPEN)
        )
    return made


def lives(report: Report) -> list[Live | None]:
    return [f.live for f in report.findings if f.outcome is Outcome.BREACH]


def test_they_are_tried_unasked_in_the_local_cloud_alone(tmp_path: Path) -> None:
    config = tmp_path / "tenantctl.yaml"
    config.write_text(yaml.safe_dump(CONFIG), "utf-8")
    assert by_default(Context(config, target=Target.LOCAL))
    assert not by_default(Context(config, target=Target.AWS))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [(None, [Live.CONFIRMED]), (True, [Live.CONFIRMED]), (False, [None])],
)
def test_the_choice_is_kept(ctx: Context, choice: bool | None, expected: list[Live | None]) -> None:
    report = source.proved_from(ctx, source.parse("account"), choice)

    assert lives(report) == expected
    assert report.verdict is Outcome.BREACH
    untried = [a for a in report.assumptions if "--try-witnesses does it" in a]
    assert len(untried) == (expected == [None])
