"""The verifier against tokens that a real key signed, each wrong in one way."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from tenantctl.domain.pool import Identity
from tenantctl.errors import TokenError
from tenantctl.vending.token import Issuer, verify

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
URL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
SUB = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
JWK = {**json.loads(RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "k1", "alg": "RS256"}
ISSUER = Issuer(URL, "client-1", {"keys": [JWK]})

Payload = dict[str, Any]


def payload(**changes: object) -> Payload:
    now = int(time.time())
    return {
        "iss": URL,
        "aud": "client-1",
        "sub": SUB,
        "token_use": "id",
        "iat": now,
        "exp": now + 3600,
        "email": "a@clinic-1.example",
        "custom:tenant_id": "clinic-1",
        "custom:tier": "basic",
        "custom:role": "nurse",
    } | changes


def signed(
    claims: Mapping[str, Any], *, key: object = KEY, alg: str = "RS256", **header: object
) -> str:
    return jwt.encode(dict(claims), key, algorithm=alg, headers={"kid": "k1"} | header)  # type: ignore[arg-type]


def without(name: str) -> Payload:
    return {k: v for k, v in payload().items() if k != name}


def raw(header: str, claims: str, token: str) -> str:
    """`token`'s signature under other texts."""

    def segment(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    return f"{segment(header)}.{segment(claims)}.{token.rsplit('.', 1)[1]}"


def public_pem() -> bytes:
    return KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def hs256_with_public_key() -> str:
    """The classic confusion; built by hand, since PyJWT refuses to sign with a PEM."""
    import hashlib
    import hmac

    head, claims, _ = raw('{"alg":"HS256","kid":"k1"}', json.dumps(payload()), ".").split(".")
    mac = hmac.new(public_pem(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return f"{head}.{claims}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


NOW = int(time.time())
FORGED: dict[str, tuple[Callable[[], str], str]] = {
    "expired": (lambda: signed(payload(exp=NOW - 60)), "expired"),
    "not yet valid": (lambda: signed(payload(nbf=NOW + 86_400)), "not valid yet"),
    "issued in the future": (lambda: signed(payload(iat=NOW + 86_400)), "not valid yet"),
    "other key": (lambda: signed(payload(), key=OTHER_KEY), "signature"),
    "unknown kid": (lambda: signed(payload(), kid="k2"), "key that the pool doesn't have"),
    "kid with a path": (lambda: signed(payload(), kid="../../dev/null"), "doesn't have"),
    "no kid": (lambda: raw('{"alg":"RS256"}', json.dumps(payload()), "."), "doesn't have"),
    "kid no string": (
        lambda: raw('{"alg":"RS256","kid":7}', json.dumps(payload()), "."),
        "doesn't have",
    ),
    "other audience": (lambda: signed(payload(aud="client-2")), "another app client"),
    "audience list": (lambda: signed(payload(aud=["client-1", "x"])), "another app client"),
    "other issuer": (lambda: signed(payload(iss=URL + "2")), "another user pool"),
    "access token": (
        lambda: signed(without("aud") | {"client_id": "client-1", "token_use": "access"}),
        "access token",
    ),
    "access token with aud": (lambda: signed(payload(token_use="access")), "no ID token"),
    "no expiry": (lambda: signed(without("exp")), "`exp`"),
    "no tenant": (lambda: signed(without("custom:tenant_id")), "names no tenant"),
    "tenant as a list": (
        lambda: signed(payload(**{"custom:tenant_id": ["clinic-1"]})),
        "no tenant",
    ),
    "tenant with a wildcard": (lambda: signed(payload(**{"custom:tenant_id": "*"})), "session tag"),
    "tenant off pattern": (lambda: signed(payload(**{"custom:tenant_id": "A/B"})), "pattern"),
    "alg none": (
        lambda: raw('{"alg":"none","kid":"k1"}', json.dumps(payload()), "."),
        "RS256",
    ),
    "alg None in odd case": (lambda: raw('{"alg":"nOnE"}', json.dumps(payload()), "."), "RS256"),
    "HS256 with the public key": (hs256_with_public_key, "RS256"),
    "claims changed": (
        lambda: raw(
            '{"alg":"RS256","kid":"k1"}',
            json.dumps(payload(**{"custom:tenant_id": "clinic-10"})),
            signed(payload()),
        ),
        "signature",
    ),
    "embedded key": (
        lambda: signed(
            payload(),
            key=OTHER_KEY,
            jwk=json.loads(RSAAlgorithm.to_jwk(OTHER_KEY.public_key())),
            jku="https://attacker.example/jwks.json",
        ),
        "signature",
    ),
    "same claim twice": (
        lambda: raw(
            '{"alg":"RS256","kid":"k1"}',
            '{"custom:tenant_id":"clinic-1","custom:tenant_id":"clinic-10"}',
            signed(payload()),
        ),
        "twice",
    ),
    "two segments": (lambda: "a.b", "form of a JWT"),
    "empty": (lambda: "", "form of a JWT"),
    "huge": (lambda: "a" * 20_000, "longer than"),
}


def test_a_sound_token_names_its_user() -> None:
    claims = verify(signed(payload()), ISSUER, Identity())
    assert (claims.tenant, claims.tier, claims.user) == ("clinic-1", "basic", SUB)
    assert (claims.email, claims.role) == ("a@clinic-1.example", "nurse")


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused_with_its_reason(name: str) -> None:
    make, reason = FORGED[name]
    token = make()
    with pytest.raises(TokenError) as refusal:
        verify(token, ISSUER, Identity())
    assert reason in str(refusal.value)
    if len(token) > 20:
        assert token not in str(refusal.value)


@given(st.text(max_size=300))
def test_no_text_passes_or_crashes(text: str) -> None:
    with pytest.raises(TokenError):
        verify(text, ISSUER, Identity())


@given(data=st.data())
def test_no_changed_character_passes(data: st.DataObject) -> None:
    token = signed(payload())
    at = data.draw(st.integers(0, len(token) - 1))
    char = data.draw(st.sampled_from("ABab01-_.=~"))
    changed = token[:at] + char + token[at + 1 :]
    if _same_bytes(changed, token):
        return
    with pytest.raises(TokenError):
        verify(changed, ISSUER, Identity())


def _same_bytes(one: str, other: str) -> bool:
    """Whether two tokens decode to the same bytes: the last character has unused bits."""

    def decoded(token: str) -> list[bytes]:
        return [base64.urlsafe_b64decode(s + "=" * (-len(s) % 4)) for s in token.split(".")]

    try:
        return decoded(one) == decoded(other)
    except ValueError:
        return False
