"""Examining tokens without a cloud: complete reasons, and nothing that odd texts can break."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jwt.api_jws import PyJWS
from tests.vending.test_token import FORGED, ISSUER, KEY, payload, raw, signed

from tenantctl.domain.pool import Identity
from tenantctl.errors import TokenError
from tenantctl.vending.token import verify
from tenantctl.vending.token_checks import Outcome, examine, span
from tenantctl.vending.token_text import decode
from tenantctl.vending.token_view import claim_rows, document, header_rows, summary

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
NAMES = st.sampled_from(
    ["iss", "aud", "exp", "iat", "nbf", "sub", "token_use", "custom:tenant_id", "custom:tier"]
)
LIKELY = st.sampled_from(
    [0, -1, int(time.time()), 2**31, 2**63, 10**400, "id", "access", "clinic-1", "*", ISSUER.url]
)
UNSIGNED = signed(payload())


def as_text(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


@pytest.mark.parametrize("name", FORGED)
def test_what_the_verifier_refuses_has_a_failing_check(name: str) -> None:
    found = examine(FORGED[name][0](), ISSUER, Identity(), now=time.time())
    assert Outcome.FAILED in {c.outcome for c in found.checks}
    assert not found.believed


@given(
    changes=st.dictionaries(NAMES, LIKELY | JSON, max_size=4), dropped=st.sets(NAMES, max_size=2)
)
@example(changes={"exp": 2**63}, dropped=set())
@example(changes={"exp": 10**400}, dropped=set())
@example(changes={"iat": 10**400, "nbf": -(10**400)}, dropped=set())
@example(changes={"exp": True}, dropped=set())
@example(changes={"exp": 253_402_300_799}, dropped=set())
@example(changes={"exp": 253_402_300_800}, dropped=set())
@example(changes={"iat": 1.5}, dropped=set())
def test_checks_and_verifier_agree_on_signed_claims(
    changes: dict[str, Any], dropped: set[str]
) -> None:
    claims = {k: v for k, v in payload(**changes).items() if k not in dropped}
    # Below PyJWT's own look at the claims: it refuses to write some of these.
    token = PyJWS().encode(json.dumps(claims).encode(), KEY, "RS256", {"kid": "k1"})
    found = examine(token, ISSUER, Identity(), now=time.time())
    try:
        verify(token, ISSUER, Identity())
    except TokenError:
        assert not found.believed
    # Each reason is found by the check that it belongs to, never only by the verifier at the end.
    assert all(c.name != "verifier" or c.outcome is Outcome.PASSED for c in found.checks)


OBJECT = st.dictionaries(st.text(max_size=4) | NAMES, LIKELY | JSON, max_size=3)


@given(header=OBJECT, claims=OBJECT)
def test_any_token_can_be_looked_at(header: dict[str, Any], claims: dict[str, Any]) -> None:
    decoded = decode(raw(json.dumps(header), json.dumps(claims), ".YWI"))
    shown = [*summary(decoded, Identity(), now=1.0), *header_rows(decoded), *claim_rows(decoded)]
    assert all(isinstance(cell, str) for row in shown for cell in row)
    assert json.loads(json.dumps(document(decoded, Identity(), now=1.0)))["claims"] == claims


@pytest.mark.parametrize(
    ("header", "claims", "said"),
    [
        ("{}", "[]", "its claims must be a JSON object"),
        ("{", "{}", "its header can't be read as JSON"),
        ("{}", '{"exp": NaN}', "its claims can't be read as JSON"),
        ("{}", '{"exp": Infinity}', "its claims can't be read as JSON"),
        ("{}", '{"exp": 1e999}', "its claims can't be read as JSON"),
        ("{}", '{"n": "\\ud800"}', "its claims can't be read as JSON"),
        ("{}", "[" * 3000, "its claims can't be read as JSON"),
        ("{}", '{"exp": ' + "9" * 5000 + "}", "its claims can't be read as JSON"),
        ('{"alg": "RS256", "alg": "none"}', "{}", "twice in its header: `alg`"),
        ("{}", '{"a": {"b": 1, "b": 2}}', "twice in its claims: `b`"),
    ],
)
def test_odd_parts_are_named(header: str, claims: str, said: str) -> None:
    with pytest.raises(TokenError) as refused:
        decode(raw(header, claims, ".YWI"))
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "1 of the 3 parts"),
        ("a.b.c.d.e", "5 of the 3 parts"),
        ("a\x00.b.c", "its header isn't base64url"),
        ("e30.e30.a+/b", "its signature isn't base64url"),
        ("e30.e30.ab==", "its signature isn't base64url"),
        ("e30.e30.a", "its signature isn't base64url"),
        ("e30 .e30.", "its header isn't base64url"),
        (f"{as_text('é')}.e30.", "its header can't be read as JSON"),
        ("Bearer " + UNSIGNED, "its header isn't base64url"),
        ("9" * 16_385, "longer than 16384"),
    ],
)
def test_odd_texts_are_named(token: str, said: str) -> None:
    with pytest.raises(TokenError) as refused:
        decode(token)
    assert said in refused.value.message


def test_nothing_shown_holds_the_token_or_its_signature() -> None:
    decoded = decode(UNSIGNED)
    rows = [*summary(decoded, Identity(), now=0), *header_rows(decoded), *claim_rows(decoded)]
    shown = json.dumps([rows, document(decoded, Identity(), now=0), repr(decoded)])
    signature = UNSIGNED.rpartition(".")[2]
    assert not any(part in shown for part in (UNSIGNED, signature, repr(decoded.signature)))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 0 min"),
        (47 * 3600, "47 h 0 min"),
        (48 * 3600, "2 d"),
        (1e12, "11574074 d"),
    ],
)
def test_spans_of_time(seconds: float, said: str) -> None:
    assert span(seconds) == said
