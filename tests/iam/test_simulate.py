"""The contract of `iam simulate`, case by case; what its quick way cuts must mean the same."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tenantctl.iam.attached import Documents
from tenantctl.iam.simulate import Simulation

ACCOUNT = "123456789012"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/tvm/clinic-a"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tvm"
PATHED = f"arn:aws:iam::{ACCOUNT}:role/service/eu/tvm"
"""The same role: a session's ARN leaves the path out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
"""
Case = dict[str, Any]


def policy(**elements: object) -> Case:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


def case(**members: object) -> Case:
    return {
        "id": "c",
        "principal": SESSION,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::docs/k",
        "context": {},
        "identity": [policy()],
        **members,
    }


def answer(asked: object) -> Case:
    """The answer of a fresh simulation, and of one that knows the policies already."""
    text = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    simulation = Simulation()
    first = simulation.answer(text)
    assert simulation.answer(text) == first
    assert b"\n" not in first
    found: Case = json.loads(first)
    assert set(found) in ({"id", "decision", "decided_by"}, {"id", "error"})
    assert simulation.malformed == (2 if "error" in found else 0)
    return found


def test_an_answer_names_its_case_and_the_deciding_statements() -> None:
    asked = case(
        id="a-1",
        identity=[policy(Action="s3:Put*"), policy(Sid="Read")],
        boundary=policy(),
        session=policy(Sid="Narrow"),
    )
    assert answer(asked) == {
        "id": "a-1",
        "decision": "allowed",
        "decided_by": [
            {"document": "identity[1]", "statement": "Read"},
            {"document": "boundary", "statement": "0"},
            {"document": "session", "statement": "Narrow"},
        ],
    }


TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"},
}
TARGET = {"action": "sts:AssumeRole", "resource": f"arn:aws:iam::{ACCOUNT}:role/target"}
ANSWERED = {
    "nothing allows": (case(identity=[]), "implicit_deny"),
    "a deny": (case(identity=[policy(), policy(Effect="Deny")]), "explicit_deny"),
    "any resource": (case(resource="*"), "allowed"),
    "a user": (case(principal=f"arn:aws:iam::{ACCOUNT}:user/path/carlos"), "allowed"),
    "an unknown action": (case(action="tea:Make", identity=[policy(Action="tea:*")]), "allowed"),
    "an action in another case": (
        case(action="S3:getobject", identity=[policy(Action="s3:GetObject")]),
        "allowed",
    ),
    "an integer as id": (case(id=7), "allowed"),
    "no Version": (case(identity=[{"Statement": policy()["Statement"]}]), "allowed"),
    "one statement": (case(identity=[{"Statement": policy()["Statement"][0]}]), "allowed"),
    "a key in another case": (
        case(
            context={"S3:PREFIX": "a/"},
            identity=[policy(Condition={"StringLike": {"s3:prefix": "a/*"}})],
        ),
        "allowed",
    ),
    "a bare text under a set operator": (
        case(
            context={"t:x": "a"},
            identity=[policy(Condition={"ForAnyValue:StringEquals": {"t:x": "a"}})],
        ),
        "allowed",
    ),
    "an empty list": (
        case(
            context={"t:x": []},
            identity=[policy(Condition={"ForAnyValue:StringEquals": {"t:x": "a"}})],
        ),
        "implicit_deny",
    ),
    "nothing is derived from the principal": (
        case(identity=[policy(Condition={"Null": {"aws:PrincipalArn": "false"}})]),
        "implicit_deny",
    ),
    "no key is dropped, whatever the action supports": (
        case(
            context={"dynamodb:LeadingKeys": ["a"]},
            identity=[policy(Condition={"Null": {"dynamodb:LeadingKeys": "false"}})],
        ),
        "allowed",
    ),
    "the resource policy names the role": (
        case(identity=[], resource_policy=policy(Principal={"AWS": ROLE})),
        "allowed",
    ),
    "it names the session, past a silent boundary": (
        case(
            identity=[],
            boundary=policy(Action="iam:*"),
            resource_policy=policy(Principal={"AWS": SESSION}),
        ),
        "allowed",
    ),
    "it names somebody else": (
        case(identity=[], resource_policy=policy(Principal={"AWS": ROLE + "s"})),
        "implicit_deny",
    ),
    "it names the role with its path": (
        case(identity=[], resource_policy=policy(Principal={"AWS": PATHED})),
        "allowed",
    ),
    "it denies the role with its path": (
        case(resource_policy=policy(Effect="Deny", Principal={"AWS": PATHED})),
        "explicit_deny",
    ),
    "it denies all but the role with its path": (
        case(
            resource_policy=policy(Effect="Deny", NotPrincipal={"AWS": [PATHED, SESSION, ACCOUNT]})
        ),
        "allowed",
    ),
    "a trust policy names the role with its path": (
        case(
            **TARGET,
            resource_policy={
                "Statement": {**TRUST["Statement"], "Principal": {"AWS": PATHED}}  # type: ignore[dict-item]
            },
        ),
        "allowed",
    ),
    "the context says that path": (
        case(
            identity=[],
            context={"aws:principalArn": PATHED},
            resource_policy=policy(Principal={"AWS": [PATHED, ROLE]}),
        ),
        "allowed",
    ),
    "the context says another path": (
        case(
            identity=[],
            context={"aws:PrincipalArn": ROLE},
            resource_policy=policy(Principal={"AWS": PATHED}),
        ),
        "implicit_deny",
    ),
    "the context says another role": (
        case(
            identity=[],
            context={"aws:PrincipalArn": ROLE + "s"},
            resource_policy=policy(Principal={"AWS": ROLE + "s"}),
        ),
        "implicit_deny",
    ),
    "a role's path ends as the name does": (
        case(identity=[], resource_policy=policy(Principal={"AWS": f"{ROLE}/other"})),
        "implicit_deny",
    ),
    "the same role name in another account": (
        case(
            identity=[],
            resource_policy=policy(Principal={"AWS": PATHED.replace(ACCOUNT, "9" * 12)}),
        ),
        "implicit_deny",
    ),
    "a role's trust policy allows": (case(**TARGET, resource_policy=TRUST), "allowed"),
    "a role's trust policy doesn't": (
        case(
            **TARGET,
            resource_policy={
                "Statement": {**TRUST["Statement"], "Principal": {"AWS": ROLE + "s"}}  # type: ignore[dict-item]
            },
        ),
        "implicit_deny",
    ),
    "AWS's own policy is of no other account": (
        case(action="iam:GetPolicy", resource="arn:aws:iam::aws:policy/ReadOnlyAccess"),
        "allowed",
    ),
    "a table of another account": (
        case(action="dynamodb:Scan", resource="arn:aws:dynamodb:us-east-1:999999999999:table/t"),
        "implicit_deny",
    ),
    "a character of two escapes": (
        case(id="\U0001f600", identity=[policy(Sid="\U0001f600")]),
        "allowed",
    ),
    "NUL": (case(resource="arn:aws:s3:::docs/\0"), "allowed"),
    "escapes": (case(id='"\\"', resource='arn:aws:s3:::"identity": ["\\"'), "allowed"),
}


@pytest.mark.parametrize(("asked", "decision"), list(ANSWERED.values()), ids=list(ANSWERED))
def test_answered(asked: Case, decision: str) -> None:
    found = answer(asked)
    assert found.get("decision") == decision, found
    assert found["id"] == asked["id"]


def without(name: str) -> Case:
    return {key: value for key, value in case().items() if key != name}


MALFORMED: dict[str, tuple[object, str, object]] = {
    "an unknown key": (case(resourcePolicy={}), "unknown field `resourcePolicy`", "c"),
    "no id": (without("id"), "`id`", None),
    "a list as id": (case(id=["c"]), "`$.id`", None),
    "null as id": (case(id=None), "`$.id`", None),
    "a huge id": (case(id=1 << 70), "64 bits", None),
    "no principal": (without("principal"), "`principal`", "c"),
    "no action": (without("action"), "`action`", "c"),
    "no resource": (without("resource"), "`resource`", "c"),
    "no context": (without("context"), "`context`", "c"),
    "no identity": (without("identity"), "`identity`", "c"),
    "null in the context": (case(context={"a:b": None}), "got `null`", "c"),
    "null in a list": (case(context={"a:b": [None]}), "got `null`", "c"),
    "an object in the context": (case(context={"a:b": {}}), "got `object`", "c"),
    "a nested list": (case(context={"a:b": [["x"]]}), "got `array`", "c"),
    "a number in the context": (case(context={"a:b": 1}), "got `int`", "c"),
    "a list as context": (case(context=[]), "got `array`", "c"),
    "a key twice but for case": (
        case(context={"s3:prefix": "a", "s3:Prefix": "b"}),
        "keys ignore case",
        "c",
    ),
    "a Kelvin sign": (case(context={"aws:Tag\u212aeys": "a"}), "lower case", "c"),
    "one document, not a list": (case(identity=policy()), "list of policies", "c"),
    "a document that is none": (case(identity=["x"]), "identity[0]: an object", "c"),
    "null as boundary": (case(boundary=None), "boundary: an object", "c"),
    "an unknown element": (
        case(identity=[policy(), policy(Resources="*")]),
        "identity[1]: Statement[0].Resources: unknown element",
        "c",
    ),
    "an unknown operator": (
        case(session=policy(Condition={"StringLikes": {"a:b": "c"}})),
        "session: Statement[0].Condition.StringLikes: unknown operator",
        "c",
    ),
    "an unknown set operator": (
        case(identity=[policy(Condition={"ForSomeValues:StringLike": {"a:b": "c"}})]),
        "unknown set operator",
        "c",
    ),
    "an unknown Version": (
        case(identity=[{"Version": "2013-10-17", "Statement": []}]),
        "version",
        "c",
    ),
    "an effect in the wrong case": (case(boundary=policy(Effect="allow")), "unknown effect", "c"),
    "a principal in an identity policy": (case(identity=[policy(Principal="*")]), "Principal", "c"),
    "a principal in a boundary": (case(boundary=policy(Principal="*")), "Principal", "c"),
    "a principal in a session policy": (case(session=policy(Principal="*")), "Principal", "c"),
    "no principal in a resource policy": (case(resource_policy=policy()), "Principal", "c"),
    "a wildcard in a principal": (
        case(resource_policy=policy(Principal={"AWS": ROLE + "*"})),
        "no principal",
        "c",
    ),
    "a role with two paths": (
        case(resource_policy=policy(Principal={"AWS": [ROLE, PATHED]})),
        "give its ARN as `aws:PrincipalArn`",
        "c",
    ),
    "a malformed ARN": (case(resource="s3:::docs/k"), "no ARN", "c"),
    "a short ARN": (case(resource="arn:aws:s3:docs"), "no ARN", "c"),
    "a malformed ARN in a policy": (case(identity=[policy(Resource="docs/*")]), "no ARN", "c"),
    "a role as principal": (case(principal=ROLE), "no role session", "c"),
    "an account as principal": (
        case(principal=f"arn:aws:iam::{ACCOUNT}:root"),
        "no role session",
        "c",
    ),
    "a wildcard as principal": (case(principal=SESSION[:-1] + "*"), "no role session", "c"),
    "a wildcard as action": (case(action="s3:*"), "no action", "c"),
    "an action without a service": (case(action="GetObject"), "no action", "c"),
    "a Kelvin sign in the action": (case(action="s3:ListBuc\u212aet"), "no action", "c"),
    "a list": ([], "expected `object`", None),
    "no JSON": (b"{", "no JSON", None),
    "nothing": (b"", "no JSON", None),
    "NaN": (json.dumps(case(context={"a:b": float("nan")})).encode(), "no JSON", "c"),
    "two values": (json.dumps(case()).encode() + b"{}", "trailing", None),
    "invalid UTF-8": (json.dumps(case(id="#")).encode().replace(b"#", b"\xff"), "UTF-8", None),
    "invalid UTF-8 in a policy": (
        json.dumps(case(identity=[policy(Sid="#")])).encode().replace(b"#", b"\xff"),
        "identity[0]",
        "c",
    ),
    "half a surrogate pair": (case(resource="arn:aws:s3:::docs/\ud800"), "surrogate", "c"),
    "half a surrogate pair as id": (case(id="\ud800"), "surrogate", None),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(case()).encode(), "no JSON", "c"),
    "a truth value as id": (case(id=True), "`$.id`", None),
    "a number with a point as id": (case(id=1.5), "`$.id`", None),
    "invalid UTF-8 beside the id": (
        json.dumps(case(resource="#")).encode().replace(b"#", b"\xff"),
        "UTF-8",
        "c",
    ),
    "half a surrogate pair in a policy": (
        case(identity=[policy(Sid="\ud800")]),
        "no JSON",
        "c",
    ),
}


@pytest.mark.parametrize(("asked", "says", "name"), list(MALFORMED.values()), ids=list(MALFORMED))
def test_malformed(asked: object, says: str, name: object) -> None:
    found = answer(asked)
    assert says in found["error"]
    assert found["id"] == name


TWICE = {
    "id": ('{"id": "c", ', '{"id": "b", "id": "c", ', None),
    "an escaped id": ('{"id": "c", ', '{"\\u0069d": "b", "id": "c", ', None),
    "action": ('"action"', '"action": "s3:PutObject", "action"', "c"),
    "identity": ('"identity"', '"identity": [], "identity"', "c"),
    "context": ('"context"', '"context": {}, "context"', "c"),
    "a context key": ('"a:b"', '"a:b": "x", "a:b"', "c"),
    "an element": ('"Effect"', '"Effect": "Deny", "Effect"', "c"),
    "a condition's key": ('"c:d"', '"c:d": "x", "c:d"', "c"),
}


@pytest.mark.parametrize("name", sorted(TWICE))
def test_a_key_twice_is_malformed(name: str) -> None:
    old, new, called = TWICE[name]
    conditional = policy(Condition={"StringEquals": {"c:d": "x"}})
    text = json.dumps(case(context={"a:b": "x"}, identity=[conditional]))
    assert old in text
    simulation = Simulation()
    assert b"error" not in simulation.answer(text.encode())
    found = json.loads(simulation.answer(text.replace(old, new, 1).encode()))
    assert "twice" in found["error"]
    assert found["id"] == called


def test_each_distinct_policy_is_read_once() -> None:
    documents = Documents()
    one, other = (json.dumps(policy(Sid=sid)).encode() for sid in ("One", "Other"))
    none = Raw(b"")
    first = documents.attached((Raw(b"[%b, %b]" % (one, other)), none, none, none))
    assert documents.attached((Raw(b"[%b, %b]" % (one, other)), none, none, none)) is first
    turned = documents.attached((Raw(b"[%b]" % other), Raw(one), none, none))
    read, again = first.policies.identity[1], turned.policies.identity[0]
    assert again.statements is read.statements
    assert (read.name, again.name) == ("identity[1]", "identity[0]")


# -- the quick way and the whole way ---------------------------------------------------------------

TEXTS = st.text('ab"\\{}[],: identity', max_size=12)
MEMBERS = st.fixed_dictionaries(
    {
        "id": TEXTS | st.integers(-5, 5),
        "context": st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=2), max_size=3),
        "resource": TEXTS.map(lambda text: f"arn:aws:s3:::b/{text}"),
    },
    optional={
        "boundary": st.sampled_from([policy(), policy(Effect="Deny")]),
        "session": st.sampled_from([policy(), policy(Sid="identity")]),
        "x": st.just(1),
    },
)


def distinct(pairs: list[tuple[str, Any]]) -> Case:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("twice")
    return dict(pairs)


@given(
    st.lists(MEMBERS, min_size=1, max_size=4),
    st.randoms(use_true_random=False),
    st.sampled_from([None, (",", ":"), (" ,\t", " : ")]),
)
def test_a_case_means_the_same_whatever_was_read_before(
    cases: list[Case], random: Random, separators: tuple[str, str] | None
) -> None:
    simulation = Simulation()
    for members in cases:
        asked = case(**members)
        names = list(asked)
        if random.random() < 0.5:
            random.shuffle(names)
        text = json.dumps({name: asked[name] for name in names}, separators=separators)
        if random.random() < 0.5:  # a piece of it once more, at a place where members begin
            start = random.choice([i for i, sign in enumerate(text) if sign == '"'])
            end = text.find(",", start) + 1
            text = text[:start] + text[start:end] + text[start:]
        given = simulation.answer(text.encode())
        assert given == Simulation().answer(text.encode())
        try:
            value = json.loads(text, object_pairs_hook=distinct)
        except ValueError:
            value = None
        if value is None or set(value) - {*case(), "boundary", "session"}:
            assert "error" in json.loads(given)
        elif "error" not in json.loads(given):
            assert json.loads(given)["id"] == value["id"]
