"""Sessions: who may have one, what it carries, what it can't pass on, when it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tenantctl.aws.session import Aws, Credentials
from tenantctl.local.cloud import Cloud
from tenantctl.local.sts.session import Session, seal, secret_of, unseal

ACCOUNT = "123456789012"
Role = Callable[..., str]

OPERATOR = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/operator"}
TAGS = [{"Key": "Tier", "Value": "basic"}, {"Key": "ClinicId", "Value": "clinic-1"}]
VENDS = {
    "Effect": "Allow",
    "Principal": OPERATOR,
    "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
}


def arn_of(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def assume(aws: Aws, name: str, **more: object) -> dict[str, Any]:
    client: Any = aws.client("sts")
    answer: dict[str, Any] = client.assume_role(
        **{"RoleArn": arn_of(name), "RoleSessionName": "session", **more}
    )
    return answer


def acting(aws: Aws, answer: dict[str, Any]) -> Aws:
    keys = answer["Credentials"]
    return aws.acting_as(
        Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    )


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture(scope="module", autouse=True)
def roles(aws: Aws) -> None:
    iam = aws.client("iam")
    trusts: dict[str, list[Any]] = {
        "open": [VENDS],
        "untagged": [{**VENDS, "Action": "sts:AssumeRole"}],
        "tagged": [
            {
                **VENDS,
                "Condition": {
                    "StringLike": {"aws:RequestTag/Tier": "?*", "aws:RequestTag/ClinicId": "?*"},
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["Tier", "ClinicId"]},
                },
            }
        ],
        "elsewhere": [{**VENDS, "Principal": {"AWS": arn_of("open")}}],
        "service": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ],
        "other-service": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
        "short": [VENDS],
    }
    for name, trust in trusts.items():
        iam.create_role(
            RoleName=name,
            MaxSessionDuration=7200,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
        )
    iam.put_role_policy(
        RoleName="open",
        PolicyName="all",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
            }
        ),
    )


def test_a_session_is_who_it_says(aws: Aws) -> None:
    answer = assume(aws, "open", Tags=TAGS)
    session = acting(aws, answer)
    who = session.client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/open/session"
    assert who["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert 0 < answer["PackedPolicySize"] <= 100
    left = answer["Credentials"]["Expiration"].timestamp() - time.time()
    assert 3590 < left <= 3600


def test_a_role_is_assumed_by_whom_it_trusts(aws: Aws) -> None:
    """The operator may do everything, and yet a trust policy decides."""
    assert refused(lambda: assume(aws, "elsewhere")) == "AccessDenied"
    assert refused(lambda: assume(aws, "missing")) == "AccessDenied"
    assert refused(lambda: assume(aws, "service")) == "AccessDenied"
    chained = acting(aws, assume(aws, "open"))
    assert assume(chained, "elsewhere")["AssumedRoleUser"]


def test_the_agentcore_service_is_a_principal(aws: Aws) -> None:
    assert aws.runtime is not None
    runtime = aws.acting_as(aws.runtime)
    session = acting(aws, assume(runtime, "service"))
    assert (
        session.client("sts").get_caller_identity()["Arn"].endswith("assumed-role/service/session")
    )
    assert refused(lambda: assume(runtime, "other-service")) == "AccessDenied"
    assert refused(lambda: assume(runtime, "open")) == "AccessDenied"
    assert refused(lambda: runtime.client("dynamodb").list_tables()) == "AccessDeniedException"


def test_tags_take_an_action_of_their_own(aws: Aws) -> None:
    assert assume(aws, "untagged")
    assert refused(lambda: assume(aws, "untagged", Tags=TAGS)) == "AccessDenied"


def test_a_trust_policy_can_demand_tags_and_admit_no_others(aws: Aws) -> None:
    assert assume(aws, "tagged", Tags=TAGS)
    for tags in ([], TAGS[:1], TAGS[1:], [*TAGS, {"Key": "More", "Value": "x"}]):
        assert refused(partial(assume, aws, "tagged", Tags=tags)) == "AccessDenied"
    empty = [TAGS[0], {"Key": "ClinicId", "Value": ""}]
    assert refused(lambda: assume(aws, "tagged", Tags=empty)) == "AccessDenied"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"RoleSessionName": "with space"}, "ValidationError"),
    ({"RoleSessionName": "x" * 65}, "ValidationError"),
    ({"SourceIdentity": "a b"}, "ValidationError"),
    ({"ExternalId": "a b"}, "ValidationError"),
    ({"DurationSeconds": 43201}, "ValidationError"),
    ({"DurationSeconds": 7201}, "ValidationError"),
    ({"Tags": [{"Key": "Tier", "Value": "a*"}]}, "ValidationError"),
    ({"Tags": [{"Key": "Tier", "Value": "a?"}]}, "ValidationError"),
    ({"Tags": [{"Key": "Tier", "Value": "${x}"}]}, "ValidationError"),
    ({"Tags": [{"Key": "k" * 129, "Value": "a"}]}, "ValidationError"),
    ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "ValidationError"),
    ({"Tags": [{"Key": "aws:x", "Value": "v"}]}, "InvalidParameterValue"),
    (
        {"Tags": [{"Key": "Tier", "Value": "a"}, {"Key": "tier", "Value": "b"}]},
        "InvalidParameterValue",
    ),
    ({"Tags": [{"Key": f"k{i}", "Value": "v"} for i in range(51)]}, "ValidationError"),
    ({"Tags": TAGS, "TransitiveTagKeys": ["Other"]}, "InvalidParameterValue"),
    ({"TransitiveTagKeys": ["Tier"]}, "InvalidParameterValue"),
    ({"Policy": "{"}, "MalformedPolicyDocument"),
    ({"Policy": "x" * 2049}, "ValidationError"),
    ({"PolicyArns": [{"arn": "arn:aws:iam::123456789012:policy/none"}]}, "ValidationError"),
    ({"SerialNumber": "arn:aws:iam::123456789012:mfa/x", "TokenCode": "123456"}, "ValidationError"),
]


@pytest.mark.parametrize(("params", "wanted"), WRONG, ids=[str(p)[:50] for p, _ in WRONG])
def test_what_sts_refuses_before_it_asks_a_policy(
    aws: Aws, params: dict[str, Any], wanted: str
) -> None:
    assert refused(lambda: assume(aws, "open", **params)) == wanted


def test_too_much_for_a_token(aws: Aws) -> None:
    import random

    rng = random.Random(0)  # noqa: S311 - test data
    tags = [
        {"Key": f"k{i}", "Value": "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123", k=256))}
        for i in range(10)
    ]
    assert refused(lambda: assume(aws, "open", Tags=tags)) == "PackedPolicyTooLarge"


def test_role_chaining_hands_transitive_tags_down_unchanged(aws: Aws) -> None:
    first = acting(aws, assume(aws, "open", Tags=TAGS, TransitiveTagKeys=["ClinicId"]))
    for key in ("ClinicId", "clinicid"):
        retagged = [{"Key": key, "Value": "clinic-10"}]
        code = refused(partial(assume, first, "elsewhere", Tags=retagged))
        assert code == "InvalidParameterValue"
    again = assume(first, "elsewhere", Tags=[{"Key": "Tier", "Value": "premium"}])
    second = unseal_of(aws, again)
    assert dict(second.tags) == {"ClinicId": "clinic-1", "Tier": "premium"}
    assert second.transitive == ("ClinicId",)


def unseal_of(aws: Aws, answer: dict[str, Any]) -> Session:
    from tenantctl.local.connect import opened

    cloud = opened()
    assert cloud is not None
    assert aws
    found = unseal(answer["Credentials"]["SessionToken"], cloud.keys.session_key)
    assert found is not None
    return found


def test_a_chained_session_lasts_an_hour_at_most(aws: Aws) -> None:
    assert assume(aws, "open", DurationSeconds=7200)
    first = acting(aws, assume(aws, "open"))
    assert assume(first, "elsewhere", DurationSeconds=3600)
    assert refused(lambda: assume(first, "elsewhere", DurationSeconds=3601)) == "ValidationError"


def test_handing_tags_down_needs_tagsession(aws: Aws) -> None:
    aws.client("iam").create_role(
        RoleName="next-untagged",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": arn_of("open")},
                    "Action": "sts:AssumeRole",
                },
            }
        ),
    )
    plain = acting(aws, assume(aws, "open", Tags=TAGS))
    assert assume(plain, "next-untagged")
    sticky = acting(aws, assume(aws, "open", Tags=TAGS, TransitiveTagKeys=["Tier"]))
    assert refused(lambda: assume(sticky, "next-untagged")) == "AccessDenied"


def test_a_source_identity_stays(aws: Aws) -> None:
    first = acting(aws, assume(aws, "open", SourceIdentity="alice"))
    assert assume(first, "elsewhere")["SourceIdentity"] == "alice"
    assert refused(lambda: assume(first, "elsewhere", SourceIdentity="bob")) == "AccessDenied"


def test_a_session_policy_narrows(aws: Aws) -> None:
    allow = {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
    session = acting(aws, assume(aws, "open", Policy=policy))
    assert "TableNames" in session.client("dynamodb").list_tables()
    assert refused(lambda: session.client("s3").list_buckets()) == "AccessDenied"
    arn = aws.client("iam").create_policy(
        PolicyName="buckets",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": {**allow, "Action": "s3:ListAllMyBuckets"}}
        ),
    )["Policy"]["Arn"]
    both = acting(aws, assume(aws, "open", Policy=policy, PolicyArns=[{"arn": arn}]))
    assert "Buckets" in both.client("s3").list_buckets()
    assert refused(lambda: both.client("iam").list_roles()) == "AccessDenied"


def test_a_session_ends(aws: Aws, cloud: Cloud) -> None:
    """The caller's clock is right; it is the session that is over."""
    keys = cloud.keys
    role_id = aws.client("iam").get_role(RoleName="open")["Role"]["RoleId"]
    now = int(time.time())
    ended = Session(
        "ASIAEXAMPLEEXAMPLE00", "aws", ACCOUNT, "open", role_id, "s", now - 900, now - 1
    )
    token = seal(ended, keys.session_key)
    over = aws.acting_as(Credentials(ended.access_key, secret_of(token, keys.session_key), token))
    assert refused(lambda: over.client("sts").get_caller_identity()) == "ExpiredToken"
    assert refused(lambda: over.client("s3").list_buckets()) == "ExpiredToken"
    assert refused(lambda: over.client("dynamodb").list_tables()) == "ExpiredTokenException"


