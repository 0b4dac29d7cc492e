"""Every way to lie with a token: exactly the checks that the lie concerns fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tenantctl.errors import TokenError
from tenantctl.probes import forge
from tenantctl.vending.admit import verified
from tenantctl.vending.token_checks import Examined, Outcome
from tenantctl.vending.token_standing import verdict
from tenantctl.vending.vend import issuer_of

if TYPE_CHECKING:
    from tests.vending.conftest import Clinic

    from tenantctl.vending.sign_in import Tokens

OWN = forge.own_key()
LIE = {"custom:tenant_id": "clinic-10", "custom:tier": "premium"}
JWK = {"jwk": OWN.jwk}
UNSIGNED = {"algorithm", "signature"}
HOUR = 3600


def wrong(found: Examined) -> set[str]:
    """The checks that didn't pass; each says why."""
    failed = {c.name: c.reason for c in found.checks if c.outcome is not Outcome.PASSED}
    assert all(failed.values())
    assert found.believed is not bool(failed)
    return set(failed)


@dataclass(frozen=True)
class Ground:
    """What a forger has: the user's own tokens and the pool's public keys."""

    tokens: Tokens
    public: Any
    now: int

    @property
    def own(self) -> str:
        return self.tokens.id_token

    @property
    def kid(self) -> str:
        return str(forge.header_of(self.own)["kid"])

    def claims(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any claim
        return forge.claims_of(self.own) | changes

    def pem(self) -> bytes:
        import jwt
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = jwt.PyJWK(self.public["keys"][0], algorithm="RS256").key
        made: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return made

    def by_own_key(self, **header: Any) -> str:  # noqa: ANN401 - any parameter
        return OWN.sign(self.claims(), {"kid": self.kid} | header)


@pytest.fixture(scope="module")
def ground(clinic: Clinic) -> Ground:
    public = issuer_of(clinic.aws, clinic.pool).keys
    return Ground(clinic.tokens(), public, int(time.time()))


FORGED: dict[str, tuple[Callable[[Ground], str], set[str]]] = {
    "genuine": (lambda g: g.own, set()),
    "alg none": (lambda g: forge.unsigned(g.own, {}), UNSIGNED),
    "alg none, claims altered": (lambda g: forge.unsigned(g.own, LIE), {*UNSIGNED, "attributes"}),
    "HS256 with the public key": (lambda g: forge.hmac_signed(g.own, {}, g.pem()), UNSIGNED),
    "algorithm renamed": (lambda g: forge.with_header(g.own, {"alg": "RS512"}), UNSIGNED),
    "other key": (lambda g: g.by_own_key(), {"signature"}),
    "key of its own": (lambda g: OWN.sign(g.claims()), {"key", "signature"}),
    "claims altered": (lambda g: forge.with_claims(g.own, LIE), {"signature", "attributes"}),
    "tier alone altered": (
        lambda g: forge.with_claims(g.own, {"custom:tier": "premium"}),
        {"signature", "tier", "attributes"},
    ),
    "jwk": (lambda g: g.by_own_key(**JWK), {"header", "signature"}),
    "jwk alone": (lambda g: OWN.sign(g.claims(), JWK), {"header", "key", "signature"}),
    "jku": (lambda g: g.by_own_key(jku="https://keys.example/jwks"), {"header", "signature"}),
    "x5u": (lambda g: g.by_own_key(x5u="https://keys.example/x5u"), {"header", "signature"}),
    "x5c": (lambda g: g.by_own_key(x5c=["MII"]), {"header", "signature"}),
    "jku beside a right signature": (
        lambda g: forge.with_header(g.own, {"jku": "https://keys.example"}),
        {"header", "signature"},
    ),
    "crit": (lambda g: g.by_own_key(crit=["exp"]), UNSIGNED),
    "kid with a path": (
        lambda g: g.by_own_key(kid="../../../../dev/null"),
        {"key", "signature"},
    ),
    "kid with SQL": (lambda g: g.by_own_key(kid="' OR '1'='1"), {"key", "signature"}),
    "kid a number": (lambda g: forge.with_header(g.own, {"kid": 0}), {"key", "signature"}),
    "access token": (
        lambda g: g.tokens.access_token,
        {"audience", "use", "tenant claim", "tier claim", "registry"},
    ),
    "other pool": (
        lambda g: OWN.sign(g.claims(iss=f"{g.claims()['iss']}2", aud="other")),
        {"key", "signature", "issuer", "audience"},
    ),
}

SIGNED: dict[str, tuple[Callable[[int], dict[str, Any]], set[str]]] = {
    "nothing": (lambda _: {}, set()),
    "issuer": (lambda _: {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/x"}, {"issuer"}),
    "issuer with a slash": (lambda _: {"iss": "SAME/"}, {"issuer"}),
    "audience": (lambda _: {"aud": "another"}, {"audience"}),
    "audiences": (lambda _: {"aud": ["another"]}, {"audience"}),
    "expired": (lambda now: {"exp": now - 11}, {"expiry"}),
    "expired within the clocks' difference": (lambda now: {"exp": now - 5}, set()),
    "no expiry": (lambda _: {"exp": None}, {"expiry"}),
    "expiry a text": (lambda now: {"exp": str(now + HOUR)}, {"expiry"}),
    "not yet valid": (lambda now: {"nbf": now + HOUR}, {"start"}),
    "issued later": (lambda now: {"iat": now + HOUR}, {"start"}),
    "valid": (lambda now: {"nbf": now - 1}, set()),
    "access": (lambda _: {"token_use": "access"}, {"use"}),
    "no tenant": (lambda _: {"custom:tenant_id": ""}, {"tenant claim", "registry", "attributes"}),
    "a pattern": (lambda _: {"custom:tenant_id": "*"}, {"tenant claim", "registry", "attributes"}),
    "tenants": (
        lambda _: {"custom:tenant_id": ["clinic-1"]},
        {"tenant claim", "registry", "attributes"},
    ),
    "unknown tenant": (lambda _: {"custom:tenant_id": "clinic-2"}, {"registry", "attributes"}),
    "unknown tier": (lambda _: {"custom:tier": "gold"}, {"tier", "attributes"}),
    "unknown user": (lambda _: {"sub": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}, {"user"}),
    "address as user": (lambda _: {"sub": "m.brandt@lindenhof.example"}, {"user claim", "user"}),
    "everything": (
        lambda now: {
            "iss": "x", "aud": "x", "token_use": "x", "exp": now - HOUR, "nbf": now + HOUR,
            "custom:tenant_id": "*", "custom:tier": "gold", "sub": 7,
        },
        {
            "issuer", "audience", "use", "expiry", "start", "tenant claim", "user claim",
            "registry", "user",
        },
    ),
}  # fmt: skip
"""Claims signed by a key that is believed for the occasion: they alone are what is wrong."""


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_fails_where_it_lies(clinic: Clinic, ground: Ground, name: str) -> None:
    make, expected = FORGED[name]
    token = make(ground)

    found = verdict(clinic.aws, clinic.names, token, now=time.time())

    assert wrong(found) == expected
    assert not any(token in check.reason for check in found.checks)


@pytest.mark.parametrize("name", SIGNED)
def test_a_signed_token_fails_in_each_claim_that_is_wrong(
    clinic: Clinic, ground: Ground, name: str
) -> None:
    make, expected = SIGNED[name]
    changes = make(ground.now)
    if changes.get("iss") == "SAME/":
        changes["iss"] = f"{ground.claims()['iss']}/"
    token = OWN.sign(ground.claims(**changes))

    found = verdict(clinic.aws, clinic.names, token, now=ground.now, keys=OWN.jwks)

    assert wrong(found) == expected


@pytest.mark.parametrize("changes", [LIE, {"exp": 99_999_999_999}, {"sub": "x"}])
def test_claims_that_come_twice_are_refused_though_signed(
    clinic: Clinic, ground: Ground, changes: dict[str, Any]
) -> None:
    token = forge.claimed_twice(ground.own, changes, OWN)

    found = verdict(clinic.aws, clinic.names, token, now=ground.now, keys=OWN.jwks)

    assert wrong(found) == {"form"}
    assert "twice" in found.checks[0].reason
    once = forge.claimed_twice(ground.own, {"other": 1}, OWN)
    assert verdict(clinic.aws, clinic.names, once, now=ground.now, keys=OWN.jwks).believed


def test_a_disabled_user_is_seen(clinic: Clinic, ground: Ground) -> None:
    with disabled(clinic):
        found = verdict(clinic.aws, clinic.names, ground.own, now=time.time())
    assert wrong(found) == {"enabled"}


def test_nothing_is_vended_by_the_token_of_a_user_who_fell(clinic: Clinic, ground: Ground) -> None:
    def by() -> str:
        return verified(clinic.aws, clinic.names, clinic.pool, ground.own).tenant

    assert by() == "clinic-1"
    with disabled(clinic), pytest.raises(TokenError, match="the user is disabled"):
        by()
    with tier(clinic, "premium"), pytest.raises(TokenError, match="is `premium` now"):
        by()
    assert by() == "clinic-1"


def test_a_sign_out_is_not_seen_since_nobody_can(clinic: Clinic) -> None:
    """What the guide says of ID tokens; the sign-out itself is real, by the access token."""
    tokens = clinic.tokens()
    clinic.cognito.admin_user_global_sign_out(UserPoolId=clinic.pool.id, Username=clinic.email)

    with pytest.raises(ClientError, match="NotAuthorizedException"):
        clinic.cognito.get_user(AccessToken=tokens.access_token)
    assert verdict(clinic.aws, clinic.names, tokens.id_token, now=time.time()).believed


def test_a_change_of_the_users_tier_is_seen(clinic: Clinic, ground: Ground) -> None:
    with tier(clinic, "premium"):
        found = verdict(clinic.aws, clinic.names, ground.own, now=time.time())
    assert wrong(found) == {"attributes"}


@contextmanager
def disabled(clinic: Clinic) -> Iterator[None]:
    who = {"UserPoolId": clinic.pool.id, "Username": clinic.email}
    clinic.cognito.admin_disable_user(**who)
    yield
    clinic.cognito.admin_enable_user(**who)


@contextmanager
def tier(clinic: Clinic, name: str) -> Iterator[None]:
    def put(value: str) -> None:
        clinic.cognito.admin_update_user_attributes(
            UserPoolId=clinic.pool.id,
            Username=clinic.email,
            UserAttributes=[{"Name": "custom:tier", "Value": value}],
        )

    put(name)
    yield
    put("basic")
