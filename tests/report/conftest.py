from __future__ import annotations

import pytest

from tenantctl.domain.finding import Decider, Finding, Outcome, Party, Report

NASTY = "a|b <script>alert(1)</script> `tick` \x00 *bold* ]]> ü"


def finding(rule: str, outcome: Outcome, actor: str = "clinic-1", plane: str = "s3") -> Finding:
    breach = outcome is Outcome.BREACH
    return Finding(
        rule=rule,
        plane=plane,
        action="s3:ListBucket",
        outcome=outcome,
        resource="arn:aws:s3:::clinic-documents",
        actor=Party("basic", actor, "0000"),
        owner=Party("basic", "clinic-10", "1111"),
        request={
            "action": "s3:ListBucket",
            "resource": "arn:aws:s3:::clinic-documents",
            "context": {"s3:prefix": "basic-tier/clinic-1"},
        },
        decided_by=(Decider("tvm/buckets", "Bucket1List"),) if breach else (),
        message=f"{rule} {outcome}",
        fix="end the prefix with a slash" if breach else "",
    )


@pytest.fixture
def report() -> Report:
    return Report(
        target="local",
        findings=(
            finding("S3-LIST-PREFIX", Outcome.ISOLATED),
            finding("S3-LIST-STEM", Outcome.BREACH),
            finding("DDB-GET", Outcome.ISOLATED, plane="dynamodb"),
            finding("DDB-QUERY-INDEX", Outcome.INCONCLUSIVE, actor="clinic-2", plane="dynamodb"),
        ),
        assumptions=("the agent role is trusted",),
    )


@pytest.fixture
def nasty() -> Report:
    """A report whose every text tries to be markup."""
    party = Party(NASTY, NASTY, NASTY)
    return Report(
        target="aws",
        findings=(
            Finding(
                rule=NASTY,
                plane=NASTY,
                action=NASTY,
                outcome=Outcome.BREACH,
                resource=NASTY,
                actor=party,
                owner=party,
                request={"context": {NASTY: NASTY}},
                decided_by=(Decider(NASTY, NASTY),),
                message=NASTY,
                fix=NASTY,
            ),
        ),
        assumptions=(NASTY,),
    )
