"""Which tokens a CUSTOM_JWT authorizer lets in, with an issuer's real keys and forgers' own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tenantctl.errors import TokenError
from tenantctl.local.call import ServiceError
from tenantctl.local.gateway import issuers
from tenantctl.local.gateway.authorizer import Admitted, Refusal, authorize
from tenantctl.local.gateway.issuers import Issuers

POOL = "us-east-1_abcdefghi"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
NOW = 1_800_000_000.0

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FORGED = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks(key: rsa.RSAPrivateKey, kid: str = "k1") -> dict[str, Any]:
    public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    return {"keys": [{**public, "kid": kid, "alg": "RS256", "use": "sig"}]}


CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": "client",
    "sub": "user",
    "token_use": "id",
    "exp": NOW + 60,
    "iat": NOW - 60,
    "custom:tier": "basic",
    "cognito:groups": ["clinic-1", "staff"],
}


def token(
    changes: Mapping[str, Any] | None = None,
    *,
    key: rsa.RSAPrivateKey = KEY,
    algorithm: str = "RS256",
    **header: object,
) -> str:
    claims = {k: v for k, v in {**CLAIMS, **(changes or {})}.items() if v is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k1", **header})


def claim(
    name: str, value: object, operator: str = "EQUALS", kind: str = "STRING"
) -> dict[str, Any]:
    member = "matchValueString" if isinstance(value, str) else "matchValueStringList"
    return {
        "inboundTokenClaimName": name,
        "inboundTokenClaimValueType": kind,
        "authorizingClaimMatchValue": {
            "claimMatchValue": {member: value},
            "claimMatchOperator": operator,
        },
    }


RULES: Mapping[str, Any] = {
    "discoveryUrl": DISCOVERY,
    "allowedAudience": ["client"],
    "customClaims": [claim("custom:tier", "basic")],
}


def pool_keys(region: str, pool: str) -> bytes:
    if (region, pool) != ("us-east-1", POOL):
        raise ServiceError("ResourceNotFoundException", "no such pool")
    return json.dumps(jwks(KEY)).encode()


def judge(given: str | None, rules: Mapping[str, Any] = RULES) -> Admitted | Refusal:
    headers = {} if given is None else {"authorization": given}
    return authorize({"customJWTAuthorizer": rules}, headers, Issuers(pool_keys), NOW)


def bearer(changes: Mapping[str, Any] | None = None) -> str:
    return f"Bearer {token(changes)}"


def test_the_issuers_token_is_let_in_with_its_claims() -> None:
    for given in (bearer(), bearer().replace("Bearer", "bearer")):
        found = judge(given)
        assert isinstance(found, Admitted)
        assert found.claims == CLAIMS


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _by_public_key() -> str:
    """HS256, with the issuer's public key as the secret."""
    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = f"{_segment({'alg': 'HS256', 'kid': 'k1'})}.{_segment(dict(CLAIMS))}"
    digest = hmac.digest(public, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _altered() -> str:
    header, _, signature = token().split(".")
    return f"{header}.{_segment({**CLAIMS, 'custom:tenant_id': 'clinic-10'})}.{signature}"


def _duplicate() -> str:
    header, claims, signature = token().split(".")
    text = base64.urlsafe_b64decode(claims + "==").decode()
    twice = text[:-1] + ',"custom:tier":"premium"}'
    packed = base64.urlsafe_b64encode(twice.encode()).decode().rstrip("=")
    return f"{header}.{packed}.{signature}"


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (f"{_segment({'alg': 'none', 'kid': 'k1'})}.{_segment(dict(CLAIMS))}.", "RS256"),
        (_by_public_key(), "RS256"),
        (token(algorithm="RS512"), "RS256"),
        (token(key=FORGED), "signature"),
        (token(key=FORGED, kid="k2"), "key"),
        (token(key=FORGED, kid="k2", jwk=jwks(FORGED)["keys"][0]), "key"),
        (token(key=FORGED, kid="k2", jku="http://127.0.0.1/keys"), "key"),
        (token(kid="../../dev/null"), "key"),
        (token(kid="' OR 1=1 --"), "key"),
        (token(crit=["b64"]), "extensions"),
        (_altered(), "signature"),
        (_duplicate(), "twice"),
        (token({"iss": ISSUER + "x"}), "another issuer"),
        (token({"iss": None}), "another issuer"),
        (token({"aud": "other"}), "another audience"),
        (token({"aud": None, "client_id": "client"}), "another audience"),
        (token({"exp": NOW}), "expired"),
        (token({"exp": None}), "no `exp`"),
        (token({"exp": "tomorrow"}), "no time"),
        (token({"exp": True}), "no time"),
        (token({"exp": 1e30}), "no time"),
        (token({"nbf": NOW + 60}), "not valid yet"),
        (token({"iat": NOW + 60}), "not valid yet"),
        (token({"custom:tier": "premium"}), "custom:tier"),
        (token({"custom:tier": ["basic"]}), "custom:tier"),
        (token({"custom:tier": None}), "custom:tier"),
        (token({"custom:tier": "Basic"}), "custom:tier"),
        ("a.b", "form of a JWT"),
        ("x" * 20_000, "longer"),
    ],
)
def test_no_other_token_is(forged: str, why: str) -> None:
    found = judge(f"Bearer {forged}")
    assert isinstance(found, Refusal)
    assert why in found.reason
    assert not found.missing
    assert forged not in found.reason


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer  x", "x"])
def test_no_token_is_told_apart(given: str | None) -> None:
    found = judge(given)
    assert isinstance(found, Refusal)
    assert found.missing


