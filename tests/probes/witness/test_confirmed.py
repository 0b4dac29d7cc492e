"""What a loosened policy breaches in the proof is seen to happen, action by action."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tenantctl.domain.finding import Finding, Live, Outcome, Report

if TYPE_CHECKING:
    from tests.probes.witness.conftest import Loose

Breaches = Callable[[Report], list[Finding]]

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/patient-records"
BUCKET = "arn:aws:s3:::clinic-documents"
ROLE = "arn:aws:iam::123456789012:role/clinic-agent-tvm"

ITEMS = {
    "GetItem", "BatchGetItem", "Query", "ConditionCheckItem", "PutItem", "UpdateItem", "DeleteItem",
    "BatchWriteItem", "PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete",
}  # fmt: skip
OBJECTS = {
    "GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "AbortMultipartUpload",
    "ListMultipartUploadParts",
}  # fmt: skip


def _named(service: str, actions: set[str]) -> set[str]:
    return {f"{service}:{action}" for action in actions}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            [
                ("tables", "ForAllValues:StringEquals", "ForAllValues:StringLike"),
                ("tables", 'ClinicId}"', 'ClinicId}*"'),
            ],
            _named("dynamodb", ITEMS),
            id="partition key matched as a prefix",
        ),
        pytest.param(
            [("tables", "ForAllValues:StringEquals", "ForAnyValue:StringEquals")],
            _named("dynamodb", {"BatchGetItem", "BatchWriteItem", "PartiQLSelect"}),
            id="any of a batch's keys is enough",
        ),
        pytest.param(
            [("buckets", 'ClinicId}/*"}}', 'ClinicId}*"}}')],
            _named("s3", {"ListBucket", "ListBucketVersions"}),
            id="listing without the slash",
        ),
        pytest.param(
            [("buckets", 'ClinicId}/*"}, {', 'ClinicId}*"}, {')],
            _named("s3", OBJECTS),
            id="objects without the slash",
        ),
        pytest.param([], set(), id="nothing loosened"),
    ],
)
def test_a_changed_policy(
    loose: Loose, breaches: Breaches, changes: list[tuple[str, str, str]], expected: set[str]
) -> None:
    with ExitStack() as changed:
        for change in changes:
            changed.enter_context(loose.changing(*change))
        report = loose.tried()

    found = breaches(report)
    assert {f.action for f in found} == expected
    assert {f.live for f in found} <= {Live.CONFIRMED}, [f.message for f in found]
    for finding in found:
        assert "; confirmed live: " in finding.message
        assert {finding.actor.tenant, finding.owner.tenant}.isdisjoint({"clinic-1", "clinic-10"})
        assert finding.decided_by


@pytest.mark.parametrize(
    ("statement", "action"),
    [
        ({"Action": "dynamodb:Scan", "Resource": TABLE}, "dynamodb:Scan"),
        (
            {
                "Action": "dynamodb:Scan",
                "Resource": TABLE,
                "Condition": {
                    "ForAllValues:StringEquals": {
                        "dynamodb:LeadingKeys": "${aws:PrincipalTag/ClinicId}"
                    }
                },
            },
            "dynamodb:Scan",
        ),
        ({"Action": "dynamodb:Scan", "Resource": f"{TABLE}/index/*"}, "dynamodb:Scan"),
        ({"Action": "dynamodb:Query", "Resource": f"{TABLE}/index/by-*"}, "dynamodb:Query"),
        ({"Action": "dynamodb:GetItem", "Resource": TABLE}, "dynamodb:GetItem"),
        (
            {
                "Action": "dynamodb:PartiQLSelect",
                "Resource": TABLE,
                "Condition": {"Bool": {"dynamodb:FullTableScan": "true"}},
            },
            "dynamodb:PartiQLSelect",
        ),
        (
            {
                "Action": "s3:ListBucket",
                "Resource": BUCKET,
                "Condition": {"StringLike": {"s3:prefix": "${aws:PrincipalTag/Tier}-tier/*"}},
            },
            "s3:ListBucket",
        ),
        (
            {
                "Action": "s3:ListBucket",
                "Resource": BUCKET,
                "Condition": {"Null": {"s3:prefix": "true"}},
            },
            "s3:ListBucket",
        ),
        ({"Action": "s3:ListBucketVersions", "Resource": BUCKET}, "s3:ListBucketVersions"),
        (
            {"Action": "s3:ListBucketMultipartUploads", "Resource": BUCKET},
            "s3:ListBucketMultipartUploads",
        ),
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*.pdf"}, "s3:GetObject"),
        ({"Action": "s3:GetObjectTagging", "Resource": f"{BUCKET}/*"}, "s3:GetObjectTagging"),
        ({"Action": "s3:PutObjectTagging", "Resource": f"{BUCKET}/*"}, "s3:PutObjectTagging"),
        ({"Action": "s3:DeleteObjectVersion", "Resource": f"{BUCKET}/*"}, "s3:DeleteObjectVersion"),
    ],
)
def test_a_statement_too_many(
    loose: Loose, breaches: Breaches, statement: dict[str, Any], action: str
) -> None:
    with loose.granting(statement):
        found = breaches(loose.tried())

    assert [(f.action, f.live) for f in found] == [(action, Live.CONFIRMED)], found


def test_a_session_without_a_tag_that_the_trust_forgot(loose: Loose, breaches: Breaches) -> None:
    """What is meant for a service without a user is anybody's who leaves the user's tag out."""
    nobody = {
        "Action": "s3:GetObject",
        "Resource": f"{BUCKET}/*",
        "Condition": {"Null": {"aws:PrincipalTag/UserId": "true"}},
    }
    with loose.granting(nobody):
        assert loose.tried().verdict is Outcome.ISOLATED
        with loose.changing("trust", ', "aws:RequestTag/UserId": "?*"', ""):
            (finding,) = breaches(loose.tried())

    assert (finding.live, finding.actor.user) == (Live.CONFIRMED, None)


def test_a_trust_that_wants_transitive_tags_lets_sessions_be_tried(
    loose: Loose, breaches: Breaches
) -> None:
    """As vending makes them: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html"""
    keys = '"sts:TransitiveTagKeys": ["Tier", "ClinicId", "UserId"]'
    with (
        loose.granting({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}),
        loose.changing(
            "trust",
            '"ForAllValues:StringEquals"',
            f'"ForAnyValue:StringEquals": {{{keys}}}, "ForAllValues:StringEquals"',
        ),
    ):
        (found,) = breaches(loose.tried())

    assert found.live is Live.CONFIRMED


def test_a_session_that_takes_the_role_again(loose: Loose, breaches: Breaches) -> None:
    agent = '"arn:aws:iam::123456789012:role/clinic-agent-agent"'
    again = {"Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": ROLE}
    with (
        loose.granting(again),
        loose.changing("trust", agent, f'[{agent}, "{ROLE}"]'),
    ):
        found = breaches(loose.tried())

    assert [(f.rule, f.live) for f in found] == [("STS-RETAG", Live.CONFIRMED)], found
