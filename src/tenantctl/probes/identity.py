"""Forged tokens, by which somebody would be taken for a user of another tenant.

What is attacked is the verifier that guards vending, given as a callable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenantctl.aws.lookup import UserPool
from tenantctl.domain.canary import Run
from tenantctl.domain.finding import Party
from tenantctl.domain.names import Names
from tenantctl.domain.tenant import Tenant
from tenantctl.errors import TokenError
from tenantctl.probes import forge
from tenantctl.probes.canary_user import CanaryUser
from tenantctl.probes.key_server import KeyServer
from tenantctl.probes.probe import Control, Got, Plane, Trial

TokenCheck = Callable[[str, Mapping[str, Any] | None], object]
"""Verify a token against a JWKS, or against the user pool's own where that is `None`.

Returns for a token that is believed, raises `TokenError` for one that isn't.
"""

_VERIFIER = (
    "the verifier must check signature (RS256, the pool's keys alone), issuer, audience, expiry "
    "and `token_use` before it believes a claim"
)
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Ground:
    """What the identity plane is attacked with: a user of one tenant who'd be another's.

    `fallen` is a user of the same tenant who is disabled on the way.
    """

    names: Names
    pool: UserPool
    user: CanaryUser
    owner: Tenant
    run: Run
    fallen: CanaryUser
    server: KeyServer
    check: TokenCheck = field(repr=False)

    @property
    def actor(self) -> Party:
        """The user who forges."""
        return Party(self.user.tenant.tier, self.user.tenant.id, self.user.sub)

    @property
    def lie(self) -> dict[str, str]:
        """The claims that would make the user one of the owner's."""
        identity = self.names.pool.identity
        return {identity.tenant.claim: self.owner.id, identity.tier.claim: self.owner.tier}


def trials(ground: Ground, pool_keys: Mapping[str, Any]) -> tuple[Trial, ...]:
    """All forged tokens; `pool_keys` is the user pool's JWKS, which is public."""
    key = forge.own_key()
    genuine, kid = ground.user.id_token, forge.header_of(ground.user.id_token).get("kid")
    # A token's times lie around now, so that only what is said to be wrong is wrong.
    now = int(time.time())
    good = forge.claims_of(genuine) | {"iat": now, "auth_time": now, "exp": now + _HOUR}
    lie = ground.lie
    jwk = {"alg": "RS256", "jwk": key.jwk}
    of_pool = Control(("ID-GENUINE",), "the pool's own ID token", _believes(ground, genuine, None))
    of_key = Control(
        ("ID-OWN-KEY",),
        "a token signed rightly with the probe's own key",
        _believes(ground, key.sign(good), key.jwks),
    )

    def forged(rule: str, tries: str, token: str) -> Trial:
        return _token(ground, rule, tries, token, None, of_pool)

    def signed(rule: str, tries: str, changes: Mapping[str, Any]) -> Trial:
        return _token(ground, rule, tries, key.sign(good | dict(changes)), key.jwks, of_key)

    secret = public_bytes(pool_keys, kid)
    return (
        forged(
            "ID-CLAIMS",
            "pass for a user of {owner} by changing a token's claims",
            forge.with_claims(genuine, lie),
        ),
        forged(
            "ID-ALG-NONE",
            "pass for a user of {owner} with an unsigned token",
            forge.unsigned(genuine, lie),
        ),
        forged(
            "ID-ALG-HS256",
            "pass for a user of {owner} with the public key as an HMAC secret",
            forge.hmac_signed(genuine, lie, secret),
        ),
        forged(
            "ID-OTHER-KEY",
            "pass for a user of {owner} with a token signed by another key",
            key.sign(good | lie, {"kid": kid}),
        ),
        forged(
            "ID-OWN-JWK",
            "pass for a user of {owner} with a key that the token brings itself",
            key.sign(good | lie, jwk),
        ),
        forged(
            "ID-KID-PATH",
            "pass for a user of {owner} with a `kid` that is the path of an empty file",
            forge.hmac_signed(genuine, lie, b"", kid=forge.EMPTY_FILE),
        ),
        forged(
            "ID-KID-SQL",
            "pass for a user of {owner} with a `kid` that is SQL",
            forge.hmac_signed(genuine, lie, forge.SQL_SECRET, kid=forge.SQL_KID),
        ),
        *_fetched(ground, good | lie, of_pool),
        forged("ID-ACCESS-TOKEN", "use an access token as an ID token", ground.user.access_token),
        signed(
            "ID-EXPIRED",
            "use a token that has expired",
            {"exp": now - _HOUR, "iat": now - 2 * _HOUR, "auth_time": now - 2 * _HOUR},
        ),
        signed(
            "ID-NOT-YET",
            "use a token that doesn't hold yet",
            {"nbf": now + _HOUR, "iat": now + _HOUR, "exp": now + 2 * _HOUR},
        ),
        _token(
            ground,
            "ID-CLAIM-TWICE",
            "pass for a user of {owner} by a token that names both tenants",
            forge.claimed_twice(key.sign(good), lie, key),
            key.jwks,
            of_key,
        ),
        signed("ID-AUDIENCE", "use a token for another app client", {"aud": "another-client"}),
        signed("ID-ISSUER", "use a token of another user pool", {"iss": f"{good.get('iss', '')}x"}),
        signed("ID-TOKEN-USE", "use a signed token that is no ID token", {"token_use": "access"}),
    )