GROUPS = "cognito:groups"


@pytest.mark.parametrize(
    ("rules", "fits"),
    [
        ({"allowedAudience": ["other", "client"]}, True),
        ({"allowedAudience": ["client"], "allowedClients": ["client"]}, False),
        ({"allowedClients": ["client"]}, False),  # an ID token names no client
        ({"allowedScopes": ["read"]}, False),
        ({"customClaims": [claim(GROUPS, "staff", "CONTAINS", "STRING_ARRAY")]}, True),
        ({"customClaims": [claim(GROUPS, "other", "CONTAINS", "STRING_ARRAY")]}, False),
        ({"customClaims": [claim(GROUPS, ["x", "staff"], "CONTAINS_ANY", "STRING_ARRAY")]}, True),
        ({"customClaims": [claim(GROUPS, ["x"], "CONTAINS_ANY", "STRING_ARRAY")]}, False),
        ({"customClaims": [claim("custom:tier", "bas", "CONTAINS", "STRING")]}, False),
        ({"customClaims": [claim("custom:tier", "basic"), claim("sub", "other")]}, False),
        ({}, False),  # asks for nothing
        ({"allowedAudience": ["client"], "privateEndpoint": {"x": 1}}, False),
    ],
)
def test_everything_that_is_configured_must_fit(rules: Mapping[str, Any], fits: bool) -> None:
    found = judge(bearer(), {"discoveryUrl": DISCOVERY, **rules})
    assert isinstance(found, Admitted) is fits, found


def test_an_access_token_fits_by_client_and_scope() -> None:
    rules = {"discoveryUrl": DISCOVERY, "allowedClients": ["client"], "allowedScopes": ["b"]}
    access = {"aud": None, "client_id": "client", "scope": "a b"}
    assert isinstance(judge(bearer(access), rules), Admitted)
    assert isinstance(judge(bearer({**access, "scope": "ab"}), rules), Refusal)


@pytest.mark.parametrize(
    "url",
    [
        DISCOVERY.replace(POOL, "us-east-1_other"),
        DISCOVERY.replace("us-east-1", "eu-west-1"),
        "https://issuer.example/.well-known/openid-configuration",
        DISCOVERY.replace("amazonaws.com", "amazonaws.com.evil.example"),
    ],
)
def test_another_issuers_keys_are_not_fetched(url: str) -> None:
    found = judge(bearer(), {**RULES, "discoveryUrl": url})
    assert isinstance(found, Refusal)


def test_keys_are_fetched_once_and_again_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    document = [jwks(KEY)]

    def keys(_region: str, pool: str) -> bytes:
        asked.append(pool)
        return json.dumps(document[0]).encode()

    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    known = Issuers(keys)
    for _ in range(50):
        known.find(DISCOVERY, {"kid": "k1"})
    assert len(asked) == 1
    document[0] = {"keys": [*jwks(FORGED, "k2")["keys"], *jwks(KEY)["keys"]]}
    for _ in range(50):
        with pytest.raises(TokenError):
            known.find(DISCOVERY, {"kid": "k2"})
    assert len(asked) == 1  # anybody can name a key that isn't there
    clock[0] += 5
    known.find(DISCOVERY, {"kid": "k2"})
    assert len(asked) == 2
    document[0] = jwks(FORGED, "k2")
    clock[0] += issuers.KEPT_SECONDS + 1
    with pytest.raises(TokenError):
        known.find(DISCOVERY, {"kid": "k1"})


def test_an_issuer_on_this_machine_is_asked() -> None:
    class Issuer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            described = {"issuer": ISSUER, "jwks_uri": f"{address}/keys"}
            found = jwks(KEY) if self.path == "/keys" else described
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Issuer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/.well-known/openid-configuration"
        found = judge(bearer(), {**RULES, "discoveryUrl": url})
        server.shutdown()
    assert isinstance(found, Admitted)


def test_a_token_is_judged_quickly() -> None:
    known, given = Issuers(pool_keys), {"authorization": bearer()}
    rules = {"customJWTAuthorizer": RULES}
    authorize(rules, given, known, NOW)
    began = time.perf_counter()
    for _ in range(100):
        assert isinstance(authorize(rules, given, known, NOW), Admitted)
    assert (time.perf_counter() - began) / 100 < 0.01
