"""What an explanation says: each statement that applied or nearly did, and the values compared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.iam.decision import Verdict
from tenantctl.iam.document import Kind, read
from tenantctl.iam.evaluate import Policies, evaluate
from tenantctl.iam.explain import Explanation, explain
from tenantctl.iam.explained import document, tree
from tenantctl.iam.policy import Policy
from tenantctl.iam.request import Principal, PrincipalKind, Request, context

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tvm"
CALLER = Principal(
    PrincipalKind.SESSION, f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/s", ACCOUNT, ROLE
)
TAGS = {"aws:PrincipalTag/ClinicId": "clinic-1"}


def policy(kind: Kind, *statements: dict[str, Any]) -> Policy:
    made = [
        {"Effect": "Allow", "Action": "*", **({} if kind is Kind.TRUST else {"Resource": "*"}), **s}
        for s in statements
    ]
    source = {"Version": "2012-10-17", "Statement": made}
    return read(source, name=kind.value, kind=kind)


IDENTITY = policy(
    Kind.IDENTITY,
    {
        "Sid": "Objects",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::docs/${aws:PrincipalTag/ClinicId}/*",
    },
    {
        "Sid": "List",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::docs",
        "Condition": {
            "StringLike": {"s3:prefix": ["${aws:PrincipalTag/ClinicId}/*", "shared/*"]},
            "Null": {"s3:prefix": "false"},
        },
    },
    {"Sid": "NoScan", "Effect": "Deny", "Action": "dynamodb:Scan"},
)


def asked(
    action: str, resource: str, policies: Policies | None = None, **keys: str
) -> dict[str, Any]:
    given = context({**TAGS, **{name.replace("_", ":"): value for name, value in keys.items()}})
    request = Request(CALLER, action, resource, given)
    return document(explain(request, policies or Policies((IDENTITY,))))


def test_the_statement_that_allowed_is_named_with_its_values_filled_in() -> None:
    found = asked("s3:GetObject", "arn:aws:s3:::docs/clinic-1/a")
    assert found["decision"] == "allowed"
    assert found["decided_by"] == [{"document": "identity", "statement": "Objects"}]
    [statement] = found["statements"]
    assert statement["applied"]
    assert statement["resources"] == ["arn:aws:s3:::docs/clinic-1/*"]
    assert found["lacking"] == []


def test_a_resource_that_is_anothers() -> None:
    found = asked("s3:GetObject", "arn:aws:s3:::docs/clinic-10/a")
    assert found["decision"] == "implicit_deny"
    assert found["lacking"] == ["identity"]
    [statement] = found["statements"]
    assert (statement["action"], statement["resource"], statement["applied"]) == (
        True,
        False,
        False,
    )


def test_the_condition_that_failed_is_told_from_the_one_that_held() -> None:
    found = asked("s3:ListBucket", "arn:aws:s3:::docs", s3_prefix="clinic-10/")
    [statement] = found["statements"]
    like, null = statement["conditions"]
    assert like == {
        "operator": "StringLike",
        "key": "s3:prefix",
        "held": False,
        "policy": ["${aws:PrincipalTag/ClinicId}/*", "shared/*"],
        "compared": ["clinic-1/*", "shared/*"],
        "request": ["clinic-10/"],
    }
    assert (null["held"], null["request"]) == (True, ["clinic-10/"])


def test_an_absent_key_is_null() -> None:
    [statement] = asked("s3:ListBucket", "arn:aws:s3:::docs")["statements"]
    assert [c["request"] for c in statement["conditions"]] == [None, None]


def test_a_variable_without_a_value_stays_as_it_is_written() -> None:
    request = Request(CALLER, "s3:GetObject", "arn:aws:s3:::docs/clinic-1/a", {})
    found: Any = document(explain(request, Policies((IDENTITY,))))
    assert found["statements"][0]["resources"] == [
        "arn:aws:s3:::docs/${aws:principaltag/clinicid}/*"
    ]


def test_a_statement_that_lacks_only_the_action_is_near() -> None:
    found = asked("s3:DeleteObject", "arn:aws:s3:::docs/clinic-1/a")
    assert [(s["statement"], s["action"], s["resource"]) for s in found["statements"]] == [
        ("Objects", False, True)
    ]


def test_a_deny_is_named() -> None:
    found = asked("dynamodb:Scan", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t")
    assert found["decision"] == "explicit_deny"
    assert [s["statement"] for s in found["statements"] if s["applied"]] == ["NoScan"]


EVERYTHING = policy(Kind.IDENTITY, {})
SILENT: dict[str, Any] = {"Action": "iam:GetUser"}
TRUST = policy(Kind.TRUST, {"Principal": {"AWS": ROLE + "s"}, "Action": "sts:AssumeRole"})
LACKING = {
    "the boundary": (Policies((EVERYTHING,), policy(Kind.BOUNDARY, SILENT)), ["boundary"]),
    "the session policy": (
        Policies((EVERYTHING,), policy(Kind.BOUNDARY, {}), policy(Kind.SESSION, SILENT)),
        ["session"],
    ),
    "identity and boundary": (
        Policies((), policy(Kind.BOUNDARY, SILENT)),
        ["identity", "boundary"],
    ),
    "the boundary, as the bucket names the role": (
        Policies(
            (),
            policy(Kind.BOUNDARY, SILENT),
            resource=policy(Kind.RESOURCE, {"Principal": {"AWS": ROLE}}),
        ),
        ["boundary"],
    ),
    "identity, as the bucket names the account": (
        Policies((), resource=policy(Kind.RESOURCE, {"Principal": {"AWS": ACCOUNT}})),
        ["identity"],
    ),
}


@pytest.mark.parametrize(("policies", "lacking"), list(LACKING.values()), ids=list(LACKING))
def test_what_should_have_allowed(policies: Policies, lacking: list[str]) -> None:
    assert asked("s3:GetObject", "arn:aws:s3:::docs/k", policies)["lacking"] == lacking


def test_a_trust_policy_must_itself_allow() -> None:
    found = asked(
        "sts:AssumeRole",
        f"arn:aws:iam::{ACCOUNT}:role/t",
        Policies((EVERYTHING,), resource=TRUST),
    )
    assert found["lacking"] == ["trust"]
    assert [s["principal"] for s in found["statements"]] == [True, False]


def test_the_tree_says_what_failed() -> None:
    given = context({**TAGS, "s3:prefix": "clinic-10/"})
    request = Request(CALLER, "s3:ListBucket", "arn:aws:s3:::docs", given)
    root, below = tree(explain(request, Policies((IDENTITY,))))
    assert root == "denied, as nothing allows it: s3:ListBucket on arn:aws:s3:::docs"
    assert below == (
        (
            "Allow List of identity doesn't apply",
            (
                ("yes: the resource is `arn:aws:s3:::docs`", ()),
                (
                    "no: StringLike s3:prefix `clinic-1/*` or `shared/*`; it is `clinic-10/`",
                    (),
                ),
                ("yes: Null s3:prefix `false`; it is `clinic-10/`", ()),
            ),
        ),
        ("no identity policy allows it", ()),
    )


STATEMENT = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["*", "s3:GetObject", "s3:PutObject"]),
        "Resource": st.sampled_from(["*", "arn:aws:s3:::docs/*", "arn:aws:s3:::x"]),
        "Condition": st.sampled_from(
            [{}, {"StringEquals": {"t:x": "a"}}, {"StringNotLike": {"t:x": "${t:y}*"}}]
        ),
    }
)
OWN = st.lists(STATEMENT, min_size=1, max_size=3)


@given(
    OWN,
    st.none() | OWN,
    st.none() | OWN,
    st.dictionaries(st.sampled_from(["t:x", "t:y"]), st.sampled_from("ab")),
)
def test_explanation_and_decision_agree(
    identity: list[dict[str, Any]],
    boundary: list[dict[str, Any]] | None,
    session: list[dict[str, Any]] | None,
    keys: dict[str, str],
) -> None:
    policies = Policies(
        (policy(Kind.IDENTITY, *identity),),
        None if boundary is None else policy(Kind.BOUNDARY, *boundary),
        None if session is None else policy(Kind.SESSION, *session),
    )
    request = Request(CALLER, "s3:GetObject", "arn:aws:s3:::docs/k", context(keys))
    found: Explanation = explain(request, policies)
    assert found.decision == evaluate(request, policies)
    denies = {t.named for t in found.traces if t.applied and not t.statement.allow}
    allows = {t.named for t in found.traces if t.applied and t.statement.allow}
    if found.decision.verdict is Verdict.EXPLICIT_DENY:
        assert set(found.decision.decided_by) == denies
    else:
        assert not denies
        assert set(found.decision.decided_by) <= allows
        assert (found.lacking == ()) is found.decision.allowed
