"""The tools: a clinic's own data, by its own credentials; for anybody else, a clean refusal."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lambdas.conftest import TIERS, USER, Run, canary, context, identity_headers

from shared import headers
from shared.identity import Caller
from tenantctl.aws.session import Credentials
from tenantctl.domain.tools import TOOLS
from tools import documents, records, tenant_session

if TYPE_CHECKING:
    from tests.lambdas.conftest import Cloud

OTHERS = tuple(tenant for tenant in TIERS if tenant != "clinic-1")
ASKED: Mapping[str, dict[str, object]] = {
    "get_patient_records": {},
    "patient_context": {"patient_id": "clinic-1-P1"},
    "clinic_config": {},
    "current_time": {},
    "retrieve_clinic_documents": {"query": "wound"},
}
"""A good call of each tool, as clinic-1 would make it."""

READING = ("get_patient_records", "patient_context", "retrieve_clinic_documents")
"""The tools that read data, and so need credentials."""


def code(answer: Mapping[str, Any]) -> str:
    """The code of an answer that is an error and nothing else."""
    assert set(answer) == {"error"}, answer
    assert set(answer["error"]) == {"code", "message"}
    return str(answer["error"]["code"])


def holds_others(answer: object, own: str = "clinic-1") -> bool:
    text = json.dumps(answer, ensure_ascii=False)
    return any(canary(tenant) in text for tenant in TIERS if tenant != own)


def test_each_tool_has_its_module() -> None:
    assert set(ASKED) == set(TOOLS)


# -- what they answer ------------------------------------------------------------------------------


def test_records(run: Run) -> None:
    answer = run("get_patient_records")
    assert [p["patient_id"] for p in answer["patients"]] == [f"clinic-1-P{n}" for n in (1, 2, 3)]
    assert answer["more"] is False
    assert answer["patients"][0] == {
        "tenant_id": "clinic-1",
        "patient_id": "clinic-1-P1",
        "age": 41,
        "height": 1.81,
        "conditions": ["asthma"],
        "allergies": [],
        "scan": "AP8=",
        "tags": ["a", "b"],
        "insurance_provider": "Blue",
        "note": canary("clinic-1"),
    }


def test_records_by_limit_and_by_id(run: Run) -> None:
    first = run("get_patient_records", {"limit": 2})
    assert (len(first["patients"]), first["more"]) == (2, True)
    (one,) = run("get_patient_records", {"patient_id": "clinic-1-P3", "limit": 1})["patients"]
    assert one["age"] == 43


def test_context(run: Run) -> None:
    assert run("patient_context", {"patient_id": "clinic-1-P1"}) == {
        "patient_id": "clinic-1-P1",
        "summary": "age: 41; conditions: asthma; allergies: none recorded; note: "
        + canary("clinic-1"),
        "facts": {
            "age": 41,
            "conditions": ["asthma"],
            "allergies": [],
            "note": canary("clinic-1"),
        },
    }


def test_config(run: Run) -> None:
    assert run("clinic_config") == {
        "clinic_id": "clinic-1",
        "tier": "basic",
        "name": "Clínica clinic-1",
        "timezone": "Europe/Berlin",
        "settings": {"beds": 4},
    }


def test_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTCTL_CLOCK", "2026-01-05T19:00:00Z")
    assert run("current_time", {"request_hour": 3}) == {
        "time": "2026-01-05T20:00:00+01:00",
        "timezone": "Europe/Berlin",
        "weekday": "mon",
    }
    monkeypatch.delenv("TENANTCTL_CLOCK")
    told = datetime.fromisoformat(run("current_time")["time"])
    assert abs((datetime.now(told.tzinfo) - told).total_seconds()) < 60


def test_documents(run: Run) -> None:
    passages = run("retrieve_clinic_documents", {"query": "When does the WOUND nurse come?"})
    own = canary("clinic-1")
    assert passages["passages"] == [
        {
            "document": "handbook.md",
            "text": f"The wound nurse comes on Monday. {own}",
            "score": 0.5,
        },
        {"document": "protocols/wounds.txt", "text": "Clean the wound.", "score": 0.333},
    ]
    assert len(run("retrieve_clinic_documents", {"query": "wound a", "limit": 1})["passages"]) == 1
    assert run("retrieve_clinic_documents", {"query": "?!"}) == {"passages": []}


@pytest.mark.parametrize("tenant", TIERS)
def test_each_clinic_has_its_own_answers(run: Run, tenant: str) -> None:
    sent = identity_headers(tenant)
    for tool, asked in ASKED.items():
        arguments = dict(asked)
        if "patient_id" in arguments:
            arguments["patient_id"] = f"{tenant}-P1"
        answer = run(tool, arguments, sent)
        assert "error" not in answer
        assert not holds_others(answer, own=tenant)
        if tool in READING:
            assert canary(tenant) in json.dumps(answer)


def test_headers_are_read_in_any_case(run: Run) -> None:
    sent = {name.lower(): value for name, value in identity_headers().items()}
    assert run("clinic_config", sent=sent)["clinic_id"] == "clinic-1"


# -- hostile input ---------------------------------------------------------------------------------

HOSTILE_IDS = (
    "clinic-10-P1",
    "hospital-1-P1",
    "../clinic-10/P1",
    "clinic-10#P1",
    "*",
    "%",
    "clinic-1-P1%00",
    "' OR '1'='1",
    "clinic-1-p1",
    "clinic-1-P1 ",
    "\uff43linic-1-P1",
    "clinic-1-P\u0661",
)


@pytest.mark.parametrize("patient", HOSTILE_IDS)
@pytest.mark.parametrize("tool", ["get_patient_records", "patient_context"])
def test_ids_that_arent_the_clinics_are_not_found(run: Run, tool: str, patient: str) -> None:
    assert code(run(tool, {"patient_id": patient})) == "NotFound"


WRONG_IDS: tuple[object, ...] = (
    *("", " ", "a\nb", "a\0", "\ud800", "\xe9" * 600),
    *(7, True, 1.5, ["x"], {"S": "x"}),
)
WRONG_LIMITS: tuple[object, ...] = (
    *(0, -1, 101, 10**30, True, 2.0, float("nan"), float("inf")),
    *("5", [1], {}),
)
WRONG = tuple(("patient_id", v) for v in WRONG_IDS) + tuple(("limit", v) for v in WRONG_LIMITS)


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[repr(v)[:20] for _, v in WRONG])
def test_wrong_types_and_sizes_are_refused(run: Run, name: str, value: object) -> None:
    answer = run("get_patient_records", {name: value})
    assert code(answer) == "InvalidInput"
    assert f"`{name}`" in answer["error"]["message"]


@pytest.mark.parametrize("arguments", [[], "x", 7, ["patient_id"]])
def test_arguments_that_are_no_object_are_refused(run: Run, arguments: object) -> None:
    for tool in TOOLS:
        assert code(run(tool, arguments)) == "InvalidInput"


@pytest.mark.parametrize("query", ["", "\n", 5, None, "x" * 1025])
def test_a_question_is_needed(run: Run, query: object) -> None:
    assert code(run("retrieve_clinic_documents", {"query": query})) == "InvalidInput"
    assert code(run("patient_context", {"patient_id": query})) == "InvalidInput"


NAMING = {
    "tenant_id": "clinic-10",
    "clinic_id": "clinic-10",
    "X-Clinic-ID": "clinic-10",
    "tier": "premium",
    "prefix": "basic-tier/clinic-10/",
    "headers": {"X-Clinic-ID": "clinic-10"},
}


@pytest.mark.parametrize("tool", TOOLS)
def test_arguments_that_name_a_clinic_change_nothing(run: Run, tool: str) -> None:
    answer = run(tool, ASKED[tool] | NAMING)
    assert "error" not in answer
    assert not holds_others(answer)


ODD_HEADERS: dict[str, object] = {
    "none": {},
    "null": None,
    "a list": [["X-Clinic-ID", "clinic-1"]],
    "a text": "X-Clinic-ID: clinic-1",
    **{
        f"no {name}": {n: v for n, v in identity_headers().items() if n != name}
        for name in headers.ALL
    },
    **{
        f"{name} twice": identity_headers() | {name.lower(): identity_headers()[name]}
        for name in headers.ALL
    },
    "underscores beside": identity_headers() | {"x_clinic_id": "clinic-10"},
    "a list of values": identity_headers() | {"X-Clinic-ID": ["clinic-1", "clinic-10"]},
    "joined values": identity_headers(X_Clinic_ID="clinic-1,clinic-10"),
    "a wildcard": identity_headers(X_Clinic_ID="clinic-*"),
    "a pattern": identity_headers(X_Clinic_ID="${aws:PrincipalTag/ClinicId}"),
    "a newline": identity_headers(X_Clinic_ID="clinic-1\nX-Tier: premium"),
    "an escaped newline": identity_headers(X_Clinic_ID="clinic-1%0A"),
    "escaped for nothing": identity_headers(X_Clinic_ID="%63linic-1"),
    "half an escape": identity_headers(X_Clinic_ID="clinic-1%"),
    "no UTF-8": identity_headers(X_Clinic_ID="%FF"),
    "not ASCII": identity_headers(X_Clinic_ID="clinic-\u0661"),
    "a slash": identity_headers(X_Clinic_ID="clinic-1/../clinic-10"),
    "upper case": identity_headers(X_Clinic_ID="CLINIC-1"),
    "empty": identity_headers(X_Clinic_ID=""),
    "long": identity_headers(X_Clinic_ID="c" * 300),
    "another prefix": identity_headers(X_S3_Prefix="basic-tier/clinic-10/"),
    "a shorter prefix": identity_headers(X_S3_Prefix="basic-tier/clinic-1"),
    "the whole bucket": identity_headers(X_S3_Prefix=""),
    "a prefix with dots": identity_headers(X_S3_Prefix="basic-tier/clinic-1/../clinic-10/"),
    "another clinic": identity_headers(X_Clinic_ID="clinic-10"),
    "another tier": identity_headers(X_Tier="premium"),
    "an e-mail as user": identity_headers(X_User_ID="jo@clinic.example"),
    "a profile that is none": identity_headers(X_Clinic_Profile="{}"),
    "a profile in pieces": identity_headers(X_Clinic_Profile="e"),
    "a profile that is a list": identity_headers(X_Clinic_Profile="W10"),
}


@pytest.mark.parametrize("sent", ODD_HEADERS.values(), ids=list(ODD_HEADERS))
def test_without_plain_headers_nobody_calls(run: Run, sent: object) -> None:
    for tool, asked in ASKED.items():
        answer = import_module(f"tools.{tool}").handle(asked, context(tool, sent))
        assert code(answer) == "NoIdentity"
    assert run("clinic_config")["clinic_id"] == "clinic-1"


@pytest.mark.parametrize(
    "lambda_context",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(client_context=None),
        SimpleNamespace(client_context=SimpleNamespace(custom=None)),
        SimpleNamespace(client_context=SimpleNamespace(custom={})),
        context("clinic_config", identity_headers()),
    ],
)
def test_only_the_gateway_calls(run: Run, lambda_context: object) -> None:
    from tools.get_patient_records import handle

    assert code(handle({}, lambda_context)) == "NotFromGateway"
    assert "error" not in run("get_patient_records")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    tool=st.sampled_from(sorted(TOOLS)),
    arguments=st.dictionaries(
        st.sampled_from(("patient_id", "limit", "query", "request_hour", "tenant_id")),
        JSON | st.sampled_from(("clinic-10-P1", "clinic-10", "canary", 100)),
    ),
)
def test_no_arguments_reach_another_clinic(run: Run, tool: str, arguments: dict[str, Any]) -> None:
    assert not holds_others(run(tool, arguments))


# -- IAM is what refuses ---------------------------------------------------------------------------


def test_a_wrong_partition_is_refused_by_iam(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in OTHERS:
        monkeypatch.setattr(records, "partition", lambda _call, other=other: other)
        assert code(run("get_patient_records")) == "AccessDenied"
        assert code(run("get_patient_records", {"patient_id": f"{other}-P1"})) == "AccessDenied"
        assert code(run("patient_context", {"patient_id": f"{other}-P1"})) == "AccessDenied"


@pytest.mark.parametrize(
    "prefix",
    ["basic-tier/clinic-10/", "basic-tier/clinic-1", "basic-tier/", "premium-tier/hospital-1/", ""],
)
def test_a_wrong_prefix_is_refused_by_iam(
    run: Run, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    # The prefix and its check in one: both come from the template.
    monkeypatch.setenv("TENANTCTL_PREFIX", prefix)
    sent = identity_headers(X_S3_Prefix=prefix)
    answer = run("retrieve_clinic_documents", {"query": "wound"}, sent)
    assert code(answer) == "AccessDenied"


def test_a_key_outside_the_prefix_is_refused_by_iam(
    run: Run, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "basic-tier/clinic-10/handbook.md"
    assert cloud.aws.client("s3").head_object(Bucket="clinic-documents", Key=key)
    monkeypatch.setattr(documents, "keys", lambda _call: [key])
    assert code(run("retrieve_clinic_documents", {"query": "wound"})) == "AccessDenied"


def test_the_functions_own_role_reaches_no_data(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "error" not in run("get_patient_records")

    def untagged(_settings: object, _caller: Caller) -> tenant_session.TenantSession:
        return tenant_session.TenantSession({})

    monkeypatch.setattr("tools.call.tenant_session", untagged)
    assert code(run("get_patient_records")) == "AccessDenied"
    assert code(run("retrieve_clinic_documents", {"query": "wound"})) == "AccessDenied"


def test_no_session_is_vended_without_its_tags(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTCTL_VENDING_ROLE_ARN", "arn:aws:iam::123456789012:role/elsewhere")
    for tool in READING:
        assert code(run(tool, ASKED[tool])) == "AccessDenied"
    for tool in set(TOOLS) - set(READING):
        assert "error" not in run(tool, ASKED[tool])


# -- sessions --------------------------------------------------------------------------------------


def test_a_session_is_kept_for_its_caller_alone(run: Run) -> None:
    tenant_session.kept.clear()
    other_user = identity_headers(X_User_ID="00000000-0000-0000-0000-000000000001")
    for sent in (identity_headers(), other_user, identity_headers("clinic-10")):
        for _ in range(2):
            run("get_patient_records", sent=sent)
    callers = [caller for _, caller in tenant_session.kept]
    assert callers == [
        Caller("basic", "clinic-1", USER),
        Caller("basic", "clinic-1", "00000000-0000-0000-0000-000000000001"),
        Caller("basic", "clinic-10", USER),
    ]
    assert len({s.keys["aws_access_key_id"] for _, s in tenant_session.kept.values()}) == 3
    assert "aws_secret_access_key" not in repr(list(tenant_session.kept.values()))


def test_a_session_bears_the_three_tags_for_good(run: Run, cloud: Cloud) -> None:
    run("get_patient_records")
    _, session = tenant_session.kept[
        cloud.names.vending_role_arn, Caller("basic", "clinic-1", USER)
    ]
    acting = cloud.aws.acting_as(
        Credentials(
            session.keys["aws_access_key_id"],
            session.keys["aws_secret_access_key"],
            session.keys["aws_session_token"],
        )
    )
    arn = acting.client("sts").get_caller_identity()["Arn"]
    assert "/clinic-1." in arn
    with pytest.raises(ClientError, match="transitive tag keys"):
        acting.client("sts").assume_role(
            RoleArn=cloud.names.vending_role_arn,
            RoleSessionName="again",
            Tags=[{"Key": "ClinicId", "Value": "clinic-10"}],
        )


# -- what can be missing ---------------------------------------------------------------------------


def test_a_pool_without_tables_and_buckets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENANTCTL_TABLE")
    monkeypatch.delenv("TENANTCTL_BUCKET")
    monkeypatch.setenv("TENANTCTL_PREFIX", "-")
    sent = identity_headers(X_S3_Prefix="-")
    for tool in READING:
        assert code(run(tool, ASKED[tool], sent)) == "NotConfigured"
    assert run("clinic_config", sent=sent)["clinic_id"] == "clinic-1"


def test_what_aws_says_stays_in_the_log(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    table = json.loads(os.environ["TENANTCTL_TABLE"]) | {"sort_key": "of_another_name"}
    monkeypatch.setenv("TENANTCTL_TABLE", json.dumps(table))
    answer = run("patient_context", {"patient_id": "clinic-1-P1"})
    assert code(answer) == "Unavailable"
    assert answer["error"]["message"] == "reading the record failed"
    assert "reading the record: ValidationException" in caplog.text
    assert USER not in caplog.text
