"""What must hold for all requests: limits only take away, and tags are only text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tenantctl.iam.decision import Verdict
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal, PrincipalKind, Request, context

ACCOUNT = "123456789012"
CALLER = Principal(
    PrincipalKind.SESSION,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/s",
    ACCOUNT,
    f"arn:aws:iam::{ACCOUNT}:role/tvm",
)
TVM = read(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": "arn:aws:s3:::docs/${aws:PrincipalTag/Tier}-tier"
                "/${aws:PrincipalTag/ClinicId}/*",
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::docs",
                "Condition": {
                    "StringLike": {
                        "s3:prefix": "${aws:PrincipalTag/Tier}-tier/${aws:PrincipalTag/ClinicId}/*"
                    }
                },
            },
            {
                "Effect": "Allow",
                "Action": "dynamodb:Query",
                "Resource": f"arn:aws:dynamodb:*:{ACCOUNT}:table/records",
                "Condition": {
                    "ForAllValues:StringEquals": {
                        "dynamodb:LeadingKeys": "${aws:PrincipalTag/ClinicId}"
                    },
                    "Null": {"dynamodb:LeadingKeys": "false"},
                },
            },
        ],
    },
    name="identity/tvm.json",
    kind=Kind.IDENTITY,
)
# No slash: ids may not hold the separator. Everything else that could be mistaken for syntax may.
IDS = st.text("ab1-*?${}:, '", min_size=1, max_size=6)
TIERS = st.sampled_from(["basic", "premium"])


@given(TIERS, IDS, TIERS, IDS, st.text("ab/*?", max_size=5))
def test_a_tenant_reaches_its_own_data_and_no_others(
    tier: str, tenant: str, other_tier: str, other: str, key: str
) -> None:
    own = (tier, tenant) == (other_tier, other)
    tags = {"aws:PrincipalTag/Tier": tier, "aws:PrincipalTag/ClinicId": tenant}
    prefix = f"{other_tier}-tier/{other}/"
    asked: list[tuple[str, str, dict[str, str | list[str]], bool]] = [
        ("s3:GetObject", f"arn:aws:s3:::docs/{prefix}{key}", {}, own),
        ("s3:ListBucket", "arn:aws:s3:::docs", {"s3:prefix": prefix + key}, own),
        (
            "dynamodb:Query",
            f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/records",
            {"dynamodb:LeadingKeys": [other]},
            tenant == other,
        ),
    ]
    for action, resource, keys, expected in asked:
        request = Request(CALLER, action, resource, context({**tags, **keys}))
        assert evaluate(request, Policies((TVM,))).allowed is expected, action


STATEMENT = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["*", "s3:*", "s3:GetObject", "dynamodb:*"]),
        "Resource": st.sampled_from(["*", "arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]),
        "Condition": st.sampled_from(
            [
                {},
                {"StringEquals": {"t:x": "a"}},
                {"StringNotEquals": {"t:x": "a"}},
                {"NumericLessThan": {"t:x": 5}},
                {"StringLike": {"t:x": "${t:y}*"}},
                {"StringNotLike": {"t:x": "${t:y}*"}},
            ]
        ),
    }
)
CONTEXTS = st.dictionaries(
    st.sampled_from(["t:x", "t:y"]),
    st.lists(st.sampled_from(["a", "ab", "4", ""]), max_size=2),
)


def policies(kind: Kind) -> st.SearchStrategy[Policy]:
    def made(statements: list[dict[str, Any]]) -> Policy:
        source = {"Version": "2012-10-17", "Statement": statements}
        return read(source, name=kind.value, kind=kind)

    return st.lists(STATEMENT, min_size=1, max_size=3).map(made)


@given(
    policies(Kind.IDENTITY),
    policies(Kind.IDENTITY),
    st.none() | policies(Kind.BOUNDARY),
    st.none() | policies(Kind.SESSION),
    CONTEXTS,
    st.sampled_from(["arn:aws:s3:::a/k", "arn:aws:s3:::b/k"]),
)
def test_limits_only_take_away(  # noqa: PLR0913, PLR0917 - one argument a kind of policy
    first: Policy,
    second: Policy,
    boundary: Policy | None,
    session: Policy | None,
    keys: dict[str, list[str]],
    resource: str,
) -> None:
    request = Request(CALLER, "s3:GetObject", resource, context(keys))
    bare = evaluate(request, Policies((first, second)))
    limited = evaluate(request, Policies((first, second), boundary, session))
    if limited.allowed:
        assert bare.allowed
    if bare.verdict is Verdict.EXPLICIT_DENY:
        assert limited.verdict is Verdict.EXPLICIT_DENY
    assert evaluate(request, Policies((second, first))).verdict is bare.verdict
    assert bool(limited.decided_by) is (limited.verdict is not Verdict.IMPLICIT_DENY)