def _fetched(ground: Ground, claims: Mapping[str, Any], control: Control) -> tuple[Trial, ...]:
    """Keys at an address that the token names: not even asked for may they be."""
    server = ground.server

    def of(rule: str, what: str, made: Callable[[], tuple[str, str]]) -> Trial:
        def attack() -> Got:
            url, token = made()
            try:
                ground.check(token, None)
            except TokenError:
                if not server.was_asked(url):
                    raise
            return Got(detail="the verifier went for a key where the token said")

        tries = f"pass for a user of {{owner}} with a key of {what}"
        return _trial(ground, rule, tries, attack, control)

    def named(parameter: str, url: str) -> tuple[str, str]:
        return url, forge.own_key().sign(claims, {parameter: url})

    def issued(url: str) -> tuple[str, str]:
        return url, forge.own_key().sign({**claims, "iss": url})

    return (
        of("ID-JKU", "the token's own `jku`", lambda: named("jku", server.key_set())),
        of("ID-X5U", "the token's own `x5u`", lambda: named("x5u", server.certificate())),
        of("ID-OTHER-POOL", "an issuer of its own", lambda: issued(server.issuer())),
    )


def _believes(ground: Ground, token: str, keys: Mapping[str, Any] | None) -> Callable[[], Got]:
    def attempt() -> Got:
        ground.check(token, keys)
        return Got(detail="the verifier believed the token")

    return attempt


def public_bytes(pool_keys: Mapping[str, Any], kid: object) -> bytes:
    """The pool's public key as PEM, as an attacker would use it for a secret."""
    import jwt
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    for key in pool_keys.get("keys", ()):
        if key.get("kid") == kid:
            public = jwt.PyJWK(key, algorithm="RS256").key
            pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return pem
    raise TokenError("the pool's key set lacks the key that signs its tokens")


def _token(  # noqa: PLR0913, PLR0917 - what a forged token's trial is made of
    ground: Ground,
    rule: str,
    tries: str,
    token: str,
    keys: Mapping[str, Any] | None,
    control: Control,
) -> Trial:
    return _trial(ground, rule, tries, _believes(ground, token, keys), control)


def _trial(
    ground: Ground, rule: str, tries: str, attack: Callable[[], Got], control: Control
) -> Trial:
    return Trial(
        rule=rule,
        plane=Plane.IDENTITY,
        action="sts:AssumeRole",
        tries=tries,
        fix=_VERIFIER,
        actor=ground.actor,
        owner=Party(ground.owner.tier, ground.owner.id),
        resource=ground.names.vending_role_arn,
        context={},
        attack=attack,
        controls=(control,),
    )