def test_a_token_belongs_to_its_key(aws: Aws) -> None:
    one = assume(aws, "open")["Credentials"]
    two = assume(aws, "open")["Credentials"]
    mixed: list[tuple[str, str, str | None, str]] = [
        (one["AccessKeyId"], one["SecretAccessKey"], two["SessionToken"], "InvalidClientTokenId"),
        (one["AccessKeyId"], two["SecretAccessKey"], one["SessionToken"], "SignatureDoesNotMatch"),
        (two["AccessKeyId"], one["SecretAccessKey"], one["SessionToken"], "InvalidClientTokenId"),
        (one["AccessKeyId"], one["SecretAccessKey"], None, "InvalidClientTokenId"),
        (one["AccessKeyId"], one["SecretAccessKey"], "1.x.y", "InvalidClientTokenId"),
    ]
    for key, secret, token, wanted in mixed:
        caller = aws.acting_as(Credentials(key, secret, token))
        assert refused(caller.client("sts").get_caller_identity) == wanted


def test_a_role_made_anew_is_not_the_one_that_was_assumed(aws: Aws, role: Role) -> None:
    role("shortlived", trust=[VENDS])
    session = acting(aws, assume(aws, "shortlived"))
    assert session.client("sts").get_caller_identity()
    aws.client("iam").delete_role(RoleName="shortlived")
    assert refused(lambda: session.client("sts").get_caller_identity()) == "InvalidClientTokenId"
    role("shortlived", trust=[VENDS])
    assert refused(lambda: session.client("sts").get_caller_identity()) == "InvalidClientTokenId"


