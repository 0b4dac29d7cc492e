"""The interceptor: the token says who calls, the clinic's clock the time; the rest is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lambdas.conftest import (
    USER,
    ZONES,
    Answer,
    begin_anew,
    canary,
    event,
    forwarded,
    jwt,
    refused,
    token,
    tool_call,
)

from interceptor import registry
from shared import clinic_clock, headers
from tenantctl.domain import clock
from tenantctl.domain import headers as domain_headers
from tenantctl.domain.tools import TOOLS

if TYPE_CHECKING:
    from tests.lambdas.conftest import Cloud

Intercept = Callable[[object], Answer]

LIST = {"jsonrpc": "2.0", "id": "a", "method": "tools/list"}
PREFIX = "basic-tier/clinic-1/"


def test_it_speaks_as_the_rest_of_the_pool() -> None:
    assert headers.ALL == domain_headers.PROPAGATED_HEADERS
    assert clinic_clock.HOUR_INPUT == clock.HOUR_INPUT
    assert clinic_clock.WEEKDAY_INPUT == clock.WEEKDAY_INPUT
    assert clinic_clock.WEEKDAYS == clock.WEEKDAYS
    assert len(headers.ALL) <= 10  # the gateway passes on no more


def test_the_token_decides_who_calls(intercept: Intercept) -> None:
    sent, body = forwarded(intercept(event(LIST)))
    profile = headers.unpacked(sent.pop("X-Clinic-Profile"))
    assert sent == {
        "X-Tier": "basic",
        "X-Clinic-ID": "clinic-1",
        "X-S3-Prefix": PREFIX,
        "X-User-ID": USER,
    }
    settings_ = {"beds": 4, "known_by": canary("clinic-1")}
    assert profile == {
        "name": "Clínica clinic-1",
        "timezone": "Europe/Berlin",
        "settings": settings_,
    }
    assert body == LIST


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])  # RFC 9110, 11.1: in any case
def test_the_token_is_found_in_any_case(intercept: Intercept, name: str, scheme: str) -> None:
    sent, _ = forwarded(intercept(event(LIST, {name: f"{scheme} {token()}"})))
    assert sent["X-Clinic-ID"] == "clinic-1"


SPOOFED = (
    "X-Clinic-ID",
    "x-clinic-id",
    "X-CLINIC-ID",
    "X_Clinic_ID",
    "x-clinic_id",
    " X-Clinic-ID ",
    "X-Tier",
    "x_tier",
    "X-S3-Prefix",
    "x-s3-PREFIX",
    "X_S3_Prefix",
    "X-User-Id",
    "x-clinic-profile",
)


@pytest.mark.parametrize("spelling", SPOOFED)
@pytest.mark.parametrize("value", ["clinic-10", "clinic-1\nX-Tier: premium", "*", ""])
def test_spoofed_headers_go_no_further(intercept: Intercept, spelling: str, value: str) -> None:
    honest, _ = forwarded(intercept(event(LIST)))
    given = {"authorization": f"Bearer {token()}", spelling: value, "x-trace": "1"}
    sent, _ = forwarded(intercept(event(LIST, given)))
    assert sent == honest


def test_all_spellings_at_once_go_no_further(intercept: Intercept) -> None:
    given = dict.fromkeys(SPOOFED, "clinic-10") | {"Authorization": f"Bearer {token()}"}
    sent, _ = forwarded(intercept(event(LIST, given)))
    assert sorted(sent) == sorted(headers.ALL)
    assert "clinic-10" not in json.dumps(sent)
    assert token() not in json.dumps(sent)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    spoofed=st.dictionaries(
        st.sampled_from(headers.ALL).flatmap(
            lambda name: st.tuples(
                *(st.sampled_from((c.lower(), c.upper(), "_" if c == "-" else c)) for c in name)
            ).map("".join)
        ),
        st.text(),
        max_size=6,
    )
)
def test_no_spelling_of_a_header_is_passed_on(
    intercept: Intercept, spoofed: dict[str, str]
) -> None:
    honest, _ = forwarded(intercept(event(LIST)))
    sent, _ = forwarded(intercept(event(LIST, {**spoofed, "authorization": f"Bearer {token()}"})))
    assert sent == honest


# -- the clock -------------------------------------------------------------------------------------

# Moments around the changes of the clocks, as https://www.timeanddate.com/time/change/ lists them.
MOMENTS = (
    ("UTC", "2026-01-05T07:59:59Z", 7, "mon"),
    ("UTC", "2026-01-05T08:00:00Z", 8, "mon"),
    ("Europe/Berlin", "2026-03-29T00:59:59Z", 1, "sun"),  # summer time begins: 02:00 is left out
    ("Europe/Berlin", "2026-03-29T01:00:00Z", 3, "sun"),
    ("Europe/Berlin", "2026-10-25T00:30:00Z", 2, "sun"),  # it ends: 02:30 comes twice
    ("Europe/Berlin", "2026-10-25T01:30:00Z", 2, "sun"),
    ("America/New_York", "2026-03-08T06:59:59Z", 1, "sun"),
    ("America/New_York", "2026-03-08T07:00:00Z", 3, "sun"),
    ("America/New_York", "2026-11-02T04:59:59Z", 23, "sun"),
    ("Asia/Kolkata", "2026-01-05T18:29:59Z", 23, "mon"),  # +05:30
    ("Asia/Kolkata", "2026-01-05T18:30:00Z", 0, "tue"),
    ("Asia/Kathmandu", "2026-01-05T02:14:59Z", 7, "mon"),  # +05:45
    ("Asia/Kathmandu", "2026-01-05T02:15:00Z", 8, "mon"),
    ("America/St_Johns", "2026-01-05T11:29:59Z", 7, "mon"),  # -03:30
    ("America/St_Johns", "2026-01-05T11:30:00Z", 8, "mon"),
    ("Australia/Lord_Howe", "2026-04-04T14:59:59Z", 1, "sun"),  # the clock goes back half an hour
    ("Australia/Lord_Howe", "2026-04-04T15:29:59Z", 1, "sun"),
    ("Australia/Lord_Howe", "2026-04-04T15:30:00Z", 2, "sun"),
    ("Pacific/Kiritimati", "2026-01-05T10:00:00Z", 0, "tue"),  # +14:00
    ("Pacific/Pago_Pago", "2026-01-05T10:59:59Z", 23, "sun"),  # -11:00
    ("Asia/Calcutta", "2026-01-05T18:30:00Z", 0, "tue"),  # an old name
)


@pytest.mark.parametrize("row", MOMENTS, ids=lambda row: f"{row[0]} {row[1]}")
def test_the_clinics_clock_overwrites_the_callers(
    intercept: Intercept,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    row: tuple[str, str, int, str],
) -> None:
    zone, moment, hour, weekday = row
    cloud.enrol("clinic-clock", timezone=zone)
    monkeypatch.setenv("TENANTCTL_CLOCK", moment)
    sent = {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-clock"})}
    for forged in ({}, {"request_hour": 9, "request_weekday": "mon"}, {"request_hour": "9"}):
        body = tool_call(patient_id="P1", **forged)
        _, forwarded_body = forwarded(intercept(event(body, sent)))
        assert forwarded_body["params"]["arguments"] == {
            "patient_id": "P1",
            "request_hour": hour,
            "request_weekday": weekday,
        }
        assert forwarded_body["id"] == 7


def test_without_time_zones_of_the_system_boto3s_are_read() -> None:
    script = (
        "import sys, json, zoneinfo\n"
        "from datetime import datetime\n"
        "sys.path.insert(0, sys.argv[1]); sys.modules['tzdata'] = None\n"
        "zoneinfo.reset_tzpath(to=())\n"
        "from shared.clinic_clock import inputs, zone\n"
        "assert not zoneinfo.available_timezones()\n"
        "for name, moment in json.load(sys.stdin):\n"
        "    made = inputs(datetime.fromisoformat(moment).astimezone(zone(name)))\n"
        "    print(made['request_hour'], made['request_weekday'])\n"
    )
    code = Path(__file__).parents[2] / "templates" / "lambda"
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", script, str(code)],
        input=json.dumps([row[:2] for row in MOMENTS]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"{hour} {day}" for _, _, hour, day in MOMENTS]


def test_the_real_clock_runs_where_none_is_set(intercept: Intercept) -> None:
    from datetime import UTC, datetime

    before = datetime.now(UTC)
    _, body = forwarded(intercept(event(tool_call(patient_id="P1", request_hour=99))))
    after = datetime.now(UTC)
    zone = clinic_clock.zone(ZONES["clinic-1"])
    possible = [clinic_clock.inputs(moment.astimezone(zone)) for moment in (before, after)]
    assert {k: v for k, v in body["params"]["arguments"].items() if k != "patient_id"} in possible


@pytest.mark.parametrize(
    "endpoint", [None, "https://dynamodb.us-east-1.amazonaws.com", "http://127.0.0.1.example"]
)
def test_only_the_embedded_clouds_clock_can_be_set(
    intercept: Intercept, monkeypatch: pytest.MonkeyPatch, endpoint: str | None
) -> None:
    forwarded(intercept(event(LIST)))  # the registry's entry is kept from here on
    monkeypatch.setenv("TENANTCTL_CLOCK", "2026-01-05T09:00:00Z")
    forwarded(intercept(event(tool_call(patient_id="P1"))))
    if endpoint is None:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert refused(intercept(event(tool_call(patient_id="P1")))) == (
        503,
        "only the embedded cloud's clock can be set",
    )


@pytest.mark.parametrize("set_to", ["2026-01-05T09:00:00", "noon", ""])
def test_a_clock_that_is_set_wrongly_refuses(
    intercept: Intercept, monkeypatch: pytest.MonkeyPatch, set_to: str
) -> None:
    monkeypatch.setenv("TENANTCTL_CLOCK", set_to)
    assert refused(intercept(event(tool_call(patient_id="P1"))))[0] == 503


@pytest.mark.parametrize(
    ("params", "arguments"),
    [
        ({"name": TOOLS["clinic_config"].action}, {"request_hour", "request_weekday"}),
        (
            {"name": TOOLS["clinic_config"].action, "arguments": None},
            {"request_hour", "request_weekday"},
        ),
        (
            {
                "name": "x_amz_bedrock_agentcore_search",
                "arguments": {"query": "q", "request_hour": 9},
            },
            {"query"},
        ),
        ({"name": "other___tool", "arguments": {"request_weekday": "mon"}}, set()),
        ({"name": "patient_context", "arguments": {"request_hour": 9}}, set()),
    ],
)
def test_the_clock_is_set_where_a_tool_declares_it(
    intercept: Intercept, params: dict[str, object], arguments: set[str]
) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    _, sent = forwarded(intercept(event(body)))
    assert set(sent["params"]["arguments"]) == arguments
    assert sent["params"]["name"] == params["name"]


@pytest.mark.parametrize(
    "body",
    [
        LIST,
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "x"}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "ping"},
    ],
)
def test_other_messages_pass_as_they_are(intercept: Intercept, body: dict[str, object]) -> None:
    assert forwarded(intercept(event(body)))[1] == body


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        [tool_call(patient_id="P1")],
        [],
        None,
        "tools/call",
        '{"method": "tools/call"}',
        7,
        {},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "method": ["tools/call"]},
        {"jsonrpc": "2.0", "id": 1, "method": "Tools/Call"},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call "},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call\u0000"},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call"},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"arguments": {}}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 1}},
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "t", "arguments": []},
        },
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "t", "arguments": "{}"},
        },
    ],
)
def test_a_body_that_is_no_message_is_refused(intercept: Intercept, body: object) -> None:
    answer = intercept(event(body))
    assert refused(answer)[0] == 400
    error = answer["mcp"]["transformedGatewayResponse"]["body"]
    assert error["error"]["code"] == -32600  # https://www.jsonrpc.org/specification#error_object
    assert error["id"] == (1 if isinstance(body, dict) and "id" in body else None)


TWICE = (
    '{"sub": "%s", "token_use": "id", "custom:tier": "basic", '
    '"custom:tenant_id": "clinic-1", "custom:tenant_id": "clinic-10"}'
)
GOOD = token()
ODD_TOKENS: dict[str, dict[str, object]] = {
    "no header": {},
    "no token": {"authorization": ""},
    "another scheme": {"authorization": f"Basic {GOOD}"},
    "two headers": {"authorization": f"Bearer {GOOD}", "Authorization": f"Bearer {GOOD}"},
    "two tokens": {"authorization": f"Bearer {GOOD}, Bearer {GOOD}"},
    "a list": {"authorization": [f"Bearer {GOOD}"]},
    "a line more": {"authorization": f"Bearer {GOOD}\n"},
    "two parts": {"authorization": "Bearer a.b"},
    "four parts": {"authorization": f"Bearer {GOOD}.x"},
    "not base64": {"authorization": "Bearer a.a.a"},
    "not JSON": {"authorization": "Bearer " + jwt(None, text="{")},
    "not UTF-8": {"authorization": "Bearer e30.__8.x"},
    "no object": {"authorization": "Bearer " + jwt(["sub"])},
    "nested deeply": {"authorization": "Bearer " + jwt(None, text="[" * 9000)},
    "a claim twice": {"authorization": "Bearer " + jwt(None, text=TWICE % USER)},
    "too long": {"authorization": "Bearer " + token(filler="x" * 20_000)},
    "an access token": {"authorization": "Bearer " + token(token_use="access")},
    "no use": {"authorization": "Bearer " + token(token_use=None)},
    "no tenant": {"authorization": "Bearer " + token(**{"custom:tenant_id": None})},
    "an empty tenant": {"authorization": "Bearer " + token(**{"custom:tenant_id": ""})},
    "a list of tenants": {"authorization": "Bearer " + token(**{"custom:tenant_id": ["clinic-1"]})},
    "a number": {"authorization": "Bearer " + token(**{"custom:tenant_id": 1})},
    "a wildcard": {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-*"})},
    "a path": {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-1/../clinic-10"})},
    "a line's end": {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-1\n"})},
    "upper case": {"authorization": "Bearer " + token(**{"custom:tenant_id": "CLINIC-1"})},
    "full width": {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-\uff11"})},
    "no tier": {"authorization": "Bearer " + token(**{"custom:tier": None})},
    "another tier": {"authorization": "Bearer " + token(**{"custom:tier": "premium"})},
    "a tier with a slash": {"authorization": "Bearer " + token(**{"custom:tier": "basic/x"})},
    "no user": {"authorization": "Bearer " + token(sub=None)},
    "an e-mail as user": {"authorization": "Bearer " + token(sub="jo@clinic.example")},
    "an unknown clinic": {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-2"})},
}


@pytest.mark.parametrize("sent", ODD_TOKENS.values(), ids=list(ODD_TOKENS))
def test_an_odd_token_is_refused(intercept: Intercept, sent: dict[str, object]) -> None:
    for body in (tool_call(patient_id="P1"), LIST):
        status, message = refused(intercept(event(body, sent)))
        assert status == 403
        for value in sent.values():
            assert not value or str(value) not in message


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        [],
        {"mcp": None},
        {"mcp": {"gatewayRequest": "x"}},
        {"mcp": {"gatewayRequest": {"body": LIST}}},  # `passRequestHeaders` isn't set
        {"http": {"gatewayRequest": {"headers": {}, "body": ""}}},
    ],
)
def test_an_event_of_another_form_is_refused(intercept: Intercept, given: object) -> None:
    assert refused(intercept(given))[0] == 403


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "onboarding"}, 403),
        ({"status": "suspended"}, 403),
        ({"status": ""}, 403),
        ({"tier": "premium"}, 403),
        ({"id": "clinic-1"}, 403),
        ({"timezone": ""}, 503),
        ({"timezone": "Mars/Olympus"}, 503),
        ({"timezone": "../../etc/passwd"}, 503),
        ({"attributes": "{"}, 503),
        ({"name": "x" * 4000}, 503),
    ],
)
def test_a_clinic_that_isnt_in_order_is_refused(
    intercept: Intercept, cloud: Cloud, changes: dict[str, str], status: int
) -> None:
    cloud.enrol("clinic-odd", **changes)
    sent = {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-odd"})}
    assert refused(intercept(event(LIST, sent)))[0] == status


def test_settings_that_are_too_long_are_left_out(intercept: Intercept, cloud: Cloud) -> None:
    cloud.enrol("clinic-long", attributes=json.dumps({"text": "ü" * 4000}))
    sent = {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-long"})}
    given, _ = forwarded(intercept(event(LIST, sent)))
    assert headers.unpacked(given["X-Clinic-Profile"])["settings"] is None
    assert all(len(value) <= 4096 for value in given.values())


def test_without_the_registry_everything_is_refused(
    intercept: Intercept, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("TENANTCTL_REGISTRY", "patient-records")  # which its role may not read
    assert refused(intercept(event(LIST)))[0] == 503
    monkeypatch.setenv("TENANTCTL_REGISTRY", cloud.names.registry_table)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where nobody listens
    begin_anew()
    assert refused(intercept(event(LIST)))[0] == 503
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    begin_anew()
    forwarded(intercept(event(LIST)))


@pytest.mark.parametrize(
    "name",
    ["TENANTCTL_IDENTITY", "TENANTCTL_PREFIX", "TENANTCTL_REGISTRY", "TENANTCTL_CLOCKED_TOOLS"],
)
def test_without_its_environment_it_refuses(
    intercept: Intercept, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    assert refused(intercept(event(tool_call(patient_id="P1"))))[0] == 500


def test_a_clinic_is_read_anew_after_a_minute(
    intercept: Intercept, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    cloud.enrol("clinic-left")
    sent = {"authorization": "Bearer " + token(**{"custom:tenant_id": "clinic-left"})}
    forwarded(intercept(event(LIST, sent)))
    cloud.enrol("clinic-left", status="offboarded")
    forwarded(intercept(event(LIST, sent)))  # what a minute's memory costs
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + registry.KEPT_SECONDS)
    assert refused(intercept(event(LIST, sent))) == (403, "the clinic isn't active")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("method", "params", "name", "arguments", "id")) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(body=JSON, arguments=JSON)
def test_whatever_is_sent_goes_on_as_the_callers_or_not_at_all(
    intercept: Intercept, body: object, arguments: object
) -> None:
    honest, _ = forwarded(intercept(event(LIST)))
    call = {
        "method": "tools/call",
        "params": {"name": TOOLS["clinic_config"].action, "arguments": arguments},
    }
    for message in (body, call):
        answer = intercept(event(message))
        if "transformedGatewayRequest" in answer["mcp"]:
            sent, forwarded_body = forwarded(answer)
            assert sent == honest
            if forwarded_body["method"] == "tools/call" and message is call:
                assert isinstance(forwarded_body["params"]["arguments"]["request_hour"], int)
        else:
            refused(answer)