@pytest.mark.parametrize(
    "operation", ["get_session_token", "get_federation_token", "assume_role_with_web_identity"]
)
def test_other_ways_to_a_session_are_closed_by_name(aws: Aws, operation: str) -> None:
    params: dict[str, dict[str, str]] = {
        "get_federation_token": {"Name": "name"},
        "assume_role_with_web_identity": {
            "RoleArn": arn_of("open"),
            "RoleSessionName": "session",
            "WebIdentityToken": "token",
        },
    }
    client: Any = aws.client("sts")
    code = refused(lambda: getattr(client, operation)(**params.get(operation, {})))
    assert code in {"AccessDenied", "MissingAuthenticationToken"}


text = st.text(st.characters(codec="utf-8"), max_size=40)


@given(
    tags=st.lists(st.tuples(text, text), max_size=5), policy=st.none() | text, flip=st.integers(0)
)
def test_a_token_says_what_was_sealed_or_nothing(
    tags: list[tuple[str, str]], policy: str | None, flip: int
) -> None:
    session = Session(
        "ASIA", "aws", ACCOUNT, "role", "AROA", "name", 1, 2, tuple(tags), policy=policy
    )
    token = seal(session, b"key")
    assert unseal(token, b"key") == session
    assert unseal(token, b"other") is None
    at = flip % len(token)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    assert unseal(changed, b"key") is None
